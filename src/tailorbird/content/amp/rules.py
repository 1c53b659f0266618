"""What AMP for Email forbids, found before a mailbox provider does.

Providers drop an AMP part that is not valid and show the HTML instead, without a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tailorbird.content.amp import allowed
from tailorbird.content.amp.elements import of_element
from tailorbird.content.amp.page import Mark, Page
from tailorbird.content.amp.sheets import of_sheets
from tailorbird.content.amp.tokens import amp_tokens
from tailorbird.content.findings import Finding, error, warning
from tailorbird.content.languages import language, syntax_of
from tailorbird.content.tree import Place

LARGEST_BYTES: Final = 200_000
_RUNTIME: Final = "https://cdn.ampproject.org/v0.js"
_EXTENSION: Final = re.compile(r"https://cdn\.ampproject\.org/v0/([a-z-]+)-([\w.]+)\.js")
_HIDDEN: Final = re.compile(r"\s*body\s*\{\s*visibility\s*:\s*hidden;?\s*\}\s*")
_NEEDS: Final = {"template": "amp-mustache", "form": "amp-form", "amp-state": "amp-bind"}
_ANSWERS: Final = {"submit-success", "submit-error", "submitting"}


def amp_findings(text: str, name: str) -> list[Finding]:
    """Return what the format forbids in an AMP document, in the order of its lines.

    Raises:
        TemplateError: its template tags are not valid.
    """
    tokens = amp_tokens(text, name, language(syntax_of(text)))
    page = Page(tokens)
    start = Place(name, 1, 1)
    found = [*_document(page, start), *_size(text, start), *_scripts(page, start)]
    for mark in page.marks:
        found += of_element(mark)
    found += of_sheets(page.marks)
    return sorted(found, key=lambda each: each.line)


def _document(page: Page, start: Place) -> Iterator[Finding]:
    if page.doctype.split() != ["doctype", "html"]:
        yield error("amp-document", start, "the document type is missing", "write <!doctype html>")
    html = next((each for each in page.marks if each.tag == "html"), None)
    if html is None or not {"⚡4email", "amp4email"} & set(html.attributes):
        yield error(
            "amp-document", start, "it does not say that it is one", "write <html ⚡4email>"
        )
    elif "data-css-strict" not in html.attributes:
        yield warning(
            "amp-strict", html.place, "the style sheet is not checked as strictly as it can be",
            "write <html ⚡4email data-css-strict>",
        )  # fmt: skip
    for tag in ("head", "body"):
        if all(each.tag != tag for each in page.marks):
            yield error("amp-document", start, f"there is no <{tag}>", "add it")
    if not any("charset" in each.attributes for each in _heads(page, "meta")):
        yield error("amp-document", start, "the charset is missing", 'add <meta charset="utf-8">')
    shown = [each for each in _heads(page, "style") if "amp4email-boilerplate" in each.attributes]
    if len(shown) != 1 or not _HIDDEN.fullmatch(shown[0].text):
        yield error(
            "amp-document", start, "the boilerplate is missing, doubled or changed",
            "add <style amp4email-boilerplate>body{visibility:hidden}</style>",
        )  # fmt: skip
    for place in page.instructions:
        yield error("amp-element", place, "<? ?> is no HTML", "remove it")


def _heads(page: Page, tag: str) -> list[Mark]:
    return [
        each
        for each in page.marks
        if each.tag == tag and any(around.tag == "head" for around in each.around)
    ]


def _size(text: str, start: Place) -> Iterator[Finding]:
    octets = len(text.encode())
    if octets > LARGEST_BYTES:
        yield error(
            "amp-size", start, f"{octets:,} bytes are more than {LARGEST_BYTES:,}",
            "take something out, or load it by amp-list",
        )  # fmt: skip


def _scripts(page: Page, start: Place) -> Iterator[Finding]:
    """Check that what is loaded is the runtime and the extensions that are used."""
    loaded: dict[str, Mark] = {}
    runtimes = 0
    for script in (each for each in page.marks if each.tag == "script"):
        source = script.attributes.get("src", "")
        extension = _EXTENSION.fullmatch(source)
        if source == _RUNTIME:
            runtimes += 1
            yield from _loaded(script)
        elif extension and "async" in script.attributes:
            yield from _loaded(script)
            yield from _extension(script, extension[1], extension[2])
            loaded.setdefault(extension[1], script)
        elif not _inert(script):
            yield error("amp-script", script.place, "a script of one's own", "remove it")
    if runtimes != 1:
        yield error(
            "amp-script", start, "the runtime is missing or doubled",
            f'add <script async src="{_RUNTIME}"></script> once',
        )  # fmt: skip
    yield from _used(page, loaded)
    names = {each.attributes.get("id") for each in page.marks if each.tag in ("template", "script")}
    for mark in page.marks:
        name = mark.attributes.get("template", "")
        if mark.tag in ("amp-list", "div") and name and name not in names:
            yield error("amp-extension", mark.place, f"there is no template {name!r}", "add its id")
        if mark.tag == "div" and name and not _ANSWERS & set(mark.attributes):
            yield error("amp-attribute", mark.place, "<div> has no template", "remove it")


def _loaded(script: Mark) -> Iterator[Finding]:
    if not script.around or script.around[0].tag != "head" or "async" not in script.attributes:
        yield error("amp-script", script.place, "it is not loaded in the head, async", "move it")


def _extension(script: Mark, name: str, version: str) -> Iterator[Finding]:
    kind = "custom-template" if name == "amp-mustache" else "custom-element"
    if name not in allowed.EXTENSIONS or script.attributes.get(kind) != name:
        yield error("amp-script", script.place, f"mails know no extension {name!r}", "remove it")
    elif version not in allowed.EXTENSIONS[name]:
        known = allowed.EXTENSIONS[name][-1]
        yield error("amp-script", script.place, f"{name} has no {version}", f"write {known}")


def _inert(script: Mark) -> bool:
    """Return whether a script only holds values or a template."""
    kind = script.attributes.get("type", "")
    if kind == "text/plain":
        return script.attributes.get("template") == "amp-mustache"
    inside = script.around[0].tag if script.around else ""
    return kind == "application/json" and inside in ("amp-state", "amp-autocomplete")


def _used(page: Page, loaded: dict[str, Mark]) -> Iterator[Finding]:
    used: dict[str, Mark] = {}
    for mark in page.marks:
        name = _NEEDS.get(mark.tag, mark.tag)
        if mark.tag == "script" and mark.attributes.get("template") == "amp-mustache":
            name = "amp-mustache"
        if name in allowed.EXTENSIONS:
            used.setdefault(name, mark)
    for name, mark in used.items():
        if name not in loaded:
            yield error(
                "amp-extension", mark.place, f"<{mark.tag}> needs the extension {name}",
                f"load {name}-{allowed.EXTENSIONS[name][-1]}.js in the head",
            )  # fmt: skip
    for name, script in loaded.items():
        if name not in used and name not in allowed.UNUSED_ALLOWED and name in allowed.EXTENSIONS:
            yield error("amp-extension", script.place, f"nothing uses {name}", "remove it")
