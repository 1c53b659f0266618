"""Pictures of mails, for whoever opens them: her values and the stock are those of that moment."""

from __future__ import annotations

import unicodedata
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tailorbird import imputation, learning, yaml_text
from tailorbird.content import compile as compiled
from tailorbird.content.images import Drawing, Image, Tile, parse_image
from tailorbird.content.locales import normal
from tailorbird.errors import DefinitionError, UsageError
from tailorbird.letters.given import PERSONAL, Values, shown_traits
from tailorbird.letters.picks import recommendations
from tailorbird.privacy.permit import Permit, permit
from tailorbird.schema import Decision, Instant, PersonId, Product, Profile
from tailorbird.tracking import image_links
from tailorbird.tracking.tokens import Sealer
from tailorbird.traits.registry import TRAITS as COMPUTED
from tailorbird.world import World
from tailorbird.yaml_text import nearest

if TYPE_CHECKING:
    from tailorbird.content.images.fonts import Fonts
    from tailorbird.content.images.paint import Painter

FOLDER: Final = "images"
"""In the data folder: pictures and fonts; below it `products`, one picture for each."""
KEPT_BYTES: Final = 16 * 1024 * 1024
"""Of PNG that was drawn; what was not asked for longest goes first."""
_CATALOGUE: Final = """
SELECT item FROM products WHERE stock IS NULL OR stock > 0
ORDER BY category = ? DESC NULLS LAST, updated_at DESC, item LIMIT ?
"""
_PRICE: Final = compiled("{{ price_minor | money: currency }}", name="price")


class Shown(msgspec.Struct, frozen=True):
    """A picture as somebody gets it now. `digest` is alike exactly where the picture is."""

    drawing: Drawing
    digest: str
    fresh_seconds: int
    personal: bool


class Studio:
    """Draws the pictures of one data folder; the last ones are kept, up to 16 MiB."""

    def __init__(self, world: World, house: Sequence[Path] = ()) -> None:
        self._world = world
        self._sealer = Sealer(world.token_key)
        self._house = tuple(house)
        self._painter: Painter | None = None
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0
        self._lock = Lock()

    def opened(self, name: str, token: str, now: Instant) -> Shown | None:
        """Return what the holder of a token sees now; None where it is forged or of no picture.

        Whoever was erased, and whoever does not agree to personalisation (any more), sees what
        anybody would.
        """
        link = image_links.unseal(self._sealer, token, name, now)
        if link is None or self._world.definitions.get("image", name) is None:
            return None
        decision = self._world.ledger.decision(link.send_id) if link.send_id else None
        person = decision.person if decision else link.person
        return self._shown(_found(self._world, name), person, decision, now)

    def of_person(self, name: str, person: PersonId, now: Instant) -> Shown:
        """Return what a person would see now; of 0, what anybody would.

        Raises:
            UsageError: there is no such picture.
        """
        return self._shown(_found(self._world, name), person, None, now)

    def of_text(self, name: str, text: str, person: PersonId, now: Instant) -> Shown:
        """Return what a person (0: anybody) would see of a text that is not kept.

        Raises:
            DefinitionError: with the line and the mend.
        """
        image = parse_image(text, f"images/{name}.yaml", zone=self._world.settings.shop.zone)
        return self._shown(image, person, None, now)

    def png(self, shown: Shown) -> bytes:
        """Return the picture, drawn unless it is kept."""
        with self._lock:
            found = self._kept.get(shown.digest)
            if found is not None:
                self._kept.move_to_end(shown.digest)
                return found
        found = self._brush().png(shown.drawing)
        with self._lock:
            self._size += len(found) - len(self._kept.get(shown.digest, b""))
            self._kept[shown.digest] = found
            while self._size > KEPT_BYTES:
                self._size -= len(self._kept.popitem(last=False)[1])
        return found

    def _brush(self) -> Painter:
        """Return what draws; its library is not loaded before the first picture."""
        with self._lock:
            if self._painter is None:
                from tailorbird.content.images.files import Pictures
                from tailorbird.content.images.fonts import Fonts
                from tailorbird.content.images.paint import Painter

                folder = self._world.folder / FOLDER
                self._painter = Painter(Pictures(folder), Fonts(folder, self._house))
            return self._painter

    def _shown(
        self, image: Image, person: PersonId, decision: Decision | None, now: Instant
    ) -> Shown:
        world, painter = self._world, self._brush()
        profile = _permitted(world, person, now)
        kept = msgspec.json.decode(decision.inputs) if decision and profile.person else {}
        values = _values(world, image, profile, kept.get("traits", {}), now)
        products = _products(world, image, profile, kept.get("recommendations", []), now)
        tiles = [_tile(painter, each, values) for each in products]
        stamps = {each: painter.stamp(each) for each in image.pictures()}
        drawing = image.drawing(values, tiles, stamps, now, painter.covers)
        fresh = image.written.fresh_seconds
        return Shown(drawing, drawing.digest(), fresh, image.personal())


