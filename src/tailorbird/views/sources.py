"""Sources and forms as a page shows them: how each stands, its text, what came of it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tailorbird.schema import DefinitionKind

Running = Literal["", "waiting", "running", "cut off"]


class SourceRow(msgspec.Struct, frozen=True):
    """A source, and how its last run went."""

    name: str
    kind: str
    schedule: str
    """In words; empty where it is read by hand only."""
    paused: bool
    running: Running
    """`cut off`: the last run neither ended nor failed; the next goes on there."""
    cursor: str
    due_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    succeeded_at: datetime | None
    failures: int
    error: str
    files: int
    lines: int
    refused: int
    events: int
    messages: int
    """Taken from a queue, by all runs."""
    message_at: datetime | None
    notes: tuple[str, ...]
    """What the operator of a queue should know, the latest last."""


class SourceReport(msgspec.Struct, frozen=True):
    """A source, and what its author wrote."""

    source: SourceRow
    version: int
    text: str


class DefinitionText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an author wrote, in YAML."""

    text: Annotated[str, Meta(min_length=1, max_length=60_000)]


class SourceText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A source in YAML. With `read`, what it names is read on trial, some seconds at most."""

    text: Annotated[str, Meta(min_length=1, max_length=60_000)]
    read: bool = False


class SourceTrial(msgspec.Struct, frozen=True):
    """What a source would bring. Nothing of it is kept."""

    name: str
    kind: str
    schedule: str
    read: bool
    whole: bool
    """All of it was read; else the look ended early, without an error so far."""
    files: int
    lines: int
    refused: dict[str, int]
    """reason -> rows."""
    problems: tuple[str, ...]


class SourceRun(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a source is to be read now. With `again`, all of it, whatever was read before."""

    again: bool = False


class KeptText(msgspec.Struct, frozen=True):
    """A definition that was kept, under its name and version."""

    kind: DefinitionKind
    name: str
    version: int
    notes: tuple[str, ...] = ()
    """What it names that has not come yet: an event, a product."""
