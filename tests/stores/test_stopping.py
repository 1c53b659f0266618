"""A reading that nobody waits for ends."""

from __future__ import annotations

import threading

import pytest

from tailorbird.errors import Stopped
from tailorbird.stopping import Stop
from tailorbird.stores.duckdb.facts import DuckFacts

ENDLESS = (
    "SELECT COUNT(*) FROM range(10000000000) AS a(x), range(1000) AS b(y) WHERE (x * y) % 7 = 3"
)


def test_a_reading_ends_when_it_is_asked_to() -> None:
    facts, stop, ended = DuckFacts(None), Stop(), threading.Event()

    def ask() -> None:
        while not ended.wait(0.01):
            stop.ask()

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        with pytest.raises(Stopped), facts.stopping(stop):
            facts.read(ENDLESS)
    finally:
        ended.set()
        asking.join()
    assert facts.read("SELECT 1 AS one")["one"].to_pylist() == [1]
    facts.close()


def test_what_begins_after_it_was_asked_does_not_begin() -> None:
    facts, stop = DuckFacts(None), Stop()
    stop.ask()
    with facts.stopping(stop), pytest.raises(Stopped):
        facts.read("SELECT 1")
    assert facts.read("SELECT 1 AS one")["one"].to_pylist() == [1]
    facts.close()
