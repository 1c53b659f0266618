"""Sources on a schedule: what is due is read, once at a time; how each stands is kept in the log.

A run may be killed at any point: what it put into the log counts once, and the next goes on there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from tailorbird import yaml_text
from tailorbird.collect import choose_mapping
from tailorbird.collect import mapping as mappings
from tailorbird.collect.mapping_schema import Mapping as FileMapping
from tailorbird.collect.sources.definition import (
    QueueSource,
    Secrets,
    Source,
    kind_of,
    moments,
    next_due,
    parse_source,
)
from tailorbird.collect.sources.following import Following
from tailorbird.collect.sources.runs import (
    Errand,
    Outcome,
    alone,
    cursor_shown,
    mapping_of,
    run_source,
)
from tailorbird.collect.sources.standing import Standing, keep, noted, standing_of
from tailorbird.errors import DefinitionError, TailorbirdError, UsageError
from tailorbird.schema import HOUR, MINUTE, Definition, DefinitionKind, Instant
from tailorbird.world import World

FIRST_WAIT = MINUTE
LONGEST_WAIT = 6 * HOUR
"""After an error a source waits, twice as long each time."""
ALWAYS = "always"
UNREADABLE = "unreadable"
"""The kind of a source whose text this version cannot parse; its standing says why."""
FOLDER = "sources"

Clock = Callable[[], Instant]
Progress = Callable[[int, int], None]


class Stopped(Exception):  # noqa: N818 - nothing is wrong: the server ends, and goes on later
    """A run was asked to end; the next goes on where the log ends."""


class Status(msgspec.Struct, frozen=True):
    """A source, and how it stands."""

    source: str
    kind: str
    schedule: str
    cursor: str
    due_at: Instant | None
    """None when it is read by hand only, or all the time."""
    standing: Standing


class Syncs:
    """The sources of one data folder."""

    def __init__(self, world: World, clock: Clock, environment: Mapping[str, str]) -> None:
        self._world = world
        self._clock = clock
        self._environment = environment

    def statuses(self) -> list[Status]:
        """Return every source, by name."""
        return [self._status(kept) for kept in self._world.definitions.latest("source")]

    def put(self, text: str, name: str, *, author: str = "", reason: str = "") -> Definition:
        """Keep a source or a mapping, by the name that it says, as a new version.

        Raises:
            DefinitionError: with the line and the mend; what was in force stays.
        """
        kind: DefinitionKind = "source" if _is_source(text, name) else "mapping"
        called = (
            parse_source(text, name).source if kind == "source" else mappings.parse(text, name).name
        )
        return self._world.definitions.put(
            kind, called, text, author=author, reason=reason, now=self._clock()
        )

    def check(
        self, text: str, name: str, *, on_progress: Progress = lambda _done, _total: None
    ) -> Outcome:
        """Read all that a definition names, without writing anything, and return what was found.

        Raises:
            DefinitionError, SourceError, SettingsError: it cannot be read as it says.
        """
        source = parse_source(text, name)
        return self._outcome(source, dry_run=True, again=True, on_progress=on_progress)

    def run(
        self,
        name: str,
        *,
        dry_run: bool = False,
        again: bool = False,
        on_progress: Progress = lambda _done, _total: None,
    ) -> Outcome:
        """Read a source now, and return what was found. With `again`, all of it once more.

        Raises:
            UsageError: there is no such source, or sources are being read at this moment.
            TailorbirdError: it could not be read; its standing says so too.
        """
        source = _parsed(self._found(name))
        with alone(self._world.folder) as nobody_else:
            if not nobody_else:
                mend = "wait until it is done: `tailorbird sources status`"
                raise UsageError("sources are being read at this moment", mend=mend)
            if dry_run:
                return self._outcome(source, dry_run=True, again=again, on_progress=on_progress)
            return self._run(source, again=again, on_progress=on_progress)

    def run_due(self, stopping: Callable[[], bool] = lambda: False) -> list[Outcome]:
        """Read every source that is due; return what was found. Errors are kept, not raised.

        Once `stopping` says so, the present run ends where it is.
        """

        def on_progress(_done: int, _total: int) -> None:
            if stopping():
                raise Stopped

        outcomes: list[Outcome] = []
        with alone(self._world.folder) as nobody_else, suppress(Stopped):
            for kept in self._world.definitions.latest("source") if nobody_else else ():
                due_at = self._status(kept).due_at
                if due_at is None or due_at > self._clock():
                    continue
                source = _parsed(kept)
                with suppress(TailorbirdError):
                    outcomes.append(self._run(source, on_progress=on_progress))
        return outcomes

    # -- queues ---------------------------------------------------------------------------------

    def queues(self) -> list[Definition]:
        """Return the sources that are to be read all the time."""
        return [
            kept
            for kept in self._world.definitions.latest("source")
            if self._status(kept).schedule == ALWAYS
        ]

    def follow(self, kept: Definition) -> Following:
        """Return a queue that is not opened yet."""
        source = _parsed(kept)
        if not isinstance(source, QueueSource):
            raise UsageError(f"{kept.name} is no queue", mend="run it: `tailorbird sources run`")
        folder, mapping = self._world.folder / FOLDER, partial(mapping_of, source, self._mapping)
        return Following(self._world.log, source, Secrets(self._environment), folder, mapping)

    # -- one run --------------------------------------------------------------------------------

    def _run(
        self,
        source: Source,
        *,
        again: bool = False,
        on_progress: Progress = lambda _done, _total: None,
    ) -> Outcome:
        before = self._standing(source.source)
        began = msgspec.structs.replace(before, started_at=self._clock())
        self._keep(source.source, began)
        try:
            outcome = self._outcome(source, again=again, on_progress=on_progress)
        except Stopped:
            raise
        except Exception as error:
            if isinstance(source, QueueSource) and isinstance(error, UsageError):
                # The server reads it, and says how it stands.
                self._keep(source.source, before)
                raise
            sentence = error.sentence() if isinstance(error, TailorbirdError) else ""
            self._keep(source.source, self._failed(began, sentence or type(error).__name__))
            raise
        ended = self._clock()
        counted = _counted(began, outcome, ended)
        if outcome.errors:
            self._keep(source.source, self._failed(counted, outcome.errors[0]))
        else:
            well = msgspec.structs.replace(
                counted, ended_at=ended, succeeded_at=ended, failures=0, error=""
            )
            self._keep(source.source, well)
        return outcome

    def _outcome(
        self,
        source: Source,
        *,
        dry_run: bool = False,
        again: bool = False,
        on_progress: Progress = lambda _done, _total: None,
    ) -> Outcome:
        folder = self._world.folder / FOLDER
        folder.mkdir(exist_ok=True)
        errand = Errand(
            self._world.log,
            self._clock(),
            folder,
            Secrets(self._environment),
            self._mapping,
            on_progress,
            dry_run,
            again,
        )
        return run_source(source, errand)

    def _mapping(self, name: str, path: Path | None) -> FileMapping:
        kept = self._world.definitions.get("mapping", name) if name else None
        if kept is not None:
            return mappings.parse(kept.text, f"mappings/{name}.yaml")
        known = mappings.shipped()
        if name in known:
            return known[name]
        if name or path is None:
            here = [d.name for d in self._world.definitions.latest("mapping")]
            mend = f"put it; there are {', '.join(sorted([*here, *known]))}"
            raise UsageError(f"no mapping {name!r}", mend=mend)
        return choose_mapping(path)

    # -- how it stands --------------------------------------------------------------------------

    def _found(self, name: str) -> Definition:
        kept = self._world.definitions.get("source", name)
        if kept is None:
            here = ", ".join(d.name for d in self._world.definitions.latest("source"))
            mend = f"sources here: {here or 'none yet; add one with `tailorbird sources put`'}"
            raise UsageError(f"no source {name!r}", mend=mend)
        return kept

    def _status(self, kept: Definition) -> Status:
        standing = self._standing(kept.name)
        try:
            source = _parsed(kept)
        except DefinitionError as error:
            # One that another version kept must not hide how the others stand.
            told = msgspec.structs.replace(standing, error=error.sentence())
            return Status(kept.name, UNREADABLE, "", "", None, told)
        schedule = f"every {source.every}" if source.every else ""
        schedule = ALWAYS if isinstance(source, QueueSource) else schedule
        schedule = schedule or ", ".join(f"at {moment}" for moment in moments(source))
        return Status(
            source=kept.name,
            kind=kind_of(source),
            schedule="paused" if source.paused else schedule,
            cursor=cursor_shown(source, self._world.log),
            due_at=None if source.paused else self._due_at(source, kept, standing),
            standing=standing,
        )

    def _due_at(self, source: Source, kept: Definition, standing: Standing) -> Instant | None:
        zone = _zone(self._world.settings.shop.zone)
        if not standing.started_at:
            first = next_due(source, kept.created_at, zone)
            return kept.created_at if source.every else first
        due_at = next_due(source, standing.started_at, zone)
        if due_at is None or not standing.failures:
            # A run that neither ended nor failed was killed: it goes on at once.
            killed = standing.ended_at < standing.started_at
            return standing.started_at if killed and due_at is not None else due_at
        if kept.created_at > standing.ended_at:
            return kept.created_at
        wait = min(FIRST_WAIT << min(standing.failures - 1, 20), LONGEST_WAIT)
        return standing.ended_at + wait

    def _failed(self, standing: Standing, error: str) -> Standing:
        return msgspec.structs.replace(
            standing, ended_at=self._clock(), failures=standing.failures + 1, error=error
        )

    def _standing(self, name: str) -> Standing:
        return standing_of(self._world.log, name)

    def _keep(self, name: str, standing: Standing) -> None:
        keep(self._world.log, name, standing)


def _parsed(kept: Definition) -> Source:
    return parse_source(kept.text, f"sources/{kept.name}.yaml")


def _counted(standing: Standing, outcome: Outcome, now: Instant) -> Standing:
    reports = outcome.reports
    if outcome.messages:
        messages = standing.messages + outcome.messages
        standing = msgspec.structs.replace(standing, messages=messages, message_at=now)
    standing = noted(standing, outcome.notes if outcome.messages else (), now)
    return msgspec.structs.replace(
        standing,
        files=len(reports),
        lines=sum(report.lines for report in reports),
        refused=sum(sum(report.refused.values()) for report in reports),
        appended=sum(report.appended for report in reports),
    )


def _is_source(text: str, name: str) -> bool:
    """Return whether YAML begins to say a source; else it is taken for a mapping."""
    value = yaml_text.read(text, name).value
    return isinstance(value, dict) and "source" in value


def _zone(name: str) -> str:
    """Return the shop's zone, UTC where there is none of this name."""
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return "UTC"
