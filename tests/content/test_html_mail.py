"""Plain HTML, preheaders, dark mode and the text part: what stands around a mail's words."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tailorbird import content
from tailorbird.content.email import EmailSource, written
from tailorbird.errors import TemplateError

ROW = "<mj-section><mj-column><mj-text>x</mj-text></mj-column></mj-section>"


def same(url: str, index: int) -> str:
    return url


def rendered(source: EmailSource, **data: Any) -> Any:
    return content.compile_email(source, {}).render("a", data, same, "", 0)


def page(body: str, head: str = "", **data: Any) -> str:
    html = f"<!doctype html><html><head>{head}</head><body>{body}</body></html>"
    found: str = rendered(written("mail", {"a": ""}, html), **data).html
    return found


def text(body: str, **data: Any) -> str:
    found: str = rendered(written("mail", {"a": ""}, body), **data).text
    return found


# -- plain HTML -----------------------------------------------------------------------------------


def test_rules_of_a_sheet_are_inlined_around_the_tags() -> None:
    html = page(
        '<p class="a" style="margin:{{ m }}">{{ x }}</p>{% if y %}<p class="a">y</p>{% endif %}',
        "<style>.a { color: {{ brand }} } @media print { .a { color: red } }</style>",
        brand="#123456", m="4px", x="<1>",
    )  # fmt: skip
    assert re.search(r'class="a" style="[^"]*color: ?#123456[^"]*"', html)
    assert re.search(r'class="a" style="[^"]*margin: ?4px', html)
    assert "&lt;1&gt;" in html
    assert "@media print" in html
    assert ">y<" not in html


def test_a_sheet_with_conditions_is_left_as_it_is() -> None:
    sheet = "<style>{% if red %}.a { color: red } .b { color: red }{% endif %}</style>"
    assert 'style="' not in page('<p class="a">a</p><p class="b">b</p>', sheet, red=True)
    assert ".b { color: red }" in page('<p class="b">b</p>', sheet, red=True)
    assert "color: red" not in page('<p class="b">b</p>', sheet)


def test_rows_of_a_table_may_come_from_a_loop() -> None:
    body = "<table>{% for x in l %}<tr><td>{{ x }}</td></tr>{% endfor %}</table>"
    assert re.sub(r"\s", "", page(body, l=[1, 2])).count("<tr><td>") == 2


def test_a_part_of_a_page_gets_the_rest() -> None:
    html = rendered(written("mail", {"a": ""}, "<p>Hi {{ x }}</p>"), x="you").html
    assert html.startswith("<!DOCTYPE html><html>")
    assert "charset=UTF-8" in html
    assert "<p>Hi you</p>" in html
    assert html.endswith("</body></html>")


def test_conditional_comments_stay_with_their_tags() -> None:
    html = page("<!--[if mso]><table><tr><td>{{ x }}<![endif]--><p>a</p><!--[if mso]>"
                "</td></tr></table><![endif]-->", x="<1>")  # fmt: skip
    assert "<!--[if mso]><table><tr><td>&lt;1&gt;<![endif]-->" in html


BROKEN = {
    "<p {% if a %}class='b'{% endif %}>x</p>": "mail:1:4: a template tag cannot stand between",
    "<container><row></row></container>": "mail:1:1: <container> is Foundation's markup (Inky)",
    "<p>{% if x %}<b class='{% endif %}'>x</b></p>": "mail:1:4: its parts end in different places",
    "<p>{{ x }</p>": "mail:1:4: {{ is not closed",
    "<mj-text>x</mj-text>": "mail:1:1: <mj-text> stands outside <mjml>",
    "<script>{{ x }}</script>": "mail:1:9: nothing can be printed here safely",
}


@pytest.mark.parametrize("body", BROKEN)
def test_what_cannot_work_names_its_place(body: str) -> None:
    with pytest.raises(TemplateError) as caught:
        rendered(written("mail", {"a": ""}, body))
    assert str(caught.value).startswith(BROKEN[body])


KNOWN = {
    **dict.fromkeys(("cerberus", "mailgun", "mjml", "postmark", "sendwithus"), 0),
    "sendgrid": 1,  # {{{ }}}, which prints a value as it is
    "foundation": 9,  # Inky, which is refused
    "konsav": 1,  # a name with an accent, which neither language has
}


@pytest.mark.shared
def test_mails_from_everywhere_compile(shared_data: Path) -> None:
    refused = Counter(dict.fromkeys(KNOWN, 0))
    folder = shared_data / "templates" / "email"
    files = [each for name in KNOWN for each in sorted((folder / name).iterdir())]
    mails = [each for each in files if each.suffix in (".html", ".mjml")]
    assert len(mails) == 128
    for mail in mails:
        try:
            html = rendered(written(mail.name, {"a": ""}, mail.read_text())).html
        except TemplateError as error:
            told = bool(re.match(rf"{mail.name}:\d+:\d+$", error.where) and error.mend)
            refused[mail.parent.name] += 1 if told else 100
        else:
            assert html.rstrip().endswith(("</html>", "-->"))
    assert refused == KNOWN


# -- preheader ------------------------------------------------------------------------------------


def test_a_preheader_is_hidden_padded_and_first() -> None:
    source = EmailSource("mail", {"a": ""}, html="<p>Body</p>", preheader="For {{ x }} & you <3")
    found = rendered(source, x="<Ada>")
    body = found.html.partition("<body>")[2]
    assert re.match(r"<div\s+style=\"display:none;[^\"]*\">For &lt;Ada&gt; &amp; you &lt;3", body)
    assert body.count("&#847;&zwnj;&nbsp;") >= 50
    assert "Ada" not in found.text
    assert found.text == "Body\n"


def test_the_preview_of_mjml_is_padded_too() -> None:
    mjml = f"<mjml><mj-head><mj-preview>{{{{ x }}}} &amp; more</mj-preview></mj-head><mj-body>{ROW}"
    found = rendered(written("mail", {"a": ""}, f"{mjml}</mj-body></mjml>"), x="News")
    assert re.search(r">News &amp; more(&#847;&zwnj;&nbsp;\s*)+</div>", found.html)
    assert found.text == "x\n"


# -- dark mode ------------------------------------------------------------------------------------

DARK = (
    "<style>@media (prefers-color-scheme: dark) { .ink, .ink a { color: #fff !important } "
    ".card { background-color: #111 !important; padding: 0 } }</style>"
)


def test_dark_rules_get_what_readers_ask_for() -> None:
    html = " ".join(page("<p class='ink'>x</p>", DARK).split())
    assert '<meta name="color-scheme" content="light dark">' in html
    assert '<meta name="supported-color-schemes" content="light dark">' in html
    assert "[data-ogsc] .ink, [data-ogsc] .ink a { color: #fff !important }" in html
    assert "[data-ogsb] .card { background-color: #111 !important }" in html


def test_a_mail_without_dark_rules_does_not_promise_them() -> None:
    assert "color-scheme" not in page("<p>x</p>")
    assert "data-ogsc" not in page("<p>x</p>")


def test_an_authors_own_marks_are_not_doubled() -> None:
    head = f'<meta name="color-scheme" content="light dark">{DARK}<style>[data-ogsc] p {{}}</style>'
    html = page("<p>x</p>", head)
    assert html.count("data-ogsc") == 1
    assert len(re.findall(r'name="color-scheme"', html)) == 1


# -- text part ------------------------------------------------------------------------------------


def test_lists_keep_their_numbers_and_their_depth() -> None:
    body = "<ol><li>one</li><li>two<ul><li>in</li></ul></li><li>three</li></ol>"
    lines = [line for line in text(body).splitlines() if line]
    assert lines == ["1. one", "2. two", "* in", "3. three"]
    looped = "<ol>{% for x in l %}<li>{{ x }}</li>{% endfor %}</ol>"
    assert [line for line in text(looped, l=["a", "b"]).splitlines() if line] == ["- a", "- b"]


def test_cells_of_values_are_parted_and_those_of_a_layout_are_not() -> None:
    values = "<table><tr><th>Tea</th><th>5</th></tr><tr><td>Pot</td><td>9</td></tr></table>"
    assert text(values) == "Tea | 5\nPot | 9\n"
    layout = '<table role="presentation"><tr><td>Tea</td><td>5</td></tr></table>'
    assert text(layout) == "Tea 5\n"


def test_what_is_hidden_is_hidden_to_its_end() -> None:
    assert text('<div style="display:none"><div>no</div>no</div><p>yes</p>') == "yes\n"
