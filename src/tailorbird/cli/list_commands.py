"""`tailorbird lists`: people named one by one, for segments to rest on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tailorbird.cli.arguments import (
    DEFAULT_FOLDER,
    AsJson,
    AsOf,
    Author,
    Folder,
    Limit,
    Reason,
    instant,
    opened,
    shown,
)
from tailorbird.cli.kept_commands import keep
from tailorbird.cli.output import emit, table
from tailorbird.errors import UsageError

if TYPE_CHECKING:
    from tailorbird.app import Tailorbird
    from tailorbird.lists import Named

app = typer.Typer(help="People named one by one.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The list's name.")]
People = Annotated[
    list[str],
    typer.Argument(help="Addresses, user ids, anonymous ids or numbers; person:12 is a number."),
]
SHOWN = 10
PUT_ON = "put on the list"


@app.command("list")
def list_lists(folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """List every list, how many are on it, and the segments that rest on it."""
    with opened(folder) as tb:
        found = tb.lists.all()
    rows = [(each.name, each.people, ", ".join(each.used_in), each.description) for each in found]
    emit(found, table(("list", "people", "used in", "description"), rows), as_json=as_json)


@app.command()
def create(
    name: Name,
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
    offered: Annotated[
        list[str] | None,
        typer.Option(help="Words by which people may put themselves on it: en=Running."),
    ] = None,
    author: Author = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Make a list, or describe it anew."""
    words = None if offered is None else dict(map(_by_locale, filter(None, offered)))
    with opened(folder) as tb:
        kept = tb.lists.create(name, description, offered=words, author=author)
    emit(kept, [f"list {kept.name}, version {kept.version}"], as_json=as_json)


@app.command()
def add(
    name: Name,
    people: People,
    reason: Reason = "",
    author: Author = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> int:
    """Put people on a list."""
    with opened(folder) as tb:
        named = tb.lists.add(name, people, reason=reason, author=author)
        return _told(tb, named, PUT_ON, as_json=as_json)


@app.command()
def remove(
    name: Name,
    people: People,
    reason: Reason = "",
    author: Author = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> int:
    """Take people off a list; `delete` takes away the list itself."""
    with opened(folder) as tb:
        named = tb.lists.remove(name, people, reason=reason, author=author)
        return _told(tb, named, "taken off the list", as_json=as_json)


@app.command("import")
def load(
    name: Name,
    file: Annotated[Path, typer.Argument(help="A CSV file with a head.")],
    column: Annotated[
        str, typer.Option(help="Its column; else person, email, user_id, anonymous_id or id.")
    ] = "",
    reason: Reason = "",
    author: Author = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> int:
    """Put the people of a file on a list. Who is not known is told by the number of the row."""
    with opened(folder) as tb:
        named = tb.lists.load(name, file, column, reason=reason, author=author)
        return _told(tb, named, PUT_ON, as_json=as_json)


@app.command()
def show(
    name: Name,
    as_of: AsOf = "",
    limit: Limit = SHOWN,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Show a list and some of its people, now or at any past instant."""
    with opened(folder) as tb:
        at = instant(as_of, tb.clock())
        found = tb.lists.show(name)
        count = tb.lists.count(name, as_of=at)
        people = tb.lists.people(name, as_of=at, limit=limit)
    used = f", used in {', '.join(found.used_in)}" if found.used_in else ""
    lines = [f"{name}: {count:,} people at {shown(at)}{used}"]
    lines += [f"person {person}" for person in people]
    told = {"list": name, "people": count, "as_of": shown(at), "sample": people}
    emit(told | {"used_in": found.used_in}, lines, as_json=as_json)


def _by_locale(said: str) -> tuple[str, str]:
    locale, mark, words = said.partition("=")
    if not mark:
        raise UsageError(f"{said!r} names no language", mend="write en=Running")
    return locale.strip(), words.strip()


def _told(tb: Tailorbird, named: Named, done: str, *, as_json: bool) -> int:
    """Take the change in and print what came of it; return 1 where nobody named is known."""
    tb.ingest()
    lines = [f"{named.changed:,} people {done}; {named.known - named.changed:,} were so already"]
    if named.unknown:
        places = ", ".join(map(str, named.unknown[:SHOWN]))
        more = ", ..." if len(named.unknown) > SHOWN else ""
        lines.append(f"nobody is known as {len(named.unknown):,} of them: number {places}{more}")
    emit(named, lines, as_json=as_json)
    return 1 if named.unknown and not named.known else 0


keep(app, "list", ends_by="delete")
