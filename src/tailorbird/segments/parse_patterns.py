"""Conditions on many events together, as authors write them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any as Anything
from typing import Final

from tailorbird import durations
from tailorbird.schema import DAY
from tailorbird.segments import grammar, operands
from tailorbird.segments.conditions import (
    Answered,
    Comparison,
    Filter,
    Points,
    PointsAre,
    Regularly,
    Sequence,
    Step,
    Then,
)
from tailorbird.segments.operands import Unfit
from tailorbird.segments.parse_counts import event, times, whole
from tailorbird.segments.parse_windows import calendar
from tailorbird.segments.reader import Keyed, Reader
from tailorbird.yaml_text import Path

MOST_STEPS: Final = 10
MOST_LATEST: Final = 1000
MOST_PERIODS: Final = 366
MOST_POINTS: Final = 100_000


def sequence(reader: Reader, value: Keyed, path: Path) -> Sequence | Then:
    """Return a `did` followed by a list of steps; by a single one, it is a `then`."""
    reader.mapping(value, path, grammar.SEQUENCE.names)
    told = value["then"]
    if not 1 <= len(told) <= MOST_STEPS:
        reader.refuse("'then' takes some steps", (*path, "then"), f"from 1 to {MOST_STEPS}")
    steps = tuple(_step(reader, each, (*path, "then", at)) for at, each in enumerate(told))
    since, older_than = reader.window(value, path, "since")
    _refuse_endless_wait(reader, steps, since, path)
    first, where = event(reader, value["did"], (*path, "did")), reader.filters(value, path, "where")
    when = calendar(reader, value, path)
    if len(steps) == 1:
        (step,) = steps
        second = step.event, step.absent, where, step.where, step.within
        return Then(first, *second, since, older_than, when)
    return Sequence(first, steps, where, since, older_than, when)


def answered(reader: Reader, value: Keyed, path: Path) -> Answered:
    """Return how many of the latest events were answered."""
    reader.mapping(value, path, grammar.ANSWERED.names)
    for key, mend in _NEEDED.items():
        if key not in value:
            reader.refuse(f"{key!r} is missing", (*path, "did"), mend)
    within, older_than = reader.window(value, path, "within")
    asked = times(reader, value, path)
    if asked is None:
        reader.refuse("nothing says how many", (*path, "of_last"), "write `times: {at_least: 2}`")
    last = whole(reader, value, path, "of_last", MOST_LATEST)
    _refuse_too_many(reader, asked, last, (*path, "times"))
    return Answered(
        event=event(reader, value["did"], (*path, "did")),
        last=last,
        by=event(reader, value["answered_by"], (*path, "answered_by")),
        times=asked,
        link=_link(reader, value, path),
        where=reader.filters(value, path, "where"),
        by_where=reader.filters(value, path, "answer_where"),
        answered_within=reader.duration(value, path, "answered_within"),
        within=within,
        older_than=older_than,
        when=calendar(reader, value, path),
    )


def regularly(reader: Reader, value: Keyed, path: Path) -> Regularly:
    """Return how often something happened in each of some periods."""
    reader.mapping(value, path, grammar.REGULARLY.names)
    asked, every = times(reader, value, path), reader.duration(value, path, "every")
    if asked is None or every is None:
        mend = "write `times: {at_least: 3}`, `every: 7d` and `periods: 4`"
        said = (*path, "every" if "every" in value else "periods")
        reader.refuse("how often and in which periods must be said", said, mend)
    periods = whole(reader, value, path, "periods", MOST_PERIODS)
    if every * periods > durations.LONGEST:
        reader.refuse("the periods are too long together", (*path, "every"), "below 100 years")
    least = whole(reader, value, path, "in_at_least", periods) if "in_at_least" in value else None
    return Regularly(
        event=event(reader, value["did"], (*path, "did")),
        times=asked,
        every=every,
        periods=periods,
        in_at_least=least,
        where=reader.filters(value, path, "where"),
        when=calendar(reader, value, path),
    )


def points(reader: Reader, value: Keyed, path: Path) -> PointsAre:
    """Return points that halve with age, compared."""
    beside = grammar.POINTS.names
    half_life = reader.duration(value, path, "half_life")
    if half_life is None or half_life % DAY:
        mend = "write `half_life: 14d`"
        said = "half_life" if "half_life" in value else "points"
        reader.refuse("points need a half-life of whole days", (*path, said), mend)
    rest = {key: each for key, each in value.items() if key not in beside}
    comparison = reader.comparison(rest, path, "points", "millionths", beside)
    return PointsAre(_points(reader, value, path), half_life // DAY, comparison)


def _points(reader: Reader, value: Keyed, path: Path) -> tuple[Points, ...]:
    told, path = value["points"], (*path, "points")
    if isinstance(told, Mapping) and told:
        named = [(str(name), told[name], (*path, name)) for name in told]
        return tuple(_worth(reader, *each) for each in named)
    if not isinstance(told, list) or not told:
        reader.refuse("'points' says what events are worth", path, "write `email_opened: 1` below")
    return tuple(_entry(reader, each, (*path, at)) for at, each in enumerate(told))


def _entry(reader: Reader, value: Anything, path: Path) -> Points:
    asked = reader.mapping(value, path, ("did", "points", "where"))
    if "did" not in asked:
        reader.refuse("points need an event", path, "write `did: purchase`")
    return _worth(reader, str(asked["did"]), {k: asked[k] for k in asked if k != "did"}, path)


def _worth(reader: Reader, name: str, value: Anything, path: Path) -> Points:
    keyed = value if isinstance(value, Mapping) else {"points": value}
    reader.mapping(keyed, path, ("points", "where"))
    number = keyed.get("points")
    if not isinstance(number, int) or isinstance(number, bool) or abs(number) > MOST_POINTS:
        mend = f"write a whole number up to {MOST_POINTS}"
        reader.refuse("an event is worth whole points", path, mend)
    return Points(event(reader, name, path), number, reader.filters(keyed, path, "where"))


def _step(reader: Reader, value: Anything, path: Path) -> Step:
    absent = isinstance(value, Mapping) and "did_not" in value
    word = "did_not" if absent else "did"
    told = reader.mapping(value, path, (word, "where", "within"))
    if word not in told:
        reader.refuse("a step needs an event", path, "write `did: purchase`, or `did_not:`")
    name = event(reader, told[word], (*path, word))
    filters: tuple[Filter, ...] = reader.filters(told, path, "where")
    return Step(name, absent, filters, reader.duration(told, path, "within"))


def _refuse_endless_wait(
    reader: Reader, steps: tuple[Step, ...], since: int | None, path: Path
) -> None:
    """Refuse a wait for silence that is not over while the first step still counts."""
    wait = 0
    for step in reversed(steps):
        if not step.absent:
            break
        wait = max(wait, step.within or 0)
    if since is not None and wait >= since:
        what = f"'since' ({durations.written(since)}) ends before the last wait is over"
        reader.refuse(what, (*path, "since"), "make 'since' longer")


def _refuse_too_many(reader: Reader, asked: Comparison, last: int, path: Path) -> None:
    """Refuse more answers than events are asked about."""
    most = last - 1 if asked.op == ">" else last
    counts = [count for count in asked.operands if isinstance(count, int)]
    if asked.op in ("=", "in", ">", ">=") and counts and min(counts) > most:
        what = f"of the last {last} no more than {last} are answered"
        reader.refuse(what, path, "make `of_last` larger, or ask for fewer")


def _link(reader: Reader, value: Keyed, path: Path) -> str:
    link, path = value.get("linked_by", "send_id"), (*path, "linked_by")
    if not isinstance(link, str) or not link:
        reader.refuse("'linked_by' names a property", path, "write `linked_by: send_id`")
    reader.property(link, path)
    try:
        operands.kind_of_measure("distinct", link)
    except Unfit as error:
        reader.refuse(error.what, path, error.mend)
    if link in operands.PRODUCT_PROPERTIES:
        mend = "name a property that both events have once, such as `order_id`"
        reader.refuse("an event may have several products", path, mend)
    return link


_NEEDED: Final = {
    "of_last": "write `of_last: 5`",
    "answered_by": "write `answered_by: email_opened`",
}
