"""Rates of a segment's people, drawn towards its mean, and marked as estimates."""

from __future__ import annotations

import math
from typing import Final

from tailorbird import authoring, segments
from tailorbird.schema import Instant
from tailorbird.segments.shrinkage import Of, mail_rates
from tailorbird.views.rates import PersonRate, SegmentRates
from tailorbird.world import World

MARK: Final = (
    "estimates: each rate is drawn towards the mean of the segment, the more the fewer the mails"
)


def rates(world: World, name: str, of: Of, limit: int, now: Instant) -> SegmentRates | None:
    """Return the rates of the people of a segment, the highest estimates first."""
    standing = authoring.standing_segments(world)
    segment = next((each for each in standing if each.name == name), None)
    if segment is None:
        return None
    people = segments.people(world.facts, segment, standing, as_of=now)
    prior, table = mail_rates(world.facts, people, of=of, as_of=now)
    rows = sorted(table.to_pylist(), key=lambda row: (-row["shrunken"], row["person"]))
    return SegmentRates(
        segment=name,
        of=of,
        people=table.num_rows,
        sent=sum(row["sent"] for row in rows),
        hits=sum(row["hits"] for row in rows),
        mean=prior.mean,
        counts_as=None if math.isinf(prior.strength) else prior.strength,
        estimated=MARK,
        rates=tuple(
            PersonRate(
                row["person"], row["sent"], row["hits"], row["rate"], row["shrunken"],
                row["own_weight"],
            )
            for row in rows[:limit]
        ),
    )  # fmt: skip
