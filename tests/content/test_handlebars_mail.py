"""Mails in Handlebars: the same MJML, links, text part and places as with Liquid."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tailorbird import content
from tailorbird.content.email import written
from tailorbird.content.languages import syntax_of
from tailorbird.content.lint import lint
from tailorbird.errors import TemplateError


def column(inside: str) -> str:
    return (
        f"<mjml><mj-body><mj-section><mj-column>{inside}</mj-column></mj-section></mj-body></mjml>"
    )


def mail(body: str, blocks: dict[str, str] | None = None) -> content.EmailTemplate:
    subjects = {"a": "{{#if name}}{{name}} & you{{else}}You{{/if}}"}
    return content.compile_email(written("mail", subjects, body), blocks or {})


def rendered(body: str, blocks: dict[str, str] | None = None, **data: Any) -> Any:
    return mail(body, blocks).render("a", data, counted, "https://o.example/1", 0)


def counted(url: str, index: int) -> str:
    return f"https://c.example/{index}?{url[-3:]}"


def test_blocks_stand_between_the_rows_of_a_table_and_inside_attributes() -> None:
    body = column(
        '<mj-table css-class="{{#if wide}}wide{{/if}}">{{#each rows}}<tr><td>{{@index}}</td>'
        "<td>{{this}}</td></tr>{{else}}<tr><td>none</td></tr>{{/each}}</mj-table>"
    )
    got = rendered(body, rows=["<a>", "b"], wide=True, name="Ann <3")
    assert 'class="wide"' in got.html
    assert got.html.count("<tr>") >= 2
    assert "&lt;a&gt;" in got.html
    assert got.subject == "Ann <3 & you"
    assert [line for line in got.text.splitlines() if line] == ["0 <a>", "1 b"]
    assert rendered(body).text == "none\n"


def test_whole_sections_are_chosen() -> None:
    body = "<mj-section><mj-column><mj-text>{{word}}</mj-text></mj-column></mj-section>"
    page = f"<mjml><mj-body>{{{{#each words as |word|}}}}{body}{{{{/each}}}}</mj-body></mjml>"
    assert rendered(page, words=["one", "two"]).text == "one\n\ntwo\n"


def test_links_are_counted_and_the_pixel_stands_at_the_end() -> None:
    body = column(
        '<mj-text>{{#each l}}<a href="https://a.example/{{this}}">{{this}}</a>{{/each}}'
        '<a href="{{unsubscribe_url}}">out</a></mj-text>'
    )
    got = rendered(body, l=["abc", "def"], unsubscribe_url="https://u.example")
    assert 'href="https://c.example/0?abc"' in got.html
    assert 'href="https://u.example"' in got.html
    assert '<img src="https://o.example/1"' in got.html
    assert "abc (https://c.example/0?abc)" in got.text
    assert mail(body).links == 1
    assert "o.example" not in mail(body).render("a", {}, lambda u, i: u, "", 0).html


def test_blocks_are_put_in_place() -> None:
    blocks = {"row": "<mj-text>{{name}}</mj-text>", "rows": "{{#each all}}{{> row}}{{/each}}"}
    assert rendered(column("{{> rows}}"), blocks, all=[{"name": "x"}, {"name": "y"}]).text == (
        "x\n\ny\n"
    )


BROKEN = {
    "{{> row name=1}}": "mail:1:39: in a mail a block is called by its name alone",
    "{{> raw}}": "mail:1:39: there is no block 'raw'; did you mean 'row'?",
    "{{> loop}}": "loop:1:1: block 'loop' calls itself",
    "<mj-text>{{#if a}}x</mj-text>": "mail:1:",
    "<mj-text {{#if a}}align='left'{{/if}}>x</mj-text>": (
        "mail:1:48: a template tag cannot stand between attributes"
    ),
    "<mj-text>{{#if a}}<a href='{{/if}}x'>a</a></mj-text>": (
        "mail:1:48: the address of a link must begin and end in the same block"
    ),
    "<mj-text>{{{x}}}</mj-text>": "mail:1:48: {{{ and {{& print a value as it is",
    "<mj-txt>{{#if a}}{{/if}}</mj-txt>": "mail:1:39: unknown MJML element <mj-txt>",
}


@pytest.mark.parametrize("body", BROKEN)
def test_what_cannot_work_names_its_place(body: str) -> None:
    with pytest.raises(TemplateError) as caught:
        mail(column(body), {"row": "", "loop": "{{> loop}}"})
    where = BROKEN[body]
    assert str(caught.value).startswith(where)


def test_the_language_is_read_from_the_marks() -> None:
    assert syntax_of("{{ x }}") == "liquid"
    assert syntax_of("{{ x }}", "{{#if x}}{{/if}}") == "handlebars"
    assert syntax_of("{% raw %}{{#if}}{% endraw %}") == "liquid"


def test_findings_name_the_lines_of_handlebars_too() -> None:
    body = column('\n{{#if x}}\n<mj-image src="https://i.example.net/a.png" />{{/if}}')
    found = {(each.code, each.where) for each in lint(written("mail", {}, body), {})}
    assert ("image-alt", "mail:3:1") in found


@pytest.mark.shared
def test_a_mail_of_sendgrid_is_filled_from_its_own_values(shared_data: Path) -> None:
    folder = shared_data / "templates" / "email" / "sendgrid"
    name = "dynamic-templates-newsletter-news_feed"
    values = json.loads((folder / f"{name}_data.json").read_text())
    got = rendered((folder / f"{name}.html").read_text(), **values)
    assert len(re.findall(r"\b(First|Second|Third) News Story", got.text)) == 3
    assert "Lorem ipsum" in got.text


@pytest.mark.parametrize(
    ("source", "read"),
    [
        ("{{#if person.first_name}}{{person.first_name}}{{/if}}", {"person.first_name"}),
        ("{{#with person}}{{plan}}{{/with}}", {"person", "person.plan"}),
        ("{{#each traits.bought}}{{name}} {{../person.plan}}{{/each}}",
         {"traits.bought", "traits.bought[].name", "person.plan"}),
        ("{{#each traits.bought}}{{@root.traits.tier}} {{@index}}{{/each}}",
         {"traits.bought", "traits.tier"}),
        ("{{default traits.tier 'none'}}", {"traits.tier"}),
    ],
)  # fmt: skip
def test_what_a_handlebars_mail_reads_is_known_as_it_must_be_given(
    source: str, read: set[str]
) -> None:
    assert mail(column(f"<mj-text>{source}</mj-text>")).variables() - {"name"} == read
