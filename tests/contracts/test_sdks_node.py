"""The clients that shops already have on npm work unchanged, pointed at us by their own options.

They are the real ones, `@segment/analytics-node` and `@rudderstack/rudder-sdk-node`, driven by
`sdks/clients.mjs`.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tailorbird.schema import Names

KEY = "key-of-the-shop"
AT_INSTANT = 1_772_600_767_000_000

Clients = pytest.mark.parametrize("client", ["segment", "rudder"])


@pytest.fixture(scope="session")
def drive(sdks: Path) -> Callable[..., list[str]]:
    """Return `drive(client, scenario, url, packing)`, which returns what the client gave up on."""

    def driven(*arguments: str) -> list[str]:
        done = subprocess.run(
            ["node", sdks / "clients.mjs", *arguments],
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        errors: list[str] = json.loads(done.stdout)
        return errors

    return driven


@Clients
@pytest.mark.parametrize("packing", ["plain", "gzip"])
def test_every_call_lands_as_its_event(
    drive: Callable[..., list[str]], shop: Any, client: str, packing: str
) -> None:
    assert drive(client, "every", shop.url, packing) == []
    events = shop.events()
    assert len(events) == 6
    assert {event.user_id for event in events} == {"u1"}
    assert {event.source for event in events} == {f"web:{KEY}"}
    purchase = shop.event(Names.PURCHASE)
    assert (purchase.order_id, purchase.value_minor, purchase.currency) == ("o1", 1250, "EUR")
    # The clock of the client is corrected by how long its message was on its way.
    assert abs(purchase.at - AT_INSTANT) < 60_000_000
    page = shop.event(Names.PAGE_VIEWED).properties
    assert (page["name"], page["category"]) == ("Start", "Docs")
    assert page["url"] == "https://shop.example/start"
    assert shop.event("screen_viewed").properties["name"] == "Basket"
    assert shop.event("group").properties["group_id"] == "g1"
    assert shop.event("alias").anonymous_id == "before"
    profile = shop.profile("u1")
    assert (profile.email, profile.traits["first_name"]) == ("ada@people.example", "Ada")
    assert shop.tb.person("visitor-1") == shop.tb.person("before") == profile.person


@Clients
def test_many_events_come_in_batches_and_none_is_lost(
    drive: Callable[..., list[str]], shop: Any, client: str
) -> None:
    assert drive(client, "many", shop.url) == []
    events = shop.events()
    assert len(events) == 230
    assert {event.properties["number"] for event in events} == set(range(230))
    assert 5 <= len(shop.bodies()) < 20


@Clients
def test_a_busy_server_is_asked_again_and_then_has_all(
    drive: Callable[..., list[str]], shaky: Callable[..., Any], client: str
) -> None:
    server = shaky(["busy"])
    assert drive(client, "every", server.url) == []
    assert server.answers == []
    assert len(server.counts()) == 6
    assert set(server.counts().values()) == {1}


@Clients
def test_what_was_stored_but_answered_with_an_error_counts_once(
    drive: Callable[..., list[str]], shaky: Callable[..., Any], shop: Any, client: str
) -> None:
    server = shaky(["broken"])
    assert drive(client, "every", server.url) == []
    again = sum(server.counts().values()) - len(server.counts())
    assert again > 0
    shop.tb.world.log.append(server.bodies)
    taken = shop.tb.ingest()
    assert (taken.events, taken.duplicates) == (6, again)


@Clients
def test_one_bad_event_costs_its_batch_nothing(
    drive: Callable[..., list[str]], shop: Any, client: str
) -> None:
    assert drive(client, "bad", shop.url) == []
    taken = shop.tb.ingest()
    assert taken.refused == 1
    assert [row.code for row in shop.tb.world.people.quarantined(0, 10)] == ["no_name"]
    assert shop.tb.person("u1")
