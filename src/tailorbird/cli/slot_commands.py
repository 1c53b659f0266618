"""`tailorbird slots` and `tailorbird texts`: what chooses blocks, and words in other languages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tailorbird.cli.arguments import DEFAULT_FOLDER, AsJson, Author, Folder, Reason, opened
from tailorbird.cli.kept_commands import keep, put_file
from tailorbird.cli.output import emit, table
from tailorbird.errors import UsageError

app = typer.Typer(help="Slots, whose rules choose a block for each person.", no_args_is_help=True)
texts = typer.Typer(help="Texts of templates in other languages.", no_args_is_help=True)


@app.command()
def add(
    file: Annotated[Path, typer.Argument(help="A slot with its rules, in YAML.")],
    author: Author = "",
    reason: Reason = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Check a slot and keep it as a new version; a rule that nobody can reach is refused."""
    put_file("slot", file, author, reason, folder, as_json=as_json)


@app.command("list")
def list_slots(folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """List every slot with the blocks that it may show."""
    with opened(folder) as tb:
        found = tb.readings.slots()
    rows = [(each.name, each.version, ", ".join(each.blocks), each.description) for each in found]
    emit(found, table(("slot", "version", "blocks", "description"), rows), as_json=as_json)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="The slot's name.")],
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Show the rules of a slot in words, in the order in which they are tried."""
    with opened(folder) as tb:
        found = {each.name: each for each in tb.readings.slots()}
    if name not in found:
        known = ", ".join(found) or "none yet"
        raise UsageError(f"no slot {name!r}", mend=f"slots here: {known}")
    slot = found[name]
    lines = [f"{name}, version {slot.version}: {slot.description}".rstrip(": ")]
    lines += [
        f"{'  ' * (rule.number.count('.') + 1)}{rule.number}  {rule.text}" for rule in slot.rules
    ]
    emit(slot, lines, as_json=as_json)


@texts.command("list")
def list_texts(folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """List the locales that there are texts in, each with how many."""
    from tailorbird.letters.texts import parse_texts

    with opened(folder) as tb:
        kept = tb.world.definitions.latest("texts")
    read = [(each, sorted(parse_texts(each.text, each.name))) for each in kept]
    found = [
        {"locale": each.name, "version": each.version, "entries": entries} for each, entries in read
    ]
    rows = [(each.name, each.version, len(entries)) for each, entries in read]
    emit(found, table(("locale", "version", "texts"), rows), as_json=as_json)


@texts.command("add")
def add_texts(
    file: Annotated[Path, typer.Argument(help="Texts of one locale, in YAML: `texts/de.yaml`.")],
    author: Author = "",
    reason: Reason = "",
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Check the texts of a locale and keep them as a new version."""
    put_file("texts", file, author, reason, folder, as_json=as_json)


keep(app, "slot")
