"""What stands in a campaign's way, when it is sent, and a test mail, over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tailorbird.app import Tailorbird
from tailorbird.schema import SECOND, Body

NOW = 1_700_000_000 * SECOND
Call = Callable[..., httpx.Response]
CAMPAIGN = """\
name: spring
audience: everybody
template: win_back
variants: {only: {subject: Spring}}
recommendations: 0
schedule: {every: daily at 09:00}
"""
ALLOWED = {"TAILORBIRD_DELIVERY__TEST_ADDRESSES": "me@shop.example"}


@pytest.fixture
def tb(tmp_path: Path) -> Iterator[Tailorbird]:
    """Return a folder with one person and a campaign for her."""
    said = {
        "type": "identify",
        "messageId": "i1",
        "userId": "ada",
        "traits": {"email": "ada@mail.example"},
        "context": {"consent": {"email_marketing": True, "wordingVersion": "1"}},
    }
    folder = tmp_path / "data"
    with Tailorbird.open(folder, clock=lambda: NOW, environment=ALLOWED) as opened:
        opened.install_library()
        opened.world.log.append([Body("api", NOW, json.dumps({"batch": [said]}).encode())])
        opened.ingest()
        opened.put("segment", "everybody", "name: everybody\nwhere: {trait: orders, at_least: 0}\n")
        opened.put("campaign", "spring", CAMPAIGN)
        opened.refresh()
        yield opened


def test_what_stands_in_the_way_is_listed(call: Call) -> None:
    found = call("/campaigns/spring/preflight").json()
    assert (found["campaign"], found["people"], found["looked_at"]) == ("spring", 1, 1)
    assert {"audience", "experiment", "schedule", "sender"} <= {p["about"] for p in found["points"]}
    assert found["next_at"].startswith("2023-11-15T09:00")
    assert call("/campaigns/autumn/preflight").status_code == 404


def test_a_schedule_is_told(call: Call) -> None:
    found = call("/campaigns/spring/schedule").json()
    assert found["words"] == "daily at 09:00 in UTC"
    assert (found["missed"], found["displaced"], found["error"]) == ([], [], "")
    assert call("/campaigns/autumn/schedule").status_code == 404


def test_a_test_mail_goes_where_the_settings_say(call: Call, tb: Tailorbird) -> None:
    person = tb.person("ada")
    wanted = {"to": "me@shop.example", "person": person}
    said = call("/campaigns/spring/test", "POST", json=wanted)
    assert said.status_code == 200
    assert (said.json()["subject"], said.json()["state"]) == ("[Test] Spring", "accepted")
    assert tb.world.ledger.decisions() == []
    for wrong in (
        {"to": "you@shop.example", "person": person},
        {"to": "me@shop.example", "person": 99},
        {"to": "me@shop.example", "person": 0},
        {"to": "me@shop.example", "person": person, "variant": "none"},
    ):
        assert call("/campaigns/spring/test", "POST", json=wrong).status_code in (400, 422)
    assert call("/campaigns/autumn/test", "POST", json=wanted).status_code == 404
