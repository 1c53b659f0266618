"""Quiet hours end when the person's clock says so, also in nights in which clocks are put."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorbird.delivery.quiet_hours import (
    QuietHours,
    day_ends,
    is_quiet,
    local_day,
    opens_at,
    quiet_hours,
)
from tailorbird.errors import SettingsError
from tailorbird.schema import DAY, MINUTE, SECOND, Instant

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu",
         "America/Sao_Paulo", "Pacific/Apia", "Africa/Casablanca")  # fmt: skip
NIGHT = quiet_hours("21:00", "8:00")


def at(text: str, zone: str = "UTC", fold: int = 0) -> Instant:
    moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)
    return int(moment.timestamp()) * SECOND


def test_by_day_a_mail_leaves_at_once() -> None:
    noon = at("2026-11-22T12:00", "Europe/Berlin")
    assert opens_at(NIGHT, "Europe/Berlin", noon) == noon


@pytest.mark.parametrize(
    ("zone", "evening", "morning"),
    [
        ("Europe/Berlin", "2026-11-22T21:00", "2026-11-23T08:00"),
        ("Europe/Berlin", "2026-03-28T23:00", "2026-03-29T08:00"),  # an hour less of sleep
        ("America/New_York", "2026-10-31T22:30", "2026-11-01T08:00"),  # an hour more
        ("Asia/Tokyo", "2026-11-23T07:59", "2026-11-23T08:00"),
    ],
)
def test_by_night_it_waits_for_the_morning_of_the_person(
    zone: str, evening: str, morning: str
) -> None:
    assert opens_at(NIGHT, zone, at(evening, zone)) == at(morning, zone)


def test_an_end_that_is_skipped_has_come_when_the_clocks_are_put() -> None:
    quiet = quiet_hours("22:00", "2:30")
    opened = opens_at(quiet, "Europe/Berlin", at("2026-03-28T23:00", "Europe/Berlin"))
    assert opened == at("2026-03-29T01:00")  # 02:00 becomes 03:00 there


def test_an_hour_that_comes_twice_is_quiet_twice() -> None:
    quiet = quiet_hours("22:00", "2:30")
    berlin = "Europe/Berlin"
    again = at("2026-10-25T02:10", berlin, fold=1)
    assert opens_at(quiet, berlin, at("2026-10-25T02:10", berlin)) == at("2026-10-25T02:30", berlin)
    assert opens_at(quiet, berlin, again) == at("2026-10-25T02:30", berlin, fold=1)


@given(
    zone=st.sampled_from(ZONES),
    start=st.integers(at("2011-12-01T00:00") // MINUTE, at("2027-01-01T00:00") // MINUTE),
    hours=st.tuples(st.integers(0, 95), st.integers(0, 95)),
)
def test_no_earlier_minute_was_open(zone: str, start: int, hours: tuple[int, int]) -> None:
    quiet = QuietHours(hours[0] * 15, hours[1] * 15)
    now = start * MINUTE
    opened = opens_at(quiet, zone, now)
    assert not is_quiet(quiet, zone, opened)
    assert all(is_quiet(quiet, zone, each) for each in range(now, opened, 5 * MINUTE))
    assert opened == now or is_quiet(quiet, zone, opened - 1)


@given(zone=st.sampled_from(ZONES), now=st.integers(0, at("2030-01-01T00:00")))
def test_a_day_ends_where_the_next_begins(zone: str, now: Instant) -> None:
    end = day_ends(zone, now)
    assert now < end <= now + 2 * DAY
    assert local_day(zone, end - 1) == local_day(zone, now) < local_day(zone, end)


def test_without_hours_nothing_is_quiet() -> None:
    assert opens_at(quiet_hours("", ""), "UTC", 7) == 7


@pytest.mark.parametrize(("since", "until"), [("25:00", "8:00"), ("21:00", ""), ("nine", "ten")])
def test_what_is_no_clock_time_is_told(since: str, until: str) -> None:
    with pytest.raises(SettingsError, match=r'write it as "21:00"'):
        quiet_hours(since, until)
