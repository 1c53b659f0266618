"""The typed intermediate form: what can be said of one person's history at an instant.

Its semantics are closed, so that every engine gives the same answer: integers of 64 bits, instants
in microseconds UTC, money in minor units, shares and scores in millionths. No floats, no rounding
by an engine (a quotient truncates toward zero), no division by zero (its answer is missing).

- Only rows with `at <= as_of` count. A window holds `as_of - within < at <= as_of - older_than`,
  and `after <= at < before`.
- A value is missing (NULL) where there is nothing to say; counts and sums are 0 instead.
- A truth is always true or false: comparing a missing value is false, except by `missing`.
- Of two simultaneous rows, the one at the higher position is the later.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from tailorbird.schema import Instant, Names
from tailorbird.traits.history import Amount as Amount
from tailorbird.traits.history import Column as Column
from tailorbird.traits.history import ContextColumn as ContextColumn
from tailorbird.traits.history import Duration as Duration
from tailorbird.traits.history import FactColumn as FactColumn
from tailorbird.traits.history import Followed as Followed
from tailorbird.traits.history import Number as Number
from tailorbird.traits.history import Op as Op
from tailorbird.traits.history import Operand as Operand
from tailorbird.traits.history import Predicate as Predicate
from tailorbird.traits.history import ProductColumn as ProductColumn
from tailorbird.traits.history import ProductTest as ProductTest
from tailorbird.traits.history import Property as Property
from tailorbird.traits.history import PropertyTest as PropertyTest
from tailorbird.traits.history import Rows as Rows
from tailorbird.traits.history import Test as Test
from tailorbird.traits.patterns import Decayed as Decayed
from tailorbird.traits.patterns import Pattern as Pattern

DayMeasure: TypeAlias = Literal[
    "days_ago", "days_ahead", "anniversary_in", "years", "turning", "anniversary"
]
MILLION: Final = 1_000_000
SESSIONS: Final = frozenset({Names.SESSION_STARTED, Names.SESSION_ENDED})
"""Events that no sender sends: they follow from the others."""


# -- values -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Count:
    """How many facts."""

    rows: Rows


@dataclass(frozen=True, slots=True)
class Orders:
    """How many distinct order ids; a fact without one counts as its own order."""

    rows: Rows


@dataclass(frozen=True, slots=True)
class Sum:
    """The sum of a column; over the matching products where `rows` has a product test."""

    rows: Rows
    column: Number
    absolute: bool = False


@dataclass(frozen=True, slots=True)
class Values:
    """How many values a column has, of those that a sum would add up."""

    rows: Rows
    column: Number


@dataclass(frozen=True, slots=True)
class Smallest:
    """The least of the values that a sum would add up."""

    rows: Rows
    column: Number


@dataclass(frozen=True, slots=True)
class Largest:
    """The greatest of the values that a sum would add up."""

    rows: Rows
    column: Number


@dataclass(frozen=True, slots=True)
class Distinct:
    """How many different values a column has; those of the matching products for item, category."""

    rows: Rows
    column: Column


@dataclass(frozen=True, slots=True)
class Most:
    """The greatest count or sum among the facts (or products) that share a value of `per`."""

    of: Count | Sum
    per: Column


@dataclass(frozen=True, slots=True)
class First:
    """The instant of the earliest fact."""

    rows: Rows


@dataclass(frozen=True, slots=True)
class Last:
    """The instant of the latest fact."""

    rows: Rows


@dataclass(frozen=True, slots=True)
class Favourite:
    """The item, category or context in most facts; then the latest; then the first in order."""

    rows: Rows
    column: ProductColumn | ContextColumn


@dataclass(frozen=True, slots=True)
class Newest:
    """A column of the latest fact that has it."""

    rows: Rows
    column: ContextColumn


@dataclass(frozen=True, slots=True)
class Declared:
    """The value of a declared trait whose source counts most, of these the latest (millionths).

    `day` is the calendar day as it was written, in days since 1970; `elements` are those of a list.
    """

    name: str
    column: Literal["text", "number", "day", "instant", "elements"]


@dataclass(frozen=True, slots=True)
class Holding:
    """How many of these a declared list has; a single value is a list of one."""

    name: str
    wanted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Today:
    """The person's local day: by her trait `timezone`, by her latest session, else in UTC."""


@dataclass(frozen=True, slots=True)
class FromToday:
    """How far a day is from the person's local day, in whole days or years; missing where the
    measure says nothing of it. `anniversary` is the day of the next one (today's, if it is today).
    """

    measure: DayMeasure
    day: Value


@dataclass(frozen=True, slots=True)
class DayComes:
    """An instant until which a day, moved by so many, has not come where the person is."""

    day: Value
    by: int


