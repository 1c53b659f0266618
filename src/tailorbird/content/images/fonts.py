"""Fonts of pictures: the one that is named, the house's, any other of the folder, Pillow's own.

A text is written in the first font that has each of its characters; one that nobody has is left
out of the text, and `covers` says so before. So a font that is put into the folder writes what the
house's cannot.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final, TypeAlias

from PIL import ImageFont

Font: TypeAlias = ImageFont.FreeTypeFont | ImageFont.ImageFont
LARGEST_FILE: Final = 8 * 1024 * 1024
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}\.(?:ttf|otf|woff2)")
_NOBODY: Final = "\U000ffffe"
"""A character that no font has: it is drawn as what is missing."""
_ASKED_AT: Final = 24


class Fonts:
    """The fonts that one folder and the house have."""

    def __init__(self, folder: Path, house: Sequence[Path] = ()) -> None:
        self._folder = folder
        self._house = tuple(house)

    def has(self, name: str) -> bool:
        """Return whether the folder has a font of this name that can be read."""
        path = self._file(name)
        return path is not None and _font(path, _ASKED_AT, 400) is not None

    def covers(self, text: str, name: str) -> bool:
        """Return whether every character of a text can be written."""
        chain = self._chain(name)
        return all(any(_covers(path, char) for path in chain) for char in text)

    def runs(self, text: str, name: str, size: int, weight: int) -> Iterator[tuple[Font, str]]:
        """Yield the text in pieces, each with the font that writes it."""
        chain = self._chain(name)
        begin, last = 0, None
        for at, char in enumerate(text):
            path = next((each for each in chain if _covers(each, char)), chain[0])
            if char == " " and last is not None:
                continue
            if last is not None and path != last[0]:
                yield _known(last[0], size, weight), text[begin:at]
                begin = at
            last = (path,)
        if last is not None:
            yield _known(last[0], size, weight), text[begin:]

    def _chain(self, name: str) -> tuple[Path | None, ...]:
        own = self._file(name) if name else None
        chain = dict.fromkeys((*((own,) if own else ()), *self._house, *self._others()))
        return (*(path for path in chain if _font(path, _ASKED_AT, 400)), None)

    def _others(self) -> list[Path]:
        """Return the fonts that lie in the folder, by name."""
        try:
            names = sorted(each.name for each in self._folder.iterdir())
        except OSError:
            return []
        return [path for name in names if (path := self._file(name))]

    def _file(self, name: str) -> Path | None:
        if not _NAME.fullmatch(name):
            return None
        path = self._folder / name
        try:
            inside = path.resolve().is_relative_to(self._folder.resolve())
            return path if inside and 0 < path.stat().st_size <= LARGEST_FILE else None
        except OSError:
            return None


def _known(path: Path | None, size: int, weight: int) -> Font:
    return _font(path, size, weight) or ImageFont.load_default(size)


@lru_cache(maxsize=64)
def _font(path: Path | None, size: int, weight: int) -> Font | None:
    """Return a font, Pillow's own of None; None where the file is none."""
    if path is None:
        return ImageFont.load_default(size)
    try:
        font = ImageFont.truetype(path, size)
    except (OSError, ValueError):
        return None
    try:
        font.set_variation_by_axes([weight])
    except (OSError, NotImplementedError, ValueError):
        return font  # it has one weight
    return font


@lru_cache(maxsize=8192)
def _covers(path: Path | None, char: str) -> bool:
    if char.isspace():
        return True
    font = _font(path, _ASKED_AT, 400)
    return font is not None and bytes(font.getmask(char)) != _unknown(path)


@lru_cache(maxsize=64)
def _unknown(path: Path | None) -> bytes:
    font = _font(path, _ASKED_AT, 400)
    return bytes(font.getmask(_NOBODY)) if font else b""
