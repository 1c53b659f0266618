"""How an element looks: what it inherits, its own style, and rules where they fit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from tailorbird.content.css import Declaration, Rule, declarations
from tailorbird.content.lint.colours import WHITE, Colour, background, colour, over
from tailorbird.content.lint.document import OPEN, Element

_SIZES: Final = {"h1": 2.0, "h2": 1.5, "h3": 1.17, "h4": 1.0, "h5": 0.83, "h6": 0.67}
_BOLD: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "b", "strong", "th"})
_KEYWORDS: Final = {
    "xx-small": 9.0, "x-small": 10.0, "small": 13.0, "medium": 16.0, "large": 18.0,
    "x-large": 24.0, "xx-large": 32.0,
}  # fmt: skip
_LENGTH: Final = re.compile(r"(-?[\d.]+)(px|pt|em|rem|%)?")
_POINT: Final = 96 / 72
_SIMPLE: Final = re.compile(r"([.#]?)([\w-]+|\*)|\[([\w-]+)(?:=[\"']?([^\]\"']*)[\"']?)?\]")


@dataclass(frozen=True, slots=True)
class Look:
    """How an element looks. A colour that cannot be known is None. Sizes are CSS pixels."""

    text: Colour | None
    ground: Colour | None
    link: Colour
    size: float = 16
    bold: bool = False
    hidden: bool = False
    line: float = 0
    """Height of a line, 0 for the usual one."""

    @property
    def line_height(self) -> float:
        """Return how high a line is."""
        return self.line or 1.2 * self.size


LIGHT: Final = Look((0, 0, 0, 1), WHITE, (0, 0, 238, 1))
DARK: Final = Look((255, 255, 255, 1), (18, 18, 18, 1), (158, 158, 255, 1))
"""What a reader in the dark shows where a mail that knows the dark says nothing."""


def looks(root: Element, start: Look, rules: Sequence[Rule] = ()) -> dict[Element, Look]:
    """Return how every element looks; `rules` fit over its own style as the cascade says."""
    parts = [(_parts(each), rule.declarations) for rule in rules for each in rule.selectors]
    found: dict[Element, Look] = {}

    def walk(element: Element, around: Look) -> None:
        look = found[element] = _look(element, around, _declared(element, parts))
        for child in element.children:
            if isinstance(child, Element):
                walk(child, look)

    walk(root, start)
    return found


def style(element: Element) -> dict[str, str]:
    """Return the element's own style."""
    return {each.name: each.value for each in declarations(element.get("style"))}


def length(text: str, size: float) -> float | None:
    """Return a length in pixels; `size` is that of the text around."""
    found = _LENGTH.fullmatch(text.strip())
    if found is None:
        return None
    number = float(found[1])
    match found[2]:
        case "pt":
            return number * _POINT
        case "em":
            return number * size
        case "rem":
            return number * 16
        case "%":
            return number * size / 100
    return number


def _declared(
    element: Element, parts: list[tuple[list[str], tuple[Declaration, ...]]]
) -> dict[str, str]:
    own = declarations(element.get("style"))
    found = {each.name: each.value for each in own}
    firm = {each.name for each in own if each.important}
    for selector, declared in parts:
        if not _fits(element, selector):
            continue
        for each in declared:
            if each.name not in firm and (each.important or each.name not in found):
                found[each.name] = each.value
                if each.name == "background-color":
                    found.pop("background", None)
    return found


def _look(element: Element, around: Look, found: dict[str, str]) -> Look:
    size = _size(element, around, found)
    look = replace(
        around,
        text=_text(element, around, found),
        ground=_ground(element, around, found),
        size=size,
        bold=_bold(element, around, found),
        hidden=around.hidden or _hidden(element, found),
    )
    height = found.get("line-height")
    if height is None:
        return look
    factor = re.fullmatch(r"[\d.]+", height.strip())
    line = float(factor[0]) * size if factor else length(height, size)
    return replace(look, line=line or 0)


def _text(element: Element, around: Look, found: dict[str, str]) -> Colour | None:
    named = found.get("color") or (element.get("color") if element.tag == "font" else "")
    if not named and element.tag == "body":
        named = element.get("text")
    if named and named not in ("inherit", "currentcolor"):
        return colour(named)
    return around.link if element.tag == "a" and "href" in element.attributes else around.text


def _ground(element: Element, around: Look, found: dict[str, str]) -> Colour | None:
    named = found.get("background-color") or found.get("background") or element.get("bgcolor")
    pictured = "url(" in f"{found.get('background', '')}{found.get('background-image', '')}"
    if not named or named in ("none", "inherit", "initial"):
        return None if pictured or "background" in element.attributes else around.ground
    if OPEN in named:
        return None
    painted = background(named)
    if painted is None:
        return None if pictured else around.ground
    if painted[3] >= 1:
        return painted
    return over(painted, around.ground) if around.ground else None


def _size(element: Element, around: Look, found: dict[str, str]) -> float:
    named = found.get("font-size", "")
    if named:
        size = _KEYWORDS.get(named) or length(named, around.size)
        return around.size if size is None else size
    return around.size * _SIZES.get(element.tag, 1)


def _bold(element: Element, around: Look, found: dict[str, str]) -> bool:
    weight = found.get("font-weight", "")
    if weight:
        return weight in ("bold", "bolder") or (weight.isdigit() and int(weight) >= 600)
    return around.bold or element.tag in _BOLD


def _hidden(element: Element, found: dict[str, str]) -> bool:
    return (
        element.tag in ("head", "script", "template")
        or found.get("display") == "none"
        or found.get("visibility") == "hidden"
        or found.get("opacity") in ("0", "0.0")
        or found.get("mso-hide") == "all"
        or "hidden" in element.attributes
    )


# -- selectors ------------------------------------------------------------------------------------


def _parts(selector: str) -> list[str]:
    """Return the compounds and combinators of a selector, the last first."""
    return re.sub(r"\s*([>+~])\s*", r" \1 ", selector).split()[::-1]


def _fits(element: Element, parts: list[str]) -> bool:
    if not parts or not _compound(element, parts[0]):
        return False
    if len(parts) == 1:
        return True
    if parts[1] in "+~":
        return False
    if parts[1] == ">":
        return element.parent is not None and _fits(element.parent, parts[2:])
    return any(_fits(each, parts[1:]) for each in element.above())


def _compound(element: Element, text: str) -> bool:
    at = 0
    for found in _SIMPLE.finditer(text):
        if found.start() != at:
            return False
        at = found.end()
        kind, name, attribute, value = found.groups()
        if attribute:
            if element.get(attribute) != value if value else attribute not in element.attributes:
                return False
        elif kind == ".":
            if name not in element.get("class").split():
                return False
        elif kind == "#":
            if name != element.get("id"):
                return False
        elif name not in ("*", element.tag):
            return False
    return at == len(text)
