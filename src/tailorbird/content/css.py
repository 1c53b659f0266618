"""Style sheets as far as mails use them: rules, media queries, simple selectors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_COMMENT: Final = re.compile(r"/\*.*?\*/|<!--|-->", re.S)
_IMPORTANT: Final = re.compile(r"\s*!\s*important\s*$", re.I)


@dataclass(frozen=True, slots=True)
class Declaration:
    """A property and its value."""

    name: str
    value: str
    important: bool = False

    def __str__(self) -> str:
        """Return it as it stands in a sheet."""
        return f"{self.name}: {self.value}{' !important' if self.important else ''}"


@dataclass(frozen=True, slots=True)
class Rule:
    """Declarations for whatever one of the selectors fits."""

    selectors: tuple[str, ...]
    declarations: tuple[Declaration, ...]


def declarations(text: str) -> tuple[Declaration, ...]:
    """Return the declarations of a `style` attribute or of a rule's inside."""
    return tuple(each for part in _split(text, ";") if (each := _declaration(part)))


def _declaration(text: str) -> Declaration | None:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        return None
    plain = _IMPORTANT.sub("", value.strip())
    return Declaration(name.strip().lower(), plain, plain != value.strip())


def rules(sheet: str) -> Iterator[Rule]:
    """Yield the rules of a sheet that stand in no at-rule."""
    for prelude, inner in _blocks(sheet):
        if not prelude.startswith("@"):
            selectors = tuple(" ".join(part.split()) for part in _split(prelude, ","))
            yield Rule(tuple(filter(None, selectors)), declarations(inner))


def media(sheet: str) -> Iterator[tuple[str, str]]:
    """Yield the query and the inside of every `@media`."""
    for prelude, inner in _blocks(sheet):
        if prelude.lower().startswith("@media"):
            yield prelude[6:].strip(), inner


def _blocks(sheet: str) -> Iterator[tuple[str, str]]:
    """Yield what stands before and inside each outermost pair of braces."""
    sheet = _COMMENT.sub(" ", sheet)
    depth = begin = inside = 0
    for place, sign in _signs(sheet):
        if sign == "{":
            inside = place + 1 if depth == 0 else inside
            depth += 1
        elif sign == "}":
            depth = max(0, depth - 1)
            if depth == 0:
                yield sheet[begin : inside - 1].strip(), sheet[inside:place]
                begin = place + 1
        elif depth == 0:  # the end of an at-rule without a block
            begin = place + 1


def _signs(text: str) -> Iterator[tuple[int, str]]:
    quote = ""
    for place, sign in enumerate(text):
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "\"'":
            quote = sign
        elif sign in "{};":
            yield place, sign


def _split(text: str, mark: str) -> Iterator[str]:
    """Yield the parts between marks that stand in no quotes and no brackets."""
    quote, depth, begin = "", 0, 0
    for place, sign in enumerate(text):
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "\"'":
            quote = sign
        elif sign in "([":
            depth += 1
        elif sign in ")]":
            depth -= 1
        elif sign == mark and depth <= 0:
            yield text[begin:place]
            begin = place + 1
    yield text[begin:]
