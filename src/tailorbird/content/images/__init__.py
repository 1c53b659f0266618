"""Pictures that are drawn for each person when her mail is opened.

In: a definition, plain values, the pictures and fonts of a folder.
Out: what there is to draw, and PNG.
"""

from __future__ import annotations

from tailorbird.content.images.definition import Image, check_name, parse_image
from tailorbird.content.images.drawing import Drawing, Said, Tile, Tiles

__all__ = ["Drawing", "Image", "Said", "Tile", "Tiles", "check_name", "parse_image"]
