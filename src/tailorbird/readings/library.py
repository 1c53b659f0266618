"""What templates are put together from: the blocks in force, the texts of each locale."""

from __future__ import annotations

from tailorbird.content.library import described
from tailorbird.errors import TailorbirdError
from tailorbird.letters.texts import PAGE, parse_texts
from tailorbird.schema import Definition
from tailorbird.views.library import BlockRow, TextsRow
from tailorbird.world import World


def blocks(world: World) -> tuple[BlockRow, ...]:
    """Return every block, by name."""
    return tuple(_block(found) for found in world.definitions.latest("block"))


def texts(world: World) -> tuple[TextsRow, ...]:
    """Return the texts of every locale, by locale."""
    rows = [_texts(found) for found in world.definitions.latest("texts")]
    names = {name for row in rows for name in row.texts if not name.startswith(PAGE)}
    return tuple(
        TextsRow(
            row.locale, row.version, row.texts, tuple(sorted(names - row.texts.keys())), row.trouble
        )
        for row in rows
    )


def _block(found: Definition) -> BlockRow:
    try:
        (said,) = described({found.name: found.text})
    except TailorbirdError as error:
        return BlockRow(found.name, found.version, found.name, trouble=error.sentence())
    return BlockRow(
        name=said.name,
        version=found.version,
        title=said.title,
        purpose=said.purpose,
        needs=said.needs,
        takes=said.takes,
        tags=said.tags,
        example=said.example,
    )


def _texts(found: Definition) -> TextsRow:
    try:
        entries = parse_texts(found.text, found.name)
    except TailorbirdError as error:
        return TextsRow(found.name, found.version, {}, trouble=error.sentence())
    return TextsRow(found.name, found.version, dict(entries))