def check_image(world: World, name: str, text: str) -> None:
    """Return when an image's definition is valid and its files are there.

    Raises:
        DefinitionError: with the line and the mend.
    """
    from tailorbird.content.images.files import Pictures
    from tailorbird.content.images.fonts import Fonts

    file, folder = f"images/{name}.yaml", world.folder / FOLDER
    image = parse_image(text, file, zone=world.settings.shop.zone)
    if image.written.image != name:
        what = f"the text is named {image.written.image!r}, but is kept as {name!r}"
        raise DefinitionError(what, where=f"{file}:1", mend="give both one name")
    pictures, fonts = Pictures(folder), Fonts(folder)
    for each in image.pictures():
        if pictures.scaled(each, (64, 64)) is None:
            what = f"no picture {each!r}: PNG or JPEG, up to 2 MiB and 4,000,000 pixels"
            raise DefinitionError(what, where=file, mend=f"put it into {FOLDER}/ of the folder")
    for each in sorted(image.fonts()):
        if not fonts.has(each):
            what = f"no font {each!r}: TrueType, OpenType or WOFF2"
            raise DefinitionError(what, where=file, mend=f"put it into {FOLDER}/ of the folder")
    _check_letters(image, fonts, text, file)


def _check_letters(image: Image, fonts: Fonts, text: str, file: str) -> None:
    """Return when the fonts that there are can write every letter of its author's words.

    The house writes the Latin alphabets; all others need a font in the folder.
    """
    for number, font, fixed in image.written_by_hand():
        unwritten = sorted({c for c in fixed if not _latin(c) and not fonts.covers(c, font)})
        if unwritten:
            shown = " ".join(unwritten[:8])
            raise DefinitionError(
                f"no font here can write {shown}",
                where=yaml_text.read(text, file).where(("layers", number)),
                mend=f"put one that can (say Noto Sans, as .ttf, .otf or .woff2) into {FOLDER}/ of "
                "the folder; it is taken where the others cannot write",
            )


def _latin(character: str) -> bool:
    """Return whether the fonts of the house may be taken to have a character."""
    name = unicodedata.name(character, "")
    return not character.isalpha() or name.startswith(("LATIN ", "FEMININE ", "MASCULINE "))


def image_traits(world: World, names: Iterable[str]) -> set[str]:
    """Return the traits that pictures read; of those that are there."""
    known = {each.name for each in world.definitions.latest("image")}
    found = (_found(world, name).reads("traits") for name in names if name in known)
    return {trait for traits in found for trait in traits}


def check_images(world: World, paths: Iterable[str]) -> None:
    """Return when every picture that a template names is there.

    Raises:
        UsageError: one is not.
    """
    for name in sorted(image_links.names(paths)):
        _found(world, name)


def image_link(world: World, name: str, person: PersonId, now: Instant) -> str:
    """Return the signed address of a picture for one person, or for anybody (0).

    Raises:
        UsageError: there is no such picture.
    """
    _found(world, name)
    link = image_links.ImageLink(name, now if person else 0, person=person)
    base = world.settings.server.base_url.rstrip("/")
    return image_links.address(Sealer(world.token_key), base, link)


