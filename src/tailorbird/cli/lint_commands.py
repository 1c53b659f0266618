"""`tailorbird templates lint` and `blocks`: what is wrong with a mail, what it is made of."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tailorbird.cli.arguments import AsJson
from tailorbird.cli.output import emit, read_text, table


def lint(
    file: Annotated[
        Path, typer.Argument(help="A mail or a block: MJML, plain HTML, or AMP (.amp.html).")
    ],
    blocks: Annotated[
        Path | None, typer.Option(help="A folder of blocks that the mail may call by name.")
    ] = None,
    transactional: Annotated[
        bool, typer.Option(help="The mail answers its reader, so it needs no way out.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check a mail for everybody's eyes, for mail readers and for the law; errors end with 1."""
    from tailorbird.content import library
    from tailorbird.content.lint import lint_file

    own = {each.stem: read_text(each) for each in sorted(blocks.glob("*.mjml"))} if blocks else {}
    found = lint_file(file.name, read_text(file), {**library(), **own}, transactional=transactional)
    lines = [each.sentence() for each in found] or [f"{file.name}: nothing to mend"]
    emit(found, lines, as_json=as_json)
    if any(each.severity == "error" for each in found):
        raise typer.Exit(1)


def list_blocks(
    tag: Annotated[
        list[str] | None, typer.Option(help="Only blocks with this tag; may be given more often.")
    ] = None,
    blocks: Annotated[
        Path | None, typer.Option(help="A folder of further blocks, listed with ours.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the blocks that a mail may call: what each is for, what it needs, its tags."""
    from tailorbird.content import library
    from tailorbird.content.library import described

    own = {each.stem: read_text(each) for each in sorted(blocks.glob("*.mjml"))} if blocks else {}
    found = described({**library(), **own}, frozenset(tag or ()))
    rows = [
        (each.name, ", ".join(each.tags), ", ".join(each.needs), each.purpose) for each in found
    ]
    emit(found, table(("block", "tags", "needs", "purpose"), rows), as_json=as_json)
