"""`tailorbird quarantine`: look at refused records, mend them, bring them back, or give them up."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tailorbird.cli.arguments import DEFAULT_FOLDER, AsJson, Cursor, Folder, Limit, opened, shown
from tailorbird.cli.output import emit, progress, table
from tailorbird.errors import SourceError, UsageError
from tailorbird.schema import QuarantineState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tailorbird.repair import Fixed, Inspected, Listed, Which

app = typer.Typer(help="Refused records: mend, replay, discard.", no_args_is_help=True)


Code = Annotated[str, typer.Option(help="Only records that were refused with this code.")]
Source = Annotated[str, typer.Option(help="Only records of this source.")]
Position = Annotated[int, typer.Argument(help="The record's position.")]
Positions = Annotated[list[int] | None, typer.Argument(help="Positions of records.")]


@app.command("list")
def list_records(
    state: Annotated[
        QuarantineState | None, typer.Option(help="Only records in this state.")
    ] = None,
    code: Code = "",
    source: Source = "",
    after: Cursor = 0,
    limit: Limit = 20,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """List refused records and count them by state and code; values are not shown."""
    with opened(folder) as tb:
        page = tb.quarantine.page(state=state, code=code, source=source, after=after, limit=limit)
        counts = tb.quarantine.counts()
    lines = _list_lines(page.records) if page.records else ["nothing is in the quarantine"]
    if page.next:
        lines.append(f"more: --after {page.next}")
    if counts:
        lines += ["", *table(("state", "code", "records"), counts)]
    emit({"records": page.records, "next": page.next, "counts": counts}, lines, as_json=as_json)


@app.command()
def show(position: Position, folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """Show one record with its values, which may be personal."""
    with opened(folder) as tb:
        inspected = tb.quarantine.inspect(position)
    emit(inspected, _record_lines(inspected), as_json=as_json)


@app.command()
def fix(
    position: Annotated[int | None, typer.Argument(help="The record's position.")] = None,
    content: Annotated[
        Path | None, typer.Option("--with", help="A file with the record as it should be.")
    ] = None,
    rule: Annotated[
        Path | None, typer.Option(help="A rule in YAML or JSON, for every record that it fits.")
    ] = None,
    dry_run: Annotated[bool, typer.Option(help="Count what a rule would do.")] = False,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> int:
    """Mend one record by hand or many by a rule; `replay` then brings them back."""
    if rule is not None and position is None and content is None:
        return _fix_many(rule, dry_run=dry_run, folder=folder, as_json=as_json)
    if rule is not None or position is None or content is None or dry_run:
        raise UsageError(
            "say what to mend", mend="give a position and --with FILE, or --rule FILE alone"
        )
    with opened(folder) as tb:
        inspected = tb.quarantine.fix(position, _read(content))
    emit(inspected, [_verdict(inspected)], as_json=as_json)
    return 0 if inspected.taken else 1


def _fix_many(rule: Path, *, dry_run: bool, folder: Path, as_json: bool) -> int:
    from tailorbird.collect.mending import parse_rule

    written = parse_rule(_read(rule).decode("utf-8", "replace"), str(rule))
    with opened(folder) as tb:
        fixed = tb.quarantine.fix_many(written, dry_run=dry_run)
    emit(fixed, _fixed_lines(fixed), as_json=as_json)
    return 0


@app.command()
def replay(
    positions: Positions = None,
    code: Code = "",
    source: Source = "",
    reason: Annotated[str, typer.Option(help="Kept with each record.")] = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Bring the records that pass now back to the log and take them in; the others stay held."""
    with opened(folder) as tb:
        done = tb.quarantine.replay(_which(positions, code, source), reason)
        with progress("records", quiet=as_json) as show_progress:
            taken = tb.ingest(show_progress)
        tb.refresh()
    lines = [
        f"{done.replayed:,} replayed: {taken.events:,} events, {taken.duplicates:,} duplicates; "
        f"{done.refused:,} still refused"
    ]
    lines += _list_lines(done.first_refused) if done.first_refused else []
    emit({"replayed": done, "ingested": taken}, lines, as_json=as_json)


@app.command()
def discard(
    reason: Annotated[str, typer.Option(help="Why; kept with each record.")],
    positions: Positions = None,
    code: Code = "",
    source: Source = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Give up held records for good; they stay listed, with the reason."""
    with opened(folder) as tb:
        number = tb.quarantine.discard(_which(positions, code, source), reason)
    emit({"discarded": number}, [f"{number:,} discarded"], as_json=as_json)


def _which(positions: Sequence[int] | None, code: str, source: str) -> Which:
    from tailorbird.repair import Which

    if positions and (code or source):
        raise UsageError("two choices at once", mend="name positions, or a code and a source")
    return Which(tuple(positions or ()), code, source)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SourceError(
            f"it cannot be read: {error.strerror}", where=str(path), mend="name a file"
        ) from None


def _list_lines(records: Sequence[Listed]) -> list[str]:
    rows = [
        (
            str(one.position),
            f"{one.state}, mended" if one.mended and one.state == "held" else one.state,
            one.source,
            one.code,
            one.why or one.reason,
            shown(one.decided_at or one.received_at),
        )
        for one in records
    ]
    return table(("position", "state", "source", "code", "reason", "at"), rows)


def _record_lines(inspected: Inspected) -> list[str]:
    record = inspected.record
    refused = record.refused
    lines = [
        f"position {refused.position}, from {refused.source}, received "
        f"{shown(refused.received_at)}: {record.state}",
        f"refused: {refused.code}: {refused.reason}; {refused.mend}",
        f"as it came: {_text(refused.raw)}",
    ]
    if record.mended is not None:
        lines.append(f"mended by {', '.join(record.mended_by)}: {_text(record.mended)}")
    if record.decided_at:
        back = f" as log record {record.replayed_as}" if record.replayed_as else ""
        lines.append(f"{record.state}{back} at {shown(record.decided_at)}: {record.why or '-'}")
    return [*lines, _verdict(inspected)] if record.state == "held" else lines


def _verdict(inspected: Inspected) -> str:
    against = inspected.refused_for
    if against is None:
        return "it passes now"
    return f"it is refused as it is: {against.code}: {against.reason}; {against.mend}"


def _fixed_lines(fixed: Fixed) -> list[str]:
    verb = "mended" if fixed.kept else "would be mended"
    lines = [
        f"{fixed.rule}: {fixed.matched:,} {verb}; {fixed.passing:,} pass, "
        f"{fixed.refused:,} are still refused"
    ]
    return lines + (_list_lines(fixed.first_refused) if fixed.first_refused else [])


def _text(raw: bytes) -> str:
    """Return bytes as one line that no terminal acts on."""
    text = raw.decode("utf-8", "backslashreplace")
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )
