"""What conditions in Python share: how they are joined, told more, and placed when refused."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any as Anything
from typing import Final, NoReturn, Self, TypeAlias, TypedDict

from tailorbird.errors import DefinitionError
from tailorbird.segments.conditions import All, Any, Condition, Not, Operand
from tailorbird.segments.parse import condition as read
from tailorbird.yaml_text import Document

Value: TypeAlias = Operand | date
Asked: TypeAlias = Value | Sequence[Value] | Mapping[str, Value | Sequence[Value]]
"""What a property must be: a value, a list of values, or comparisons as in YAML."""


class Bounds(TypedDict, total=False):
    """How a number must compare."""

    at_least: float
    at_most: float
    more_than: float
    less_than: float
    is_not: float
    is_in: Sequence[float]
    not_in: Sequence[float]
    exists: bool
    missing: bool


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
        raise DefinitionError("a condition is not true or false here", where=place(), mend=mend)

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
        super().__init__(condition_of(keyed))
        self._keyed = keyed

    def _with(self, **keys: Anything) -> Self:
        return type(self)({**self._keyed, **keys})

    def _filtered(
        self, key: str, first: Mapping[str, Asked] | None, rest: Mapping[str, Asked]
    ) -> Self:
        return self._with(**{key: merged(self._keyed.get(key, {}), first, rest)})


def merged(
    before: Mapping[str, Anything],
    first: Mapping[str, Asked] | None,
    rest: Mapping[str, Asked],
) -> dict[str, Anything]:
    """Return properties with others added, as YAML has them."""
    added = {**(first or {}), **rest}
    return {**before, **{name: plain(asked) for name, asked in added.items()}}


def bounds_of(exactly: float | None, bounds: Bounds) -> dict[str, Anything]:
    """Return comparisons of a number as YAML has them."""
    said: dict[str, Anything] = {} if exactly is None else {"is": exactly}
    return said | spelled(bounds)


def lengths_of(exactly: str | None, bounds: Mapping[str, Anything]) -> dict[str, Anything]:
    """Return comparisons of a length of time as YAML has them."""
    said: dict[str, Anything] = {} if exactly is None else {"is": exactly}
    return said | spelled(bounds)


def spelled(bounds: Mapping[str, Anything]) -> dict[str, Anything]:
    """Return comparisons under the words of YAML."""
    return {_SPELLED.get(word, word): plain(each) for word, each in bounds.items()}


def plain(asked: Anything) -> Anything:
    """Return any sequence as the list that YAML has."""
    return list(asked) if isinstance(asked, tuple | set | frozenset) else asked


def condition_of(keyed: Mapping[str, Anything]) -> Condition:
    """Return the condition of a mapping.

    Raises:
        DefinitionError: at the file and line of the call from outside.
    """
    file, line = _call()
    return read(keyed, Document(file, keyed, {(): line}))


def place() -> str:
    """Return `file:line` of the call from outside."""
    file, line = _call()
    return f"{file}:{line}"


def _call() -> tuple[str, int]:
    frame = inspect.currentframe()
    while frame and frame.f_code.co_filename.startswith(_HERE):
        frame = frame.f_back
    return (frame.f_code.co_filename, frame.f_lineno) if frame else ("python", 1)


def _among(kind: type[All | Any], clause: Clause) -> tuple[Condition, ...]:
    inner = clause.condition
    return inner.conditions if isinstance(inner, kind) else (inner,)


_HERE: Final = __file__.removesuffix("_clauses.py")
"""Starts the names of the files that build, which no author wrote."""
_SPELLED: Final = {"is_in": "in"}
