"""Template tags survive MJML and CSS inlining wherever an author may put them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tailorbird import content
from tailorbird.errors import TemplateError

Mail = Callable[..., content.EmailTemplate]


def column(inside: str) -> str:
    return f"<mj-section><mj-column>{inside}</mj-column></mj-section>"


def same(url: str, index: int) -> str:
    return url


def html(template: content.EmailTemplate, **data: Any) -> str:
    return template.render("a", data, same, "", 0).html


def words(page: str) -> str:
    """Return what a browser shows of the body, in one line."""
    body = re.sub(r"(?s).*<body|<!--.*?-->|<style.*?</style>", "", page)
    return " ".join(re.sub(r"<[^>]*>", " ", body.partition(">")[2]).split())


def test_tags_between_sections_choose_whole_sections(mail: Mail) -> None:
    body = (
        "{% if a %}"
        + column("<mj-text>one</mj-text>")
        + "{% else %}"
        + column("<mj-text>two</mj-text>")
        + "{% endif %}"
    )
    template = mail(body)
    assert words(html(template, a=True)) == "one"
    assert words(html(template, a=False)) == "two"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (column("{% for x in l %}<mj-text>{{ x }}</mj-text>{% endfor %}"), "1 2"),
        (
            "<mj-section>{% for x in l %}<mj-column><mj-text>{{ x }}</mj-text></mj-column>"
            "{% endfor %}</mj-section>",
            "1 2",
        ),
        (
            column('<mj-text>{% if l[0] > 0 and l[1] < 3 %}<b>"it\'s"</b>{% endif %}</mj-text>'),
            None,
        ),
        (
            column(
                "<mj-table>{% for x in l %}<tr><td>{{ x }}</td></tr>"
                "{% else %}<tr><td>none</td></tr>{% endfor %}</mj-table>"
            ),
            "1 2",
        ),
        (column("<mj-raw>{{ l | join: '-' }}</mj-raw>"), "1-2"),
        (
            "<mj-wrapper>{% if l %}" + column("<mj-text>w</mj-text>") + "{% endif %}</mj-wrapper>",
            "w",
        ),
        (column("<mj-button href='{{ u }}'>{{ l[1] }}</mj-button>"), "2"),
        (column("<mj-text>{% raw %}{{ l }}{% endraw %}</mj-text>"), "{{ l }}"),
        (column("<mj-text>a{% comment %}<mj-text>{% endcomment %}b</mj-text>"), "ab"),
        (column("<mj-text>TBQ0Z {{ l[0] }}</mj-text>"), "TBQ0Z 1"),
    ],
)
def test_tags_work_inside_and_between_elements(mail: Mail, body: str, expected: str | None) -> None:
    shown = words(html(mail(body), l=[1, 2], u="https://shop.example"))
    assert shown == (expected or '"it\'s"')


def test_tags_stand_in_attributes_and_addresses(mail: Mail) -> None:
    body = column(
        '<mj-text color="{{ colour }}" css-class="{% if a %}on{% endif %}">'
        '<a href="https://shop.example/{{ path }}?q={{ q | url_encode }}">x</a>'
        '<img src="{{ image }}" alt="{{ alt }}"></mj-text>'
    )
    page = html(
        mail(body), colour="#123456", a=1, path="p", q="a&b", image="https://i.example/1", alt='"'
    )
    assert "color:#123456" in page
    assert 'class="on"' in page
    assert 'href="https://shop.example/p?q=a%26b"' in page
    assert 'src="https://i.example/1" alt="&quot;"' in page


def test_rules_of_mj_style_are_inlined_and_kept_for_media_queries(mail: Mail) -> None:
    template = content.compile_email(
        content.EmailSource(
            name="mail",
            subjects={"a": ""},
            mjml="<mjml><mj-head><mj-style>.big { font-size: 30px } "
            "@media print { .big { color: red } }</mj-style></mj-head><mj-body>"
            + column('<mj-text><p class="big">{{ x }}</p></mj-text>')
            + "</mj-body></mjml>",
        ),
        {},
    )
    page = html(template, x="<1>")
    assert re.search(r'class="big" style="[^"]*font-size: 30px', page)
    assert "@media print { .big { color: red } }" in page
    assert "&lt;1&gt;</p>" in page


def test_parts_of_a_column_are_chosen_though_rules_are_inlined() -> None:
    choice = "{% if x %}<mj-text>one</mj-text>{% else %}<mj-text>two</mj-text>{% endif %}"
    head = "<mj-head><mj-style>.a { color: red }</mj-style>{% assign x = y %}</mj-head>"
    source = content.EmailSource(
        "mail", {"a": ""}, f"<mjml>{head}<mj-body>{column(choice)}</mj-body></mjml>"
    )
    template = content.compile_email(source, {})
    assert words(html(template, y=True)) == "one"
    assert words(html(template)) == "two"


def test_no_font_is_fetched(mail: Mail) -> None:
    page = html(mail(column("<mj-text>x</mj-text>")))
    assert "fonts.googleapis" not in page
    assert "@import" not in page


def test_blocks_see_their_arguments_and_can_hold_whole_sections(mail: Mail) -> None:
    blocks = {
        "row": column("<mj-text>{{ product.name }}/{{ note }}/{{ forloop.index }}</mj-text>"),
        "rows": "{% render 'row' for all as product, note: 'n' %}",
    }
    page = html(mail("{% render 'rows' %}", blocks=blocks), all=[{"name": "a"}, {"name": "b"}])
    assert words(page) == "a/n/1 b/n/2"


BROKEN = {
    "<mj-section>": "mail:1:28: </mj-body> stands inside <mj-section>, opened at mail:1:16",
    column("<mj-txt>x</mj-txt>"): "mail:1:39: unknown MJML element <mj-txt>; did you mean <mj-text",
    column("<mj-text>a < b</mj-text>"): "mail:1:50: a < that begins no tag; write &lt;",
    column("<mj-text align=left>a</mj-text>"): "mail:1:47: align has a value without quotes",
    column(
        '<mj-image width="{{ w }}px" src="a" />'
    ): "mail:1:56: MJML has no place for a template tag",
    column("<mj-text {% if a %}align='left'{% endif %}>a</mj-text>"): (
        "mail:1:48: a template tag cannot stand between attributes"
    ),
    column("<mj-navbar>{% if a %}{% endif %}</mj-navbar>"): (
        "mail:1:50: a template tag cannot stand between the children of <mj-navbar>"
    ),
    column("<mj-text>{% if a %}x</mj-text>"): "mail:1:48: if is not closed; add {% endif %}",
    "<mj-include path='x.mjml' />": "mail:1:16: unknown MJML element <mj-include>; put the part",
    column("<mj-text>{% if a %}<a href='{% endif %}x'>a</a></mj-text>"): (
        "mail:1:48: the address of a link must begin and end in the same block"
    ),
    "{% render 'fotter' %}": "mail:1:16: there is no block 'fotter'; did you mean 'footer'?",
    "{% render name %}": "mail:1:16: render needs the name of a block in quotes",
    column("<mj-text>{% liquid\n render 'footer' %}</mj-text>"): (
        "mail:2:2: render stands inside a liquid tag"
    ),
    "{% render 'loop' %}": "loop:1:1: block 'loop' calls itself",
}


@pytest.mark.parametrize("body", BROKEN, ids=lambda body: body[-40:])
def test_broken_mjml_names_the_place_in_the_authors_own_file(mail: Mail, body: str) -> None:
    with pytest.raises(TemplateError) as caught:
        mail(body, blocks={"footer": "", "loop": "{% render 'loop' %}"})
    assert str(caught.value).startswith(BROKEN[body])


def test_what_is_no_mjml_is_refused() -> None:
    source = content.EmailSource(name="mail", subjects={}, mjml="<p>hello</p>")
    with pytest.raises(TemplateError, match="mail:1:1: there is no <mjml> element"):
        content.compile_email(source, {})


@pytest.mark.shared
@pytest.mark.parametrize("name", ["amario", "air-astana"])
def test_real_mails_are_the_same_with_their_words_lifted_out(shared_data: Path, name: str) -> None:
    mjml = (shared_data / "templates" / "email" / "mjml" / f"{name}.mjml").read_text()
    data: dict[str, Any] = {"yes": True}

    def lift(match: re.Match[str]) -> str:
        data[f"w{len(data)}"] = match[0]
        return f"{{{{ w{len(data) - 1} }}}}"

    shown = re.compile(r"(?<=>)[^<>&{}\"']*[A-Za-z][^<>&{}\"']*(?=<)")
    parts = re.compile(r"(?s)<mj-(text|button)\b.*?</mj-\1>")
    tagged = parts.sub(lambda part: shown.sub(lift, part[0]), mjml)
    tagged = re.sub(r"(?<=href=\")https?://[^\"&]+(?=\")", lift, tagged)
    assert len(data) >= 3
    plain, lifted = (
        content.compile_email(content.EmailSource(name=name, subjects={"a": ""}, mjml=each), {})
        for each in (mjml, tagged)
    )
    expected = plain.render("a", {}, same, "", 0)
    assert lifted.render("a", data, same, "", 0) == expected
    wrapped = re.sub(r"(?s)(<mj-section.*?</mj-section>)", r"{% if yes %}\1{% endif %}", tagged)
    source = content.EmailSource(name=name, subjects={"a": ""}, mjml=wrapped)
    got = content.compile_email(source, {}).render("a", data, same, "", 0)
    assert words(got.html) == words(expected.html)
    assert got.text == expected.text
    assert (
        content.compile_email(source, {}).render("a", {**data, "yes": False}, same, "", 0).text
        == "\n"
    )
