"""`tailorbird profiles`: one person."""

from __future__ import annotations

from typing import Annotated

import typer

from tailorbird.cli import merging_commands
from tailorbird.cli.arguments import DEFAULT_FOLDER, AsJson, Folder, Person, opened
from tailorbird.cli.output import emit

app = typer.Typer(help="People.", no_args_is_help=True)
merging_commands.add_to(app)


@app.command()
def show(
    person: Person,
    sources: Annotated[
        bool, typer.Option("--sources", help="Show each source's word on each trait.")
    ] = False,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Show what is known of a person: traits, consents, recent events."""
    with opened(folder) as tb:
        if sources:
            sayings = tb.merging.sayings(person)
            emit({"sayings": sayings}, merging_commands.said(sayings), as_json=as_json)
            return
        number = tb.person(person)
        report = tb.readings.person(number, tb.clock())
        timeline = tb.readings.timeline(number, "", 15)
    assert report is not None  # noqa: S101 - the person was found above
    assert timeline is not None  # noqa: S101
    lines = [f"{report.label}  {report.email or 'no address'}"]
    lines += [f"  {trait.name}: {trait.value}" for trait in report.traits]
    lines += [
        f"  consent {line.purpose}: {line.state}" + (f" ({line.source})" if line.source else "")
        for line in report.consents
    ]
    lines += [f"  in segment {name}" for name in report.segments]
    lines += [f"  {entry.at:%Y-%m-%d %H:%M} {entry.event}" for entry in timeline.entries]
    emit({"profile": report, "timeline": timeline}, lines, as_json=as_json)
