"""Blocks that choose a block: the one of a slot, and the one of a person's language.

A slot is a name that a template calls as if it were a block; the decision says which block is shown
there (`slots.NAME`). A block `greeting.de` takes the place of `greeting` in mails in German. Both
become blocks that are made here, so no compiler knows of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import pairwise
from typing import Final, Protocol

import msgspec

from tailorbird.content.handlebars.tokens import tokenize as words_of
from tailorbird.content.languages import syntax_of
from tailorbird.content.liquid import Source, tokenize
from tailorbird.content.locales import chain, is_locale
from tailorbird.errors import TemplateError

_CALLS: Final = ("render", "include")
_BLOCK: Final = re.compile(r"""\s*(['"])(.*?)\1""")
_ARGUMENT: Final = re.compile(r"""([A-Za-z_][\w-]*)\s*:|'[^']*'|"[^"]*\"""")


class Choosing(msgspec.Struct, frozen=True):
    """The slots with the blocks that each may show, and the shop's own language.

    `valued` names the slots that have values of their own, each with the roots of those.
    """

    slots: dict[str, tuple[str, ...]] = {}
    valued: dict[str, tuple[str, ...]] = {}
    locale: str = "en"


def dispatched(texts: Mapping[str, str], start: str, choosing: Choosing) -> dict[str, str]:
    """Return the blocks that a text needs, with one made for every choice among them."""
    names = called(texts, start, choosing)
    words: _Words = _Handlebars()
    if syntax_of(start) == "liquid":
        words = _Liquid([start, *(texts[name] for name in names if name in texts)])
    found = {name: texts[name] for name in sorted(names) if name in texts}
    for name in sorted(names - choosing.slots.keys()):
        if locales := variants(texts, name, choosing.locale):
            own = f"{name}.{choosing.locale}"
            if name in found:
                found.setdefault(own, found[name])
            found[name] = words.by_locale(name, locales, own if own in found else "")
    for name in names & choosing.slots.keys():
        roots = choosing.valued.get(name, ())
        found[name] = words.by_slot(name, choosing.slots[name], roots)
    return found


def called(texts: Mapping[str, str], start: str, choosing: Choosing) -> set[str]:
    """Return the blocks and slots that a text calls, itself or by another."""
    found: set[str] = set()
    waiting = [name for name, _ in _calls(start)]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        waiting += choosing.slots.get(name, ())
        waiting += [f"{name}.{each}" for each in variants(texts, name, choosing.locale)]
        waiting += [inner for inner, _ in _calls(texts.get(name, ""))]
    return found


def variants(texts: Mapping[str, str], name: str, own: str) -> list[str]:
    """Return the locales in which a block was written, the most particular first.

    The shop's own come last: everybody's chain ends there.
    """
    mark, last = f"{name}.", chain("", own)
    found = [each[len(mark) :] for each in texts if each.startswith(mark)]
    return sorted(filter(is_locale, found), key=lambda each: (each in last, -len(each), each))


class _Words(Protocol):
    """How a template language calls blocks, and chooses among them."""

    def by_locale(self, name: str, locales: list[str], own: str) -> str:
        """Return the block that shows the one of a person's language; `own` if there is none."""

    def by_slot(self, name: str, blocks: tuple[str, ...], roots: tuple[str, ...]) -> str:
        """Return the block that shows what the decision chose, with its own values of `roots`."""


class _Liquid:
    """Liquid passes on whatever some call in the mail passes by name: `arguments`."""

    def __init__(self, texts: list[str]) -> None:
        markups = (markup for text in texts for _, markup in _calls(text))
        names = {match[1] for markup in markups for match in _ARGUMENT.finditer(markup)}
        self._arguments = tuple(sorted(names - {None}))

    def by_locale(self, name: str, locales: list[str], own: str) -> str:
        words = ["if", *["elsif"] * len(locales)]
        made = "".join(
            f"{{%- {word} locales contains '{locale}' -%}}"
            f"{self._call(f'{name}.{locale}', self._arguments)}"
            for word, locale in zip(words, locales, strict=False)
        )
        rest = f"{{%- else -%}}{self._call(own, self._arguments)}" if own else ""
        return f"{made}{rest}{{%- endif -%}}"

    def by_slot(self, name: str, blocks: tuple[str, ...], roots: tuple[str, ...]) -> str:
        own = "".join(f", {root}: slot_values['{name}'].{root}" for root in roots)
        passed = tuple(each for each in self._arguments if each not in roots)
        arms = "".join(
            f"{{%- when '{block}' -%}}{self._call(block, passed, own)}" for block in blocks
        )
        return f"{{%- case slots['{name}'] -%}}{arms}{{%- endcase -%}}"

    def _call(self, name: str, arguments: tuple[str, ...], own: str = "") -> str:
        passed = "".join(f", {each}: {each}" for each in arguments)
        return f"{{% render '{name}'{passed}{own} %}}"


class _Handlebars:
    """Handlebars shows a block where it is called: it sees what is seen there."""

    def by_locale(self, name: str, locales: list[str], own: str) -> str:
        tests = [(f"includes @root.locales '{each}'", f"{name}.{each}") for each in locales]
        return _chained(tests, f"{{{{else}}}}{{{{> '{own}'}}}}" if own else "")

    def by_slot(self, name: str, blocks: tuple[str, ...], roots: tuple[str, ...]) -> str:
        tests = [(f"eq (lookup @root.slots '{name}') '{each}'", each) for each in blocks]
        made = _chained(tests, "")
        return f"{{{{#with (slot '{name}')}}}}{made}{{{{/with}}}}" if roots else made


def _chained(tests: list[tuple[str, str]], rest: str) -> str:
    """Return the Handlebars that shows the block behind the first test that holds."""
    words = ["#if", *["else if"] * len(tests)]
    arms = "".join(
        f"{{{{{word} ({test})}}}}{{{{> '{block}'}}}}"
        for word, (test, block) in zip(words, tests, strict=False)
    )
    return f"{arms}{rest}{{{{/if}}}}" if arms else ""


def _calls(text: str) -> Iterator[tuple[str, str]]:
    """Yield the name and the markup of every call; nothing of a text that cannot be read."""
    with suppress(TemplateError):  # told with its place when the text is compiled
        if syntax_of(text) == "handlebars":
            words = words_of(Source("block", text))
            for mark, name in pairwise(words):
                if mark.kind in ("open_partial", "open_partial_block"):
                    yield name.text, ""
            return
        for token in tokenize(Source("block", text)):
            if token.kind == "tag" and token.name in _CALLS and (at := _BLOCK.match(token.text)):
                yield at[2], token.text[at.end() :]
