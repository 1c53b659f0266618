"""A shop of four people with a journey, and a clock that tests move."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tailorbird import authoring, flow, journeying, records
from tailorbird.app import Tailorbird
from tailorbird.enrolments import Enrolment
from tailorbird.journeys.triggers import Triggered
from tailorbird.schema import SECOND, Body, Instant

NOON = int(datetime(2026, 3, 4, 12, tzinfo=UTC).timestamp()) * SECOND  # a Wednesday
PEOPLE = ("ann", "ben", "cyd", "dan")
TEMPLATE = """\
<mjml><mj-body><mj-section><mj-column><mj-text>
  Dear {{ person.first_name | default: "customer" }}, <a href="{{ unsubscribe_url }}">Leave</a>
</mj-text></mj-column></mj-section></mj-body></mjml>
"""
CART = """\
name: cart
trigger: {event: add_to_cart}
exit_when: {event: purchase}
reentry: always
steps:
  - wait: 1h
  - send: cart-1
    template: cart
    subject: You left something behind
"""


@dataclass
class Shop:
    """A data folder whose clock stands until a test moves it."""

    tb: Tailorbird
    now: Instant = NOON
    said: int = 0

    def event(self, who: str, event: str, at: Instant | None = None, **properties: Any) -> None:
        """Have somebody do something."""
        self.said += 1
        moment = datetime.fromtimestamp((at or self.now) / SECOND, UTC).isoformat()
        message = {
            "type": "track", "event": event, "messageId": f"m{self.said}", "userId": who,
            "timestamp": moment, "properties": properties,
        }  # fmt: skip
        self.log("server", message)

    def identify(self, who: str, **traits: Any) -> None:
        """Have somebody say something of herself."""
        self.said += 1
        moment = datetime.fromtimestamp(self.now / SECOND, UTC).isoformat()
        self.log(
            "server",
            {
                "type": "identify", "messageId": f"m{self.said}", "userId": who,
                "timestamp": moment, "traits": traits,
                "context": {"consent": {
                    "email_marketing": True, "tracking": True, "personalisation": True,
                    "wordingVersion": "1",
                }},
            },
        )  # fmt: skip

    def log(self, source: str, message: dict[str, Any]) -> None:
        content = msgspec.json.encode({"batch": [message]})
        self.tb.world.log.append([Body(source, self.now, content)])

    def forget(self, who: str) -> None:
        """Have somebody erased."""
        records.forget_person(
            self.tb.world, self.tb.person(who), records.Writer("key", self.now, bytes)
        )

    def tick(self, seconds: float = 0) -> None:
        """Let time go by, and do what is due."""
        self.now += round(seconds * SECOND)
        flow.keep_current(self.tb.world, self.now)

    def enter(self, journey: str, *people: str, at: Instant | None = None, **more: Any) -> int:
        """Have people enter a journey by a trigger of their own; return how many did."""
        found, version = authoring.find_journey(self.tb.world, journey)
        self.said += 1
        triggered = [
            Triggered(self.tb.person(who), at or self.now, self.said << 30, **more)
            for who in people
        ]
        world, now = self.tb.world, self.now
        return journeying.enter(world, found, version, triggered, now).entered

    def where(self, who: str) -> Enrolment:
        """Return somebody's latest enrolment."""
        return self.tb.world.enrolments.of_person(self.tb.person(who))[0]

    def path(self, who: str) -> list[tuple[str, str, str]]:
        """Return (step, outcome, to) of each step of somebody's latest enrolment."""
        records = self.tb.world.enrolments.records(self.where(who).id)
        return [(each.step, each.outcome, each.to) for each in records]

    def mails(self) -> list[tuple[str, str]]:
        """Return (campaign, user) of every mail that was decided to be sent, sorted."""
        names = {self.tb.person(who): who for who in PEOPLE}
        return sorted(
            (each.campaign, names[each.person])
            for each in self.tb.world.ledger.decisions(limit=10_000)
            if each.verdict == "send"
        )

    def put(self, journey: str, name: str = "") -> None:
        """Put a journey in force."""
        name = name or journey.partition("\n")[0].removeprefix("name: ")
        self.tb.put("journey", name, journey)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """Return the shop at noon, with four people who agreed to everything, and a template."""
    with Tailorbird.open(tmp_path / "shop", clock=lambda: NOON, environment={}) as tb:
        made = Shop(tb)
        for who in PEOPLE:
            made.identify(who, email=f"{who}@mail.example", first_name=who.title())
        made.tick()
        tb.put("template", "cart", TEMPLATE)
        yield made


@pytest.fixture
def cart(shop: Shop) -> Shop:
    """Return the shop with a journey for who leaves a cart behind."""
    shop.put(CART)
    return shop
