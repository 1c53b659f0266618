"""Campaigns: what was decided, what became of it, what it changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from tailorbird import experiments, journeys, letters, results
from tailorbird.errors import DefinitionError, UsageError
from tailorbird.experiments import Outcome, Verdict
from tailorbird.readings import slots
from tailorbird.schema import Instant
from tailorbird.views import (
    Arm,
    CampaignResult,
    CampaignSummary,
    Caused,
    Effect,
    Rate,
    RatioCheck,
    VerdictCount,
    moment,
)
from tailorbird.world import World

UNDECIDED = "Nobody has been decided yet, so there is nothing to read."
_COUNTED_BY = {
    "open": "human_openers",
    "click": "human_clickers",
    "purchase": "buyers",
    "goal": "reached",
}


def summaries(world: World) -> tuple[CampaignSummary, ...]:
    """Return all campaigns, the latest decided first."""
    found = []
    for definition in world.definitions.latest("campaign"):
        try:
            campaign = journeys.parse(definition.text, f"campaigns/{definition.name}.yaml")
        except DefinitionError as error:
            found.append((0, _broken(definition.name, definition.version, error)))
            continue
        found.append(_summary(world, campaign, definition.version))
    found.sort(key=lambda pair: (-pair[0], pair[1].name))
    return tuple(summary for _, summary in found)


def _broken(name: str, version: int, error: DefinitionError) -> CampaignSummary:
    return CampaignSummary(name, version, error.sentence(), "", 0, 0, 0, 0, 0)


def _summary(
    world: World, campaign: journeys.Campaign, version: int
) -> tuple[Instant, CampaignSummary]:
    counts = {"send": 0, "holdout": 0, "refused": 0}
    for verdict, _, _, people in world.ledger.verdicts(campaign.name):
        counts[verdict] += people
    states = world.ledger.states(campaign.name)
    at = _decided_at(world, campaign.name)
    return at, CampaignSummary(
        name=campaign.name,
        version=version,
        description=campaign.description,
        segment=", ".join(campaign.included),
        decided=sum(counts.values()),
        sent=states.get("sent", 0) + states.get("unknown", 0),
        held_out=counts["holdout"],
        refused=counts["refused"],
        pending=states.get("pending", 0) + states.get("claimed", 0),
        decided_at=moment(at) if at else None,
    )


def _decided_at(world: World, name: str) -> Instant:
    """Return when a campaign was decided; all decisions of one run bear the same instant."""
    first = world.ledger.decisions(campaign=name, limit=1)
    return first[0].at if first else 0


def result(world: World, name: str, now: Instant) -> CampaignResult | None:
    """Return one campaign's page; the mail of a journey is called JOURNEY/STEP.

    Raises:
        DefinitionError: the campaign's file is broken.
    """
    found = letters.campaigns.find(world, name)
    if found is None:
        return None
    campaign, version = found
    at = _decided_at(world, name)
    verdict, counted, said = _read(world, name, now)
    return CampaignResult(
        name=name,
        version=version,
        description=campaign.description,
        segment=", ".join(campaign.included),
        window_days=campaign.attribution_days,
        goal=campaign.goal.event if campaign.goal else "",
        as_of=moment(now),
        decided_at=moment(at) if at else None,
        verdicts=tuple(VerdictCount(*row) for row in world.ledger.verdicts(name)),
        states=world.ledger.states(name),
        arms=tuple(_arm(each, campaign, verdict) for each in counted),
        effects=_effects(verdict),
        caused=_caused(verdict),
        ratio=_ratio(verdict, campaign, counted),
        verdict=said,
        method=verdict.method if verdict else "",
        machine_note=_machine_note(counted),
        shown=slots.tally(world, name, "slots"),
        rules=slots.tally(world, name, "rules"),
        fallbacks=slots.tally(world, name, "fallbacks"),
        subjects=tuple(each.subject for each in campaign.variants.values()),
    )


def _read(world: World, name: str, now: Instant) -> tuple[Verdict | None, Sequence[Outcome], str]:
    if not any(verdict != "refused" for verdict, *_ in world.ledger.verdicts(name)):
        return None, (), UNDECIDED
    try:
        verdict, counted = results.read_experiment(world, name, now)
    except UsageError as error:
        return None, (), f"The experiment cannot be read: {error.sentence()}"
    held = sorted(counted, key=lambda each: (each.arm.name == experiments.HOLDOUT, each.arm.name))
    return verdict, held, verdict.conclusion


def _arm(outcome: Outcome, campaign: journeys.Campaign, verdict: Verdict | None) -> Arm:
    arm, holdout = outcome.arm, outcome.arm.name == experiments.HOLDOUT
    rates = {rate.metric: rate for rate in verdict.rates if rate.arm == arm.name} if verdict else {}

    def rate(metric: Literal["open", "click", "goal", "purchase"]) -> Rate:
        found, count = rates.get(metric), getattr(arm, _COUNTED_BY[metric])
        share = count / max(arm.people, 1)
        low, high = (found.low, found.high) if found else (0.0, 1.0)
        return Rate(count, share, low, high)

    revenue = rates.get("revenue")
    variant = campaign.variants.get(arm.name)
    mean = arm.revenue_minor_sum / max(arm.people, 1)
    return Arm(
        name=arm.name,
        holdout=holdout,
        people=arm.people,
        sent=outcome.sent,
        opens=None if holdout else rate("open"),
        clicks=None if holdout else rate("click"),
        purchases=rate("purchase"),
        reached=rate("goal") if campaign.goal else None,
        revenue_minor=arm.revenue_minor_sum,
        revenue_per_person_minor=mean,
        revenue_per_person_low=revenue.low if revenue else mean,
        revenue_per_person_high=revenue.high if revenue else mean,
        machine_opens=outcome.machine_openers,
        machine_clicks=outcome.machine_clickers,
        subject=variant.subject if variant else "",
    )


def _effects(verdict: Verdict | None) -> tuple[Effect, ...]:
    return tuple(
        Effect(
            metric=each.metric,
            arm=each.second,
            against=each.first,
            unit="money" if each.metric == "revenue" else "share",
            difference=each.difference,
            low=each.low,
            high=each.high,
            p_value=each.adjusted_p_value,
            told=each.told,
            sentence=each.sentence,
        )
        for each in (verdict.effects if verdict else ())
    )


def _caused(verdict: Verdict | None) -> tuple[Caused, ...]:
    return tuple(
        Caused(
            arm=each.arm,
            people=each.people,
            buyers=each.buyers,
            buyers_low=each.buyers_low,
            buyers_high=each.buyers_high,
            revenue_minor=each.revenue_minor,
            revenue_minor_low=each.revenue_minor_low,
            revenue_minor_high=each.revenue_minor_high,
        )
        for each in (verdict.caused if verdict else ())
    )


def _ratio(
    verdict: Verdict | None, campaign: journeys.Campaign, counted: Sequence[Outcome]
) -> RatioCheck | None:
    if verdict is None:
        return None
    return RatioCheck(
        expected=campaign.probabilities(),
        observed={each.arm.name: each.arm.people for each in counted},
        p_value=verdict.sample_ratio.p_value,
        holds=not verdict.sample_ratio.alarm,
    )


def _machine_note(counted: Sequence[Outcome]) -> str:
    openers = sum(each.machine_openers for each in counted)
    clickers = sum(each.machine_clickers for each in counted)
    if not openers and not clickers:
        return ""
    return (
        f"Machines opened the mail of {openers:,} people and followed the links of {clickers:,}; "
        "neither counts here."
    )
