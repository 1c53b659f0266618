"""Style sheets of AMP for Email."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tailorbird.content.amp import allowed
from tailorbird.content.amp.page import PRINTED, Mark
from tailorbird.content.css import Declaration, declarations, media, rules
from tailorbird.content.findings import Finding, error
from tailorbird.content.tree import Place

LARGEST_BYTES: Final = 75_000
LARGEST_INLINE_BYTES: Final = 1_000
_AT: Final = re.compile(r"@[\w-]+")
_URL: Final = re.compile(r"url\(\s*[\"']?\s*([a-z][\w+.-]*):", re.I)
_PSEUDO: Final = re.compile(r"::?([\w-]+)")
_FEATURE: Final = re.compile(r"\(\s*(?:min-|max-)?([\w-]+)")
_NUMBER: Final = re.compile(r"-?\d+")
_MOVED: Final = frozenset({"opacity", "transform", "visibility", "offset-distance", "none"})


def of_sheets(marks: list[Mark]) -> Iterator[Finding]:
    """Yield what is not allowed in the style sheet and the styles of a document."""
    strict = any(each.tag == "html" and "data-css-strict" in each.attributes for each in marks)
    sheets = [each for each in marks if each.tag == "style" and "amp-custom" in each.attributes]
    for style in (each for each in marks if each.tag == "style"):
        if not {"amp-custom", "amp4email-boilerplate"} & set(style.attributes):
            yield error(
                "amp-sheet", style.place, "a style sheet that is not ours", "write amp-custom"
            )
    for extra in sheets[1:]:
        yield error("amp-sheet", extra.place, "a second style sheet", "put it into the first")
    total = sum(len(each.text.encode()) for each in sheets)
    for sheet in sheets:
        yield from _sheet(sheet.text, sheet.place, strict=strict)
    for mark in marks:
        style_text = mark.attributes.get("style", "")
        total += len(style_text.encode())
        yield from _inline(mark, style_text, strict=strict)
    if total > LARGEST_BYTES and marks:
        yield error(
            "amp-sheet", (sheets or marks)[0].place,
            f"the styles have {total:,} bytes, more than {LARGEST_BYTES:,}", "take rules out",
        )  # fmt: skip


def _inline(mark: Mark, text: str, *, strict: bool) -> Iterator[Finding]:
    if len(text.encode()) > LARGEST_INLINE_BYTES:
        yield error(
            "amp-sheet", mark.place, f"a style of more than {LARGEST_INLINE_BYTES:,} bytes",
            "make it a rule of the style sheet",
        )  # fmt: skip
    if "{{" in text or PRINTED in text:
        return
    if any(part.strip() and ":" not in part for part in text.split(";")):
        yield error("amp-sheet", mark.place, "a declaration without a value", "end or remove it")
    for each in declarations(text):
        yield from _declaration(each, mark.place, strict=strict)


def _sheet(text: str, place: Place, *, strict: bool) -> Iterator[Finding]:
    bare = re.sub(r"/\*.*?\*/|\"[^\"]*\"|'[^']*'", "", text, flags=re.S)
    if "i-amphtml-" in bare:
        yield error("amp-sheet", place, "i-amphtml- belongs to AMP itself", "rename it")
    if bare.count("}") > bare.count("{"):
        yield error("amp-sheet", place, "a brace closes nothing", "remove it")
    for rule in set(_AT.findall(bare)) - allowed.AT_RULES:
        yield error("amp-sheet", place, f"{rule} is not allowed", "remove it")
    insides = [text]
    for query, inner in media(text):
        insides.append(inner)
        yield from _query(query, place)
    for inside in insides:
        for each in rules(inside):
            yield from _selectors(each.selectors, place, strict=strict)
            for declared in each.declarations:
                yield from _declaration(declared, place, strict=strict)


def _query(query: str, place: Place) -> Iterator[Finding]:
    for feature in _FEATURE.findall(query.lower()):
        if feature not in allowed.MEDIA_FEATURES:
            yield error("amp-sheet", place, f"@media may not ask for {feature}", "remove it")
    for part in query.lower().split(","):
        words = [word for word in re.sub(r"\([^)]*\)", "", part).split() if word != "and"]
        kinds = [word for word in words if word not in ("only", "not")]
        if any(kind not in allowed.MEDIA_TYPES for kind in kinds):
            yield error("amp-sheet", place, f"@media may not ask for {kinds[0]}", "write screen")


def _selectors(selectors: tuple[str, ...], place: Place, *, strict: bool) -> Iterator[Finding]:
    for selector in selectors:
        if "::" in selector and strict:
            yield error("amp-sheet", place, f"{selector} styles a part of an element", "remove it")
        elif strict:
            for name in _PSEUDO.findall(selector):
                if name not in allowed.PSEUDO_CLASSES:
                    yield error("amp-sheet", place, f":{name} is not allowed", "remove it")


def _declaration(each: Declaration, place: Place, *, strict: bool) -> Iterator[Finding]:
    if each.important:
        yield error("amp-sheet", place, f"!important of {each.name} is not allowed", "remove it")
    for scheme in _URL.findall(each.value):
        if scheme.lower() != "https":
            yield error("amp-sheet", place, f"an address with {scheme}:", "write https:")
    if not strict:
        return
    vendor = each.name.startswith("-") and not each.name.startswith("--")
    if each.name in allowed.PROPERTIES_LEFT_OUT or (
        (vendor or each.name.startswith("mso-")) and each.name not in allowed.VENDOR_ALLOWED
    ):
        yield error("amp-sheet", place, f"{each.name} is not allowed", "remove it")
    elif not _value_fits(each):
        yield error("amp-sheet", place, f"{each.name} cannot be {each.value}", "change it")


def _value_fits(each: Declaration) -> bool:
    value = each.value.strip().lower()
    match each.name:
        case "cursor":
            return value in ("pointer", "initial")
        case "visibility":
            return value in ("hidden", "visible", "initial")
        case "z-index":
            return _NUMBER.fullmatch(value) is not None and -100 <= int(value) <= 100
        case "transition":
            return value.split()[0] in _MOVED if value else True
    return True
