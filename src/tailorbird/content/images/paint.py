"""Drawings become PNG. Pillow draws; nothing is fetched, and what cannot be read is left out."""

from __future__ import annotations

import io
from functools import lru_cache
from threading import Lock
from typing import Final

from PIL import Image, ImageDraw

from tailorbird.content.images.drawing import Drawing, Filled, Pasted, Said, Tile, Tiles
from tailorbird.content.images.files import Pictures
from tailorbird.content.images.fonts import Fonts
from tailorbird.content.images.layers import Strip
from tailorbird.content.lint.colours import colour

LEADING: Final = 1.25
"""Height of a line, in heights of the font."""
COMPRESSION: Final = 6
_ONE_AT_A_TIME: Final = Lock()
"""Fonts are kept for the whole process, and no two threads may write with one."""
Ink = tuple[int, int, int, int]


class Painter:
    """Draws for one folder, one picture at a time."""

    def __init__(self, pictures: Pictures, fonts: Fonts) -> None:
        self._pictures = pictures
        self._fonts = fonts

    def stamp(self, picture: str) -> str:
        """Return what tells editions of a file apart, '' where there is none."""
        return self._pictures.stamp(picture)

    def covers(self, text: str, font: str) -> bool:
        """Return whether every character of a text can be written."""
        with _ONE_AT_A_TIME:
            return self._fonts.covers(text, font)

    def png(self, drawing: Drawing) -> bytes:
        """Return the picture of a drawing."""
        with _ONE_AT_A_TIME:
            sheet = _Sheet(drawing, self._pictures, self._fonts)
            for part in drawing.parts:
                sheet.add(part)
            return sheet.png()


class _Sheet:
    """One picture while it is drawn."""

    def __init__(self, drawing: Drawing, pictures: Pictures, fonts: Fonts) -> None:
        self._sheet = Image.new("RGB", drawing.size, _ink(drawing.background)[:3])
        self._draw = ImageDraw.Draw(self._sheet, "RGBA")
        self._pictures = pictures
        self._fonts = fonts

    def png(self) -> bytes:
        """Return what was drawn."""
        out = io.BytesIO()
        self._sheet.save(out, "PNG", compress_level=COMPRESSION)
        return out.getvalue()

    def add(self, part: Tiles | Said | Filled | Pasted) -> None:
        """Draw one part over the others."""
        match part:
            case Filled(box):
                left, top, width, height = box.box
                self._box((left, top), (width, height), box.colour, box.round)
            case Pasted(picture):
                self._paste(picture.picture, picture.at, picture.fit or self._sheet.size)
            case Said(words, text):
                width = words.width or self._sheet.width - words.at[0]
                lines = self._lines(text, words.font, words.size, words.weight, width, words.lines)
                step = round(words.size * LEADING)
                for number, line in enumerate(lines):
                    spare = width - self._width(line, words.font, words.size, words.weight)
                    shift = {"left": 0, "center": spare // 2, "right": spare}[words.align]
                    at = (words.at[0] + max(shift, 0), words.at[1] + number * step)
                    self._write(at, line, words.font, words.size, words.weight, words.colour)
            case Tiles(strip, tiles):
                for number, tile in enumerate(tiles):
                    left = strip.at[0] + number * (strip.tile[0] + strip.gap)
                    self._tile((left, strip.at[1]), strip, tile)

    def _tile(self, at: tuple[int, int], strip: Strip, tile: Tile) -> None:
        width, height = strip.tile
        step = round(strip.size * LEADING)
        self._box(at, strip.tile, strip.background, 8)
        room = max(height - 3 * step - 24, 0)
        if tile.picture and room:
            self._paste(tile.picture, (at[0] + 8, at[1] + 8), (max(width - 16, 1), room))
        top = at[1] + room + 12
        lines = self._lines(tile.name, strip.font, strip.size, 400, width - 16, 2)
        for number, line in enumerate(lines):
            place = (at[0] + 8, top + number * step)
            self._write(place, line, strip.font, strip.size, 400, strip.colour)
        place = (at[0] + 8, top + 2 * step)
        (price,) = self._lines(tile.price, strip.font, strip.size, 700, width - 16, 1) or [""]
        self._write(place, price, strip.font, strip.size, 700, strip.colour)

    def _box(self, at: tuple[int, int], size: tuple[int, int], paint: str, radius: int) -> None:
        corner = (at[0] + size[0] - 1, at[1] + size[1] - 1)
        radius = min(radius, min(size) // 2)
        self._draw.rounded_rectangle((at, corner), radius, fill=_ink(paint))

    def _paste(self, name: str, at: tuple[int, int], fit: tuple[int, int]) -> None:
        picture = self._pictures.scaled(name, fit)
        if picture is not None:
            left = at[0] + (fit[0] - picture.width) // 2 if fit != self._sheet.size else at[0]
            self._sheet.paste(picture, (left, at[1]), picture)

    def _lines(
        self, text: str, font: str, size: int, weight: int, width: int, most: int
    ) -> list[str]:
        """Return the text in lines that fit; what does not ends in three dots."""
        lines, line = [], ""
        for word in text.split():
            longer = f"{line} {word}" if line else word
            if line and self._width(longer, font, size, weight) > width:
                lines.append(line)
                line = word
            else:
                line = longer
        lines = [*lines, line] if line else lines
        kept = lines[:most]
        if len(lines) > most:
            kept[-1] += "..."
        return [self._cut(each, font, size, weight, width) for each in kept]

    def _cut(self, line: str, font: str, size: int, weight: int, width: int) -> str:
        """Return a line, no wider than there is room."""
        if self._width(line, font, size, weight) <= width:
            return line
        line, low = line.removesuffix("..."), 0
        high = len(line)
        while low < high:
            middle = (low + high + 1) // 2
            fits = self._width(f"{line[:middle]}...", font, size, weight) <= width
            low, high = (middle, high) if fits else (low, middle - 1)
        return f"{line[:low].rstrip()}..."

    def _width(self, text: str, font: str, size: int, weight: int) -> int:
        runs = self._fonts.runs(text, font, size, weight)
        return round(sum(each.getlength(run) for each, run in runs))

    def _write(
        self, at: tuple[int, int], text: str, font: str, size: int, weight: int, paint: str
    ) -> None:
        left: float = at[0]
        for each, run in self._fonts.runs(text, font, size, weight):
            self._draw.text((left, at[1] + size), run, fill=_ink(paint), font=each, anchor="ls")
            left += each.getlength(run)


@lru_cache(maxsize=256)
def _ink(text: str) -> Ink:
    red, green, blue, cover = colour(text) or (0, 0, 0, 1)
    return round(red), round(green), round(blue), round(cover * 255)
