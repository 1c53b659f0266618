"""Standing membership: full once, then only the people touched and those whose time has come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from tailorbird.ports import Facts
from tailorbird.schema import Instant, PersonId
from tailorbird.segments import compile as compiler
from tailorbird.segments.conditions import Segment
from tailorbird.segments.meaning import resolved, truth
from tailorbird.traits.reading import upcoming
from tailorbird.traits.table import touched as touched_table

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa

    from tailorbird.ports import SqlValue

    Numbers = npt.NDArray[np.int64]

REVISION: Final = 1
"""Raised whenever the meaning of a condition or a trait changes: memberships are then made anew."""


class Change(msgspec.Struct, frozen=True):
    """A person entered a segment, or left it, as seen at the instant of a refresh."""

    segment: str
    person: PersonId
    at: Instant
    entered: bool


@dataclass(frozen=True, slots=True)
class _Refreshed:
    """What the store knows of a segment's last refresh."""

    fingerprint: int
    at: Instant
    position: int


@dataclass(frozen=True, slots=True)
class _Outcome:
    """One segment's new answers. `asked` is None where everybody was asked."""

    segment: Segment
    fingerprint: int
    asked: pa.Table | None
    answers: pa.Table
    entered: Numbers
    left: Numbers


def refresh(
    facts: Facts,
    segments: Sequence[Segment],
    *,
    now: Instant,
    touched: Sequence[PersonId] | None = None,
) -> list[Change]:
    """Bring the membership of these segments up to `now`; return who entered and who left.

    Everybody is asked where a segment was never refreshed, means something else than last time, or
    was refreshed at a later instant. Otherwise those are asked who were touched, and those whose
    answer can have changed by time alone. `touched` must then name everybody of whom a row was
    written since; None finds them by itself.

    Raises:
        DefinitionError: a segment names one that is not among these, or, in a circle, itself.
    """
    known = _refreshed(facts)
    position = _position(facts)
    outcomes = []
    for segment in segments:
        fingerprint = _fingerprint(segment, segments)
        last = known.get(segment.name)
        asked = None
        if last and last.fingerprint == fingerprint and last.at <= now:
            people = _touched(facts, segment, segments, last) if touched is None else touched
            due = _people(facts.read(_DUE, (segment.name, now)))
            asked = np.union1d(np.asarray(people, np.int64), due)
        outcomes.append(_evaluated(facts, segment, segments, fingerprint, asked, now))
    _write(facts, outcomes, now, position)
    return [change for outcome in outcomes for change in _changes(outcome, now)]


def verify(
    facts: Facts, segments: Sequence[Segment], *, now: Instant
) -> list[tuple[str, PersonId]]:
    """Return (segment, person) wherever the standing answer differs from asking everybody anew.

    Call it after `refresh` at the same `now`.
    """
    wrong = []
    for segment in segments:
        statement = compiler.members(segment, segments, as_of=now)
        anew = _people(facts.read(statement.sql, statement.parameters, statement.tables))
        standing = _people(facts.read(_STANDING, (segment.name,)))
        wrong += [(segment.name, person) for person in np.setxor1d(anew, standing).tolist()]
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


def _evaluated(
    facts: Facts,
    segment: Segment,
    among: Sequence[Segment],
    fingerprint: int,
    asked: Numbers | None,
    now: Instant,
) -> _Outcome:
    statement = compiler.evaluation(segment, among, as_of=now, restricted=asked is not None)
    tables = dict(statement.tables)
    if asked is None:
        standing = _people(facts.read(_STANDING, (segment.name,)))
    else:
        tables["touched"] = touched_table(asked)
        standing = _people(facts.read(_STANDING_TOUCHED, (segment.name,), tables))
    answers = facts.read(statement.sql, statement.parameters, tables)
    members = _people(answers.filter(answers["member"]))
    return _Outcome(
        segment,
        fingerprint,
        tables.get("touched"),
        answers,
        np.setdiff1d(members, standing),
        np.setdiff1d(standing, members),
    )


