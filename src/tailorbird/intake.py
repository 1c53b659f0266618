"""What comes in, judged: decoded by the settings of the folder, and by the tracking plan in force.

A plan counts from the end of the log at which it was put. So every record is judged alike at
ingest, after a kill and at a rebuild, whatever has become of the plan since.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, TypeAlias

import msgspec

from tailorbird import collect, feedback
from tailorbird.collect import plan, plan_check
from tailorbird.collect.plan_observe import Observed
from tailorbird.collect.plan_rules import Judge, Violation, judge_of
from tailorbird.event_columns import EventColumns, ResolvedColumns
from tailorbird.schema import (
    DAY,
    Definition,
    Event,
    Instant,
    LogRecord,
    Position,
    Refused,
    ResolvedEvent,
)
from tailorbird.ties import Home
from tailorbird.world import World

if TYPE_CHECKING:
    import pyarrow as pa


RUN_BYTES: Final = 128 << 10
"""Of bodies in one transaction of the record: some 240 events, 6 ms: the collector waits for it."""


@dataclass(frozen=True, slots=True)
class Read:
    """What a run of the log held, in its order."""

    events: list[Event]
    refused: list[Refused]
    flagged: plan_check.Violations = field(default_factory=Counter)
    """Violations of the plan by events that were taken all the same."""


def read(world: World, records: Sequence[LogRecord]) -> Read:
    """Return the events of these records and, with reasons, what was refused."""
    decoded = collect.decode_in(_house(world), feedback.translated(world, records))
    in_force = judges(world, records[0].offset) if records else []
    return judged(in_force, decoded, records)


def in_runs(
    world: World, records: Sequence[LogRecord]
) -> Iterator[tuple[list[LogRecord], list[EventColumns]]]:
    """Yield records in runs: those whose columns were read in bulk with these, others with none.

    A tracking plan judges event by event: while one is in force, columns are read so too. A run is
    one transaction of the record: without columns it is short, because the collector waits for it.
    """
    in_bulk = not judges(world, records[0].offset)
    # What came back is read with the people as they were left by all that came before it.
    for back, group in groupby(records, feedback.is_feedback):
        if back:
            yield from ((part, []) for part in _parts([*group]))
            continue
        for run, columns in collect.in_runs([*group], _house(world), in_bulk=in_bulk):
            if columns:
                yield run, columns
            else:
                yield from ((part, columns) for part in _parts(run))


def _parts(records: Sequence[LogRecord]) -> Iterator[list[LogRecord]]:
    """Yield the records in parts of about `RUN_BYTES`."""
    part: list[LogRecord] = []
    size = 0
    for record in records:
        part.append(record)
        size += len(record.body.content)
        if size >= RUN_BYTES:
            yield part
            part, size = [], 0
    if part:
        yield part


def _house(world: World) -> collect.House:
    listed = world.settings.collect.disposable_domains_file
    disposable = collect.disposable_domains(world.folder / listed) if listed else frozenset()
    placed = world.settings.collect.geo_file
    return collect.house_of(
        currency=world.settings.shop.currency,
        disposable=disposable,
        zone=world.settings.shop.zone,
        geo=collect.geo(world.folder / placed) if placed else collect.nowhere,
        protected_traits=frozenset(world.settings.collect.protected_traits),
    )


def judged(
    in_force: Sequence[Judge], decoded: collect.Decoded, records: Sequence[LogRecord]
) -> Read:
    """Return what these versions of the plan make of decoded events."""
    if not in_force:
        return Read(decoded.events, decoded.refused)
    found = plan_check.judge(in_force, decoded.events)
    refused = decoded.refused
    if found.held:
        refused = sorted(
            [*refused, *plan_check.refusals(found, records)], key=lambda each: each.position
        )
    return Read(found.events, refused, found.flagged)


def judges(world: World, first_offset: int) -> list[Judge]:
    """Return the versions of the plan that judge log records from this offset on, oldest first."""
    found: list[Definition] = []
    version = None
    while one := world.definitions.get("tracking_plan", plan.NAME, version):
        found.append(one)
        version = one.version - 1
        if one.log_end < first_offset:
            break
    return [judge_of(one.text, one.version, one.log_end) for one in reversed(found)]


# -- facts, behind the fold ---------------------------------------------------------------------

WAITING: Final = 60_000
"""Most events, columns apart, whose facts wait to be appended together."""
BODIES: Final = 4
"""Most bodies of columns that do: half a million events."""


Odd: TypeAlias = "dict[str, pa.Table]"
"""New rows of `duplicates` and `violations`."""


class Appending:
    """Appends facts in large transactions, which cost DuckDB half as much as small ones.

    Columns are appended by a thread while the next are read: a kill in between is what `catch_up`
    is for. The people are on the disk before their facts are: these must not know more than the
    record does.
    """

    def __init__(self, world: World) -> None:
        self._facts = world.facts
        self._people = world.people
        self._events: list[ResolvedEvent] = []
        self._columns: list[ResolvedColumns] = []
        self._odd: dict[str, list[pa.Table]] = {}
        self._offset = 0
        self._pool: ThreadPoolExecutor | None = None
        self._behind: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait until everything is appended."""
        try:
            self._wait()
        finally:
            if self._pool:
                self._pool.shutdown()

    def add(
        self,
        offset: int,
        events: Sequence[ResolvedEvent] = (),
        columns: Sequence[ResolvedColumns] = (),
        homes: Sequence[Home] = (),
        odd: Odd | None = None,
    ) -> None:
        """Append what the log holds up to an offset, soon; at once where histories move."""
        self._events += events
        self._columns += columns
        for name, table in (odd or {}).items():
            self._odd.setdefault(name, []).append(table)
        self._offset = offset
        if homes or len(self._events) > WAITING or len(self._columns) >= BODIES:
            self.append(homes)

    def append(self, homes: Sequence[Home] = ()) -> None:
        """Append all that waits."""
        import pyarrow as pa

        self._wait()
        if not self._offset:
            return
        odd = {name: pa.concat_tables(tables) for name, tables in self._odd.items()}
        waiting = (self._events, homes, self._offset, self._columns, odd)
        self._events, self._columns, self._offset, self._odd = [], [], 0, {}
        self._people.make_durable()
        if waiting[3]:
            self._pool = self._pool or ThreadPoolExecutor(1)
            self._behind = self._pool.submit(self._facts.append, *waiting)
        else:
            self._facts.append(*waiting)

    def _wait(self) -> None:
        behind, self._behind = self._behind, None
        if behind:
            behind.result()


