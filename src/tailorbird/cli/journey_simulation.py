"""`tailorbird journeys simulate`: what a journey would have done over what really happened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tailorbird.cli.arguments import DEFAULT_FOLDER, AsJson, Folder, instant, opened
from tailorbird.cli.output import emit, progress, read_text, table
from tailorbird.errors import UsageError

if TYPE_CHECKING:
    from tailorbird.views.simulation import JourneySimulation


def simulate(
    journey: Annotated[str, typer.Argument(help="A journey's name, or a draft: FILE.yaml.")],
    since: Annotated[str, typer.Option("--from", help="When it begins: 2026-01-01.")] = "",
    until: Annotated[str, typer.Option(help="When it ends; now when left out.")] = "",
    every: Annotated[
        str, typer.Option(help="How often to look: 1h; at each instant when left out.")
    ] = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Show what a journey would have done over what really happened; nothing is recorded.

    The last 90 days, where nothing else is said.
    """
    from tailorbird import durations, journeys, simulating

    text = read_text(Path(journey)) if journey.endswith((".yaml", ".yml")) else ""
    name = journeys.parse_journey(text, journey).name if text else journey
    often = durations.read(every) if every else 0
    if often is None:
        raise UsageError(f"{every!r} is no length of time", mend="write `15m`, `1h` or `1d`")
    with opened(folder) as tb, progress("simulating", quiet=as_json) as advance:
        now = tb.clock()
        end = min(instant(until, now), now)
        asked = simulating.Asked(name, instant(since, end - simulating.QUARTER), end, text, often)
        told = simulating.simulate(
            tb.world, asked, on_progress=lambda share: advance(round(share * 1000), 1000)
        )
    emit(told, list(lines(told)), as_json=as_json)


def lines(told: JourneySimulation) -> Iterator[str]:
    """Yield what a simulation has found, for people."""
    often = f"every {told.every_seconds:,} s" if told.every_seconds else "at each instant"
    yield (
        f"{told.name}, version {told.version}, from {told.since:%Y-%m-%d %H:%M} to "
        f"{told.until:%Y-%m-%d %H:%M} UTC, looked at {often}: {told.ticks:,} times"
    )
    held = f"{told.held_out:,} were held out"
    yield f"{told.triggered:,} were set off, {told.entered:,} entered, {held}"
    yield from (f"  {n:,} did not enter: {why}" for why, n in told.not_entered.items())
    goal = "" if told.converted is None else f"; {told.converted:,} reached the goal"
    yield f"{told.in_it:,} are in it at the end{goal}"
    yield from (f"  {people:,} ended: {how}" for how, people in told.ended.items())
    mails = [
        (each.step, each.sent, counted(each.variants), counted(each.refused)) for each in told.mails
    ]
    yield from table(("mail", "sent", "variants", "refused"), mails)
    for one in told.conflicts:
        taker = one.taken_by or "another system"
        yield f"  {one.step}: {one.mails:,} had no room by {one.limit}, taken by {taker}"
    days = [
        (each.day, each.entered, counted(each.mails), counted(each.providers)) for each in told.days
    ]
    yield from table(("day", "entered", "mails", "at"), days)
    yield from (f"trouble: {each}" for each in told.troubles)
    yield from (f"note: {each}" for each in told.as_of_now)


def counted(counts: Mapping[str, int]) -> str:
    """Return counts in one cell."""
    return ", ".join(f"{name or '-'} {number:,}" for name, number in counts.items())
