"""One run of a source: every file that is new, a query's rows since the last run, or a queue."""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from tailorbird.collect.mapping_schema import Mapping, Products
from tailorbird.collect.sources.databases import database_of
from tailorbird.collect.sources.definition import (
    SECTIONS,
    Brings,
    FileSource,
    KafkaSource,
    QueueSource,
    RabbitSource,
    SalesforceSource,
    Secrets,
    Source,
    SqlSource,
)
from tailorbird.collect.sources.files import import_file
from tailorbird.collect.sources.landing import (
    SOURCE,
    ImportReport,
    Landing,
    Nowhere,
    Progress,
    Terms,
    take,
)
from tailorbird.collect.sources.queue_runs import read_until_quiet, waiting
from tailorbird.collect.sources.remote import Found, Storage, storage_of
from tailorbird.collect.sources.repeated import RepeatedLanding, progress_of
from tailorbird.collect.sources.salesforce_export import import_export
from tailorbird.collect.sources.sql import Reading
from tailorbird.collect.sources.tables import content_hash
from tailorbird.errors import DefinitionError, SourceError
from tailorbird.ports import EventLog
from tailorbird.schema import SECOND, Instant

REFUSED: Final = "refused"
DOWNLOADS: Final = ".downloads"
_UNSAFE: Final = str.maketrans(dict.fromkeys('/\\:*?"<>| ', "_"))


class Outcome(msgspec.Struct, frozen=True):
    """What one run of a source found and did."""

    source: str
    reports: tuple[ImportReport, ...] = ()
    """One for each file that was read; one for a query."""
    unchanged: int = 0
    """Files that were there and had been read before."""
    errors: tuple[str, ...] = ()
    """Files that could not be read; the others were."""
    notes: tuple[str, ...] = ()
    messages: int = 0
    """Taken from a queue."""


@dataclass(frozen=True, slots=True)
class Errand:
    """What a run works with."""

    log: EventLog
    now: Instant
    folder: Path
    """Where refused rows go, and copies while they are read."""
    secrets: Secrets
    mapping: Callable[[str, Path | None], Mapping]
    """Returns the mapping of a name; of '', the one that fits a file."""
    on_progress: Progress
    dry_run: bool = False
    again: bool = False
    """Everything is read once more, whatever was read before."""


class _Seen(msgspec.Struct, frozen=True):
    """What is kept of a file."""

    stamp: str = ""
    since: Instant = 0
    """When this stamp was first seen: its time, where the storage does not say."""
    content: str = ""
    """Hash of what was read last."""
    done: bool = False


def run_source(source: Source, errand: Errand) -> Outcome:
    """Read what is new, put it into the log, and return what was found.

    Killed at any moment, the next run goes on where the log ends.

    Raises:
        SourceError: nothing can be read.
        DefinitionError: the mapping does not fit.
        SettingsError: a variable that the source names is not set.
    """
    try:
        match source:
            case FileSource() | SalesforceSource():
                return _read_files(source, errand)
            case SqlSource():
                return _read_query(source, errand)
            case KafkaSource() | RabbitSource():
                return _read_queue(source, errand)
    except SourceError as error:
        what, where = map(errand.secrets.masked, (error.what, error.where))
        raise SourceError(what, where=where, mend=error.mend) from None


def cursor_shown(source: Source, log: EventLog) -> str:
    """Return how far a query has been read, as people read it; '' where there is no cursor."""
    if not isinstance(source, SqlSource):
        return ""
    cursor = progress_of(log.progress(_query_reader(source))).cursor
    return "" if cursor is None else str(cursor.value)


