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

import inspect
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any as Anything
from typing import Final, NoReturn, Self, TypeAlias, TypedDict, Unpack

from tailorbird.errors import DefinitionError
from tailorbird.segments import analyst, schedule
from tailorbird.segments.conditions import All, Any, Condition, Not, Operand, Segment, worked_out
from tailorbird.segments.parse import condition as read
from tailorbird.yaml_text import Document

Value: TypeAlias = Operand | date
Asked: TypeAlias = Value | Sequence[Value] | Mapping[str, Value | Sequence[Value]]
"""What a property must be: a value, a list of values, or comparisons as in YAML."""


class Bounds(TypedDict, total=False):
    """How a number must compare."""

    at_least: int
    at_most: int
    more_than: int
    less_than: int
    is_not: int
    is_in: Sequence[int]
    not_in: Sequence[int]


class Clause:
    """A condition in Python; `&`, `|` and `~` make others of it."""

    __slots__ = ("condition",)

    def __init__(self, condition: Condition) -> None:
        self.condition = condition

    def __and__(self, other: Clause) -> Clause:
        return Clause(All((*_among(All, self), *_among(All, other))))

    def __or__(self, other: Clause) -> Clause:
        return Clause(Any((*_among(Any, self), *_among(Any, other))))

    def __invert__(self) -> Clause:
        return Clause(Not(self.condition))

    def __bool__(self) -> NoReturn:
        mend = "write `&`, `|` and `~`; `and`, `or` and `not` cannot join conditions"
        raise DefinitionError("a condition is not true or false here", where=_place(), mend=mend)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Clause) and self.condition == other.condition

    def __hash__(self) -> int:
        return hash(self.condition)

    def __repr__(self) -> str:
        from tailorbird.segments.python_text import expression

        text = expression(self.condition)
        return f"({text})" if "\n" in text else text


class Leaf(Clause):
    """A condition that can still be told more."""

    __slots__ = ("_keyed",)

    def __init__(self, keyed: Mapping[str, Anything]) -> None:
        super().__init__(_read(keyed))
        self._keyed = keyed

    def _with(self, **keys: Anything) -> Self:
        return type(self)({**self._keyed, **keys})

    def _filtered(
        self, key: str, first: Mapping[str, Asked] | None, rest: Mapping[str, Asked]
    ) -> Self:
        merged = {**self._keyed.get(key, {}), **(first or {}), **rest}
        return self._with(**{key: {name: _plain(asked) for name, asked in merged.items()}})


class Windowed(Leaf):
    """A condition on events in a window of time."""

    __slots__ = ()

    def where(self, properties: Mapping[str, Asked] | None = None, /, **others: Asked) -> Self:
        """Return the same of events with these properties.

        >>> did("purchase").where({"context.device": "phone"}, value_minor={"at_least": 5000})
        did('purchase').where({'context.device': 'phone', 'value_minor': {'at_least': 5000}})
        """
        return self._filtered("where", properties, others)

    def within(self, length: str) -> Self:
        """Return the same of what is younger than this, such as `24h` or `30d`."""
        return self._with(within=length)

    def older_than(self, length: str) -> Self:
        """Return the same of what is at least so old."""
        return self._with(older_than=length)


class DidNotDo(Windowed):
    """That something was not done."""

    __slots__ = ()


class Done(Windowed):
    """That something was done."""

    __slots__ = ()

    def times(self, exactly: int | None = None, **bounds: Unpack[Bounds]) -> Self:
        """Return the same, done so often.

        >>> did("purchase").times(at_least=2).within("365d")
        did('purchase').times(at_least=2).within('365d')
        """
        return self._with(times=_bounds(exactly, bounds))

    def sum(self, of: str, exactly: int | None = None, **bounds: Unpack[Bounds]) -> Self:
        """Return the same, where a property adds up to this; money is in minor units.

        >>> did("purchase").sum("value_minor", at_least=5000)
        did('purchase').sum('value_minor', at_least=5000)
        """
        return self._with(sum={"of": of, **_bounds(exactly, bounds)})

    def then(self, event: str) -> Sequel:
        """Return that another event followed this one; what is told from here on is about it.

        >>> did("add_to_cart").within("2d").then("purchase").within("24h")
        did('add_to_cart').within('2d').then('purchase').within('1d')
        """
        return self._followed("then", event)

    def then_not(self, event: str) -> Sequel:
        """Return that another event did not follow this one."""
        return self._followed("then_not", event)

    def after(self, first: Done) -> Sequel:
        """Return that this was done after another: `first.then(this)`.

        >>> ~did("purchase").after(did("add_to_cart").within("24h"))
        ~did('add_to_cart').within('1d').then('purchase')
        """
        if set(self._keyed) - {"did", "where"}:
            mend = "say `within` and `older_than` of the other; `.within` after `.after` is the gap"
            what = "what comes after another has no window or count of its own"
            raise DefinitionError(what, where=_place(), mend=mend)
        followed = first.then(str(self._keyed["did"]))
        filters = self._keyed.get("where")
        return followed.where(filters) if filters else followed

    def _followed(self, word: str, event: str) -> Sequel:
        keyed = {("since" if key == "within" else key): each for key, each in self._keyed.items()}
        return Sequel({**keyed, word: event})


