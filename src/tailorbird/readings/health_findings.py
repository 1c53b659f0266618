"""Verdicts on segments in sentences: what stands out, and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tailorbird.readings.usual_size import ENOUGH_DAYS
from tailorbird.schema import DAY, HOUR, MINUTE, Instant
from tailorbird.views import SegmentFinding, UsualSize, moment
from tailorbird.views.quality import Level


@dataclass(frozen=True, slots=True)
class Judged:
    """What a verdict on a segment is made of. `sizes` are a day apart, the last is now."""

    name: str
    broken: str
    people: int
    sizes: Sequence[int]
    usual: UsualSize | None
    redefined: int
    """The version that the definition got in the last 24 hours; 0 for none."""
    refreshed_at: Instant | None
    late: Instant
    """For how long it has been due, where that is too long; else 0."""
    now: Instant


def findings(judged: Judged) -> tuple[SegmentFinding, ...]:
    """Return what stands out, the gravest first."""
    levels = ("alarm", "warning", "note")
    found = [*_broken(judged), *_stale(judged), *_size(judged), *_young(judged)]
    return tuple(sorted(found, key=lambda each: levels.index(each.level)))


def _broken(judged: Judged) -> Iterator[SegmentFinding]:
    if judged.broken:
        what = f"{judged.name} cannot be worked out: {judged.broken}"
        mend = "mend that; until then its members are those who were in last"
        yield SegmentFinding("alarm", "broken", what, mend)


def _stale(judged: Judged) -> Iterator[SegmentFinding]:
    if judged.broken:
        return
    if judged.refreshed_at is None:
        what = f"{judged.name} was never worked out"
        yield SegmentFinding("warning", "stale", what, _START)
        return
    if judged.late:
        since = moment(judged.now - judged.late)
        what = (
            f"{judged.name} was to be brought up at {since:%Y-%m-%d %H:%M} UTC, "
            f"{_length(judged.late)} ago"
        )
        yield SegmentFinding("alarm", "stale", what, _START)


_START: Final = "start `tailorbird serve`, which keeps segments current"


def _size(judged: Judged) -> Iterator[SegmentFinding]:
    if not judged.people:
        yield from _empty(judged)
        return
    usual = judged.usual
    if usual is None or usual.low <= judged.people <= usual.high:
        return
    grew = judged.people > usual.high
    what = (
        f"{judged.name} has {judged.people:,} people, where {usual.low:,} to {usual.high:,} were "
        f"expected from the same weekdays and the same hour of {usual.days} days; 24 hours ago "
        f"there were {judged.sizes[-2]:,}"
    )
    if judged.redefined:
        what += f", before version {judged.redefined} of its definition"
    level: Level = "note" if judged.redefined else "alarm"
    mend = "if the day or the definition is special, there is nothing to mend; else look at "
    mend += "who entered" if grew else "who left"
    mend += f" with `tailorbird segments history {judged.name}`"
    yield SegmentFinding(level, "exploding" if grew else "shrinking", what, mend)


def _empty(judged: Judged) -> Iterator[SegmentFinding]:
    before = max(judged.sizes, default=0)
    if before:
        what = f"{judged.name} is empty, and held {before:,} people not long ago"
        mend = "see who left and why with `tailorbird segments history` and `segments explain`"
        yield SegmentFinding("alarm", "empty", what, mend)
    else:
        what = f"nobody is in {judged.name}"
        mend = "look at its conditions one by one in a preview"
        yield SegmentFinding("note", "empty", what, mend)


def _young(judged: Judged) -> Iterator[SegmentFinding]:
    if judged.usual is None and not judged.broken and judged.refreshed_at is not None:
        days = max(len(judged.sizes) - 2, 0)
        what = f"{judged.name} has {days} of {ENOUGH_DAYS} days of history: no size is unusual yet"
        yield SegmentFinding("note", "young", what, "nothing; it comes with time")


def _length(late: Instant) -> str:
    for unit, name in ((DAY, "days"), (HOUR, "hours"), (MINUTE, "minutes")):
        if late >= 2 * unit:
            return f"{late // unit:,} {name}"
    return "a moment"
