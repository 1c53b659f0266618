"""Dark mode: what an author's dark rules need to work in every reader that knows the dark."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tailorbird.content.css import Rule, media, rules

META: Final = (
    '<meta name="color-scheme" content="light dark">'
    '<meta name="supported-color-schemes" content="light dark">'
)
_STYLE: Final = re.compile(r"<style\b[^>]*>(.*?)</style>", re.S | re.I)
_COLOUR_META: Final = re.compile(r"<meta\b[^>]*name=[\"']color-scheme[\"']", re.I)
_END_OF_HEAD: Final = re.compile(r"</head>", re.I)
_DARK: Final = re.compile(r"prefers-color-scheme\s*:\s*dark", re.I)


def dark_rules(html: str) -> list[Rule]:
    """Return the rules for dark mode in the style sheets of a page, in their order."""
    return [
        rule
        for sheet in _STYLE.findall(html)
        for query, inner in media(sheet)
        if _DARK.search(query)
        for rule in rules(inner)
    ]


def with_dark_mode(html: str) -> str:
    """Return the page with the marks that dark rules need; without such rules it stays as it is.

    Apple Mail asks for the `color-scheme` meta; Outlook.com and its apps know no media query for
    the dark and put `data-ogsc` (text) and `data-ogsb` (background) on what they changed.
    """
    found = dark_rules(html)
    head = _END_OF_HEAD.search(html)
    if not found or head is None:
        return html
    added = "" if _COLOUR_META.search(html) else META
    if "data-ogsc" not in html:
        added += "\n".join(["<style>", *_outlook(found), "</style>"])
    return html[: head.start()] + added + html[head.start() :]


def _outlook(found: list[Rule]) -> Iterator[str]:
    for rule in found:
        for mark, names in (("ogsc", ("color",)), ("ogsb", ("background", "background-color"))):
            kept = [each for each in rule.declarations if each.name in names]
            if kept:
                where = ", ".join(f"[data-{mark}] {each}" for each in rule.selectors)
                yield f"{where} {{ {'; '.join(map(str, kept))} }}"
