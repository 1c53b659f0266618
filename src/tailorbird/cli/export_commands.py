"""`tailorbird templates export`: a template in the language of another provider."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tailorbird.cli.output import read_text, write
from tailorbird.errors import UsageError

if TYPE_CHECKING:
    from tailorbird.content.export import Syntax

_SYNTAXES: dict[str, Syntax] = {".hbs": "handlebars", ".handlebars": "handlebars"}


class Target(StrEnum):
    """A language that templates can be written out in."""

    LIQUID = "liquid"
    HANDLEBARS = "handlebars"
    AMPSCRIPT = "ampscript"


def export(
    file: Annotated[Path, typer.Argument(help="Liquid or Handlebars (.hbs, .handlebars).")],
    to: Annotated[Target, typer.Option(help="The language to write it out in.")],
    blocks: Annotated[
        Path | None, typer.Option(help="A folder of files that the template may call by name.")
    ] = None,
    escape: Annotated[
        bool, typer.Option(help="Make printed values safe in HTML; --no-escape for plain text.")
    ] = True,
) -> None:
    """Print a template in another language; what that cannot say is refused with its place."""
    from tailorbird.content import export as exported

    if file.suffix == ".mjml":
        raise UsageError(
            "MJML cannot be exported", where=file.name, mend="export the HTML that it becomes"
        )
    called = sorted(blocks.glob(f"*{file.suffix}")) if blocks else []
    write(
        exported.export(
            read_text(file),
            to=to.value,
            syntax=_SYNTAXES.get(file.suffix, "liquid"),
            name=file.name,
            blocks={each.stem: read_text(each) for each in called},
            escape=escape,
            plain=not escape,
        )
    )
