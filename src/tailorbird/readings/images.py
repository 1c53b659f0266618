"""Pictures of mails: what stands, and how a text would be drawn."""

from __future__ import annotations

from base64 import b64encode

from tailorbird import letters
from tailorbird.content.images import Said, parse_image
from tailorbird.errors import TailorbirdError
from tailorbird.readings import definitions
from tailorbird.schema import Definition, Instant, PersonId
from tailorbird.views.images import ImageReport, ImageRow, ImageTrial
from tailorbird.world import World

_ROOTS = ("countdown", "locale", "person", "shop", "traits")


def rows(world: World) -> tuple[ImageRow, ...]:
    """Return every picture in force, by name."""
    return tuple(_row(world, found) for found in world.definitions.latest("image"))


def report(world: World, name: str) -> ImageReport | None:
    """Return one picture with its text and where it is used; None where there is none."""
    found = world.definitions.get("image", name)
    if found is None:
        return None
    row, used = _row(world, found), definitions.uses(world, "image", name)
    if row.trouble:
        return ImageReport(row, found.text, (), (), used)
    image = parse_image(found.text, f"images/{name}.yaml", zone=world.settings.shop.zone)
    reads = sorted(f"{root}.{each}" for root in _ROOTS for each in image.reads(root))
    files = dict.fromkeys((*image.pictures(), *sorted(image.fonts())))
    return ImageReport(row, found.text, tuple(reads), tuple(files), used)


def trial(
    world: World, studio: letters.Studio, name: str, text: str, person: PersonId, now: Instant
) -> ImageTrial:
    """Return how a text would be drawn for a person, or for anybody (0); nothing is kept.

    Raises:
        DefinitionError: with the line and the mend.
    """
    letters.check_image(world, name, text)
    shown = studio.of_text(name, text, person, now)
    picture = studio.png(shown)
    width, height = shown.drawing.size
    said = tuple(part.text for part in shown.drawing.parts if isinstance(part, Said))
    address = f"data:image/png;base64,{b64encode(picture).decode()}"
    return ImageTrial(width, height, address, len(picture), said)


def _row(world: World, found: Definition) -> ImageRow:
    try:
        image = parse_image(found.text, f"images/{found.name}.yaml", zone=world.settings.shop.zone)
    except TailorbirdError as error:
        return ImageRow(found.name, found.version, trouble=error.sentence())
    width, height = image.written.size
    described = image.written.description
    return ImageRow(found.name, found.version, width, height, image.personal(), described)
