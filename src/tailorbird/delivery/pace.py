"""How many mails of a stream may leave now, and when the next may.

A *stream* is what one sending domain sends to one mailbox provider: `shop.example/gmail`. The
domain itself is metered as well, under its own name, over all its streams. A meter is plain state:
it is kept beside the outbox, so that it survives a restart and several workers share it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

import msgspec

from tailorbird.delivery.quiet_hours import QuietHours, day_ends, local_day
from tailorbird.delivery.rates import Rate, Spent, next_room, room, spending
from tailorbird.schema import HOUR, MINUTE, SECOND, Instant

Why: TypeAlias = Literal[
    "", "held", "resting", "warm_up", "rate", "under_way", "quiet_hours", "not_yet_due"
]
ANY: Final = "any"
"""In settings: every provider that has no word of its own."""
TOTAL: Final = "total"
"""In settings: all that a sending domain sends."""
PROMPT: Final = "prompt"
"""Instead of a zone: mails that somebody waits for. Only rates and rests hold them up."""
MOST_HALVINGS: Final = 6
REST: Final = MINUTE
LONGEST_REST: Final = HOUR
RECOVERY: Final = 10 * MINUTE
"""Without a deferral for so long, a rate doubles again."""
ONE_BLOW: Final = MINUTE
"""Deferrals so near each other are one."""
HOURS_KEPT: Final = 8 * 24
UNLIMITED: Final = 1 << 40


class Limits(msgspec.Struct, frozen=True):
    """What a meter may let through."""

    rates: tuple[Rate, ...] = ()
    under_way: int = UNLIMITED
    """Claimed and not yet settled, by all workers together."""
    warm_up: tuple[int, ...] = ()
    """Mails on the first day on which anything leaves, on the second, and so on; then no limit."""


class Plan(msgspec.Struct, frozen=True):
    """How a folder's mails are paced."""

    zone: str = "UTC"
    """Whose calendar the days of a warm-up are."""
    rates: Mapping[str, tuple[Rate, ...]] = {}
    under_way: Mapping[str, int] = {}
    warm_up: Mapping[str, tuple[int, ...]] = {}
    """Provider, `any` or `total` -> what holds for it."""
    warm_up_hours: float = 8
    """Over so many hours a day's volume is spread, from the first mail of the day on."""
    quiet: QuietHours = QuietHours()
    release_hours: Mapping[str, float] = {}
    """Campaign, or `any` -> over so many hours its mails are spread."""

    def limits(self, meter: str) -> Limits:
        """Return what holds for a meter, by its provider."""
        _, of_stream, provider = meter.partition("/")
        if not of_stream:
            return self._of(TOTAL, TOTAL)
        return self._of(provider, ANY)

    def _of(self, name: str, otherwise: str) -> Limits:
        return Limits(
            self.rates.get(name, self.rates.get(otherwise, ())),
            self.under_way.get(name, self.under_way.get(otherwise, UNLIMITED)),
            self.warm_up.get(name, self.warm_up.get(otherwise, ())),
        )


