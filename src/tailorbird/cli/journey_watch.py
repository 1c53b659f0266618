"""`tailorbird journeys watch`: who entered, waits, left; what is not as it should be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from tailorbird.cli.arguments import DEFAULT_FOLDER, AsJson, Folder, instant, opened
from tailorbird.cli.output import emit, table

if TYPE_CHECKING:
    from tailorbird.views.journeys import JourneyWatch


def watch(
    name: Annotated[str, typer.Argument(help="The journey's name.")],
    since: Annotated[
        str, typer.Option(help="Of those who entered since; for a week when left out.")
    ] = "",
    by: Annotated[
        list[str] | None, typer.Option(help="A segment whose people are told apart.")
    ] = None,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> int:
    """Show how a journey goes, step by step; ends with 1 where something is not as it should be."""
    from tailorbird.readings import journeys

    with opened(folder) as tb:
        now = tb.clock()
        start = instant(since, now - journeys.DAYS * 86_400_000_000)
        told = journeys.watch(tb.world, name, now, since=start, by=by or ())
    emit(told, list(lines(told)), as_json=as_json)
    return int(bool(told.alarms))


def lines(told: JourneyWatch) -> Iterator[str]:
    """Yield a journey's figures, its steps as a table, then what needs somebody's eye."""
    yield (
        f"{told.name}, version {told.version}, {told.mode}: since {told.since:%Y-%m-%d %H:%M} UTC "
        f"{told.entered:,} entered, {told.held_out:,} were held out"
    )
    goal = "" if told.converted is None else f", {told.converted:,} reached the goal"
    ended = f"{told.finished:,} finished, {told.dropped:,} dropped out{goal}"
    yield f"{ended}; {told.in_it:,} are in it"
    heads = ("step", "kind", "came", "share", "waiting", "left", "dropped", "errors", "stuck")
    yield from table(
        heads,
        [
            (
                f"{'  ' * each.depth}{each.step}", each.kind, each.came,
                "" if each.share is None else f"{each.share:.0%}", each.waiting, each.left,
                each.dropped, each.errors, each.stuck,
            )
            for each in told.steps
        ],
    )  # fmt: skip
    for step in told.steps:
        for way in step.ways:
            to, why = way.to or "the end", f" ({way.reason})" if way.reason else ""
            yield f"  {step.step}: {way.people:,} {way.outcome}{why}, on to {to}"
    for each in told.segments:
        yield (
            f"of {each.segment}: {each.entered:,} entered, {each.converted:,} reached the goal, "
            f"{each.dropped:,} dropped out"
        )
    for one in told.stuck:
        yield f"stuck: person {one.person} at {one.step} since {one.since:%Y-%m-%d %H:%M} UTC"
    yield from (f"alarm: {alarm.text}" for alarm in told.alarms)
