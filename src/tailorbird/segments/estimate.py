"""How many people a segment holds, told soon: a part of them is asked, and the error is told.

Of many people the store keeps a sample with its rows; of fewer, a part is drawn from all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import TYPE_CHECKING, Final

import msgspec
from sqlglot import exp

from tailorbird.ports import Facts
from tailorbird.schema import Instant
from tailorbird.segments.conditions import Segment
from tailorbird.segments.meaning import member, resolved
from tailorbird.traits.query import Query
from tailorbird.traits.sampled import answer_from_sample
from tailorbird.traits.sql import TOUCHED, named, select, subquery

if TYPE_CHECKING:
    import pyarrow as pa

NORMAL_95: Final = 1.959964
FEWEST: Final = 10_000
"""Of fewer people than this all are asked: the error of so few says little."""
FEWEST_KEPT: Final = 5_000
"""At a past instant when fewer of those in the sample were known, others are drawn."""
_PEOPLE: Final = "SELECT COUNT(*) AS people FROM people WHERE created_at <= $1"
_KEPT: Final = "SELECT COUNT(*) AS people FROM sampled_people WHERE created_at <= $1"
# The upper bits of a hash are as good as a draw, and the same people are asked after every edit.
_SAMPLE: Final = """
SELECT person FROM people WHERE created_at <= $1 AND (hash(person) >> 20) % 1000000 < $2
"""


class Estimate(msgspec.Struct, frozen=True):
    """A size, between `low` and `high` in 95 of 100 cases; `sampled` of `of` people were asked."""

    people: int
    low: int
    high: int
    sampled: int
    of: int

    @property
    def exact(self) -> bool:
        """Return whether everybody was asked."""
        return self.sampled == self.of


def estimate(
    facts: Facts,
    segment: Segment,
    among: Sequence[Segment] = (),
    *,
    as_of: Instant,
    share: float,
) -> Estimate:
    """Return the size of a segment by the answers of a share of all people, 10,000 at least.

    Raises:
        DefinitionError: it names a segment that is not `among` these, or, in a circle, itself.
    """
    whole, kept = (_number(facts.read(sql, (as_of,))) for sql in (_PEOPLE, _KEPT))
    if kept >= FEWEST_KEPT:
        return estimated(_held(facts, segment, among, as_of), kept, whole)
    wanted = 1.0 if whole <= FEWEST else max(share, FEWEST / whole)
    asked = facts.read(_SAMPLE, (as_of, round(min(wanted, 1) * 1_000_000)))
    return estimated(_held(facts, segment, among, as_of, asked), asked.num_rows, whole)


def _held(
    facts: Facts,
    segment: Segment,
    among: Sequence[Segment],
    as_of: Instant,
    asked: pa.Table | None = None,
) -> int:
    """Return how many of those asked are in; None asks those whose rows are kept apart."""
    query = Query(as_of, restricted=True, state=asked is not None)
    people = query.select({}, member(resolved(segment, among)))
    counted = select(
        named(exp.Count(this=exp.Star()), "people"), source=subquery(people, "members")
    )
    if asked is None:
        answer_from_sample(counted)
    statement = query.statement(counted)
    tables = statement.tables | ({} if asked is None else {TOUCHED: asked})
    return _number(facts.read(statement.sql, statement.parameters, tables))


def _number(found: pa.Table) -> int:
    return int(found["people"][0].as_py())


def estimated(held: int, sampled: int, of: int) -> Estimate:
    """Return the size that so many of the sampled speak for (Wilson, of a finite population).

    >>> estimated(30, 100, 100)
    Estimate(people=30, low=30, high=30, sampled=100, of=100)
    >>> estimated(0, 1000, 100_000)
    Estimate(people=0, low=0, high=379, sampled=1000, of=100000)
    """
    if sampled >= of:
        return Estimate(held, held, held, of, of)
    squared = NORMAL_95**2 * (1 - sampled / of)
    share = held / sampled
    middle = (share + squared / (2 * sampled)) / (1 + squared / sampled)
    spread = squared * (share * (1 - share) + squared / (4 * sampled)) / sampled
    error = sqrt(spread) / (1 + squared / sampled)
    low = max(held, int((middle - error) * of))
    high = min(of - (sampled - held), int((middle + error) * of + 1))
    return Estimate(round(share * of), low, high, sampled, of)
