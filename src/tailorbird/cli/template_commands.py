"""`tailorbird templates`: render a file with values, or preview a template as any person."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tailorbird.cli.arguments import DEFAULT_FOLDER, AsJson, AsOf, Folder, instant, opened
from tailorbird.cli.kept_commands import keep
from tailorbird.cli.output import emit, read_text, table, write
from tailorbird.errors import UsageError

if TYPE_CHECKING:
    from tailorbird.content import Syntax
    from tailorbird.schema import Instant
    from tailorbird.views import Preview

app = typer.Typer(help="Templates.", no_args_is_help=True)


_SYNTAXES: dict[str, Syntax] = {".hbs": "handlebars", ".handlebars": "handlebars"}


@app.command("list")
def list_templates(folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """List every template with the variants of the campaign that uses it."""
    with opened(folder) as tb:
        found = tb.readings.templates()
    rows = [(each.name, each.version, ", ".join(each.variants)) for each in found]
    lines = table(("template", "version", "variants"), rows)
    emit(found, lines if rows else ["none yet; `tailorbird templates add FILE`"], as_json=as_json)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="The template's name.")],
    version: Annotated[int | None, typer.Option(min=1, help="An earlier version.")] = None,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Print a template as its author wrote it."""
    with opened(folder) as tb:
        kept = tb.world.definitions.get("template", name, version)
    if kept is None:
        which = f", version {version}" if version else ""
        raise UsageError(f"no template {name!r}{which}", mend="see `tailorbird templates list`")
    emit(kept, [kept.text.rstrip("\n")], as_json=as_json)


@app.command()
def render(
    file: Annotated[
        Path, typer.Argument(help="Liquid, Handlebars (.hbs, .handlebars) or a mail (.mjml).")
    ],
    data: Annotated[Path | None, typer.Option(help="The values, as a JSON object.")] = None,
    blocks: Annotated[
        Path | None, typer.Option(help="A folder of files that the template may call by name.")
    ] = None,
) -> None:
    """Render a template file with values and print the result."""
    from tailorbird.app import wall_clock

    values = _values(data) if data else {}
    write(_rendered(file, _blocks(blocks, file.suffix) if blocks else {}, values, wall_clock()))


def _values(file: Path) -> dict[str, Any]:
    import msgspec

    try:
        values = msgspec.json.decode(read_text(file))
    except msgspec.DecodeError as error:
        raise UsageError(f"not JSON: {error}", where=str(file), mend="mend that place") from None
    if not isinstance(values, dict):
        raise UsageError(
            "the values are no JSON object", where=str(file), mend='write {"name": ...}'
        )
    return values


def _blocks(folder: Path, suffix: str) -> dict[str, str]:
    """Return the files of a folder that have the template's suffix, by their names without it."""
    return {file.stem: read_text(file) for file in sorted(folder.glob(f"*{suffix}"))}


def _rendered(file: Path, blocks: dict[str, str], values: dict[str, Any], now: Instant) -> str:
    from tailorbird import content

    source = read_text(file)
    if file.suffix == ".mjml":
        mail = content.EmailSource(name=file.name, subjects={}, mjml=source)
        compiled = content.compile_email(mail, {**content.library(), **blocks})
        return compiled.html(values, lambda url, index: url, "", now)
    syntax = _SYNTAXES.get(file.suffix, "liquid")
    template = content.compile(source, syntax=syntax, name=file.name, blocks=blocks)
    return template.render(values, now=now)


@app.command()
def add(
    file: Annotated[Path, typer.Argument(help="A mail's body in MJML with Liquid.")],
    name: Annotated[str, typer.Option(help="Its name; that of the file when empty.")] = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Check a template file and keep it as a new version; NAME.amp.html beside it goes with it."""
    with opened(folder) as tb:
        kept = tb.put("template", name or file.stem, _with_amp(file))
    line = f"template {kept.name}, version {kept.version}"
    emit({"template": kept.name, "version": kept.version}, [line], as_json=as_json)


@app.command()
def check(
    name: Annotated[str, typer.Argument(help="The template's name.")],
    segment: Annotated[str, typer.Option(help="For whom: a segment.")] = "",
    event: Annotated[
        str, typer.Option(help="Against what an event says, for a mail that it sets off.")
    ] = "",
    people: Annotated[
        str, typer.Option(help="List the people of a finding, such as `lacks:person.first_name`.")
    ] = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> int:
    """Check a template and make its mail for everybody in a segment; nothing is sent.

    With an event, check that it reads only what that event says, as `event.properties.NAME`, by
    the tracking plan and by what has come. Ends with 1 where something stands in the way.
    """
    from tailorbird.cli.checking import check_audience, check_event

    if bool(segment) == bool(event):
        raise UsageError("a segment or an event is needed", mend="give --segment or --event")
    if event:
        return check_event(name, event, folder, as_json=as_json)
    return check_audience(name, segment, people, folder, as_json=as_json)


def _with_amp(file: Path) -> str:
    """Return a mail's text and, behind it, that of its AMP part, which stands beside it."""
    beside = file.with_suffix(".amp.html")
    return f"{read_text(file)}\n{read_text(beside)}" if beside.is_file() else read_text(file)


@app.command()
def preview(
    name: Annotated[str, typer.Argument(help="The template's name.")],
    person: Annotated[str, typer.Argument(help="Number, address or user id.")] = "",
    as_person: Annotated[
        str, typer.Option("--person", help="The same, as an option.", metavar="PERSON")
    ] = "",
    variant: Annotated[str, typer.Option(help="A variant of the campaign that uses it.")] = "",
    as_of: AsOf = "",
    text: Annotated[bool, typer.Option("--text", help="Print the text part alone.")] = False,
    html: Annotated[bool, typer.Option("--html", help="Print the HTML part alone.")] = False,
    subject: Annotated[bool, typer.Option("--subject", help="Print the subject alone.")] = False,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Show a mail as a person would get it, now or at a past instant; nothing is recorded."""
    if not (person or as_person):
        raise UsageError("nobody is named", mend="add a person's number, address or user id")
    with opened(folder) as tb:
        found = tb.person(person or as_person)
        rendered = tb.readings.preview(name, found, variant, instant(as_of, tb.clock()))
        if rendered is None:
            known = ", ".join(row.name for row in tb.readings.templates()) or "none yet"
            raise UsageError(f"no template {name!r}", mend=f"templates here: {known}")
    parts = {"text": text, "html": html, "subject": subject}
    lines = [getattr(rendered, part) for part, wanted in parts.items() if wanted]
    emit(rendered, lines or _preview(rendered), as_json=as_json)


def _preview(rendered: Preview) -> list[str]:
    lines = [f"Subject: {rendered.subject}", "", rendered.text, *rendered.because]
    if rendered.missing:
        told = ", ".join(rendered.missing)
        lines.append(f"this person would get no such mail: {told} would be printed and is missing")
    return lines


keep(app, "template")
