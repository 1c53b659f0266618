"""Long work behind the ticks: done once, found by a later tick."""

from __future__ import annotations

import threading

import pytest

from tailorbird.errors import UsageError
from tailorbird.web.behind import Behind


def test_work_is_begun_once_and_found_when_it_is_done() -> None:
    done, go = threading.Event(), threading.Event()
    begun: list[str] = []

    def work() -> str:
        begun.append("work")
        go.wait(30)
        return "found"

    behind = Behind(done.set)
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

    behind = Behind(done.set)
    assert behind("a", work) is None
    assert done.wait(30)
    with pytest.raises(UsageError, match="too long"):
        behind("a", work)
    assert behind("a", lambda: "again") is None
    behind.stop()
