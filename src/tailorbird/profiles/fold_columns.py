"""Bodies of columns into profiles: each event once, each person looked up once.

Events of a file name one user each. What the resolver says of a user it says of all her events, so
it is asked of the first alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from tailorbird.event_columns import EventColumns, ResolvedColumns
from tailorbird.ports import People
from tailorbird.profiles.fold import first_sights, resolve, settle, standing
from tailorbird.profiles.identity import DEFAULT, Resolver
from tailorbird.schema import (
    Event,
    PersonId,
    ResolvedEvent,
)
from tailorbird.settings import Identity

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Mask = npt.NDArray[np.bool_]
    Numbers = npt.NDArray[np.int64]

IMPORT: Final = "import"
MOST: Final = 2_000_000
"""Users kept in memory: some 300 MB."""
Resolve: TypeAlias = Callable[[Sequence[Event]], list[ResolvedEvent]]


@dataclass(slots=True)
class Known:
    """Whom users lead to, as long as nobody is merged or separated."""

    people: dict[str, tuple[PersonId, PersonId]] = field(default_factory=dict)
    """User -> (person, owner), 0 for nobody."""

    def learn(self, events: Sequence[ResolvedEvent]) -> None:
        """Remember whom the files' rows led to that name nothing but a user."""
        if len(self.people) > MOST:
            self.forget()
        for each in events:
            event = each.event
            if event.source == IMPORT and not (event.email or event.anonymous_id):
                person = each.person or 0
                self.people[event.user_id] = (person, each.owner or person)

    def forget(self) -> None:
        """Know nobody any more: somebody's history has moved."""
        self.people.clear()

    def pairs(self, names: Sequence[str], codes: Numbers, size: int) -> Numbers:
        """Return (person, owner) by code; the last row is nobody's."""
        import numpy as np

        pairs = np.zeros((size + 1, 2), np.int64)
        if names:
            pairs[codes] = [self.people[name] for name in names]
        if len(self.people) > MOST:
            self.forget()
        return pairs


@dataclass(frozen=True, slots=True)
class FoldedColumns:
    """Bodies of columns, tied to people: duplicates are told apart."""

    columns: list[ResolvedColumns]
    events: int
    duplicates: int
    created: int


def fold_columns(
    people: People,
    bodies: Sequence[EventColumns],
    offset: int,
    known: Known,
    limits: Identity = DEFAULT,
) -> FoldedColumns:
    """Return the bodies with their people, and keep who is new.

    Everything, `offset` as the new cursor included, is one transaction, as in `fold`.
    """
    created = 0

    def resolved(events: Sequence[Event]) -> list[ResolvedEvent]:
        nonlocal created
        resolution = resolve(people, events, limits)
        settle(people, resolution)
        created += len(resolution.created)
        return resolution.events

    with people.transaction(durable=False):
        found = [_resolved(people, body, known, resolved) for body in bodies]
        people.quarantine([refused for body in bodies for refused in body.refused])
        people.advance(offset)
    events = sum(int(each.fresh.sum()) + len(each.others) for each in found)
    came = sum(len(each.facts) + len(each.others) for each in bodies)
    return FoldedColumns(found, events, came - events, created)


def replay_columns(
    people: People, bodies: Sequence[EventColumns], known: Known
) -> list[ResolvedColumns]:
    """Return what `fold_columns` returned, by what was decided since; change nothing."""

    def decided(events: Sequence[Event]) -> list[ResolvedEvent]:
        return Resolver(standing(people, events), 0).replay(events)

    with people.transaction():
        return [_resolved(people, body, known, decided) for body in bodies]


def _resolved(
    people: People, body: EventColumns, known: Known, resolve_events: Resolve
) -> ResolvedColumns:
    import numpy as np

    position = body.facts["position"].to_numpy()
    at, keys = body.facts["key_at"].to_numpy(), body.facts["key"].to_numpy()
    rows = position - (body.offset << 20)
    fresh = people.first_seen_columns(body.offset, rows, at, keys)
    others = first_sights(people, body.others)
    if body.others:
        # Some of them may be what columns of this body repeat.
        fresh = people.first_seen_columns(body.offset, rows, at, keys)
    users = body.facts["user_id"].combine_chunks()
    codes = users.indices.fill_null(-1).to_numpy().astype(np.int64)
    places = np.flatnonzero(fresh & (codes >= 0))
    used, firsts = _firsts(codes[places], len(users.dictionary))
    names = users.dictionary.take(used).to_pylist() if len(used) else []
    new = [number for number, name in enumerate(names) if name not in known.people]
    asked = {
        int(place): _first_event(body, names[number], int(place))
        for number, place in zip(new, places[firsts[new]], strict=True)
    }
    told = resolve_events(sorted([*asked.values(), *others], key=lambda event: event.position))
    first_of_user = {event.position for event in asked.values()}
    for each in told:
        if each.event.position in first_of_user:
            person = each.person or 0
            known.people[each.event.user_id] = (person, each.owner or person)
    pairs = known.pairs(names, used, len(users.dictionary))
    return ResolvedColumns(
        columns=body,
        fresh=fresh,
        people=pairs[codes, 0],
        owners=pairs[codes, 1],
        others=[each for each in told if each.event.position not in first_of_user],
    )


def _firsts(codes: Numbers, size: int) -> tuple[Numbers, Numbers]:
    """Return the codes that occur, and where each occurs first."""
    import numpy as np

    first = np.full(size, -1)
    # The last one written stays: the first of each.
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    used = np.flatnonzero(first >= 0)
    return used, first[used]


def _first_event(body: EventColumns, user: str, place: int) -> Event:
    """Return as much of an event as the resolver asks for."""
    facts = body.facts
    return Event(
        message_id="",
        name=facts["event"][place].as_py(),
        at=facts["at"][place].as_py(),
        received_at=body.received_at,
        position=facts["position"][place].as_py(),
        source=body.source,
        user_id=user,
    )
