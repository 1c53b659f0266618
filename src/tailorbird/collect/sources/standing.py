"""How a source stands: its last run, what it brought, what went wrong. Kept in the log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from tailorbird.ports import EventLog
from tailorbird.schema import Instant

NOTES: Final = 5
"""The latest notes on a queue, which are kept."""


class Note(msgspec.Struct, frozen=True):
    """What the operator of a queue should know, such as messages that expired unread."""

    at: Instant
    what: str


class Standing(msgspec.Struct, frozen=True):
    """How a source's last run went."""

    started_at: Instant = 0
    ended_at: Instant = 0
    succeeded_at: Instant = 0
    failures: int = 0
    """Runs that failed, one after the other."""
    error: str = ""
    files: int = 0
    lines: int = 0
    refused: int = 0
    appended: int = 0
    """Events that it put into the log."""
    messages: int = 0
    """Taken from a queue, by all runs."""
    message_at: Instant = 0
    """When the last of them was taken."""
    notes: tuple[Note, ...] = ()


def standing_of(log: EventLog, name: str) -> Standing:
    """Return how the source of this name stands."""
    kept = log.progress(f"source:{name}")
    return msgspec.json.decode(kept, type=Standing) if kept else Standing()


def keep(log: EventLog, name: str, standing: Standing) -> None:
    """Keep how the source of this name stands, durably."""
    log.append_from(f"source:{name}", [], msgspec.json.encode(standing).decode())


def noted(standing: Standing, notes: Sequence[str], now: Instant) -> Standing:
    """Return a standing with the latest notes; what is said again stands once, by its last time."""
    if not notes:
        return standing
    said = {note.what: note for note in (*standing.notes, *(Note(now, what) for what in notes))}
    latest = sorted(said.values(), key=lambda note: note.at)[-NOTES:]
    return msgspec.structs.replace(standing, notes=tuple(latest))
