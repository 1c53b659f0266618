"""Can everybody read it: pictures, colours, headings, language, tables, links (WCAG 2.2, AA)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tailorbird.content.dark import dark_rules
from tailorbird.content.findings import Finding, error, warning
from tailorbird.content.lint.cascade import DARK, LIGHT, Look, length, looks, style
from tailorbird.content.lint.colours import contrast
from tailorbird.content.lint.document import Document, Element, exclusive, shown

_AA: Final = 4.5
_AA_LARGE: Final = 3.0
_LARGE: Final = 24.0
_LARGE_BOLD: Final = 18.66
_SMALLEST_TEXT: Final = 12.0
_SMALLEST_TARGET: Final = 24.0
"""CSS pixels (WCAG 2.2, 2.5.8)."""
_VAGUE: Final = frozenset(
    {"click", "click here", "continue", "details", "go", "here", "learn more", "link", "more"}
    | {"read more", "see more", "this", "this link", "view", "hier", "hier klicken", "mehr"}
    | {"mehr erfahren", "weiterlesen", "ici", "cliquez ici", "en savoir plus", "aqui", "qui"}
)
_FILE: Final = re.compile(r"[\w-]+\.(?:png|jpe?g|gif|svg|webp)", re.I)
_HEADING: Final = re.compile(r"h[1-6]")
_BUTTONS: Final = ("inline-block", "block", "inline-flex", "flex", "table-cell")


def findings(page: Document, *, whole: bool) -> Iterator[Finding]:
    """Yield what keeps people from reading the page; `whole`: it is a mail, not a block."""
    light = looks(page.root, LIGHT)
    yield from _images(page)
    yield from _contrast(light, "contrast", "")
    rules = dark_rules(f"<style>{' '.join(sheet for sheet, _ in page.sheets)}</style>")
    if rules:
        yield from _contrast(looks(page.root, DARK, rules), "contrast-dark", " in the dark")
    yield from _small(light)
    yield from _headings(page, whole=whole)
    yield from _tables(page)
    yield from _links(page, light)
    if whole:
        yield from _language(page)


def _images(page: Document) -> Iterator[Finding]:
    for image in page.all("img"):
        if "alt" not in image.attributes:
            yield error(
                "image-alt", image.place, "a picture without words for those who do not see it",
                'add alt="what it says", or alt="" if it only decorates',
            )  # fmt: skip
        elif _FILE.fullmatch(image.get("alt").strip()):
            yield warning(
                "image-alt-file", image.place, f"alt is the name of a file, {image.get('alt')!r}",
                "say what the picture shows",
            )  # fmt: skip


def _contrast(found: dict[Element, Look], code: str, when: str) -> Iterator[Finding]:
    told: set[tuple[object, ...]] = set()
    for element, look in found.items():
        words = " ".join(shown(" ".join(c for c in element.children if isinstance(c, str))).split())
        if look.hidden or look.text is None or look.ground is None or not _readable(words, look):
            continue
        ratio = contrast(look.text, look.ground)
        large = look.size >= _LARGE or (look.bold and look.size >= _LARGE_BOLD)
        needed = _AA_LARGE if large else _AA
        same = (element.place, look.text, look.ground)
        if ratio < needed and same not in told:
            told.add(same)
            yield error(
                code, element.place,
                f"{_brief(words)} has a contrast of {ratio:.1f}{when}, less than {needed:g}",
                f"change {_hex(look.text)} on {_hex(look.ground)}",
            )  # fmt: skip


def _readable(words: str, look: Look) -> bool:
    return look.size > 1 and any(sign.isalnum() for sign in words)


def _small(found: dict[Element, Look]) -> Iterator[Finding]:
    told: set[object] = set()
    for element, look in found.items():
        words = shown(" ".join(c for c in element.children if isinstance(c, str)))
        if look.hidden or not _readable(words, look) or element.place in told:
            continue
        if look.size < _SMALLEST_TEXT:
            told.add(element.place)
            yield warning(
                "small-text", element.place, f"{_brief(words)} is {look.size:g} px small",
                f"make it {_SMALLEST_TEXT:g} px or more",
            )  # fmt: skip


def _headings(page: Document, *, whole: bool) -> Iterator[Finding]:
    found = [(each, _level(each)) for each in page.root.walk()]
    headings = [(each, level) for each, level in found if level]
    first: Element | None = None
    for place, (heading, level) in enumerate(headings):
        if level == 1:
            if first is not None and not exclusive(first.way, heading.way):
                yield warning(
                    "heading-first", heading.place, "a second h1", "make it h2 or smaller"
                )
            first = first or heading
        before = [other for each, other in headings[:place] if not exclusive(each.way, heading.way)]
        if before and level > before[-1] + 1:
            yield error(
                "heading-order", heading.place, f"h{level} follows h{before[-1]}",
                f"make it h{before[-1] + 1}, and set its size by style",
            )  # fmt: skip
        if not heading.words().strip():
            yield error(
                "heading-empty", heading.place, f"h{level} without words", "fill or remove it"
            )
    if whole and first is None:
        yield warning("heading-first", page.root.place, "there is no h1", "name the mail in an h1")


def _level(element: Element) -> int:
    if _HEADING.fullmatch(element.tag):
        return int(element.tag[1])
    level = element.get("aria-level")
    return int(level) if element.get("role") == "heading" and level.isdigit() else 0


def _language(page: Document) -> Iterator[Finding]:
    for element in page.all("html"):
        if element.get("lang") in ("", "und"):
            yield error(
                "language", element.place, "the mail does not say in which language it is",
                'write lang="en" into the outermost element',
            )  # fmt: skip
    if not any(each.words().strip() for each in page.all("title")):
        yield error("title", page.root.place, "the mail has no title", "add one to the head")


def _tables(page: Document) -> Iterator[Finding]:
    for table in page.all("table"):
        inside = {each.tag for each in table.walk() if each is not table}
        layout = table.get("role") in ("presentation", "none")
        if not layout and not inside & {"th", "caption"}:
            yield error(
                "table-role", table.place, "a table for the layout is read out as one of values",
                'add role="presentation", or th to the cells that name a row or column',
            )  # fmt: skip
        elif layout and _own_headings(table):
            yield warning(
                "table-role", table.place, "a table of values is not read out as one",
                'remove role="presentation"',
            )  # fmt: skip


def _own_headings(table: Element) -> bool:
    return any(
        each.tag == "th" and next(o for o in each.above() if o.tag == "table") is table
        for each in table.walk()
    )


def _links(page: Document, found: dict[Element, Look]) -> Iterator[Finding]:
    for link in page.all("a"):
        if "href" not in link.attributes or found[link].hidden:
            continue
        words = shown(link.words())
        if not words:
            yield error(
                "link-text", link.place, "a link without words",
                "write where it leads, or the alt text of its picture",
            )  # fmt: skip
        elif words.lower().strip(" .!>»→›") in _VAGUE:
            yield warning(
                "link-vague", link.place, f"a link that only says {words!r}", "say where it leads"
            )
        yield from _target(link, found[link])


def _target(link: Element, look: Look) -> Iterator[Finding]:
    """Check the size of a link that is a button or a picture; links in a sentence may be small."""
    own = style(link)
    pictures = [each for each in link.walk() if each.tag == "img"]
    if own.get("display") in _BUTTONS and not pictures:
        high = look.line_height + _around(own, look.size)
    elif pictures and not shown("".join(c for c in link.children if isinstance(c, str))):
        sizes = [_picture(each) for each in pictures]
        high = max((size for size in sizes if size is not None), default=_SMALLEST_TARGET)
    else:
        return
    if high < _SMALLEST_TARGET:
        yield error(
            "target-size", link.place, f"a link {high:.0f} px high is hard to hit",
            f"make it {_SMALLEST_TARGET:g} px or more, by its padding",
        )  # fmt: skip


def _around(own: dict[str, str], size: float) -> float:
    """Return the padding above and below."""
    parts = own.get("padding", "0").split() or ["0"]
    above = own.get("padding-top", parts[0])
    below = own.get("padding-bottom", parts[2] if len(parts) > 2 else parts[0])
    return (length(above, size) or 0) + (length(below, size) or 0)


def _picture(image: Element) -> float | None:
    """Return the smaller known side of a picture."""
    own = style(image)
    sides = [length(own.get(side) or image.get(side), 16) for side in ("width", "height")]
    percent = ["%" in (own.get(side) or image.get(side)) for side in ("width", "height")]
    known = [side for side, part in zip(sides, percent, strict=True) if side and not part]
    return min(known) if known else None


def _brief(words: str) -> str:
    return repr(words if len(words) <= 30 else f"{words[:27]}...")


def _hex(of: tuple[float, float, float, float]) -> str:
    return "#" + "".join(f"{round(part):02x}" for part in of[:3])
