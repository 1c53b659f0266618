"""What groups, clusters, lists, templates and slots have alike: versions, uses, and an end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tailorbird.cli.arguments import (
    DEFAULT_FOLDER,
    AsJson,
    Author,
    Folder,
    Reason,
    opened,
    shown,
)
from tailorbird.cli.output import emit, read_text, table
from tailorbird.errors import UsageError

if TYPE_CHECKING:
    from tailorbird.app import Tailorbird
    from tailorbird.removing import Kind
    from tailorbird.schema import DefinitionKind

Name = Annotated[str, typer.Argument(help="Its name.")]


def put_file(
    kind: DefinitionKind, file: Path, author: str, reason: str, folder: Path, *, as_json: bool
) -> None:
    """Keep a file as a new version of the definition that has its name, and say so.

    What it names that has not come yet is noted on standard error.
    """
    with opened(folder) as tb:
        kept = tb.put(kind, file.stem, read_text(file), author=author, reason=reason)
        note(tb, kind, kept.name)
    emit(kept, [f"{kind} {kept.name}, version {kept.version}"], as_json=as_json)


def note(tb: Tailorbird, kind: DefinitionKind, name: str) -> None:
    """Say on standard error what a definition that stands names and what has not come yet."""
    from tailorbird import noting

    for line in noting.standing(tb.world, kind, name):
        typer.echo(f"note: {line}", err=True)


def keep(app: typer.Typer, kind: Kind, *, ends_by: str = "remove") -> None:
    """Give the commands of a kind of definition `versions`, `used`, and what takes it away."""

    @app.command(help=f"List every version of {_said(kind)}, the newest first.")
    def versions(name: Name, folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
        with opened(folder) as tb:
            kept = tb.world.definitions.versions(kind, name)
        if not kept:
            raise UsageError(f"there was never a {kind} {name!r}", mend=f"see `{_list(kind)}`")
        rows = [
            (v.version, shown(v.created_at), v.author, "removed" if v.removed else v.reason)
            for v in kept
        ]
        emit(kept, table(("version", "kept", "by", "why"), rows), as_json=as_json)

    @app.command(help=f"List the definitions that rest on {_said(kind)}.")
    def used(name: Name, folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
        from tailorbird import removing

        with opened(folder) as tb:
            found = removing.uses(tb.world, kind, name)
        rows = [(each.kind, each.name, each.how) for each in found]
        lines = table(("kind", "name", "as"), rows) if rows else [f"nothing rests on {name}"]
        emit(found, lines, as_json=as_json)

    @app.command(ends_by, help=f"Take {_said(kind)} out of force, unless something rests on it.")
    def remove(
        name: Name,
        author: Author = "",
        reason: Reason = "",
        folder: Folder = DEFAULT_FOLDER,
        as_json: AsJson = False,
    ) -> None:
        from tailorbird import removing

        with opened(folder) as tb:
            now = tb.clock()
            kept = removing.remove(tb.world, kind, name, now=now, author=author, reason=reason)
        line = f"{kind} {name} is no more; it was version {kept.version}, and can be added again"
        emit({kind: name, "version": kept.version}, [line], as_json=as_json)


def _said(kind: Kind) -> str:
    return {
        "groups": "a list of groups", "clusters": "clusters", "list": "a list",
        "template": "a template", "slot": "a slot", "image": "an image",
        "recommendations": "rules of recommendation",
    }[kind]  # fmt: skip


def _list(kind: Kind) -> str:
    return f"tailorbird {kind.removesuffix('s')}s list"
