"""What a Handlebars template consists of, before its meaning is known."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from tailorbird.content.handlebars.tokens import Token
from tailorbird.content.tree import Place


@dataclass(frozen=True, slots=True)
class Name:
    """A path: `../person.name`, `@index`, `this`. `scoped`: it begins with `this` or a dot."""

    parts: tuple[str, ...]
    up: int
    private: bool
    written: str
    place: Place

    @property
    def scoped(self) -> bool:
        """Return whether the path says itself that it is no name of a helper."""
        return self.written.startswith(".") or _ends_a_word(self.written)

    @property
    def simple(self) -> bool:
        """Return whether the path could name a helper."""
        return len(self.parts) == 1 and not self.scoped and not self.up


@dataclass(frozen=True, slots=True)
class Literal:
    """A value written in the template. `written` is what it is as a name."""

    value: str | int | float | bool | None
    written: str
    place: Place

    @property
    def nothing(self) -> bool:
        """Return whether it is `undefined`, which gives a name no value at all."""
        return self.value is None and self.written == "undefined"


@dataclass(frozen=True, slots=True)
class Invocation:
    """A name with what stands behind it: the inside of a mustache, a block head, brackets."""

    name: Value
    arguments: tuple[Value, ...]
    named: tuple[tuple[str, Value], ...]
    place: Place


Value: TypeAlias = Name | Literal | Invocation


@dataclass(slots=True)
class Strip:
    """Which sides of a mark take the blanks there."""

    before: bool = False
    behind: bool = False


@dataclass(slots=True)
class Content:
    """Literal text. Whitespace control changes `text` and looks at `original`."""

    text: str
    original: str
    stripped_left: bool = False
    stripped_right: bool = False


@dataclass(slots=True)
class Comment:
    """A remark; it only matters for the blanks around it."""

    strip: Strip


@dataclass(slots=True)
class Mustache:
    """A printed value."""

    call: Invocation
    escaped: bool
    strip: Strip


@dataclass(slots=True)
class Insertion:
    """A partial, with a body where it is written as a block."""

    name: Value
    call: Invocation
    strip: Strip
    indent: str = ""


@dataclass(slots=True)
class Section:
    """A block. One of `program` and `inverse` may be missing, never both."""

    call: Invocation
    program: Program | None
    inverse: Program | None
    opened: Strip
    between: Strip
    closed: Strip
    partial: bool = False
    decorator: bool = False
    token: Token | None = None


@dataclass(slots=True)
class Program:
    """A list of statements. `chained`: it holds just the block of an `else if`."""

    body: list[Statement]
    chained: bool = False
    parameters: tuple[str, ...] = field(default=())


Statement: TypeAlias = Content | Comment | Mustache | Insertion | Section


def _ends_a_word(written: str) -> bool:
    """Return whether a word in the path ends with `this`, as handlebars.js tests it."""
    at = written.find("this")
    while at >= 0:
        behind = written[at + 4 : at + 5]
        if not (behind.isascii() and (behind.isalnum() or behind == "_")):
            return True
        at = written.find("this", at + 1)
    return False