@contextmanager
def alone(folder: Path) -> Iterator[bool]:
    """Say whether nobody else reads sources of this folder; while it is held, nobody can."""
    with (folder / "sources.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def narrowed(mapping: Mapping, brings: tuple[Brings, ...]) -> Mapping:
    """Return a mapping without the sections that a source does not bring.

    Raises:
        DefinitionError: nothing is left.
    """
    if not brings:
        return mapping
    left_out = {s: None for s, whats in SECTIONS.items() if set(brings).isdisjoint(whats)}
    rest: Mapping = msgspec.structs.replace(
        mapping, **left_out, text=f"{mapping.text}\n# {','.join(brings)}"
    )
    if rest.products:
        rest = msgspec.structs.replace(rest, products=_narrowed(rest.products, brings))
    if not any(getattr(rest, section) for section in SECTIONS):
        what = f"mapping {mapping.name} makes no {' or '.join(brings)}"
        raise DefinitionError(what, where=mapping.name, mend="mend `brings`, or the mapping")
    return rest


def _narrowed(products: Products, brings: tuple[Brings, ...]) -> Products:
    """Return what is said of products: all but their stock, or their stock alone."""
    if "stock" not in brings:
        return msgspec.structs.replace(products, stock="", places=())
    if "products" not in brings:
        told = {"name": "", "price": "", "url": "", "image_url": "", "category": None}
        return msgspec.structs.replace(products, **told)
    return products


def spoken_by(source: Source) -> str:
    """Return whose word a source is, as events carry it."""
    return f"{SOURCE}:{source.system or source.source}"


# -- files --------------------------------------------------------------------------------------


def _read_files(source: FileSource | SalesforceSource, errand: Errand) -> Outcome:
    where = errand.secrets.resolved(source.path, source.source)
    options = {k: errand.secrets.resolved(v, source.source) for k, v in source.options.items()}
    storage = storage_of(where, options)
    found = storage.list(where)
    reports, errors = [], []
    for file in found:
        try:
            report = _read_file(source, storage, file, errand)
        except (SourceError, DefinitionError) as error:
            # One broken file keeps no other waiting; it is tried again with the next run.
            errors.append(errand.secrets.masked(error.sentence()))
        else:
            reports += [report] if report else []
    unchanged = len(found) - len(reports) - len(errors)
    notes = () if found else (f"no file is found at {source.path}",)
    return Outcome(source.source, tuple(reports), unchanged, tuple(errors), notes)


def _read_file(
    source: FileSource | SalesforceSource, storage: Storage, file: Found, errand: Errand
) -> ImportReport | None:
    """Read a file unless it was read before; return None if it was."""
    reader = f"file:{source.source}:{_short(file.path)}"
    kept = _seen(errand.log.progress(reader))
    if kept.done and kept.stamp == file.stamp and not errand.again:
        return None
    if kept.stamp != file.stamp:
        kept = _Seen(file.stamp, errand.now, kept.content)
        _keep(errand, reader, kept)
    with storage.held(file, errand.folder / DOWNLOADS) as path:
        content = content_hash(path).hex()
        report = None
        if content != kept.content or errand.again:
            report = _import(source, file, path, errand, occasion=file.modified or kept.since)
    if storage.stamp(file) == file.stamp:
        # Else it grew while it was read: the next run reads it again.
        _keep(errand, reader, _Seen(file.stamp, kept.since, content, done=True))
    return report


def _import(
    source: FileSource | SalesforceSource,
    file: Found,
    path: Path,
    errand: Errand,
    *,
    occasion: Instant,
) -> ImportReport:
    name = Path(file.path).name.translate(_UNSAFE)
    errors_to = errand.folder / REFUSED / f"{source.source}-{name}-{_short(file.stamp)}.csv"
    occasion = min(occasion, errand.now)
    if isinstance(source, SalesforceSource):
        terms = Terms(errand.now, errors_to, errand.dry_run, errand.on_progress)
        report = import_export(path, errand.log, terms, kind=source.object, occasion=occasion)
        return msgspec.structs.replace(report, file=file.path)
    report = import_file(
        path,
        narrowed(errand.mapping(source.mapping, path), source.brings),
        errand.log,
        now=errand.now,
        errors_to=errors_to,
        dry_run=errand.dry_run,
        on_progress=errand.on_progress,
        source=spoken_by(source),
        occasion=occasion,
    )
    return msgspec.structs.replace(report, file=file.path)


def _keep(errand: Errand, reader: str, seen: _Seen) -> None:
    if not errand.dry_run:
        errand.log.append_from(reader, [], msgspec.json.encode(seen).decode())


def _seen(progress: str) -> _Seen:
    return msgspec.json.decode(progress, type=_Seen) if progress else _Seen()


def _short(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


# -- queues -------------------------------------------------------------------------------------


def mapping_of(source: QueueSource, find: Callable[[str, Path | None], Mapping]) -> Mapping | None:
    """Return by which mapping a queue's messages are told, None where they need none.

    Raises:
        DefinitionError, UsageError: there is none of this name, or it brings nothing that is asked.
    """
    return narrowed(find(source.mapping, None), source.brings) if source.mapping else None


def _read_queue(source: QueueSource, errand: Errand) -> Outcome:
    mapping = mapping_of(source, errand.mapping)
    if errand.dry_run:
        found = waiting(source, errand.log, errand.secrets)
        return Outcome(source.source, notes=(f"{found:,} messages wait",))
    taken, notes = read_until_quiet(
        source,
        errand.log,
        errand.secrets,
        errand.folder,
        mapping=mapping,
        now=errand.now,
        again=errand.again,
        on_progress=errand.on_progress,
    )
    return Outcome(source.source, notes=tuple(notes), messages=taken)


# -- queries ------------------------------------------------------------------------------------


def _query_reader(source: SqlSource) -> str:
    return f"query:{source.source}"


def _read_query(source: SqlSource, errand: Errand) -> Outcome:
    mapping = narrowed(errand.mapping(source.mapping, None), source.brings)
    if source.cursor and mapping.products and mapping.products.places:
        mend = "add it up in the query, by `sum` and `group by`"
        raise DefinitionError("some rows cannot tell a sum", where=source.source, mend=mend)
    reader = _query_reader(source)
    after = None if errand.again else progress_of(errand.log.progress(reader)).cursor
    reading = Reading(source, database_of(source, errand.secrets), after)

    def landing() -> Landing:
        if errand.dry_run:
            return Nowhere()
        cursor, by = reading.capped(errand.now), spoken_by(source)
        return RepeatedLanding(errand.log, reader, errand.now, source=by, cursor=cursor)

    terms = Terms(
        errand.now,
        _refused_of(source, errand),
        errand.dry_run,
        errand.on_progress,
        empty_is_wrong=False,
    )
    report = take(reading.table(), mapping, terms, landing)
    notes = []
    if reading.without_cursor:
        notes.append(f"{reading.without_cursor:,} rows have no {source.cursor}: it must be filled")
    return Outcome(source.source, (report,), notes=tuple(notes))


def _refused_of(source: SqlSource, errand: Errand) -> Path:
    """Return where refused rows go: those of a cursor come once, so that no run replaces them."""
    at = datetime.fromtimestamp(errand.now // SECOND, UTC).strftime("%Y%m%dT%H%M%SZ")
    name = f"{source.source}-{at}" if source.cursor else source.source
    return errand.folder / REFUSED / f"{name}.csv"
