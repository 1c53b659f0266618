"""Random traits with parameters, and the naive reading of them: plain loops over plain events."""

from __future__ import annotations

import random
from collections.abc import Sequence

from tailorbird.schema import DAY, HOUR, Event, Instant
from tailorbird.segments import conditions as c
from tailorbird.traits.terms import Op

EVENTS = ("purchase", "return", "add_to_cart", "product_viewed", "email_opened")
LENGTHS = {"6h": 6 * HOUR, "2d": 2 * DAY, "7d": 7 * DAY, "30d": 30 * DAY}
ORDER: tuple[Op, ...] = ("=", "!=", "<", "<=", ">", ">=")


def question(rng: random.Random) -> c.TraitIs:
    """Return a comparison of a trait with parameters."""
    event, length = rng.choice(EVENTS), rng.choice(tuple(LENGTHS))
    name, most = rng.choice(
        (
            (f"count({event}, {length})", 4), (f"sum({event}, value_minor, {length})", 900),
            (f"sum({event}, quantity, {length})", 4), (f"trend({event}, {length})", 0),
            (f"share({event}, a, {length})", 0), (f"since({event})", 12), (f"rhythm({event})", 9),
            (f"silence({event})", 3), (f"decayed({event}, 7d)", 3),
        )
    )  # fmt: skip
    if rng.random() < 0.15:
        return c.TraitIs(name, c.Comparison(rng.choice(("exists", "missing"))))
    number = rng.randrange(most + 1) if most else rng.choice((0.0, 0.25, 0.5, 1.0))
    return c.TraitIs(name, c.Comparison(rng.choice(ORDER), (number,)))


def value(name: str, seen: Sequence[Event], t: Instant) -> float | None:
    """Return what a trait with parameters is, of what had happened by then."""
    form, _, said = name.removesuffix(")").partition("(")
    event, *rest = said.split(", ")
    happened = [each for each in seen if each.name == event]
    if event == "email_opened":
        happened = [each for each in happened if not each.machine]
    within = LENGTHS.get(rest[-1]) if rest else None
    lately = [each for each in happened if within is None or each.at > t - within]
    match form:
        case "count":
            return often(lately)
        case "sum":
            return sum(int(getattr(each, rest[0])) for each in lately)
        case "trend":
            longer = [each for each in happened if each.at > t - 2 * (within or 0)]
            return share(often(lately), often(longer))
        case "share":
            about = [each for each in lately if category(each, rest[0])]
            return share(often(about), often(lately))
        case "decayed":
            return sum(map(halved, (t // DAY - each.at // DAY for each in happened))) / 1e6
        case _:
            return quiet(form, happened, t)


def halved(days: int) -> int:
    """Return millionths that are half as many every 7 days."""
    left: float = 0.5 ** (days / 7)
    return round(1e6 * left)


def quiet(form: str, happened: Sequence[Event], t: Instant) -> float | None:
    """Return since when, how regularly, or how unusually long nothing has happened."""
    if not happened:
        return None
    since, first = (t - happened[-1].at) // DAY, (t - happened[0].at) // DAY
    if form == "since":
        return since
    times = often(happened) - 1
    rhythm = (first - since) // times if times else None
    if form == "rhythm" or not rhythm:
        return rhythm if form == "rhythm" else None
    return since * 1_000_000 // rhythm / 1e6


def often(happened: Sequence[Event]) -> int:
    """Return how many there are; an order of several events is one."""
    ordered = [each for each in happened if each.name in ("purchase", "return") and each.order_id]
    return len(happened) - len(ordered) + len({each.order_id for each in ordered})


def share(some: int, of: int) -> float | None:
    """Return a share in millionths, cut off."""
    return some * 1_000_000 // of / 1e6 if of else None


def category(event: Event, name: str) -> bool:
    """Return whether an event is about a product of a category."""
    return event.category == name or any(line.category == name for line in event.lines)
