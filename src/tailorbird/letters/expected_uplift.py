"""What a campaign's mail is expected to gain of each person, by the model that it names."""

from __future__ import annotations

from collections.abc import Sequence

from tailorbird.journeys.campaign import Campaign
from tailorbird.letters.scored import scores
from tailorbird.model_data import allowing
from tailorbird.schema import Instant, PersonId
from tailorbird.world import World


def expected(
    world: World, campaign: Campaign, people: Sequence[PersonId], now: Instant
) -> dict[PersonId, float]:
    """Return the expected uplift of those who have a score and agree to personalisation.

    Of a campaign that names no model, nobody's.
    """
    if not campaign.uplift or not people:
        return {}
    agreeing = allowing(world, people, now, "personalisation")
    return scores(world, campaign.uplift, agreeing, now)
