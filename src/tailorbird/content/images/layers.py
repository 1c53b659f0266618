"""What a picture is made of, layer upon layer, as authors write it."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec

LARGEST: Final = 1_200
"""Pixels of a side."""
MOST_PIXELS: Final = 600_000
MOST_LAYERS: Final = 40
LONGEST_TEXT: Final = 300
"""Characters that a text draws; what is behind them is left out."""
MOST_PRODUCTS: Final = 6

Pixels: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=LARGEST)]
Side: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=LARGEST)]
FontSize: TypeAlias = Annotated[int, msgspec.Meta(ge=8, le=160)]
Weight: TypeAlias = Annotated[int, msgspec.Meta(ge=100, le=900)]
PictureName: TypeAlias = Annotated[
    str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}\.(png|jpg|jpeg)$")
]
FontName: TypeAlias = Annotated[
    str, msgspec.Meta(pattern=r"^([a-z0-9][a-z0-9_-]{0,62}\.(ttf|otf|woff2))?$")
]


class _Layer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What all layers have alike: nothing unknown."""


class Words(_Layer, frozen=True):
    """A text in Liquid; `instead` is drawn where a value that it prints is missing."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=2_000)]
    at: tuple[Pixels, Pixels]
    instead: Annotated[str, msgspec.Meta(max_length=2_000)] = msgspec.field(name="else", default="")
    width: Pixels = 0
    """Where lines are broken; 0: at the edge of the picture."""
    lines: Annotated[int, msgspec.Meta(ge=1, le=12)] = 1
    size: FontSize = 24
    weight: Weight = 400
    colour: str = "#000000"
    align: Literal["left", "center", "right"] = "left"
    font: FontName = ""


class Box(_Layer, frozen=True):
    """A rectangle: left, top, width, height; `round` is the radius of its corners."""

    box: tuple[Pixels, Pixels, Side, Side]
    colour: str
    round: Annotated[int, msgspec.Meta(ge=0, le=200)] = 0


class Picture(_Layer, frozen=True):
    """A file of the folder's `images`, scaled down to fit into `fit`."""

    picture: PictureName
    at: tuple[Pixels, Pixels]
    fit: tuple[Side, Side] | None = None


class Strip(_Layer, frozen=True):
    """Recommended products beside each other, each a tile with picture, name and price."""

    products: Annotated[int, msgspec.Meta(ge=1, le=MOST_PRODUCTS)]
    at: tuple[Pixels, Pixels]
    tile: tuple[Side, Side] = (160, 200)
    gap: Pixels = 16
    size: FontSize = 15
    colour: str = "#1a1a1a"
    background: str = "#ffffff"
    font: FontName = ""


Layer: TypeAlias = Words | Box | Picture | Strip
KINDS: Final[dict[str, type[Layer]]] = {
    "text": Words,
    "box": Box,
    "picture": Picture,
    "products": Strip,
}
"""Each layer by the key that it alone has."""


class Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    image: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
    size: tuple[Side, Side]
    layers: Annotated[list[dict[str, Any]], msgspec.Meta(min_length=1, max_length=MOST_LAYERS)]
    description: str = ""
    background: str = "#ffffff"
    countdown: str = ""
    """An instant in ISO 8601; without a zone it is the shop's."""
    fresh_seconds: Annotated[int, msgspec.Meta(ge=0, le=86_400)] = 60
    """How long a reader may keep it before she asks again."""
