"""The HTTP API under /api/v1: what pages and programs read, and what programs write."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, cast

import msgspec
from litestar import Litestar, Request, Router, get
from litestar.datastructures import CacheControlHeader
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme, Tag
from litestar.serialization import encode_json
from litestar.types import ASGIApp, ControllerRouterHandler, Receive, Scope, Send

from tailorbird import __version__
from tailorbird.errors import StoreError
from tailorbird.records import Writer
from tailorbird.schema import Instant
from tailorbird.views import Readings
from tailorbird.web import (
    problems,
    rest_campaigns,
    rest_checks,
    rest_clusters,
    rest_code,
    rest_delivery,
    rest_drafts,
    rest_events,
    rest_feedback,
    rest_forms,
    rest_groups,
    rest_health,
    rest_hooks,
    rest_images,
    rest_journey_calls,
    rest_journey_simulation,
    rest_journey_uplift,
    rest_journey_watch,
    rest_journeys,
    rest_keys,
    rest_lists,
    rest_mail,
    rest_matches,
    rest_models,
    rest_overlaps,
    rest_overview,
    rest_pace,
    rest_people,
    rest_products,
    rest_profiles,
    rest_quality,
    rest_quarantine,
    rest_rates,
    rest_recommendations,
    rest_segment_texts,
    rest_segments,
    rest_sources,
    rest_subjects,
    rest_suppressions,
    rest_templates,
)
from tailorbird.web.asking import admits
from tailorbird.web.callers import CALLER, ONCE, READER, Caller
from tailorbird.web.desk import Desk

TAGS: Final[Mapping[str, str]] = {
    "overview": "The whole on one page.",
    "people": "People, their events, what they allow, and what was decided about them.",
    "products": "The catalogue and its stock.",
    "recommendations": "What people are shown, by which rules, and what it is worth.",
    "events": "What happened.",
    "sources": "What is read from files, databases and queues, and how it goes.",
    "quarantine": "Refused records: look, mend, replay, give up.",
    "forms": "Forms, where they are, what came of them.",
    "segments": "Definitions, sizes, explanations.",
    "definitions": "Definitions as files: planned, applied together, rolled back; schemas.",
    "campaigns": "Decisions, results, why.",
    "models": "What is predicted and why, what serves, versions, drift, fairness.",
    "journeys": "Their texts and graphs, who is where, who enters them.",
    "delivery": "Sending: how it stands, what holds it up, what is in doubt.",
    "suppressions": "Addresses that may not be written to.",
    "feedback": "Bounces, complaints and answers.",
    "mail": "The local inbox, and previews.",
    "keys": "Keys of pages, apps and servers.",
    "hooks": "Receivers of webhooks.",
}
PREFIX = "/api/v1"
LARGEST_BODY_BYTES = 64 * 1024
_BESIDE: Final = "tailorbird.beside"


class _Beside(NamedTuple):
    """What one server answers from."""

    readings: Readings
    clock: Callable[[], Instant]
    desk: Desk | None


def api(readings: Readings, clock: Callable[[], Instant], desk: Desk | None = None) -> ASGIApp:
    """Return the API as an ASGI application; it expects whole paths, `/api/v1/...`.

    Without a `desk` it only reads what `readings` has.
    """
    answers, beside = routes(), _Beside(readings, clock, desk)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await answers(cast("Scope", {**scope, _BESIDE: beside}), receive, send)

    return answer


@functools.cache
def routes() -> Litestar:
    """Return the handlers by path, wired once: what they answer from comes with requests."""
    return Litestar(
        path=PREFIX,
        # A router gathers the methods of each path first: registered one by one, handlers of a
        # path that is there already would be wrapped twice.
        route_handlers=[Router("/", route_handlers=HANDLERS)],
        guards=[admits],
        dependencies={
            "readings": Provide(_readings, sync_to_thread=False),
            "now": Provide(_now, sync_to_thread=False),
            "desk": Provide(_desk, sync_to_thread=False),
            "caller": Provide(caller, sync_to_thread=False),
            "writer": Provide(_writer, sync_to_thread=False),
        },
        exception_handlers={Exception: problems.answer},
        openapi_config=_openapi(),
        cache_control=CacheControlHeader(no_store=True),
        logging_config=None,
        request_max_body_size=LARGEST_BODY_BYTES,
    )


def _beside(request: Request[Any, Any, Any]) -> _Beside:
    return cast("_Beside", request.scope.get(_BESIDE))


def _readings(request: Request[Any, Any, Any]) -> Readings:
    return _beside(request).readings


def _now(request: Request[Any, Any, Any]) -> Instant:
    return _beside(request).clock()


def _desk(request: Request[Any, Any, Any]) -> Desk:
    desk = _beside(request).desk
    if desk is None:
        raise StoreError("this server has no records", mend="open it over a data folder")
    return desk


def _writer(request: Request[Any, Any, Any]) -> Writer:
    return _desk(request).writer(caller(request).key, str(request.scope.get(ONCE, "")))


def caller(request: Request[Any, Any, Any]) -> Caller:
    """Return who calls."""
    return cast("Caller", request.scope.get(CALLER, READER))


def _openapi() -> OpenAPIConfig:
    return OpenAPIConfig(
        title="Tailorbird",
        version=__version__,
        description=(
            "What the pages of Tailorbird read, and what programs read and write. Instants are RFC "
            "3339 in UTC, money is in minor units of the shop's currency, cursors are opaque. "
            "Errors are RFC 9457 problem documents with `code` and `message`. A program shows a "
            "secret key as a Bearer token or by Basic; this machine reads without one. A write is "
            "durable when it is answered and is seen soon after; `?wait=applied` waits for that. "
            "The same `Idempotency-Key` gets the same answer for a day."
        ),
        tags=[Tag(name, description=text) for name, text in TAGS.items()],
        components=Components(
            security_schemes={
                "key": SecurityScheme(type="http", scheme="bearer"),
                "basic": SecurityScheme(type="http", scheme="basic"),
            }
        ),
        security=[{"key": []}, {"basic": []}, {}],
        path="/openapi",
        render_plugins=[JsonRenderPlugin(path="/openapi.json")],
        use_handler_docstrings=True,
        operation_id_creator=lambda handler, _method, _path: handler.handler_name,
    )


def document(app: Litestar) -> dict[str, Any]:
    """Return the description of an API as plain JSON values."""
    found: dict[str, Any] = msgspec.json.decode(encode_json(app.openapi_schema.to_schema()))
    _widen(found)
    return found


def _widen(schema: Any) -> None:
    """Make `anyOf` of every `oneOf`: 0 is an integer and a number, and may be a trait."""
    if isinstance(schema, dict):
        if "oneOf" in schema:
            schema["anyOf"] = schema.pop("oneOf")
        for each in schema.values():
            _widen(each)
    elif isinstance(schema, list):
        for each in schema:
            _widen(each)


@get("/openapi.json", include_in_schema=False, sync_to_thread=False)
def get_openapi(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """Return the description of this API, OpenAPI 3.1."""
    return document(request.app)


HANDLERS: list[ControllerRouterHandler] = [
    get_openapi,
    *rest_overview.HANDLERS,
    *rest_quality.HANDLERS,
    *rest_quarantine.HANDLERS,
    *rest_sources.HANDLERS,
    *rest_forms.HANDLERS,
    *rest_people.HANDLERS,
    *rest_profiles.HANDLERS,
    *rest_matches.HANDLERS,
    *rest_models.HANDLERS,
    *rest_products.HANDLERS,
    *rest_events.HANDLERS,
    *rest_clusters.HANDLERS,
    *rest_groups.HANDLERS,
    *rest_overlaps.HANDLERS,
    *rest_rates.HANDLERS,
    *rest_recommendations.HANDLERS,
    *rest_health.HANDLERS,
    *rest_segments.HANDLERS,
    *rest_segment_texts.HANDLERS,
    *rest_code.HANDLERS,
    *rest_drafts.HANDLERS,
    *rest_lists.HANDLERS,
    *rest_campaigns.HANDLERS,
    *rest_subjects.HANDLERS,
    *rest_journey_calls.HANDLERS,
    *rest_journeys.HANDLERS,
    *rest_journey_watch.HANDLERS,
    *rest_journey_simulation.HANDLERS,
    *rest_journey_uplift.HANDLERS,
    *rest_checks.HANDLERS,
    *rest_delivery.HANDLERS,
    *rest_pace.HANDLERS,
    *rest_suppressions.HANDLERS,
    *rest_mail.HANDLERS,
    *rest_templates.HANDLERS,
    *rest_feedback.HANDLERS,
    *rest_images.HANDLERS,
    *rest_keys.HANDLERS,
    *rest_hooks.HANDLERS,
]
