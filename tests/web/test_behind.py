"""Long work behind the ticks: done once, found by a later tick."""

from __future__ import annotations

import threading

import pytest

from tailorbird.errors import Stopped, UsageError
from tailorbird.web.behind import Behind


def nobody() -> None:
    """Stand for a worker that nobody has to wake."""


def test_work_is_begun_once_and_found_when_it_is_done() -> None:
    done, go = threading.Event(), threading.Event()
    begun: list[str] = []

    def work() -> str:
        begun.append("work")
        go.wait(30)
        return "found"

    behind = Behind(done.set, nobody, lambda: 0)
    assert behind("a", work) is None
    assert behind("a", work) is None
    go.set()
    assert done.wait(30)
    assert behind("a", work) == "found"
    behind.stop()
    assert begun == ["work"]


def test_what_the_work_raises_is_raised_where_it_is_asked_for() -> None:
    done = threading.Event()

    def work() -> str:
        raise UsageError("it took too long", mend="read less")

    behind = Behind(done.set, nobody, lambda: 0)
    assert behind("a", work) is None
    assert done.wait(30)
    with pytest.raises(UsageError, match="too long"):
        behind("a", work)
    assert behind("a", lambda: "again") is None
    behind.stop()


def test_what_is_asked_for_is_known_until_its_answer_is_taken() -> None:
    done = threading.Event()
    behind = Behind(done.set, nobody, lambda: 0)
    assert not behind.asked("a")
    assert behind("a", lambda: "found") is None
    assert behind.asked("a")
    assert done.wait(30)
    assert behind("a", lambda: "again") == "found"
    assert not behind.asked("a")
    behind.stop()


def test_work_that_tells_the_log_much_waits_for_the_ticks() -> None:
    wanted, done = threading.Event(), threading.Event()
    ticks = [0]
    let_in: list[tuple[int, int]] = []

    def ended() -> None:
        done.set()
        wanted.set()

    behind = Behind(ended, wanted.set, lambda: ticks[0])

    def work() -> str:
        for offset in (1, 2, 3):
            behind.let_in(offset)
            let_in.append((offset, ticks[0]))
        return "told"

    assert behind("a", work) is None
    while not done.is_set():
        assert wanted.wait(30), "it says that there is something to take in"
        wanted.clear()
        ticks[0] += 1
    assert behind("a", work) == "told"
    assert [offset for offset, _ in let_in] == [1, 2, 3]
    assert all(offset <= ticked for offset, ticked in let_in)
    behind.stop()


def test_work_that_waits_for_ticks_ends_with_the_server() -> None:
    done, wanted = threading.Event(), threading.Event()
    behind = Behind(done.set, wanted.set, lambda: 0)
    assert behind("a", lambda: behind.let_in(1)) is None
    assert wanted.wait(30)
    behind.stop()
    with pytest.raises(Stopped):
        behind("a", lambda: None)


def test_work_of_one_lane_does_not_wait_for_another() -> None:
    done, go = threading.Event(), threading.Event()
    behind = Behind(done.set, nobody, lambda: 0)
    assert behind("training of habits", lambda: go.wait(30), lane="training") is None
    assert behind("segment a", lambda: "found") is None
    assert done.wait(30)
    assert behind("segment a", lambda: "again") == "found"
    assert behind("training of habits", lambda: "again", lane="training") is None
    go.set()
    behind.stop()
