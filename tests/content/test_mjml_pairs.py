"""MJML gives what mjml itself makes of it: the same marks, attributes, rules and conditionals.

Compared is what a mail reader sees: not the blanks, not the order of attributes, declarations and
classes, not where one conditional comment ends and the next alike begins. Fonts from elsewhere are
left out: we load none.
"""

from __future__ import annotations

import re
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tailorbird.content.css import Declaration, declarations, media, rules
from tailorbird.content.lifting import VOID, Lift
from tailorbird.content.liquid import Source, Token
from tailorbird.content.mjml import GRAMMAR, rendered
from tailorbird.content.page import finished

UNEQUAL = {
    "mj-preview": "we fill the line up, or an inbox shows the mail's first words behind it",
    "mj-style": "we inline the rules of style sheets, for readers that take none from the head",
    "mj-raw-head": "mrml says lang='und' and dir='auto', as mjml does since version 4.15",
    "mjml": "mrml says dir='auto', as mjml does since version 4.15",
}
"""Pairs that differ on purpose, and why."""


def declared(found: tuple[Declaration, ...]) -> str:
    return "; ".join(sorted(f"{each.name}:{squeezed(each.value)}" for each in found))


def squeezed(text: str) -> str:
    text = re.sub(r"(?i)#([\da-f])([\da-f])([\da-f])\b", r"#\1\1\2\2\3\3", text)
    return re.sub(r"\s*([,>+~()/])\s*", r"\1", " ".join(text.split()))


class Page(HTMLParser):
    """Lists what a page says, in one form."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self._sheet = False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._sheet = tag == "style"
        if tag in ("link", "style"):
            return
        found = sorted(f"{name}={self._value(name, value)}" for name, value in attrs if value)
        self.said.append(f"<{tag} {' '.join(found)}>")

    def _value(self, name: str, value: str) -> str:
        if name == "style":
            return declared(declarations(value))
        return " ".join(sorted(value.split())) if name == "class" else squeezed(value)

    handle_startendtag = handle_starttag

    def handle_endtag(self, tag: str) -> None:
        self._sheet = False
        if tag not in VOID | {"link", "style"}:
            self.said.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if not self._sheet:
            self.said += [" ".join(data.split())] if data.strip() else []
            return
        self.said += sorted(self._rules(data, ""))
        for query, inner in media(data):
            self.said += sorted(self._rules(inner, squeezed(query)))

    def _rules(self, sheet: str, query: str) -> list[str]:
        return [
            f"{query} {squeezed(selector)} {declared(rule.declarations)}"
            for rule in rules(sheet)
            for selector in rule.selectors
        ]

    def handle_comment(self, data: str) -> None:
        if data.endswith("<!"):
            self.said.append(f"{data} shown")
            return
        if data == "<![endif]" and self.said[-1].endswith(" shown"):
            self.said.pop()  # it held style sheets alone
            return
        found = re.fullmatch(r"(?s)\[if ([^\]]*)\]>(.*?)(<!\[endif\])?", data)
        if found is None:
            self.said += [data.strip()] if data.strip() else []
            return
        opening = f"[if {''.join(found[1].split())}]"
        inner = Page(found[2]).said
        self.said += [opening, *inner, f"{opening} end"] if inner else []

    def merged(self) -> list[str]:
        """Return all of it, neighbouring conditionals made one."""
        done: list[str] = []
        for each in self.said:
            if done and done[-1] == f"{each} end":
                done.pop()
            else:
                done.append(each)
        return done


def compiled(mjml: str) -> str:
    source = Source("pair", mjml)
    lifted = Lift([Token("text", mjml, source, 0, 0)], "pair", GRAMMAR)
    return finished(rendered(lifted))


@pytest.mark.shared
def test_all_pairs_are_equal_but_those_that_differ_on_purpose(shared_data: Path) -> None:
    with zipfile.ZipFile(shared_data / "templates" / "mjml_pairs.zip") as pairs:
        names = sorted(each[:-5] for each in pairs.namelist() if each.endswith(".mjml"))
        unequal = [
            name
            for name in names
            if Page(compiled(pairs.read(f"{name}.mjml").decode())).merged()
            != Page(pairs.read(f"{name}.html").decode()).merged()
        ]
    assert len(names) == 106
    assert unequal == sorted(UNEQUAL)


@pytest.mark.shared
@pytest.mark.parametrize(("name", "inlined"), [("amario", False), ("air-astana", True)])
def test_whole_mails_are_equal_but_for_inlined_rules(
    shared_data: Path, name: str, inlined: bool
) -> None:
    folder = shared_data / "templates" / "email" / "mjml"
    ours = Page(compiled((folder / f"{name}.mjml").read_text())).merged()
    theirs = Page((folder / f"{name}.html").read_text()).merged()
    if inlined:
        ours, theirs = ([each for each in said if "style=" not in each] for said in (ours, theirs))
    assert ours == theirs
