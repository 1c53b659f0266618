"""The quality report: a reading over facts, log and quarantine, with a verdict for each finding."""

from __future__ import annotations

from itertools import chain

import msgspec

from tailorbird.readings import quality_arrivals as arrivals
from tailorbird.readings import quality_fields as fields
from tailorbird.readings import quality_findings as findings
from tailorbird.schema import Instant, Position
from tailorbird.views import moment
from tailorbird.views.quality import Finding, QualityReport
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
    told = QualityReport(
        at=moment(now),
        since=moment(since) if since else None,
        events=count["events"],
        verdict="",
        findings=(),
        people=people,
        orders=fields.orders(world, first),
        sources=tuple(arrivals.sources(world, first, since, now)),
        traits=fields.traits(world, sample, people.sampled),
        properties=fields.properties(world, first),
        schema=tuple(arrivals.schema_changes(world, now)),
        breaches=tuple(arrivals.breaches(world, since)),
        quarantine=tuple(arrivals.quarantine(world)),
        imports=tuple(arrivals.imports(world, since)),
    )
    found = _findings(told, world.settings.shop.currency)
    return msgspec.structs.replace(told, findings=found, verdict=findings.verdict(found))


def _findings(told: QualityReport, currency: str) -> tuple[Finding, ...]:
    return findings.ordered(
        chain(
            findings.of_sources(told.sources),
            findings.of_schema(told.schema),
            findings.of_plan(told.breaches, told.quarantine),
            findings.of_imports(told.imports),
            findings.of_orders(told.orders),
            findings.of_outliers(told.orders, currency),
            findings.of_people(told.people),
            findings.of_fields([*told.traits, *told.properties]),
        )
    )
