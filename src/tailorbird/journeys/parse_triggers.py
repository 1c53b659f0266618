"""What starts a journey, as authors write it.

trigger: {event: add_to_cart, where: {category: garden}, late: 1h}
trigger: {segment: lapsed-90-days, on: entry}            # or exit
trigger: {date: birthday, days: -3, at: "09:00", yearly: true}
trigger: {price_drop: product_viewed, within: 30d, least_percent: 10}
trigger: {back_in_stock: product_viewed}                 # or low_stock, with at_most: 3
trigger: call                                            # of the API
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any as Anything
from typing import Final, TypeAlias, get_args

from msgspec.structs import replace

from tailorbird.journeys.journey import (
    CallTrigger,
    DateTrigger,
    EventTrigger,
    Goal,
    SegmentTrigger,
    StockNews,
    StockTrigger,
    Trigger,
)
from tailorbird.journeys.journey_reader import Clause, Keyed, Reader
from tailorbird.yaml_text import Path, nearest

_NEWS: Final[tuple[StockNews, ...]] = get_args(StockNews)
_Form: TypeAlias = Callable[[Reader, Keyed, Path], Trigger]


def trigger(reader: Reader, value: Anything, path: Path) -> Trigger:
    """Return what starts a journey."""
    if value == "call":
        return CallTrigger()
    if not isinstance(value, dict) or not value:
        reader.refuse("a trigger is a mapping", path, "write `trigger: {event: add_to_cart}`")
    form = next((word for word in _FORMS if word in value), None)
    if form is None:
        first = str(next(iter(value)))
        reader.refuse(f"no trigger starts with {first[:80]!r}", path, nearest(first, [*_FORMS]))
    return _FORMS[form](reader, value, path)


def goal(reader: Reader, value: Anything, path: Path) -> Goal:
    """Return what a journey is for."""
    value = reader.mapping(value, path, ("event", "where", "within"))
    event, where = _event(reader, value, path, "goal")
    found = Goal(event, where)
    if "within" not in value:
        return found
    return replace(found, within=reader.duration(value["within"], (*path, "within")))


def _of_event(reader: Reader, value: Keyed, path: Path) -> EventTrigger:
    value = reader.mapping(value, path, ("event", "where", "late"))
    found = EventTrigger(*_event(reader, value, path, "trigger"))
    if "late" not in value:
        return found
    return replace(found, late=reader.duration(value["late"], (*path, "late")))


def _event(reader: Reader, value: Keyed, path: Path, use: str) -> tuple[str, dict[str, Anything]]:
    """Return the event and the tests of its properties, which the story reads."""
    if "event" not in value:
        reader.refuse("no event is named", path, "write `event: purchase`")
    event = reader.text(value["event"], (*path, "event"), "the name of an event")
    where = value.get("where", {})
    if not isinstance(where, dict) or ("where" in value and not where):
        mend = "write `category: garden` below it"
        reader.refuse("'where' takes properties", (*path, "where"), mend)
    asked = {"event": event} | ({"where": where} if where else {})
    reader.clauses.append(Clause(reader.step, use, path, asked))
    return event, dict(where)


def _of_segment(reader: Reader, value: Keyed, path: Path) -> SegmentTrigger:
    value = reader.mapping(value, path, ("segment", "on"))
    segment = reader.text(value["segment"], (*path, "segment"), "the name of a segment")
    reader.clauses.append(Clause(reader.step, "trigger", path, {"segment": segment}))
    on = value.get("on", "entry")
    if on not in ("entry", "exit"):
        what = f"{on!r} is neither entry nor exit"
        reader.refuse(what, (*path, "on"), "write `on: entry` or `on: exit`")
    return SegmentTrigger(segment, on)


def _of_date(reader: Reader, value: Keyed, path: Path) -> DateTrigger:
    value = reader.mapping(value, path, ("date", "days", "at", "yearly"))
    trait = reader.text(value["date"], (*path, "date"), "the name of a trait")
    days = reader.number(value, "days", path, -3650, 3650, 0)
    yearly = reader.flag(value, "yearly", path)
    if yearly and abs(days) > 365:
        reader.refuse("a year has no so many days", (*path, "days"), "from -365 to 365")
    found = DateTrigger(trait, days, yearly=yearly)
    if "at" not in value:
        return found
    return replace(found, at_minute=reader.minute(value["at"], (*path, "at")))


def _of_stock(reader: Reader, value: Keyed, path: Path) -> StockTrigger:
    news = next(each for each in _NEWS if each in value)
    bound = {"price_drop": ("least_percent",), "low_stock": ("at_most",)}.get(news, ())
    value = reader.mapping(value, path, (news, "within", *bound))
    found = StockTrigger(news)
    if value[news] is not True:
        interest = reader.text(value[news], (*path, news), "the event that shows an interest")
        found = replace(found, interest=interest)
    reader.clauses.append(Clause(reader.step, "trigger", path, {"event": found.interest}))
    if "within" in value:
        found = replace(found, within=reader.duration(value["within"], (*path, "within")))
    return replace(
        found,
        least_percent=reader.number(value, "least_percent", path, 1, 99, found.least_percent),
        at_most=reader.number(value, "at_most", path, 1, 1_000_000, found.at_most),
    )


def _of_call(reader: Reader, value: Keyed, path: Path) -> CallTrigger:
    if reader.mapping(value, path, ("call",))["call"] is not True:
        reader.refuse("a call says nothing more", (*path, "call"), "write `trigger: call`")
    return CallTrigger()


_FORMS: Final[dict[str, _Form]] = {
    "event": _of_event,
    "segment": _of_segment,
    "date": _of_date,
    **dict.fromkeys(_NEWS, _of_stock),
    "call": _of_call,
}
"""What reads a trigger that starts with a word: another kind is one line here."""
