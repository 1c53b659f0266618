"""Mails broken by chance or on purpose end with a place in the author's file, never otherwise."""

from __future__ import annotations

import random
import re

import pytest

from tailorbird import content
from tailorbird.content.email import written
from tailorbird.content.lint import lint
from tailorbird.errors import TemplateError

MAILS = 100
PIECES = [
    *("{{", "}}", "{%", "%}", "<", ">", '"', "'", "/", "<!--", "-->", "{% if x %}", "{% endif %}"),
    *("{{ x }}", "<mj-text>", "</mj-column>", "<![endif]", "&", "\0", "{{#if a}}", "{{/if}}"),
    *("</style>", "<style>", "=", "TBQ0Z", "\ue000", "<tr>", "</table>", "<!--[if mso]>", "}", ";"),
]
HTML = (
    "<!doctype html><html lang='en'><head><title>x</title><style>.a { color: red } "
    "@media print { .a { color: blue } }</style></head><body><!--[if mso]><table><tr><td>"
    "<![endif]--><p class='a' style='margin:0'>Hi {{ name }}, <a href='https://shop.example/"
    "{{ path }}'>shop</a></p>{% for x in list %}<table><tr><td>{{ x }}</td></tr></table>"
    "{% endfor %}<!--[if mso]></td></tr></table><![endif]--></body></html>"
)


def broken(draw: random.Random) -> str:
    """Return a mail with one to three changes."""
    text = draw.choice([content.templates()["win_back"], HTML])
    for _ in range(draw.randint(1, 3)):
        at = draw.randrange(len(text))
        other = draw.randrange(len(text))
        text = draw.choice(
            [
                text[:at] + draw.choice(PIECES) + text[at:],
                text[:at] + text[at + draw.randint(1, 8) :],
                text[:at] + text[other : other + draw.randint(1, 60)] + text[at:],
            ]
        )
    return text


def test_a_broken_mail_works_or_names_a_place() -> None:
    draw = random.Random(5)
    refused = 0
    for _ in range(MAILS):
        source = written("mail", {"a": ""}, broken(draw))
        try:
            content.compile_email(source, content.library())
            lint(source, content.library())
        except TemplateError as error:
            refused += 1
            if not re.fullmatch(r"\w+:\d+:\d+", error.where):
                raise
    assert MAILS // 4 < refused < MAILS


ATTACKS = {
    "<mjml><mj-body><mj-text><!--[if mso]>x</mj-text></mj-body></mjml>": "not closed",
    "<mjml><mj-body><![endif]--></mj-body></mjml>": "conditional comment",
    "<mjml><mj-body><!--[if mso]>a<!--[if b]>c<![endif]--></mj-body></mjml>": "",
    "<mjml><mj-head><mj-style>.a { color: </mj-style></mj-head><mj-body></mj-body></mjml>": "",
    "<style>p { { x } </style><p>x</p>": "the style sheet is not valid",
    f"{'<div>' * 3000}x": "",
    f"<mjml><mj-body>{'<mj-wrapper>' * 300}{'</mj-wrapper>' * 300}</mj-body></mjml>": "",
}


@pytest.mark.parametrize("text", ATTACKS, ids=lambda text: text[:40])
def test_what_stops_other_tools_is_only_refused(text: str) -> None:
    try:
        content.compile_email(written("mail", {}, text), {})
    except TemplateError as error:
        assert ATTACKS[text] in error.what, error  # noqa: PT017 - some of them may work
