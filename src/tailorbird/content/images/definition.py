"""Pictures as authors write them: layers on a ground, texts in Liquid. Compiled once.

image: welcome
size: [600, 200]
background: "#14532d"
countdown: 2026-12-01T18:00
layers:
  - text: "{{ person.first_name }}, you have {{ traits.points }} points"
    else: Good to see you                 # where a value that it prints is missing
    at: [32, 40]
    size: 32
    colour: "#ffffff"
  - text: "{{ countdown.days }} days left"
    at: [32, 100]
  - picture: logo.png                     # of the data folder's `images`
    at: [520, 20]
    fit: [60, 60]
  - products: 3                           # recommended, in stock when the mail is opened
    at: [32, 140]
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias
from zoneinfo import ZoneInfo

from tailorbird import yaml_text
from tailorbird.content import liquid
from tailorbird.content.fallbacks import found_at, missing
from tailorbird.content.images.drawing import Drawing, Filled, Part, Pasted, Said, Tile, Tiles
from tailorbird.content.images.layers import (
    KINDS,
    LONGEST_TEXT,
    MOST_PIXELS,
    Box,
    Layer,
    Picture,
    Strip,
    Words,
    Written,
)
from tailorbird.content.lint.colours import colour
from tailorbird.content.template import Template, compile  # noqa: A004 - the trade's word
from tailorbird.content.values import Plain
from tailorbird.content.variables import uses
from tailorbird.errors import DefinitionError, TemplateError
from tailorbird.schema import DAY, HOUR, MINUTE, Instant
from tailorbird.yaml_text import Document, Path

ROOTS: Final = ("countdown", "locale", "person", "shop", "traits")
"""What a text may read."""
Covers: TypeAlias = Callable[[str, str], bool]
"""Says of a text and the name of a font whether it can be written."""
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_TAG: Final = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)


def _everything(text: str, font: str) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Text:
    """A compiled text, what it reads, and of that what it prints without a default."""

    template: Template
    reads: frozenset[str]
    needs: tuple[str, ...]
    fixed: str = ""
    """What its author wrote between the values."""

    def of(self, values: Mapping[str, Plain], now: Instant) -> str | None:
        """Return the text for one person, None where a value is missing.

        Raises:
            TemplateError: the values do not fit.
        """
        if any(missing(found_at(values, path)) for path in self.needs):
            return None
        return " ".join(self.template.render(values, now=now)[:LONGEST_TEXT].split())


@dataclass(frozen=True, slots=True)
class Image:
    """A picture's definition, compiled. It keeps nothing of whom it is drawn for."""

    written: Written
    layers: tuple[Layer, ...]
    texts: Mapping[int, tuple[Text, Text | None]]
    """By the number of their layer: the text, and what is drawn instead."""
    until: Instant

    def reads(self, root: str) -> list[str]:
        """Return the names under a root that its texts read: `traits` gives `points`, `tier`."""
        paths = {p for both in self.texts.values() for each in both if each for p in each.reads}
        split = (path.split(".") for path in paths)
        return sorted({path[1] for path in split if path[0] == root and len(path) > 1})

    def products(self) -> int:
        """Return how many products it shows at most."""
        return max((each.products for each in self.layers if isinstance(each, Strip)), default=0)

    def pictures(self) -> list[str]:
        """Return the files that it shows."""
        return [each.picture for each in self.layers if isinstance(each, Picture)]

    def written_by_hand(self) -> Iterator[tuple[int, str, str]]:
        """Yield (number of the layer, font, text) of what its author wrote, without the values."""
        for number, (text, otherwise) in self.texts.items():
            layer = self.layers[number]
            font = layer.font if isinstance(layer, Words) else ""
            for each in (text, otherwise):
                if each:
                    yield number, font, each.fixed

    def fonts(self) -> set[str]:
        """Return the font files that it names."""
        return {each.font for each in self.layers if isinstance(each, Words | Strip) if each.font}

    def personal(self) -> bool:
        """Return whether people may see it differ."""
        return bool(self.products() or self.reads("person") or self.reads("traits"))

    def countdown(self, now: Instant) -> dict[str, Plain]:
        """Return the time that is left, in whole minutes."""
        left = max(self.until - now, 0)
        return {
            "days": left // DAY,
            "hours": left % DAY // HOUR,
            "minutes": left % HOUR // MINUTE,
            "ended": left == 0,
        }

    def drawing(
        self,
        values: Mapping[str, Plain],
        products: Sequence[Tile],
        stamps: Mapping[str, str],
        now: Instant,
        covers: Covers = _everything,
    ) -> Drawing:
        """Return what there is to draw; `stamps` tell editions of files apart.

        A text that no font can write (`covers`) gives way as one whose values are missing, and is
        never drawn with holes.

        Raises:
            TemplateError: the values do not fit a text.
        """
        given = {**values, "countdown": self.countdown(now)}
        parts = self._parts(given, products, stamps, now, covers)
        return Drawing(self.written.size, self.written.background, tuple(parts))

    def _parts(
        self,
        values: Mapping[str, Plain],
        products: Sequence[Tile],
        stamps: Mapping[str, str],
        now: Instant,
        covers: Covers,
    ) -> Iterator[Part]:
        for number, layer in enumerate(self.layers):
            match layer:
                case Box():
                    yield Filled(layer)
                case Picture(picture):
                    yield Pasted(layer, stamps.get(picture, ""))
                case Strip():
                    yield Tiles(layer, tuple(products[: layer.products]))
                case Words():
                    first, second = self.texts[number]
                    said = first.of(values, now)
                    if said is None or not covers(said, layer.font):
                        said = second.of(values, now) if second else None
                    if said and covers(said, layer.font):
                        yield Said(layer, said)


