"""Each rule of the lint fires on what it is for, and is silent about what is right."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tailorbird import content
from tailorbird.cli.commands import app
from tailorbird.content.email import EmailSource, written
from tailorbird.content.lint import Finding, lint
from tailorbird.errors import TemplateError

HEAD = (
    '<title>News</title><meta name="viewport" content="width=device-width, initial-scale=1">'
    "<style>@media (prefers-color-scheme: dark) { .ink { color: #eee !important } "
    "body { background-color: #111 !important } }</style>"
)
FOOT = (
    '<p class="ink"><a class="ink" href="{{ unsubscribe_url }}" style="color:#333">Unsubscribe</a>'
    " {{ sender.postal_address }}</p>"
)
HIDDEN = '<div style="display:none">For you</div>'


def found(
    body: str, *, head: str = HEAD, foot: str = HIDDEN + FOOT, html: str = ' lang="en"'
) -> list[Finding]:
    page = f"<!doctype html><html{html}><head>{head}</head><body><h1 class='ink'>News</h1>"
    return lint(written("mail", {}, f"{page}\n{body}\n{foot}</body></html>"), {})


def codes(findings: list[Finding]) -> set[str]:
    return {each.code for each in findings}


IMG = '<img src="https://i.example.net/a.png" width="30" height="30"'
RULES: dict[str, tuple[str, str]] = {
    "image-alt": (f"{IMG}>", f'{IMG} alt="A pot">'),
    "image-alt-file": (f'{IMG} alt="IMG_12.png">', f'{IMG} alt="">'),
    "image-size": (
        '<img src="https://i.example.net/a.png" alt="">',
        '<img src="https://i.example.net/a.png" alt="" width="9" style="height:auto">',
    ),
    "image-source": ('<img src="a.png" alt="" width="1" height="1">', f'{IMG} alt="">'),
    "image-insecure": (
        '<img src="http://i.example.net/a.png" alt="" width="1" height="1">',
        '<img src="{{ product.image }}" alt="" width="1" height="1">',
    ),
    "contrast": (
        '<div style="background:#fff"><p style="color:#999">grey</p></div>',
        '<p class="ink" style="color:#666">grey</p>'
        '<p class="ink" style="color:#888;font-size:24px">large</p>'
        '<p style="color:{{ x }}">unknown</p>',
    ),
    "contrast-dark": (
        '<p style="color:#222">stays dark</p>',
        '<p class="ink" style="color:#222">turns light</p>',
    ),
    "small-text": (
        '<p class="ink" style="font-size:9px">small</p>',
        '<p class="ink" style="font-size:12px">ok</p><td style="font-size:0"> </td>',
    ),
    "heading-order": ("<h3 class='ink'>deep</h3>", "<h2 class='ink'>a</h2><h3 class='ink'>b</h3>"),
    "heading-first": (
        "<h1 class='ink'>again</h1>",
        "{% if x %}<h2 class='ink'>a</h2>{% else %}<h2 class='ink'>b</h2>{% endif %}",
    ),
    "heading-empty": ("<h2></h2>", "<h2 class='ink'>{{ title }}</h2>"),
    "table-role": (
        "<table><tr><td>x</td></tr></table>",
        '<table role="presentation"><tr><td class="ink">x</td></tr></table>'
        '<table class="ink"><tr><th class="ink">a</th><td class="ink">1</td></tr></table>',
    ),
    "link-text": (
        '<a href="https://a.example.net"></a>',
        f'<a href="https://a.example.net">{IMG} alt="Tea"></a>'
        '<a href="https://a.example.net" aria-label="Tea" class="ink"></a>',
    ),
    "link-vague": (
        '<a class="ink" href="https://a.example.net" style="color:#333">Click here!</a>',
        '<a class="ink" href="https://a.example.net" style="color:#333">See the tea</a>',
    ),
    "target-size": (
        '<a class="ink" href="https://a.example.net" '
        'style="display:inline-block;font-size:12px;line-height:14px;color:#333">Buy tea</a>',
        '<a class="ink" href="https://a.example.net" style="display:inline-block;'
        'font-size:12px;line-height:14px;padding:8px 2px;color:#333">Buy tea</a>',
    ),
    "link-dead": (
        '<a class="ink" href="#" style="color:#333">Tea</a>',
        '<a class="ink" href="#tea" style="color:#333">Tea</a><p id="tea" class="ink">x</p>',
    ),
    "link-relative": (
        '<a class="ink" href="tea.html" style="color:#333">Tea</a>',
        '<a class="ink" href="{{ product.url }}" style="color:#333">Tea</a>',
    ),
    "link-insecure": (
        '<a class="ink" href="http://a.example.net" style="color:#333">Tea</a>',
        '<a class="ink" href="mailto:a@shop.example" style="color:#333">Tea</a>',
    ),
    "link-unsigned": (
        '<!--[if mso]><v:rect xmlns:v="urn:schemas-microsoft-com:vml" '
        'href="https://a.example.net">x</v:rect><![endif]-->',
        '<!--[if mso]><v:rect xmlns:v="urn:schemas-microsoft-com:vml" href="{{ u }}">'
        "x</v:rect><![endif]-->",
    ),
    "element-removed": ("<iframe src='https://a.example.net'></iframe>", "<b class='ink'>b</b>"),
    "element-seldom": ("<video src='https://a.example.net'></video>", "<i class='ink'>b</i>"),
    "sheet-elsewhere": ("<style>@import url(x.css);</style>", "<style>p { margin: 0 }</style>"),
    "outlook-layout": (
        '<div class="ink" style="display:flex">x</div>',
        '<div class="ink" style="display:inline-block">x</div>',
    ),
    "outlook-background": (
        '<div style="background-image:url(https://i.example.net/a.png)"></div>',
        '<!--[if mso]><v:rect xmlns:v="urn:schemas-microsoft-com:vml"><v:fill src="x"/></v:rect>'
        '<![endif]--><div style="background-image:url(https://i.example.net/a.png)"></div>',
    ),
    "outlook-condition": (
        '<!--[if mso]> <p class="ink">x</p> -->',
        "<!--[if !mso]><!--><p class='ink'>x</p><!--<![endif]--><!--[if mso]>y<![endif]-->"
        "<!--[if !mso]><!-- --><p class='ink'>x</p><!--<![endif]-->",
    ),
    "outlook-table": (
        "<!--[if mso]><table><tr><td><![endif]--><p class='ink'>x</p>"
        "<!--[if mso]></tr></table><![endif]-->",
        "<!--[if mso]><table><tr><td><![endif]--><p class='ink'>x</p>"
        "<!--[if mso | IE]></td></tr></table><![endif]--><!--[if lt mso 12]><table><![endif]-->",
    ),
    "outlook-vml": (
        "<!--[if mso]><v:rect>x</v:rect><![endif]-->",
        '<!--[if mso]><v:rect xmlns:v="urn:schemas-microsoft-com:vml">x</v:rect><![endif]-->',
    ),
    "fallback": (
        "<p class='ink'>Hi {{ person.first_name }},</p>",
        "<p class='ink'>Hi {{ person.first_name | default: 'there' }},"
        "{% if traits.city %}{{ traits.city }}{% endif %}</p>",
    ),
}


@pytest.mark.parametrize("code", RULES)
def test_a_rule_fires_where_it_should_and_nowhere_else(code: str) -> None:
    bad, good = RULES[code]
    fired = [each for each in found(bad) if each.code == code]
    assert fired
    assert all(each.line == 2 and each.where.startswith("mail:2:") for each in fired)
    assert all(each.what and each.mend for each in fired)
    assert codes(found(good)) <= {"preheader"} - {code}, found(good)


def test_what_a_whole_mail_needs() -> None:
    assert found("") == []
    assert codes(found("", html="")) == {"language"}
    assert codes(found("", html=' lang="und"')) == {"language"}
    assert "title" in codes(found("", head=HEAD.replace("News", "")))
    assert codes(found("", head="<title>x</title>" + HEAD[HEAD.index("<style>") :])) == {"viewport"}
    assert codes(found("", head=HEAD[: HEAD.index("<style>")])) == {"dark-mode"}
    assert codes(found("", foot=FOOT)) == {"preheader"}
    assert codes(found("", foot=HIDDEN)) == {"unsubscribe", "postal-address"}
    own = '<p class="ink"><a class="ink" style="color:#333" href="https://a.example.net/out">'
    other = found("", foot=f"{HIDDEN}{own}Unsubscribe</a>, 1 Main Street</p>")
    assert [each.what for each in other] == [
        "the way out is not ours, so it cannot work by one click"
    ]
    wide = '<table role="presentation" width="900"><tr><td class="ink">x</td></tr></table>'
    narrow = HEAD.replace("@media (", "@media (max-width:9px){} @media (")
    assert codes(found(wide)) == {"too-wide"}
    assert codes(found(wide, head=narrow)) == set()


def test_a_transactional_mail_needs_no_way_out() -> None:
    page = f'<html lang="en"><head>{HEAD}</head><body>{HIDDEN}<h1 class="ink">x</h1></body></html>'
    source = written("mail", {}, page)
    assert codes(lint(source, {})) == {"unsubscribe", "postal-address"}
    assert lint(source, {}, transactional=True) == []


def test_a_mail_that_gmail_cuts_off_is_told_of() -> None:
    large = f"<p class='ink'>{'word ' * 17_000}</p>"
    assert [each.severity for each in found(large) if each.code == "size"] == ["warning"]
    assert [each.severity for each in found(large * 2) if each.code == "size"] == ["error"]


def test_only_headings_that_one_person_can_get_are_compared() -> None:
    choice = "{% if x %}<h1 class='ink'>a</h1>{% else %}<h1 class='ink'>b</h1>{% endif %}"
    page = f"<html lang='en'><head>{HEAD}</head><body>{choice}{HIDDEN}{FOOT}</body></html>"
    assert lint(written("mail", {}, page), {}) == []


def test_findings_in_mjml_and_blocks_name_their_own_lines() -> None:
    mjml = (
        '<mjml lang="en"><mj-body><mj-section><mj-column>\n'
        '<mj-text color="#ccc">pale</mj-text>\n<mj-image src="https://i.example.net/a.png" />'
        '\n{% render "b" %}</mj-column></mj-section></mj-body></mjml>'
    )
    blocks = {"b": '<mj-text>\n\n<p>x <a href="#">y</a></p></mj-text>'}
    got = {(each.code, each.where) for each in lint(written("mail", {}, mjml), blocks)}
    assert ("contrast", "mail:2:1") in got
    assert ("image-alt", "mail:3:1") in got
    assert ("link-dead", "b:3:6") in got


def test_a_block_alone_is_not_asked_for_what_a_mail_needs() -> None:
    block = "<mjml><mj-body><mj-section><mj-column><mj-text>x</mj-text></mj-column></mj-section>"
    source = written("block", {}, f"{block}</mj-body></mjml>")
    assert lint(source, {}, whole=False) == []


def test_what_does_not_compile_is_an_error() -> None:
    with pytest.raises(TemplateError):
        lint(EmailSource("mail", {}, html="<p {% if x %}></p>"), {})


def test_all_that_is_shipped_passes() -> None:
    for name, text in content.templates().items():
        assert lint(written(name, {}, text), content.library()) == [], name


@pytest.mark.shared
def test_mails_from_everywhere_are_linted(shared_data: Path) -> None:
    fired: Counter[str] = Counter()
    mails, broken = 0, []
    for mail in sorted((shared_data / "templates" / "email").rglob("*.html")):
        if mail.parent.name in ("amp", "foundation"):
            continue
        try:
            findings = lint(written(mail.name, {}, mail.read_text()), {})
        except TemplateError:
            continue
        mails += 1
        assert all(each.where.startswith(f"{mail.name}:") for each in findings)
        fired.update(codes(findings))
        broken += [mail.name] if "outlook-table" in codes(findings) else []
    assert mails == 115
    assert fired["unsubscribe"] == mails, "none of them has our own way out"
    assert fired["contrast"] >= 80
    assert fired["table-role"] >= 60
    assert broken == ["alert.html", "billing.html", "dynamic-templates-newsletter-news_feed.html"]
    assert fired["outlook-condition"] == 0


# -- command --------------------------------------------------------------------------------------


def test_the_command_says_what_is_wrong_and_ends_with_1(tmp_path: Path) -> None:
    bad, good = tmp_path / "bad.html", tmp_path / "good.html"
    bad.write_text('<img src="a.png">')
    body = f"{HIDDEN}<h1 class='ink'>x</h1>{FOOT}"
    good.write_text(f"<html lang='en'><head>{HEAD}</head><body>{body}</body></html>")
    told = CliRunner().invoke(app, ["templates", "lint", str(bad)])
    assert told.exit_code == 1
    assert "bad.html:1:1: error image-alt:" in told.stdout
    told = CliRunner().invoke(app, ["templates", "lint", str(bad), "--json"])
    assert told.exit_code == 1
    assert {each["code"] for each in json.loads(told.stdout)} >= {"image-alt", "unsubscribe"}
    told = CliRunner().invoke(app, ["templates", "lint", str(good)])
    assert (told.exit_code, told.stdout) == (0, "good.html: nothing to mend\n")
