"""`tailorbird delivery pace`, `hold` and `let-go`: what waits for whom, and what stands still."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tailorbird.cli.arguments import DEFAULT_FOLDER, AsJson, Folder, Reason, record, shown
from tailorbird.cli.output import emit, table

if TYPE_CHECKING:
    from tailorbird.pacing import PaceStatus

Stream = Annotated[
    str, typer.Argument(help="Sending domain and provider, shop.example/gmail, or the domain.")
]
WORDS = {
    "": "leaves now",
    "held": "held",
    "resting": "the provider deferred",
    "warm_up": "warming up",
    "rate": "rate",
    "under_way": "enough is under way",
    "quiet_hours": "quiet hours",
    "not_yet_due": "not yet due",
}


def show(folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """Show what waits for each mailbox provider, why, and when the next may leave."""
    status = read(folder)
    emit(status, lines_of(status), as_json=as_json)


def hold(
    stream: Stream, reason: Reason = "", folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False
) -> None:
    """Let no campaign's mail of a stream leave until somebody lets it go."""
    from tailorbird import pacing

    with record(folder) as found:
        pacing.hold(found.settings, found.lanes, stream, reason, found.clock())
    emit({"held": stream, "reason": reason}, [f"{stream} is held: {reason}"], as_json=as_json)


def let_go(
    stream: Annotated[str, typer.Argument(help="The stream; all that is held when left out.")] = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Let what is held or slowed go on; what happened until now counts against it no more."""
    from tailorbird import pacing

    with record(folder) as found:
        resumed = pacing.resume(found.settings, found.lanes, stream, found.clock())
    lines = [f"{name} goes on" for name in resumed] or ["nothing was held"]
    emit({"resumed": resumed}, lines, as_json=as_json)


def read(folder: Folder) -> PaceStatus:
    """Return how the pace of a folder stands."""
    from tailorbird import pacing

    with record(folder) as found:
        return pacing.status(found.settings, found.lanes, found.clock())


def lines_of(status: PaceStatus) -> list[str]:
    """Return how the pace stands, as people read it."""
    if not status.paced:
        return ["everything leaves at once: mails go to the local inbox"]
    rows = [
        (
            each.lane.stream, each.lane.campaign, each.lane.zone or "-", f"{each.sends:,}",
            WORDS[each.why], shown(each.next_at) if each.next_at else "by hand",
        )
        for each in status.waiting
    ]  # fmt: skip
    heads = ("stream", "campaign", "zone", "waits", "why", "next at")
    lines = table(heads, rows) if rows else ["nothing waits"]
    lines += [f"HELD {each.meter} since {shown(each.since)}: {each.reason}" for each in status.held]
    lines += [
        f"carrier {each.carrier}: {each.state.replace('_', ' ')} until {shown(each.until)},"
        f" {each.reason}"
        for each in status.carriers
    ]
    return lines
