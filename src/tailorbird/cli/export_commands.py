"""`tailorbird templates export`: a template in the language of another provider."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tailorbird.cli.output import read_text, write

if TYPE_CHECKING:
    from tailorbird.content.export import Dialect, Syntax

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
    """Print a template in another language; what that cannot say is refused with its place.

    Of MJML the HTML is printed that it becomes, with the blocks that come with Tailorbird in place.
    """
    from tailorbird.content import export as exported

    called = sorted(blocks.glob(f"*{file.suffix}")) if blocks else []
    known = {each.stem: read_text(each) for each in called}
    if file.suffix == ".mjml":
        write(_mail(file, known, to.value))
        return
    write(
        exported.export(
            read_text(file),
            to=to.value,
            syntax=_SYNTAXES.get(file.suffix, "liquid"),
            name=file.name,
            blocks=known,
            escape=escape,
            plain=not escape,
        )
    )


def _mail(file: Path, known: dict[str, str], to: Dialect) -> str:
    from tailorbird.content.email import written
    from tailorbird.content.export import export_mail
    from tailorbird.content.library import library

    return export_mail(written(file.name, {}, read_text(file)), {**library(), **known}, to=to)
