"""The AMP part of a mail: filled in like the rest, valid or refused, and never needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tailorbird import content
from tailorbird.cli.commands import app
from tailorbird.content.amp import amp_findings
from tailorbird.content.email import EmailSource, written
from tailorbird.errors import TemplateError

HTML = '<p>Hi {{ name }} <a href="https://shop.example/html">shop</a></p>'
RUNTIME = '<script async src="https://cdn.ampproject.org/v0.js"></script>'
LIST = (
    '<script async custom-element="amp-list" '
    'src="https://cdn.ampproject.org/v0/amp-list-0.1.js"></script>'
    '<script async custom-template="amp-mustache" '
    'src="https://cdn.ampproject.org/v0/amp-mustache-0.2.js"></script>'
)
FORM = (
    '<script async custom-element="amp-form" '
    'src="https://cdn.ampproject.org/v0/amp-form-0.1.js"></script>'
)


def document(body: str, head: str = "", html: str = "amp4email data-css-strict") -> str:
    return (
        f'<!doctype html>\n<html {html}><head><meta charset="utf-8">{RUNTIME}{head}'
        "<style amp4email-boilerplate>body{visibility:hidden}</style></head>\n"
        f"<body>\n{body}\n</body></html>"
    )


def rendered(document: str, **data: Any) -> Any:
    source = EmailSource("mail", {"a": ""}, html=HTML, amp=document)
    template = content.compile_email(source, {})
    return template, template.render("a", data, lambda u, i: f"https://c.example/{i}", "", 0)


def test_our_tags_are_filled_in_and_those_of_the_reader_are_not() -> None:
    body = (
        '{% if show %}<amp-list src="{{ amp.recommendations_url }}" width="auto" height="100" '
        'layout="fixed-height"><template type="amp-mustache"><a href="{{url}}">{{name}}</a>'
        "{{#stock}}<b>{{stock}}</b>{{/stock}}{{% x %}</template></amp-list>{% endif %}"
        "<p>{{ name }}</p>"
    )
    _, got = rendered(
        document(body, LIST), show=True, name="<Ann>",
        amp={"recommendations_url": "https://mail.example/a/x?a=1&b=2"},
    )  # fmt: skip
    assert 'src="https://mail.example/a/x?a=1&amp;b=2"' in got.amp
    assert '<a href="{{url}}">{{name}}</a>{{#stock}}<b>{{stock}}</b>{{/stock}}{{% x %}' in got.amp
    assert "<p>&lt;Ann&gt;</p>" in got.amp
    assert "<amp-list" not in rendered(document(body, LIST), name="x")[1].amp


def test_a_mail_is_whole_without_it() -> None:
    template, got = rendered(document("<p>x</p>"), name="Ann")
    assert "Hi Ann" in got.html
    assert "Hi Ann" in got.text
    plain = content.compile_email(EmailSource("mail", {"a": ""}, html=HTML), {})
    assert plain.render("a", {"name": "Ann"}, lambda u, i: f"https://c.example/{i}", "", 0) == (
        type(got)(got.subject, got.html, got.text)
    )
    assert template.links == 1


def test_one_text_may_hold_both_parts() -> None:
    for mark in ("amp4email", "lang='en' ⚡4email data-css-strict"):
        amp = document("<p>{{ name }}</p>", html=mark)
        source = written("mail", {"a": ""}, f"{HTML}\n{amp}")
        assert (source.html, source.amp) == (f"{HTML}\n", amp)
        got = content.compile_email(source, {}).render("a", {"name": "x"}, lambda u, i: u, "", 0)
        assert "<p>x</p>" in got.amp
        assert "4email" not in got.html
    with pytest.raises(TemplateError, match="mail:1:1: an AMP part stands alone"):
        written("mail", {}, document("x"))


def test_links_go_on_counting_behind_those_of_the_html() -> None:
    body = '<a href="https://shop.example/amp">x</a><a href="{{ unsubscribe_url }}">out</a>'
    template, got = rendered(document(body), unsubscribe_url="https://u.example")
    assert template.links == 2
    assert 'href="https://c.example/1"' in got.amp
    assert 'href="https://u.example"' in got.amp
    assert 'href="https://c.example/0"' in got.html


def test_a_survey_is_a_form_that_the_reader_sends() -> None:
    body = (
        '<form method="post" action-xhr="{{ amp.survey_url }}"><input type="radio" name="score" '
        'value="10" id="s"><label for="s">10</label><button type="submit">Send</button>'
        '<div submit-success><template type="amp-mustache">Thank you, {{name}}</template></div>'
        "</form>"
    )
    head = FORM + LIST[LIST.index("<script async custom-template") :]
    _, got = rendered(document(body, head), amp={"survey_url": "https://mail.example/s/t"})
    assert 'action-xhr="https://mail.example/s/t"' in got.amp
    _, got = rendered(document(body, head), amp={"survey_url": "javascript:alert(1)"})
    assert "javascript" not in got.amp


BROKEN = {
    "<img src='https://a.example/b.png'>": "mail, amp:4:1: mails in AMP know no <img>",
    "<p onclick='x()'>x</p>": "mail, amp:4:1: <p> has no onclick",
    "<p>{% if x %}a</p>": "mail, amp:4:4: if is not closed",
    "<p>x</p>\n{{ a }}<a href='/x'>y</a>": "mail, amp:5:8: href cannot be '/x'",
    "<form method='post' action='https://a.example'></form>": "mail, amp:4:1: <form> needs the",
    "<amp-list src='https://a.example' height='1'></amp-list>": "mail, amp:4:1: <amp-list> needs",
    "<p style='color:red !important'>x</p>": "mail, amp:4:1: !important of color",
    "<script>{{ x }}</script>": "mail, amp:4:1: a script of one's own",
    "<p {{ x }}>y</p>": "mail, amp:4:1: ",
    "x" * 200_000: "mail, amp:1:1: 200,",
}


@pytest.mark.parametrize("body", BROKEN, ids=lambda body: body[:30])
def test_what_the_format_forbids_names_its_place(body: str) -> None:
    with pytest.raises(TemplateError) as caught:
        rendered(document(body))
    assert str(caught.value).startswith(BROKEN[body])


def test_a_document_without_its_frame_is_refused() -> None:
    whole = document("<p>x</p>")
    assert amp_findings(whole, "mail") == []
    for part in ("<!doctype html>", "amp4email data", RUNTIME, '<meta charset="utf-8">', "visibil"):
        found = amp_findings(whole.replace(part, "", 1), "mail")
        assert any(each.severity == "error" for each in found), part
    loose = amp_findings(document("<p>x</p>", html="amp4email"), "mail")
    assert [(each.code, each.severity) for each in loose] == [("amp-strict", "warning")]


def test_a_sheet_has_its_limits() -> None:
    def sheet(rules: str) -> set[str]:
        found = amp_findings(document("<p>x</p>", f"<style amp-custom>{rules}</style>"), "mail")
        return {each.what for each in found}

    assert sheet("a:hover { color: red } @media screen { a { top: 0 } }") == set()
    assert sheet("a { color: red }" + " " * 75_000) != set()
    for rule in ("@import url(x);", "a { z-index: 999 }", "@media print { a { top: 0 } }"):
        assert sheet(rule), rule


def test_the_command_reads_amp_by_its_name(tmp_path: Path) -> None:
    file = tmp_path / "mail.amp.html"
    file.write_text(document("<p>{{ name }}</p>"))
    assert CliRunner().invoke(app, ["templates", "lint", str(file)]).exit_code == 0
    file.write_text(document("<img>"))
    told = CliRunner().invoke(app, ["templates", "lint", str(file)])
    assert told.exit_code == 1
    assert "mail.amp.html:4:1: error amp-element" in told.stdout


def test_the_command_keeps_the_part_that_stands_beside(tmp_path: Path) -> None:
    folder, file = tmp_path / "data", tmp_path / "note.html"
    file.write_text(HTML)
    file.with_suffix(".amp.html").write_text(document("<p>x</p>"))
    run = CliRunner().invoke
    assert run(app, ["init", str(folder)]).exit_code == 0
    told = run(app, ["templates", "add", str(file), "--folder", str(folder)])
    assert (told.exit_code, told.stdout) == (0, "template note, version 1\n")
    file.with_suffix(".amp.html").write_text(document("<img>"))
    told = run(app, ["templates", "add", str(file), "--folder", str(folder)])
    assert told.exit_code == 1
    assert "mails in AMP know no <img>" in str(told.exception)
