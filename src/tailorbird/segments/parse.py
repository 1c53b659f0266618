"""Segments as authors write them in YAML.

name: cart-abandoners
description: Put something in the cart in the last 24 hours and bought nothing since
where:
  all:
    - did: add_to_cart            # an event
      where: {category: garden}   # properties of the event
      times: {at_least: 2}        # or  sum: {of: value_minor, at_least: 5000}
      within: 24h                 # younger than; older_than: 1h  for the other end
    - did_not: purchase
      within: 30d
    - did: add_to_cart            # A, then not B within 24 hours; A in the last two days
      then_not: purchase          # or  then: purchase;  then_where: for its properties
      within: 24h                 # leave it out for "until now"
      since: 2d
    - trait: tier
      in: [gold, silver]
    - segment: engaged
    - any:
        - not: {trait: country, is: DE}
        - {trait: recency_days, at_most: 30}

Comparisons: is, is_not, less_than, at_most, more_than, at_least, in, not_in, exists, missing. A
value that is missing fails every comparison but `missing`. Durations: 45s, 30m, 24h, 90d, 2w.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any as Anything
from typing import Final, NoReturn, TypeGuard

import msgspec

from tailorbird import yaml_text
from tailorbird.errors import DefinitionError
from tailorbird.privacy.vault import PERSONAL_FIELDS
from tailorbird.schema import Names
from tailorbird.segments import durations, operands
from tailorbird.segments.conditions import (
    All,
    Any,
    Comparison,
    Condition,
    Did,
    DidNot,
    Filter,
    InSegment,
    Not,
    Operand,
    Segment,
    Then,
    Total,
    TraitIs,
)
from tailorbird.segments.operands import Kind, Unfit
from tailorbird.traits.registry import TRAITS
from tailorbird.traits.terms import Op
from tailorbird.yaml_text import Document, Path

WORDS: Final[dict[str, Op]] = {
    "is": "=", "is_not": "!=", "less_than": "<", "at_most": "<=", "more_than": ">",
    "at_least": ">=", "in": "in", "not_in": "not in", "exists": "exists", "missing": "missing",
}  # fmt: skip
EVENTS: Final = frozenset(
    (
        Names.PURCHASE, Names.RETURN, Names.ADD_TO_CART, Names.PRODUCT_VIEWED, Names.PAGE_VIEWED,
        Names.EMAIL_SENT, Names.EMAIL_OPENED, Names.EMAIL_CLICKED, Names.EMAIL_BOUNCED,
        Names.UNSUBSCRIBED, Names.PAGE_LEFT, Names.SCREEN_VIEWED, Names.PRODUCT_LIST_VIEWED,
        Names.PRODUCTS_SEARCHED, Names.REMOVE_FROM_CART, Names.CART_VIEWED, Names.CHECKOUT_STARTED,
        Names.COUPON_APPLIED, Names.ORDER_CANCELLED, Names.WISHLIST_ADDED, Names.WISHLIST_REMOVED,
        Names.TICKET_OPENED, Names.TICKET_CLOSED, Names.SURVEY_ANSWERED, Names.REVIEW_SUBMITTED,
        Names.SESSION_STARTED, Names.SESSION_ENDED,
    )
)  # fmt: skip
"""Canonical events that leave facts behind."""
DEEPEST: Final = 24
MOST_LEAVES: Final = 100

_SYMBOLS: Final = {symbol: word for word, symbol in WORDS.items()} | {"==": "is", "<>": "is_not"}
_FORMS: Final = ("all", "any", "not", "did", "did_not", "trait", "segment")
_NEAR: Final = 0.85
_Mapping = Mapping[str, Anything]


class Vocabulary(msgspec.Struct, frozen=True):
    """The events, declared traits and segments that exist here, beside those that we define."""

    events: frozenset[str] = frozenset()
    traits: frozenset[str] = frozenset()
    segments: frozenset[str] = frozenset()


def parse(
    text: str, name: str, *, version: int = 0, vocabulary: Vocabulary | None = None
) -> Segment:
    """Return the segment that a YAML text defines; `name` is its file, for errors.

    With a `vocabulary`, every name outside it is refused. Without, only those that look like a
    slip of the pen: other events and declared traits may still come.

    Raises:
        DefinitionError: `file:line: what is wrong; how to mend it`.
    """
    try:
        document = yaml_text.read(text, name)
    except RecursionError:
        mend = f"at most {DEEPEST} levels"
        raise DefinitionError("nested too deeply", where=name, mend=mend) from None
    return _Reader(document, vocabulary).segment(version)


@dataclass(slots=True)
class _Reader:
    document: Document
    vocabulary: Vocabulary | None
    leaves: int = 0

    def segment(self, version: int) -> Segment:
        value = self._mapping(self.document.value, (), ("name", "description", "where"))
        name, description = value.get("name"), value.get("description", "")
        if not isinstance(name, str) or not name:
            self._refuse("a segment needs a name", ("name",), "write `name: my-segment`")
        if not isinstance(description, str):
            self._refuse("the description is not text", ("description",), "put it in quotes")
        if "where" not in value:
            self._refuse("nothing says who is in", (), "add `where:` with a condition")
        return Segment(name, self.condition(value["where"], ("where",)), description, version)

    def condition(self, value: Anything, path: Path) -> Condition:
        if sum(isinstance(step, str) for step in path) > DEEPEST:
            self._refuse("conditions are nested too deeply", path, f"at most {DEEPEST} levels")
        if not isinstance(value, Mapping):
            self._refuse("a condition must be a mapping", path, f"start with {_either(_FORMS)}")
        forms = [form for form in _FORMS if form in value]
        if not forms:
            known = [*_FORMS, *WORDS]
            first = str(next(iter(value), ""))
            self._refuse(
                f"no condition starts with {first!r}", (*path, first), _nearest(first, known)
            )
        if len(forms) > 1:
            two = f"{forms[0]!r} and {forms[1]!r} stand in one condition"
            self._refuse(two, (*path, forms[1]), "put each under its own `-` in `all`")
        return self._form(forms[0], value, path)

    def _form(self, form: str, value: _Mapping, path: Path) -> Condition:
        match form:
            case "all":
                return All(self._group("all", value, path))
            case "any":
                return Any(self._group("any", value, path))
            case "not":
                self._mapping(value, path, ("not",))
                return Not(self.condition(value["not"], (*path, "not")))
        self.leaves += 1
        if self.leaves > MOST_LEAVES:
            self._refuse("too many conditions", path, f"at most {MOST_LEAVES}; split the segment")
        match form:
            case "did" if "then" in value or "then_not" in value:
                return self._then(value, path)
            case "did":
                return self._did(value, path)
            case "did_not":
                return self._did_not(value, path)
            case "trait":
                return self._trait(value, path)
            case _:
                return self._in_segment(value, path)

    def _group(self, key: str, value: _Mapping, path: Path) -> tuple[Condition, ...]:
        self._mapping(value, path, (key,))
        inner, path = value[key], (*path, key)
        if not isinstance(inner, list):
            self._refuse(f"{key!r} takes a list", path, "put each condition under a `-`")
        if not inner:
            self._refuse(f"{key!r} is empty", path, "add a condition, or remove the group")
        return tuple(self.condition(each, (*path, index)) for index, each in enumerate(inner))

    def _did(self, value: _Mapping, path: Path) -> Did:
        keys = ("did", "where", "times", "sum", "within", "older_than")
        self._mapping(value, path, keys)
        if "times" in value and "sum" in value:
            self._refuse("both 'times' and 'sum'", (*path, "sum"), "write two conditions in `all`")
        within, older_than = self._window(value, path, "within")
        return Did(
            event=self._event(value["did"], (*path, "did")),
            where=self._filters(value, path, "where"),
            times=self._times(value, path),
            total=self._total(value, path),
            within=within,
            older_than=older_than,
        )

    def _did_not(self, value: _Mapping, path: Path) -> DidNot:
        self._mapping(value, path, ("did_not", "where", "within", "older_than"))
        within, older_than = self._window(value, path, "within")
        event = self._event(value["did_not"], (*path, "did_not"))
        return DidNot(event, self._filters(value, path, "where"), within, older_than)

    def _then(self, value: _Mapping, path: Path) -> Then:
        keys = ("did", "then", "then_not", "where", "then_where", "within", "since", "older_than")
        self._mapping(value, path, keys)
        if "then" in value and "then_not" in value:
            self._refuse("both 'then' and 'then_not'", (*path, "then_not"), "keep one of them")
        word = "then" if "then" in value else "then_not"
        since, older_than = self._window(value, path, "since")
        within = self._duration(value, path, "within")
        if word == "then_not" and within and since and within >= since:
            what = f"'since' ({durations.written(since)}) ends before 'within' is over"
            self._refuse(what, (*path, "since"), "make 'since' longer than 'within'")
        return Then(
            event=self._event(value["did"], (*path, "did")),
            then=self._event(value[word], (*path, word)),
            absent=word == "then_not",
            where=self._filters(value, path, "where"),
            then_where=self._filters(value, path, "then_where"),
            within=within,
            since=since,
            older_than=older_than,
        )

    def _trait(self, value: _Mapping, path: Path) -> TraitIs:
        name = value["trait"]
        if not isinstance(name, str):
            self._refuse("a trait's name is text", (*path, "trait"), "put it in quotes")
        self._known_trait(name, (*path, "trait"))
        rest = {key: each for key, each in value.items() if key != "trait"}
        kind = operands.kind_of_trait(name)
        return TraitIs(name, self._comparison(rest, path, name, kind, ("trait",)))

    def _in_segment(self, value: _Mapping, path: Path) -> InSegment:
        self._mapping(value, path, ("segment",))
        name = value["segment"]
        if not isinstance(name, str) or not name:
            self._refuse("a segment's name is text", (*path, "segment"), "put it in quotes")
        if self.vocabulary and name not in self.vocabulary.segments:
            known = sorted(self.vocabulary.segments)
            self._refuse(f"no segment {name!r}", (*path, "segment"), _nearest(name, known))
        return InSegment(name)

    def _event(self, name: Anything, path: Path) -> str:
        if not isinstance(name, str) or not name:
            self._refuse("an event's name is text", path, "put it in quotes")
        if name in (Names.IDENTIFY, Names.PRODUCT_UPDATED, Names.CONSENT_CHANGED):
            self._refuse(f"{name!r} leaves no fact behind", path, "ask for a trait instead")
        extra = self.vocabulary.events if self.vocabulary else frozenset()
        self._known("event", name, EVENTS | extra, path)
        return name

    def _known_trait(self, name: str, path: Path) -> None:
        if name in PERSONAL_FIELDS:
            what = f"{name!r} is a personal field, which segments never read"
            self._refuse(what, path, "declare a trait that is not personal")
        extra = self.vocabulary.traits if self.vocabulary else frozenset()
        self._known("trait", name, TRAITS.keys() | extra, path)

    def _known(self, noun: str, name: str, known: frozenset[str] | set[str], path: Path) -> None:
        if name not in known and (self.vocabulary or _slip(name, known)):
            self._refuse(f"unknown {noun} {name!r}", path, _nearest(name, sorted(known)))

    def _times(self, value: _Mapping, path: Path) -> Comparison | None:
        if "times" not in value:
            return None
        path = (*path, "times")
        comparison = self._comparison(value["times"], path, "times", "integer")
        if any(isinstance(count, int) and count < 0 for count in comparison.operands):
            self._refuse("nobody does something less than 0 times", path, "count from 0")
        return comparison

    def _total(self, value: _Mapping, path: Path) -> Total | None:
        if "sum" not in value:
            return None
        path, inner = (*path, "sum"), value["sum"]
        if not isinstance(inner, Mapping) or inner.get("of") not in operands.TOTALS:
            self._refuse("'sum' needs what to add up", path, "write `of: value_minor`")
        rest = {key: each for key, each in inner.items() if key != "of"}
        of = next(each for each in operands.TOTALS if each == inner["of"])
        return Total(of, self._comparison(rest, path, of, "integer", ("of",)))

    def _filters(self, value: _Mapping, path: Path, key: str) -> tuple[Filter, ...]:
        inner, path = value.get(key, {}), (*path, key)
        if not isinstance(inner, Mapping) or (key in value and not inner):
            self._refuse(f"{key!r} takes properties", path, "write `category: garden` below it")
        filters: list[Filter] = []
        for name, asked in inner.items():
            each = asked if isinstance(asked, Mapping) else None
            if each is not None and len(each) > 1:
                pairs: list[Anything] = [{word: operand} for word, operand in each.items()]
            else:
                pairs = [asked]
            kind = operands.kind_of_property(str(name))
            for pair in pairs:
                comparison = self._comparison(pair, (*path, name), str(name), kind)
                filters.append(Filter(str(name), comparison))
        return tuple(filters)

    def _comparison(
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
                self._refuse(f"unknown key {key!r}", (*path, key), mend or _nearest(key, known))
        if len(words) != 1:
            what = f"{name!r} needs one comparison, not {len(words)}"
            self._refuse(what, (*path, *beside), f"one of: {', '.join(WORDS)}")
        word = words[0]
        comparison = self._operands(WORDS[word], value[word], (*path, word))
        try:
            operands.check(name, kind, comparison.op, comparison.operands)
        except Unfit as error:
            self._refuse(error.what, (*path, word), error.mend)
        return comparison

    def _operands(self, op: Op, value: Anything, path: Path) -> Comparison:
        if op in ("exists", "missing"):
            if not isinstance(value, bool):
                self._refuse(f"{op!r} takes true or false", path, f"write `{op}: true`")
            return Comparison(op if value else _OPPOSITE[op])
        listed = op in ("in", "not in")
        values = value if listed and isinstance(value, list) else [value]
        if listed and (not isinstance(value, list) or not value):
            self._refuse("a list is needed", path, "write `[gold, silver]`")
        return Comparison(op, tuple(self._operand(each, path) for each in values))

    def _operand(self, value: Anything, path: Path) -> Operand:
        if isinstance(value, date):
            return operands.iso(value)
        if not _is_operand(value):
            self._refuse(f"{value!r} cannot be compared with", path, "write text or a number")
        return value

    def _window(self, value: _Mapping, path: Path, key: str) -> tuple[int | None, int]:
        outer = self._duration(value, path, key)
        inner = self._duration(value, path, "older_than") or 0
        if outer is not None and inner >= outer:
            what = f"nothing is older than {durations.written(inner)} and {key!r} shorter than that"
            self._refuse(what, (*path, "older_than"), f"make {key!r} the longer of the two")
        return outer, inner

    def _duration(self, value: _Mapping, path: Path, key: str) -> int | None:
        if key not in value:
            return None
        length = durations.read(str(value[key]))
        if not length:
            mend = "write a length such as 45s, 30m, 24h, 90d or 2w"
            self._refuse(f"{value[key]!r} is no length of time", (*path, key), mend)
        if length > durations.LONGEST:
            self._refuse(f"{value[key]!r} is too long", (*path, key), "stay below 100 years")
        return length

    def _mapping(self, value: Anything, path: Path, keys: tuple[str, ...]) -> _Mapping:
        if not isinstance(value, Mapping):
            self._refuse("a mapping is needed", path, f"with the keys {', '.join(keys)}")
        for key in value:
            if key not in keys:
                self._refuse(f"unknown key {key!r}", (*path, key), _nearest(str(key), list(keys)))
        return value

    def _refuse(self, what: str, path: Path, mend: str) -> NoReturn:
        raise DefinitionError(what, where=self.document.where(path), mend=mend)


_OPPOSITE: Final[dict[Op, Op]] = {"exists": "missing", "missing": "exists"}


def _slip(name: str, known: frozenset[str] | set[str]) -> bool:
    """Return whether the name is a known one but for a letter or the order of its letters."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=_NEAR)
    return bool(near) or sorted(name) in map(sorted, known)


def _is_operand(value: Anything) -> TypeGuard[Operand]:
    return isinstance(value, str | int | float | bool)


def _nearest(word: Anything, known: list[str]) -> str:
    return yaml_text.nearest(str(word), known)


def _either(words: tuple[str, ...]) -> str:
    return ", ".join(f"`{word}:`" for word in words)
