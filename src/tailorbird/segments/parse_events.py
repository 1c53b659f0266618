"""Conditions on events, as authors write them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from tailorbird import durations
from tailorbird.segments import grammar, operands, parse_patterns
from tailorbird.segments.conditions import (
    Did,
    DidNot,
    EventCondition,
    Filter,
    Measure,
    Measured,
    Then,
)
from tailorbird.segments.operands import Unfit
from tailorbird.segments.parse_counts import event, times
from tailorbird.segments.parse_windows import calendar, moment
from tailorbird.segments.reader import Keyed, Reader
from tailorbird.yaml_text import Path


def did(reader: Reader, value: Keyed, path: Path) -> EventCondition:
    """Return a `did`: alone, followed by others, answered by others, or again and again."""
    if isinstance(value.get("then"), list):
        return parse_patterns.sequence(reader, value, path)
    if "of_last" in value or "answered_by" in value:
        return parse_patterns.answered(reader, value, path)
    if "every" in value or "periods" in value:
        return parse_patterns.regularly(reader, value, path)
    if "then" in value or "then_not" in value:
        return _then(reader, value, path)
    reader.mapping(value, path, grammar.DID.names)
    asked = [key for key in grammar.DID.one_of if key in value]
    if len(asked) > 1:
        two = f"both {asked[0]!r} and {asked[1]!r}"
        reader.refuse(two, (*path, asked[1]), "write two conditions in `all`")
    within, older_than = reader.window(value, path, "within")
    done = Did(
        event=event(reader, value["did"], (*path, "did")),
        where=reader.filters(value, path, "where"),
        times=times(reader, value, path),
        measured=_measured(reader, value, path),
        within=within,
        older_than=older_than,
        when=calendar(reader, value, path),
        moment=moment(reader, value, path),
    )
    return replace(done, per=_per(reader, done, value, path)) if "per" in value else done


def did_not(reader: Reader, value: Keyed, path: Path) -> DidNot:
    """Return a `did_not`."""
    reader.mapping(value, path, grammar.DID_NOT.names)
    within, older_than = reader.window(value, path, "within")
    undone = event(reader, value["did_not"], (*path, "did_not"))
    filters, when = reader.filters(value, path, "where"), calendar(reader, value, path)
    return DidNot(undone, filters, within, older_than, when)


def _then(reader: Reader, value: Keyed, path: Path) -> Then:
    if "then" in value and "then_not" in value:
        reader.refuse("both 'then' and 'then_not'", (*path, "then_not"), "keep one of them")
    form = grammar.THEN if "then" in value else grammar.THEN_NOT
    reader.mapping(value, path, form.names)
    word = "then" if "then" in value else "then_not"
    since, older_than = reader.window(value, path, "since")
    within = reader.duration(value, path, "within")
    if word == "then_not" and within and since and within >= since:
        what = f"'since' ({durations.written(since)}) ends before 'within' is over"
        reader.refuse(what, (*path, "since"), "make 'since' longer than 'within'")
    return Then(
        event=event(reader, value["did"], (*path, "did")),
        then=event(reader, value[word], (*path, word)),
        absent=word == "then_not",
        where=reader.filters(value, path, "where"),
        then_where=reader.filters(value, path, "then_where"),
        within=within,
        since=since,
        older_than=older_than,
        when=calendar(reader, value, path),
    )


def _measured(reader: Reader, value: Keyed, path: Path) -> Measured | None:
    measure = next((each for each in MEASURES if each in value), None)
    if measure is None:
        return None
    path, inner = (*path, measure), value[measure]
    of = inner.get("of") if isinstance(inner, Mapping) else None
    if not isinstance(of, str) or not of:
        wanted = "what to add up" if measure == "sum" else "a property"
        reader.refuse(f"{measure!r} needs {wanted}", path, f"write `of: {_EXAMPLES[measure]}`")
    reader.property(of, (*path, "of"))
    if of not in operands.PROPERTIES and of not in operands.NUMBERS:
        reader.slip("property", of, operands.PROPERTIES.keys() | operands.NUMBERS, (*path, "of"))
    rest = {key: each for key, each in inner.items() if key != "of"}
    try:
        kind = operands.kind_of_measure(measure, of)
    except Unfit as error:
        reader.refuse(error.what, (*path, "of"), error.mend)
    compared = "distinct" if measure == "distinct" else of
    return Measured(measure, of, reader.comparison(rest, path, compared, kind, ("of",)))


def _per(reader: Reader, did: Did, value: Keyed, path: Path) -> str:
    """Return the property whose values keep the events apart."""
    per, path = value["per"], (*path, "per")
    if not isinstance(per, str) or not per:
        reader.refuse("'per' names a property", path, "write `per: item`")
    reader.property(per, path)
    try:
        operands.kind_of_measure("distinct", per)
    except Unfit as error:
        reader.refuse(error.what, path, error.mend)
    measured, compared = did.measured, did.measured.comparison if did.measured else did.times
    if did.moment or (measured and measured.measure != "sum"):
        reader.refuse("'per' goes with 'times' and 'sum' alone", path, "leave it out")
    if compared is None or compared.op not in (">", ">="):
        mend = "write `times: {at_least: 3}`, or a sum"
        reader.refuse("'per' needs a least number: some value must reach it", path, mend)
    if measured and not _piles_up(measured.of, per, did.where):
        mend = "sum `value_minor` or `quantity` per `item` or `category`, or filter no products"
        reader.refuse(f"{measured.of!r} is not known per {per!r}", path, mend)
    return per


def _piles_up(of: str, per: str, where: tuple[Filter, ...]) -> bool:
    """Return whether the same rows have what is added up and what keeps it apart."""
    if of not in operands.TOTALS or (per not in operands.PROPERTIES):
        return False
    products = any(each.property in operands.PRODUCT_PROPERTIES for each in where)
    return of == "dwell_seconds" or per in operands.PRODUCT_PROPERTIES or not products


MEASURES: Final[tuple[Measure, ...]] = ("sum", "average", "min", "max", "distinct")
_EXAMPLES: Final[dict[Measure, str]] = {
    **dict.fromkeys(MEASURES, "value_minor"),
    "distinct": "item",
}