def _write(facts: Facts, outcomes: list[_Outcome], now: Instant, position: int) -> None:
    """Write everything in one transaction."""
    statements: list[tuple[str, Sequence[SqlValue]]] = []
    tables: dict[str, pa.Table] = {}
    for number, outcome in enumerate(outcomes):
        name = outcome.segment.name
        answers, asked, changed = (f"{kind}_{number}" for kind in ("answers", "asked", "changed"))
        tables[answers] = outcome.answers
        tables[changed] = _changed(outcome)
        if outcome.asked is None:
            statements.append(("DELETE FROM membership WHERE segment = $1", (name,)))
        else:
            tables[asked] = outcome.asked
            statements.append((_FORGET.format(asked=asked), (name,)))
        statements += [
            (_REMEMBER.format(answers=answers), (name,)),
            (_RECORD.format(changed=changed), (name, now)),
            (_REFRESHED, (name, outcome.segment.version, now, position, outcome.fingerprint)),
        ]
    if statements:
        facts.write(statements, tables)


def _changed(outcome: _Outcome) -> pa.Table:
    import pyarrow as pa

    people = np.concatenate([outcome.entered, outcome.left])
    entered = np.arange(len(people)) < len(outcome.entered)
    return pa.table({"person": pa.array(people, pa.int64()), "entered": pa.array(entered)})


def _changes(outcome: _Outcome, now: Instant) -> Iterator[Change]:
    for person in outcome.entered.tolist():
        yield Change(outcome.segment.name, person, now, True)
    for person in outcome.left.tolist():
        yield Change(outcome.segment.name, person, now, False)


def _touched(facts: Facts, segment: Segment, among: Sequence[Segment], last: _Refreshed) -> Numbers:
    people = _people(facts.read(_TOUCHED, (last.position,)))
    for model in upcoming(truth(resolved(segment, among))).models:
        # Scores carry no position; nobody writes one for an instant before the last refresh.
        people = np.union1d(people, _people(facts.read(_SCORED, (model, last.at))))
    return people


def _refreshed(facts: Facts) -> dict[str, _Refreshed]:
    rows = facts.read(_REFRESHES).to_pylist()
    return {row.pop("segment"): _Refreshed(**row) for row in rows}


def _position(facts: Facts) -> int:
    return int(
        facts.read("SELECT COALESCE(MAX(position), 0) AS position FROM people")[0][0].as_py()
    )


def _fingerprint(segment: Segment, among: Sequence[Segment]) -> int:
    """Return 63 bits of what the segment means, with the segments that it names."""
    meaning = msgspec.json.encode(resolved(segment, among)) + bytes([REVISION])
    return int.from_bytes(blake2b(meaning, digest_size=8).digest()) >> 1


def _people(table: pa.Table) -> Numbers:
    return np.asarray(table["person"].to_numpy(), np.int64)


_STANDING: Final = "SELECT person FROM membership WHERE segment = $1 AND member"
_STANDING_TOUCHED: Final = f"{_STANDING} AND person IN (SELECT person FROM touched)"  # noqa: S608
_REFRESHES: Final = 'SELECT segment, fingerprint, "at", position FROM segment_refreshes'
_DUE: Final = "SELECT person FROM membership WHERE segment = $1 AND next_check <= $2"
_TOUCHED: Final = "SELECT person FROM people WHERE position > $1"
_SCORED: Final = 'SELECT DISTINCT person FROM scores WHERE model = $1 AND "at" >= $2'
_FORGET: Final = (
    "DELETE FROM membership WHERE segment = $1 AND person IN (SELECT person FROM {asked})"
)
_REMEMBER: Final = (
    "INSERT INTO membership (segment, person, member, next_check) "
    "SELECT $1, person, member, next_check FROM {answers}"
)
_RECORD: Final = (
    'INSERT INTO membership_changes (segment, person, "at", entered) '
    "SELECT $1, person, $2, entered FROM {changed}"
)
_LEAVE: Final = (
    'INSERT INTO membership_changes (segment, person, "at", entered) '
    "SELECT segment, person, $2, FALSE FROM membership WHERE segment = $1 AND member"
)
_REFRESHED: Final = (
    'INSERT INTO segment_refreshes (segment, version, "at", position, fingerprint) '
    "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (segment) DO UPDATE SET version = excluded.version, "
    '"at" = excluded."at", position = excluded.position, fingerprint = excluded.fingerprint'
)
