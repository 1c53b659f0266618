"""What sets a journey off: whom, by what and when, each under a number that stays the same.

In: what came since last time. Out: `Triggered`, in the order in which it came. Whether somebody
who was set off enters (dedupe, `per`, `reentry`, `restart`) is asked where it is known who is in.

Rules. A journey begins with what happens after it was put in force, never with history; so does
one that is resumed, or whose trigger is changed. While it is paused, what happens starts nobody,
then or later. What reaches us too long after it happened starts nobody. An instant that nobody
looked at, because the server was down, is made up for within a day.
"""

from __future__ import annotations

import hashlib
from calendar import isleap, monthrange
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo, available_timezones

import msgspec

from tailorbird.journeys.journey import DateTrigger, Journey, StockTrigger
from tailorbird.schema import DAY, SECOND, Instant, Names, PersonId, Position

MADE_UP_FOR: Final = DAY
"""How long ago an instant may lie at which nobody looked, and still start somebody."""
FIRST_YEAR: Final = 1900
_EPOCH: Final = date(1970, 1, 1)
_START: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Triggered(msgspec.Struct, frozen=True):
    """Somebody who was set off. Journey, person, key and cause together say it once."""

    person: PersonId
    at: Instant
    """When it happened."""
    cause: int
    """Of an event and a call its position in the log, of a product that of its news; of a segment
    the number of the change; of a date the day, since 1970."""
    key: str = ""
    """The value of the journey's `per`."""
    kept: dict[str, Any] = {}
    """What templates read as `event` and what its cause alone does not lead back to."""


class Progress(msgspec.Struct, frozen=True):
    """How far one journey has looked at what happened, and since when it does."""

    meaning: str
    since: Instant
    position: Position
    sequence: int
    until: Instant


def meaning(journey: Journey) -> str:
    """Return a digest of what starts a journey; one that is paused means another thing."""
    said = msgspec.json.encode([journey.trigger, journey.mode == "paused"], order="sorted")
    return hashlib.blake2b(said, digest_size=8).hexdigest()


def begun(meaning: str, since: Instant, log_end: int, sequence: int) -> Progress:
    """Return the progress of a journey that begins with what comes behind an offset of the log."""
    # Senders round their instants, mostly to milliseconds.
    return Progress(meaning, since - since % SECOND, last_position(log_end), sequence, since)


def last_position(offset: int) -> Position:
    """Return the last position that a record of the log can have."""
    return (offset << 20) | 0xFFFFF


# -- dates --------------------------------------------------------------------------------------


class Hit(msgspec.Struct, frozen=True):
    """An instant at which it is the time of day in some time zones, on a day since 1970."""

    at: Instant
    day: int
    zones: frozenset[str]


def hits(at_minute: int, after: Instant, upto: Instant) -> list[Hit]:
    """Return the instants in `after < at <= upto` at which it gets that late anywhere, in order.

    A time that the clocks leap over counts as if they had not; one that comes twice, the first
    time.
    """
    first, last = (after - DAY) // DAY, (upto + DAY) // DAY
    found = (hit for day in range(first, last + 1) for hit in _of_day(day, at_minute))
    return sorted((hit for hit in found if after < hit.at <= upto), key=lambda hit: hit.at)


def next_hit(at_minute: int, after: Instant) -> Instant:
    """Return the next instant at which it gets that late anywhere."""
    return hits(at_minute, after, after + 2 * DAY)[0].at


def days_of(trigger: DateTrigger, today: int) -> tuple[int, ...]:
    """Return the days, since 1970, of whom a date trigger fires on this local day.

    Of a yearly one those of all years before; born on 29 February, one has the day before 1 March.

    >>> born = days_of(DateTrigger("birthday", yearly=True), (date(2027, 2, 28) - _EPOCH).days)
    >>> [str(_EPOCH + timedelta(day)) for day in born][-3:]
    ['2024-02-29', '2025-02-28', '2026-02-28']
    """
    meant = _EPOCH + timedelta(today - trigger.days)
    if not trigger.yearly:
        return ((meant - _EPOCH).days,)
    years = range(FIRST_YEAR, meant.year)
    month, day = meant.month, meant.day
    born = [date(year, month, day) for year in years if day <= monthrange(year, month)[1]]
    if (month, day) == (2, 28) and not isleap(meant.year):
        born += [date(year, 2, 29) for year in years if isleap(year)]
    return tuple(sorted((each - _EPOCH).days for each in born))


