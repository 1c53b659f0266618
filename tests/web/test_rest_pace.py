"""Over HTTP: what waits for whom and why; a stream is held, and let go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tailorbird.app import Tailorbird
from tailorbird.lanes import Sorted
from tailorbird.schema import SECOND, Decision

NOW = 1_700_000_000 * SECOND
SMTP = {"TAILORBIRD_DELIVERY__CARRIER": "smtp"}
Call = Callable[..., httpx.Response]


@pytest.fixture
def tb(tmp_path: Path) -> Iterator[Tailorbird]:
    """Return a folder in which three mails wait for two providers."""
    with Tailorbird.open(tmp_path / "data", clock=lambda: NOW, environment=SMTP) as opened:
        world = opened.world
        world.ledger.record(
            [Decision(bytes([n]) * 16, "spring", 1, "1", n, NOW, "send") for n in (1, 2, 3)]
        )
        world.lanes.sort(
            [
                Sorted(1, "shop.example/gmail", "", 0),
                Sorted(2, "shop.example/gmail", "", NOW + 60 * SECOND),
                Sorted(3, "shop.example/gmx", "Europe/Berlin", NOW + 60 * SECOND),
            ]
        )
        yield opened


def test_what_waits_says_why_and_until_when(call: Call) -> None:
    report = call("/delivery/pace").json()
    assert report["paced"] is True
    assert [(each["stream"], each["sends"], each["why"]) for each in report["waiting"]] == [
        ("shop.example/gmail", 2, ""),
        ("shop.example/gmx", 1, "not_yet_due"),
    ]
    assert report["waiting"][1]["next_at"] == "2023-11-14T22:14:20Z"


def test_alarms_are_told_without_counting_what_waits(call: Call) -> None:
    hold = {"act": "hold", "stream": "shop.example/gmail", "reason": "too many complaints"}
    call("/delivery/pace/holds", "POST", json=hold)
    report = call("/delivery/pace?brief=true").json()
    assert [each["stream"] for each in report["held"]] == ["shop.example/gmail"]
    assert (report["paced"], report["waiting"]) == (True, [])


def test_a_stream_is_held_and_let_go(call: Call) -> None:
    hold = {"act": "hold", "stream": "shop.example/gmail", "reason": "too many complaints"}
    held = call("/delivery/pace/holds", "POST", json=hold).json()
    assert held["held"][0]["reason"] == "too many complaints"
    assert (held["waiting"][0]["why"], held["waiting"][0]["next_at"]) == ("held", None)
    free = call("/delivery/pace/holds", "POST", json={"act": "resume"}).json()
    assert free["held"] == []


@pytest.mark.parametrize(
    "said",
    [
        {"act": "hold", "stream": "shop.example/gmail"},
        {"act": "hold", "reason": "all of them"},
        {"act": "resume", "stream": "shop.example/gmail"},
    ],
)
def test_what_cannot_be_held_or_let_go_is_told(call: Call, said: dict[str, str]) -> None:
    assert 400 <= call("/delivery/pace/holds", "POST", json=said).status_code < 500


def test_a_carrier_that_rests_is_told(call: Call, tb: Tailorbird) -> None:
    from tailorbird.delivery.pacing import Pacing

    for _ in range(3):
        Pacing(tb.world.lanes).carrier_failed("smtp", "cannot be reached", NOW)
    (carrier,) = call("/delivery/pace").json()["carriers"]
    assert (carrier["state"], carrier["until"]) == ("open", "2023-11-14T22:14:20Z")
