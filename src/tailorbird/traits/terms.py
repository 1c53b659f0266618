"""The typed intermediate form: what can be said of one person's history at an instant.

Its semantics are closed, so that every engine gives the same answer: integers of 64 bits, instants
in microseconds UTC, money in minor units, shares and scores in millionths. No floats, no rounding
by an engine (a quotient truncates toward zero), no division by zero (its answer is missing).

- Only rows with `at <= as_of` count. A window holds `as_of - within < at <= as_of - older_than`.
- A value is missing (NULL) where there is nothing to say; counts and sums are 0 instead.
- A truth is always true or false: comparing a missing value is false, except by `missing`.
- Of two simultaneous rows, the one at the higher position is the later.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from tailorbird.schema import Instant, Names

Op: TypeAlias = Literal["=", "!=", "<", "<=", ">", ">=", "in", "not in", "exists", "missing"]
Operand: TypeAlias = str | int | bool
Duration: TypeAlias = int
"""Microseconds."""
ContextColumn: TypeAlias = Literal[
    "session_id", "browser", "os", "device", "app", "country", "region", "city", "page", "referrer",
    "channel", "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "hour",
    "weekday", "session_seconds", "session_pages",
]  # fmt: skip
"""The last two are known of ended sessions alone."""
FactColumn: TypeAlias = (
    Literal[
        "order_id", "quantity", "value_minor", "currency", "campaign", "variant", "source",
        "machine",
    ]
    | ContextColumn
)  # fmt: skip
ProductColumn: TypeAlias = Literal["item", "category"]
Amount: TypeAlias = Literal["value_minor", "quantity", "dwell_seconds"]

MILLION: Final = 1_000_000
SESSIONS: Final = frozenset({Names.SESSION_STARTED, Names.SESSION_ENDED})
"""Events that no sender sends: they follow from the others."""


# -- rows ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Test:
    """A fact whose column compares so."""

    column: FactColumn
    op: Op
    operands: tuple[Operand, ...] = ()


@dataclass(frozen=True, slots=True)
class ProductTest:
    """A fact with at least one product for which every one of these comparisons holds."""

    tests: tuple[tuple[ProductColumn, Op, tuple[Operand, ...]], ...]


@dataclass(frozen=True, slots=True)
class PropertyTest:
    """A fact with a property, outside the columns, that compares so (numbers in millionths)."""

    name: str
    column: Literal["text", "number"]
    op: Op
    operands: tuple[Operand, ...] = ()


Predicate: TypeAlias = Test | ProductTest | PropertyTest


@dataclass(frozen=True, slots=True)
class Rows:
    """A person's facts of some events that pass every predicate, in a window behind `as_of`."""

    events: tuple[str, ...]
    where: tuple[Predicate, ...] = ()
    within: Duration | None = None
    older_than: Duration = 0


@dataclass(frozen=True, slots=True)
class Followed:
    """Facts of `first` that one of `then` follows within `gap` (or, if `absent`, does not).

    `then` carries no window of its own; without a `gap` it may come until `as_of`.
    """

    first: Rows
    then: Rows
    gap: Duration | None
    absent: bool


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
    column: Amount
    absolute: bool = False


@dataclass(frozen=True, slots=True)
class First:
    """The instant of the earliest fact."""

    rows: Rows


@dataclass(frozen=True, slots=True)
class Last:
    """The instant of the latest fact."""

    rows: Rows


@dataclass(frozen=True, slots=True)
class Decayed:
    """The sum of the events' points, in millionths, halving every so many days.

    Ages are whole UTC days, so that the sum changes at midnight only. Rows read by machines do not
    count.
    """

    points: tuple[tuple[str, int], ...]
    half_life_days: int


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
    """The value of a declared trait whose source counts most, of these the latest (millionths)."""

    name: str
    column: Literal["text", "number"]


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
class Difference:
    """`of - less`."""

    of: Value
    less: Value


@dataclass(frozen=True, slots=True)
class Quotient:
    """`of / by`, truncated; missing where `by` is 0."""

    of: Value
    by: Value


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
    Count | Orders | Sum | First | Last | Decayed | Favourite | Newest | Declared | Score
    | LastFollowed | NextRipe | Known | Upcoming
    | Age | Difference | Quotient | Steps | Later | NextDay | Midnight | Constant | When | Earliest
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


def mark(element: str) -> str:
    """Return an element as it stands in the text of a list: between two marks, free of them.

    >>> mark("a") in mark("b") + mark("a")[1:], mark("a") in mark("ab")
    (True, False)
    """
    return f"{_MARK}{element.replace(_MARK, ' ')}{_MARK}"


_MARK: Final = "\x1f"


def source_of(events: Iterable[str]) -> Literal["facts", "visits"]:
    """Return the table that holds such events: sessions stand beside the facts in `visits`."""
    return "facts" if SESSIONS.isdisjoint(events) else "visits"


def window(rows: Rows, as_of: Instant) -> tuple[Instant | None, Instant]:
    """Return the bounds of the rows' window: after the first (None: no bound), up to the second."""
    after = None if rows.within is None else as_of - rows.within
    return after, as_of - rows.older_than
