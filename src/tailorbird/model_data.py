"""What models are taught and asked: people, their traits as of an instant, and what came after it.

Nothing after the instant reaches a feature. Only who allows it is learnt from, or scored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from tailorbird import grouping, imputation, segments
from tailorbird.errors import DefinitionError
from tailorbird.learning_texts import (
    WantedModel,
    audience_condition,
    check_past,
    target_condition,
)
from tailorbird.model_targets import READERS
from tailorbird.privacy.permit import Permit, permit
from tailorbird.schema import Instant, PersonId, Purpose
from tailorbird.world import World
from tailorbird.yaml_text import Document, nearest

if TYPE_CHECKING:
    import pyarrow as pa

PEOPLE_AT_ONCE: Final = 50_000
_EVERYBODY: Final = "SELECT person FROM people ORDER BY person"
_OUTCOMES: Final = """
SELECT DISTINCT person FROM facts
WHERE event IN (SELECT UNNEST(STRING_SPLIT($1, ','))) AND "at" > $2 AND "at" <= $3
  AND person IS NOT NULL AND NOT machine ORDER BY person
"""


def trainees(world: World, now: Instant, purpose: Purpose = "training") -> list[PersonId]:
    """Return everybody with a permit for this purpose, by number."""
    everybody = world.facts.read(_EVERYBODY).column("person").to_pylist()
    allowed: list[PersonId] = []
    for start in range(0, len(everybody), PEOPLE_AT_ONCE):
        people = everybody[start : start + PEOPLE_AT_ONCE]
        states = world.people.consent_states(people)
        answers = (permit(states.get(person), person, purpose, now) for person in people)
        allowed += [answer.person for answer in answers if isinstance(answer, Permit)]
    return allowed


@dataclass(frozen=True, slots=True)
class Past:
    """One model's view of a data folder: some people, at any instant."""

    world: World
    asked: WantedModel
    people: Sequence[PersonId]

    def features(self, as_of: Instant) -> pa.Table:
        """Return `person` and a column a trait, of whom the model is about at this instant."""
        table = traits(self.world, as_of, self.people, self.asked.read())
        return self._among(table, as_of)

    def outcomes(self, after: Instant, until: Instant) -> pa.Table:
        """Return who did it (`person`) in (after, until]."""
        import pyarrow as pa

        own = target_condition(self.asked, Document(_file(self.asked), {}))
        if own is not None:
            found = segments.people(self.world.facts, own, as_of=until)
            return pa.table({"person": pa.array(found, pa.int64())})
        events = ",".join(self.asked.meaning.events)
        return self.world.facts.read(_OUTCOMES, (events, after, until))

    def _among(self, table: pa.Table, as_of: Instant) -> pa.Table:
        """Return the rows of those whom the target and the author mean."""
        import pyarrow.compute as pc

        match self.asked.meaning.among:
            case "customers":
                table = table.filter(pc.greater(table["orders"], 0))
            case "prospects":
                table = table.filter(pc.equal(table["orders"], 0))
            case "readers":
                table = self._held(table, _readers(), as_of)
            case "everybody":
                pass
        own = audience(self.world, self.asked, as_of)
        return table if own is None else self._held(table, own, as_of)

    def _held(self, table: pa.Table, segment: segments.Segment, as_of: Instant) -> pa.Table:
        import pyarrow as pa
        import pyarrow.compute as pc

        standing = grouping.standing_segments(self.world, as_of)
        members = segments.people(self.world.facts, segment, standing, as_of=as_of)
        return table.filter(pc.is_in(table["person"], pa.array(members, pa.int64())))


def traits(
    world: World, as_of: Instant, people: Sequence[PersonId], names: Sequence[str]
) -> pa.Table:
    """Return traits of people, filled as the author wants by those who allow training."""
    return imputation.table(world, names, as_of, people, lambda: trainees(world, as_of)).table


def audience(world: World, asked: WantedModel, as_of: Instant) -> segments.Segment | None:
    """Return the segment to which an author narrowed a model, None for none.

    Raises:
        DefinitionError: there is no such segment, or nobody knows who was in it in the past.
    """
    if not isinstance(asked.audience, str):
        return audience_condition(asked, Document(_file(asked), asked.audience))
    if not asked.audience:
        return None
    standing = grouping.standing_segments(world, as_of)
    known = {segment.name: segment for segment in standing}
    if asked.audience not in known:
        what = f"no segment {asked.audience!r}"
        mend = nearest(asked.audience, list(known))
        raise DefinitionError(what, where=_file(asked), mend=mend)
    check_past(known[asked.audience], standing, _file(asked))
    return known[asked.audience]


@cache
def _readers() -> segments.Segment:
    return segments.Segment("readers", segments.condition(READERS, Document("readers", READERS)))


def _file(asked: WantedModel) -> str:
    return f"models/{asked.name}.yaml"
