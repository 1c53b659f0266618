"""Pictures of a folder: by plain names, never outside it, never larger than is allowed."""

from __future__ import annotations

import os
import re
import stat
import warnings
from collections import OrderedDict
from pathlib import Path
from typing import Final

from PIL import Image, UnidentifiedImageError

LARGEST_FILE: Final = 2 * 1024 * 1024
LARGEST_PICTURE: Final = 4_000_000
"""Pixels: beyond that a small file could fill the memory."""
KEPT: Final = 24
_NAME: Final = re.compile(r"(?:products/)?[A-Za-z0-9][A-Za-z0-9_-]{0,62}\.(?:png|jpg|jpeg)")
_FORMATS: Final = ("PNG", "JPEG")


class Pictures:
    """The pictures of one folder, the last ones kept as they were scaled."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: OrderedDict[tuple[str, str, tuple[int, int]], Image.Image] = OrderedDict()

    def stamp(self, name: str) -> str:
        """Return what tells editions of a file apart, '' where there is none that may be shown."""
        found = self._file(name)
        return f"{found[1].st_mtime_ns:x}-{found[1].st_size:x}" if found else ""

    def scaled(self, name: str, fit: tuple[int, int]) -> Image.Image | None:
        """Return a picture, no larger than `fit`; None where it is none or too large."""
        found = self._file(name)
        if found is None:
            return None
        path, status = found
        key = (name, f"{status.st_mtime_ns}-{status.st_size}", fit)
        if key not in self._kept:
            read = _read(path, fit)
            if read is None:
                return None
            self._kept[key] = read
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]

    def _file(self, name: str) -> tuple[Path, os.stat_result] | None:
        if not _NAME.fullmatch(name):
            return None
        path = self._folder / name
        try:
            if not path.resolve().is_relative_to(self._folder.resolve()):
                return None
            status = path.stat()
        except OSError:
            return None
        fits = stat.S_ISREG(status.st_mode) and status.st_size <= LARGEST_FILE
        return (path, status) if fits else None


def _read(path: Path, fit: tuple[int, int]) -> Image.Image | None:
    """Return a picture in red, green, blue and cover; its size is known before it is unpacked."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=_FORMATS) as picture:
                if picture.width * picture.height > LARGEST_PICTURE:
                    return None
                picture.draft("RGB", fit)
                whole = picture.convert("RGBA")
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError):
        return None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return None
    whole.thumbnail(fit, Image.Resampling.LANCZOS)
    return whole
