"""The mission's cart: left behind, recovered by a mail about it; bought, left alone."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import uvicorn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.serving import until

from tailorbird import flow, letters
from tailorbird.app import Tailorbird
from tailorbird.schema import DAY, HOUR, MINUTE, SECOND, Body, Instant
from tailorbird.views import moment
from tailorbird.web.serve import site

START = 1_790_000_000 * SECOND
TEMPLATE = """<mjml><mj-body><mj-section><mj-column>
<mj-text>You left {{ event.product.name }} behind:
{{ event.product.price_minor | money: event.product.currency }}</mj-text>
{% for product in event.products %}
<mj-button href="{{ product.url }}">Take {{ product.quantity }} {{ product.name }}</mj-button>
{% endfor %}
<mj-text>{{ shop.name }} <a href="{{ unsubscribe_url }}">Stop</a></mj-text>
</mj-column></mj-section></mj-body></mjml>
"""
JOURNEY = """
name: cart
trigger: {event: add_to_cart}
exit_when: {event: purchase, since: entry}
reentry: 1d
steps:
  - wait: 1h
  - send: cart-1
    template: cart
    subject: "{{ event.product.name }} waits for you"
"""
AGREED = {"email_marketing": True, "personalisation": True, "tracking": True}


class Shop:
    """A folder whose clock we move, with a journey that recovers carts."""

    def __init__(self, folder: Path) -> None:
        self.now = START
        self.tb = Tailorbird.open(folder, clock=lambda: self.now, environment={})
        self.says("product_updated", product_id="mug", name="Blue mug", price=12.5, currency="EUR")
        self.agrees("ada")
        self.does("ada", "Product Added", product_id="old")
        self.does("ada", "Order Completed", order_id="0", total=5)
        self.tick(DAY)
        self.tb.put("template", "cart", TEMPLATE)
        self.tb.put("journey", "cart", JOURNEY)
        self.tick(SECOND)

    def log(self, *messages: dict[str, Any], source: str = "import") -> None:
        body = json.dumps({"batch": list(messages)}).encode()
        self.tb.world.log.append([Body(source, self.now, body)])

    def says(self, event: str, **properties: Any) -> None:
        self.log({"type": "track", "event": event, "properties": properties})

    def agrees(self, user: str, **words: bool) -> None:
        self.log(
            {
                "type": "identify", "userId": user, "traits": {"email": f"{user}@mail.example"},
                "context": {"consent": {**AGREED, **words, "wordingVersion": "1"}},
            }
        )  # fmt: skip

    def event(
        self, user: str, event: str, at: Instant | None = None, **properties: Any
    ) -> dict[str, Any]:
        when = moment(self.now if at is None else at).isoformat()
        said = {"type": "track", "event": event, "timestamp": when, "properties": properties}
        return said | ({"anonymousId": user} if user.startswith("anon") else {"userId": user})

    def does(self, user: str, event: str, at: Instant | None = None, **properties: Any) -> None:
        self.log(self.event(user, event, at, **properties))

    def tick(self, later: int = 0) -> None:
        self.now += later
        flow.tick(self.tb.world, self.now)

    def mails(self) -> list[tuple[str, str]]:
        """Return (address, subject) of what is in the inbox, the newest first."""
        return [(each.to, each.subject) for each in self.tb.world.inbox.list(limit=100)]

    def left(self) -> list[str]:
        """Return how the ways of everybody through the journey ended."""
        people = range(1, self.tb.world.people.count() + 1)
        return [
            each.ended
            for person in people
            for each in self.tb.world.enrolments.of_person(person)
            if each.ended
        ]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path / "data")
    yield made
    made.tb.close()


def test_who_leaves_a_cart_gets_a_mail_about_it_at_the_due_second(shop: Shop) -> None:
    shop.does("ada", "Product Added", product_id="mug", quantity=2, price=12.5, currency="EUR")
    shop.tick(SECOND)
    shop.tick(HOUR - 2 * SECOND)
    assert shop.mails() == []
    shop.tick(SECOND)
    assert shop.mails() == [("ada@mail.example", "Blue mug waits for you")]
    (decision,) = shop.tb.world.ledger.decisions(campaign="cart/cart-1")
    told = msgspec.json.decode(decision.inputs)["event"]
    assert told["product"]["price_minor"] == 1250
    mail = shop.tb.readings.mail(decision.id)
    assert mail is not None
    assert "Take 2 Blue mug" in mail.html
    shop.tick(DAY)
    assert len(shop.mails()) == 1


def test_a_purchase_in_between_stops_it(shop: Shop) -> None:
    shop.does("ada", "Product Added", product_id="mug")
    shop.tick(30 * MINUTE)
    shop.does("ada", "Order Completed", order_id="1", total=12)
    shop.tick(DAY)
    assert shop.mails() == []
    assert shop.left() == ["left"]


def test_a_purchase_that_comes_in_the_tick_in_which_the_mail_is_due_stops_it(shop: Shop) -> None:
    shop.does("ada", "Product Added", product_id="mug")
    shop.tick(SECOND)
    shop.now += 2 * HOUR
    shop.does("ada", "Order Completed", order_id="1", total=12)
    shop.tick()
    assert shop.mails() == []


def test_of_one_instant_what_was_said_last_counts_as_the_later(shop: Shop) -> None:
    shop.agrees("bob")
    for user, names in (("ada", ("Product Added", "Order Completed")),
                        ("bob", ("Order Completed", "Product Added"))):  # fmt: skip
        for name in names:
            shop.does(user, name, product_id="mug", order_id=user, total=12)
    shop.tick(SECOND)
    shop.tick(2 * HOUR)
    assert [to for to, _ in shop.mails()] == ["bob@mail.example"]


def test_whoever_bought_before_she_filled_the_cart_is_written_to(shop: Shop) -> None:
    shop.does("ada", "Order Completed", order_id="1", total=12)
    shop.tick(SECOND)
    shop.does("ada", "Product Added", product_id="mug")
    shop.tick(SECOND)
    shop.tick(2 * HOUR)
    assert len(shop.mails()) == 1


def test_a_consent_withdrawn_in_between_stops_it(shop: Shop) -> None:
    shop.does("ada", "Product Added", product_id="mug")
    shop.tick(30 * MINUTE)
    shop.agrees("ada", email_marketing=False)
    shop.tick(HOUR)
    assert shop.mails() == []
    (decision,) = shop.tb.world.ledger.decisions(campaign="cart/cart-1")
    assert (decision.verdict, decision.reason) == ("refused", "withdrawn")


def test_who_did_not_agree_to_personalisation_is_not_shown_what_she_did(shop: Shop) -> None:
    shop.agrees("ada", personalisation=False)
    shop.tick(SECOND)
    shop.does("ada", "Product Added", product_id="mug")
    shop.tick(SECOND)
    shop.tick(HOUR)
    assert shop.mails() == []
    (decision,) = shop.tb.world.ledger.decisions(campaign="cart/cart-1")
    assert decision.reason.startswith("missing event.product")


def test_the_visitor_who_turns_out_to_be_ada_is_written_to_as_ada(shop: Shop) -> None:
    shop.does("anon-1", "Product Added", product_id="mug")
    shop.tick(30 * MINUTE)
    shop.log({"type": "identify", "userId": "ada", "anonymousId": "anon-1", "traits": {}})
    shop.tick(HOUR)
    assert shop.mails() == [("ada@mail.example", "Blue mug waits for you")]


def test_the_visitor_who_bought_as_ada_is_left_alone(shop: Shop) -> None:
    shop.does("anon-1", "Product Added", product_id="mug")
    shop.tick(30 * MINUTE)
    shop.log({"type": "identify", "userId": "ada", "anonymousId": "anon-1", "traits": {}})
    shop.does("ada", "Order Completed", order_id="1", total=12)
    shop.tick(HOUR)
    assert shop.mails() == []


def test_the_mail_can_be_made_again_whatever_the_price_is_now(shop: Shop) -> None:
    shop.does("ada", "Product Added", product_id="mug")
    shop.tick(30 * MINUTE)
    shop.says("product_updated", product_id="mug", name="Green mug", price=11, currency="EUR")
    shop.tick(HOUR)
    assert shop.mails() == [("ada@mail.example", "Green mug waits for you")]
    shop.says("product_updated", product_id="mug", name="Red mug", price=99, currency="EUR")
    shop.tick(DAY)
    (decision,) = shop.tb.world.ledger.decisions(campaign="cart/cart-1")
    proof = letters.prove(shop.tb.world, decision.id, shop.now)
    assert proof is not None
    assert proof.state == "proven"


def test_a_preview_shows_what_the_person_did_last(shop: Shop) -> None:
    shop.agrees("bob")
    shop.does("ada", "Product Added", product_id="mug", quantity=2)
    shop.tick(SECOND)
    known = shop.tb.world.people.find
    ada, bob = (
        shop.tb.readings.preview("cart", known(u) or 0, "", shop.now) for u in ("ada", "bob")
    )
    assert ada is not None
    assert ada.subject == "Blue mug waits for you"
    assert (ada.missing, "Take 2 Blue mug" in ada.html) == ((), True)
    assert bob is not None
    assert "event.product.name" in bob.missing


def test_adding_again_and_again_brings_one_mail(shop: Shop) -> None:
    for _ in range(5):
        shop.does("ada", "Product Added", product_id="mug")
        shop.tick(10 * MINUTE)
    shop.tick(3 * HOUR)
    assert len(shop.mails()) == 1


ACTS = st.lists(
    st.tuples(
        st.sampled_from(("Product Added", "Order Completed")),
        st.integers(0, 100),  # minutes after the journey was put in force
        st.integers(0, 20),  # minutes until we hear of it
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS, ticks=st.lists(st.integers(1, 50), max_size=6))
def test_a_purchase_since_the_cart_stops_it_in_whatever_order_and_ticks_they_come(
    shop: Shop, acts: list[tuple[str, int, int]], ticks: list[int]
) -> None:
    """Each example is another customer of the same shop."""
    start, user = shop.now, f"user{shop.now}"
    shop.agrees(user)
    shop.tick(SECOND)
    heard = sorted(acts, key=lambda act: act[1] + act[2])
    instants = sorted({*ticks, *range(0, 400, 60)})
    known: list[tuple[str, tuple[int, int]]] = []
    mailed_at: list[int] = []
    before = len(shop.mails())
    for minute in instants:
        while heard and heard[0][1] + heard[0][2] <= minute:
            name, at, later = heard.pop(0)
            shop.now = start + (at + later + 1) * MINUTE
            more = {"order_id": f"{user}.{len(known)}", "total": 1} if name[0] == "O" else {}
            shop.does(user, name, start + at * MINUTE + SECOND, product_id="mug", **more)
            known.append((name, (at, len(known))))
        shop.now = start + (minute + 1) * MINUTE
        shop.tick()
        if len(shop.mails()) > before:
            before = len(shop.mails())
            mailed_at.append(minute)
            carts = [at for name, at in known if name == "Product Added"]
            bought = [at for name, at in known if name == "Order Completed"]
            # Some cart is an hour old, and nothing that we know of was bought since.
            assert any(at[0] + 60 <= minute + 1 and all(b < at for b in bought) for at in carts)
    assert len(mailed_at) <= 1
    names = {name for name, _ in known}
    assert mailed_at or names != {"Product Added"}
    shop.now = start + 3 * DAY


# -- on the running server ------------------------------------------------------------------------


@contextmanager
def running(shop: Shop) -> Iterator[httpx.Client]:
    """Serve the shop with all its workers, on its own clock, until the block ends."""
    server = uvicorn.Server(uvicorn.Config(site(shop.tb), log_level="error"))
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            until(lambda: server.started)
            with httpx.Client(base_url=f"http://127.0.0.1:{listening.getsockname()[1]}") as client:
                yield client
        finally:
            server.should_exit = True
            thread.join()


@pytest.mark.timeout(180)
def test_the_running_server_recovers_the_cart_at_the_due_second(shop: Shop) -> None:
    for user in ("bob", "cyd"):
        shop.agrees(user)
    shop.tick(SECOND)
    world = shop.tb.world

    def says(client: httpx.Client, user: str, event: str, **properties: Any) -> None:
        said = {"type": "track", "userId": user, "event": event, "properties": properties}
        assert client.post("/v1/track", json=said).status_code == 200

    def waiting() -> int:
        return sum(world.enrolments.places().values())

    added = shop.now
    with running(shop) as client:
        for user in ("ada", "bob", "cyd"):
            says(client, user, "Product Added", product_id="mug", price=12.5)
        until(lambda: waiting() == 3)
        shop.now += 30 * MINUTE
        says(client, "bob", "Order Completed", order_id="b", total=12)
        until(lambda: waiting() == 2)
        shop.now += 30 * MINUTE - SECOND
        # Bought, and due, before the next tick: or in it, whichever comes first.
        says(client, "cyd", "Order Completed", order_id="c", total=12)
        shop.now += SECOND
        until(lambda: waiting() == 0)
        until(lambda: len(shop.mails()) == 1)
        shop.now += HOUR
        until(lambda: not world.ledger.waits())
    assert shop.mails() == [("ada@mail.example", "Blue mug waits for you")]
    (decision,) = world.ledger.decisions(campaign="cart/cart-1")
    assert decision.at == added + HOUR
    assert sorted(shop.left()) == ["done", "left", "left"]
