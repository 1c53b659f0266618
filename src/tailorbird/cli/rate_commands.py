"""`tailorbird segments rates`: what people do with their mails, where there are only few."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tailorbird.cli.arguments import DEFAULT_FOLDER, AsJson, Folder, Limit, SegmentName, opened
from tailorbird.cli.output import emit, table
from tailorbird.errors import UsageError

if TYPE_CHECKING:
    from tailorbird.views.rates import SegmentRates


def rates(
    name: SegmentName,
    of: Annotated[Literal["opened", "clicked"], typer.Option(help="What a mail is to get.")] = (
        "opened"
    ),
    limit: Limit = 10,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Estimate each person's rate of opens or clicks, drawn towards the segment's mean."""
    with opened(folder) as tb:
        found = tb.readings.rates(name, of, limit, tb.clock())
    if found is None:
        raise UsageError(f"no segment {name!r}", mend="see `tailorbird segments list`")
    emit(found, _lines(found), as_json=as_json)


def _lines(found: SegmentRates) -> list[str]:
    if not found.people:
        return [f"nobody in {found.segment} was sent a mail"]
    rows = [
        (f"person {each.person}", each.sent, each.hits, f"{each.rate:.1%}", f"{each.estimate:.1%}")
        for each in found.rates
    ]
    weight = "everybody is at it" if found.counts_as is None else f"{found.counts_as:.1f} mails"
    return [
        *table(("", "sent", found.of, "rate", "estimate"), rows),
        f"mean of {found.people:,} people {found.mean:.1%}, which counts as {weight}",
        found.estimated,
    ]
