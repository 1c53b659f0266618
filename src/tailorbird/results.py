"""What a campaign changed: everybody counted in the arm that was drawn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tailorbird import authoring, experiments
from tailorbird.journeys.campaign import Goal
from tailorbird.schema import Decision, Instant
from tailorbird.segments.happened import TABLES, happened, happening
from tailorbird.world import World

if TYPE_CHECKING:
    import pyarrow as pa


def read_experiment(
    world: World, name: str, now: Instant
) -> tuple[experiments.Verdict, list[experiments.Outcome]]:
    """Return what a campaign changed, everybody counted in the arm that was drawn."""
    campaign, _ = authoring.find_campaign(world, name)
    counted = experiments.outcomes(
        world.facts,
        decided_people(world, name),
        campaign=name,
        days=campaign.attribution_days,
        as_of=now,
        reached=reached(world, campaign.goal, now) if campaign.goal else None,
    )
    verdict = experiments.read(
        [outcome.arm for outcome in counted],
        expected=campaign.probabilities(),
        metrics=experiments.METRICS if campaign.goal is None else ("goal", *experiments.METRICS),
    )
    return verdict, counted


def reached(world: World, goal: Goal, now: Instant) -> pa.Table:
    """Return (person, at) of everybody who ever reached a goal."""
    taken: dict[str, pa.Table] = {}
    for name in TABLES if goal.where else TABLES[:1]:
        rows = world.facts.read(f'SELECT * FROM {name} WHERE event = ? AND "at" <= ?',  # noqa: S608 - the names are our own
                                (goal.event, now))  # fmt: skip
        taken[f"touched_{name}"] = rows
    statement = happened(happening(goal.event, goal.where, "goal"))
    tables = {**statement.tables, **taken}
    return world.facts.read(statement.sql, statement.parameters, tables).select(["person", "at"])


def decided_people(world: World, name: str) -> pa.Table:
    """Return (person, variant, decided_at) of all who were sent to or held out."""
    import pyarrow as pa

    rows = [
        (decision.person, decision.variant, decision.at)
        for decision in decisions(world, name)
        if decision.verdict != "refused"
    ]
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    kinds = (pa.int64(), pa.string(), pa.int64())
    arrays = [pa.array(c, type=kind) for c, kind in zip(columns, kinds, strict=True)]
    return pa.Table.from_arrays(arrays, names=["person", "variant", "decided_at"])


def decisions(world: World, name: str) -> Iterator[Decision]:
    """Yield a campaign's decisions in a steady order."""
    after = b""
    while page := world.ledger.decisions(campaign=name, after=after, limit=10_000):
        yield from page
        after = page[-1].id