class Sequel(Leaf):
    """That one thing was done and then, or then not, another."""

    __slots__ = ()

    def where(self, properties: Mapping[str, Asked] | None = None, /, **others: Asked) -> Self:
        """Return the same where the second event has these properties."""
        return self._filtered("then_where", properties, others)

    def within(self, length: str) -> Self:
        """Return the same where the second comes, or fails to come, so soon after the first."""
        return self._with(within=length)


class TraitNamed:
    """A trait that must still be compared."""

    __slots__ = ("_keyed",)

    def __init__(self, keyed: Mapping[str, Anything]) -> None:
        self._keyed = keyed

    def is_(self, value: Value) -> Leaf:
        """Return that the trait is this."""
        return self._compared("is", value)

    def is_not(self, value: Value) -> Leaf:
        """Return that the trait is known and not this."""
        return self._compared("is_not", value)

    def less_than(self, value: Value) -> Leaf:
        """Return that the trait is less than this."""
        return self._compared("less_than", value)

    def at_most(self, value: Value) -> Leaf:
        """Return that the trait is this or less."""
        return self._compared("at_most", value)

    def more_than(self, value: Value) -> Leaf:
        """Return that the trait is more than this."""
        return self._compared("more_than", value)

    def at_least(self, value: Value) -> Leaf:
        """Return that the trait is this or more."""
        return self._compared("at_least", value)

    def is_in(self, *values: Value) -> Leaf:
        """Return that the trait is one of these.

        >>> trait("tier").is_in("gold", "silver")
        trait('tier').is_in('gold', 'silver')
        """
        return self._compared("in", list(values))

    def not_in(self, *values: Value) -> Leaf:
        """Return that the trait is known and none of these."""
        return self._compared("not_in", list(values))

    def exists(self) -> Leaf:
        """Return that the trait is known."""
        return self._compared("exists", True)

    def missing(self) -> Leaf:
        """Return that the trait is not known."""
        return self._compared("missing", True)

    def _compared(self, word: str, operand: Value | list[Value]) -> Leaf:
        return Leaf({**self._keyed, word: operand})


def did(event: str) -> Done:
    """Return that a person did something.

    Raises:
        DefinitionError: `file:line` of the call, what is wrong and how to mend it; so does
            everything here.
    """
    return Done({"did": event})


def did_not(event: str) -> DidNotDo:
    """Return that a person did not do something."""
    return DidNotDo({"did_not": event})


def trait(name: str) -> TraitNamed:
    """Return a trait, to be compared."""
    return TraitNamed({"trait": name})


def segment(name: str) -> Leaf:
    """Return that a person is in another segment."""
    return Leaf({"segment": name})


def stated(keyed: Mapping[str, Anything]) -> Clause:
    """Return the condition that a mapping stands for, as in YAML.

    >>> stated({"did": "purchase", "within": "30d"}) == did("purchase").within("30d")
    True
    """
    return Clause(_read(keyed))


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
        raise DefinitionError(f"{type(where).__name__} is no condition", where=_place(), mend=mend)
    return Segment(name, condition, description, refresh=_every(refresh))


def in_sql(name: str, sql: str, description: str = "", refresh: str = "hourly") -> Segment:
    """Return a segment of whom one SELECT gives the numbers, worked out on a schedule."""
    try:
        analyst.check(sql)
    except analyst.Refusal as refusal:
        raise DefinitionError(refusal.what, where=_place(), mend=refusal.mend) from None
    every = _every(refresh)
    if every == schedule.LIVE:
        mend = "write `hourly` or `daily at 03:00`"
        raise DefinitionError("SQL cannot be live", where=_place(), mend=mend)
    return Segment(name, worked_out(name), description, refresh=every, sql=sql)


def _every(refresh: str) -> schedule.Schedule:
    every = schedule.read(refresh)
    if every is None:
        mend = f"write {schedule.WAYS}"
        raise DefinitionError(f"{refresh!r} is no schedule", where=_place(), mend=mend)
    return every


_HERE: Final = __file__


def _read(keyed: Mapping[str, Anything]) -> Condition:
    file, line = _call()
    return read(keyed, Document(file, keyed, {(): line}))


def _place() -> str:
    file, line = _call()
    return f"{file}:{line}"


def _call() -> tuple[str, int]:
    """Return the file and the line that called this module."""
    frame = inspect.currentframe()
    while frame and frame.f_code.co_filename == _HERE:
        frame = frame.f_back
    return (frame.f_code.co_filename, frame.f_lineno) if frame else ("python", 1)


def _among(kind: type[All | Any], clause: Clause) -> tuple[Condition, ...]:
    inner = clause.condition
    return inner.conditions if isinstance(inner, kind) else (inner,)


def _some(clauses: Sequence[Clause]) -> Sequence[Clause]:
    if not clauses:
        raise DefinitionError("the group is empty", where=_place(), mend="give it a condition")
    return clauses


def _bounds(exactly: int | None, bounds: Bounds) -> dict[str, Anything]:
    said: dict[str, Anything] = {} if exactly is None else {"is": exactly}
    return said | {_SPELLED.get(word, word): _plain(each) for word, each in bounds.items()}


_SPELLED: Final = {"is_in": "in", "is_": "is"}


def _plain(asked: Anything) -> Anything:
    return list(asked) if isinstance(asked, tuple | set | frozenset) else asked
