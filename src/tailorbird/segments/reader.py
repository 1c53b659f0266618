"""Reads the parts that every form of condition is made of, and refuses with the line."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import date
from typing import Any as Anything
from typing import Final, NoReturn, TypeAlias, TypeGuard

import msgspec

from tailorbird import durations, yaml_text
from tailorbird.errors import DefinitionError
from tailorbird.privacy.vault import is_personal_property
from tailorbird.segments import grammar, mends, operands
from tailorbird.segments.conditions import Comparison, Filter, Operand
from tailorbird.segments.mends import said
from tailorbird.segments.operands import WORDS as WORDS
from tailorbird.segments.operands import Kind, Unfit
from tailorbird.traits.terms import Op
from tailorbird.yaml_text import Document, Path

Keyed: TypeAlias = Mapping[str, Anything]

_SYMBOLS: Final = {symbol: word for word, symbol in WORDS.items()} | {
    "==": "is", "<>": "is_not", "equals": "is", "equal": "is", "not": "is_not",
    "above": "more_than", "over": "more_than", "gt": "more_than", "gte": "at_least",
    "below": "less_than", "under": "less_than", "lt": "less_than", "lte": "at_most",
    "one_of": "in", "none_of": "not_in", "like": "contains", "known": "exists",
}  # fmt: skip
_OPPOSITE: Final[dict[Op, Op]] = {"exists": "missing", "missing": "exists"}
_NEAR: Final = 0.85
_ONE_VALUE: Final = "write text or a number"


class Vocabulary(msgspec.Struct, frozen=True):
    """The events, declared traits and segments that exist here, beside those that we define.

    Where it is not `complete`, other events and traits may still come. `circles` holds the segments
    that name the one being read, each with the way on which it does.
    """

    events: frozenset[str] = frozenset()
    traits: frozenset[str] = frozenset()
    segments: frozenset[str] = frozenset()
    models: frozenset[str] | None = None
    lists: frozenset[str] | None = None
    complete: bool = True
    circles: Mapping[str, str] = {}
    properties: frozenset[str] | None = None
    """Those without a column that have come; None where nobody knows."""


@dataclass(slots=True)
class Reader:
    """A document being read, with the names that exist."""

    document: Document
    vocabulary: Vocabulary | None

    def mapping(self, value: Anything, path: Path, keys: tuple[str, ...]) -> Keyed:
        """Return the mapping; any key but these is refused."""
        if not isinstance(value, Mapping):
            self.refuse("a mapping is needed", path, f"with the keys {', '.join(keys)}")
        for key in value:
            if key not in keys:
                self.refuse(f"unknown key {said(key)}", (*path, key), _place(key, keys))
        return value

    def property(self, name: str, path: Path) -> None:
        """Refuse a property that is nobody's to ask for, or a known one but for a slip."""
        if not name:
            self.refuse("a property needs a name", path, "write `category: garden`")
        if name not in operands.PROPERTIES and is_personal_property(name):
            what = f"{name!r} is a personal field, which no fact holds"
            self.refuse(what, path, "ask for a property that says nothing of who she is")
        seen = self.vocabulary.properties if self.vocabulary else None
        if seen is None or name.startswith(operands.CONTEXT):
            return
        known = operands.PROPERTIES.keys() | operands.NUMBERS
        if name not in seen | known:
            self.slip("property", name, known, path)

    def refuse(self, what: str, path: Path, mend: str) -> NoReturn:
        """Raise the error that tells what is wrong, on which line, and how to mend it."""
        raise DefinitionError(what, where=self.document.where(path), mend=mend)

    def known(self, noun: str, name: str, known: frozenset[str] | set[str], path: Path) -> None:
        """Refuse a name outside the vocabulary; without a whole one, only a slip of the pen."""
        complete = self.vocabulary is not None and self.vocabulary.complete
        if name in known or not (complete or _slip(name, known)):
            return
        mend = nearest(name, sorted(known))
        if complete and not yaml_text.meant(name, known):
            mend = f"nothing here says it yet: {mend}"
        self.refuse(f"unknown {noun} {name[:80]!r}", path, mend)

    def slip(self, noun: str, name: str, known: Set[str], path: Path) -> None:
        """Refuse a name that is one of these but for a slip of the pen; others may be anything."""
        if _slip(name, known):
            self.refuse(f"unknown {noun} {said(name)}", path, nearest(name, sorted(known)))

    def filters(self, value: Keyed, path: Path, key: str) -> tuple[Filter, ...]:
        """Return the tests of properties under a key; none where it is left out."""
        inner, path = value.get(key, {}), (*path, key)
        if not isinstance(inner, Mapping) or (key in value and not inner):
            self.refuse(f"{key!r} takes properties", path, "write `category: garden` below it")
        filters: list[Filter] = []
        for name, asked in inner.items():
            each = asked if isinstance(asked, Mapping) else None
            if each is not None and len(each) > 1:
                pairs: list[Anything] = [{word: operand} for word, operand in each.items()]
            else:
                pairs = [asked]
            self.property(str(name), (*path, name))
            kind = operands.kind_of_property(str(name))
            for pair in pairs:
                comparison = self.comparison(pair, (*path, name), str(name), kind)
                filters.append(Filter(str(name), comparison))
        return tuple(filters)

    def comparison(
        self, value: Anything, path: Path, name: str, kind: Kind, beside: tuple[str, ...] = ()
    ) -> Comparison:
        """Read `{at_least: 3}`; a bare value means `is`, a bare list `in`."""
        if not isinstance(value, Mapping):
            value = {"in" if isinstance(value, list) else "is": value}
        words = [word for word in value if word in WORDS]
        for key in value:
            if key not in WORDS:
                mend = f"write {_SYMBOLS[key]!r}" if key in _SYMBOLS else ""
                known = [*WORDS, *beside]
                self.refuse(f"unknown key {key!r}", (*path, key), mend or nearest(key, known))
        if not words:
            mend = mends.COMPARED.get(kind, "write `is: 3` or `at_least: 3` below it")
            self.refuse(f"{name!r} is compared with nothing", (*path, *beside[:1]), mend)
        if len(words) > 1:
            what = f"{name!r} needs one comparison, not {len(words)}"
            self.refuse(what, (*path, words[1]), "write a condition for each in `all`")
        word = words[0]
        comparison = self._operands(WORDS[word], value[word], (*path, word))
        try:
            operands.check(name, kind, comparison.op, comparison.operands)
        except Unfit as error:
            self.refuse(error.what, (*path, word), error.mend)
        return comparison

    def window(self, value: Keyed, path: Path, key: str) -> tuple[int | None, int]:
        """Return the bounds of a window; the outer one, under `key`, is None where left out."""
        outer = self.duration(value, path, key)
        inner = self.duration(value, path, "older_than") or 0
        if outer is not None and inner >= outer:
            what = f"nothing is older than {durations.written(inner)} and {key!r} shorter than that"
            self.refuse(what, (*path, "older_than"), f"make {key!r} the longer of the two")
        return outer, inner

    def duration(self, value: Keyed, path: Path, key: str) -> int | None:
        """Return the length of time under a key, None where it is left out."""
        if key not in value:
            return None
        length = durations.read(str(value[key]))
        if not length:
            what = f"{said(value[key])} is no length of time"
            self.refuse(what, (*path, key), mends.length(value[key]))
        if length > durations.LONGEST:
            self.refuse(f"{value[key]!r} is too long", (*path, key), "stay below 100 years")
        return length

    def _operands(self, op: Op, value: Anything, path: Path) -> Comparison:
        if op in ("exists", "missing"):
            if not isinstance(value, bool):
                self.refuse(f"{op!r} takes true or false", path, f"write `{op}: true`")
            return Comparison(op if value else _OPPOSITE[op])
        listed = op in ("in", "not in")
        values = value if listed and isinstance(value, list) else [value]
        if listed and (not isinstance(value, list) or not value):
            one = f"write `[{value}]`, or `is:`" if _is_operand(value) else "write `[gold, silver]`"
            self.refuse("a list is needed", path, one)
        return Comparison(op, tuple(self._operand(each, path) for each in values))

    def _operand(self, value: Anything, path: Path) -> Operand:
        if isinstance(value, date):
            return operands.iso(value)
        if value is None:
            self.refuse("nothing stands here", path, "write a value, or `missing: true`")
        if not _is_operand(value):
            mend = "write `in:` before a list" if isinstance(value, list) else _ONE_VALUE
            self.refuse(f"{said(value)} cannot be compared with", path, mend)
        return value


def _slip(name: str, known: Set[str]) -> bool:
    """Return whether the name is a known one but for a letter or the order of its letters."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=_NEAR)
    return bool(near) or sorted(name) in map(sorted, known)


def _is_operand(value: Anything) -> TypeGuard[Operand]:
    return isinstance(value, str | int | float | bool)


def _place(key: Anything, keys: tuple[str, ...]) -> str:
    """Return where a key that may not stand among these belongs, or which of them was meant."""
    if beside := grammar.elsewhere(str(key), keys[0]):
        return beside
    if key in WORDS or key in _SYMBOLS:
        return f"leave it out: nothing is compared here; known: {', '.join(keys)}"
    return nearest(str(key), list(keys))


def nearest(word: Anything, known: list[str]) -> str:
    """Return `did you mean X?`, or the list of what is known."""
    return yaml_text.nearest(str(word), known)