@lru_cache(maxsize=64)
def _of_day(day: int, at_minute: int) -> tuple[Hit, ...]:
    local = datetime.combine(_EPOCH + timedelta(day), time(*divmod(at_minute, 60)))
    zones: dict[Instant, set[str]] = {}
    for name, zone in _zones():
        since = local.replace(tzinfo=zone) - _START
        at = (since.days * 86_400 + since.seconds) * SECOND
        zones.setdefault(at, set()).add(name)
    return tuple(Hit(at, day, frozenset(names)) for at, names in sorted(zones.items()))


def is_zone(name: str | None) -> bool:
    """Return whether a name is that of a time zone."""
    return name in _names()


@cache
def _names() -> frozenset[str]:
    return frozenset(name for name, _ in _zones())


@cache
def _zones() -> tuple[tuple[str, ZoneInfo], ...]:
    return tuple((name, ZoneInfo(name)) for name in sorted(available_timezones()))


# -- products -----------------------------------------------------------------------------------

GIVEN_UP: Final[dict[str, tuple[str, ...]]] = {
    Names.ADD_TO_CART: (Names.PURCHASE, Names.REMOVE_FROM_CART),
    Names.WISHLIST_ADDED: (Names.PURCHASE, Names.WISHLIST_REMOVED),
}
"""What ends an interest in a product, by what showed it; of all others, to have bought it."""


class Restated(msgspec.Struct, frozen=True):
    """A product's price and stock, before and after one word of the shop; None: not said.

    The stock of a product that is not counted is `UNCOUNTED`.
    """

    position: Position
    item: str
    at: Instant
    price_before: int | None
    price_minor: int | None
    stock_before: int | None
    stock: int | None


UNCOUNTED: Final = -(2**63)


def is_news(trigger: StockTrigger, said: Restated) -> bool:
    """Return whether this is the news that a journey waits for.

    >>> is_news(StockTrigger("price_drop"), Restated(1, "mug", 0, 1000, 950, None, None))
    True
    """
    match trigger.news:
        case "price_drop":
            before, now = said.price_before, said.price_minor
            if not before or not now:
                return False
            return now * 100 <= before * (100 - trigger.least_percent)
        case "back_in_stock":
            return _sold_out(said.stock_before) and _for_sale(said.stock)
        case "low_stock":
            before, now = said.stock_before, said.stock
            if before is None or now is None:
                return False
            plenty = before == UNCOUNTED or before > trigger.at_most
            return plenty and 0 < now <= trigger.at_most


def stands(trigger: StockTrigger, news: Restated, price: int | None, stock: int | None) -> bool:
    """Return whether the news still holds, by the price and the stock (None: uncounted) of now."""
    if trigger.news == "price_drop":
        return bool(price) and price is not None and price <= (news.price_minor or 0)
    return stock is None or stock > 0


def first_of_day(
    trigger: StockTrigger, said: Iterable[Restated], zone: str, after: Position
) -> Iterator[Restated]:
    """Yield the news behind a position: of one product, the first of a local day alone."""
    there = ZoneInfo(zone)
    told: set[tuple[str, int]] = set()
    for each in said:
        if not is_news(trigger, each):
            continue
        local = (_START + timedelta(microseconds=each.at)).astimezone(there)
        day = (each.item, local.toordinal())
        if day not in told and each.position > after:
            yield each
        told.add(day)


def _sold_out(stock: int | None) -> bool:
    return stock is not None and stock != UNCOUNTED and stock <= 0


def _for_sale(stock: int | None) -> bool:
    return stock is not None and (stock == UNCOUNTED or stock > 0)


def given_up(trigger: StockTrigger) -> tuple[str, ...]:
    """Return the events that end an interest."""
    return GIVEN_UP.get(trigger.interest, (Names.PURCHASE,))
