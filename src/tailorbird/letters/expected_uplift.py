"""What a campaign's mail is expected to gain of each person, by the model that it names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tailorbird.journeys.campaign import Campaign
from tailorbird.model_data import allowing
from tailorbird.schema import Instant, PersonId
from tailorbird.traits.extract import touched
from tailorbird.world import World

_EXPECTED: Final = """
SELECT s.person, ARG_MAX(s.value, s."at") AS value FROM scores AS s SEMI JOIN asked USING (person)
WHERE s.model = ? AND s."at" <= ? GROUP BY s.person
"""


def expected(
    world: World, campaign: Campaign, people: Sequence[PersonId], now: Instant
) -> dict[PersonId, float]:
    """Return the expected uplift of those who have a score and agree to personalisation.

    Of a campaign that names no model, nobody's.
    """
    if not campaign.uplift or not people:
        return {}
    tables = {"asked": touched(allowing(world, people, now, "personalisation"))}
    rows = world.facts.read(_EXPECTED, (campaign.uplift, now), tables).to_pylist()
    return {row["person"]: row["value"] / 1_000_000 for row in rows}
