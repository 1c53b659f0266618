"""`tailorbird images`: keep a picture, draw it as somebody would see it, link to it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tailorbird.cli.arguments import DEFAULT_FOLDER, AsJson, Author, Folder, Reason, opened
from tailorbird.cli.kept_commands import keep, put_file
from tailorbird.cli.output import emit, table, writing

app = typer.Typer(help="Pictures that are drawn when a mail is opened.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The image's name.")]
Who = Annotated[str, typer.Option("--person", help="Number, address or user id; else anybody.")]


@app.command()
def add(
    file: Annotated[Path, typer.Argument(help="An image in YAML.")],
    author: Author = "",
    reason: Reason = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Check an image and keep it as a new version."""
    put_file("image", file, author, reason, folder, as_json=as_json)


@app.command("list")
def list_images(folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """List every image with its size."""
    from tailorbird import letters

    with opened(folder) as tb:
        found = letters.standing_images(tb.world)
    rows = [
        (each.written.image, version, " x ".join(map(str, each.written.size)),
         "each person" if each.personal() else "everybody", each.written.description)
        for each, version in found
    ]  # fmt: skip
    headings = ("image", "version", "size", "for", "description")
    told = [dict(zip(headings, row, strict=True)) for row in rows]
    emit(told, table(headings, rows) if rows else ["no image yet"], as_json=as_json)


@app.command()
def render(
    name: Name,
    out: Annotated[Path, typer.Option(help="The PNG file to write.")],
    person: Who = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Draw an image as a person would see it now, as PNG."""
    from tailorbird import letters
    from tailorbird.web.images import house_fonts

    with opened(folder) as tb:
        studio = letters.Studio(tb.world, house_fonts())
        shown = studio.of_person(name, tb.person(person) if person else 0, tb.clock())
        picture = studio.png(shown)
    with writing(out):
        out.write_bytes(picture)
    found = {"file": str(out), "bytes": len(picture), "digest": shown.digest}
    emit(found, [f"{out}: {len(picture):,} bytes"], as_json=as_json)


@app.command()
def link(
    name: Name, person: Who = "", folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False
) -> None:
    """Print an image's signed address for one person, or for anybody."""
    from tailorbird import letters

    with opened(folder) as tb:
        url = letters.image_link(tb.world, name, tb.person(person) if person else 0, tb.clock())
    emit({"url": url}, [url], as_json=as_json)


keep(app, "image")
