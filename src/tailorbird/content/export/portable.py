"""What can be said in every dialect: the form between a tree and the dialect it is written in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from tailorbird.content.tree import Escape, Place
from tailorbird.content.values import escape_html, text
from tailorbird.errors import TemplateError

TruthKind = Literal["present", "script", "filled", "blank", "empty"]
"""What counts as true: not nil or false (Liquid); nor 0 or empty (`if` of Handlebars), 0 allowed
(`with`); nothing but blanks; an empty text or list."""
Function = Literal[
    "default", "money", "date", "upper", "lower", "capitalize", "truncate", "join", "trim", "concat"
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Value:
    """A value written in the template."""

    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Root:
    """All of the data."""


@dataclass(frozen=True, slots=True)
class Element:
    """The element of a loop; the outermost loop is 0."""

    loop: int


@dataclass(frozen=True, slots=True)
class Position:
    """Where a loop is: its index from 0, or whether it is at its first or last element."""

    loop: int
    kind: Literal["index", "first", "last"]


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a value."""

    value: Term
    name: str


@dataclass(frozen=True, slots=True)
class Size:
    """How long a list or a text is."""

    value: Term


@dataclass(frozen=True, slots=True)
class Made:
    """What a function makes of its arguments."""

    function: Function
    arguments: tuple[Term, ...]
    place: Place = field(compare=False)


@dataclass(frozen=True, slots=True)
class Truth:
    """Whether a value counts as true, in one of five ways."""

    value: Term
    kind: TruthKind


@dataclass(frozen=True, slots=True)
class Compared:
    """Two values compared."""

    operator: Literal["==", "!=", "<", ">", "<=", ">="]
    left: Term
    right: Term


@dataclass(frozen=True, slots=True)
class Joined:
    """Two tests joined."""

    operator: Literal["and", "or"]
    left: Test
    right: Test


@dataclass(frozen=True, slots=True)
class Opposite:
    """A test that must not hold."""

    test: Test


Term: TypeAlias = "Value | Root | Element | Position | Field | Size | Made"
Test: TypeAlias = "Truth | Compared | Joined | Opposite"


@dataclass(frozen=True, slots=True)
class Words:
    """Literal text."""

    text: str


@dataclass(frozen=True, slots=True)
class Print:
    """A printed value. `escape`: how our own renderer makes it safe there."""

    value: Term
    escape: Escape
    place: Place


@dataclass(frozen=True, slots=True)
class Choice:
    """The first branch whose test holds, else `otherwise`."""

    branches: tuple[tuple[Test, Part], ...]
    otherwise: Part
    place: Place


@dataclass(frozen=True, slots=True)
class Loop:
    """The body for every element from `start` to before `end`; `otherwise` when there is none."""

    number: int
    values: Term
    body: Part
    otherwise: Part
    place: Place
    start: int = 0
    end: int | None = None


Piece: TypeAlias = "Words | Print | Choice | Loop"
Part: TypeAlias = "tuple[Piece, ...]"


def unfit(place: Place, what: str, mend: str) -> TemplateError:
    """Return the error of something that a dialect cannot say."""
    return TemplateError(what, where=str(place), mend=mend)


def printed(value: Term, escape: Escape, place: Place) -> Print | Words:
    """Return what prints a value; one written in the template is words."""
    if not isinstance(value, Value):
        return Print(value, escape, place)
    found = text(value.value)
    return Words(found if escape == "none" else escape_html(found))


def merged(pieces: list[Piece]) -> Part:
    """Return the pieces with neighbouring words made one."""
    done: list[Piece] = []
    for piece in pieces:
        last = done[-1] if done else None
        if isinstance(piece, Words) and isinstance(last, Words):
            done[-1] = Words(last.text + piece.text)
        elif piece != Words(""):
            done.append(piece)
    return tuple(done)
