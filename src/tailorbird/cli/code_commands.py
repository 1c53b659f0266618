"""`tailorbird plan`, `diff`, `apply`, `pull`, `rollback`, `history`: definitions as files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from tailorbird.cli.arguments import DEFAULT_FOLDER, AsJson, Author, Folder, Reason, opened, shown
from tailorbird.cli.code_lines import diff_lines, kept_lines, plan_lines
from tailorbird.cli.output import emit, read_text, table, write, writing
from tailorbird.errors import UsageError

if TYPE_CHECKING:
    from tailorbird.as_code import DefinitionPlan
    from tailorbird.edits import EditSet, Key

KEY_VARIABLE: Final = "TB_KEY"
Files = Annotated[Path, typer.Argument(help="The folder of files, such as a git checkout.")]
Prune = Annotated[bool, typer.Option("--prune", help="Also remove what no file has.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Take back what was changed since.")]
End = Annotated[
    bool, typer.Option("--end", help="End the way of those in journeys that are removed.")
]
Server = Annotated[
    str, typer.Option(help="Ask this running server, instead of opening a data folder.")
]
SecretKey = Annotated[
    str, typer.Option("--key", envvar=KEY_VARIABLE, help="A secret key with the scope write.")
]
HERE: Final = Path()


def plan(
    files: Files = HERE,
    prune: Prune = False,
    server: Server = "",
    key: SecretKey = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> int:
    """Show what files would change: texts, people and mails; nothing is kept.

    Ends with 1 where something is wrong; all of that is told at once.
    """
    from tailorbird import as_code
    from tailorbird.cli.code_sides import side

    read = as_code.read_folder(files)
    with side(folder, server, key) as there:
        found = there.plan(read, prune=prune, people=True)
    emit(found, plan_lines(found), as_json=as_json)
    return 1 if found.faults else 0


def diff(
    files: Files = HERE,
    prune: Prune = False,
    server: Server = "",
    key: SecretKey = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> int:
    """Show how the texts of files differ from what stands; nobody is counted.

    Ends with 1 where they do.
    """
    from tailorbird import as_code
    from tailorbird.cli.code_sides import side

    read = as_code.read_folder(files)
    with side(folder, server, key) as there:
        found = there.plan(read, prune=prune, people=False)
    emit(found, diff_lines(found), as_json=as_json)
    return 1 if found.changes or found.settings or found.faults else 0


def apply(
    files: Files = HERE,
    author: Author = "",
    reason: Reason = "",
    prune: Prune = False,
    overwrite: Overwrite = False,
    end: End = False,
    planned: Annotated[
        str, typer.Option("--plan", help="The plan that was looked at: its digest, or its file.")
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    server: Server = "",
    key: SecretKey = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Put what files change in force: all of it, or nothing where anything is wrong.

    It is refused where files or definitions moved on since the plan (`plan --json > FILE`).
    """
    from tailorbird import as_code
    from tailorbird.cli.code_sides import side

    read, seen = as_code.read_folder(files), _digest(planned)
    with side(folder, server, key) as there:
        if not (yes or seen):
            seen = _agreed(there.plan(read, prune=prune, people=True))
        kept = there.apply(
            read, author=author, reason=reason, prune=prune, overwrite=overwrite, end=end,
            planned=seen,
        )  # fmt: skip
    emit(kept, kept_lines(kept), as_json=as_json)


