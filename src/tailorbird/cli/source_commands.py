"""`tailorbird sources`: what is read from files, databases and queues, by hand and by itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tailorbird.cli.arguments import DEFAULT_FOLDER, AsJson, Folder, opened, shown
from tailorbird.cli.output import emit, progress, read_text, table

if TYPE_CHECKING:
    from tailorbird.collect.sources.runs import Outcome
    from tailorbird.syncs import Status

app = typer.Typer(
    help="Files, databases and queues that are read by themselves.", no_args_is_help=True
)
Name = Annotated[str, typer.Argument(help="The source's name.")]


@app.command("list")
def list_sources(folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """List every source with its schedule."""
    with opened(folder) as tb:
        found = tb.sources.statuses()
    rows = [(one.source, one.kind, one.schedule or "by hand", _due(one)) for one in found]
    emit(found, table(("source", "kind", "schedule", "next"), rows), as_json=as_json)


@app.command()
def put(
    files: Annotated[list[Path], typer.Argument(help="Sources and mappings in YAML.")],
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Check source and mapping files, and keep each as a new version."""
    with opened(folder) as tb:
        kept = [tb.sources.put(read_text(file), str(file)) for file in files]
    lines = [f"{one.kind} {one.name}, version {one.version}" for one in kept]
    named = [{"kind": k.kind, "name": k.name, "version": k.version} for k in kept]
    emit(named, lines, as_json=as_json)


@app.command()
def run(
    name: Name,
    dry_run: Annotated[bool, typer.Option(help="Read and check, write nothing.")] = False,
    again: Annotated[bool, typer.Option(help="Read all, whatever was read before.")] = False,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Read a source now; after a kill, the same command goes on without duplicates."""
    with opened(folder) as tb:
        with progress("rows", quiet=as_json) as show:
            outcome = tb.sources.run(name, dry_run=dry_run, again=again, on_progress=show)
        if not dry_run:
            with progress("events", quiet=as_json) as show:
                tb.ingest(show)
            tb.refresh()
    _emit(outcome, as_json=as_json)


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="A source in YAML.")],
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Read all that a source file names, without writing anything."""
    with opened(folder) as tb, progress("rows", quiet=as_json) as show:
        outcome = tb.sources.check(read_text(file), str(file), on_progress=show)
    _emit(outcome, as_json=as_json)


@app.command()
def status(folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """Show how the last run of each source went."""
    with opened(folder) as tb:
        found = tb.sources.statuses()
    rows = [
        (
            one.source,
            shown(one.standing.started_at) if one.standing.started_at else "never",
            one.standing.lines or one.standing.messages,
            one.standing.refused,
            one.standing.appended,
            one.cursor or "-",
            _due(one),
            one.standing.error or (one.standing.notes[-1].what if one.standing.notes else "-"),
        )
        for one in found
    ]
    headings = ("source", "last run", "lines", "refused", "events", "cursor", "next", "error")
    emit(found, table(headings, rows), as_json=as_json)


def _due(status: Status) -> str:
    if status.schedule == "always":
        return "always"
    return "by hand" if status.due_at is None else shown(status.due_at)


def _emit(outcome: Outcome, *, as_json: bool) -> None:
    """Print what a run found, and leave with 1 when a file could not be read."""
    from tailorbird.cli.event_commands import report_lines

    lines = [line for report in outcome.reports for line in report_lines(report)]
    if outcome.unchanged:
        lines.append(f"{outcome.unchanged:,} files had been read before")
    lines += [f"{outcome.messages:,} messages"] if outcome.messages else []
    lines += [*outcome.notes, *(f"not read: {error}" for error in outcome.errors)]
    emit(outcome, lines or ["nothing is new"], as_json=as_json)
    if outcome.errors:
        raise typer.Exit(1)
