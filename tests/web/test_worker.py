"""The worker: what comes is taken soon and together, what somebody waits for at once."""

from __future__ import annotations

import math
import threading
import time

import pytest

from tailorbird.errors import StoreError
from tailorbird.web import worker as workers
from tailorbird.web.worker import Worker


class Ticks:
    """Counts ticks, and lets a test wait for the next."""

    def __init__(self) -> None:
        self.at: list[float] = []
        self.came = threading.Event()
        self.error: Exception | None = None

    def __call__(self) -> bool:
        self.at.append(time.monotonic())
        self.came.set()
        if self.error:
            raise self.error
        return False

    def wait(self) -> None:
        assert self.came.wait(30)
        self.came.clear()


def test_what_holds_something_up_is_logged_once_while_it_does(
    caplog: pytest.LogCaptureFixture,
) -> None:
    worker = Worker(lambda: False)
    for troubles in (["no segment"], ["no segment", "no list"], [], ["no list"]):
        worker.warn(troubles)
    assert [each.message for each in caplog.records] == ["no segment", "no list", "no list"]


@pytest.fixture
def ticks(monkeypatch: pytest.MonkeyPatch) -> Ticks:
    monkeypatch.setattr(workers, "LONGEST_WAIT_SECONDS", 600.0)
    monkeypatch.setattr(workers, "WAIT_AFTER_ERROR_SECONDS", 600.0)
    monkeypatch.setattr(workers, "SHORTEST_WAIT_SECONDS", 0.2)
    return Ticks()


def idle(ticks: Ticks, worker: Worker) -> None:
    """Let its waits grow until it would rest for minutes."""
    worker.start()
    for _ in range(4):
        ticks.wait()


def test_a_nudge_ends_a_long_rest_but_not_the_shortest(ticks: Ticks) -> None:
    worker = Worker(ticks)
    idle(ticks, worker)
    worker.nudge()
    ticks.wait()
    worker.nudge()
    ticks.wait()
    assert ticks.at[-1] - ticks.at[-2] >= 0.2
    worker.stop()


def test_waking_is_at_once_even_after_an_error_and_a_nudge_is_not(ticks: Ticks) -> None:
    worker = Worker(ticks)
    ticks.error = StoreError("the disk is full")
    worker.start()
    ticks.wait()
    worker.nudge()
    assert not ticks.came.wait(0.5), "an error waits its time out, whatever comes"
    worker.wake()
    ticks.wait()
    worker.stop()
    assert "full" in worker.error


def test_what_is_due_by_time_alone_ends_a_long_rest(ticks: Ticks) -> None:
    due = [math.inf] * 4 + [0.3]
    worker = Worker(ticks, due=lambda: due.pop(0) if due else math.inf)
    idle(ticks, worker)
    ticks.wait()
    ticks.wait()
    assert ticks.at[5] - ticks.at[4] >= 0.3
    assert not due
    worker.stop()
