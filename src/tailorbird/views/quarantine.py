"""Refused records as a page shows them: counted, listed without values, one with its values."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from tailorbird.schema import QuarantineState
from tailorbird.views.quality import HeldCode

Place = Annotated[str, Meta(pattern="^[0-9]{1,18}$", examples=["1048576"])]
Reason = Annotated[str, Meta(max_length=500, examples=["test traffic of the old shop"])]


class RefusedRow(msgspec.Struct, frozen=True):
    """A refused record without what it says."""

    position: str
    source: str
    received_at: datetime
    code: str
    reason: str
    mend: str
    state: QuarantineState
    mended: bool
    decided_at: datetime | None
    why: str
    replayed_as: int
    """Where the log holds it again; 0 while it has not come back."""


class QuarantinePage(msgspec.Struct, frozen=True):
    """One page of records in order of position; `next` is empty on the last one."""

    records: tuple[RefusedRow, ...]
    counts: tuple[HeldCode, ...]
    total: int | None
    """Records in all; None where they were chosen by source, which is not counted."""
    next: str = ""


class Against(msgspec.Struct, frozen=True):
    """Why a record would be refused again."""

    code: str
    reason: str
    mend: str


class RefusedRecord(msgspec.Struct, frozen=True):
    """One record with its values, which may be personal, and how it stands as it is now."""

    record: RefusedRow
    raw: str
    """As it came; what cannot be seen is written as an escape."""
    mended: str | None
    mended_by: tuple[str, ...]
    text: str
    """As it is now, to be edited; empty where it is too large for that, or no UTF-8."""
    size_bytes: int
    cut: bool
    """Only the start of it is shown."""
    taken: bool
    against: Against | None
    """Why it would be refused again; None where it passes."""


class MendedRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A record as it should be."""

    text: Annotated[str, Meta(min_length=1, max_length=1 << 20, examples=['{"type": "track"}'])]


class RuleText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rule in YAML that mends many records alike; without `keep` it is only counted."""

    text: Annotated[str, Meta(min_length=1, max_length=20_000)]
    keep: bool = False


class RuleReport(msgspec.Struct, frozen=True):
    """What a rule did, or would do: how many it changes, and how many of these pass then."""

    rule: str
    matched: int
    passing: int
    refused: int
    kept: bool
    first_refused: tuple[RefusedRow, ...]


class ReplayChoice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which held records: by position, or by code and source."""

    positions: Annotated[tuple[Place, ...], Meta(max_length=500)] = ()
    code: Annotated[str, Meta(max_length=200)] = ""
    source: Annotated[str, Meta(max_length=200)] = ""
    reason: Reason = ""


class DiscardChoice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which held records, and why they are given up."""

    reason: Annotated[str, Meta(min_length=1, max_length=500, examples=["test traffic"])]
    positions: Annotated[tuple[Place, ...], Meta(max_length=500)] = ()
    code: Annotated[str, Meta(max_length=200)] = ""
    source: Annotated[str, Meta(max_length=200)] = ""


class ReplayReport(msgspec.Struct, frozen=True):
    """How many records went back to the log, and how many are still refused and stay held."""

    replayed: int
    refused: int
    first_refused: tuple[RefusedRow, ...]


class DiscardReport(msgspec.Struct, frozen=True):
    """How many records were given up."""

    discarded: int
