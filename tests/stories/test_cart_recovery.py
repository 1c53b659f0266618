"""The mission's cart: left behind, recovered by a mail about it; bought, left alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tailorbird import flow, letters
from tailorbird.app import Tailorbird
from tailorbird.schema import DAY, HOUR, MINUTE, SECOND, Body, Instant
from tailorbird.views import moment

START = 1_790_000_000 * SECOND
TEMPLATE = """<mjml><mj-body><mj-section><mj-column>
<mj-text>You left {{ event.product.name }} behind:
{{ event.product.price_minor | money: event.product.currency }}</mj-text>
{% for product in event.products %}
<mj-button href="{{ product.url }}">Take {{ product.quantity }} {{ product.name }}</mj-button>
{% endfor %}
<mj-text>{{ shop.name }}, {{ sender.postal_address }} <a href="{{ unsubscribe_url }}">Stop</a></mj-text>
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
