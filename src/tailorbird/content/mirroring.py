"""HTML for those who read from right to left: written in the other direction, aligned mirrored."""

from __future__ import annotations

import re
from typing import Final

_TAG: Final = re.compile(r"<[a-zA-Z][^<>]*>")
_STYLE: Final = re.compile(r"(<style\b[^>]*>)(.*?)(</style>)", re.S | re.I)
_HTML: Final = re.compile(r"<html\b[^<>]*>", re.I)
_SIDE: Final = re.compile(
    r"(?<![\w-])((?:text-align|float|clear)\s*:\s*|(?:align)\s*=\s*[\"']?)(left|right)\b", re.I
)
_EDGE: Final = re.compile(
    r"(?<![\w-])(padding|margin|border)-(left|right)(?=\s*:|-(?:color|style|width))", re.I
)
_FOUR: Final = re.compile(
    r"(?<![\w-])(padding|margin|border-radius)(\s*:\s*)"
    r"([^\s;\"']+)\s+([^\s;\"']+)\s+([^\s;\"']+)\s+([^\s;\"'!]+)",
    re.I,
)
_DIRECTION: Final = re.compile(
    r"(?<![\w-])(direction\s*:\s*|dir\s*=\s*[\"']?)(ltr|rtl|auto)\b", re.I
)
_OTHER: Final = {"left": "right", "right": "left"}


def spoken_in(html: str, locale: str) -> str:
    """Return a page that says in its first tag in which language it is."""
    return _HTML.sub(lambda tag: _attribute(tag[0], "lang", locale), html, count=1)


def mirrored(html: str) -> str:
    """Return a page for those who read from right to left: what was left is right.

    Tags and style sheets change, words never do. Pictures stay as they are.
    """
    styled = _STYLE.sub(lambda sheet: f"{sheet[1]}{_swapped(sheet[2])}{sheet[3]}", html)
    turned = _TAG.sub(lambda tag: _swapped(tag[0]), styled)
    return _HTML.sub(lambda tag: _attribute(tag[0], "dir", "rtl"), turned, count=1)


def _swapped(text: str) -> str:
    """Return a tag or a style sheet with its sides changed."""
    text = _SIDE.sub(lambda side: side[1] + _OTHER[side[2].lower()], text)
    text = _EDGE.sub(lambda edge: f"{edge[1]}-{_OTHER[edge[2].lower()]}", text)
    text = _FOUR.sub(_turned, text)
    return _DIRECTION.sub(lambda found: f"{found[1]}rtl", text)


def _turned(found: re.Match[str]) -> str:
    top, right, bottom, left = found[3], found[4], found[5], found[6]
    if found[1].lower() == "border-radius":  # its four are corners, from the upper left on
        return f"{found[1]}{found[2]}{right} {top} {left} {bottom}"
    return f"{found[1]}{found[2]}{top} {left} {bottom} {right}"


def _attribute(tag: str, name: str, value: str) -> str:
    """Return a tag with this attribute, in place of one that is there."""
    there = re.compile(rf"""\s{name}\s*=\s*(?:"[^"]*"|'[^']*'|[^\s>]+)""", re.I)
    bare = there.sub("", tag)
    end = len("<html")
    return f'{bare[:end]} {name}="{value}"{bare[end:]}'
