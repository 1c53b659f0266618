"""When a person was in a segment: worked out from her history, exact to the microsecond."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from tailorbird.ports import Facts
from tailorbird.schema import Instant, PersonId
from tailorbird.segments import compile as compiler
from tailorbird.segments.conditions import Segment
from tailorbird.segments.meaning import member, resolved
from tailorbird.traits.extract import extract

MOST_STEPS = 10_000
"""Instants at which an answer is asked for, at most; a scored trait has one a day."""


class Stay(msgspec.Struct, frozen=True):
    """A person was in a segment from `since` on and before `until`, None where she still is."""

    since: Instant
    until: Instant | None


def stays(
    facts: Facts,
    segment: Segment,
    person: PersonId,
    among: Sequence[Segment] = (),
    *,
    as_of: Instant,
) -> list[Stay]:
    """Return when the person was in the segment, up to `as_of`, by what the log says today.

    Each answer says until when it holds, so that no instant is left out: what came late, was taken
    back, merged or erased is in it as if it had always been so.

    Raises:
        DefinitionError: it names a segment that is not `among` these, or, in a circle, itself.
    """
    found: list[Stay] = []
    since: Instant | None = None
    for at, inside in _answers(facts, segment, person, among, as_of):
        if inside and since is None:
            since = at
        elif not inside and since is not None:
            found.append(Stay(since, at))
            since = None
    return [*found, Stay(since, None)] if since is not None else found


def _answers(
    facts: Facts, segment: Segment, person: PersonId, among: Sequence[Segment], as_of: Instant
) -> Iterator[tuple[Instant, bool]]:
    """Yield every instant at which the answer can change, with the answer from then on."""
    truth = member(resolved(segment, among))
    # As of the beginning: what can be asked for then, can be asked for at every later instant.
    taken = extract(facts, [truth], [person], as_of=0)
    at: Instant | None = _first(taken["touched_people"].to_pylist())
    for _ in range(MOST_STEPS):
        if at is None or at > as_of:
            return
        statement = compiler.evaluation(segment, among, as_of=at, restricted=True, extracted=True)
        rows = facts.read(statement.sql, statement.parameters, statement.tables | taken).to_pylist()
        yield at, bool(rows and rows[0]["member"])
        at = rows[0]["next_check"] if rows else None


def _first(people: list[dict[str, Instant]]) -> Instant | None:
    return people[0]["created_at"] if people else None