def check_name(name: str) -> bool:
    """Return whether an image can have this name."""
    return _NAME.fullmatch(name) is not None


def parse_image(text: str, name: str, *, zone: str = "UTC") -> Image:
    """Return the image that a YAML text defines; `name` is its file, `zone` that of its countdown.

    Raises:
        DefinitionError: `file:line: what is wrong; how to mend it`.
    """
    document = yaml_text.read(text, name)
    written = yaml_text.convert(document, Written)
    width, height = written.size
    if width * height > MOST_PIXELS:
        what = f"{width} x {height} are more than {MOST_PIXELS:,} pixels"
        raise DefinitionError(what, where=document.where(("size",)), mend="make it smaller")
    layers = tuple(_layer(document, number) for number in range(len(written.layers)))
    _check_colour(document, ("background",), written.background)
    texts = {
        number: _both(document, number, layer, counted=bool(written.countdown))
        for number, layer in enumerate(layers)
        if isinstance(layer, Words)
    }
    return Image(written, layers, texts, _until(document, written.countdown, zone))


def _layer(document: Document, number: int) -> Layer:
    path: Path = ("layers", number)
    value: dict[str, Any] = document.value["layers"][number]
    kinds = [kind for kind in KINDS if kind in value]
    if len(kinds) != 1:
        known = ", ".join(f"`{kind}:`" for kind in KINDS)
        what = "a layer is one thing" if kinds else "nothing says what the layer shows"
        raise DefinitionError(what, where=document.where(path), mend=f"give it one of {known}")
    layer = yaml_text.convert(yaml_text.part(document, path, value), KINDS[kinds[0]])
    for key in ("colour", "background"):
        if key in value:
            _check_colour(document, (*path, key), value[key])
    return layer


def _check_colour(document: Document, path: Path, text: str) -> None:
    if colour(text) is None:
        what = f"{text!r} is no colour"
        raise DefinitionError(what, where=document.where(path), mend='write "#14532d" or a name')


def _both(
    document: Document, number: int, words: Words, *, counted: bool
) -> tuple[Text, Text | None]:
    path: Path = ("layers", number)
    first = _text(document, (*path, "text"), words.text, counted=counted)
    if not words.instead:
        return first, None
    second = _text(document, (*path, "else"), words.instead, counted=counted)
    if second.needs:
        raise DefinitionError(
            f"{second.needs[0]} may be missing here, too",
            where=document.where((*path, "else")),
            mend="give it a `default`, or write words alone",
        )
    return first, second


def _text(document: Document, path: Path, source: str, *, counted: bool) -> Text:
    where = document.where(path)
    try:
        found = uses(liquid.parse(source, where))
        template = compile(source, name=where)
    except TemplateError as error:
        raise DefinitionError(error.what, where=where, mend=error.mend) from None
    roots = ROOTS if counted else tuple(root for root in ROOTS if root != "countdown")
    for use in sorted(found, key=lambda use: use.path):
        root = use.path.partition(".")[0].removesuffix("[]")
        if root not in roots:
            mend = "say `countdown:` until when" if root == "countdown" else ""
            what = f"nothing is called {root!r} in a picture"
            mend = mend or yaml_text.nearest(root, list(roots))
            raise DefinitionError(what, where=where, mend=mend)
    needs = {use.path for use in found if not use.safe and "[]" not in use.path}
    own = ("person", "traits")
    personal = sorted(path for path in needs if path.partition(".")[0] in own)
    fixed = _TAG.sub(" ", source)
    return Text(template, frozenset(use.path for use in found), tuple(personal), fixed)


def _until(document: Document, said: str, zone: str) -> Instant:
    if not said:
        return 0
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        what = f"{said!r} is no date and time"
        where = document.where(("countdown",))
        raise DefinitionError(what, where=where, mend="write 2026-12-01T18:00") from None
    zoned = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))
    return int((zoned.astimezone(UTC) - _EPOCH).total_seconds()) * 1_000_000


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
