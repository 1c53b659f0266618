"""`tailorbird plan`, `apply`, `pull`, `diff`, `rollback`: definitions as files in git."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from tailorbird.cli.arguments import DEFAULT_FOLDER, AsJson, Author, Folder, Reason, opened
from tailorbird.cli.output import emit, write
from tailorbird.errors import UsageError

if TYPE_CHECKING:
    from tailorbird.as_code import Plan, Pulled
    from tailorbird.edits import EditSet

Files = Annotated[Path, typer.Argument(help="The folder of files, such as a git checkout.")]
Prune = Annotated[bool, typer.Option("--prune", help="Also remove what no file has.")]
HERE = Path()


def plan(
    files: Files = HERE,
    prune: Prune = False,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> int:
    """Show what files would change: texts, people and mails; nothing is kept.

    Ends with 1 where something is wrong; all of that is told at once.
    """
    from tailorbird import as_code

    read = as_code.read_folder(files)
    with opened(folder) as tb:
        found = as_code.draft(tb.world, read, tb.clock(), prune=prune).plan
    emit(found, _lines(found), as_json=as_json)
    return 1 if found.faults else 0


def apply(
    files: Files = HERE,
    author: Author = "",
    reason: Reason = "",
    prune: Prune = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Take back what was changed here since.")
    ] = False,
    planned: Annotated[
        str, typer.Option("--plan", help="The digest of the plan, or a file of `plan --json`.")
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Put what files change in force: all of it, or nothing where anything is wrong."""
    from tailorbird import as_code

    read = as_code.read_folder(files)
    with opened(folder) as tb:
        if not yes:
            _ask(as_code.draft(tb.world, read, tb.clock(), prune=prune).plan)
        kept = as_code.apply(
            tb.world, read, tb.clock(), author=author, reason=reason, prune=prune,
            overwrite=overwrite, planned=_digest(planned),
        )  # fmt: skip
    emit(kept, _kept(kept), as_json=as_json)


def pull(
    files: Files = HERE,
    shipped: Annotated[
        bool, typer.Option("--shipped", help="Also what comes with Tailorbird.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Also over changes that are not applied.")
    ] = False,
    author: Author = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> int:
    """Write what stands to files, byte for byte; what is equal is not touched.

    A file that was edited and not applied is left alone; ends with 1 where that hides a change.
    """
    from tailorbird import as_code

    files.mkdir(parents=True, exist_ok=True)
    read = as_code.read_folder(files)
    with opened(folder) as tb:
        found = as_code.pull(
            tb.world, files, read, tb.clock(), author=author, shipped=shipped, overwrite=overwrite
        )
    emit(found, _pulled(found), as_json=as_json)
    return 1 if any(each.done in ("conflict", "unwritable") for each in found) else 0


def _ask(found: Plan) -> None:
    """Show a plan and ask whether to go on.

    Raises:
        UsageError: nobody can be asked.
    """
    from tailorbird import as_code

    as_code.refuse_faults(found.faults)
    if not found.changes:
        return
    if not sys.stdin.isatty():
        raise UsageError("nobody can be asked whether to go on", mend="look at `plan`, say --yes")
    for line in _lines(found):
        write(line)
    typer.confirm(f"apply {len(found.changes)} changes?", abort=True)


def _digest(planned: str) -> str:
    """Return the digest that an option gives, or that the file of a plan has."""
    import msgspec

    from tailorbird.as_code import Plan
    from tailorbird.cli.output import read_text

    if not planned or not Path(planned).is_file():
        return planned
    try:
        return msgspec.json.decode(read_text(Path(planned)), type=Plan).digest
    except msgspec.MsgspecError:
        mend = "write it by `tailorbird plan --json > FILE`"
        raise UsageError("this is no plan", where=planned, mend=mend) from None


def _lines(found: Plan) -> list[str]:
    lines = [line for change in found.changes for line in change.diff.rstrip("\n").split("\n")]
    lines += [each.sentence() for each in found.faults]
    lines += [f"{each.kind} {each.name}: in no file" for each in found.extras]
    return lines or ["nothing to do"]


def _kept(kept: EditSet | None) -> list[str]:
    if kept is None:
        return ["nothing to do"]
    done = [each for each in kept.edits if each.version != each.before]
    return [f"applied as {kept.number}: {len(done)} changes"]


def _pulled(found: list[Pulled]) -> list[str]:
    return [f"{each.done:<10} {each.path}" for each in found] or ["nothing to do"]


COMMANDS: Final = (plan, apply, pull)
