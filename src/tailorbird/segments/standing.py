"""The standing answers in the store: what was answered last, who must be asked, what changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from tailorbird.ports import Facts
from tailorbird.schema import Instant
from tailorbird.segments.conditions import Segment

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa

    from tailorbird.ports import SqlValue

    Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Refreshed:
    """A segment's last refresh: what it meant, at which instant, up to which record."""

    fingerprint: int
    at: Instant
    position: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a segment's new answers change. `everybody` says that all were asked.

    `gone` and `entered` and `left` are people; `put` are rows (person, member, next_check).
    `checks`: of those who entered and then of those who left, when they were due; -1 for never.
    `stood`: whether anybody was in before. `asked`: how many; `micros`: what that took.
    """

    segment: Segment
    fingerprint: int
    everybody: bool
    gone: Numbers
    put: pa.Table
    entered: Numbers
    left: Numbers
    checks: Numbers
    stood: bool
    asked: int = 0
    micros: int = 0


def people_of(table: pa.Table) -> Numbers:
    """Return the table's people."""
    return np.asarray(table["person"].to_numpy(), np.int64)


def last_refreshes(facts: Facts) -> dict[str, Refreshed]:
    """Return the last refresh of every segment that had one."""
    rows = facts.read(_REFRESHES).to_pylist()
    return {row.pop("segment"): Refreshed(**row) for row in rows}


def position(facts: Facts) -> int:
    """Return the position of the last record that said anything of anybody."""
    return int(facts.read(_POSITION)["position"][0].as_py())


def everybody(facts: Facts) -> int:
    """Return how many people there are."""
    return int(facts.read(_EVERYBODY)["people"][0].as_py())


def touched_since(facts: Facts, last: Refreshed, models: Sequence[str]) -> Numbers:
    """Return the people of whom anything was written since, scores of these models included."""
    people = people_of(facts.read(_TOUCHED, (last.position,)))
    for model in models:
        # Scores carry no position; nobody writes one for an instant before the last refresh.
        people = np.union1d(people, people_of(facts.read(_SCORED, (model, last.at))))
    return people


def due(facts: Facts, now: Instant) -> dict[str, Numbers]:
    """Return of each segment the people whose answer can have changed by time alone."""
    table = facts.read(_DUE, (now,))
    return {name: people_of(of_segment(table, name)) for name in set(table["segment"].to_pylist())}


def stood(facts: Facts, asked: pa.Table) -> pa.Table:
    """Return what is in store of the people asked, each of whom is named once.

    Its columns: segment, person, member, next_check.
    """
    return facts.read(_STOOD, (), {"asked": asked})


def stood_in(facts: Facts, segment: str, asked: pa.Table) -> pa.Table:
    """Return what is in store of the people asked about one segment."""
    return facts.read(f"{_STOOD} WHERE segment = $1", (segment,), {"asked": asked})


def of_segment(table: pa.Table, name: str) -> pa.Table:
    """Return the rows of one segment."""
    import pyarrow.compute as pc

    return table.filter(pc.equal(table["segment"], name))


def members(facts: Facts, segment: str) -> Numbers:
    """Return the standing members."""
    return people_of(facts.read(_MEMBERS, (segment,)))


def outcome_of_everybody(
    facts: Facts, segment: Segment, fingerprint: int, answers: pa.Table
) -> Outcome:
    """Return what the answers change for which everybody was asked."""
    before = members(facts, segment.name)
    entered, left = _moved(before, answers)
    checks = np.full(len(entered) + len(left), -1, np.int64)
    return Outcome(
        segment, fingerprint, True, before[:0], answers, entered, left, checks, len(before) > 0
    )


def outcome(segment: Segment, fingerprint: int, old: pa.Table, answers: pa.Table) -> Outcome:
    """Return what the answers of the people asked change; `old` are their rows in store."""
    gone, put = _difference(old, answers)
    before = people_of(old.filter(old["member"]))
    entered, left = _moved(before, answers)
    checks = _checks(old, np.concatenate([entered, left]))
    return Outcome(segment, fingerprint, False, gone, put, entered, left, checks, len(before) > 0)


def _moved(before: Numbers, answers: pa.Table) -> tuple[Numbers, Numbers]:
    """Return who is a member now and was none before, and the other way round."""
    answered = people_of(answers.filter(answers["member"]))
    return _without(answered, before), _without(before, answered)


def _without(people: Numbers, others: Numbers) -> Numbers:
    """Return who is not among others, in order; nobody is named twice."""
    return np.sort(np.setdiff1d(people, others, assume_unique=True))


def _checks(old: pa.Table, people: Numbers) -> Numbers:
    """Return when each of these people was due, by their old rows; -1 for never."""
    found = np.full(len(people), -1, np.int64)
    if old.num_rows and len(people):
        known = people_of(old)
        order = np.argsort(known)
        at = np.minimum(np.searchsorted(known, people, sorter=order), len(known) - 1)
        there = known[order[at]] == people
        found[there] = _plain(old, "next_check")[order[at[there]]]
    return found


def unchanged(segment: Segment, fingerprint: int) -> Outcome:
    """Return that nobody had to be asked."""
    import pyarrow as pa

    nobody = np.empty(0, np.int64)
    put = {"person": pa.int64(), "member": pa.bool_(), "next_check": pa.int64()}
    rows = pa.schema(put.items()).empty_table()
    return Outcome(segment, fingerprint, False, nobody, rows, nobody, nobody, nobody, True)


