"""`tailorbird profiles merge`, `unmerge`, `merges`, `flagged`: who is one and who is two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tailorbird.cli.arguments import (
    DEFAULT_FOLDER,
    AsJson,
    Author,
    Folder,
    Person,
    Reason,
    opened,
    shown,
)
from tailorbird.cli.output import emit, table

if TYPE_CHECKING:
    from tailorbird.ties import Merge, Saying


def add_to(app: typer.Typer) -> None:
    """Add these commands to those of `profiles`."""
    for command in (merge, unmerge, merges, flagged):
        app.command()(command)


def merge(
    one: Person,
    two: Annotated[str, typer.Argument(help="The other; the lower number survives.")],
    reason: Reason = "",
    author: Author = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Make one person of two. It can be taken back: see `unmerge`."""
    with opened(folder) as tb:
        survivor = tb.merge(one, two, reason=reason, author=author)
        parts = tb.world.people.ties.parts(survivor)
    named = ", ".join(str(part) for part in parts)
    emit({"survivor": survivor, "parts": parts}, [f"person {survivor} is {named}"], as_json=as_json)


def unmerge(
    survivor: Person,
    loser: Annotated[
        str, typer.Argument(help="Whom to take out: an identifier she brought, or her old number.")
    ],
    reason: Reason = "",
    author: Author = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Make two people of one, as if they had never been merged, and keep them two."""
    with opened(folder) as tb:
        one, two = tb.unmerge(survivor, loser, reason=reason, author=author)
    emit({"people": [one, two]}, [f"persons {one} and {two} are two again"], as_json=as_json)


def merges(
    person: Annotated[str, typer.Argument(help="A person; everybody when empty.")] = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """List every merge with its evidence: automatic ones and those taken back, too."""
    with opened(folder) as tb:
        found = tb.merging.merges(person)
        apart = tb.merging.separations()
    headings = ["at", "survivor", "loser", "by", "source", "record", "reason", "state"]
    lines = table(headings, [_row(each) for each in found]) if found else ["nobody was merged"]
    lines += [
        f"{each.survivor} and {each.loser} are held apart since {shown(each.at)}: {each.reason}"
        for each in apart
        if not person
    ]
    emit({"merges": found, "separations": apart}, lines, as_json=as_json)


def _row(merge: Merge) -> list[object]:
    return [
        shown(merge.at) if merge.at else "-",
        str(merge.survivor),
        str(merge.loser),
        merge.by or "-",
        merge.source,
        f"{merge.position >> 20}/{merge.position & 0xFFFFF}",
        "; ".join(each for each in (merge.reason, merge.evidence, merge.author) if each) or "-",
        f"undone by {merge.undone >> 20}/{merge.undone & 0xFFFFF}" if merge.undone else "stands",
    ]


def flagged(folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """List identifiers that say too little to join people: shared addresses, kiosks, greedy ids."""
    with opened(folder) as tb:
        found = tb.merging.flagged()
    rows = [
        [shown(flag.at), flag.kind, flag.reason, flag.person, flag.key.hex()[:12]] for flag in found
    ]
    headings = ["since", "kind", "why", "person", "index"]
    lines = table(headings, rows) if rows else ["nothing is flagged"]
    emit(found, lines, as_json=as_json)


def said(sayings: list[Saying]) -> list[str]:
    """Return each source's word on each trait as a line, and why one of them counts."""
    return [
        f"  {each.name}: {each.value}  ({each.source or 'unknown'}, {shown(each.at)})"
        + (f"  <- {each.counts}" if each.counts else "")
        for each in sayings
    ]
