"""Which of a person's facts: events, predicates and windows.

A window holds `as_of - within < at <= as_of - older_than`, and `after <= at < before`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from tailorbird.schema import Instant

Op: TypeAlias = Literal[
    "=", "!=", "<", "<=", ">", ">=", "in", "not in", "exists", "missing", "contains",
    "starts with", "ends with",
]  # fmt: skip
"""The last three compare texts as they are kept, letter case included."""
Operand: TypeAlias = str | int | bool
Duration: TypeAlias = int
"""Microseconds."""
ContextColumn: TypeAlias = Literal[
    "session_id", "browser", "os", "device", "app", "country", "region", "city", "page", "referrer",
    "channel", "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "hour",
    "weekday", "utc_offset", "session_seconds", "session_pages",
]  # fmt: skip
"""The last two are known of ended sessions alone."""
FactColumn: TypeAlias = (
    Literal[
        "order_id", "quantity", "value_minor", "currency", "campaign", "variant", "send_id",
        "source", "machine",
    ]
    | ContextColumn
)  # fmt: skip
ProductColumn: TypeAlias = Literal["item", "category"]
Amount: TypeAlias = Literal["value_minor", "quantity", "dwell_seconds"]


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


@dataclass(frozen=True, slots=True)
class Property:
    """A property of the facts that has no column of its own, as text or in millionths."""

    name: str
    column: Literal["text", "number"]


Predicate: TypeAlias = Test | ProductTest | PropertyTest


@dataclass(frozen=True, slots=True)
class Rows:
    """A person's facts of some events that pass every predicate, in a window behind `as_of`."""

    events: tuple[str, ...]
    where: tuple[Predicate, ...] = ()
    within: Duration | None = None
    older_than: Duration = 0
    after: Instant | None = None
    before: Instant | None = None


@dataclass(frozen=True, slots=True)
class Followed:
    """Facts of `first` that one of `then` follows within `gap` (or, if `absent`, does not).

    `then` carries no window of its own; without a `gap` it may come until `as_of`.
    """

    first: Rows
    then: Rows
    gap: Duration | None
    absent: bool


Number: TypeAlias = (
    Amount | Literal["hour", "weekday", "session_seconds", "session_pages"] | Property
)
"""What can be added up and averaged."""
Column: TypeAlias = FactColumn | ProductColumn | Literal["dwell_seconds"] | Property
"""What can be told apart."""