@dataclass(frozen=True, slots=True)
class Span:
    """Microseconds since an instant, or until it; missing on the other side of it."""

    instant: Value
    ahead: bool


@dataclass(frozen=True, slots=True)
class Score:
    """The latest score of a model, in millionths."""

    model: str


@dataclass(frozen=True, slots=True)
class LastFollowed:
    """The instant of the latest fact of a sequence."""

    sequence: Followed


@dataclass(frozen=True, slots=True)
class NextRipe:
    """The earliest instant of a fact that joins its sequence when it is old enough."""

    sequence: Followed


@dataclass(frozen=True, slots=True)
class Known:
    """The instant from which the person exists."""


@dataclass(frozen=True, slots=True)
class Upcoming:
    """The earliest row after `as_of` of what a term reads."""

    events: tuple[str, ...] = ()
    declared: tuple[str, ...] = ()
    models: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Age:
    """Whole days since an instant."""

    since: Value


@dataclass(frozen=True, slots=True)
class Elapsed:
    """Microseconds since an instant."""

    since: Value


@dataclass(frozen=True, slots=True)
class Difference:
    """`of - less`."""

    of: Value
    less: Value


@dataclass(frozen=True, slots=True)
class Quotient:
    """`of / by`, truncated, or rounded down or up (of a `by` above 0); missing where `by` is 0."""

    of: Value
    by: Value
    toward: Literal["zero", "down", "up"] = "zero"


@dataclass(frozen=True, slots=True)
class Scaled:
    """`of * by`."""

    of: Value
    by: int


@dataclass(frozen=True, slots=True)
class Steps:
    """The label of the first step (highest first) that the value reaches."""

    of: Value
    steps: tuple[tuple[int, str], ...]
    otherwise: str


@dataclass(frozen=True, slots=True)
class Later:
    """An instant moved by a duration; missing unless the result is after `as_of`."""

    instant: Value
    by: Duration


@dataclass(frozen=True, slots=True)
class NextDay:
    """The instant at which the age in days next changes."""

    since: Value


@dataclass(frozen=True, slots=True)
class Midnight:
    """The next midnight UTC."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A value known beforehand."""

    value: Operand


@dataclass(frozen=True, slots=True)
class When:
    """A value where the truth holds, another (or nothing) where it does not."""

    truth: Truth
    value: Value
    otherwise: Value | None = None


@dataclass(frozen=True, slots=True)
class Earliest:
    """The least of the instants that are not missing."""

    instants: tuple[Value, ...]


Value: TypeAlias = (
    Count | Orders | Sum | Values | Smallest | Largest | Distinct | Most | First | Last
    | Pattern | Favourite | Newest | Declared | Score | LastFollowed | NextRipe | Known | Upcoming
    | Age | Elapsed | Difference | Quotient | Scaled | Steps
    | Later | NextDay | Midnight | Constant | When | Earliest
    | Holding | Today | FromToday | DayComes | Span
)  # fmt: skip


# -- truths -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Compare:
    """A value compared with operands."""

    value: Value
    op: Op
    operands: tuple[Operand, ...] = ()


@dataclass(frozen=True, slots=True)
class KnownBy:
    """The person exists at `as_of`."""


@dataclass(frozen=True, slots=True)
class Every:
    """All of these hold."""

    truths: tuple[Truth, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one of these holds."""

    truths: tuple[Truth, ...]


@dataclass(frozen=True, slots=True)
class Negation:
    """This does not hold."""

    truth: Truth


Truth: TypeAlias = Compare | KnownBy | Every | Some | Negation
Term: TypeAlias = Value | Truth


def source_of(events: Iterable[str]) -> Literal["facts", "visits"]:
    """Return the table that holds such events: sessions stand beside the facts in `visits`."""
    return "facts" if SESSIONS.isdisjoint(events) else "visits"


def origin_of(rows: Rows, column: Column) -> Literal["facts", "visits", "lines", "properties"]:
    """Return the table whose rows have the column's values, one by one."""
    match column:
        case Property():
            return "properties"
        case "item" | "category":
            return "lines"
        case "value_minor" | "quantity" if any(isinstance(p, ProductTest) for p in rows.where):
            return "lines"
        case _:
            return source_of(rows.events)


def window(rows: Rows, as_of: Instant) -> tuple[Instant | None, Instant]:
    """Return the bounds of the rows' window: after the first (None: no bound), up to the second."""
    since = [] if rows.within is None else [as_of - rows.within]
    since += [] if rows.after is None else [rows.after - 1]
    upto = as_of - rows.older_than
    last = upto if rows.before is None else min(upto, rows.before - 1)
    return max(since, default=None), last
