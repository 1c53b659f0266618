"""Colours of CSS and how well one is read upon the other (WCAG 2.2, 1.4.3)."""

from __future__ import annotations

import re
from typing import Final, TypeAlias

Colour: TypeAlias = tuple[float, float, float, float]
"""Red, green and blue from 0 to 255, and how much it covers from 0 to 1."""

WHITE: Final[Colour] = (255, 255, 255, 1)
_NAMES: Final = {
    "aqua": "00ffff", "beige": "f5f5dc", "black": "000000", "blue": "0000ff", "brown": "a52a2a",
    "coral": "ff7f50", "crimson": "dc143c", "cyan": "00ffff", "darkblue": "00008b",
    "darkgray": "a9a9a9", "darkgreen": "006400", "darkgrey": "a9a9a9", "darkorange": "ff8c00",
    "darkred": "8b0000", "dimgray": "696969", "dimgrey": "696969", "fuchsia": "ff00ff",
    "gold": "ffd700", "gray": "808080", "green": "008000", "grey": "808080", "indigo": "4b0082",
    "ivory": "fffff0", "khaki": "f0e68c", "lavender": "e6e6fa", "lightblue": "add8e6",
    "lightgray": "d3d3d3", "lightgreen": "90ee90", "lightgrey": "d3d3d3", "lime": "00ff00",
    "magenta": "ff00ff", "maroon": "800000", "navy": "000080", "olive": "808000",
    "orange": "ffa500", "orangered": "ff4500", "pink": "ffc0cb", "purple": "800080",
    "red": "ff0000", "royalblue": "4169e1", "salmon": "fa8072", "silver": "c0c0c0",
    "skyblue": "87ceeb", "slategray": "708090", "snow": "fffafa", "steelblue": "4682b4",
    "tan": "d2b48c", "teal": "008080", "tomato": "ff6347", "turquoise": "40e0d0",
    "violet": "ee82ee", "wheat": "f5deb3", "white": "ffffff", "whitesmoke": "f5f5f5",
    "yellow": "ffff00",
}  # fmt: skip
_HEX: Final = re.compile(r"#?([\da-f]{8}|[\da-f]{6}|[\da-f]{3,4})")
_FUNCTION: Final = re.compile(r"rgba?\(([^)]*)\)")
_WORD: Final = re.compile(r"rgba?\([^)]*\)|#[\da-f]+|[a-z]+|[^\s,()]+\([^)]*\)", re.I)


def colour(text: str) -> Colour | None:
    """Return the colour that a text names, or None where it names none that we know.

    >>> colour("#fff"), colour("rgb(0 0 0 / 50%)"), colour("inherit")
    ((255, 255, 255, 1.0), (0.0, 0.0, 0.0, 0.5), None)
    """
    text = text.strip().lower()
    if text == "transparent":
        return (0, 0, 0, 0)
    found = _HEX.fullmatch(_NAMES.get(text, text))
    if found:
        return _hexadecimal(found[1])
    function = _FUNCTION.fullmatch(text)
    return _decimal(function[1]) if function else None


def background(text: str) -> Colour | None:
    """Return the colour in a `background`, or None where it names none."""
    found = (colour(word) for word in _WORD.findall(text) if not word.lower().startswith("url"))
    return next((each for each in found if each is not None), None)


def over(upper: Colour, lower: Colour) -> Colour:
    """Return what is seen of one colour on another."""
    red, green, blue = (
        upper[3] * one + (1 - upper[3]) * two for one, two in zip(upper[:3], lower[:3], strict=True)
    )
    return (red, green, blue, 1)


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast of two colours, from 1 to 21.

    >>> round(contrast((0, 0, 0, 1), (255, 255, 255, 1)), 1)
    21.0
    """
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(of: Colour) -> float:
    red, green, blue = (
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4
        for share in (part / 255 for part in of[:3])
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _hexadecimal(digits: str) -> Colour:
    if len(digits) < 6:
        digits = "".join(digit * 2 for digit in digits)
    red, green, blue, cover = (int(f"{digits}ff"[at : at + 2], 16) for at in (0, 2, 4, 6))
    return (red, green, blue, cover / 255)


def _decimal(inside: str) -> Colour | None:
    parts = re.split(r"[\s,/]+", inside.strip())
    try:
        red, green, blue, cover = (
            float(part[:-1]) / 100 * full if part.endswith("%") else float(part)
            for part, full in zip([*parts, "1"][:4], (255, 255, 255, 1), strict=True)
        )
    except ValueError:
        return None
    return (red, green, blue, cover)
