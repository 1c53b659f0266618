"""`tailorbird templates`: render a file with values, or preview a template as any person."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tailorbird.cli.arguments import DEFAULT_FOLDER, AsJson, Folder, opened
from tailorbird.cli.output import emit, read_text, write
from tailorbird.errors import UsageError

app = typer.Typer(help="Templates.", no_args_is_help=True)


@app.command()
def render(
    file: Annotated[Path, typer.Argument(help="A Liquid template.")],
    data: Annotated[Path | None, typer.Option(help="The values, as a JSON object.")] = None,
) -> None:
    """Render a template file with values and print the result."""
    import msgspec

    from tailorbird import content
    from tailorbird.app import wall_clock

    source = read_text(file)
    try:
        values = msgspec.json.decode(read_text(data)) if data else {}
    except msgspec.DecodeError as error:
        raise UsageError(f"not JSON: {error}", where=str(data), mend="mend that place") from None
    if not isinstance(values, dict):
        raise UsageError(
            "the values are no JSON object", where=str(data), mend='write {"name": ...}'
        )
    template = content.compile(source, syntax="liquid", name=file.name)
    write(template.render(values, now=wall_clock()))


@app.command()
def add(
    file: Annotated[Path, typer.Argument(help="A mail's body in MJML with Liquid.")],
    name: Annotated[str, typer.Option(help="Its name; that of the file when empty.")] = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Check a template file and keep it as a new version."""
    with opened(folder) as tb:
        kept = tb.put("template", name or file.stem, read_text(file))
    line = f"template {kept.name}, version {kept.version}"
    emit({"template": kept.name, "version": kept.version}, [line], as_json=as_json)


@app.command()
def preview(
    name: Annotated[str, typer.Argument(help="The template's name.")],
    person: Annotated[str, typer.Argument(help="Number, address or user id.")],
    variant: Annotated[str, typer.Option(help="A variant of the campaign that uses it.")] = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Show a mail as a person would get it now; nothing is recorded or sent."""
    with opened(folder) as tb:
        found = tb.person(person)
        rendered = tb.readings.preview(name, found, variant, tb.clock())
        if rendered is None:
            known = ", ".join(row.name for row in tb.readings.templates()) or "none yet"
            raise UsageError(f"no template {name!r}", mend=f"templates here: {known}")
    emit(rendered, [f"Subject: {rendered.subject}", "", rendered.text], as_json=as_json)
