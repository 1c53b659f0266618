"""Over HTTP: a journey is simulated behind the request; it can be looked at and stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from tailorbird.app import Tailorbird
from tailorbird.schema import DAY, SECOND, Body
from tailorbird.simulating import Asked
from tailorbird.web.simulations import Simulations

NOW = int(datetime(2026, 3, 4, 12, tzinfo=UTC).timestamp()) * SECOND
Call = Callable[..., httpx.Response]
TEXT = """\
name: hello
mode: paused
trigger: {event: signed_up}
steps:
  - wait: 1h
  - set: {stage: silent}
"""
WHERE = "/journeys/hello/simulate"


@pytest.fixture
def tb(tmp_path: Path) -> Iterator[Tailorbird]:
    """Return a folder with a journey, and three people who signed up, one of them long ago."""
    with Tailorbird.open(tmp_path / "data", clock=lambda: NOW, environment={}) as opened:
        batch = [
            {"type": "track", "event": "signed_up", "userId": who, "messageId": who,
             "timestamp": datetime.fromtimestamp((NOW - days * DAY) / SECOND, UTC).isoformat()}
            for who, days in (("ann", 2), ("ben", 3), ("cyd", 100))
        ]  # fmt: skip
        opened.world.log.append([Body("server", NOW, msgspec.json.encode({"batch": batch}))])
        opened.ingest()
        opened.put("journey", "hello", TEXT)
        yield opened


def ended(call: Call) -> dict[str, Any]:
    """Return what a simulation has come to, once it has ended."""
    while (told := call(WHERE).json())["state"] == "running":
        pass
    found: dict[str, Any] = told
    return found


def test_a_journey_is_simulated_over_the_last_ninety_days(call: Call) -> None:
    begun = call(WHERE, "POST")
    assert (begun.status_code, begun.json()["since"]) == (200, "2025-12-04T12:00:00Z")
    told = ended(call)
    assert (told["state"], told["done"], told["entered"]) == ("done", 1.0, 2)
    assert [(each["day"], each["entered"]) for each in told["days"]] == [
        ("2026-03-01", 1),
        ("2026-03-02", 1),
    ]
    assert told["ended"] == {"done": 2}
    assert any("came so late" in note for note in told["as_of_now"])


def test_a_draft_is_tried_for_the_time_that_is_said(call: Call) -> None:
    draft = TEXT.replace("1h", "30m").replace("hello", "other")
    where = "/journeys/other/simulate"
    said = {"from": "2026-03-02T00:00:00Z", "text": draft, "every": "1d"}
    assert call(where, "POST", json=said).status_code == 200
    while (told := call(where).json())["state"] == "running":
        pass
    assert (told["entered"], told["version"], told["every_seconds"]) == (1, 1, 86_400)


def test_what_cannot_be_simulated_is_told(call: Call) -> None:
    assert call("/journeys/nothing/simulate", "POST").status_code == 404
    assert call(WHERE).status_code == 404
    assert call(WHERE, "POST", json={"every": "often"}).status_code == 400
    assert call(WHERE, "POST", json={"from": "2020-01-01T00:00:00Z"}).status_code == 400
    assert call(WHERE, "POST", json={"text": "name: hello\n"}).status_code == 200
    broken = ended(call)
    assert broken["state"] == "failed"
    assert "trigger" in broken["trouble"]


def test_a_simulation_that_is_stopped_says_so(tb: Tailorbird) -> None:
    simulations = Simulations(tb.world, tb.clock)
    simulations.begin(Asked("hello", NOW - 80 * DAY, NOW))
    simulations.stop("hello")
    simulations.close()
    told = simulations.look("hello")
    assert told is not None
    assert told.state in ("stopped", "done")
    assert simulations.stop("nothing") is None
