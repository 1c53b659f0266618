"""However a stream is cut into ticks, and wherever it is cut off: the same people enter, once."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailorbird import flow, journeying, journeys, triggering
from tailorbird.app import Tailorbird
from tailorbird.journeys import triggers
from tailorbird.journeys.journey import DateTrigger
from tailorbird.journeys.triggers import Triggered
from tailorbird.schema import DAY, HOUR, MINUTE, SECOND, Body, Instant
from tailorbird.views import moment
from tailorbird.world import World

START = 1_790_000_000 * SECOND
JOURNEY = """
name: cart
trigger: {event: added, where: {kind: good}, late: 30m}
per: number
several: true
reentry: always
steps:
  - wait: 30d
"""


class Act(NamedTuple):
    """What somebody did, how many minutes ago when we heard of it, and whether a tick follows."""

    user: int
    kind: str
    ago: int
    tick: bool
    cut_off: int
    """In how many batches of entries that tick dies; 0: it does not."""


ACTS = st.lists(
    st.builds(
        Act,
        st.integers(0, 3),
        st.sampled_from(("good", "bad")),
        st.sampled_from((0, 0, 1, 29, 30, 31, 200)),
        st.booleans(),
        st.sampled_from((0, 0, 0, 1, 2)),
    ),
    min_size=1,
    max_size=30,
)


class KilledError(Exception):
    """Stands for a kill: nothing of the transaction around is kept."""


def naive(acts: Sequence[Act], since: Instant) -> set[tuple[str, str, Instant]]:
    """Return who enters by which act, read one by one."""
    entered = set()
    for number, act in enumerate(acts):
        heard = since + (number + 1) * MINUTE
        at = heard - act.ago * MINUTE
        if act.kind == "good" and at >= since and heard - at <= 30 * MINUTE:
            entered.add((f"user{act.user}", str(number), at))
    return entered


def entries(world: World) -> list[tuple[str, str, Instant]]:
    found = []
    for user in range(4):
        person = world.people.find(f"user{user}")
        ways = world.enrolments.of_person(person) if person else []
        found += [(f"user{user}", each.key, each.entered_at) for each in ways]
    return found


class Ticking:
    """Ticks that die in a batch of entries, and go on after it."""

    def __init__(self) -> None:
        self.left = 0

    def enter(
        self,
        world: World,
        journey: journeys.Journey,
        version: int,
        triggered: Sequence[Triggered],
        now: Instant,
    ) -> object:
        done = journeying.enter(world, journey, version, triggered, now)
        self.left -= 1
        if self.left == 0:
            raise KilledError
        return done

    def tick(self, world: World, now: Instant, cut_off: int = 0) -> None:
        self.left = cut_off
        flow.ingest(world)
        try:
            triggering.enter_triggered(world, now, self.enter)
        except KilledError:
            self.left = 0
            triggering.enter_triggered(world, now, self.enter)


def log(world: World, number: int, act: Act, since: Instant) -> Instant:
    heard = since + (number + 1) * MINUTE
    said: dict[str, Any] = {
        "type": "track", "event": "added", "userId": f"user{act.user}",
        "timestamp": moment(heard - act.ago * MINUTE).isoformat(),
        "properties": {"kind": act.kind, "number": number},
    }  # fmt: skip
    world.log.append([Body("import", heard, json.dumps(said).encode())])
    return heard


@settings(max_examples=8)
@given(acts=ACTS)
def test_the_entries_are_those_of_a_naive_reader_of_the_whole_stream(acts: list[Act]) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(triggering, "AT_ONCE", 2)
        _read(Path(folder), acts)


def _read(folder: Path, acts: Sequence[Act]) -> None:
    with Tailorbird.open(folder, clock=lambda: START, environment={}) as tb:
        tb.world.log.append([Body("import", START, b'{"type":"track","event":"x","userId":"u"}')])
        put = tb.world.definitions.put
        put("journey", "cart", JOURNEY, author="", reason="", now=START)
        ticking = Ticking()
        for number, act in enumerate(acts):
            heard = log(tb.world, number, act, START)
            if act.tick:
                ticking.tick(tb.world, heard, act.cut_off)
        ticking.tick(tb.world, START + DAY)
        found = entries(tb.world)
        assert len(found) == len(set(found))
        assert set(found) == naive(acts, START)


# -- dates ----------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(
    start=st.integers(0, 20_000),
    lengths=st.lists(st.integers(1, 30 * HOUR), min_size=1, max_size=6),
    minute=st.integers(0, 1439),
)
def test_the_instants_of_a_time_of_day_are_the_same_however_time_is_cut(
    start: int, lengths: list[int], minute: int
) -> None:
    begins = start * DAY
    parts, at = [], begins
    for length in lengths:
        parts += triggers.hits(minute, at, at + length)
        at += length
    assert parts == triggers.hits(minute, begins, at)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kolkata", "America/St_Johns"])
def test_a_time_of_day_comes_once_a_day_in_a_zone(zone: str) -> None:
    begins = int(datetime(2027, 3, 20, tzinfo=UTC).timestamp()) * SECOND
    hits = triggers.hits(9 * 60 + 30, begins, begins + 20 * DAY)
    own = [each for each in hits if zone in each.zones]
    assert len(own) == 20
    for each in own:
        local = datetime.fromtimestamp(each.at / SECOND, ZoneInfo(zone))
        assert (local.hour, local.minute) == (9, 30)
        assert (local.date() - date(1970, 1, 1)).days == each.day


@given(st.dates(date(1970, 3, 2), date(2060, 1, 1)), st.integers(-60, 60))
def test_every_birthday_comes_once_a_year(born: date, days: int) -> None:
    trigger = DateTrigger("birthday", days, yearly=True)
    epoch = date(1970, 1, 1)
    number = (born - epoch).days
    year = born.year + 1
    leap_day = (born.month, born.day) == (2, 29)  # and no leap year follows a leap year
    own = date(year, 2, 28) if leap_day else born.replace(year=year)
    fires = own + timedelta(days)
    near = range((fires - epoch).days - 40, (fires - epoch).days + 41)
    assert [day for day in near if number in triggers.days_of(trigger, day)] == [
        (fires - epoch).days
    ]
