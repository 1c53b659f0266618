"""`tailorbird matches`: people who may be one, and what you say about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tailorbird.cli.arguments import (
    DEFAULT_FOLDER,
    AsJson,
    Author,
    Folder,
    Limit,
    Reason,
    opened,
    shown,
)
from tailorbird.cli.output import emit, table
from tailorbird.ties import MatchState

if TYPE_CHECKING:
    from tailorbird.app import Tailorbird
    from tailorbird.matching import Matching, Shown
    from tailorbird.ties import Match

app = typer.Typer(help="People who may be one: find them, look, decide.", no_args_is_help=True)
One = Annotated[int, typer.Argument(min=1, help="A person's number.")]
Two = Annotated[int, typer.Argument(min=1, help="The other's number.")]


@app.command()
def run(
    merge: Annotated[
        bool | None,
        typer.Option(
            "--merge/--review", help="Merge sure pairs, or ask about all; else the setting."
        ),
    ] = None,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Compare everybody with everybody who is like her. Needs the extra `match`."""
    with opened(folder) as tb:
        done = _matching(tb).run(merge=merge)
        tb.ingest()
    lines = [
        f"{done.people:,} people, {done.pairs:,} pairs compared: {done.merged:,} merged, "
        f"{done.waiting:,} wait for you"
    ]
    emit(done, lines, as_json=as_json)


@app.command("list")
def list_matches(
    state: Annotated[
        MatchState | None, typer.Option(help="Only matches in this state; all when left out.")
    ] = None,
    skip: Annotated[int, typer.Option(min=0, help="How many to leave out.")] = 0,
    limit: Limit = 20,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """List matches, the most probable first; values are not shown."""
    with opened(folder) as tb:
        found = _matching(tb).page(state, skip, limit)
        counts = _matching(tb).counts()
    rows = [[m.one, m.two, m.probability, m.state, m.why] for m in found]
    headings = ("one", "two", "probability", "state", "why")
    lines = table(headings, rows) if rows else ["nobody is like anybody else"]
    if counts:
        lines += ["", ", ".join(f"{number:,} {state}" for state, number in sorted(counts.items()))]
    emit({"matches": [_listed(m) for m in found], "counts": counts}, lines, as_json=as_json)


@app.command()
def show(one: One, two: Two, folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """Show the evidence on two people, with what they say now, which is personal."""
    with opened(folder) as tb:
        found = _matching(tb).show(one, two)
    value = {"match": _listed(found.match), "one": found.one, "two": found.two}
    emit(value, _evidence(found), as_json=as_json)


@app.command()
def accept(
    one: One,
    two: Two,
    reason: Reason = "",
    author: Author = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Make one person of two. It can be taken back: see `tailorbird profiles unmerge`."""
    with opened(folder) as tb:
        match = _matching(tb).accept(one, two, reason=reason, author=author)
        tb.ingest()
    emit(_listed(match), [f"persons {match.one} and {match.two} are one"], as_json=as_json)


@app.command()
def reject(
    one: One,
    two: Two,
    reason: Reason = "",
    author: Author = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Keep two people two; you are asked again only when one of them changes."""
    with opened(folder) as tb:
        match = _matching(tb).reject(one, two, reason=reason, author=author)
    emit(_listed(match), [f"persons {match.one} and {match.two} stay two"], as_json=as_json)


def _matching(tb: Tailorbird) -> Matching:
    from tailorbird.matching import Matching

    return Matching(tb.world, tb.clock())


def _listed(match: Match) -> dict[str, object]:
    return {
        "one": match.one, "two": match.two, "state": match.state, "why": match.why,
        "probability": match.probability, "evidence": match.evidence, "found_at": match.found_at,
        "decided_at": match.decided_at, "author": match.author, "reason": match.reason,
        "by": match.by,
    }  # fmt: skip


def _evidence(found: Shown) -> list[str]:
    match = found.match
    said = {each.field: each for each in match.evidence}
    rows = [
        [
            name,
            said[name].likeness if name in said else "-",
            f"{said[name].bits:+.1f}" if name in said else "-",
            found.one.get(name, "-"),
            found.two.get(name, "-"),
        ]
        for name in dict.fromkeys([*said, *found.one, *found.two])
    ]
    headings = ("field", "likeness", "bits", str(match.one), str(match.two))
    lines = [f"{match.state}, probability {match.probability:.4f}: {match.why}"]
    if match.decided_at:
        told = "; ".join(each for each in (match.reason, match.author) if each)
        lines.append(f"decided {shown(match.decided_at)}: {told}")
    return [*lines, "", *table(headings, rows)]
