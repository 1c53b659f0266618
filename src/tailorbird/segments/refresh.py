"""Standing membership: everybody once, then only those touched and those whose time has come."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

import numpy as np

from tailorbird.access import Change
from tailorbird.ports import Facts
from tailorbird.schema import Instant, PersonId
from tailorbird.segments import compile as compiler
from tailorbird.segments import standing
from tailorbird.segments.changes import Seen, changes_of, listed
from tailorbird.segments.conditions import Segment
from tailorbird.segments.meaning import member, resolved
from tailorbird.segments.standing import Outcome, Refreshed
from tailorbird.traits.extract import FEW, extract
from tailorbird.traits.extract import touched as people_table
from tailorbird.traits.reading import upcoming
from tailorbird.traits.terms import Truth

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa

    from tailorbird.ports import SqlValue

    Numbers = npt.NDArray[np.int64]

REVISION: Final = 1
"""Raised whenever the compiler gives a term another meaning: memberships are then made anew."""


@dataclass(frozen=True, slots=True)
class _Ask:
    """Whom to ask about a segment, and of these those who were touched; None is everybody."""

    segment: Segment
    truth: Truth
    fingerprint: int
    people: Numbers | None
    touched: Numbers | None = None


def untimed() -> float:
    """Return no time: nobody asks what a refresh costs."""
    return 0.0


def refresh(
    facts: Facts,
    segments: Sequence[Segment],
    *,
    now: Instant,
    touched: Sequence[PersonId] | None = None,
    seconds: Callable[[], float] = untimed,
) -> list[Change]:
    """Bring the membership of these segments up to `now`; return who entered and who left.

    Everybody is asked where a segment was never refreshed, means something else than last time, or
    was refreshed at a later instant. Otherwise those are asked who were touched, and those whose
    answer can have changed by time alone. `touched` must then name everybody of whom a row was
    written since; None finds them by itself. What each segment costs is noted by `seconds`, a
    running clock.

    Raises:
        DefinitionError: a segment names one that is not among these, or, in a circle, itself.
    """
    if not segments:
        return []
    position = standing.position(facts)
    known = standing.last_refreshes(facts)
    asks = [_ask(facts, each, segments, known, now, touched) for each in segments]
    outcomes = []
    began = seconds()
    for ask, taken in _prepared(facts, asks):
        outcome = _outcome(facts, ask, segments, now, taken)
        ended = seconds()
        outcomes.append(_costing(outcome, ask, ended - began, facts))
        began = ended
    seen = [Seen(known.get(ask.segment.name), ask.touched) for ask in asks]
    changes = changes_of(facts, outcomes, seen, now)
    standing.write(facts, outcomes, changes, now, position)
    return listed(outcomes, changes, now)


def verify(
    facts: Facts, segments: Sequence[Segment], *, now: Instant
) -> list[tuple[str, PersonId]]:
    """Return (segment, person) wherever the standing answer differs from asking everybody anew.

    Call it after `refresh` at the same `now`.
    """
    wrong = []
    for segment in segments:
        statement = compiler.members(segment, segments, as_of=now)
        anew = facts.read(statement.sql, statement.parameters, statement.tables)
        differ = np.setxor1d(standing.people_of(anew), standing.members(facts, segment.name))
        wrong += [(segment.name, person) for person in differ.tolist()]
    return wrong


def forget(facts: Facts, names: Sequence[str], *, now: Instant) -> None:
    """Drop the standing membership of segments that are no more; everybody in them leaves."""
    statements: list[tuple[str, Sequence[SqlValue]]] = []
    for name in names:
        statements += [
            (_LEAVE, (name, now)),
            ("DELETE FROM membership WHERE segment = $1", (name,)),
            ("DELETE FROM segment_refreshes WHERE segment = $1", (name,)),
        ]
    facts.write(statements)


def _ask(
    facts: Facts,
    segment: Segment,
    among: Sequence[Segment],
    known: dict[str, Refreshed],
    now: Instant,
    touched: Sequence[PersonId] | None,
) -> _Ask:
    truth = member(resolved(segment, among))
    # The terms hold what the traits mean, too: a trait defined anew is asked of everybody.
    meaning = f"{REVISION} {truth!r}".encode()
    fingerprint = int.from_bytes(blake2b(meaning, digest_size=8).digest()) >> 1
    last = known.get(segment.name)
    if last is None or last.fingerprint != fingerprint or last.at > now:
        return _Ask(segment, truth, fingerprint, None)
    if touched is None:
        found = standing.touched_since(facts, last, upcoming(truth).models)
    else:
        found = np.asarray(touched, np.int64)
    people = np.union1d(found, standing.due(facts, segment.name, now))
    return _Ask(segment, truth, fingerprint, people, found)


def _prepared(
    facts: Facts, asks: Sequence[_Ask]
) -> Iterator[tuple[_Ask, dict[str, pa.Table] | None]]:
    """Yield each question with the rows that were taken out for it, if any were.

    Of all who are few, the rows are taken out together, by one search of the large tables.
    """
    few = [ask for ask in asks if ask.people is not None and 0 < len(ask.people) <= FEW]
    asked = [ask.people for ask in few if ask.people is not None]
    together = np.unique(np.concatenate(asked)) if asked else np.empty(0, np.int64)
    taken = None
    if 0 < len(together) <= FEW:
        taken = extract(facts, [ask.truth for ask in few], together)
    for ask in asks:
        yield ask, taken if any(ask is each for each in few) else None


def _outcome(
    facts: Facts,
    ask: _Ask,
    among: Sequence[Segment],
    now: Instant,
    taken: dict[str, pa.Table] | None,
) -> Outcome:
    if ask.people is not None and not len(ask.people):
        return standing.unchanged(ask.segment, ask.fingerprint)
    restricted = ask.people is not None
    asked = None if ask.people is None else people_table(ask.people)
    statement = compiler.evaluation(
        ask.segment, among, as_of=now, restricted=restricted, extracted=taken is not None
    )
    tables = statement.tables | (taken or {}) | ({"touched": asked} if restricted else {})
    answers = facts.read(statement.sql, statement.parameters, tables)
    return standing.outcome(facts, ask.segment, ask.fingerprint, asked, answers)


def _costing(outcome: Outcome, ask: _Ask, spent: float, facts: Facts) -> Outcome:
    """Return the outcome with how many were asked and what that took."""
    asked = standing.everybody(facts) if ask.people is None else len(ask.people)
    micros = round(spent * 1_000_000) if asked else 0
    return replace(outcome, asked=asked, micros=micros)


_LEAVE: Final = (
    'INSERT INTO membership_changes (segment, person, "at", entered, cause, version, seen_at, '
    "sequence) SELECT segment, person, $2, FALSE, 'definition', 0, $2, "
    "ROW_NUMBER() OVER (ORDER BY person) "
    "+ (SELECT COALESCE(MAX(sequence), 0) FROM membership_changes) "
    "FROM membership WHERE segment = $1 AND member"
)
