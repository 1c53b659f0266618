"""Forms as a page shows them: where they are, how they are put into a page, what came of them."""

from __future__ import annotations

import msgspec


class FormRow(msgspec.Struct, frozen=True):
    """A form, and its address for anybody."""

    name: str
    version: int
    title: str
    url: str
    questions: int
    double_opt_in: bool


class FormScore(msgspec.Struct, frozen=True):
    """A net promoter score, from -100 to 100, with its 95 % interval; each person counts once."""

    people: int
    promoters: int
    passives: int
    detractors: int
    score: float
    low: float
    high: float


class FormAnswer(msgspec.Struct, frozen=True):
    """How many people gave an answer; of several answers of one person, the last counts."""

    field: str
    question: str
    answer: str
    label: str
    people: int


class FormResults(msgspec.Struct, frozen=True):
    """What came of a form. Of one with double opt-in, only confirmed answers are counted."""

    submissions: int
    people: int
    confirmed: int
    waiting: int
    expired: int
    answers: tuple[FormAnswer, ...]
    score: FormScore | None


class FormReport(msgspec.Struct, frozen=True):
    """A form, what its author wrote, HTML that puts it into a page, and what came of it."""

    form: FormRow
    text: str
    snippet: str
    frame: str
    results: FormResults
