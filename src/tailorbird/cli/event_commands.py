"""`tailorbird events`: put what happened elsewhere into the log."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tailorbird.cli.arguments import DEFAULT_FOLDER, AsJson, Folder, Limit, opened
from tailorbird.cli.output import emit, progress

if TYPE_CHECKING:
    from tailorbird.collect import ImportReport

app = typer.Typer(help="Events in, and what was held back.", no_args_is_help=True)


@app.command("import")
def import_file(
    path: Annotated[Path, typer.Argument(help="CSV, JSON, XLSX or Parquet; also in ZIP or gzip.")],
    mapping: Annotated[
        str,
        typer.Option(help="A shipped mapping's name or a YAML file; found by columns if empty."),
    ] = "",
    errors_to: Annotated[Path | None, typer.Option(help="Where refused rows go.")] = None,
    dry_run: Annotated[bool, typer.Option(help="Read and check, write nothing.")] = False,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Import a file; after a kill, the same command goes on without duplicates."""
    with opened(folder, must_exist=False) as tb:
        with progress("rows", quiet=as_json) as show:
            report = tb.import_file(
                path, mapping, dry_run=dry_run, errors_to=errors_to, on_progress=show
            )
        if not dry_run:
            with progress("events", quiet=as_json) as show:
                tb.ingest(show)
            tb.refresh()
    emit(report, report_lines(report), as_json=as_json)


def report_lines(report: ImportReport) -> list[str]:
    """Return an import's report as text."""
    lines = [
        f"{report.file} by {report.mapping}: {report.lines:,} lines, {report.taken:,} taken, "
        f"{report.duplicates:,} duplicates",
        f"{report.orders:,} orders ({report.guest_orders:,} of guests), "
        f"{report.returns:,} returns, {report.customers:,} customers, "
        f"{report.products:,} products; "
        f"{report.appended:,} events appended",
    ]
    lines += [f"refused {number:,}: {reason}" for reason, number in report.refused.items()]
    lines += list(report.notes)
    if report.errors_file:
        lines.append(f"the refused lines are in {report.errors_file}")
    return lines


@app.command()
def ingest(folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """Turn what the log holds into profiles, facts and memberships."""
    with opened(folder) as tb:
        with progress("records", quiet=as_json) as show:
            taken = tb.ingest(show)
        tb.refresh()
    line = (
        f"{taken.events:,} events, {taken.duplicates:,} duplicates, {taken.refused:,} refused, "
        f"{taken.created:,} new people, {taken.merged:,} merged"
    )
    emit(taken, [line], as_json=as_json)


@app.command()
def quarantine(
    limit: Limit = 20,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """List records that are held back; `tailorbird quarantine` mends them."""
    from tailorbird.cli.quarantine_commands import list_records

    list_records(state="held", limit=limit, folder=folder, as_json=as_json)
