"""The API of the whole: status, overview, model cards."""

from __future__ import annotations

from typing import Final

from litestar.types import ControllerRouterHandler

from tailorbird.views import ModelReport, Overview, Status
from tailorbird.web.asking import Asked, Now, reads


@reads("/status", "Whose shop, what time, how fresh", "overview")
def get_status(readings: Asked, now: Now) -> Status:
    """Return what every page needs."""
    return readings.status(now)


@reads("/overview", "The first page", "overview")
def get_overview(readings: Asked, now: Now) -> Overview:
    """Return totals, activity, segments, model cards and the latest campaign."""
    return readings.overview(now)


@reads("/models", "Model cards", "overview")
def list_models(readings: Asked) -> tuple[ModelReport, ...]:
    """Return the latest card of every model."""
    return readings.models()


HANDLERS: Final[list[ControllerRouterHandler]] = [
    get_status,
    get_overview,
    list_models,
]
