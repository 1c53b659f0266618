"""`tailorbird tracking-plan`: what events are expected to be, and what becomes of the others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tailorbird.cli.arguments import DEFAULT_FOLDER, AsJson, Folder, opened, shown
from tailorbird.cli.output import emit, read_text, table
from tailorbird.errors import UsageError

if TYPE_CHECKING:
    from tailorbird.intake import Rehearsal

app = typer.Typer(help="What events are expected to be.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(help="The plan, in YAML.")]
Last = Annotated[int, typer.Option(min=0, help="Only the last so many records of the log; 0: all.")]


@app.command()
def observe(last: Last = 0, folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """Write a plan that everything in the log fits, with counts as comments."""
    from tailorbird import intake
    from tailorbird.collect.plan_observe import written

    with opened(folder) as tb:
        observed = intake.observe(tb.world, last)
        text = written(observed, tb.world.settings.shop.name)
    emit(
        {"events": observed.events, "tracking_plan": text},
        text.rstrip("\n").split("\n"),
        as_json=as_json,
    )


@app.command()
def check(
    file: File, last: Last = 0, folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False
) -> None:
    """Say what a plan would have flagged and quarantined in the log; it is not put in force."""
    from tailorbird import intake
    from tailorbird.collect.plan import parse

    plan = parse(read_text(file), str(file))
    with opened(folder) as tb:
        rehearsal = intake.rehearse(tb.world, plan, last)
    emit(rehearsal, _lines(rehearsal), as_json=as_json)


@app.command()
def put(
    file: File,
    reason: Annotated[str, typer.Option(help="Why; kept with the version.")] = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Put a plan in force for everything that comes from now on."""
    from tailorbird.collect.plan import NAME, parse

    text = read_text(file)
    parse(text, str(file))
    with opened(folder) as tb:
        kept = tb.put("tracking_plan", NAME, text, reason=reason)
    line = f"version {kept.version} judges what comes after log record {kept.log_end:,}"
    emit(kept, [line], as_json=as_json)


@app.command()
def show(folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """Print the plan in force."""
    from tailorbird.collect.plan import NAME

    with opened(folder) as tb:
        kept = tb.world.definitions.get("tracking_plan", NAME)
    if kept is None:
        raise UsageError(
            "no tracking plan is in force",
            mend="start from `tailorbird tracking-plan observe`, then `put` it",
        )
    head = f"# version {kept.version}, put {shown(kept.created_at)}"
    why = [f"# {kept.reason}"] if kept.reason else []
    emit(kept, [head, *why, *kept.text.rstrip("\n").split("\n")], as_json=as_json)


def _lines(rehearsal: Rehearsal) -> list[str]:
    head = (
        f"{rehearsal.events:,} events: {rehearsal.held:,} would be quarantined, "
        f"{rehearsal.flagged:,} taken and flagged"
    )
    rows = [
        (
            breach.line,
            breach.event,
            breach.property or "-",
            breach.problem,
            breach.wants,
            "quarantine" if breach.held else "flag",
            breach.events,
            str(breach.first),
        )
        for breach in rehearsal.breaches
    ]
    headings = ("line", "event", "property", "problem", "wants", "then", "events", "first at")
    return [head, *(["", *table(headings, rows)] if rows else [])]
