"""Engagement in points: parts such as frequency, recency and depth, each worth its best step.

The points of all parts are added up and a person is in the highest level that they reach. What a
step asks is any condition of the tree, so that the level is exact at every instant.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from tailorbird.ports import Facts
from tailorbird.schema import Instant, PersonId
from tailorbird.segments.conditions import Condition, Segment
from tailorbird.segments.groups import Group, Groups
from tailorbird.segments.meaning import resolved, truth
from tailorbird.segments.staircase import Level as Reached
from tailorbird.segments.staircase import between, one_of
from tailorbird.traits.extract import touched
from tailorbird.traits.query import Query, in_order
from tailorbird.traits.terms import KnownBy, Term

if TYPE_CHECKING:
    import pyarrow as pa


class Step(msgspec.Struct, frozen=True):
    """What must hold, and the points that it gives."""

    points: int
    condition: Condition


class Part(msgspec.Struct, frozen=True):
    """One side of engagement; of its steps that hold the one with most points counts."""

    name: str
    steps: tuple[Step, ...]


class Level(msgspec.Struct, frozen=True):
    """A level and the points from which it begins."""

    name: str
    at_least: int


class Engagement(msgspec.Struct, frozen=True):
    """Parts and levels, the highest first; `rest` names those who reach no level."""

    parts: tuple[Part, ...]
    levels: tuple[Level, ...]
    rest: str = "dormant"


def groups_of(
    name: str, engagement: Engagement, *, description: str = "", version: int = 0
) -> Groups:
    """Return the levels as exclusive groups."""
    parts = [_reached(part) for part in engagement.parts]
    groups: list[Group] = []
    below: int | None = None
    for level in engagement.levels:
        most = None if below is None else below - 1
        span = f"{level.at_least} points or more" if most is None else f"{level.at_least} to {most}"
        text = f"{span} of {', '.join(part.name for part in engagement.parts)}"
        groups.append(Group(level.name, between(parts, level.at_least, most), text))
        below = level.at_least
    return Groups(name, tuple(groups), engagement.rest, description, version, apart=True)


def scores(
    facts: Facts,
    engagement: Engagement,
    among: Sequence[Segment] = (),
    *,
    as_of: Instant,
    people: Sequence[PersonId] | None = None,
) -> pa.Table:
    """Return person, the points of each part under its name, `points` and `level`.

    Of everybody who exists, or of these people, in order of person.
    """
    import pyarrow as pa

    answers = _answers(facts, engagement, among, as_of, people)
    columns: dict[str, object] = {"person": answers["person"]}
    total = np.zeros(answers.num_rows, np.int64)
    for at, part in enumerate(engagement.parts):
        worth = np.zeros(answers.num_rows, np.int64)
        for number, step in enumerate(part.steps):
            holds = answers[f"step_{at}_{number}"].to_numpy()
            worth = np.maximum(worth, np.where(holds, step.points, 0))
        columns[part.name] = worth
        total += worth
    level = np.full(answers.num_rows, engagement.rest, object)
    for each in reversed(engagement.levels):
        level[total >= each.at_least] = each.name
    return pa.table(columns | {"points": total, "level": pa.array(level, pa.string())})


def _answers(
    facts: Facts,
    engagement: Engagement,
    among: Sequence[Segment],
    as_of: Instant,
    people: Sequence[PersonId] | None,
) -> pa.Table:
    terms: dict[str, Term] = {
        f"step_{at}_{number}": truth(resolved(Segment(part.name, step.condition), among))
        for at, part in enumerate(engagement.parts)
        for number, step in enumerate(part.steps)
    }
    query = Query(as_of, restricted=people is not None)
    statement = query.statement(in_order(query.select(terms, KnownBy())))
    asked = {} if people is None else {"touched": touched(people)}
    return facts.read(statement.sql, statement.parameters, statement.tables | asked)


def _reached(part: Part) -> list[Reached]:
    """Return each number of points that the part can give, and what gives so many or more."""
    points = sorted({step.points for step in part.steps})
    return [
        (0, None),
        *(
            (least, one_of([step.condition for step in part.steps if step.points >= least]))
            for least in points
        ),
    ]
