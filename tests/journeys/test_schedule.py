"""When campaigns are sent: clock times of any zone, once each, through every change of clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorbird.errors import DefinitionError
from tailorbird.journeys import parse
from tailorbird.journeys.schedule import Schedule, due_at, instant, next_wave, waves
from tailorbird.schema import DAY, HOUR, MINUTE, SECOND

ZONES = ("America/New_York", "Asia/Kolkata", "Europe/Berlin", "Pacific/Kiritimati", "UTC")
CAMPAIGN = "name: a\naudience: everybody\ntemplate: t\nvariants: {v: {subject: S}}\n"


def at(text: str) -> int:
    """Return an instant in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND


@pytest.mark.parametrize(
    ("wall", "zone", "utc"),
    [
        ("2026-12-01T09:00", "Europe/Berlin", "2026-12-01T08:00"),
        ("2026-07-01T09:00", "Europe/Berlin", "2026-07-01T07:00"),
        ("2026-03-29T02:30", "Europe/Berlin", "2026-03-29T01:00"),  # skipped: when clocks are put
        ("2026-10-25T02:30", "Europe/Berlin", "2026-10-25T00:30"),  # comes twice: the first
        ("2026-12-01T09:00", "Pacific/Kiritimati", "2026-11-30T19:00"),
    ],
)
def test_a_clock_time_is_an_instant_of_its_zone(wall: str, zone: str, utc: str) -> None:
    assert instant(datetime.fromisoformat(wall), zone) == at(utc)


def test_what_is_local_comes_to_each_zone_in_its_turn() -> None:
    schedule = Schedule(at="2026-12-01T09:00", local=True)
    found = waves(schedule, "UTC", ZONES, 0, at("2027-01-01"))
    assert [each.zones for each in found] == [
        ("Pacific/Kiritimati",),
        ("Asia/Kolkata",),
        ("Europe/Berlin",),
        ("UTC",),
        ("America/New_York",),
    ]
    assert {each.occurrence for each in found} == {"1"}, "moving it writes to nobody twice"
    assert found[0].at == at("2026-11-30T19:00")


def test_each_occurrence_has_its_own_name() -> None:
    schedule = Schedule(every="weekly on tuesday and friday at 09:00", until="2026-12-08T09:00")
    found = waves(schedule, "Europe/Berlin", ZONES, at("2026-12-01"), at("2027-01-01"))
    names = ["2026-12-01T09:00", "2026-12-04T09:00", "2026-12-08T09:00"]
    assert [each.occurrence for each in found] == names
    assert {each.zones for each in found} == {()}


@pytest.mark.parametrize(
    ("every", "after", "coming"),
    [
        ("daily at 09:00", "2026-12-01T09:00", "2026-12-02T09:00"),
        ("weekly on monday at 00:00", "2026-12-01", "2026-12-07"),
        ("monthly on 28 at 23:59", "2026-02-28T23:59", "2026-03-28T23:59"),
        ("Monthly on 1 at 9:05", "2026-02-28", "2026-03-01T09:05"),
    ],
)
def test_the_next_one_is_known(every: str, after: str, coming: str) -> None:
    assert next_wave(Schedule(every=every), "UTC", ZONES, at(after)) == at(coming)


def test_what_was_once_comes_no_more() -> None:
    once = Schedule(at="2026-12-01T09:00")
    assert next_wave(once, "UTC", ZONES, at("2026-12-01T08:59")) == at("2026-12-01T09:00")
    assert next_wave(once, "UTC", ZONES, at("2026-12-01T09:00")) is None
    assert next_wave(Schedule(at="2031-01-01T00:00"), "UTC", ZONES, at("2026-01-01")) == at(
        "2031-01-01"
    )


@given(st.lists(st.integers(0, 40 * 24 * 60), min_size=1, max_size=8), st.booleans())
def test_however_the_time_is_cut_each_wave_comes_once(cuts: list[int], local: bool) -> None:
    schedule = Schedule(every="daily at 02:30", local=local)
    start, end = at("2026-03-10"), at("2026-03-10") + 40 * DAY
    instants = [start, *sorted(start + cut * MINUTE for cut in cuts), end]
    whole = waves(schedule, "Europe/Berlin", ZONES, start, end)
    pieces = [
        wave
        for low, high in pairwise(instants)
        for wave in waves(schedule, "Europe/Berlin", ZONES, low, high)
    ]
    assert pieces == whole
    days = {each.occurrence for each in whole}
    assert len(whole) == len({(each.occurrence, each.zones) for each in whole})
    assert 39 <= len(days) <= 42


@given(st.binary(min_size=16, max_size=16), st.sampled_from(["", "30m", "6h"]))
def test_a_spread_stays_within_its_time(send_id: bytes, gradual: str) -> None:
    schedule = Schedule(at="2026-12-01T09:00", gradual=gradual)
    due = due_at(schedule, DAY, send_id)
    assert DAY <= due < DAY + schedule.span + 1
    assert due == due_at(schedule, DAY, send_id)


def test_a_best_hour_is_so_long_after_the_wave() -> None:
    schedule = Schedule(at="2026-12-01T00:00", best_hour=True)
    assert due_at(schedule, DAY, b"x" * 16, 7) == DAY + 7 * HOUR
    assert due_at(schedule, DAY, b"x" * 16) == DAY


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        ("{}", "a.yaml:5: a schedule says either `at` or `every`; write one of them"),
        ("{at: 2026-12-01T09:00, every: daily at 09:00}", "either `at` or `every`"),
        ("{at: 2026-02-30T09:00}", "no time of any calendar; write it as 2026-12-01T09:00"),
        ("{at: tomorrow}", r"a.yaml:5: .*tomorrow.*but it must match"),
        ("{every: on tuesdays}", "no such time; write `daily at 09:00`"),
        ("{every: daily at 25:00}", "no such time"),
        ("{every: daily at 09:00, recipients: at_schedule}", "what recurs finds its recipients"),
        ("{at: 2026-12-01T09:00, gradual: 9d}", "no such length of time; write 30m, 6h or 2d"),
        ("{at: 2026-12-01T09:00, late: soon}", "no such length of time"),
        ("{at: 2026-12-01T09:00, best_hour: true, gradual: 2h}", "leave one out"),
        ("{at: 2026-12-01T09:00, when: now}", "when"),
    ],
)
def test_a_schedule_that_says_nothing_names_its_line(schedule: str, message: str) -> None:
    with pytest.raises(DefinitionError, match=message):
        parse(f"{CAMPAIGN}schedule: {schedule}\n", "a.yaml")


def test_several_segments_are_an_audience() -> None:
    campaign = parse(CAMPAIGN.replace("everybody", "[gold, silver]"), "a.yaml")
    assert campaign.included == ("gold", "silver")
    assert parse(CAMPAIGN, "a.yaml").included == ("everybody",)
    with pytest.raises(DefinitionError, match="audience"):
        parse(CAMPAIGN.replace("everybody", "[]"), "a.yaml")


def test_the_next_wave_lies_within_a_month() -> None:
    at_noon = Schedule(every="monthly on 28 at 12:00")
    now = at("2026-01-28T12:00")
    coming = next_wave(at_noon, "UTC", ZONES, now)
    assert coming is not None
    assert timedelta(microseconds=coming - now) == timedelta(days=31)
