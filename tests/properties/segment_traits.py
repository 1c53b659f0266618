"""Random traits, random questions about them, and the naive reading of these: nothing is shared.

`known` answers what `segment_naive` asks of a trait, a score or a list; `question` is drawn by
`segment_author`, `traits` and `listed` by `segment_life`.
"""

from __future__ import annotations

import json
import random
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tailorbird.schema import DAY, HOUR, MINUTE, Event, Instant
from tailorbird.segments import conditions as c
from tailorbird.stores.duckdb.sessions import ACTS

ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "nowhere")
EPOCH = date(1970, 1, 1)
START = datetime(1970, 1, 1, tzinfo=UTC)
PERIOD = 30 * MINUTE
LENGTHS = {"1h": HOUR, "6h": 6 * HOUR, "1d": DAY, "30d": 30 * DAY}
ORDER = ("=", "!=", "<", "<=", ">", ">=")
LISTS = ("vip", "staff")
THINGS = ("garden", "kitchen", "den", "a, b")

Known = c.DateIs | c.Has | c.Scored | c.OnList

# -- what is declared -----------------------------------------------------------------------------


def traits(rng: random.Random, now: Instant) -> dict[str, Any]:
    """Return what somebody says of herself at once."""
    day = EPOCH + timedelta(days=now // DAY + rng.randrange(-40, 40))
    at = START + timedelta(microseconds=now + rng.randrange(-3 * DAY, 3 * DAY))
    since = rng.choice((date(2020, 2, 29), date(1996, 2, 28), day.replace(year=2019, day=1)))
    said: dict[str, Any] = {
        "country": rng.choice(("DE", "FR", "GB")),
        "age": rng.choice((rng.randrange(60), str(rng.randrange(60)))),
        "renewal": rng.choice((day.isoformat(), f"{day}T22:30:00-05:00", "soon", 1_728_000_000)),
        "trial_ends": rng.choice((at.isoformat(), int(at.timestamp()), None)),
        "since": rng.choice((since.isoformat(), day.replace(year=2023, day=5).isoformat())),
        "timezone": rng.choice(ZONES),
        "likes": rng.choice(
            (json.dumps(rng.sample(THINGS, 2)), "garden", '["den", 2, true]', "[", "[]", 2)
        ),
    }
    return {name: said[name] for name in rng.sample(sorted(said), 4)}


# -- what is asked --------------------------------------------------------------------------------


def question(rng: random.Random) -> c.Condition:
    """Return a condition on a trait, a score or a list."""
    pick: Any = rng.choice
    op = pick(ORDER)
    drawn: c.Condition
    match rng.randrange(8):
        case 0:
            length = c.Comparison(op, (pick(tuple(LENGTHS)),))
            named = pick(("trial_ends", "renewal", "last_order_at"))
            return c.DateIs(named, pick(("ago", "ahead")), length)
        case 1 | 2:
            days = c.Comparison(op, (pick((0, 1, 2, 7, 30)),))
            named = pick(("renewal", "trial_ends", "last_order_at"))
            return c.DateIs(named, pick(("days_ago", "days_ahead")), days)
        case 3 | 4:
            measure, number = pick(
                (("anniversary_in", pick((0, 1, 7, 200))), ("years", 5), ("turning", pick((5, 2))))
            )
            return c.DateIs(pick(("since", "renewal")), measure, c.Comparison(op, (number,)))
        case 5:
            wanted = pick((("garden",), ("garden", "den"), ("a, b", 2), ("true",)))
            return c.Has("likes", wanted, len(wanted) > 1 and rng.random() < 0.5)
        case 6:
            drawn = pick(
                (
                    c.OnList(pick(LISTS)),
                    c.Scored("repeat_purchase", c.Comparison(op, (rng.randrange(10) / 10,))),
                    c.Scored("repeat_purchase", c.Comparison("missing")),
                )
            )
        case _:
            drawn = pick(
                (
                    c.TraitIs("renewal", c.Comparison(pick(ORDER[2:]), ("2024-10-20",))),
                    c.TraitIs("trial_ends", c.Comparison(pick(ORDER[2:]), ("2024-10-20T10:00Z",))),
                    c.TraitIs("likes", c.Comparison("contains", ("gar",))),
                    c.TraitIs("country", c.Comparison(pick(("starts with", "ends with")), ("D",))),
                )
            )
    return drawn


# -- the naive reading ----------------------------------------------------------------------------


Dated = tuple[date | None, Instant | None]


def distance(condition: c.DateIs, dated: Dated, seen: list[Event], t: Instant) -> int | None:
    """Return how far a date is, as the measure says; of a length, microseconds."""
    day, instant = dated
    if condition.measure in ("ago", "ahead"):
        if instant is None:
            return None
        passed = t - instant if condition.measure == "ago" else instant - t
        return passed if passed >= 0 else None
    if day is None:
        return None
    today = here(seen, t)
    match condition.measure:
        case "days_ago":
            return (today - day).days if day <= today else None
        case "days_ahead":
            return (day - today).days if day >= today else None
    if day > today:
        return None
    following = min(each for y in (0, 1) if (each := on(day, today.year + y)) >= today)
    match condition.measure:
        case "anniversary_in":
            return (following - today).days
        case "turning":
            return following.year - day.year
        case _:
            return following.year - day.year - (following > today)


def on(day: date, year: int) -> date:
    """Return the anniversary in a year; a leap day's is 28 February in any other."""
    try:
        return day.replace(year=year)
    except ValueError:
        return date(year, 2, 28)


def here(seen: list[Event], t: Instant) -> date:
    """Return the local day of somebody of whom this was seen."""
    zones = [event.traits["timezone"] for event in seen if "timezone" in event.traits]
    at = START + timedelta(microseconds=t)
    if zones and zones[-1] in ZONES[:-1]:
        return at.astimezone(ZoneInfo(zones[-1])).date()
    acts = [e for e in seen if not e.machine and (e.context.page or e.name in ACTS)]
    first = [
        act for act, last in zip(acts, [None, *acts], strict=False)
        if last is None or act.at - last.at >= PERIOD
    ]  # fmt: skip
    return (at + timedelta(minutes=first[-1].context.utc_offset if first else 0)).date()


def read(value: Any) -> Dated:
    """Return the day and the instant in a value."""
    if isinstance(value, int) and value > 100_000_000:
        return EPOCH + timedelta(days=value // 86_400), value * 1_000_000
    if not isinstance(value, str) or (not value.startswith("20") and not value.startswith("19")):
        return None, None
    at = datetime.fromisoformat(value)
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return date.fromisoformat(value[:10]), (at - START) // timedelta(microseconds=1)


def dated(at: Instant) -> Dated:
    """Return the day in UTC of an instant, and the instant."""
    return EPOCH + timedelta(days=at // DAY), at


def holding(value: Any) -> set[str]:
    """Return what a list has; a single value is a list of one."""
    if value is None:
        return set()
    if isinstance(value, str) and value.startswith("[") and value.endswith("]"):
        return {x if isinstance(x, str) else json.dumps(x) for x in json.loads(value)}
    return {str(value)}


def has(condition: c.Has, value: Any) -> bool:
    wanted = {str(each) for each in condition.wanted}
    held = holding(value)
    return wanted <= held if condition.every else bool(wanted & held)


def on_list(name: str, seen: list[Event]) -> bool:
    last = [e.name for e in seen if e.properties.get("list") == name]
    return bool(last) and last[-1] == "list_added"


def compares(value: Any, comparison: c.Comparison) -> bool | None:
    """Return the answer of a comparison that only traits have, None of any other."""
    operand = comparison.operands[0] if comparison.operands else None
    text = value if isinstance(value, str) else "" if value is None else str(value)
    match comparison.op:
        case "contains":
            return str(operand) in text
        case "starts with":
            return text.startswith(str(operand))
        case "ends with":
            return text.endswith(str(operand))
    if not isinstance(operand, str) or comparison.op not in ORDER[2:]:
        return None
    day, instant = read(value)
    asked = read(operand)
    one, other = (day, asked[0]) if len(operand) == 10 else (instant, asked[1])
    if one is None or other is None:
        return False
    above, equal = one > other, one == other  # type: ignore[operator]
    return {"<": not above and not equal, "<=": not above, ">": above, ">=": above or equal}[
        comparison.op
    ]
