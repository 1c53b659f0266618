"""A shop of a dozen people who all agreed to mails, its clock in the test's hand."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import msgspec
import pytest

from tailorbird import flow
from tailorbird.app import Tailorbird
from tailorbird.delivery import DeliveryReport
from tailorbird.ports import Carrier, Journal
from tailorbird.schema import SECOND, Body, Instant, Outgoing, Reply, Settlement

NOON: Instant = 1_700_000_000 * SECOND
PEOPLE = 12
EVERYBODY = "name: everybody\nwhere: {trait: orders, at_least: 0}\n"
TEMPLATE = '<mjml><mj-body><mj-section><mj-column><mj-text>Dear {{ person.first_name }}, \
<a href="{{ unsubscribe_url }}">leave</a></mj-text></mj-column></mj-section></mj-body></mjml>'
CAMPAIGN = """\
name: {name}
audience: everybody
template: spring
variants: {{only: {{subject: "Spring"}}}}
holdout: 0
recommendations: 0
{more}
"""


ONE_ADDRESS = {"TAILORBIRD_IDENTITY__ACCOUNTS_PER_ADDRESS": "1"}
"""Whoever has another user id is another person, even with the same address."""


class Carrying:
    """A carrier that takes everything, and has something happen before each mail it asks for."""

    name = "carrying"

    def __init__(self, between: Callable[[int], None] = lambda sent: None) -> None:
        self.sent: list[str] = []
        self._between = between

    def send(self, messages: Iterator[Outgoing], journal: Journal) -> Iterator[Reply]:
        for message in messages:
            journal.dot(message.send_id)
            self.sent.append(message.envelope_to)
            reply = Reply(message.send_id, "accepted", 250, "taken")
            journal.reply(reply)
            self._between(len(self.sent))
            yield reply

    def found(self, send_ids: Sequence[bytes]) -> dict[bytes, bool] | None:
        return None


class House:
    """One data folder, and what tests do with it."""

    def __init__(self, folder: Path, more: Mapping[str, str] = MappingProxyType({})) -> None:
        self.now = NOON
        self.folder = folder
        environment = {**ONE_ADDRESS, **more}
        self.tb = Tailorbird.open(folder, clock=self.clock, environment=environment)

    def clock(self) -> Instant:
        """Return what its clock shows."""
        return self.now

    def tell(self, *events: Mapping[str, object], source: str = "api") -> None:
        """Have the log say something, and take it in."""
        self.tb.world.log.append([Body(source, self.now, msgspec.json.encode({"batch": events}))])
        self.tb.ingest()

    def join(self, *names: str, address: str = "") -> None:
        """Have people come who agree to mails."""
        agreed = {"consent": {"email_marketing": True, "wordingVersion": "1"}}
        self.tell(
            *(
                {"type": "identify", "messageId": f"i-{name}", "userId": name, "context": agreed,
                 "traits": {"first_name": name, "email": address or f"{name}@mail.example"}}
                for name in names
            )
        )  # fmt: skip

    def decide(self, name: str = "spring", more: str = "") -> None:
        """Decide a campaign for everybody."""
        self.tb.put("campaign", name, CAMPAIGN.format(name=name, more=more))
        self.tb.refresh()
        self.tb.decide(name)

    def deliver(self, carrier: Carrier | None = None) -> DeliveryReport:
        """Send what waits by this carrier, the inbox without one."""
        world = self.tb.world
        if carrier is not None:
            world = dataclasses.replace(world, carrier=carrier)
        return flow.deliver(world, self.now, clock=self.tb.clock)

    def ended(self, name: str, campaign: str = "spring") -> Settlement | None:
        """Return how somebody's mail ended."""
        person = self.tb.person(name)
        (decision,) = self.tb.world.ledger.decisions(person=person, campaign=campaign)
        return self.tb.world.ledger.settlement(decision.id)

    def send_id(self, name: str, campaign: str = "spring") -> bytes:
        """Return the send of somebody's mail."""
        person = self.tb.person(name)
        (decision,) = self.tb.world.ledger.decisions(person=person, campaign=campaign)
        return decision.id


def settled(made: House) -> House:
    """Have everybody come to a house, so that a campaign can be decided."""
    made.join(*(f"p{number}" for number in range(PEOPLE)))
    made.tb.put("segment", "everybody", EVERYBODY)
    made.tb.put("template", "spring", TEMPLATE)
    return made


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Return a house in which everybody has come, and a campaign can be decided."""
    made = settled(House(tmp_path / "house"))
    yield made
    made.tb.close()


@pytest.fixture
def settled_house() -> Callable[[Path, Mapping[str, str]], House]:
    """Return what makes a house with settings, in which everybody has come."""
    return lambda folder, more: settled(House(folder, more))


@pytest.fixture
def carrying() -> type[Carrying]:
    """Return the carrier that has something happen between mails."""
    return Carrying
