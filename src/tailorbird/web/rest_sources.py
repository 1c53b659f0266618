"""The API of sources. They read this machine's files and secrets: for admins and the console."""

from __future__ import annotations

from typing import Final

from litestar import get, post
from litestar.exceptions import NotFoundException
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler

from tailorbird.collect.sources.definition import kind_of, moments, parse_source
from tailorbird.collect.sources.pausing import with_pause
from tailorbird.errors import StoreError
from tailorbird.schema import Definition
from tailorbird.syncs import Status
from tailorbird.views import moment
from tailorbird.views.sources import (
    KeptText,
    SourceReport,
    SourceRow,
    SourceRun,
    SourceText,
    SourceTrial,
)
from tailorbird.web.asking import (
    AT_CONSOLE,
    GUARDED,
    INVALID,
    MISSING,
    WRITING,
    At,
    Name,
    reads,
)
from tailorbird.web.desk import Desk
from tailorbird.web.rest_definitions import BY_API
from tailorbird.web.source_reader import SourceReader, looked

TAG: Final = "sources"


@reads("/sources", "All sources", TAG)
def list_sources(desk: At) -> tuple[SourceRow, ...]:
    """Return every source by name, and how its last run went."""
    reader = _reader(desk)
    return tuple(_row(reader, status) for status in reader.syncs.statuses())


@get("/sources/{name:str}", summary="One source", tags=[TAG],
     responses=INVALID | GUARDED | MISSING, **AT_CONSOLE)  # fmt: skip
def get_source(desk: At, name: Name) -> SourceReport:
    """Return a source, how it stands, and what its author wrote."""
    return _report(desk, _kept(desk, name))


@post("/sources/check", summary="Check a source", tags=[TAG], status_code=200,
      responses=WRITING, **AT_CONSOLE)  # fmt: skip
def check_source(desk: At, data: JSONBody[SourceText]) -> SourceTrial:
    """Return what a source says and, with `read`, what it would bring; nothing is kept."""
    source = parse_source(data.text, "source.yaml")
    schedule = f"every {source.every}" if source.every else ", ".join(moments(source))
    outcome = looked(_reader(desk).syncs, data.text) if data.read else None
    refused: dict[str, int] = {}
    for report in outcome.reports if outcome else ():
        for reason, rows in report.refused.items():
            refused[reason] = refused.get(reason, 0) + rows
    return SourceTrial(
        name=source.source,
        kind=kind_of(source),
        schedule="paused" if source.paused else schedule,
        read=data.read,
        whole=outcome is not None,
        files=len(outcome.reports) if outcome else 0,
        lines=sum(report.lines for report in outcome.reports) if outcome else 0,
        refused=refused,
        problems=(*outcome.errors, *outcome.notes) if outcome else (),
    )


@post("/sources", summary="Keep a source", tags=[TAG], responses=WRITING,
      **AT_CONSOLE)  # fmt: skip
def put_source(desk: At, data: JSONBody[SourceText]) -> KeptText:
    """Keep a source, or a mapping, under the name that it says, as a new version."""
    kept = _reader(desk).syncs.put(data.text, "source.yaml", reason=BY_API)
    _reader(desk).wake()
    return KeptText(kept.kind, kept.name, kept.version)


@post("/sources/{name:str}/run", summary="Read a source now", tags=[TAG], status_code=202,
      responses=WRITING | MISSING, **AT_CONSOLE)  # fmt: skip
def run_source(desk: At, name: Name, data: JSONBody[SourceRun]) -> SourceReport:
    """Have a source read soon, and return how it stands; look again for what came of it."""
    kept = _kept(desk, name)
    _reader(desk).want(name, again=data.again)
    return _report(desk, kept)


@post("/sources/{name:str}/pause", summary="Pause a source", tags=[TAG], status_code=200,
      responses=WRITING | MISSING, **AT_CONSOLE)  # fmt: skip
def pause_source(desk: At, name: Name) -> SourceReport:
    """Have a source read by hand only, as a new version of its text."""
    return _pausing(desk, name, paused=True)


@post("/sources/{name:str}/resume", summary="Resume a source", tags=[TAG], status_code=200,
      responses=WRITING | MISSING, **AT_CONSOLE)  # fmt: skip
def resume_source(desk: At, name: Name) -> SourceReport:
    """Have a source read by its schedule again, as a new version of its text."""
    return _pausing(desk, name, paused=False)


def _pausing(desk: Desk, name: str, *, paused: bool) -> SourceReport:
    kept, file = _kept(desk, name), f"sources/{name}.yaml"
    text = with_pause(kept.text, file, paused=paused)
    reason = f"{'paused' if paused else 'resumed'} {BY_API}"
    new = _reader(desk).syncs.put(text, file, reason=reason)
    _reader(desk).wake()
    return _report(desk, new)


def _reader(desk: Desk) -> SourceReader:
    if desk.sources is None:
        raise StoreError("this server reads no sources", mend="open it over a data folder")
    return desk.sources


def _kept(desk: Desk, name: str) -> Definition:
    kept = desk.world.definitions.get("source", name)
    if kept is None:
        raise NotFoundException(f"there is no source {name!r}")
    return kept


def _report(desk: Desk, kept: Definition) -> SourceReport:
    reader = _reader(desk)
    status = next(each for each in reader.syncs.statuses() if each.source == kept.name)
    return SourceReport(_row(reader, status), kept.version, kept.text)


def _row(reader: SourceReader, status: Status) -> SourceRow:
    told = status.standing
    return SourceRow(
        name=status.source,
        kind=status.kind,
        schedule=status.schedule,
        paused=status.schedule == "paused",
        running=reader.running(status),
        cursor=status.cursor,
        due_at=None if status.due_at is None else moment(status.due_at),
        started_at=moment(told.started_at) if told.started_at else None,
        ended_at=moment(told.ended_at) if told.ended_at else None,
        succeeded_at=moment(told.succeeded_at) if told.succeeded_at else None,
        failures=told.failures,
        error=reader.refusal(status.source) or told.error,
        files=told.files,
        lines=told.lines,
        refused=told.refused,
        events=told.appended,
        messages=told.messages,
        message_at=moment(told.message_at) if told.message_at else None,
        notes=tuple(note.what for note in told.notes),
    )


HANDLERS: Final[list[ControllerRouterHandler]] = [
    list_sources,
    get_source,
    check_source,
    put_source,
    run_source,
    pause_source,
    resume_source,
]
