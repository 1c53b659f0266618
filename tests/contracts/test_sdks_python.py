"""The clients that shops already have on PyPI work unchanged, pointed at us by their own options.

They are the real ones: `segment-analytics-python`, `rudder-sdk-python`, `customerio` (which speaks
TLS only, so that it gets a certificate by the option of its HTTP library), and `analytics-python`,
the oldest, which needs an older `backoff` than the others and so has an environment of its own.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import customerio  # type: ignore[import-untyped]
import pytest
from rudderstack.analytics.client import Client as RudderClient  # type: ignore[import-untyped]
from segment.analytics.client import Client as SegmentClient  # type: ignore[import-untyped]

from tailorbird.schema import Names

AT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
AT_INSTANT = 1_772_600_767_000_000
KEY = "key-of-the-shop"
ORDER = {"order_id": "o1", "total": 12.5, "currency": "EUR"}

Clients = pytest.mark.parametrize(
    "client", [SegmentClient, RudderClient], ids=["segment", "rudder"]
)
Packed = pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])


class Errors(list[Exception]):
    """What a client gave up on."""

    def __call__(self, error: Exception, _messages: object) -> None:
        self.append(error)


def connected(client: Any, shop: Any, errors: Errors, **options: Any) -> Any:
    return client(KEY, host=shop.url, on_error=errors, upload_interval=0.05, **options)


@Clients
@Packed
def test_every_call_lands_as_its_event(shop: Any, client: Any, packed: bool) -> None:
    errors = Errors()
    sdk = connected(client, shop, errors, gzip=packed)
    sdk.identify("u1", {"email": "Ada@People.example", "first_name": "Ada"}, timestamp=AT)
    sdk.track("u1", "Order Completed", ORDER, timestamp=AT)
    sdk.page("u1", "Docs", "Start", {"url": "https://shop.example/start"})
    sdk.screen("u1", name="Basket")
    sdk.group("u1", "g1", {"plan": "pro"})
    sdk.alias("before", "u1")
    sdk.shutdown()
    assert errors == []
    assert {event.user_id for event in shop.events()} == {"u1"}
    assert {event.source for event in shop.events()} == {f"web:{KEY}"}
    assert shop.event(Names.IDENTIFY).email == "Ada@people.example"
    purchase = shop.event(Names.PURCHASE)
    assert (purchase.order_id, purchase.value_minor, purchase.currency) == ("o1", 1250, "EUR")
    page = shop.event(Names.PAGE_VIEWED).properties
    assert (page["name"], page["category"], page["url"]) == (
        "Start", "Docs", "https://shop.example/start",
    )  # fmt: skip
    assert shop.event("screen_viewed").properties["name"] == "Basket"
    assert shop.event("group").properties["group_id"] == "g1"
    assert shop.event("alias").anonymous_id == "before"
    assert len(shop.events()) == 6


@Clients
def test_a_time_in_the_past_is_kept(shop: Any, client: Any) -> None:
    errors = Errors()
    sdk = connected(client, shop, errors)
    sdk.track("u1", "Order Completed", ORDER, timestamp=AT)
    sdk.shutdown()
    # The clock of the client is corrected by how long its message was on its way.
    assert abs(shop.event(Names.PURCHASE).at - AT_INSTANT) < 60_000_000


@Clients
def test_who_identifies_has_a_profile_with_the_past_of_the_guest(shop: Any, client: Any) -> None:
    errors = Errors()
    sdk = connected(client, shop, errors, sync_mode=True)
    sdk.track(anonymous_id="visitor-1", event="Product Viewed", properties={"product_id": "p1"})
    sdk.identify(
        "u1", {"email": "ada@people.example", "first_name": "Ada"}, anonymous_id="visitor-1"
    )
    profile = shop.profile("u1")
    assert profile.email == "ada@people.example"
    assert profile.traits["first_name"] == "Ada"
    assert shop.tb.person("visitor-1") == shop.tb.person("u1") == profile.person


@Clients
@Packed
def test_many_events_come_in_batches_and_none_is_lost(shop: Any, client: Any, packed: bool) -> None:
    errors = Errors()
    sdk = connected(client, shop, errors, gzip=packed, upload_size=50)
    for number in range(230):
        sdk.track(f"u{number}", "Coupon Entered", {"number": number})
    sdk.flush()
    sdk.shutdown()
    assert errors == []
    assert {event.properties["number"] for event in shop.events()} == set(range(230))
    assert len(shop.events()) == 230
    assert 5 <= len(shop.bodies()) < 230


@Clients
def test_a_busy_server_is_asked_again_and_then_has_all(
    shaky: Callable[..., Any], client: Any
) -> None:
    server = shaky(["busy"])
    errors = Errors()
    sdk = connected(client, server, errors)
    sdk.track("u1", "Order Completed", ORDER, message_id="m1")
    sdk.flush()
    sdk.shutdown()
    assert errors == []
    assert server.answers == []
    assert server.counts() == {"m1": 1}


@Clients
def test_what_is_sent_again_after_it_was_stored_counts_once(shop: Any, client: Any) -> None:
    errors = Errors()
    for _ in range(2):
        sdk = connected(client, shop, errors, sync_mode=True)
        sdk.track("u1", "Order Completed", ORDER, message_id="m1")
    assert len(shop.bodies()) == 2
    taken = shop.tb.ingest()
    assert (taken.events, taken.duplicates) == (1, 1)


@Clients
def test_one_bad_event_costs_its_batch_nothing(shop: Any, client: Any) -> None:
    errors = Errors()
    sdk = connected(client, shop, errors, upload_size=3)
    sdk.track("u1", "Order Completed", {"order_id": "o1", "total": float("nan")})
    sdk.track("u1", "!!!")
    sdk.track("u1", "Coupon Entered")
    sdk.flush()
    sdk.shutdown()
    assert errors == []
    taken = shop.tb.ingest()
    assert taken.refused == 2
    assert {row.code for row in shop.tb.world.people.quarantined(0, 10)} == {"bad_json", "no_name"}
    assert shop.tb.person("u1")


@Clients
def test_an_error_is_shown_with_its_code_and_message(
    shaky: Callable[..., Any], client: Any
) -> None:
    sdk = connected(client, shaky(["busy"]), Errors(), sync_mode=True, max_retries=0)
    with pytest.raises(Exception, match=r"busy.*too much is waiting") as raised:
        sdk.track("u1", "Order Completed", ORDER)
    assert vars(raised.value)["status"] == 503


# -- customerio ---------------------------------------------------------------------------------


@pytest.fixture
def trusting(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the certificate, after the clients of this test were told to trust it."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    return certificate


def connected_customerio(shop: Any) -> customerio.CustomerIO:
    return customerio.CustomerIO("site-1", "secret", host="127.0.0.1", port=shop.port)


def test_customerio_calls_land_as_their_events(trusting: Path, secure_shop: Any) -> None:
    with connected_customerio(secure_shop) as sdk:
        sdk.identify(id="u1", email="ada@people.example", first_name="Ada", created_at=AT)
        sdk.track("u1", "Order Completed", ORDER, id="m1", timestamp=AT)
        sdk.pageview("u1", "https://shop.example/start", referrer="https://search.example/")
        sdk.track_anonymous("visitor-1", "Product Viewed", {"product_id": "p1"})
    events = secure_shop.events()
    assert [event.name for event in events] == [
        Names.IDENTIFY, Names.PURCHASE, Names.PAGE_VIEWED, Names.PRODUCT_VIEWED,
    ]  # fmt: skip
    assert {event.source for event in events} == {"web:site-1"}
    assert [event.user_id for event in events] == ["u1", "u1", "u1", ""]
    _, purchase, page, viewed = events
    assert (purchase.message_id, purchase.at, purchase.value_minor) == ("m1", AT_INSTANT, 1250)
    assert page.properties["name"] == "https://shop.example/start"
    assert page.properties["referrer"] == "https://search.example/"
    assert (viewed.anonymous_id, viewed.item) == ("visitor-1", "p1")
    profile = secure_shop.profile("u1")
    assert profile.email == "ada@people.example"
    assert profile.traits["first_name"] == "Ada"


def test_customerio_may_know_people_by_address_or_by_any_text(
    trusting: Path, secure_shop: Any
) -> None:
    with connected_customerio(secure_shop) as sdk:
        sdk.identify(id="ada@people.example", first_name="Ada")
        sdk.track("a/b c?d", "Coupon Entered")
    assert secure_shop.profile("ada@people.example").email == "ada@people.example"
    assert secure_shop.event("coupon_entered").user_id == "a/b c?d"


def test_customerio_asks_a_busy_server_again(shaky: Callable[..., Any], trusting: Path) -> None:
    server = shaky(["busy"], trusting)
    with connected_customerio(server) as sdk:
        sdk.track("u1", "Order Completed", ORDER, id="m1")
    assert server.answers == []
    assert server.counts() == {"m1": 1}


def test_customerio_may_not_erase_suppress_or_merge_by_a_public_key(
    trusting: Path, secure_shop: Any
) -> None:
    calls = {
        "delete": ("u1",),
        "suppress": ("u1",),
        "merge_customers": ("id", "u1", "id", "u2"),
    }
    with connected_customerio(secure_shop) as sdk:
        for name, arguments in calls.items():
            with pytest.raises(customerio.CustomerIOException, match=r"^40[145]:"):
                getattr(sdk, name)(*arguments)
    assert secure_shop.bodies() == []


# -- analytics-python -----------------------------------------------------------------------------

INSTALL_SECONDS = 120
DRIVE = """
import json, sys
from datetime import datetime, timezone
from analytics.client import Client
host, options, calls = json.load(sys.stdin)
errors = []
options["on_error"] = lambda error, _: errors.append(str(error))
client = Client("key-of-the-shop", host=host, **options)
for name, arguments, keywords in calls:
    if "timestamp" in keywords:
        keywords["timestamp"] = datetime.fromisoformat(keywords["timestamp"])
    getattr(client, name)(*arguments, **keywords)
