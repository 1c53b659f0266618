"""The shipped template fits everybody: no name, no tier, nothing to recommend."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tailorbird import content
from tailorbird.schema import Rendered

GOLDEN = Path(__file__).parents[1] / "golden" / "content" / "win_back.txt"
Values = Callable[..., dict[str, Any]]


def render(template: content.EmailTemplate, values: dict[str, Any]) -> Rendered:
    return template.render("warm", values, lambda url, index: url, "https://o.example/1", 0)


@pytest.mark.parametrize("name", [None, "", "   ", "Ada"])
def test_a_greeting_is_never_without_a_name(
    name: str | None, win_back: content.EmailTemplate, values: Values
) -> None:
    rendered = render(win_back, values(person={"first_name": name}))
    greeting = f"Hi {'Ada' if name == 'Ada' else 'there'},"
    assert greeting in rendered.html
    assert greeting in rendered.text
    assert not re.search(r"Hi\s*,", rendered.html + rendered.text)


def test_who_bought_lately_was_not_missed(win_back: content.EmailTemplate, values: Values) -> None:
    given = values()
    lately = {**given, "traits": {**given["traits"], "recency_days": 3}}
    rendered = render(win_back, lately)
    assert "New since your last order" in rendered.text
    assert "missed" not in rendered.html.partition("<body")[2]


@pytest.mark.parametrize("missing", ["person", "traits", "recommendations", "view_url", "demo"])
def test_nothing_that_may_be_missing_is_needed(
    missing: str, win_back: content.EmailTemplate, values: Values
) -> None:
    given = values()
    del given[missing]
    rendered = render(win_back, given)
    assert "We have missed you" in rendered.text
    assert "Unsubscribe" in rendered.text


@pytest.mark.parametrize(
    ("tier", "offer"), [("gold", "GOLD15"), ("silver", "SILVER10"), ("bronze", "WELCOMEBACK")]
)
def test_each_tier_gets_its_own_offer(
    tier: str, offer: str, win_back: content.EmailTemplate, values: Values
) -> None:
    offers = {"GOLD15", "SILVER10", "WELCOMEBACK"}
    text = render(win_back, values(traits={"tier": tier})).text
    assert {each for each in offers if each in text} == {offer}
    text = render(win_back, values(traits={"tier": None})).text
    assert not any(each in text for each in offers)


def test_products_are_shown_with_and_without_pictures(
    win_back: content.EmailTemplate, values: Values
) -> None:
    rendered = render(win_back, values())
    assert "Tea pot 1 (https://shop.example/products/1?from=mail&size=m)" in rendered.text
    assert "€13.01" in rendered.text
    assert rendered.html.count("shop.example/images/") == 1
    assert "Picked for you" not in render(win_back, values(recommendations=[])).html


def test_a_demo_says_so_and_a_real_mail_does_not(
    win_back: content.EmailTemplate, values: Values
) -> None:
    assert "This is a demo mail." in render(win_back, values(demo=True)).text
    assert "demo" not in render(win_back, values()).text


def test_the_footer_says_who_why_and_how_to_leave(
    win_back: content.EmailTemplate, values: Values
) -> None:
    rendered = render(win_back, values())
    assert "Sample Ltd, 1 Sample Street, Sampleton" in rendered.text
    assert "You get this mail because" in rendered.text
    assert "Unsubscribe (https://mail.example/u?t=abc&z=1)" in rendered.text
    assert 'href="https://mail.example/u?t=abc&amp;z=1"' in rendered.html


class Page(HTMLParser):
    """Keeps what an accessibility check looks at."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def test_the_page_is_accessible_responsive_and_knows_the_dark(
    win_back: content.EmailTemplate, values: Values
) -> None:
    html = render(win_back, values()).html
    page = Page(html)
    assert page.all("html")[0]["lang"] == "en"
    assert "<title>Sample shop: picked for you</title>" in html
    assert all(table.get("role") == "presentation" for table in page.all("table"))
    assert all("alt" in image for image in page.all("img"))
    assert len(page.all("h1")) == 1
    meta = {each.get("name"): each.get("content") for each in page.all("meta")}
    assert meta["color-scheme"] == "light dark"
    assert meta["viewport"] == "width=device-width, initial-scale=1"
    assert "@media (prefers-color-scheme: dark)" in html
    assert "@media only screen and (min-width:480px)" in html


def test_the_page_needs_nothing_from_elsewhere_but_pictures(
    win_back: content.EmailTemplate, values: Values
) -> None:
    page = Page(render(win_back, values()).html)
    assert page.all("link") == page.all("script") == []
    sources = [image["src"] for image in page.all("img")]
    assert sources == ["https://shop.example/images/1.png", "https://o.example/1"]


def test_the_html_travels_as_plain_ascii_in_short_lines(
    win_back: content.EmailTemplate, values: Values
) -> None:
    html = render(win_back, values(recommendations=[])).html
    assert html.isascii()
    assert max(map(len, html.splitlines())) <= 998
    assert len(html) < 100_000, "Gmail cuts what is longer"


def test_the_text_part_is_the_golden_one(win_back: content.EmailTemplate, values: Values) -> None:
    assert render(win_back, values()).text == GOLDEN.read_text(encoding="utf-8")


def test_another_process_compiles_the_same_python() -> None:
    code = (
        "import hashlib; from tailorbird import content;"
        "s = content.EmailSource('w', {'a': '{{ x }}'}, content.templates()['win_back']);"
        "t = content.compile_email(s, content.library());"
        "r = t.render('a', {'recommendations': [{'name': 'n'}]}, lambda u, i: f'{u}{i}', 'p', 0);"
        "print(hashlib.sha256((r.html + r.text).encode()).hexdigest())"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(seen) == 1
    assert re.fullmatch(r"[0-9a-f]{64}\n", seen.pop())


def test_every_shipped_block_compiles_alone() -> None:
    for name, block in content.library().items():
        mjml = f"<mjml><mj-body>{block}</mj-body></mjml>"
        source = content.EmailSource(name=name, subjects={}, mjml=mjml)
        assert content.compile_email(source, content.library()).name == name