def write(
    facts: Facts,
    outcomes: Sequence[Outcome],
    changes: Sequence[pa.Table],
    now: Instant,
    position: int,
) -> None:
    """Write what changed, and that it was looked at, in one transaction.

    `changes` are those of each outcome: rows (person, entered, at, cause).
    """
    import pyarrow as pa

    tables = {
        "renewed": pa.table({"segment": [o.segment.name for o in outcomes if o.everybody]}),
        "gone": _stacked(outcomes, [pa.table({"person": o.gone}) for o in outcomes]),
        "put": _stacked(outcomes, [o.put for o in outcomes]),
        "changed": _stacked(outcomes, changes),
        "refreshed": pa.table(
            {
                "segment": [o.segment.name for o in outcomes],
                "version": pa.array([o.segment.version for o in outcomes], pa.int64()),
                "fingerprint": pa.array([o.fingerprint for o in outcomes], pa.int64()),
                "asked": pa.array([o.asked for o in outcomes], pa.int64()),
                "micros": pa.array([o.micros for o in outcomes], pa.int64()),
                "everybody": pa.array([o.everybody for o in outcomes], pa.bool_()),
            }
        ),
    }
    statements: list[tuple[str, Sequence[SqlValue]]] = [
        (sql, (now, position)[:parameters])
        for name, sql, parameters in _WRITES
        if tables[name].num_rows
    ]
    facts.write(statements, tables)


def _difference(old: pa.Table, new: pa.Table) -> tuple[Numbers, pa.Table]:
    """Return the people whose old row must go, and the new rows that must come."""
    before, after = people_of(old), people_of(new)
    common, old_at, new_at = np.intersect1d(before, after, assume_unique=True, return_indices=True)
    same = np.ones(len(common), bool)
    for name in ("member", "next_check"):
        same &= _plain(old, name)[old_at] == _plain(new, name)[new_at]
    kept = common[same]
    return _without(before, kept), new.filter(~np.isin(after, kept, assume_unique=True))


def _plain(table: pa.Table, name: str) -> npt.NDArray[np.int64]:
    column = table[name].cast("int64").fill_null(-1)
    return np.asarray(column.to_numpy(), np.int64)


def _stacked(outcomes: Sequence[Outcome], tables: Sequence[pa.Table]) -> pa.Table:
    """Return the tables under each other, with the segment's name as a first column."""
    import pyarrow as pa

    named = []
    for outcome, table in zip(outcomes, tables, strict=True):
        ones = pa.array(np.zeros(table.num_rows, np.int32))
        name = pa.DictionaryArray.from_arrays(ones, pa.array([outcome.segment.name]))
        named.append(table.add_column(0, "segment", name))
    return pa.concat_tables(named).unify_dictionaries()


_REFRESHES: Final = 'SELECT segment, fingerprint, "at", position FROM segment_refreshes'
_POSITION: Final = "SELECT COALESCE(MAX(position), 0) AS position FROM people"
_EVERYBODY: Final = "SELECT COUNT(*) AS people FROM people"
_TOUCHED: Final = "SELECT person FROM people WHERE position > $1"
_SCORED: Final = 'SELECT DISTINCT person FROM scores WHERE model = $1 AND "at" >= $2'
_DUE: Final = "SELECT segment, person FROM membership WHERE next_check <= $1"
_MEMBERS: Final = "SELECT person FROM membership WHERE segment = $1 AND member"
_STOOD: Final = (
    "SELECT segment, person, member, next_check FROM membership JOIN asked USING (person)"
)
_WRITES: Final = (
    (
        "renewed",
        "DELETE FROM membership WHERE segment IN (SELECT segment FROM renewed)",
        0,
    ),
    (
        "gone",
        "DELETE FROM membership WHERE (segment, person) IN (SELECT segment, person FROM gone)",
        0,
    ),
    (
        "put",
        "INSERT INTO membership (segment, person, member, next_check) "
        "SELECT segment, person, member, next_check FROM put",
        0,
    ),
    (
        "changed",
        'INSERT INTO membership_changes (segment, person, "at", entered, cause, version, seen_at, '
        'sequence) SELECT c.segment, c.person, c."at", c.entered, c.cause, r.version, $1, '
        'ROW_NUMBER() OVER (ORDER BY c."at", c.segment, c.person) '
        "+ (SELECT COALESCE(MAX(sequence), 0) FROM membership_changes) "
        "FROM changed AS c JOIN refreshed AS r ON r.segment = c.segment",
        1,
    ),
    (
        "refreshed",
        'INSERT INTO segment_refreshes (segment, version, "at", position, fingerprint, refreshes, '
        "micros, asked, all_micros, whole_micros) "
        "SELECT segment, version, $1, $2, fingerprint, CAST(asked > 0 AS BIGINT), micros, asked, "
        "micros, CASE WHEN everybody THEN micros ELSE 0 END FROM refreshed ON CONFLICT (segment) "
        'DO UPDATE SET version = excluded.version, "at" = excluded."at", '
        "position = excluded.position, fingerprint = excluded.fingerprint, "
        "refreshes = segment_refreshes.refreshes + excluded.refreshes, "
        "micros = CASE WHEN excluded.asked > 0 THEN excluded.micros "
        "ELSE segment_refreshes.micros END, "
        "asked = CASE WHEN excluded.asked > 0 THEN excluded.asked "
        "ELSE segment_refreshes.asked END, "
        "all_micros = segment_refreshes.all_micros + excluded.all_micros, "
        "whole_micros = CASE WHEN excluded.whole_micros > 0 THEN excluded.whole_micros "
        "ELSE segment_refreshes.whole_micros END",
        2,
    ),
)
"""What to write: from which table, how, and how many of (now, position) it is told."""