client.flush()
client.join()
print(json.dumps(errors))
"""


@pytest.fixture(scope="session")
def oldest(request: pytest.FixtureRequest) -> Callable[..., list[str]]:
    """Return `oldest(host, calls, **options)`: drive `analytics-python`; what it gave up on."""
    cache = request.config.cache
    assert cache is not None
    folder = cache.mkdir("analytics-python") / "packages"
    with folder.with_name("installing").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not (folder / "analytics").is_dir():
            _install_oldest(folder)
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONWARNINGS": "ignore"}

    def driven(host: str, calls: list[Any], **options: Any) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-c", DRIVE],
            input=json.dumps([host, options, calls]), env=environment,
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        errors: list[str] = json.loads(done.stdout)
        return errors

    return driven


def _install_oldest(folder: Path) -> None:
    """Install by name, from whatever index this machine is set to; skip where there is none."""
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    why = "there is no uv beside Python"
    if uv:
        command = [uv, "pip", "install", "--quiet", "--python", sys.executable]
        command += ["--target", str(folder), "analytics-python"]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=INSTALL_SECONDS
            )
        except subprocess.TimeoutExpired:
            why = "analytics-python could not be installed in time"
        else:
            if done.returncode == 0:
                return
            why = f"analytics-python could not be installed: {done.stderr[-500:]}"
    pytest.fail(why) if os.environ.get("CI") else pytest.skip(why)


@Packed
def test_the_oldest_client_lands_every_call(
    oldest: Callable[..., list[str]], shop: Any, packed: bool
) -> None:
    calls = [
        ["identify", ["u1", {"email": "Ada@People.example", "first_name": "Ada"}], {}],
        ["track", ["u1", "Order Completed", ORDER], {"timestamp": AT.isoformat()}],
        ["page", ["u1", "Docs", "Start", {"url": "https://shop.example/start"}], {}],
        ["screen", ["u1"], {"name": "Basket"}],
        ["group", ["u1", "g1", {"plan": "pro"}], {}],
        ["alias", ["before", "u1"], {}],
    ]
    assert oldest(shop.url, calls, gzip=packed) == []
    events = shop.events()
    assert len(events) == 6
    assert {event.user_id for event in events} == {"u1"}
    assert {event.source for event in events} == {f"web:{KEY}"}
    purchase = shop.event(Names.PURCHASE)
    assert (purchase.order_id, purchase.value_minor) == ("o1", 1250)
    assert abs(purchase.at - AT_INSTANT) < 60_000_000
    assert shop.event(Names.PAGE_VIEWED).properties["name"] == "Start"
    assert shop.event("group").properties["group_id"] == "g1"
    assert shop.event("alias").anonymous_id == "before"
    assert shop.profile("u1").traits["first_name"] == "Ada"


def test_the_oldest_client_sends_again_until_the_server_has_all(
    oldest: Callable[..., list[str]], shaky: Callable[..., Any]
) -> None:
    server = shaky(["busy", "broken"])
    calls = [["track", ["u1", "Order Completed", ORDER], {"message_id": "m1"}]]
    assert oldest(server.url, calls) == []
    assert server.answers == []
    # Stored when the answer failed, and sent again: the same id, which ingest counts once.
    assert server.counts() == {"m1": 2}
