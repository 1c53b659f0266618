"""What a truth cannot do without: the value that nobody has of whom there are no such rows."""

from __future__ import annotations

from tailorbird.traits.history import Op, Operand
from tailorbird.traits.patterns import Answered, Decayed, Periods
from tailorbird.traits.terms import (
    Age,
    Compare,
    Constant,
    Count,
    Distinct,
    Every,
    First,
    Known,
    Largest,
    Last,
    LastFollowed,
    Most,
    Orders,
    Smallest,
    Steps,
    Sum,
    Truth,
    Value,
    Values,
)


def required(truth: Truth) -> Value | None:
    """Return a value without whose rows the truth never holds, None where there is no such."""
    match truth:
        case Every(truths):
            found = (required(each) for each in truths)
            return next((value for value in found if value is not None), None)
        case Compare(value, op, operands):
            return value if _fails_without(value, op, operands) else None
        case _:
            return None


def holds_of_none(op: Op, operands: tuple[Operand, ...]) -> bool:
    """Return whether a count or a sum of nothing compares so.

    >>> holds_of_none("<", (1,)), holds_of_none(">=", (1,))
    (True, False)
    """
    numbers = [int(each) for each in operands]
    match op:
        case "=" | "in":
            return 0 in numbers
        case "!=" | "not in":
            return 0 not in numbers
        case "<":
            return numbers[0] > 0
        case "<=":
            return numbers[0] >= 0
        case ">":
            return numbers[0] < 0
        case ">=":
            return numbers[0] <= 0
        case _:
            raise ValueError(f"a count is always known: {op!r} asks nothing of it")


def never_missing(value: Value) -> bool:
    """Return whether there always is something to say: counts and sums are 0 instead."""
    return isinstance(
        value,
        Count
        | Orders
        | Sum
        | Values
        | Distinct
        | Most
        | Decayed
        | Answered
        | Periods
        | Steps
        | Constant
        | Known,
    )


def _fails_without(value: Value, op: Op, operands: tuple[Operand, ...]) -> bool:
    match value:
        case Count() | Orders() | Sum() | Values() | Distinct() | Decayed() | Answered():
            return op not in ("exists", "missing") and not holds_of_none(op, operands)
        case First() | Last() | Smallest() | Largest() | LastFollowed() | Age(First() | Last()):
            return op != "missing"
        case _:
            return False
