"""A log in memory, and short ways to decode and to import."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tailorbird.collect.decode import Decoded, decode
from tailorbird.collect.mapping import shipped
from tailorbird.collect.mapping_schema import Mapping
from tailorbird.collect.sources.files import ImportReport, import_file
from tailorbird.schema import Body, Instant, LogRecord

NOW: Instant = 1_760_000_000_000_000
"""2025-10-09T08:53:20Z."""


class MemoryLog:
    """An `EventLog` that can be made to fail as a killed process does."""

    def __init__(self) -> None:
        self.bodies: list[Body] = []
        self.kept: dict[str, str] = {}
        self.appends_left: int | None = None

    def append(self, bodies: Sequence[Body]) -> int:
        self.bodies.extend(bodies)
        return len(self.bodies)

    def append_from(self, reader: str, bodies: Sequence[Body], progress: str) -> int:
        if self.appends_left is not None:
            if self.appends_left == 0:
                raise KeyboardInterrupt
            self.appends_left -= 1
        self.kept[reader] = progress
        return self.append(bodies)

    def progress(self, reader: str) -> str:
        return self.kept.get(reader, "")

    def read(self, after: int, limit: int, size: int | None = None) -> list[LogRecord]:
        records = [LogRecord(offset, body) for offset, body in enumerate(self.bodies, 1)]
        return records[after : after + limit]

    def end(self) -> int:
        return len(self.bodies)

    def decoded(self) -> Decoded:
        return decode(self.read(0, len(self.bodies)))


class Importing:
    """Imports files into a log of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.errors = folder / "errors.csv"
        self.log = MemoryLog()

    def __call__(
        self, content: str | bytes | Path, mapping: str | Mapping = "generic_orders", **options: Any
    ) -> ImportReport:
        path = content if isinstance(content, Path) else self.folder / "file.csv"
        if not isinstance(content, Path):
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        chosen = shipped()[mapping] if isinstance(mapping, str) else mapping
        errors_to = options.pop("errors_to", self.errors)
        return import_file(path, chosen, self.log, now=NOW, errors_to=errors_to, **options)


@pytest.fixture
def importing(tmp_path: Path) -> Importing:
    return Importing(tmp_path)


@pytest.fixture
def decoding() -> Callable[..., Decoded]:
    def decode_one(content: object, source: str = "web", *, currency: str = "") -> Decoded:
        raw = content if isinstance(content, bytes) else msgspec.json.encode(content)
        return decode([LogRecord(7, Body(source, NOW, raw))], currency=currency)

    return decode_one


@pytest.fixture
def now() -> Instant:
    return NOW
