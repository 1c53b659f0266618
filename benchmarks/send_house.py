"""CPU of one mail's whole way through a data folder: claim, gate, render, send, settle.

People come, a campaign with the mail of `mail/` is decided for them, and everything that waits is
sent into our sink by `flow.deliver`, as the server does it; a watch stands at every door. The
ledger, the profiles and the consents are SQLite's, on the disk.
"""

from __future__ import annotations

import dataclasses
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import thread_time
from typing import Any

import msgspec
from render import blocks, mail

from tailorbird import flow
from tailorbird.app import Tailorbird
from tailorbird.delivery.carriers.smtp import SmtpCarrier
from tailorbird.outbox import Admission, Gate
from tailorbird.ports import Journal
from tailorbird.schema import SECOND, Body, Claim, Instant, Outgoing, Reply

NOON = 1_760_000_000 * SECOND
TOGETHER = 500
CAMPAIGN = """\
name: spring
audience: everybody
template: mail
variants: {only: {subject: "New for you"}}
holdout: 0
recommendations: 0
"""


class Watch:
    """Adds up the CPU seconds of stages; what one does inside another counts for itself alone."""

    def __init__(self) -> None:
        self.spent: Counter[str] = Counter()
        self._inside: list[str] = []
        self._since = thread_time()

    @contextmanager
    def on(self, stage: str) -> Iterator[None]:
        """Count what happens here for a stage."""
        self._turn()
        self._inside.append(stage)
        try:
            yield
        finally:
            self._turn()
            self._inside.pop()

    def _turn(self) -> None:
        now = thread_time()
        if self._inside:
            self.spent[self._inside[-1]] += now - self._since  # type: ignore[assignment]
        self._since = now


class WatchedGate:
    """A gate with a watch."""

    def __init__(self, gate: Gate, watch: Watch) -> None:
        self._gate, self._watch = gate, watch

    def rank(self, campaign: str) -> int | None:
        return self._gate.rank(campaign)

    def admit(self, claims: Sequence[Claim], now: Instant) -> Admission:
        with self._watch.on("gate"):
            return self._gate.admit(claims, now)


class WatchedLedger:
    """A ledger with a watch."""

    def __init__(self, ledger: Any, watch: Watch) -> None:
        self._ledger, self._watch = ledger, watch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    def claim(
        self, worker: str, limit: int, now: Instant, lease: int, gate: Gate | None, pace: Any
    ) -> list[Claim]:
        with self._watch.on("claim"):
            watched = WatchedGate(gate, self._watch) if gate else None
            found: list[Claim] = self._ledger.claim(worker, limit, now, lease, watched, pace)
        return found

    def settle(self, settlements: Any, now: Instant, worker: str = "") -> None:
        with self._watch.on("settle"):
            self._ledger.settle(settlements, now, worker)


class WatchedCarrier(SmtpCarrier):
    """A carrier with a watch, which knows what the messages cost that it asks for."""

    def __init__(self, port: int, watch: Watch) -> None:
        super().__init__("127.0.0.1", port, tls="none")
        self._watch = watch
        self.octets = 0

    def send(self, messages: Iterator[Outgoing], journal: Journal) -> Iterator[Reply]:
        replies = super().send(self._watched(messages), journal)
        while True:
            with self._watch.on("smtp and journal"):
                reply = next(replies, None)
            if reply is None:
                return
            yield reply

    def _watched(self, messages: Iterator[Outgoing]) -> Iterator[Outgoing]:
        while True:
            with self._watch.on("read, render, make"):
                message = next(messages, None)
            if message is None:
                return
            self.octets += len(message.content)
            yield message


def whole_way(port: int, number: int) -> dict[str, float]:
    """Return the CPU seconds of each stage for 1,000 unsigned mails, and the octets of one."""
    with tempfile.TemporaryDirectory() as name:
        tb = Tailorbird.open(Path(name), clock=lambda: NOON)
        try:
            _decided(tb, number)
            watch = Watch()
            carrier = WatchedCarrier(port, watch)
            ledger: Any = WatchedLedger(tb.world.ledger, watch)
            world = dataclasses.replace(tb.world, carrier=carrier, ledger=ledger)
            with watch.on("all else"):
                report = flow.deliver(world, NOON, clock=tb.clock)
            carrier.close()
            assert report.sent == number, report
        finally:
            tb.close()
    spent = {stage: round(each / number * 1000, 4) for stage, each in watch.spent.items()}
    return spent | {"octets": carrier.octets / number}


def _decided(tb: Tailorbird, number: int) -> None:
    """Have so many people come, and decide for each."""
    agreed = {"consent": {"email_marketing": True, "wordingVersion": "1"}}
    for first in range(0, number, TOGETHER):
        events = [
            {"type": "identify", "messageId": f"i{at}", "userId": f"u{at}", "context": agreed,
             "traits": {"first_name": f"Ada {at}", "email": f"p{at}@mail.example"}}
            for at in range(first, min(first + TOGETHER, number))
        ]  # fmt: skip
        tb.world.log.append([Body("api", NOON, msgspec.json.encode({"batch": events}))])
        tb.ingest()
    tb.put("segment", "everybody", "name: everybody\nwhere: {trait: orders, at_least: 0}\n")
    for each, text in blocks().items():
        tb.put("block", each, text)
    tb.put("template", "mail", mail().mjml)
    tb.put("campaign", "spring", CAMPAIGN)
    tb.refresh()
    tb.decide("spring")
