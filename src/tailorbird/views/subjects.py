"""Subject lines: what speaks for each, which is likelier to win, and the test that will tell."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

SubjectWhy = Literal["called", "close", "unproven", "unfamiliar", "same", "alone", "empty"]
"""Why a winner is called, or why nobody can tell."""


class SubjectsAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Subjects that somebody would compare; templates' values may stand in them."""

    subjects: Annotated[
        list[Annotated[str, Meta(max_length=500)]], Meta(min_length=1, max_length=20)
    ]


class SubjectReason(msgspec.Struct, frozen=True):
    """What speaks for a subject or against it, beside the others, in log-odds of the rate."""

    what: str
    speaks: Literal["for", "against"]
    weight: float
    kind: Literal["mark", "words"]


class SubjectCandidate(msgspec.Struct, frozen=True):
    """One subject: its chance to be the best of all, and why."""

    subject: str
    chance: float
    familiar: float
    """The share of its words that tests have shown."""
    reasons: tuple[SubjectReason, ...]


class SubjectTest(msgspec.Struct, frozen=True):
    """The test that would tell: how many people each subject needs.

    `rate` is how many open (or click) now; `detects` the relative difference that would be told
    apart in four of five tests.
    """

    people_each: int
    people: int
    metric: Literal["open", "click"]
    rate: float
    detects: float
    own_rate: bool
    """Whether the rate is that of your own mails; else a customary one is assumed."""
    sentence: str


class SubjectAdvice(msgspec.Struct, frozen=True):
    """Candidates, the likeliest winner first; whether one is called; and the test that will tell.

    `test` is None where there is nothing to compare.
    """

    candidates: tuple[SubjectCandidate, ...]
    called: str
    why: SubjectWhy
    sentence: str
    test: SubjectTest | None


class SubjectModel(msgspec.Struct, frozen=True):
    """What scores subjects: what it has learnt from, how well it predicts, whether it may call."""

    version: int
    trained_at: datetime | None
    tests: int
    """Your own tests that it has learnt from."""
    pairs: int
    proven: bool
    why: str
    learnt_from: str
    accuracy: float | None = None
    low: float | None = None
    high: float | None = None
    ceiling: float | None = None
    """What one who knew the true rates would reach: the rest is chance of the tests."""


class TestedSubject(msgspec.Struct, frozen=True):
    """A subject that one of your campaigns drew for some, and how many of them opened."""

    test: str
    subject: str
    people: int
    wins: int
