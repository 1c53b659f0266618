"""`tailorbird uplift`: whom a campaign, a journey or one of its mails moves."""

from __future__ import annotations

from typing import Annotated

import typer

from tailorbird.cli.arguments import DEFAULT_FOLDER, AsJson, Folder, opened
from tailorbird.cli.output import emit, table
from tailorbird.errors import UsageError
from tailorbird.views.uplift import CampaignUplift

Name = Annotated[
    str,
    typer.Argument(help="A campaign; JOURNEY/ for a whole journey, JOURNEY/STEP for a mail of it."),
]


def uplift(
    name: Name,
    show: Annotated[bool, typer.Option("--show", help="What the last training found.")] = False,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Learn from a holdout, or a split, whom a mail moves, judge it, and score where it is better.

    A journey has a `holdout` of its own; from one of its mails a split before it keeps some people.
    """
    from tailorbird import uplifts

    with opened(folder) as tb:
        tb.ingest()
        world, now = tb.world, tb.clock()
        found = uplifts.latest(world, name) if show else uplifts.train(world, name, now)
    if found is None:
        raise UsageError(f"nothing was learnt of {name!r}", mend=f"`tailorbird uplift {name}`")
    emit(found, lines_of(found), as_json=as_json)


def lines_of(found: CampaignUplift) -> list[str]:
    """Return what was found as text."""
    done, act = ("let in", "let in") if found.campaign.endswith("/") else ("written to", "write to")
    rows = [
        (each.title, f"{each.qini:+.5f}", f"{each.low:+.5f} to {each.high:+.5f}",
         "" if each.above_low is None else f"{each.above_low:+.5f} to {each.above_high:+.5f}")
        for each in found.orders
    ]  # fmt: skip
    policies = [
        (f"{act}: {each.name}", f"{each.value:.3%}", f"{each.low:.3%} to {each.high:.3%}")
        for each in found.policies
    ]
    headings = ("order of people", "qini", "interval", "above the rule")
    span = f"{found.average_low:+.2%} to {found.average_high:+.2%}"
    return [
        f"{found.people:,} people, {found.written_to:,} of them {done}; outcome: "
        f"{found.outcome} within {found.window_days:g} days",
        f"average effect {found.average:+.2%} ({span})",
        *(table(headings, rows) if rows else []),
        *(table(("policy", found.outcome, "95 %"), policies) if policies else []),
        found.why,
        f"{found.scored:,} people have the score {found.model}"
        if found.serves
        else "no scores are kept",
    ]
