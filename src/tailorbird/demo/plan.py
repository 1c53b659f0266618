"""What a demo run is asked to do."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

PORT: Final = 8400


class Plan(msgspec.Struct, frozen=True):
    """What to run: a file of orders, or the simulator with so many people."""

    data: Path | None
    people: int
    seed: int
    folder: Path
    port: int = PORT
    """Where the pages will be served; the links of the mails lead there."""


def folder_for(data: Path | None) -> Path:
    """Return the folder that the demo uses when none is named."""
    return Path("demo-data") if data is None else Path(f"demo-data-{data.stem}")
