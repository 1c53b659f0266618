"""People who may be one, as the API shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from tailorbird.schema import PersonId
from tailorbird.ties import Likeness, MatchState


class MatchRow(msgspec.Struct, frozen=True):
    """Two people who may be one, and what became of them. It holds no value of a field."""

    one: PersonId
    two: PersonId
    state: MatchState
    probability: float
    why: str
    evidence: tuple[Likeness, ...]
    found_at: datetime
    decided_at: datetime | None = None
    author: str = ""
    reason: str = ""
    by: str = ""


class MatchPage(msgspec.Struct, frozen=True):
    """Matches, the most probable first, and how many are in each state."""

    matches: tuple[MatchRow, ...]
    counts: dict[str, int]
    next: str = ""


class MatchReport(msgspec.Struct, frozen=True):
    """A match, and what both people say now, in clear."""

    match: MatchRow
    one: dict[str, str]
    two: dict[str, str]


class Verdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why somebody decides so, and who it is; both are kept."""

    reason: Annotated[str, Meta(max_length=500, examples=["she told us"])] = ""
    author: Annotated[str, Meta(max_length=100, examples=["eve"])] = ""
