"""Segments as authors write them, in YAML or JSON.

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
    - did: purchase               # average, min, max: {of: ...};  distinct: {of: category, ...}
      first: {older_than: 30d}    # or  last: {after: 2026-01-01}
      weekdays: [sat, sun]        # and  between_hours: [18, 23],  after:  and  before:  a date
    - {did: product_viewed, times: {at_least: 3}, per: item}    # one and the same item
    - did: product_viewed         # steps; each within a while of the one before
      then: [{did: add_to_cart, within: 2d}, {did_not: purchase, within: 1h}]
      since: 30d
    - {did: email_sent, of_last: 5, answered_by: email_opened, times: {at_least: 2}}
    - {did: purchase, times: {at_least: 3}, every: 7d, periods: 4}    # in_at_least: 3 of them
    - {points: {email_opened: 1, email_clicked: 3}, half_life: 14d, at_least: 2.5}
    - trait: tier
      in: [gold, silver]
    - segment: engaged              # another segment;  list: vip  who was put on a list
    - {model: churn, at_least: 0.5}   # the latest score of a model
    - any:
        - not: {trait: country, is: DE}
        - {trait: recency_days, at_most: 30}

Comparisons: is, is_not, less_than, at_most, more_than, at_least, in, not_in, exists, missing. A
value that is missing fails every comparison but `missing`. Durations: 45s, 30m, 24h, 90d, 2w.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any as Anything
from typing import Final, TypeAlias

from tailorbird import yaml_text
from tailorbird.errors import DefinitionError
from tailorbird.segments import (
    json_text,
    parse_events,
    parse_patterns,
    parse_sql,
    parse_traits,
    schedule,
)
from tailorbird.segments.conditions import All, Any, Condition, Not, Segment, worked_out
from tailorbird.segments.reader import WORDS, Keyed, Reader, Vocabulary, nearest
from tailorbird.segments.schedule import HOURLY, LIVE, WAYS, Schedule
from tailorbird.yaml_text import Document, Path

DEEPEST: Final = 24
_UNSOUND: Final = re.compile(r"[\x00\ud800-\udfff]")
MOST_LEAVES: Final = 100

_Leaf: TypeAlias = Callable[[Reader, Keyed, Path], Condition]
_LEAVES: Final[dict[str, _Leaf]] = {
    "did": parse_events.did,
    "did_not": parse_events.did_not,
    "points": parse_patterns.points,
    "trait": parse_traits.trait,
    "model": parse_traits.model,
    "list": parse_traits.on_list,
    "segment": parse_traits.in_segment,
}
"""What reads the conditions that start with a word: another form is one line here."""
_FORMS: Final = ("all", "any", "not", *_LEAVES)


def parse(
    text: str, name: str, *, version: int = 0, vocabulary: Vocabulary | None = None
) -> Segment:
    """Return the segment that a text in YAML or JSON defines; `name` is its file, for errors.

    With a `vocabulary`, every name outside it is refused. Without, only those that look like a
    slip of the pen: other events and declared traits may still come.

    Raises:
        DefinitionError: `file:line: what is wrong; how to mend it`.
    """
    return of_document(document(text, name), version=version, vocabulary=vocabulary)


def of_document(
    document: Document, *, version: int = 0, vocabulary: Vocabulary | None = None
) -> Segment:
    """Return the segment that a document defines, as `parse` does.

    Raises:
        DefinitionError: with the place and the mend.
    """
    return _Tree(Reader(_sound(document), vocabulary)).segment(version)


def from_json(text: str, name: str = "segment.json", *, version: int = 0) -> Segment:
    """Return the segment that a JSON text defines.

    Raises:
        DefinitionError: `file:line:column: what is wrong; how to mend it`.
    """
    return _Tree(Reader(_sound(json_text.read(text, name)), None)).segment(version)


def condition(
    value: Anything, document: Document, vocabulary: Vocabulary | None = None
) -> Condition:
    """Return the condition that plain values stand for; errors point to the document's place.

    With a `vocabulary`, every name outside it is refused.

    Raises:
        DefinitionError: with the mend.
    """
    _sound(Document(document.name, value, document.lines, document.columns))
    return _Tree(Reader(document, vocabulary)).condition(value, ())


def _sound(document: Document) -> Document:
    """Return the document; characters that no store keeps are refused, wherever they stand."""
    waiting: list[tuple[Path, Anything]] = [((), document.value)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, Mapping):
            waiting += [((*path, key), each) for key, each in value.items()]
            waiting += [((*path, key), key) for key in value]
        elif isinstance(value, list):
            waiting += [((*path, at), each) for at, each in enumerate(value)]
        elif isinstance(value, str) and (bad := _UNSOUND.search(value)):
            what = f"{bad[0]!a} is a character that no text has"
            raise DefinitionError(what, where=document.where(path), mend="leave it out")
    return document


def document(text: str, name: str) -> Document:
    """Return the plain values of a text in YAML or JSON, with their places.

    Raises:
        DefinitionError: it is neither.
    """
    try:
        if json_text.is_json(text):
            return json_text.read(text, name)
        return yaml_text.read(text, name, columns=True)
    except DefinitionError as error:
        if not json_text.is_json(text):
            raise
        return _flow(text, name, error)
    except RecursionError:
        mend = f"at most {DEEPEST} levels"
        raise DefinitionError("nested too deeply", where=name, mend=mend) from None


def _flow(text: str, name: str, error: DefinitionError) -> Document:
    """Return what only looked like JSON as the YAML that it is, or raise what JSON said."""
    try:
        return yaml_text.read(text, name, columns=True)
    except (DefinitionError, RecursionError):
        raise error from None


@dataclass(slots=True)
class _Tree:
    reader: Reader
    leaves: int = 0

    def segment(self, version: int) -> Segment:
        keys = ("name", "description", "refresh", "where", "sql")
        refuse = self.reader.refuse
        value = self.reader.mapping(self.reader.document.value, (), keys)
        name, description = value.get("name"), value.get("description", "")
        if not isinstance(name, str) or not name:
            refuse("a segment needs a name", ("name",), "write `name: my-segment`")
        if not isinstance(description, str):
            refuse("the description is not text", ("description",), "put it in quotes")
        if "where" not in value and "sql" not in value:
            refuse("nothing says who is in", (), "add `where:` with a condition")
        every = self._schedule(value)
        if "sql" in value:
            text = parse_sql.sql(self.reader, value, every)
            return Segment(name, worked_out(name), description, version, every or HOURLY, text)
        condition = self.condition(value["where"], ("where",))
        return Segment(name, condition, description, version, every or LIVE)

    def _schedule(self, value: Keyed) -> Schedule | None:
        if "refresh" not in value:
            return None
        found = schedule.read(str(value["refresh"]))
        if found is None:
            what = f"{value['refresh']!r} is no schedule"
            self.reader.refuse(what, ("refresh",), f"write {WAYS}")
        return found

    def condition(self, value: Anything, path: Path) -> Condition:
        refuse = self.reader.refuse
        if sum(isinstance(step, str) for step in path) > DEEPEST:
            refuse("conditions are nested too deeply", path, f"at most {DEEPEST} levels")
        if not isinstance(value, Mapping):
            listed = isinstance(value, list)
            mend = "write `all:` or `any:` above the list" if listed else "write `did: purchase`"
            refuse("a condition must be a mapping", path, f"{mend}; it starts with {_STARTS}")
        if not value:
            refuse("nothing stands here", path, "write `did: purchase`")
        forms = [form for form in _FORMS if form in value]
        if not forms:
            first = str(next(iter(value)))
            mend = _MEANT.get(first.lower()) or nearest(first.lower(), [*_FORMS])
            if first in WORDS:
                mend = "say of what, as in `trait: tier` with it below"
            refuse(f"no condition starts with {first[:80]!r}", (*path, first), mend)
        if len(forms) > 1:
            two = f"{forms[0]!r} and {forms[1]!r} stand in one condition"
            refuse(two, (*path, forms[1]), "put each under its own `-` in `all`")
        return self._form(forms[0], value, path)

    def _form(self, form: str, value: Keyed, path: Path) -> Condition:
        match form:
            case "all":
                return All(self._group("all", value, path))
            case "any":
                return Any(self._group("any", value, path))
            case "not":
                self.reader.mapping(value, path, ("not",))
                return Not(self.condition(value["not"], (*path, "not")))
        self.leaves += 1
        if self.leaves > MOST_LEAVES:
            mend = f"at most {MOST_LEAVES}; split the segment"
            self.reader.refuse("too many conditions", path, mend)
        return _LEAVES[form](self.reader, value, path)

    def _group(self, key: str, value: Keyed, path: Path) -> tuple[Condition, ...]:
        self.reader.mapping(value, path, (key,))
        inner, path = value[key], (*path, key)
        if not isinstance(inner, list):
            self.reader.refuse(f"{key!r} takes a list", path, "put each condition under a `-`")
        if not inner:
            self.reader.refuse(f"{key!r} is empty", path, "add a condition, or remove the group")
        return tuple(self.condition(each, (*path, index)) for index, each in enumerate(inner))


_STARTS: Final = ", ".join(f"`{word}:`" for word in _FORMS)
_MEANT: Final = {
    "and": "write `all:`", "or": "write `any:`", "none": "write `not:` and `any:` below it",
    "event": "write `did:`", "events": "write `did:`", "property": "write `trait:`",
    "in_segment": "write `segment:`", "score": "write `model:`", "tag": "write `list:`",
}  # fmt: skip
