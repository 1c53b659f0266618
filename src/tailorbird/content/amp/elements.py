"""Elements, attributes, addresses and layouts of AMP for Email."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tailorbird.content.amp import allowed
from tailorbird.content.amp.page import PRINTED, Mark
from tailorbird.content.findings import Finding, error

_LENGTH: Final = re.compile(r"(?:\d+(?:\.\d+)?(?:px|em|rem|vh|vw|vmin|vmax)?|auto|)")
_ADDRESSES: Final = {
    ("a", "href"): ("http", "https", "mailto", "tel"),
    ("amp-img", "src"): ("https",),
    ("amp-anim", "src"): ("https",),
    ("amp-list", "src"): ("https",),
    ("amp-autocomplete", "src"): ("https",),
    ("form", "action-xhr"): ("https",),
}
_CITED: Final = ("http", "https")
_SCHEME: Final = re.compile(r"\s*([A-Za-z][\w+.-]*):")
_VALUES: Final = {
    ("form", "method"): {"get", "post", ""},
    ("a", "target"): {"_blank", ""},
    ("a", "type"): {"text/html", "application/rss+xml", ""},
    ("amp-carousel", "type"): {"slides", "carousel"},
    ("template", "type"): {"amp-mustache"},
    ("meta", "charset"): {"utf-8"},
}
_PARENTS: Final = {"summary": "details", "optgroup": "select", "head": "html", "title": "head"}
_RESERVED: Final = re.compile(r"(?:^|\s)i-amphtml-|^__|^(?:AMP|amp)$")
_RESERVED_CLASS: Final = re.compile(r"(?:^|\s)i-amphtml-")
_ARIA: Final = re.compile(r"aria-[a-z]{3,}")
_NEEDED: Final = {
    "amp-anim": "src", "amp-img": "src", "amp-list": "src", "amp-state": "id",
    "amp-timeago": "datetime", "template": "type",
}  # fmt: skip
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)")


def of_element(mark: Mark) -> Iterator[Finding]:
    """Yield what is not allowed of one element."""
    if mark.tag not in allowed.ELEMENTS and mark.tag not in allowed.EXTENSIONS:
        mend = "write <amp-img>" if mark.tag == "img" else "remove it"
        yield error("amp-element", mark.place, f"mails in AMP know no <{mark.tag}>", mend)
        return
    yield from _placed(mark)
    for name, value in mark.attributes.items():
        yield from _attribute(mark, name, value)
    needed = _NEEDED.get(mark.tag)
    if needed and needed not in mark.attributes:
        yield error("amp-attribute", mark.place, f"<{mark.tag}> needs {needed}", "add it")
    posted = mark.tag == "form" and mark.attributes.get("method", "").lower() == "post"
    if posted and "action-xhr" not in mark.attributes:
        yield error("amp-attribute", mark.place, "<form> needs action-xhr", "add it")
    tapped = mark.attributes.get("on", "").startswith("tap:") and mark.tag not in ("a", "button")
    if tapped and not {"role", "tabindex"} <= set(mark.attributes):
        yield error(
            "amp-attribute", mark.place, "what is tapped must say so to those who do not see it",
            'add role="button" tabindex="0", or make it a button',
        )  # fmt: skip
    if mark.tag in allowed.SUPPORTED:
        yield from _layout(mark)


def _placed(mark: Mark) -> Iterator[Finding]:
    around = mark.around[0].tag if mark.around else ""
    wanted = _PARENTS.get(mark.tag)
    if mark.tag == "style" or (mark.tag == "meta" and "charset" in mark.attributes):
        wanted = "head"
    if wanted and around != wanted and not (mark.tag == "title" and around == "body"):
        yield error("amp-nesting", mark.place, f"<{mark.tag}> stands outside <{wanted}>", "move it")
    if mark.tag == "template" and mark.templated:
        yield error("amp-nesting", mark.place, "a template inside a template", "take it out")
    if around == "amp-accordion":
        if mark.tag != "section":
            yield error("amp-nesting", mark.place, "an accordion holds sections", "add <section>")
        elif len(mark.children) != 2:
            yield error(
                "amp-nesting", mark.place, "a section of an accordion has a heading and a body",
                "give it two elements",
            )  # fmt: skip


def _attribute(mark: Mark, name: str, value: str) -> Iterator[Finding]:
    tag = mark.tag
    if "{{" in name:
        yield error("amp-attribute", mark.place, "a template in the name of an attribute", "end it")
        return
    if not _known(mark, name):
        yield error("amp-attribute", mark.place, f"<{tag}> has no {name}", "remove it")
        return
    if "{{{" in value or "{{&" in value:
        yield error("amp-value", mark.place, f"{name} is not made safe", "write {{ }}")
        return
    if PRINTED in value and name not in ("href", "src", "action-xhr"):
        return
    accepted = _VALUES.get((tag, name))
    if accepted is not None and value.lower() not in accepted and not _templated(mark, value):
        yield error("amp-value", mark.place, f"{name} cannot be {value!r}", _one_of(accepted))
    if tag == "meta" and name == "name" and value.lower() == "viewport":
        yield error("amp-value", mark.place, "mails in AMP know no viewport", "remove it")
    yield from _special(mark, name, value)
    schemes = _ADDRESSES.get((tag, name)) or (_CITED if name == "cite" else None)
    if schemes:
        yield from _address(mark, name, value, schemes)


def _special(mark: Mark, name: str, value: str) -> Iterator[Finding]:
    if (name == "id" and _RESERVED.search(value)) or (
        name == "class" and _RESERVED_CLASS.search(value)
    ):
        yield error("amp-value", mark.place, f"{value!r} belongs to AMP itself", "rename it")
    if mark.tag == "input" and name == "type" and value.lower() in allowed.INPUTS_REFUSED:
        yield error("amp-value", mark.place, f"mails know no input {value!r}", "remove it")
    if name == "name" and mark.tag in ("input", "select", "textarea") and value.startswith("__"):
        yield error("amp-value", mark.place, f"{value!r} belongs to AMP itself", "rename it")
    dated = mark.tag == "amp-timeago" and name == "datetime" and not _templated(mark, value)
    if dated and not _DATE.fullmatch(value):
        yield error("amp-value", mark.place, f"{value!r} is no instant", "write it as ISO 8601")


def _known(mark: Mark, name: str) -> bool:
    tag = mark.tag
    if name.startswith("[") and name.endswith("]"):
        bound = name[1:-1]
        sized = tag in allowed.SUPPORTED and bound in ("width", "height")
        return bound in allowed.BOUND or sized or bound in allowed.BOUND_HERE.get(tag, ())
    if name.startswith("data-") or _ARIA.fullmatch(name):
        return True
    if name in allowed.EVERYWHERE or name in allowed.ATTRIBUTES.get(tag, ()):
        return True
    return any(name in allowed.INSIDE.get(each.tag, ()) for each in mark.around)


def _templated(mark: Mark, value: str) -> bool:
    return mark.templated and "{{" in value


def _address(mark: Mark, name: str, value: str, schemes: tuple[str, ...]) -> Iterator[Finding]:
    if value.startswith(PRINTED):
        return
    if "{{" in value:
        whole = value.strip().startswith("{{") and value.strip().endswith("}}")
        if mark.templated and whole and mark.tag in ("a", "amp-img", "amp-anim"):
            return
        yield error(
            "amp-address", mark.place, f"{name} mixes an address with a template",
            "print the whole address: {{url}}, inside a template",
        )  # fmt: skip
        return
    scheme = _SCHEME.match(value)
    if scheme and scheme[1].lower() in schemes:
        if re.search(r"\s", value.strip().replace(PRINTED, "x")):
            yield error("amp-address", mark.place, f"{value!r} holds a blank", "write %20")
        return
    if name == "cite" and scheme is None:
        return
    yield error(
        "amp-address", mark.place, f"{name} cannot be {value!r}", f"begin with {schemes[-1]}:"
        if len(schemes) == 1 else f"begin with one of {', '.join(schemes)}",
    )  # fmt: skip


# -- layouts --------------------------------------------------------------------------------------


def _layout(mark: Mark) -> Iterator[Finding]:
    given = {name: mark.attributes.get(name, "") for name in ("width", "height", "layout")}
    if any("{{" in value or PRINTED in value for value in given.values()):
        return
    for name in ("width", "height"):
        if not _LENGTH.fullmatch(given[name]):
            yield error("amp-layout", mark.place, f"{name} cannot be {given[name]!r}", "in pixels")
            return
    chosen = given["layout"].lower() or _implied(given)
    if chosen not in allowed.LAYOUTS or chosen not in allowed.SUPPORTED[mark.tag]:
        known = ", ".join(sorted(allowed.SUPPORTED[mark.tag]))
        yield error(
            "amp-layout", mark.place, f"<{mark.tag}> cannot be laid out as {chosen}",
            f"give it a width and a height, or one of: {known}",
        )  # fmt: skip
        return
    missing = [name for name in _sides(chosen) if not given[name] or given[name] == "auto"]
    if missing:
        yield error(
            "amp-layout", mark.place, f"{chosen} needs {' and '.join(missing)}", "add it in pixels"
        )
    if chosen == "fixed-height" and given["width"] not in ("", "auto"):
        yield error("amp-layout", mark.place, "fixed-height has no width", 'write width="auto"')


def _implied(given: dict[str, str]) -> str:
    width, height = given["width"], given["height"]
    if height and width in ("", "auto"):
        return "fixed-height"
    return "fixed" if width or height else "container"


def _sides(layout: str) -> tuple[str, ...]:
    if layout in ("fixed", "responsive", "intrinsic"):
        return ("width", "height")
    return ("height",) if layout == "fixed-height" else ()


def _one_of(accepted: set[str]) -> str:
    return f"write one of: {', '.join(sorted(accepted - {''}))}"
