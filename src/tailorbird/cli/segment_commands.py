"""`tailorbird segments`: who is in, how many, why, and whether both ways of counting agree."""

from __future__ import annotations

from typing import Annotated

import typer

from tailorbird.cli.arguments import DEFAULT_FOLDER, AsJson, AsOf, Folder, instant, opened, shown
from tailorbird.cli.output import emit, table, write

app = typer.Typer(help="Exact, explainable segments.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The segment's name.")]


@app.command("list")
def list_segments(folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """List every segment with its present size."""
    with opened(folder) as tb:
        sizes = tb.segment_sizes()
    rows = [(size.name, size.people, size.description) for size in sizes]
    emit(sizes, table(("segment", "people", "description"), rows), as_json=as_json)


@app.command()
def count(
    name: Name, as_of: AsOf = "", folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False
) -> None:
    """Count a segment's people, now or at any past instant."""
    with opened(folder) as tb:
        at = instant(as_of, tb.clock())
        people = tb.segment_count(name, as_of=at)
    emit(
        {"segment": name, "people": people, "as_of": shown(at)},
        [f"{name}: {people:,} people at {shown(at)}"],
        as_json=as_json,
    )


@app.command()
def preview(
    name: Name,
    as_of: AsOf = "",
    limit: Annotated[int, typer.Option(help="How many people at most.")] = 10,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """List some of a segment's people."""
    with opened(folder) as tb:
        people = tb.segment_people(name, as_of=instant(as_of, tb.clock()), limit=limit)
    emit(people, [f"person {person}" for person in people] or ["nobody"], as_json=as_json)


@app.command()
def explain(
    name: Name,
    person: Annotated[str, typer.Argument(help="Number, address, user id or anonymous id.")],
    as_of: AsOf = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Say why a person is, or is not, in a segment: every leaf with its evidence."""
    with opened(folder) as tb:
        explanation = tb.explain(name, person, as_of=instant(as_of, tb.clock()))
    emit(explanation, explanation.lines(), as_json=as_json)


@app.command()
def verify(folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> int:
    """Prove on the live data that incremental membership equals full evaluation."""
    with opened(folder) as tb:
        tb.refresh()
        wrong = tb.verify_segments()
    for mismatch in wrong[:20]:
        if not as_json:
            write(f"differs: {mismatch}")
    emit(
        {"mismatches": len(wrong)},
        ["every membership agrees with full evaluation" if not wrong else f"{len(wrong)} differ"],
        as_json=as_json,
    )
    return 1 if wrong else 0