class Meter(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is remembered of a stream, or of a sending domain."""

    spent: dict[int, Spent] = {}
    """Seconds of a window -> what left in it."""
    day: int = 0
    """The day on which something was last asked for, counted from 1970-01-01."""
    day_began: Instant = 0
    """When the first mail of the day left; 0 before."""
    day_spent: int = 0
    days_used: int = 0
    """Days before this one on which something left."""
    halvings: int = 0
    """How often the rate was halved, because the provider deferred."""
    deferred_at: Instant = 0
    rest_until: Instant = 0
    held: str = ""
    """Why nothing leaves until somebody resumes it; '' where it does."""
    held_at: Instant = 0
    watched_from: Instant = 0
    """Bounces and complaints of older mails do not count any more."""
    left: dict[int, int] = {}
    """Hours since 1970 -> mails that carriers took in them."""


class Room(msgspec.Struct, frozen=True):
    """How many may leave now. Where none may: why, and from when on; 0 is by hand only."""

    count: int
    why: Why = ""
    next_at: Instant = 0


def current(meter: Meter, plan: Plan, now: Instant) -> Meter:
    """Return a meter as it is now: a new day may have begun, and a slowed rate recovers.

    To be kept: a clock that was put back leaves nothing in the future.
    """
    changes: dict[str, int] = {}
    today = local_day(plan.zone, now)
    if today != meter.day:
        changes = {"day": today, "day_began": 0, "day_spent": 0}
        changes["days_used"] = meter.days_used + (meter.day_spent > 0)
        if today < meter.day:  # the same days again: what left counts on
            changes |= {"day_spent": meter.day_spent, "days_used": meter.days_used}
    if meter.halvings:
        since = min(meter.deferred_at, now)
        healed = min(meter.halvings, (now - since) // RECOVERY)
        changes |= {"halvings": meter.halvings - healed, "deferred_at": since + healed * RECOVERY}
    if meter.rest_until > now + LONGEST_REST:
        changes["rest_until"] = now + LONGEST_REST
    return msgspec.structs.replace(meter, **changes) if changes else meter


def room_of(
    meter: Meter, limits: Limits, plan: Plan, under_way: int, now: Instant, *, prompt: bool = False
) -> Room:
    """Return how many may leave now of a meter that is `current`."""
    if meter.held and not prompt:
        return Room(0, "held")
    if meter.rest_until > now:
        return Room(0, "resting", meter.rest_until)
    most_under_way = max(1, limits.under_way >> meter.halvings)
    rooms = [Room(max(0, most_under_way - under_way), "under_way", now + SECOND)]
    if meter.days_used < len(limits.warm_up) and not prompt:
        rooms.append(_warm_up(meter, limits.warm_up[meter.days_used], plan, now))
    for rate in limits.rates:
        slowed, spent = rate.slowed(meter.halvings), meter.spent.get(rate.seconds, ())
        rooms.append(Room(room(slowed, spent, now), "rate", next_room(slowed, spent, now)))
    narrowest = min(rooms, key=lambda each: each.count)
    if narrowest.count:
        return Room(narrowest.count)
    closed = [each for each in rooms if not each.count]
    return max(closed, key=lambda each: each.next_at)


def spend(meter: Meter, limits: Limits, count: int, now: Instant) -> Meter:
    """Return the meter once so many more have left."""
    windows = {rate.seconds for rate in limits.rates}
    spent = {each: spending(meter.spent.get(each, ()), count, now, each) for each in windows}
    began, day_spent = meter.day_began or now, meter.day_spent + count
    return msgspec.structs.replace(meter, spent=spent, day_began=began, day_spent=day_spent)


def give_back(meter: Meter, count: int) -> Meter:
    """Return the meter once it is known that so many did not leave: the day has room for others."""
    return msgspec.structs.replace(meter, day_spent=max(0, meter.day_spent - count))


def left(meter: Meter, count: int, now: Instant) -> Meter:
    """Return the meter once carriers took so many more."""
    if not count:
        return meter
    this = now // HOUR
    hours = {hour: n for hour, n in meter.left.items() if this - HOURS_KEPT <= hour <= this}
    return msgspec.structs.replace(meter, left=hours | {this: hours.get(this, 0) + count})


def left_since(meter: Meter, after: Instant) -> int:
    """Return how many mails carriers took since an instant, to the hour."""
    return sum(n for hour, n in meter.left.items() if hour >= after // HOUR)


def slow_down(meter: Meter, now: Instant) -> Meter:
    """Return the meter after the provider deferred: half the rate, after a rest that doubles."""
    if meter.halvings and now - meter.deferred_at < ONE_BLOW:
        return meter
    halvings = min(meter.halvings + 1, MOST_HALVINGS)
    rest = min(REST << halvings - 1, LONGEST_REST)
    return msgspec.structs.replace(meter, halvings=halvings, deferred_at=now, rest_until=now + rest)


def hold(meter: Meter, why: str, now: Instant) -> Meter:
    """Return the meter closed until somebody resumes it."""
    return meter if meter.held else msgspec.structs.replace(meter, held=why, held_at=now)


def resume(meter: Meter, now: Instant) -> Meter:
    """Return the meter open again; what happened until now counts against nobody any more."""
    return msgspec.structs.replace(
        meter, held="", held_at=0, halvings=0, rest_until=0, watched_from=now
    )


def release_at(plan: Plan, campaign: str, send_id: bytes, decided_at: Instant) -> Instant:
    """Return when a send is released: its place within the hours follows from its id."""
    hours = plan.release_hours.get(campaign, plan.release_hours.get(ANY, 0.0))
    place = int.from_bytes(send_id[:6], "big")
    return decided_at + (int(hours * HOUR) * place >> 48)


def _warm_up(meter: Meter, volume: int, plan: Plan, now: Instant) -> Room:
    """Return the room that a day of a warm-up leaves: all of its volume by the end of the day."""
    ends = day_ends(plan.zone, now)
    began = min(meter.day_began or now, now)
    # The last hour of a day is there to catch up.
    span = min(int(plan.warm_up_hours * HOUR), ends - HOUR - began)
    allowed = volume
    if span > now - began:
        allowed = min(volume, volume * (now - began) // span + 1)
    if meter.day_spent < allowed:
        return Room(allowed - meter.day_spent)
    if meter.day_spent >= volume:
        return Room(0, "warm_up", ends)
    return Room(0, "warm_up", began + -(-meter.day_spent * span // volume))
