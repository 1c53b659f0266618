"""Exclusive groups: an ordered list, and everybody is in the first of them that fits.

Each group is a segment of its own, `LIST.GROUP`, by the same tree and the same compiler: exact at
every instant, explained, and named by other segments as any segment is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from tailorbird.ports import Facts
from tailorbird.schema import Instant, PersonId
from tailorbird.segments.conditions import All, Any, Condition, Not, Segment
from tailorbird.segments.meaning import resolved, truth
from tailorbird.traits.extract import touched
from tailorbird.traits.query import Query, in_order
from tailorbird.traits.terms import Constant, KnownBy, Value, When

if TYPE_CHECKING:
    import pyarrow as pa

POINT: Final = "."
"""Stands between the name of a list and that of its group."""


class Group(msgspec.Struct, frozen=True):
    """One group of a list: who fits, unless an earlier group took her."""

    name: str
    condition: Condition
    description: str = ""


class Groups(msgspec.Struct, frozen=True):
    """An ordered list of groups; `rest` names those whom none of them fits.

    `apart` says that nobody fits two of the groups anyway, so that none must exclude the others;
    `left`, where it is known, who fits none.
    """

    name: str
    groups: tuple[Group, ...]
    rest: str = "rest"
    description: str = ""
    version: int = 0
    apart: bool = False
    left: Condition | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """Return the names of the groups in order, the rest last."""
        return (*(group.name for group in self.groups), self.rest)


def derived(groups: Groups) -> list[Segment]:
    """Return a segment for each group and for the rest: everybody is in exactly one of them."""
    segments, taken = [], tuple(group.condition for group in groups.groups)
    for at, group in enumerate(groups.groups):
        earlier = () if groups.apart else tuple(Not(each) for each in taken[:at])
        condition = All((group.condition, *earlier)) if earlier else group.condition
        text = group.description or f"{groups.name}: {group.name}"
        segments.append(_segment(groups, group.name, condition, text))
    if not groups.groups:
        return []
    text = f"{groups.name}: whom no other group fits"
    return [*segments, _segment(groups, groups.rest, groups.left or Not(Any(taken)), text)]


def labels(
    facts: Facts,
    groups: Groups,
    among: Sequence[Segment] = (),
    *,
    as_of: Instant,
    people: Sequence[PersonId] | None = None,
) -> pa.Table:
    """Return (person, group) of everybody who exists, or of these people, in order of person."""
    query = Query(as_of, restricted=people is not None)
    rows = query.select({"group": _first_fit(groups, among)}, KnownBy())
    statement = query.statement(in_order(rows))
    asked = {} if people is None else {"touched": touched(people)}
    return facts.read(statement.sql, statement.parameters, statement.tables | asked)


def sizes(
    facts: Facts, groups: Groups, among: Sequence[Segment] = (), *, as_of: Instant
) -> dict[str, int]:
    """Return how many people each group holds, in order, the rest last."""
    counted = dict.fromkeys(groups.labels, 0)
    found = labels(facts, groups, among, as_of=as_of)["group"].value_counts().to_pylist()
    return counted | {row["values"]: row["counts"] for row in found}


def _first_fit(groups: Groups, among: Sequence[Segment]) -> Value:
    """Return the label of the first group that fits, as one term."""
    label: Value = Constant(groups.rest)
    for group in reversed(groups.groups):
        asked = truth(resolved(Segment(groups.name, group.condition), among))
        label = When(asked, Constant(group.name), label)
    return label


def _segment(groups: Groups, label: str, condition: Condition, description: str) -> Segment:
    name = f"{groups.name}{POINT}{label}"
    return Segment(name, condition, description, groups.version)