# -- what was odd, counted ----------------------------------------------------------------------


def odd(offset: int, came: Read, taken: Sequence[ResolvedEvent]) -> Odd:
    """Return how many duplicates and violations the records up to `offset` held.

    They are kept with the facts of the same records, so that none is counted twice.
    """
    positions = {resolved.event.position for resolved in taken}
    repeated = Counter(
        (event.received_at // DAY, event.source)
        for event in (came.events if len(positions) < len(came.events) else ())
        if event.position not in positions
    )
    found = {"duplicates": _repeated(offset, repeated)} if repeated else {}
    return found | ({"violations": _flagged(offset, came.flagged)} if came.flagged else {})


def odd_columns(offset: int, taken: Sequence[ResolvedColumns]) -> Odd:
    """Return how many duplicates the bodies of columns of these records held, as `odd` does."""
    repeated: Counter[tuple[int, str]] = Counter()
    for each in taken:
        body = each.columns
        there = len(each.fresh) + len(body.others)
        missing = there - int(each.fresh.sum()) - len(each.others)
        if missing:
            repeated[body.received_at // DAY, body.source] += missing
    return {"duplicates": _repeated(offset, repeated)} if repeated else {}


def _repeated(offset: int, repeated: Counter[tuple[int, str]]) -> pa.Table:
    import pyarrow as pa

    return pa.table(
        {
            "log_offset": pa.array([offset] * len(repeated), pa.int64()),
            "day": pa.array([day for day, _ in repeated], pa.int64()),
            "source": pa.array([source for _, source in repeated], pa.string()),
            "events": pa.array(list(repeated.values()), pa.int64()),
        }
    )


def _flagged(offset: int, flagged: plan_check.Violations) -> pa.Table:
    import pyarrow as pa

    whole, words = pa.int64(), pa.string()
    broken = [violation for _, _, violation in flagged]
    return pa.table(
        {
            "log_offset": pa.array([offset] * len(flagged), whole),
            "day": pa.array([day for day, _, _ in flagged], whole),
            "source": pa.array([source for _, source, _ in flagged], words),
            "event": pa.array([each.event for each in broken], words),
            "property": pa.array([each.property for each in broken], words),
            "problem": pa.array([each.problem for each in broken], words),
            "wants": pa.array([each.wants for each in broken], words),
            "plan_version": pa.array([each.version for each in broken], whole),
            "line": pa.array([each.line for each in broken], whole),
            "events": pa.array(list(flagged.values()), whole),
        }
    )


# -- files --------------------------------------------------------------------------------------

IMPORTS: Final = "imports"
IMPORTS_KEPT: Final = 100


class Imported(msgspec.Struct, frozen=True):
    """What the import of a file found. Rows that a mapping refuses never reach the log."""

    file: str
    mapping: str
    at: Instant
    lines: int
    taken: int
    duplicates: int
    refused: dict[str, int]


def keep_import(world: World, report: collect.ImportReport, now: Instant) -> None:
    """Keep durably what an import found; the same file and mapping again replaces it."""
    found = Imported(
        report.file, report.mapping, now, report.lines, report.taken, report.duplicates,
        dict(report.refused),
    )  # fmt: skip
    others = [
        one for one in imports(world) if (one.file, one.mapping) != (found.file, found.mapping)
    ]
    kept = msgspec.json.encode([*others, found][-IMPORTS_KEPT:])
    world.log.append_from(IMPORTS, [], kept.decode())


def imports(world: World) -> list[Imported]:
    """Return what the imports of files found, oldest first."""
    return msgspec.json.decode(world.log.progress(IMPORTS) or "[]", type=list[Imported])


# -- trying a plan ------------------------------------------------------------------------------

RECORDS, BYTES = 8_192, 16 << 20
"""Log records read at once, and bytes of them."""


class Breach(msgspec.Struct, frozen=True):
    """How many events break one rule of a plan, and where the first of them stands in the log."""

    event: str
    property: str
    problem: str
    wants: str
    line: int
    held: bool
    """Such events would be quarantined."""
    events: int
    first: Position


class Rehearsal(msgspec.Struct, frozen=True):
    """What a plan would have made of the log, had it been in force all the time."""

    events: int
    held: int
    flagged: int
    breaches: tuple[Breach, ...]


def observe(world: World, last: int = 0) -> Observed:
    """Return what the log's events were like; with `last`, only its last so many records."""
    observed = Observed()
    for decoded in _decoded(world, last):
        observed.see(decoded.events)
    return observed


def rehearse(world: World, tried: plan.TrackingPlan, last: int = 0) -> Rehearsal:
    """Return what a plan would make of the log; nothing changes."""
    judge = Judge(tried)
    tally: Counter[Violation] = Counter()
    first: dict[Violation, Position] = {}
    events = held = flagged = 0
    for decoded in _decoded(world, last):
        events += len(decoded.events)
        for event in decoded.events:
            found = judge.violations(event)
            if found:
                tally.update(found)
                for violation in found:
                    first.setdefault(violation, event.position)
                holds = plan_check.holds(event, found)
                held += holds
                flagged += not holds
    breaches = tuple(
        Breach(v.event, v.property, v.problem, v.wants, v.line, v.held, number, first[v])
        for v, number in sorted(tally.items(), key=lambda each: (each[0].line, -each[1]))
    )
    return Rehearsal(events, held, flagged, breaches)


def _decoded(world: World, last: int) -> Iterator[collect.Decoded]:
    done = max(0, world.log.end() - last) if last else 0
    while records := world.log.read(done, RECORDS, BYTES):
        done = records[-1].offset
        told = feedback.translated(world, records)
        yield collect.decode(told, currency=world.settings.shop.currency)
