"""Conditions on many events together: how they are drawn, and how they are read naively."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from tailorbird.schema import DAY, HOUR, Event
from tailorbird.segments import conditions as c

if TYPE_CHECKING:
    from tests.properties.segment_author import Author
    from tests.properties.segment_naive import Naive

Pattern: TypeAlias = c.Sequence | c.Answered | c.Regularly | c.PointsAre
MILLION = 1_000_000


# -- the naive reading: every chain is tried, every event looked at -------------------------------


def holds(person: Naive, asked: Pattern) -> bool:
    from tests.properties.segment_naive import compares

    match asked:
        case c.Sequence(event, steps, where, since, older_than, when):
            firsts = person.matching(event, where, since, older_than, when)
            return any(goes_on(person, first, steps) for first in firsts)
        case c.Answered(times=times):
            return compares(answers(person, asked), times)
        case c.Regularly(event, times, every, periods, some, where, when):
            seen = person.matching(event, where, every * periods, 0, when)
            kept = 0
            for number in range(periods):
                end = person.t - number * every
                inside = [each for each in seen if end - every < each.at <= end]
                kept += compares(len(inside), times)
            return kept >= (some or periods)
        case c.PointsAre(points, half_life_days, comparison):
            total = 0
            for entry in points:
                for event_ in person.matching(entry.event, entry.where, None):
                    age = person.t // DAY - event_.at // DAY
                    weight = round(MILLION * float(0.5 ** (age / half_life_days)))
                    total += 0 if event_.machine else entry.points * weight
            asked_for = [round(float(each) * MILLION) for each in comparison.operands]
            return compares(total, c.Comparison(comparison.op, tuple(asked_for)))


def order(event: Event) -> tuple[int, int]:
    return event.at, event.position


def goes_on(person: Naive, last: Event, steps: tuple[c.Step, ...]) -> bool:
    absent: list[c.Step] = []
    for number, step in enumerate(steps):
        if step.absent:
            absent.append(step)
            continue
        return any(
            order(last) < order(found)
            and (step.within is None or found.at <= last.at + step.within)
            and not any(broken(person, last, found, each) for each in absent)
            and goes_on(person, found, steps[number + 1 :])
            for found in person.matching(step.event, step.where, None)
        )
    rested = all(last.at + (each.within or 0) <= person.t for each in absent)
    return rested and not any(broken(person, last, None, each) for each in absent)


def broken(person: Naive, last: Event, until: Event | None, step: c.Step) -> bool:
    return any(
        order(last) < order(each)
        and (until is None or order(each) < order(until))
        and (step.within is None or each.at <= last.at + step.within)
        for each in person.matching(step.event, step.where, None)
    )


def answers(person: Naive, asked: c.Answered) -> int:
    rows = person.matching(asked.event, asked.where, asked.within, asked.older_than, asked.when)
    replies = person.matching(asked.by, asked.by_where, None)
    return sum(
        any(
            link_of(row, asked.link) is not None
            and link_of(row, asked.link) == link_of(reply, asked.link)
            and (asked.answered_within is None or reply.at <= row.at + asked.answered_within)
            for reply in replies
        )
        for row in rows[-asked.last :]
    )


def link_of(event: Event, name: str) -> str | None:
    if name in ("send_id", "order_id", "campaign"):
        return getattr(event, name) or None
    value: Any = event.properties.get(name)
    return None if value is None else str(value)


# -- random definitions ---------------------------------------------------------------------------


def pattern(author: Author, names: tuple[str, ...], windows: tuple[int, ...]) -> Pattern:
    draws: list[Callable[[], Pattern]] = [
        lambda: sequence(author, names, windows),
        lambda: answered(author),
        lambda: regularly(author, names),
        lambda: points(author, names),
    ]
    return author.rng.choice(draws)()


def sequence(author: Author, names: tuple[str, ...], windows: tuple[int, ...]) -> c.Sequence:
    pick = author.rng.choice
    steps = [
        c.Step(
            pick(names[:3]),
            author.rng.random() < 0.35,
            author.where() if author.rng.random() < 0.3 else (),
            pick((None, HOUR, DAY, 3 * DAY)),
        )
        for _ in range(pick((2, 2, 3, 4)))
    ]
    wait = max(step.within or 0 for step in steps)
    since = pick((None, *(each for each in windows if each > wait)))
    first = pick(names[:3])
    when = author.when()
    return c.Sequence(first, tuple(steps), author.where(), since, pick((0, 0, HOUR)), when)


def answered(author: Author) -> c.Answered:
    pick: Any = author.rng.choice
    asked, by = pick((("email_opened", "email_clicked"), ("product_viewed", "purchase")))
    within, older_than = author.window()
    return c.Answered(
        asked,
        pick((1, 2, 3, 5)),
        by,
        c.Comparison(pick(("=", "<=", ">", ">=")), (pick((0, 1, 1, 2)),)),
        pick(("send_id", "order_id", "campaign", "channel")),
        author.where() if author.rng.random() < 0.3 else (),
        author.where() if author.rng.random() < 0.3 else (),
        pick((None, None, DAY)),
        within,
        older_than,
        author.when(),
    )


def regularly(author: Author, names: tuple[str, ...]) -> c.Regularly:
    pick: Any = author.rng.choice
    periods = pick((1, 2, 4))
    times = c.Comparison(pick(("=", "!=", "<", "<=", ">", ">=")), (pick((0, 1, 1, 2, 3)),))
    some = pick((None, 1, periods))
    every, when = pick((HOUR, DAY, 7 * DAY)), author.when()
    return c.Regularly(pick(names), times, every, periods, some, author.where(), when)


def points(author: Author, names: tuple[str, ...]) -> c.PointsAre:
    pick: Any = author.rng.choice
    entries = tuple(
        c.Points(pick(names), pick((1, 3, 10, -2)), author.where() if pick((0, 0, 1)) else ())
        for _ in range(pick((1, 2, 3)))
    )
    number = random.Random(author.rng.random()).randrange(-8, 60) / 4
    asked = c.Comparison(pick(("=", "!=", "<", "<=", ">", ">=", ">=")), (number,))
    return c.PointsAre(entries, pick((1, 7, 30)), asked)
