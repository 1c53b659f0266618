"""What came of a form: how many answered, what they chose, how likely they recommend."""

from __future__ import annotations

from collections import Counter
from math import sqrt
from typing import Final

import msgspec

from tailorbird.collect.forms import CHOSEN, Field, Form
from tailorbird.collect.forms_messages import CONFIRMED, SOURCE, SUBMITTED, SURVEYED
from tailorbird.forms.asking import find
from tailorbird.privacy.permit import REQUEST_HOURS
from tailorbird.schema import HOUR, Instant
from tailorbird.views.forms import FormScore
from tailorbird.world import World

Z95: Final = 1.959964

_EVENTS: Final = """
SELECT said.event, said."at", position, said.person FROM properties AS said
SEMI JOIN (SELECT position FROM facts WHERE source = ?) USING (position)
WHERE said.event IN (?, ?, ?) AND name = 'form' AND text = ? ORDER BY said."at", position
"""
_ANSWERS: Final = """
SELECT position, name, text FROM properties
WHERE event IN (?, ?, ?) AND position IN (SELECT position FROM asked)
"""


class Choice(msgspec.Struct, frozen=True):
    """How many gave an answer to a field; of several answers of one person, the last counts."""

    field: str
    answer: str
    label: str
    people: int


class Results(msgspec.Struct, frozen=True):
    """What is known of a form. Of one with double opt-in, only confirmed answers are counted."""

    form: str
    version: int
    submissions: int
    people: int
    confirmed: int
    waiting: int
    expired: int
    choices: tuple[Choice, ...] = ()
    nps: FormScore | None = None


def results(world: World, name: str, now: Instant) -> Results:
    """Return what came of a form, all its versions together.

    Raises:
        UsageError: there is none of this name.
    """
    form, version = find(world, name)
    kinds = (SUBMITTED, CONFIRMED, SURVEYED)
    facts = world.facts.read(_EVENTS, (SOURCE, *kinds, name))
    said: dict[int, dict[str, str]] = {}
    rows = world.facts.read(_ANSWERS, kinds, {"asked": facts.select(["position"])}).to_pylist()
    for row in rows:
        said.setdefault(row["position"], {})[row["name"]] = row["text"]
    events = [row | {"said": said.get(row["position"], {})} for row in facts.to_pylist()]
    submitted = [row for row in events if row["event"] == SUBMITTED]
    confirmed = {row["said"].get("submission") for row in events if row["event"] == CONFIRMED}
    open_ = [
        row["at"]
        for row in submitted
        if "pending" in row["said"] and row["said"].get("submission") not in confirmed
    ]
    waiting = sum(now < at + REQUEST_HOURS * HOUR for at in open_)
    answered = [row for row in events if row["event"] != SURVEYED and "pending" not in row["said"]]
    latest = {row["person"]: row["said"] for row in answered}
    scores = {row["person"]: row["said"] for row in events if row["event"] == SURVEYED}
    return Results(
        form=name,
        version=version,
        submissions=len(submitted),
        people=len({row["person"] for row in submitted}),
        confirmed=len(confirmed),
        waiting=waiting,
        expired=len(open_) - waiting,
        choices=tuple(_choices(form, [*latest.values()])),
        nps=_nps([int(each["score"]) for each in scores.values()]),
    )


def _nps(scores: list[int]) -> FormScore | None:
    return net_promoter_score(scores) if scores else None


def net_promoter_score(scores: list[int]) -> FormScore:
    """Return the score of marks from 0 to 10.

    The interval is the adjusted Wald of Rocks (2016): three marks are added, half of them passive,
    so that a handful of equal answers does not look certain.

    >>> found = net_promoter_score([10, 9, 8, 3])
    >>> found.score, found.low < 25 < found.high
    (25.0, True)
    """
    promoters, detractors = sum(s >= 9 for s in scores), sum(s < 7 for s in scores)
    number = len(scores)
    above, below, whole = promoters + 0.75, detractors + 0.75, number + 3
    middle = (above - below) / whole
    spread = Z95 * sqrt(((above + below) / whole - middle**2) / whole)
    return FormScore(
        people=number,
        promoters=promoters,
        passives=number - promoters - detractors,
        detractors=detractors,
        score=round(100 * (promoters - detractors) / max(number, 1), 1),
        low=round(100 * max(middle - spread, -1), 1),
        high=round(100 * min(middle + spread, 1), 1),
    )


def _choices(form: Form, said: list[dict[str, str]]) -> list[Choice]:
    found: list[Choice] = []
    for field in form.fields:
        if field.kind in CHOSEN:
            counts = Counter(
                answer
                for each in said
                if field.name in each
                for answer in each[field.name].split(",")
            )
            found += [
                Choice(field.name, answer, label, counts[answer])
                for answer, label in _labels(field).items()
            ]
    return found


def _labels(field: Field) -> dict[str, str]:
    if field.choices:
        return dict(field.choices)
    if field.kind == "checkbox":
        return {"true": "ticked", "false": "not ticked"}
    return {str(mark): str(mark) for mark in field.scale}
