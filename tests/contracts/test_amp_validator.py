"""Our rules for AMP and the official validator say the same of real documents and of broken ones.

The official one is the WebAssembly that comes with Next.js; it runs offline. Both are asked about
documents that a seeded author breaks: attributes, elements, addresses, rules, nesting.

Where the two are known to differ, the author does not go:

- What HTML's parser moves or closes by itself: a cell outside of a table, a head in the body.
- Whether JSON inside of a script is well formed, which for the official one is a warning.
- `{{ }}` outside of a template of the reader's: there it is text, here our own tag.
- A script that names an extension and loads nothing is let through there.
- A rule whose brace is not closed: there what follows is part of it, at-rules included.
- Layouts by `heights` and `sizes`, and `amp-autocomplete`, of which our rules know the outline.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tailorbird.content.amp import amp_findings

DOCUMENTS = 600
Validator = Callable[[list[str]], list[dict[str, Any]]]
Change = Callable[[str, random.Random], str]
SNIPPETS: list[str] = [
    *("<img src='https://a.example/b.png'>", "<p onclick='x()'>x</p>", "<script>x</script>"),
    *("<iframe src='https://a.example'></iframe>", "<center>x</center>", "<font>x</font>"),
    *("<a href='javascript:x()'>x</a>", "<a href='/x'>x</a>", "<a href='https://a.example'>x</a>"),
    *("<p style='color:red !important'>x</p>"),
    *("<p style='color:red'>x</p>", "<p id='i-amphtml-x'>x</p>", "<p foo='1'>x</p>"),
    *("<amp-img src='https://a.example/b' width='1' height='1'></amp-img>", "<b>x</b>"),
    *("<amp-img src='http://a.example/b' width='1' height='1'></amp-img>", "<svg></svg>"),
    *("<amp-img src='https://a.example/b' width='1'></amp-img>", "<amp-foo></amp-foo>"),
    *("<amp-img src='https://a.example/b' layout='fill'></amp-img>", "<style>a{}</style>"),
    *("<form method='post' action-xhr='http://a.example'></form>", "<link rel='x'>"),
    *("<form method='post' action='https://a.example'></form>", "<input type='file'>"),
    *("<amp-list src='https://a.example' height='1'></amp-list>", "<video></video>"),
    *(
        "<amp-timeago width='1' height='1' datetime='x'></amp-timeago>",
        "<table border='0'></table>",
    ),
    *("<div hidden role='list' aria-label='x' data-x='1'>x</div>", "<base href='x'>", "<hr>"),
    *("<template type='amp-mustache'>x</template>", "<p [text]='x'>x</p>", "<p [foo]='x'>x</p>"),
    *("<amp-carousel width='1' height='1' type='x'></amp-carousel>", "<object></object>"),
    *("<p style='position:fixed'>x</p>", "<p style='background:url(http://a.example)'>x</p>"),
    *("<amp-accordion><section><h2>x</h2></section></amp-accordion>", "<embed src='x'>"),
]
RULES: list[str] = [
    *("a{color:red !important}", "@import url(https://a.example/x.css);", ".b{color:red}"),
    *("@font-face{font-family:x;src:url(https://a.example/x.woff)}", "p{position:fixed}"),
    *("@media print{a{color:red}}", "@media screen and (max-width:9px){a{color:red}}"),
    *("@keyframes x{from{opacity:0}}", "a{background:url(http://a.example/x)}", "a:hover{top:1px}"),
    *("@media (prefers-color-scheme:dark){a{color:red}}", "a::before{top:1px}", "a{cursor:help}"),
    *(
        "a{behavior:url(https://a.example)}",
        "a{z-index:1000}",
        ".i-amphtml-x{top:1px}",
    ),
    *(
        "a{animation:x 1s}",
        "a{-webkit-text-size-adjust:none}",
        "a:visited{top:1px}",
        "a{will-change:x}",
    ),
]
ATTRIBUTES: list[str] = [
    *("on='tap:x.hide'", "align='left'", "target='_top'", "name='x'", "type='x'", "class='x'"),
    *("width='10'", "height='a'", "layout='fixed'", "src='x'", "href='mailto:a@shop.example'"),
    *(
        "bgcolor='red'",
        "background='x'",
        "onload='x'",
        "hidden",
        "title='x'",
        "nowrap",
        "border='0'",
    ),
    *("autoplay", "items='x'", "media='x'", "role='x'", "style='color:red'", "loading='lazy'"),
]
TAG = re.compile(
    r"<([a-z][\w-]*)((?:\s+[^<>\"'\s/=]+(?:=(?:\"[^\"]*\"|'[^']*'|[^\s\"'>]+))?)*)\s*/?>"
)
ATTRIBUTE = re.compile(r"\s+([^<>\"'\s/=]+)(?:=(?:\"[^\"]*\"|'[^']*'|[^\s\"'>]+))?")


@pytest.fixture
def validator(amp_validator: Path) -> Validator:
    """Return a function that asks the official validator about documents."""

    def asked(documents: list[str]) -> list[dict[str, Any]]:
        done = subprocess.run(
            [shutil.which("node") or "node", amp_validator / "validate.mjs"],
            input=json.dumps(documents), capture_output=True, text=True, check=True, timeout=250,
        )  # fmt: skip
        verdicts: list[dict[str, Any]] = json.loads(done.stdout)
        return verdicts

    return asked


def broken(document: str, draw: random.Random) -> str:
    """Return a document with one to three changes."""
    for _ in range(draw.randint(1, 3)):
        change: Change = draw.choice(CHANGES)
        document = change(document, draw)
    return document


def _added(document: str, draw: random.Random) -> str:
    at = document.index(">", document.index("<body")) + 1
    return document[:at] + draw.choice(SNIPPETS) + document[at:]


def _styled(document: str, draw: random.Random) -> str:
    rule = draw.choice(RULES)
    if "<style amp-custom" in document:
        at = document.index(">", document.index("<style amp-custom")) + 1
        return document[:at] + rule + document[at:]
    return document.replace("</head>", f"<style amp-custom>{rule}</style></head>", 1)


def _attribute_gone(document: str, draw: random.Random) -> str:
    tags = [each for each in TAG.finditer(document) if each[2]]
    tag = draw.choice(tags)
    gone = draw.choice(list(ATTRIBUTE.finditer(tag[2])))
    if tag[1] == "script" and "src" in gone[1]:
        return document
    start = tag.start(2)
    return document[: start + gone.start()] + document[start + gone.end() :]


def _attribute_added(document: str, draw: random.Random) -> str:
    inside = document.index("<body")
    tags = [each for each in TAG.finditer(document, inside) if each[1] not in ("script", "body")]
    if not tags:
        return document
    tag = draw.choice(tags)
    attribute = draw.choice(ATTRIBUTES)
    if re.search(rf"\s{re.escape(attribute.partition('=')[0])}\b", tag[2]):
        return document  # the first of two would count
    return f"{document[: tag.end(1)]} {attribute}{document[tag.end(1) :]}"


def _changed(document: str, draw: random.Random) -> str:
    old, new = draw.choice(
        [
            ("https://", "http://"), ("<amp-img", "<img"), ("0.1.js", "0.9.js"),
            ("utf-8", "latin1"),
            ("visibility:hidden", "visibility:none"), ("amp-mustache", "amp-moustache"),
            ("<!doctype html>", ""), ("<section>", "<div>"), ("v0.js", "v1.js"), ("⚡4email", "⚡"),
            ("<h1>", "<h1 align='left'>"), ("height=", "heigth="), ("{{", "{{{"),
            ("src=", "[src]="),
        ]
    )  # fmt: skip
    places = [each.start() for each in re.finditer(re.escape(old), document, re.I)]
    if not places:
        return document
    at = draw.choice(places)
    return document[:at] + new + document[at + len(old) :]


CHANGES: list[Change] = [_added, _styled, _attribute_gone, _attribute_added, _changed]


def valid(text: str, name: str) -> bool:
    return all(each.severity != "error" for each in amp_findings(text, name))


def documents(folder: Path) -> dict[str, str]:
    files = sorted((folder / "templates" / "email" / "amp").glob("*.html"))
    assert len(files) == 9
    host = "https://shop.example"
    return {
        file.name: file.read_text()
        .replace("<%host%>", host)
        .replace("<!doctype html", "<!doctype html")
        for file in files
    }


@pytest.mark.shared
@pytest.mark.slow
def test_both_say_the_same_of_real_documents(shared_data: Path, validator: Validator) -> None:
    files = sorted((shared_data / "templates" / "email" / "amp").glob("*.html"))
    verdicts = validator([file.read_text() for file in files])
    ours = [valid(file.read_text(), file.name) for file in files]
    assert ours == [each["status"] == "PASS" for each in verdicts]
    assert sum(ours) == 6


@pytest.mark.shared
@pytest.mark.slow
def test_both_say_the_same_of_broken_documents(shared_data: Path, validator: Validator) -> None:
    draw = random.Random(5)
    sound = [each for name, each in documents(shared_data).items() if valid(each, name)]
    assert len(sound) >= 6
    made = [broken(draw.choice(sound), draw) for _ in range(DOCUMENTS)]
    verdicts = validator(made)
    differing = [
        (verdict["errors"], [each.sentence() for each in amp_findings(text, "mail")][:5])
        for text, verdict in zip(made, verdicts, strict=True)
        if valid(text, "mail") != (verdict["status"] == "PASS")
    ]
    assert differing == []
    passed = sum(verdict["status"] == "PASS" for verdict in verdicts)
    assert 20 < passed < DOCUMENTS - 200, "both verdicts must be among the answers"
