"""What mail readers cannot do: Outlook's layout, dark mode, elements that are taken out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tailorbird.content.dark import dark_rules
from tailorbird.content.findings import Finding, error, warning
from tailorbird.content.lint.cascade import style
from tailorbird.content.lint.document import PRINTED, Document, Element, shown
from tailorbird.content.tree import Place

_TAKEN_OUT: Final = ("script", "iframe", "object", "embed", "applet", "frame", "base")
_SELDOM: Final = ("form", "video", "audio", "canvas", "svg", "input", "select", "textarea")
_CONDITION: Final = re.compile(r"\s*\[if [^\]]*\]", re.I)
_SIGNS: Final = re.compile(
    r"<!--(?:tb-at-\d+ )?\[if ([^\]]*)\](?:><!--(?:\s*--)?|--)?>"
    r"|(?:<!--(?:tb-at-\d+ )?)?(?:<!)?\[endif\]-->"
    r"|<!--.*?-->|<style\b.*?</style>|<(/?)(table|tr|td)\b[^>]*?(/?)>",
    re.S | re.I,
)
_OUTLOOK: Final = 16
_WIDE: Final = 640
_LAYOUTS: Final = {"flex", "inline-flex", "grid", "inline-grid"}


def findings(page: Document, *, whole: bool) -> Iterator[Finding]:
    """Yield what some reader will show wrongly or not at all."""
    yield from _elements(page)
    yield from _images(page)
    yield from _styles(page)
    yield from _conditions(page)
    yield from _ghosts(page)
    yield from _vml(page)
    if whole:
        yield from _dark(page)
        yield from _phone(page)


def _elements(page: Document) -> Iterator[Finding]:
    for element in page.all(*_TAKEN_OUT):
        yield error(
            "element-removed", element.place, f"mail readers take <{element.tag}> out",
            "remove it",
        )  # fmt: skip
    for element in page.all(*_SELDOM):
        if element.get("class").startswith("mj-") or element.get("type") == "hidden":
            continue
        yield warning(
            "element-seldom", element.place, f"few mail readers know <{element.tag}>",
            "use a picture or a link",
        )  # fmt: skip
    for element in page.all("link"):
        if "stylesheet" in element.get("rel"):
            yield warning(
                "sheet-elsewhere", element.place, "most mail readers load no style sheet",
                "write the rules into the mail",
            )  # fmt: skip


def _images(page: Document) -> Iterator[Finding]:
    for image in page.all("img"):
        source, own = image.get("src").strip(), style(image)
        if not image.get("width"):
            yield warning(
                "image-size", image.place, "a picture without a width is as large as it likes",
                'add width="..." in pixels: Outlook does not read it from the style',
            )  # fmt: skip
        elif not image.get("height") and "height" not in own:
            yield warning(
                "image-size", image.place, "without a height the mail jumps while it loads",
                'add height="..." in pixels, or style="height:auto"',
            )  # fmt: skip
        yield from _source(image, source)


def _source(image: Element, source: str) -> Iterator[Finding]:
    if source.startswith("http:"):
        yield warning(
            "image-insecure", image.place, f"{shown(source)!r} can be read on its way",
            "write https:",
        )  # fmt: skip
    elif source.startswith("data:"):
        yield error(
            "image-source", image.place, "Gmail and Outlook show no picture inside the mail's text",
            "put the picture on a server",
        )  # fmt: skip
    elif not source.startswith(("https:", "cid:")) and not PRINTED.match(source):
        yield error(
            "image-source", image.place, f"{shown(source)!r} is no whole address",
            "begin with https://",
        )  # fmt: skip


def _styles(page: Document) -> Iterator[Finding]:
    pictured = "v:fill" in page.source or "v:image" in page.source
    for element in page.root.walk():
        own = style(element)
        if own.get("display") in _LAYOUTS or own.get("position") in ("absolute", "fixed"):
            yield warning(
                "outlook-layout", element.place,
                f"Outlook knows no {own.get('display') or 'position'} layout", "use a table",
            )  # fmt: skip
        ground = f"{own.get('background', '')}{own.get('background-image', '')}"
        if "url(" in ground and not pictured:
            yield warning(
                "outlook-background", element.place, "Outlook shows no background picture",
                "add VML, or let MJML do it: background-url of mj-section",
            )  # fmt: skip
    for sheet, place in page.sheets:
        if "@import" in sheet:
            yield warning(
                "sheet-elsewhere", place, "most mail readers load no style sheet",
                "write the rules into the mail",
            )  # fmt: skip


def _conditions(page: Document) -> Iterator[Finding]:
    """Check that every conditional comment has its end."""
    waiting: list[Place] = []
    for text, place in page.comments:
        if _CONDITION.match(text):
            if "[endif]" in text:
                continue
            if text.rstrip(" -").endswith(("<!", "]")):
                waiting.append(place)
            else:
                yield _not_ended(place)
        elif text.strip().lower() in ("<![endif]", "[endif]"):
            if waiting:
                waiting.pop()
            else:
                yield error("outlook-condition", place, "an [endif] without its [if]", "remove it")
    for place in waiting:
        yield _not_ended(place)


def _not_ended(place: Place) -> Finding:
    return error("outlook-condition", place, "a conditional comment has no end", "add <![endif]-->")


def _ghosts(page: Document) -> Iterator[Finding]:
    """Check that the tables, as Outlook sees them, are closed in order."""
    told: set[Place] = set()
    for view in page.views():
        found = _unbalanced(view)
        if found is None:
            continue
        place, what = page.place(found[0], view), found[1]
        if place not in told:
            told.add(place)
            yield error(
                "outlook-table", place, f"in Outlook's eyes {what}",
                "open and close tables, rows and cells inside the same condition",
            )  # fmt: skip


def _unbalanced(view: str) -> tuple[int, str] | None:
    """Return where and how the tables of a page go wrong for Outlook, or None."""
    seen = True
    opened: list[tuple[str, int]] = []
    for sign in _SIGNS.finditer(view):
        if sign[1] is not None:
            seen = _for_outlook(sign[1])
        elif sign[3] is None:
            seen = seen or "endif" in sign[0]
        elif seen and not sign[2] and not sign[4]:
            opened.append((sign[3].lower(), sign.start()))
        elif seen and sign[2]:
            if not opened or opened[-1][0] != sign[3].lower():
                inner = f"<{opened[-1][0]}>" if opened else "nothing"
                return sign.start(), f"</{sign[3].lower()}> closes {inner}"
            opened.pop()
    return (opened[-1][1], f"<{opened[-1][0]}> is never closed") if opened else None


def _for_outlook(condition: str) -> bool:
    """Return whether Outlook for Windows reads what stands under a condition."""
    old = re.search(r"\blte?\s+mso\s+(\d+)", condition)
    if old:
        return int(old[1]) >= _OUTLOOK
    return "mso" in condition and "!mso" not in condition.replace(" ", "")


def _vml(page: Document) -> Iterator[Finding]:
    used = next((place for text, place in page.comments if "<v:" in text), None)
    named = any("xmlns:v" in each.attributes for each in page.all("html"))
    whole = all("xmlns:v" in text for text, _ in page.comments if "<v:" in text)
    if used is not None and not named and not whole:
        yield error(
            "outlook-vml", used, "Outlook draws VML only where its name space is declared",
            'write xmlns:v="urn:schemas-microsoft-com:vml" into html',
        )  # fmt: skip


def _dark(page: Document) -> Iterator[Finding]:
    if not dark_rules(f"<style>{' '.join(sheet for sheet, _ in page.sheets)}</style>"):
        yield warning(
            "dark-mode", page.root.place, "readers in the dark choose the colours themselves",
            "add rules under @media (prefers-color-scheme: dark)",
        )  # fmt: skip


def _phone(page: Document) -> Iterator[Finding]:
    if not any(each.get("name") == "viewport" for each in page.all("meta")):
        yield warning(
            "viewport", page.root.place, "a phone shows the mail as small as a page for desks",
            'add <meta name="viewport" content="width=device-width, initial-scale=1">',
        )  # fmt: skip
    if any("max-width" in sheet for sheet, _ in page.sheets):
        return
    for table in page.all("table", "td", "img"):
        width = table.get("width").removesuffix("px")
        if width.isdigit() and int(width) > _WIDE and "max-width" not in style(table):
            yield warning(
                "too-wide", table.place, f"{width} px are wider than a phone and most readers",
                f"keep to {_WIDE} px, and let it shrink: max-width",
            )  # fmt: skip
            return
