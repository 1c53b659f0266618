"""A shop of six people, small enough to know by heart.

ada    premium, bought yesterday, Austrian, speaks German      ben   premium, bought 60 days ago
cyd    no premium, bought yesterday                             dan   nothing known, not even a name
eve    did not agree to personalisation, premium                fay   speaks Arabic
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tailorbird.app import Tailorbird
from tailorbird.schema import Body, Instant

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)  # a Wednesday
PREMIUM = "name: premium\nwhere: {trait: member, is: premium}\n"
EVERYBODY = "name: everybody\nwhere: {trait: orders, at_least: 0}\n"
TEMPLATE = """\
<mjml>
  <mj-body>
    <mj-section><mj-column><mj-text>Dear {{ person.first_name | default: "customer" }},</mj-text>
    </mj-column></mj-section>
    {% render "offer" %}
    <mj-section><mj-column><mj-text>
      <a href="{{ shop.url }}">Shop</a> <a href="{{ unsubscribe_url }}">Leave</a>
    </mj-text></mj-column></mj-section>
  </mj-body>
</mjml>
"""
CAMPAIGN = """\
name: spring
audience: everybody
template: spring
variants:
  only: {subject: "Spring at {{ shop.name }}"}
holdout: 0
recommendations: 0
"""
PEOPLE: dict[str, dict[str, Any]] = {
    "ada": {"first_name": "Ada", "member": "premium", "language": "de", "country": "AT"},
    "ben": {"first_name": "Ben", "member": "premium", "country": "GB"},
    "cyd": {"first_name": "Cyd", "country": "GB"},
    "dan": {},
    "eve": {"first_name": "Eve", "member": "premium"},
    "fay": {"first_name": "Fay", "language": "ar"},
}
BOUGHT_DAYS_AGO = {"ada": 1, "ben": 60, "cyd": 1, "eve": 1}


def instant(moment: datetime) -> Instant:
    return int(moment.timestamp()) * 1_000_000


def block(text: str) -> str:
    """Return a block that says one sentence."""
    return f"<mj-section><mj-column><mj-text>{text}</mj-text></mj-column></mj-section>"


def records() -> Iterator[dict[str, Any]]:
    joined = (NOON - timedelta(days=90)).isoformat()
    for name, traits in PEOPLE.items():
        consent = {"email_marketing": True, "tracking": True, "personalisation": name != "eve"}
        yield {
            "type": "identify", "messageId": f"i-{name}", "userId": name, "timestamp": joined,
            "traits": {"email": f"{name}@mail.example", **traits},
            "context": {"consent": {**consent, "wordingVersion": "1"}},
        }  # fmt: skip
    for name, days in BOUGHT_DAYS_AGO.items():
        yield {
            "type": "track", "event": "Order Completed", "messageId": f"o-{name}", "userId": name,
            "timestamp": (NOON - timedelta(days=days)).isoformat(),
            "properties": {
                "order_id": f"o-{name}", "currency": "EUR",
                "products": [{"product_id": "mug", "category": "kitchen", "price": 9.5}],
            },
        }  # fmt: skip


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Tailorbird]:
    """Return the shop at noon, with a template, a campaign and the blocks `offer_a`, `offer_b`."""
    now = instant(NOON)
    with Tailorbird.open(tmp_path / "shop", clock=lambda: now, environment={}) as tb:
        content = msgspec.json.encode({"batch": list(records())})
        tb.world.log.append([Body("server", now, content)])
        tb.ingest()
        tb.put("segment", "premium", PREMIUM)
        tb.put("segment", "everybody", EVERYBODY)
        for name in ("a", "b", "c"):
            tb.put("block", f"offer_{name}", block(f"Offer {name.upper()}"))
        tb.put("block", "offer", block("The usual"))
        tb.put("template", "spring", TEMPLATE)
        tb.put("campaign", "spring", CAMPAIGN)
        tb.refresh()
        yield tb


@pytest.fixture
def send(shop: Tailorbird) -> Callable[..., dict[str, str]]:
    """Return what sends a campaign and gives each person's mail as text, by user id."""

    def sent(campaign: str = "spring", occurrence: str = "1") -> dict[str, str]:
        shop.decide(campaign, occurrence)
        shop.deliver()
        shop.ingest()
        mails = {}
        for decision in shop.world.ledger.decisions(campaign=campaign):
            found = shop.readings.mail(decision.id)
            if found is not None and decision.occurrence == occurrence:
                mails[found.to.rpartition("@")[0].rpartition("<")[2]] = found.text
        return mails

    return sent
