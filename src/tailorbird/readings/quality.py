"""The quality report: a reading over facts, log and quarantine, with a verdict for each finding."""

from __future__ import annotations

from itertools import chain

from tailorbird.readings import quality_arrivals as arrivals
from tailorbird.readings import quality_fields as fields
from tailorbird.readings import quality_findings as findings
from tailorbird.schema import Instant, Position
from tailorbird.views import moment
from tailorbird.views.quality import QualityReport
from tailorbird.world import World

_FIRST = "SELECT COALESCE(MIN(position), $2) AS first FROM facts WHERE received_at >= $1"
_COUNT = "SELECT COUNT(*) AS events FROM facts WHERE position >= $1"
_END: Position = 2**62


def report(world: World, now: Instant, since: Instant = 0) -> QualityReport:
    """Return the state of the data; with `since`, of what was received from then on.

    People, traits, changes of schema and the quarantine are always told as they are now.
    """
    (row,) = world.facts.read(_FIRST, (since, _END)).to_pylist()
    first: Position = row["first"] if since else 0
    (count,) = world.facts.read(_COUNT, (first,)).to_pylist()
    people, sample = fields.people(world, now)
    traits = fields.traits(world, sample, people.sampled)
    properties = fields.properties(world, first)
    orders = fields.orders(world, first)
    sources = arrivals.sources(world, first, since, now)
    changes = arrivals.schema_changes(world, now)
    breaches = arrivals.breaches(world, since)
    held = arrivals.quarantine(world)
    files = arrivals.imports(world, since)
    found = findings.ordered(
        chain(
            findings.of_sources(sources),
            findings.of_schema(changes),
            findings.of_plan(breaches, held),
            findings.of_imports(files),
            findings.of_orders(orders, world.settings.shop.currency),
            findings.of_people(people),
            findings.of_fields([*traits, *properties]),
        )
    )
    return QualityReport(
        at=moment(now),
        since=moment(since) if since else None,
        events=count["events"],
        verdict=findings.verdict(found),
        findings=found,
        people=people,
        orders=orders,
        sources=tuple(sources),
        traits=traits,
        properties=properties,
        schema=tuple(changes),
        breaches=tuple(breaches),
        quarantine=tuple(held),
        imports=tuple(files),
    )
