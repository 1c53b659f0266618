"""Links are counted, who leaves is not followed, and the plain text part says the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tailorbird import content
from tailorbird.errors import UsageError

Mail = Callable[..., content.EmailTemplate]


def column(inside: str) -> str:
    return f"<mj-section><mj-column>{inside}</mj-column></mj-section>"


class Links:
    """Counts the links that it is asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []

    def __call__(self, url: str, index: int) -> str:
        self.asked.append((url, index))
        return f"https://c.example/{index}?a&b"


def test_every_link_is_replaced_and_numbered_in_the_order_of_the_document(mail: Mail) -> None:
    body = (
        column('<mj-text><a href="https://a.example/?x=1&amp;y=2">A</a></mj-text>')
        + "{% if b %}"
        + column('<mj-button href="{{ b }}">B</mj-button>')
        + "{% endif %}{% for c in list %}"
        + column('<mj-text><a href="https://c.example/{{ c }}">C</a></mj-text>')
        + "{% endfor %}"
        + column(
            '<mj-image src="https://i.example/1" alt="I" href="{% if b %}{{ b }}{% endif %}" />'
        )
    )
    template, links = mail(body), Links()
    html = template.render("a", {"b": "https://b.example", "list": [1, 2]}, links, "", 0).html
    once = [
        ("https://a.example/?x=1&y=2", 0),
        ("https://b.example", 1),
        ("https://c.example/1", 2),
        ("https://c.example/2", 2),
        ("https://b.example", 3),
    ]
    assert sorted(links.asked) == sorted(once * 2), "once for the text, once for the HTML"
    assert template.links == 4
    assert html.count('href="https://c.example/2?a&amp;b"') == 2


def test_ways_out_and_other_schemes_are_left_alone(mail: Mail) -> None:
    body = column(
        '<mj-text><a href="{{ unsubscribe_url }}">U</a><a href="{{preferences_url}}#x">P</a>'
        '<a href="{{ view_url | escape }}">V</a><a href="mailto:a@shop.example">M</a>'
        '<a href="#top">T</a><a href="tel:+491">N</a></mj-text>'
    )
    data = {
        "unsubscribe_url": "https://u.example/?a=1&b=2",
        "preferences_url": "https://p.example",
        "view_url": "https://v.example",
    }
    template, links = mail(body), Links()
    html = template.render("a", data, links, "", 0).html
    assert links.asked == []
    assert 'href="https://u.example/?a=1&amp;b=2"' in html
    assert template.links == 0


def test_the_pixel_stands_before_the_end_of_the_body_unless_there_is_none(mail: Mail) -> None:
    template = mail(column("<mj-text>x</mj-text>"))
    html = template.render("a", {}, Links(), "https://o.example/1.gif?a&b", 0).html
    pixel = '<img src="https://o.example/1.gif?a&amp;b" alt="" width="1" height="1"'
    assert html.index(pixel) > html.rindex("</table>")
    assert html.endswith("</body></html>")
    assert "<img" not in template.render("a", {}, Links(), "", 0).html
    assert "o.example" not in template.render("a", {}, Links(), "https://o.example/", 0).text


def test_the_text_part_is_made_from_the_html_with_links_visible(mail: Mail) -> None:
    body = column(
        "<mj-text><h1>Big   news</h1><p>For {{ name }} &amp; you:<br>now</p>"
        '<ul><li>one</li><li>two</li></ul><p><a href="https://a.example">Look</a></p></mj-text>'
        '<mj-image src="https://i.example/1" alt="A pot" href="https://b.example" />'
        "<mj-table><tr><td>1</td><td>2</td></tr></mj-table>"
    )
    text = mail(body).render("a", {"name": "<Ada>"}, lambda url, index: url, "", 0).text
    assert text == (
        "Big news\n\nFor <Ada> & you:\nnow\n\n- one\n\n- two\n\nLook (https://a.example)\n\n"
        "A pot (https://b.example)\n\n1 2\n"
    )


def test_a_written_text_part_is_taken_as_it_is(mail: Mail) -> None:
    template = mail(column("<mj-text>x</mj-text>"), text="Dear {{ name }},\n\n\n  bye")
    assert template.render("a", {"name": "<A>"}, Links(), "", 0).text == "Dear <A>,\n\n\n  bye"


def test_a_subject_is_one_line() -> None:
    source = content.EmailSource(
        name="mail",
        subjects={"a": "{{ x }}"},
        mjml="<mjml><mj-body>" + column("<mj-text>x</mj-text>") + "</mj-body></mjml>",
    )
    template = content.compile_email(source, {})
    rendered = template.render("a", {"x": "Hi\r\nBcc: all@shop.example"}, Links(), "", 0)
    assert rendered.subject == "Hi Bcc: all@shop.example"
    with pytest.raises(UsageError, match="no subject for variant 'b'; variants: a"):
        template.render("b", {}, Links(), "", 0)


def test_variables_are_the_paths_that_the_mail_reads(mail: Mail) -> None:
    blocks = {"row": "<mj-text>{{ row.price }}{{ note }}{{ shop.name }}</mj-text>"}
    body = column(
        "<mj-text>{{ person.first_name | strip | default: other.name }}"
        "{% assign t = traits %}{{ t.tier }}{% if t.city %}{{ t.city }}{% endif %}"
        "{% for p in list %}{{ p.name }}{{ forloop.index }}{% endfor %}{{ list.size }}</mj-text>"
        "{% render 'row' for rows as row, note: a.note %}"
    )
    template = mail(body, blocks=blocks)
    assert template.variables() == {
        "person.first_name",
        "other.name",
        "traits",
        "traits.tier",
        "traits.city",
        "list",
        "list[].name",
        "rows",
        "rows[].price",
        "a.note",
        "shop.name",
    }
    assert template.with_fallback() == {"person.first_name", "traits.city", "rows"}


def test_the_same_values_give_the_same_bytes(
    win_back: content.EmailTemplate, values: Callable[..., dict[str, Any]]
) -> None:
    source = content.EmailSource(
        name="win_back", subjects={"warm": ""}, mjml=content.templates()["win_back"]
    )
    again = content.compile_email(source, content.library())
    first, second = (
        template.render("warm", values(), Links(), "https://o.example/", 0)
        for template in (win_back, again)
    )
    assert (first.html, first.text) == (second.html, second.text)
