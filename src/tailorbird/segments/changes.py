"""Who entered and who left: since when it is true, and whether an event or time made it so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, get_args

import numpy as np

from tailorbird.access import Cause, Change
from tailorbird.ports import Facts
from tailorbird.schema import Instant
from tailorbird.segments.conditions import Segment
from tailorbird.segments.schedule import LIVE
from tailorbird.segments.standing import Outcome, Refreshed, people_of
from tailorbird.segments.turned import turned

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa

    Mask = npt.NDArray[np.bool_]
    Numbers = npt.NDArray[np.int64]

CAUSES: Final[tuple[Cause, ...]] = get_args(Cause)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a segment's outcome was seen against: its last refresh, and who was touched since.

    `touched` is None where everybody was asked. `redefined`: a segment with a schedule was worked
    out by another definition than before.
    """

    last: Refreshed | None
    touched: Numbers | None
    redefined: bool = False


def changes_of(
    facts: Facts,
    outcomes: Sequence[Outcome],
    seen: Sequence[Seen],
    among: Sequence[Segment],
    now: Instant,
) -> list[pa.Table]:
    """Return of each outcome the rows (person, entered, at, cause) of who entered and left."""
    latest = _latest_acts(facts, outcomes, seen, now)
    return [
        _changes(outcome, each, latest, _by_time(facts, outcome, each, among, now), now)
        for outcome, each in zip(outcomes, seen, strict=True)
    ]


def _by_time(
    facts: Facts, outcome: Outcome, seen: Seen, among: Sequence[Segment], now: Instant
) -> Mask:
    """Return of who entered and then of who left whether time alone made it so.

    Whoever was touched as well is asked at the instant for which she was due.
    """
    people = np.concatenate([outcome.entered, outcome.left])
    if seen.last is None or seen.touched is None or outcome.segment.refresh != LIVE:
        return np.zeros(len(people), np.bool_)
    touched = np.isin(people, seen.touched, assume_unique=True)
    due = np.flatnonzero(touched & (outcome.checks > seen.last.at) & (outcome.checks <= now))
    by_time = ~touched
    if len(due):
        entered, checks = due < len(outcome.entered), outcome.checks[due]
        by_time[due] = turned(facts, outcome.segment, among, people[due], entered, checks)
    return by_time


def listed(outcomes: Sequence[Outcome], tables: Sequence[pa.Table], now: Instant) -> list[Change]:
    """Return the changes one by one, as they are written."""
    return [
        Change(outcome.segment.name, *row, outcome.segment.version, now)
        for outcome, table in zip(outcomes, tables, strict=True)
        for row in _rows(table)
    ]


def _rows(table: pa.Table) -> Iterator[tuple[int, Instant, bool, Cause]]:
    columns = [table[name].to_pylist() for name in ("person", "at", "entered", "cause")]
    return zip(*columns, strict=True)


def _changes(
    outcome: Outcome,
    seen: Seen,
    latest: tuple[Numbers, Numbers],
    by_time: Mask,
    now: Instant,
) -> pa.Table:
    import pyarrow as pa

    people = np.concatenate([outcome.entered, outcome.left])
    at = np.full(len(people), now, np.int64)
    causes = np.zeros(len(people), np.int32)
    if outcome.segment.refresh != LIVE:
        causes[:] = CAUSES.index("definition" if seen.redefined else "schedule")
    elif seen.last is None or seen.touched is None:
        causes[:] = CAUSES.index(_of_everybody(outcome, seen.last, now))
    else:
        causes[by_time] = CAUSES.index("time")
        told = np.where(by_time, outcome.checks, _found(people, *latest))
        # What came late became true when it came: history is not told anew.
        at = np.where((told > seen.last.at) & (told <= now), told, now)
    entered = np.arange(len(people)) < len(outcome.entered)
    return pa.table(
        {
            "person": pa.array(people, pa.int64()),
            "entered": pa.array(entered),
            "at": pa.array(at, pa.int64()),
            "cause": pa.DictionaryArray.from_arrays(pa.array(causes), pa.array(CAUSES)),
        }
    )


def _of_everybody(outcome: Outcome, last: Refreshed | None, now: Instant) -> Cause:
    """Return why the standing answers of a segment changed that was asked of everybody."""
    if last is None:
        # A store made anew stands as the record says: what differs has happened since.
        return "event" if outcome.stood else "definition"
    return "definition" if last.fingerprint != outcome.fingerprint else "time"


def _found(people: Numbers, known: Numbers, at: Numbers) -> Numbers:
    """Return each person's instant of the sorted known ones, -1 where there is none."""
    found = np.full(len(people), -1, np.int64)
    if len(known) and len(people):
        place = np.minimum(np.searchsorted(known, people), len(known) - 1)
        there = known[place] == people
        found[there] = at[place[there]]
    return found


def _latest_acts(
    facts: Facts, outcomes: Sequence[Outcome], seen: Sequence[Seen], now: Instant
) -> tuple[Numbers, Numbers]:
    """Return the touched people who changed, sorted, and the latest that each did since."""
    import pyarrow as pa

    none = np.empty(0, np.int64)
    people, positions = [none], []
    for outcome, each in zip(outcomes, seen, strict=True):
        changed = np.concatenate([outcome.entered, outcome.left])
        if each.last is not None and each.touched is not None and len(changed):
            people.append(np.intersect1d(changed, each.touched, assume_unique=True))
            positions.append(each.last.position)
    asked = np.unique(np.concatenate(people))
    if not len(asked):
        return none, none
    table = facts.read(_LATEST, (min(positions), now), {"changed": pa.table({"person": asked})})
    return people_of(table), np.asarray(table["latest"].to_numpy(), np.int64)


_LATEST: Final = """
SELECT person, MAX("at") AS latest FROM (
    SELECT person, "at" FROM facts WHERE position > $1 AND "at" <= $2
    UNION ALL SELECT person, "at" FROM trait_values WHERE position > $1 AND "at" <= $2)
WHERE person IN (SELECT person FROM changed) GROUP BY person ORDER BY person
"""
