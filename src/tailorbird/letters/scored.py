"""What the models of this shop have said of people, as it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tailorbird.schema import Instant, PersonId
from tailorbird.traits.extract import touched
from tailorbird.traits.terms import MILLION
from tailorbird.world import World

_SCORES: Final = """
SELECT s.person, ARG_MAX(s.value, s."at") AS value FROM scores AS s SEMI JOIN asked USING (person)
WHERE s.model = ? AND s."at" <= ? GROUP BY s.person
"""


def scores(
    world: World, model: str, people: Sequence[PersonId], now: Instant
) -> dict[PersonId, float]:
    """Return the latest score of each of these people who has one."""
    rows = world.facts.read(_SCORES, (model, now), {"asked": touched(people)}).to_pylist()
    return {row["person"]: row["value"] / MILLION for row in rows}