def pull(
    files: Files = HERE,
    shipped: Annotated[
        bool, typer.Option("--shipped", help="Also what comes with Tailorbird.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Also over changes that are not applied.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell.")] = False,
    author: Author = "",
    server: Server = "",
    key: SecretKey = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> int:
    """Write what stands to files, byte for byte; what is equal is not touched.

    A file that was edited and not applied is left alone. Ends with 1 where that hides a change.
    """
    from tailorbird import as_code
    from tailorbird.cli.code_sides import side

    files.mkdir(parents=True, exist_ok=True)
    read = as_code.read_folder(files)
    with side(folder, server, key) as there:
        found = there.pull(
            files, read, author=author, shipped=shipped, overwrite=overwrite, dry_run=dry_run
        )
    lines = [f"{each.done:<10} {each.path}  {TOLD[each.done]}".rstrip() for each in found]
    emit(found, lines or ["nothing to do: the files are what stands"], as_json=as_json)
    return 1 if any(each.done in ("conflict", "unwritable") for each in found) else 0


def rollback(
    kind: Annotated[str, typer.Argument(help="Its kind: segment, campaign ...")] = "",
    name: Annotated[str, typer.Argument(help="Its name.")] = "",
    to: Annotated[
        int | None, typer.Option(min=1, help="Which version; the one before the present one.")
    ] = None,
    number: Annotated[
        int | None, typer.Option("--apply", min=1, help="Take back all that was applied so.")
    ] = None,
    author: Author = "",
    reason: Reason = "",
    overwrite: Overwrite = False,
    end: End = False,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Put an earlier text in force again as a new version, or take back all of one apply."""
    from tailorbird import as_code

    if bool(name) == (number is not None):
        mend = "give a kind and a name, or --apply NUMBER"
        raise UsageError("say what to roll back", mend=mend)
    with opened(folder) as tb:
        world, now = tb.world, tb.clock()
        kept: EditSet | None
        if number is not None:
            kept = as_code.roll_back_set(
                world, number, now, author=author, reason=reason, overwrite=overwrite, end=end
            )
        else:
            kept = as_code.roll_back(
                world, _key(kind, name), now, author=author, reason=reason, to=to, end=end
            )
        told = as_code.kept_now(world, kept, now)
    emit(told, kept_lines(told), as_json=as_json)


def history(
    kind: Annotated[str, typer.Argument(help="Its kind; all that was applied when empty.")] = "",
    name: Annotated[str, typer.Argument(help="Its name.")] = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """List the versions of a definition with author and reason, or everything applied."""
    with opened(folder) as tb:
        if name:
            kept = tb.world.definitions.versions(*_key(kind, name))
            rows = [
                (v.version, shown(v.created_at), v.author, "removed" if v.removed else v.reason)
                for v in kept
            ]
            emit(kept, table(("version", "kept", "by", "why"), rows), as_json=as_json)
            return
        sets = tb.world.definitions.edit_sets()
    found = [(s.number, s.how, shown(s.at), s.author, s.reason, len(s.edits)) for s in sets]
    heads = ("number", "how", "when", "by", "why", "definitions")
    emit(sets, table(heads, found), as_json=as_json)


def schema(
    name: Annotated[str, typer.Argument(help="Its kind, or settings; a list when empty.")] = "",
    to: Annotated[
        Path | None, typer.Option(help="A folder: KIND.json of it, or of all, goes there.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print the JSON Schema of a kind of definition, for editors and programs; or write files."""
    from tailorbird.as_code import schemas

    if to is not None:
        texts = {each: schemas.schema_text(each) for each in ([name] if name else schemas.names())}
        files = [_written(to / f"{each}.json", text) for each, text in texts.items()]
        emit(files, [f"{len(files)} in {to}"], as_json=as_json)
    elif name:
        text = schemas.schema_text(name)
        emit(schemas.schema(name), text.rstrip("\n").split("\n"), as_json=as_json)
    else:
        emit(schemas.names(), schemas.names(), as_json=as_json)


def _written(path: Path, text: str) -> str:
    """Write a file, its folder too, and return where. Raises UsageError where that cannot be."""
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return str(path)


def _agreed(found: DefinitionPlan) -> str:
    """Show a plan, ask whether to go on, and return its digest.

    Raises:
        UsageError: nobody can be asked. DefinitionError: it has faults.
    """
    from tailorbird import as_code

    as_code.refuse_faults(found.faults)
    if found.changes or found.settings:
        if not sys.stdin.isatty():
            mend = "look at `tailorbird plan`, then say --yes or --plan FILE"
            raise UsageError("nobody can be asked whether to go on", mend=mend)
        for line in plan_lines(found):
            write(line)
        typer.confirm(f"Apply {len(found.changes)} changes?", abort=True)
    return found.digest


def _digest(planned: str) -> str:
    """Return the digest that an option gives, or that the file of a plan has."""
    import msgspec

    from tailorbird.as_code import DefinitionPlan

    if not planned or not Path(planned).is_file():
        return planned
    try:
        return msgspec.json.decode(read_text(Path(planned)), type=DefinitionPlan).digest
    except msgspec.MsgspecError:
        mend = "write it by `tailorbird plan --json > FILE`"
        raise UsageError("this is no plan", where=planned, mend=mend) from None


def _key(kind: str, name: str) -> Key:
    """Return what names a definition.

    Raises:
        UsageError: there is no such kind.
    """
    from tailorbird.as_code.places import kind_named

    return kind_named(kind), name


TOLD: Final = {
    "new": "written", "changed": "written", "removed": "it was removed here",
    "edited": "left alone: edited and not applied",
    "conflict": "left alone: edited and not applied, and changed here too; apply or --overwrite",
    "kept": "left alone: not applied yet",
    "unwritable": "not written: its name cannot be a file's",
}  # fmt: skip
COMMANDS: Final = (plan, diff, apply, pull, rollback, history, schema)
