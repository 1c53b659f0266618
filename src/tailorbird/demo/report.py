"""What the demo found: one JSON object, or a page of text."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from tailorbird.experiments import Outcome, Verdict
from tailorbird.flow import Ingested
from tailorbird.model_cards import ModelCard


class Check(msgspec.Struct, frozen=True):
    """One figure beside what it must be, computed another way."""

    name: str
    found: float | int | str
    expected: str
    ok: bool


class Counts(msgspec.Struct, frozen=True):
    """What the facts hold at the end."""

    people: int
    events: int
    guests: int
    products: int
    orders: int
    returns: int
    revenue_minor: int
    quarantined: int


class Mails(msgspec.Struct, frozen=True):
    """What came of the campaign's mails. Openers and clickers are people, machines left out."""

    messages: int
    human_openers: int
    machine_openers: int
    human_clickers: int
    machine_clickers: int
    unsubscribed: int
    bounced: int


class Carts(msgspec.Struct, frozen=True):
    """What became of the carts that some people filled at the end."""

    journey: str
    filled: int
    bought: int
    mails: int
    waiting: int
    """Who are still in the journey."""


class Report(msgspec.Struct, frozen=True):
    """The whole run."""

    input: Literal["simulated", "online_retail"]
    notice: str
    folder: str
    seed: int
    counts: Counts
    ingested: Ingested
    """What this run took in; nothing when it only went over a finished folder again."""
    tiers: dict[str, int]
    segments: dict[str, int]
    models: tuple[ModelCard, ...]
    campaign: str
    decisions: dict[str, int]
    mails: Mails
    arms: tuple[Outcome, ...]
    experiment: Verdict
    carts: Carts
    checks: tuple[Check, ...]
    seconds: dict[str, float]

    @property
    def ok(self) -> bool:
        """Return whether every check holds."""
        return all(check.ok for check in self.checks)


def summary(report: Report) -> dict[str, Any]:
    """Return the report as one JSON object, the figures that are asked for first at the top."""
    whole: dict[str, Any] = {"ok": report.ok}
    for name, value in msgspec.structs.asdict(report).items():
        whole |= msgspec.structs.asdict(value) if name in ("counts", "mails") else {name: value}
    whole["opens"] = {"human": whole.pop("human_openers"), "machine": whole.pop("machine_openers")}
    whole["clicks"] = {
        "human": whole.pop("human_clickers"), "machine": whole.pop("machine_clickers"),
    }  # fmt: skip
    return whole


def lines(report: Report) -> list[str]:
    """Return the report as text."""
    counts, mails, carts = report.counts, report.mails, report.carts
    text = [
        "",
        report.notice,
        "",
        f"{counts.people:,} people, {counts.events:,} events, {counts.products:,} products, "
        f"{counts.orders:,} orders, {counts.returns:,} returns, "
        f"{counts.quarantined:,} records held back",
        "segments: " + ", ".join(f"{name} {size:,}" for name, size in report.segments.items()),
    ]
    text += [
        *(f"model {card.name}: {card.why}" for card in report.models),
        f"campaign {report.campaign}: "
        + ", ".join(f"{name} {number:,}" for name, number in report.decisions.items()),
        f"{mails.messages:,} mails in the inbox; opened by {mails.human_openers:,} people "
        f"(and {mails.machine_openers:,} machines), clicked by {mails.human_clickers:,} "
        f"(and {mails.machine_clickers:,} machines), {mails.unsubscribed:,} unsubscribed, "
        f"{mails.bounced:,} bounced",
        f"result: {report.experiment.conclusion}",
        f"journey {carts.journey}: {carts.filled:,} carts filled, {carts.bought:,} bought, "
        f"{carts.mails:,} mails about what was left, {carts.waiting:,} still in it",
        "",
        *(
            f"{'ok  ' if check.ok else 'OFF '} {check.name}: {check.found} ({check.expected})"
            for check in report.checks
        ),
        "",
        "seconds: " + ", ".join(f"{name} {took:.1f}" for name, took in report.seconds.items()),
    ]
    return text
