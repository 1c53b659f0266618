"""`tailorbird groups`: tiers, RFM cells, levels of engagement, and any ordered list of segments."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tailorbird.cli import threshold_lines
from tailorbird.cli.arguments import (
    DEFAULT_FOLDER,
    AsJson,
    AsOf,
    Folder,
    Person,
    instant,
    opened,
    shown,
)
from tailorbird.cli.kept_commands import keep
from tailorbird.cli.output import emit, read_text, table

if TYPE_CHECKING:
    from tailorbird.views.groups import GroupList

app = typer.Typer(help="Exclusive groups: the first that fits.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The list's name.")]


@app.command("list")
def list_groups(folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """List every list of groups."""
    with opened(folder) as tb:
        found = tb.readings.group_lists()
    rows = [(each.name, each.kind, len(each.groups), each.description) for each in found]
    lines = table(("list", "by", "groups", "description"), rows)
    emit(found, lines if rows else ["none yet; `tailorbird groups add rfm`"], as_json=as_json)


@app.command()
def add(
    what: Annotated[
        str, typer.Argument(help="A file in YAML, or rfm, loyalty or activity, which are shipped.")
    ],
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Check a list of groups and keep it as a new version."""
    path = Path(what)
    with opened(folder) as tb:
        text = read_text(path) if path.suffix else ""
        kept = tb.ready.put(path.stem, text) if text else tb.ready.install(what)
        tb.ingest()
        found = tb.readings.group_list(kept.name)
    lines = [f"groups {kept.name}, version {kept.version}"]
    if found and not found.groups:
        lines.append("too few customers for thresholds; they are taken when there are more")
    emit({"groups": kept.name, "version": kept.version}, lines, as_json=as_json)


@app.command()
def show(
    name: Name, as_of: AsOf = "", folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False
) -> None:
    """Count the people of each group exactly, now or at any past instant."""
    with opened(folder) as tb:
        at = instant(as_of, tb.clock())
        people = tb.ready.sizes(name, at)
        found = tb.readings.group_list(name)
        early = threshold_lines.of_groups(tb, name, at)
    total = max(sum(people.values()), 1)
    told = {each.name: each.description for each in found.groups} if found else {}
    rows = [(each, n, f"{n / total:.1%}", told.get(each, "")) for each, n in people.items()]
    lines = table(("group", "people", "share", "who"), rows)
    emit(
        {"groups": name, "as_of": shown(at), "people": people, "list": found},
        [*lines, *early, *(_threshold_lines(found) if found else [])],
        as_json=as_json,
    )


@app.command()
def scores(
    name: Name,
    person: Person,
    as_of: AsOf = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Show the scores or points that one person's group rests on."""
    with opened(folder) as tb:
        at = instant(as_of, tb.clock())
        rows = tb.ready.scores(name, at, [tb.person(person)]).to_pylist()
        early = threshold_lines.of_groups(tb, name, at)
    lines = [f"{part}: {value}" for row in rows for part, value in row.items()]
    said = [*(lines or ["no score: she is in the rest"]), *early]
    emit(rows[0] if rows else None, said, as_json=as_json)


@app.command()
def calibrate(name: Name, folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """Take the thresholds of an RFM list anew, from the customers of now."""
    with opened(folder) as tb:
        tb.ready.calibrate(name)
        found = tb.readings.group_list(name)
    emit(found, _threshold_lines(found) if found else [], as_json=as_json)


@app.command()
def recalculate(name: Name, folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """Keep who is in which group now, as the trait tier_NAME."""
    with opened(folder) as tb:
        tb.ingest()
        kept = tb.ready.recalculate(name)
        tb.ingest()
    lines = table(("group", "people"), list(kept.people.items()))
    emit(kept, [*lines, f"{kept.changed:,} changed since the last time"], as_json=as_json)


def _threshold_lines(found: GroupList) -> list[str]:
    if found.calibrated_at is None:
        return []
    rows = [
        (each.part, each.trait, *each.values, " ".join(str(n) for n in each.people))
        for each in found.thresholds
    ]
    headings = ("score of", "trait", "2 beyond", "3", "4", "5", "people with 1 to 5")
    when = f"{found.calibrated_at:%Y-%m-%d %H:%M:%S} UTC"
    return ["", *table(headings, rows), f"from {found.customers:,} customers, taken at {when}"]


keep(app, "groups")
