"""What models are taught and asked: people, their traits as of an instant, and what came after it.

Nothing after the instant reaches a feature. Only who allows it is learnt from, or scored.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from tailorbird import as_then, grouping, hours, imputation, predict, segments
from tailorbird.errors import DefinitionError, TailorbirdError
from tailorbird.learning_texts import (
    WantedModel,
    audience_condition,
    check_past,
    target_condition,
)
from tailorbird.model_targets import READERS
from tailorbird.privacy.permit import Permit, permit
from tailorbird.schema import DAY, Instant, Names, PersonId, Purpose
from tailorbird.world import World
from tailorbird.yaml_text import Document, nearest

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa

    Hours: TypeAlias = "npt.NDArray[np.int64]"

PEOPLE_AT_ONCE: Final = 50_000
_EVERYBODY: Final = "SELECT person FROM people ORDER BY person"
_OUTCOMES: Final = """
SELECT DISTINCT person FROM facts
WHERE event IN (SELECT UNNEST(STRING_SPLIT($1, ','))) AND "at" > $2 AND "at" <= $3
  AND person IS NOT NULL AND NOT machine ORDER BY person
"""
_VALUES: Final = """
SELECT person, SUM(CASE WHEN event = $1 THEN value_minor ELSE -ABS(value_minor) END) AS value
FROM facts WHERE event IN ($1, $2) AND "at" > $3 AND "at" <= $4 AND person IS NOT NULL
GROUP BY person ORDER BY person
"""
_FIRSTS: Final = """
SELECT person, (MIN("at") - $2) / 86400000000.0 AS days FROM facts
WHERE event = $1 AND "at" > $2 AND "at" <= $3 AND person IS NOT NULL
GROUP BY person ORDER BY person
"""
_SINCE: Final = 'SELECT MIN("at") AS first FROM facts WHERE event = $1 AND person IS NOT NULL'


def trainees(world: World, now: Instant, purpose: Purpose = "training") -> list[PersonId]:
    """Return everybody with a permit for this purpose, by number."""
    everybody = world.facts.read(_EVERYBODY).column("person").to_pylist()
    return allowing(world, everybody, now, purpose)


def allowing(
    world: World, people: Sequence[PersonId], now: Instant, purpose: Purpose
) -> list[PersonId]:
    """Return who of these people gave a permit for this purpose, in their order."""
    allowed: list[PersonId] = []
    for start in range(0, len(people), PEOPLE_AT_ONCE):
        some = people[start : start + PEOPLE_AT_ONCE]
        states = world.people.consent_states(some)
        answers = (permit(states.get(person), person, purpose, now) for person in some)
        allowed += [answer.person for answer in answers if isinstance(answer, Permit)]
    return allowed


class Together:
    """The traits of some people, read once for all models that are asked about them."""

    def __init__(
        self, world: World, people: Sequence[PersonId], asked: Iterable[WantedModel]
    ) -> None:
        self._world, self._people, self._asked = world, people, tuple(asked)
        self._known: dict[Instant, pa.Table | None] = {}
        self._kinds: dict[Instant, frozenset[str]] = {}

    def nobody(self, asked: WantedModel, as_of: Instant) -> bool:
        """Return whether none of them is of the kind that a model is about."""
        return asked.meaning.among in self._absent(as_of)

    def read(self, as_of: Instant, names: Sequence[str]) -> pa.Table:
        """Return what `traits` returns of these people."""
        if as_of not in self._known:
            absent = self._absent(as_of)
            those = (each.read() for each in self._asked if each.meaning.among not in absent)
            union = tuple(dict.fromkeys(chain.from_iterable(those)))
            with suppress(TailorbirdError):  # a trait that is no more ends its own model alone
                self._known[as_of] = traits(self._world, as_of, self._people, union)
        known = self._known.setdefault(as_of, None)
        if known is None or not {*names} <= {*known.column_names}:
            return traits(self._world, as_of, self._people, names)
        return known.select(["person", *names])

    def _absent(self, as_of: Instant) -> frozenset[str]:
        """Return of which kinds none of them is; their orders tell it, where it matters."""
        if as_of not in self._kinds:
            kinds: dict[str, bool] = {}
            if {"customers", "prospects"} <= {each.meaning.among for each in self._asked}:
                orders = traits(self._world, as_of, self._people, ["orders"])["orders"].to_numpy()
                kinds = {
                    "customers": bool((orders > 0).any()),
                    "prospects": bool((orders == 0).any()),
                }
            self._kinds[as_of] = frozenset(kind for kind, there in kinds.items() if not there)
        return self._kinds[as_of]


@dataclass(frozen=True, slots=True)
class Past:
    """One model's view of a data folder: some people, at any instant."""

    world: World
    asked: WantedModel
    people: Sequence[PersonId]
    latest: dict[Instant, pa.Table] = field(default_factory=dict)
    """What was asked last: outcomes by one's own rhythm ask the same again."""
    together: Together | None = None
    """Of the same people, where several models are asked about them."""

    def features(self, as_of: Instant) -> pa.Table:
        """Return `person` and a column a trait, of whom the model is about at this instant."""
        if as_of not in self.latest:
            table = self._traits(as_of, self.asked.read())
            self.latest.clear()
            self.latest[as_of] = self._among(table, as_of)
        return self.latest[as_of]

    def _traits(self, as_of: Instant, names: Sequence[str]) -> pa.Table:
        if self.together is not None:
            return self.together.read(as_of, names)
        return traits(self.world, as_of, self.people, names)

    def outcomes(self, after: Instant, until: Instant) -> pa.Table:
        """Return who did it (`person`) in (after, until]; of churn, who was silent for long."""
        import pyarrow as pa

        if self.asked.foretells == "churn":
            return self.silent(after, until)
        own = target_condition(self.asked, Document(_file(self.asked), {}))
        if own is not None:
            found = segments.people(self.world.facts, own, as_of=until)
            return pa.table({"person": pa.array(found, pa.int64())})
        events = ",".join(self.asked.meaning.events)
        return self.world.facts.read(_OUTCOMES, (events, after, until))

    def values(self, after: Instant, until: Instant) -> pa.Table:
        """Return what each bought for (`person`, `value` net of returns) in (after, until]."""
        return self.world.facts.read(_VALUES, (Names.PURCHASE, Names.RETURN, after, until))

    def firsts(self, after: Instant, until: Instant) -> pa.Table:
        """Return the first order (`person`, `days` after `after`) of each in (after, until]."""
        return self.world.facts.read(_FIRSTS, (Names.PURCHASE, after, until))

    def silent(self, after: Instant, until: Instant) -> pa.Table:
        """Return who (`person`) was silent after an instant for longer than her own patience.

        That is twice her usual gap as of the instant, drawn to everybody's, until `until` at most.
        """
        import pyarrow.compute as pc

        table = self.features(after)
        patience = predict.patience_days(table, (until - after) / DAY)
        came = self.firsts(after, until)
        place = pc.index_in(table["person"], came["person"].combine_chunks()).to_numpy()
        days = np.append(came["days"].to_numpy(), np.inf)
        known = np.where(np.isnan(place), len(days) - 1, place).astype(np.int64)
        return table.select(["person"]).filter(days[known] > patience)

    def days_known(self, now: Instant) -> int:
        """Return how many days ago the first order of all was."""
        first = self.world.facts.read(_SINCE, (Names.PURCHASE,))["first"][0].as_py()
        return 0 if first is None else int(max(now - first, 0) // DAY)

    def hours(self, now: Instant, split_days: int, since_days: int) -> tuple[Hours, Hours]:
        """Return (people, 24): how often each opened and clicked before the split, and after it."""
        split, since = now - split_days * DAY, now - since_days * DAY
        return hours.counts(self.world, self.people, split, since, now)

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
    """Return traits of who of these people was there, filled by those who allow training."""
    return traits_of_all(world, as_of, as_then.known(world, people, as_of), names)


def traits_of_all(
    world: World, as_of: Instant, people: Sequence[PersonId], names: Sequence[str]
) -> pa.Table:
    """Return the same of all of these people; who came later had done nothing yet."""
    told = as_then.table(world, names, as_of, people)
    return imputation.fill(
        world, told, as_of, lambda: as_then.known(world, trainees(world, as_of), as_of)
    ).table


def audience(world: World, asked: WantedModel, as_of: Instant) -> segments.Segment | None:
    """Return the segment to which an author narrowed a model, None for none.

    Raises:
        DefinitionError: there is no such segment, or nobody knows who was in it in the past.
    """
    if not isinstance(asked.audience, str):
        return audience_condition(asked, Document(_file(asked), asked.audience))
    if not asked.audience:
        return None
    return named_audience(asked.audience, grouping.standing_segments(world, as_of), _file(asked))


def named_audience(name: str, standing: Sequence[segments.Segment], where: str) -> segments.Segment:
    """Return the segment of this name, to which what is written at `where` narrows a model.

    Raises:
        DefinitionError: as `audience`, or the segment is broken.
    """
    known = {segment.name: segment for segment in standing}
    if name not in known:
        raise DefinitionError(f"no segment {name!r}", where=where, mend=nearest(name, list(known)))
    check_past(known[name], standing, where)
    return known[name]


@cache
def _readers() -> segments.Segment:
    return segments.Segment("readers", segments.condition(READERS, Document("readers", READERS)))


def _file(asked: WantedModel) -> str:
    return f"models/{asked.name}.yaml"
