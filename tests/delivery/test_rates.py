"""No window holds more than its rate, wherever it begins, and nothing waits for ever."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorbird.delivery.rates import MOST_KEPT, Rate, Spent, next_room, rates_of, room, spending
from tailorbird.errors import SettingsError
from tailorbird.schema import DAY, SECOND, Instant

GAPS = st.lists(st.integers(0, 3 * SECOND), min_size=1, max_size=150)
START = 1_700_000_000 * SECOND


def leave(rate: Rate, gaps: list[Instant]) -> list[tuple[Instant, int]]:
    """Ask after each gap, and take all that there is."""
    spent: Spent = ()
    now, left = START, []
    for gap in gaps:
        now += gap
        count = room(rate, spent, now)
        spent = spending(spent, count, now, rate.seconds)
        assert len(spent) <= MOST_KEPT
        left.append((now, count))
    return left


@given(GAPS, st.integers(1, 40), st.sampled_from([1, 60]))
def test_no_window_holds_more_than_the_rate(gaps: list[Instant], count: int, seconds: int) -> None:
    rate = Rate(count, seconds)
    left = leave(rate, gaps)
    for begins, _ in left:
        within = sum(n for at, n in left if begins <= at < begins + rate.window)
        assert within <= count


@given(GAPS, st.integers(1, 40))
def test_the_next_room_is_the_first_instant_at_which_one_may_leave(
    gaps: list[Instant], count: int
) -> None:
    rate, now = Rate(count, 1), START
    spent: Spent = ()
    for gap in gaps:
        now += gap
        opens = next_room(rate, spent, now)
        assert room(rate, spent, opens) > 0
        assert opens == now or room(rate, spent, opens - 1) == 0
        spent = spending(spent, min(3, room(rate, spent, now)), now, 1)


def test_a_steady_sender_gets_the_whole_rate() -> None:
    left = leave(Rate(20, 1), [10_000] * 1000)
    assert sum(count for _, count in left) == 20 * 10


def test_a_clock_that_was_put_back_blocks_nobody_for_longer_than_the_window() -> None:
    rate = Rate(5, 1)
    spent = spending((), 5, START + 400 * DAY, 1)
    spent = spending(spent, 0, START, 1)
    assert room(rate, spent, START) == 0
    assert room(rate, spent, START + SECOND) == 5


def test_rates_are_read_as_people_write_them() -> None:
    assert rates_of("20/s, 30_000/h", "x") == (Rate(20, 1), Rate(30_000, 3600))
    assert rates_of("", "x") == ()


@pytest.mark.parametrize("text", ["20", "0/s", "20/week", "-1/s"])
def test_what_is_no_rate_is_told(text: str) -> None:
    with pytest.raises(SettingsError, match="is no rate"):
        rates_of(text, "pace.rate.gmail")
