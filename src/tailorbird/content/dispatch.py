"""Blocks that choose a block: the one of a slot, and the one of a person's language.

A slot is a name that a template calls as if it were a block; the decision says which block is shown
there (`slots.NAME`). A block `greeting.de` takes the place of `greeting` in mails in German. Both
become blocks that are made here, so no compiler knows of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

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
    arguments = _arguments([start, *(texts[name] for name in names if name in texts)])
    found = {name: texts[name] for name in sorted(names) if name in texts}
    for name in sorted(names - choosing.slots.keys()):
        if locales := variants(texts, name, choosing.locale):
            own = f"{name}.{choosing.locale}"
            if name in found:
                found.setdefault(own, found[name])
            found[name] = _by_locale(name, locales, own if own in found else "", arguments)
    for name in names & choosing.slots.keys():
        roots = choosing.valued.get(name, ())
        found[name] = _by_slot(name, choosing.slots[name], roots, arguments)
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


def _by_locale(name: str, locales: list[str], own: str, arguments: tuple[str, ...]) -> str:
    words = ["if", *["elsif"] * len(locales)]
    made = "".join(
        f"{{%- {word} locales contains '{locale}' -%}}{_call(f'{name}.{locale}', arguments)}"
        for word, locale in zip(words, locales, strict=False)
    )
    rest = f"{{%- else -%}}{_call(own, arguments)}" if own else ""
    return f"{made}{rest}{{%- endif -%}}"


def _by_slot(
    name: str, blocks: tuple[str, ...], roots: tuple[str, ...], arguments: tuple[str, ...]
) -> str:
    own = "".join(f", {root}: slot_values['{name}'].{root}" for root in roots)
    passed = tuple(each for each in arguments if each not in roots)
    arms = "".join(f"{{%- when '{block}' -%}}{_call(block, passed, own)}" for block in blocks)
    return f"{{%- case slots['{name}'] -%}}{arms}{{%- endcase -%}}"


def _call(name: str, arguments: tuple[str, ...], own: str = "") -> str:
    passed = "".join(f", {each}: {each}" for each in arguments)
    return f"{{% render '{name}'{passed}{own} %}}"


def _arguments(texts: list[str]) -> tuple[str, ...]:
    """Return the names of everything that is passed to a block by name."""
    markups = (markup for text in texts for _, markup in _calls(text))
    names = {match[1] for markup in markups for match in _ARGUMENT.finditer(markup)}
    return tuple(sorted(names - {None}))


def _calls(text: str) -> Iterator[tuple[str, str]]:
    """Yield the name and the markup of every call; nothing of a text that cannot be read."""
    try:
        tokens = tokenize(Source("block", text))
    except TemplateError:
        return  # told with its place when the text is compiled
    for token in tokens:
        if token.kind == "tag" and token.name in _CALLS and (name := _BLOCK.match(token.text)):
            yield name[2], token.text[name.end() :]
