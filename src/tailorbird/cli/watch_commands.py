"""`tailorbird segments health` and `history`: how segments fare, who entered and who left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tailorbird.cli.arguments import DEFAULT_FOLDER, AsJson, AsOf, Folder, instant, opened, shown
from tailorbird.cli.output import emit, table
from tailorbird.errors import UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from tailorbird.views import MembershipChanges, PersonStays, SegmentHealth


def health(
    name: Annotated[str, typer.Argument(help="A segment; all of them without.")] = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> int:
    """Show how segments fare: size, alarms, what members do, cost. Fails where one alarms."""
    with opened(folder) as tb:
        found = tb.readings.segment_healths(tb.clock())
    if name:
        found = tuple(each for each in found if each.segment == name)
        if not found:
            raise UsageError(f"no segment {name!r}", mend="see `tailorbird segments list`")
    emit(found, _healths(found), as_json=as_json)
    return int(any(each.level == "alarm" for one in found for each in one.findings))


def _healths(found: tuple[SegmentHealth, ...]) -> list[str]:
    columns = ("segment", "people", "entered", "left", "clicked", "bought", "ms", "refreshed")
    rows = [
        (
            one.segment, one.people, sum(hour.entered for hour in one.hours[-24:]),
            sum(hour.left for hour in one.hours[-24:]), _share(one.acts.clicked, one.acts.sent),
            _share(one.acts.bought, one.people), f"{one.cost.mean_ms:.1f}",
            _minute(one.refreshed_at),
        )
        for one in found
    ]  # fmt: skip
    told = [
        line
        for one in found
        for each in one.findings
        if each.trouble != "young" or len(found) == 1
        for line in (f"{each.level}: {each.what}", f"    {each.mend}")
    ]
    return [*table(columns, rows), *told]


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else ""


def _minute(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M}" if at else "never"


def history(
    name: Annotated[str, typer.Argument(help="A segment; all of them without.")] = "",
    person: Annotated[
        str, typer.Option(help="Address, user id, anonymous id or number of one person.")
    ] = "",
    as_of: AsOf = "",
    limit: Annotated[int, typer.Option(help="How many changes at most.", min=1)] = 20,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Show who entered and left, as it was seen; of one person in one segment, as it was.

    With a segment and a person the answer is worked out from the log as it is today, to the
    microsecond: what came late, was merged or taken back counts as if it had always been so.
    """
    with opened(folder) as tb:
        at = instant(as_of, tb.clock())
        number = tb.person(person) if person else 0
        if name:
            tb.segment(name)
        if name and number:
            found = tb.readings.segment_stays(name, number, at)
            assert found is not None  # noqa: S101 - both were found above
            emit(found, _stays(found, shown(at)), as_json=as_json)
            return
        seen = tb.readings.segment_changes(name, number, "", limit)
    emit(seen, _changes(seen), as_json=as_json)


def _stays(found: PersonStays, at: str) -> list[str]:
    if not found.stays:
        return [f"{found.label} was never in {found.segment}, up to {at}"]
    return [
        f"{found.label} was in {found.segment}",
        *(
            f"  from {each.since:%Y-%m-%d %H:%M:%S} "
            + (f"to {each.until:%Y-%m-%d %H:%M:%S}" if each.until else f"on, still at {at}")
            for each in found.stays
        ),
    ]


def _changes(seen: MembershipChanges) -> list[str]:
    columns = ("at", "segment", "person", "", "cause", "version")
    rows = [
        (
            f"{each.at:%Y-%m-%d %H:%M:%S}", each.segment, each.label,
            "entered" if each.entered else "left", each.cause, each.version,
        )
        for each in seen.changes
    ]  # fmt: skip
    lines = table(columns, rows) if rows else ["nobody has entered or left"]
    if seen.known_since is None:
        return lines
    known = f"{seen.known_since:%Y-%m-%d %H:%M:%S}"
    return [*lines, f"of what was seen before {known}, only who entered and stayed is kept"]
