"""What there is to draw for one person, every text and product decided: two alike are one PNG."""

from __future__ import annotations

import hashlib
from typing import Final, TypeAlias

import msgspec

from tailorbird.content.images.layers import Box, Picture, Strip, Words

DIGEST_BYTES: Final = 16


class Tile(msgspec.Struct, frozen=True):
    """A product of a strip as it is drawn. `picture` is a file of the folder, or ''."""

    name: str
    price: str
    picture: str = ""
    stamp: str = ""


class Tiles(msgspec.Struct, frozen=True, tag=True):
    """A strip with its products."""

    strip: Strip
    tiles: tuple[Tile, ...]


class Said(msgspec.Struct, frozen=True, tag=True):
    """Words as they are drawn."""

    words: Words
    text: str


class Filled(msgspec.Struct, frozen=True, tag=True):
    """A box as it is drawn."""

    box: Box


class Pasted(msgspec.Struct, frozen=True, tag=True):
    """A picture as it is drawn. `stamp` tells editions of its file apart."""

    picture: Picture
    stamp: str = ""


Part: TypeAlias = Tiles | Said | Filled | Pasted


class Drawing(msgspec.Struct, frozen=True):
    """A picture, ready to be drawn."""

    size: tuple[int, int]
    background: str
    parts: tuple[Part, ...]

    def digest(self) -> str:
        """Return what two drawings share exactly when they look the same."""
        whole = msgspec.json.encode(self)
        return hashlib.blake2b(whole, digest_size=DIGEST_BYTES, person=b"tb-image").hexdigest()
