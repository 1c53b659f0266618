"""`tailorbird segments`: who is in, how many, why, and whether both ways of counting agree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from tailorbird.cli import private_counts, segment_texts, threshold_lines, watch_commands
from tailorbird.cli.arguments import (
    DEFAULT_FOLDER,
    AsJson,
    AsOf,
    Folder,
    Limit,
    Person,
    SegmentName,
    instant,
    opened,
    shown,
)
from tailorbird.cli.output import emit, table, write
from tailorbird.cli.overlap_lines import overlap_lines
from tailorbird.cli.rate_commands import rates

if TYPE_CHECKING:
    from tailorbird.views import Explanation, Reason

app = typer.Typer(help="Exact, explainable segments.", no_args_is_help=True)
app.command()(rates)
TEXTS: Final = (
    segment_texts.add,
    segment_texts.remove,
    segment_texts.schema,
    segment_texts.show,
    segment_texts.used,
    segment_texts.versions,
    watch_commands.health,
    watch_commands.history,
)
for command in TEXTS:
    app.command()(command)
app.command("test")(segment_texts.check)
app.command("count-privately")(private_counts.count_privately)
OnEngine = Annotated[
    str, typer.Option("--engine", help="Ask clickhouse, postgres or spark, over a copy.")
]
Uri = Annotated[str, typer.Option(help="The engine's address, where it has one.")]


@app.command("list")
def list_segments(folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """List every segment with its present size."""
    with opened(folder) as tb:
        sizes = tb.readings.segments(tb.clock())
    rows = [
        (size.name, size.people, f"BROKEN {size.description}" if size.trouble else size.description)
        for size in sizes
    ]
    told = [
        f"broken, with the members it had last: {size.trouble}" for size in sizes if size.trouble
    ]
    emit(sizes, [*table(("segment", "people", "description"), rows), *told], as_json=as_json)


@app.command()
def count(
    name: SegmentName,
    as_of: AsOf = "",
    engine: OnEngine = "",
    uri: Uri = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Count a segment's people, now or at any past instant."""
    from tailorbird import elsewhere

    with opened(folder) as tb:
        at = instant(as_of, tb.clock())
        if engine:
            people = elsewhere.count(tb.world, tb.segment(name), at, engine, uri)
        else:
            people = tb.segment_count(name, as_of=at)
        early = threshold_lines.of_segments(tb, [name], at)
    lines = [f"{name}: {people:,} people at {shown(at)}", *early]
    emit({"segment": name, "people": people, "as_of": shown(at)}, lines, as_json=as_json)


@app.command()
def preview(
    name: SegmentName,
    as_of: AsOf = "",
    limit: Limit = 10,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """List some of a segment's people."""
    with opened(folder) as tb:
        at = instant(as_of, tb.clock())
        people = tb.segment_people(name, as_of=at, limit=limit)
        early = threshold_lines.of_segments(tb, [name], at)
    lines = [f"person {person}" for person in people] or ["nobody"]
    emit(people, [*lines, *early], as_json=as_json)


@app.command()
def explain(
    name: SegmentName,
    person: Person,
    as_of: AsOf = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Say why a person is, or is not, in a segment: every leaf with its evidence."""
    with opened(folder) as tb:
        at = instant(as_of, tb.clock())
        explanation = tb.readings.explain(tb.segment(name).name, tb.person(person), at)
        early = threshold_lines.of_segments(tb, [name], at)
    assert explanation is not None  # noqa: S101 - both were found above
    verdict = "is in" if explanation.member else "is not in"
    lines = [f"{explanation.label} {verdict} {name} at {shown(at)}", *early]
    lines += _lines(explanation.reason, 1)
    emit(explanation, [*lines, *_outlook(explanation)], as_json=as_json)


def _outlook(explanation: Explanation) -> list[str]:
    """Return what would change an answer, and when."""
    seen, verb = explanation.outlook, "end" if explanation.member else "change"
    if seen is None:
        return []
    together = "these together" if len(seen.turns) > 1 else "this"
    others = f", or one of {seen.others} other ways as short" if seen.others else ""
    lines = [f"what would {verb} it: {together}{others}"] if seen.turns else []
    lines += [f"  {turn.how}" for turn in seen.turns]
    if seen.at:
        lines.append(f"time alone will {verb} it at {seen.at:%Y-%m-%d %H:%M:%S} UTC")
    return lines or [f"nothing that happens to one condition at a time would {verb} it"]


def _lines(reason: Reason, depth: int) -> list[str]:
    """Return a condition, its value and its evidence, and those that it is made of."""
    indent = "  " * depth
    value = f" ({reason.value})" if reason.value else ""
    lines = [f"{indent}{'yes' if reason.holds else 'no '} {reason.text}{value}"]
    lines += [
        f"{indent}      {event.at:%Y-%m-%d %H:%M} {event.event} {event.text}".rstrip()
        for event in reason.evidence
    ]
    return lines + [line for part in reason.parts for line in _lines(part, depth + 1)]


@app.command()
def overlap(
    names: Annotated[list[str], typer.Argument(help="Two segments or more.")],
    as_of: AsOf = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Show how segments overlap: pairs, and who is in exactly which of them."""
    with opened(folder) as tb:
        now = tb.clock()
        if not as_of:
            tb.refresh()
        at = instant(as_of, now) if as_of else None
        found = tb.readings.overlap(names, now, at)
        early = threshold_lines.of_segments(tb, names, at) if at is not None else []
    emit(found, [*overlap_lines(found), *early], as_json=as_json)


@app.command()
def verify(
    engine: OnEngine = "",
    uri: Uri = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> int:
    """Prove on the live data that incremental membership equals full evaluation.

    With another engine: that it finds the same people in every segment.
    """
    from tailorbird import elsewhere, membership

    with opened(folder) as tb:
        if engine:
            wrong = elsewhere.verify(tb.world, tb.clock(), engine, uri)
        else:
            tb.refresh()
            wrong = tb.verify_segments()
        broken = membership.troubles(tb.world)
    for mismatch in wrong[:20]:
        if not as_json:
            write(f"differs: {mismatch}")
    said = "every membership agrees with full evaluation" if not wrong else f"{len(wrong)} differ"
    lines = [said, *(f"not compared, for it is broken: {each}" for each in broken)]
    emit({"mismatches": len(wrong), "broken": broken}, lines, as_json=as_json)
    return 1 if wrong else 0
