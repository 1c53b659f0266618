"""Conditions on traits and on other segments, as authors write them."""

from __future__ import annotations

import re
from typing import Final, Literal

from tailorbird.privacy.vault import PERSONAL_FIELDS
from tailorbird.segments import operands, parse_counts
from tailorbird.segments.conditions import (
    Comparison,
    DateIs,
    DateMeasure,
    Has,
    InSegment,
    OnList,
    Scored,
    TraitIs,
)
from tailorbird.segments.mends import said
from tailorbird.segments.reader import Keyed, Reader, Vocabulary, nearest
from tailorbird.traits.parametrised import FORMS, parametrised
from tailorbird.traits.registry import TRAITS, computed
from tailorbird.yaml_text import Path


def trait(reader: Reader, value: Keyed, path: Path) -> TraitIs | DateIs | Has:
    """Return a `trait`: a value, how far a date is, or what a list has."""
    name = value["trait"]
    if not isinstance(name, str):
        reader.refuse("a trait's name is text", (*path, "trait"), "put it in quotes")
    measure = next((each for each in operands.DATES if each in value), None)
    if name != BIRTHDAY or measure != "anniversary_in":
        _known_trait(reader, name, (*path, "trait"))
    if measure:
        return _date(reader, value, path, name, measure)
    if form := next((form for form in _LISTS if form in value), None):
        return _has(reader, value, path, name, form)
    rest = {key: each for key, each in value.items() if key != "trait"}
    kind = operands.kind_of_trait(name) if computed(name) else "dated"
    beside = ("trait", *operands.DATES, *_LISTS)
    return TraitIs(name, reader.comparison(rest, path, name, kind, beside))


def _date(reader: Reader, value: Keyed, path: Path, name: str, measure: DateMeasure) -> DateIs:
    reader.mapping(value, path, ("trait", measure))
    path = (*path, measure)
    if (known := computed(name)) and known.type != "instant":
        reader.refuse(f"{name!r} is no date", path, "name an instant, such as last_order_at")
    kind = operands.DATES[measure]
    comparison = reader.comparison(value[measure], path, measure, kind)
    if any(isinstance(operand, int) and operand < 0 for operand in comparison.operands):
        mend = "count from 0: days_ago is what is behind, days_ahead what is to come"
        reader.refuse("no date is less than 0 away", path, mend)
    if measure == "anniversary_in":
        _refuse_far(reader, comparison, path)
    if comparison.op in ("exists", "missing"):
        reader.refuse("a distance is compared with one", path, "write `exists` of the trait itself")
    return DateIs(name, measure, comparison)


def _refuse_far(reader: Reader, comparison: Comparison, path: Path) -> None:
    """Refuse an anniversary that is further away than a year."""
    most = LEAP_YEAR - 2 if comparison.op == ">" else LEAP_YEAR - 1
    days = [operand for operand in comparison.operands if isinstance(operand, int)]
    if comparison.op in ("=", "in", ">", ">=") and days and min(days) > most:
        mend = f"write at most {LEAP_YEAR - 1}"
        reader.refuse("no anniversary is further away than a year", path, mend)


def _has(reader: Reader, value: Keyed, path: Path, name: str, form: str) -> Has:
    reader.mapping(value, path, ("trait", form))
    path, asked = (*path, form), value[form]
    if computed(name):
        reader.refuse(f"{name!r} is one value, no list", path, "compare it: `is`, `in`")
    if form != "has" and not (isinstance(asked, list) and asked):
        reader.refuse("a list is needed", path, "write `[garden, kitchen]`")
    wanted = asked if form != "has" else [asked]
    for each in wanted:
        if not isinstance(each, str | int | float):
            mend = "write `has_any: [...]`" if isinstance(each, list) else "write text or a number"
            reader.refuse(f"{said(each)} is no element", path, mend)
    return Has(name, tuple(wanted), form == "has_all")


BIRTHDAY: Final = "birthday"
"""A personal field, of which the facts know the day and the month: its anniversary can be asked."""
LEAP_YEAR: Final = 366
_LISTS: Final = ("has", "has_any", "has_all")


def model(reader: Reader, value: Keyed, path: Path) -> Scored:
    """Return a `model`; without a vocabulary, its name is taken as it is."""
    name = _named(reader, value, path, "model")
    rest = {key: each for key, each in value.items() if key != "model"}
    return Scored(name, reader.comparison(rest, path, name, "millionths", ("model",)))


def on_list(reader: Reader, value: Keyed, path: Path) -> OnList:
    """Return a `list`; without a vocabulary, its name is taken as it is."""
    reader.mapping(value, path, ("list",))
    return OnList(_named(reader, value, path, "list"))


def _named(reader: Reader, value: Keyed, path: Path, key: Literal["model", "list"]) -> str:
    name = value[key]
    if not isinstance(name, str) or not name:
        reader.refuse(f"a {key}'s name is text", (*path, key), "put it in quotes")
    here = reader.vocabulary or Vocabulary()
    known = here.models if key == "model" else here.lists
    if known is not None and name not in known:
        mend = nearest(name, sorted(known)) if known else _NONE_YET[key]
        reader.refuse(f"no {key} {name!r}", (*path, key), mend)
    return name


def in_segment(reader: Reader, value: Keyed, path: Path) -> InSegment:
    """Return a `segment`."""
    reader.mapping(value, path, ("segment",))
    name = value["segment"]
    if not isinstance(name, str) or not name:
        reader.refuse("a segment's name is text", (*path, "segment"), "put it in quotes")
    if reader.vocabulary and name not in reader.vocabulary.segments:
        known = sorted(reader.vocabulary.segments)
        reader.refuse(f"no segment {name!r}", (*path, "segment"), nearest(name, known))
    if reader.vocabulary and name in reader.vocabulary.circles:
        what = f"segments in a circle: {reader.vocabulary.circles[name]}"
        reader.refuse(what, (*path, "segment"), "let one of them stand on its own")
    return InSegment(name)


def _known_trait(reader: Reader, name: str, path: Path) -> None:
    if name in PERSONAL_FIELDS:
        what = f"{name!r} is a personal field, which segments never read"
        mend = "declare a trait that is not personal"
        if name == BIRTHDAY:
            mend = "of a birthday `anniversary_in` alone can be asked"
        reader.refuse(what, path, mend)
    if _PARAMETERS.fullmatch(name):
        _spelt_out(reader, name, path)
        return
    extra = reader.vocabulary.traits if reader.vocabulary else frozenset()
    reader.known("trait", name, TRAITS.keys() | extra, path)


def _spelt_out(reader: Reader, name: str, path: Path) -> None:
    """Refuse a trait with parameters that means nothing, or is of an event that never comes.

    What was kept before such traits could be asked for is still read: a text without a vocabulary.
    """
    if reader.vocabulary is None:
        return
    if (spelt := parametrised(name)) is None:
        reader.refuse(f"no trait {name[:80]!r}", path, f"write one of {', '.join(FORMS)}")
    parse_counts.event(reader, spelt.event, path)


_PARAMETERS: Final = re.compile(r"[^()]*\(.*\)\s*", re.DOTALL)
"""A name that ends in brackets is no declared trait."""
_NONE_YET: Final = {
    "model": "none has scored anybody yet: `tailorbird learn`",
    "list": "make it: `tailorbird lists create`",
}
