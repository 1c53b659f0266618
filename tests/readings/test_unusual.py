"""What is far from the rest is found, and what is not is left in peace as often as is said."""

from __future__ import annotations

import numpy as np
import pytest

from tailorbird.readings.unusual import ENOUGH_DAYS, differs, fences, last_day

WEEK = np.array([1.0, 1.1, 1.2, 1.1, 0.9, 0.5, 0.4])


def shop_days(rng: np.random.Generator, days: int, level: float = 400.0) -> list[int]:
    """Return counts of a shop with quiet week-ends and days that differ by a fifth."""
    weekday = WEEK[np.arange(days) % 7]
    return list(map(int, rng.poisson(level * weekday * rng.lognormal(0, 0.2, days))))


@pytest.mark.parametrize("days", [29, 100, 181])
def test_ordinary_days_alarm_no_oftener_than_is_stated(days: int) -> None:
    rng = np.random.default_rng(11)
    found = [last_day(shop_days(rng, days)) for _ in range(1500)]
    allowed = found[0].false_alarms if found[0] else 0.0
    assert allowed == max(0.01, 1 / days)
    rate = np.mean([one.alarm for one in found if one])
    # Four standard errors above what is stated; well above nothing, so that alarms do come.
    assert 0.1 * allowed < rate <= allowed + 4 * (allowed / 1500) ** 0.5


@pytest.mark.parametrize("factor", [0.0, 0.3, 3.0])
def test_a_silent_a_poor_and_a_flooded_day_alarm(factor: float) -> None:
    rng = np.random.default_rng(5)
    alarms = 0
    for _ in range(100):
        days = shop_days(rng, 120)
        days[-1] = int(days[-1] * factor)
        found = last_day(days)
        assert found is not None
        alarms += found.alarm
    assert alarms >= 90


def test_a_quiet_sunday_is_no_alarm() -> None:
    days = [400, 400, 400, 400, 400, 400, 3] * 20
    found = last_day(days)
    assert found is not None
    assert not found.alarm
    assert found.expected == pytest.approx(3)


def test_a_few_days_are_no_history() -> None:
    assert last_day([100] * ENOUGH_DAYS) is None
    assert last_day([]) is None


def test_a_few_wild_orders_do_not_move_the_fences() -> None:
    rng = np.random.default_rng(3)
    usual = np.exp(rng.normal(8, 0.5, 10_000)).astype(np.int64) + 1
    wild = np.full(50, 10**9, dtype=np.int64)
    clean, dirty = fences(usual), fences(np.concatenate([usual, wild]))
    assert clean is not None
    assert dirty is not None
    assert dirty[1] == pytest.approx(clean[1], rel=0.05)
    assert not np.any(usual > clean[1])
    # Five robust standard deviations of a log-normal with sigma 0.5.
    assert clean[1] == pytest.approx(np.exp(8 + 2.5), rel=0.1)


def test_where_most_are_equal_the_quartiles_decide_and_where_all_are_nothing_does() -> None:
    assert fences(np.array([500] * 100, dtype=np.int64)) is None
    mixed = np.array([500] * 60 + [400] * 30 + [700] * 40 + [10**8], dtype=np.int64)
    found = fences(mixed)
    assert found is not None
    assert found[0] < 400
    assert 700 < found[1] < 10**8


def test_shares_differ_when_it_is_much_and_no_chance() -> None:
    assert differs(10, 100, 400, 1000)
    assert not differs(35, 100, 400, 1000)
    assert not differs(1, 3, 400, 1000)
    assert not differs(0, 0, 400, 1000)
