"""Standing membership: everybody once, then only those touched and those whose time has come."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

import numpy as np

from tailorbird.access import Change as Change
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
from tailorbird.traits.sql import TOUCHED
from tailorbird.traits.terms import Truth

if TYPE_CHECKING:
    import numpy.typing as npt

    from tailorbird.ports import SqlValue

    Numbers = npt.NDArray[np.int64]

REVISION: Final = 1
"""Raised whenever the compiler gives a term another meaning: memberships are then made anew."""
AT_ONCE: Final = 16
"""Most segments in one statement."""


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
    redefined: Collection[str] = (),
) -> list[Change]:
    """Bring the membership of these segments up to `now`; return who entered and who left.

    Everybody is asked where a segment was never refreshed, means something else than last time, or
    was refreshed at a later instant. Otherwise those are asked who were touched, and those whose
    answer can have changed by time alone. `touched` must then name everybody of whom a row was
    written since; None finds them by itself. What each segment costs is noted by `seconds`, a
    running clock. `redefined` names segments with a schedule that were worked out by another
    definition than before.

    Raises:
        DefinitionError: a segment names one that is not among these, or, in a circle, itself.
    """
    if not segments:
        return []
    position = standing.position(facts)
    known = standing.last_refreshes(facts)
    asks = _asks(facts, segments, known, now, touched)
    outcomes = _outcomes(facts, asks, segments, now, seconds)
    seen = [_seen(ask, known, redefined) for ask in asks]
    changes = changes_of(facts, outcomes, seen, segments, now)
    standing.write(facts, outcomes, changes, now, position)
    return listed(outcomes, changes, now)


def _seen(ask: _Ask, known: dict[str, Refreshed], redefined: Collection[str]) -> Seen:
    name = ask.segment.name
    return Seen(known.get(name), ask.touched, name in redefined)


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


def _asks(
    facts: Facts,
    segments: Sequence[Segment],
    known: dict[str, Refreshed],
    now: Instant,
    touched: Sequence[PersonId] | None,
) -> list[_Ask]:
    due = standing.due(facts, now)
    found: dict[object, Numbers] = {}
    given = None if touched is None else np.unique(np.asarray(touched, np.int64))
    asks = []
    for segment in segments:
        truth = member(resolved(segment, segments))
        # The terms hold what the traits mean, too: a trait defined anew is asked of everybody.
        meaning = f"{REVISION} {truth!r}".encode()
        fingerprint = int.from_bytes(blake2b(meaning, digest_size=8).digest()) >> 1
        last = known.get(segment.name)
        if last is None or last.fingerprint != fingerprint or last.at > now:
            asks.append(_Ask(segment, truth, fingerprint, None))
            continue
        since = (last.position, last.at, models := upcoming(truth).models)
        if given is None and since not in found:
            found[since] = standing.touched_since(facts, last, models)
        these = found[since] if given is None else given
        people = np.union1d(these, due[segment.name]) if segment.name in due else these
        asks.append(_Ask(segment, truth, fingerprint, people, these))
    return asks


def _outcomes(
    facts: Facts,
    asks: Sequence[_Ask],
    among: Sequence[Segment],
    now: Instant,
    seconds: Callable[[], float],
) -> list[Outcome]:
    """Return what changes in each segment; what many cost together is shared out evenly."""
    few = [ask for ask in asks if ask.people is not None and 0 < len(ask.people) <= FEW]
    began = seconds()
    answered = _together(facts, few, among, now)
    share = (seconds() - began) / max(1, len(answered))
    outcomes = []
    for ask in asks:
        began = seconds()
        outcome = answered.get(ask.segment.name)
        if outcome is None:
            outcome = _outcome(facts, ask, among, now)
            outcomes.append(_costing(outcome, ask, seconds() - began, facts))
        else:
            outcomes.append(_costing(outcome, ask, share, facts))
    return outcomes


def _together(
    facts: Facts, asks: Sequence[_Ask], among: Sequence[Segment], now: Instant
) -> dict[str, Outcome]:
    """Return what changes in the segments that are asked of few people, if all these are few.

    Their rows are taken out of the large tables once, and one statement answers some segments of
    all of them: of few people, a statement costs more than what it reads.
    """
    people = np.unique(
        np.concatenate([ask.people for ask in asks if ask.people is not None] or [_NOBODY])
    )
    if not 0 < len(people) <= FEW:
        return {}
    taken = extract(facts, [ask.truth for ask in asks], people, as_of=now)
    old = standing.stood(facts, taken[TOUCHED])
    outcomes = {}
    for at in range(0, len(asks), AT_ONCE):
        some = asks[at : at + AT_ONCE]
        statement = compiler.evaluations([ask.segment for ask in some], among, as_of=now)
        answers = facts.read(statement.sql, statement.parameters, statement.tables | taken)
        for number, ask in enumerate(some):
            outcomes[ask.segment.name] = standing.outcome(
                ask.segment,
                ask.fingerprint,
                standing.of_segment(old, ask.segment.name),
                compiler.answers_of(answers, number),
            )
    return outcomes


def _outcome(facts: Facts, ask: _Ask, among: Sequence[Segment], now: Instant) -> Outcome:
    if ask.people is not None and not len(ask.people):
        return standing.unchanged(ask.segment, ask.fingerprint)
    restricted = ask.people is not None
    asked = {} if ask.people is None else {TOUCHED: people_table(ask.people)}
    statement = compiler.evaluation(ask.segment, among, as_of=now, restricted=restricted)
    answers = facts.read(statement.sql, statement.parameters, statement.tables | asked)
    if not restricted:
        return standing.outcome_of_everybody(facts, ask.segment, ask.fingerprint, answers)
    old = standing.stood_in(facts, ask.segment.name, asked[TOUCHED])
    return standing.outcome(ask.segment, ask.fingerprint, old, answers)


def _costing(outcome: Outcome, ask: _Ask, spent: float, facts: Facts) -> Outcome:
    """Return the outcome with how many were asked and what that took."""
    asked = standing.everybody(facts) if ask.people is None else len(ask.people)
    micros = round(spent * 1_000_000) if asked else 0
    return replace(outcome, asked=asked, micros=micros)


_NOBODY: Final = np.empty(0, np.int64)


_LEAVE: Final = (
    'INSERT INTO membership_changes (segment, person, "at", entered, cause, version, seen_at, '
    "sequence) SELECT segment, person, $2, FALSE, 'definition', 0, $2, "
    "ROW_NUMBER() OVER (ORDER BY person) "
    "+ (SELECT COALESCE(MAX(sequence), 0) FROM membership_changes) "
    "FROM membership WHERE segment = $1 AND member"
)
