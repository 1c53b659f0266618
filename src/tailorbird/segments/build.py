"""Segments written in Python: the same tree, checked by the same reader, call by call.

>>> from tailorbird.segments import define, did, trait
>>> abandoners = define(
...     "garden-abandoners",
...     did("add_to_cart").where(category="garden").within("24h")
...     & ~did("purchase").within("30d")
...     & trait("tier").is_in("gold", "silver"),
... )
>>> from tailorbird.segments import words
>>> [words(each) for each in abandoners.condition.conditions][0]
'did add_to_cart (category is garden) in the last 1d'

A slip is refused where it is made:

>>> did("purchse")
Traceback (most recent call last):
tailorbird.errors.DefinitionError: ...:1: unknown event 'purchse'; did you mean 'purchase'?
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any as Anything

from tailorbird.errors import DefinitionError
from tailorbird.segments import analyst, schedule
from tailorbird.segments.build_clauses import Clause, condition_of, place
from tailorbird.segments.build_events import did, did_not
from tailorbird.segments.build_traits import model, on_list, points, segment, trait, worth
from tailorbird.segments.conditions import All, Any, Segment, worked_out

__all__ = [
    "Clause",
    "all_of",
    "any_of",
    "define",
    "did",
    "did_not",
    "in_sql",
    "model",
    "on_list",
    "points",
    "segment",
    "stated",
    "trait",
    "worth",
]


def stated(keyed: Mapping[str, Anything]) -> Clause:
    """Return the condition that a mapping stands for, as in YAML.

    >>> stated({"did": "purchase", "within": "30d"}) == did("purchase").within("30d")
    True
    """
    return Clause(condition_of(keyed))


def all_of(*clauses: Clause) -> Clause:
    """Return that all of these hold, as one group; `&` takes groups apart."""
    return Clause(All(tuple(each.condition for each in _some(clauses))))


def any_of(*clauses: Clause) -> Clause:
    """Return that one of these holds, as one group; `|` takes groups apart."""
    return Clause(Any(tuple(each.condition for each in _some(clauses))))


def define(name: str, where: Clause, description: str = "", refresh: str = "live") -> Segment:
    """Return a segment: what `tb.put`, `tb.segment_count` and `tb.segment_people` take."""
    condition = getattr(where, "condition", None)
    if condition is None:
        mend = "compare it, as in trait('tier').is_in('gold')"
        raise DefinitionError(f"{type(where).__name__} is no condition", where=place(), mend=mend)
    return Segment(name, condition, description, refresh=_every(refresh))


def in_sql(name: str, sql: str, description: str = "", refresh: str = "hourly") -> Segment:
    """Return a segment of whom one SELECT gives the numbers, worked out on a schedule."""
    try:
        analyst.check(sql)
    except analyst.Refusal as refusal:
        raise DefinitionError(refusal.what, where=place(), mend=refusal.mend) from None
    every = _every(refresh)
    if every == schedule.LIVE:
        mend = "write `hourly` or `daily at 03:00`"
        raise DefinitionError("SQL cannot be live", where=place(), mend=mend)
    return Segment(name, worked_out(name), description, refresh=every, sql=sql)


def _every(refresh: str) -> schedule.Schedule:
    every = schedule.read(refresh)
    if every is None:
        mend = f"write {schedule.WAYS}"
        raise DefinitionError(f"{refresh!r} is no schedule", where=place(), mend=mend)
    return every


def _some(clauses: Sequence[Clause]) -> Sequence[Clause]:
    if not clauses:
        raise DefinitionError("the group is empty", where=place(), mend="give it a condition")
    return clauses
