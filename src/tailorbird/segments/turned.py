"""Whose answer turned at the very instant for which it was due, though events came as well."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from tailorbird.ports import Facts
from tailorbird.schema import Instant
from tailorbird.segments import compile as compiler
from tailorbird.segments.conditions import Segment
from tailorbird.segments.meaning import member, resolved
from tailorbird.traits.extract import extract

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa

    Mask = npt.NDArray[np.bool_]
    Numbers = npt.NDArray[np.int64]

MOST_INSTANTS: Final = 8
"""Instants at which a refresh asks, each segment: some 10 ms apiece. Of more, the event is told."""


def turned(
    facts: Facts,
    segment: Segment,
    among: Sequence[Segment],
    people: Numbers,
    entered: Mask,
    checks: Numbers,
) -> Mask:
    """Return which of these people entered, or left, at the instant for which each was due."""
    found = np.zeros(len(people), np.bool_)
    instants = np.unique(checks)[:MOST_INSTANTS]
    if not len(instants):
        return found
    truth = member(resolved(segment, among))
    taken = extract(facts, [truth], np.unique(people), as_of=int(instants[0]) - 1)
    for at in instants.tolist():
        before, after = (_members(facts, segment, among, taken, each) for each in (at - 1, at))
        was, became = np.isin(people, before), np.isin(people, after)
        found |= (checks == at) & (became == entered) & (was != entered)
    return found


def _members(
    facts: Facts,
    segment: Segment,
    among: Sequence[Segment],
    taken: dict[str, pa.Table],
    at: Instant,
) -> Numbers:
    statement = compiler.evaluation(segment, among, as_of=at, restricted=True, extracted=True)
    rows = facts.read(statement.sql, statement.parameters, statement.tables | taken)
    return np.asarray(rows.filter(rows["member"])["person"].to_numpy(), np.int64)