def standing_images(world: World) -> list[tuple[Image, int]]:
    """Return the latest version of every image, by name."""
    return [(_found(world, each.name), each.version) for each in world.definitions.latest("image")]


def _found(world: World, name: str) -> Image:
    found = world.definitions.get("image", name)
    if found is None:
        known = [each.name for each in world.definitions.latest("image")]
        mend = nearest(name, known) if known else "there is none yet; `tailorbird images add FILE`"
        raise UsageError(f"no image {name!r}", mend=mend)
    return _read(found.text, name, world.settings.shop.zone)


@lru_cache(maxsize=256)
def _read(text: str, name: str, zone: str) -> Image:
    return parse_image(text, f"images/{name}.yaml", zone=zone)


def _permitted(world: World, person: PersonId, now: Instant) -> Profile:
    """Return a person's profile; an empty one unless she is known and agrees to personalisation."""
    person = (world.people.survivor(person) or 0) if person else 0
    state = world.people.consent_states([person]).get(person) if person else None
    if not isinstance(permit(state, person, "personalisation", now), Permit):
        return Profile(0)
    return world.people.profiles([person]).get(person) or Profile(0)


def _values(
    world: World, image: Image, profile: Profile, kept: Mapping[str, Any], now: Instant
) -> Values:
    """Return what the texts read: what a person says as of now, what is computed as of her mail.

    What her mail does not keep (`kept`) is computed now, which takes longer than drawing it.
    """
    shop, said = world.settings.shop, profile.traits
    asked = image.reads("traits") if profile.person else []
    there = {name: v for name, v in kept.items() if v is None or name in COMPUTED}
    known = {**there, **said}
    traits = {name: known[name] for name in asked if name in known}
    if computed := [name for name in asked if name not in known]:
        whole = imputation.table(
            world, computed, now, [profile.person], lambda: learning.trainees(world, now)
        )
        for row in whole.table.select(computed).to_pylist()[:1]:
            traits |= row
    return {
        "person": {name: said.get(name) for name in PERSONAL},
        "traits": shown_traits(traits),
        "shop": msgspec.to_builtins(shop),
        "locale": normal(str(said.get("locale") or said.get("language") or "")) or shop.locale,
    }


def _products(
    world: World,
    image: Image,
    profile: Profile,
    decided: Sequence[Mapping[str, Any]],
    now: Instant,
) -> list[Product]:
    """Return the products of the mail that are in stock, and others for those that are not.

    The model names the others; where it knows too few, the catalogue does, of the same category.
    """
    number = image.products()
    if not number:
        return []
    person = profile.person
    items = [each["item"] for each in decided]
    chosen = _in_stock(world, items)
    if len(chosen) < number:
        personal = {person} if person else set()
        found, _ = recommendations(world, [person], personal, number + len(items), now)
        told = [each["item"] for each in found.get(person, [])]
        chosen += _in_stock(world, [item for item in told if item not in items])
    if len(chosen) < number:
        there = {each.item for each in chosen}
        gone = next((each["category"] for each in decided if each["item"] not in there), "")
        rows = world.facts.read(_CATALOGUE, (gone, number + len(there)))
        more = rows.column("item").to_pylist()
        chosen += _in_stock(world, [item for item in more if item not in there])
    return chosen[:number]


def _in_stock(world: World, items: Sequence[str]) -> list[Product]:
    known = world.facts.products(items) if items else {}
    found = (known[item] for item in items if item in known)
    return [each for each in found if each.stock is None or each.stock > 0]


def _tile(painter: Painter, product: Product, values: Mapping[str, Any]) -> Tile:
    currency = product.currency or values["shop"]["currency"]
    given = {**values, "price_minor": product.price_minor, "currency": currency}
    picture = next(
        (name for end in ("png", "jpg") if painter.stamp(name := f"products/{product.item}.{end}")),
        "",
    )
    price = _PRICE.render(given) if product.price_minor else ""
    stamp = painter.stamp(picture) if picture else ""
    return Tile(product.name or product.item, price, picture, stamp)
