"""Templates over HTTP: checked, shown as a person while they are written, kept, and ended."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from tailorbird.app import Tailorbird
from tailorbird.cli import run
from tailorbird.schema import SECOND

NOW = 1_700_000_000 * SECOND
HELLO = """<mjml><mj-head>
<mj-style>@media (prefers-color-scheme: dark) { p { color: red } }</mj-style></mj-head><mj-body>
<mj-section><mj-column><mj-text><p>Hello {{ person.first_name | default: "there" }}</p></mj-text>
</mj-column></mj-section></mj-body></mjml>
"""
CAMPAIGN = """name: greeting
audience: everybody
template: hello
variants: {plain: {subject: "A word, {{ person.first_name | default: 'you' }}"}}
"""
Call = Callable[..., httpx.Response]


def test_a_template_is_checked_kept_and_shown_with_its_versions(call: Call) -> None:
    tried = call("/templates/check", "POST", json={"name": "hello", "text": HELLO}).json()
    assert (tried["version"], tried["parts"]["syntax"]) == (1, "liquid")
    assert "person.first_name" in tried["parts"]["variables"]
    kept = call("/templates/hello", "PUT", json={"text": HELLO, "author": "Ada"}).json()
    assert kept == {"kind": "template", "name": "hello", "version": 1, "notes": []}
    found = call("/templates/hello").json()
    assert (found["text"], found["campaigns"], found["trouble"]) == (HELLO, [], "")
    assert [each["author"] for each in call("/templates/hello/versions").json()] == ["Ada"]


def test_a_slip_is_told_with_its_line_and_what_stood_stays(call: Call) -> None:
    call("/templates/hello", "PUT", json={"text": HELLO})
    broken = HELLO.replace("default:", "defualt:")
    for path, method, body in (
        ("/templates/check", "POST", {"name": "hello", "text": broken}),
        ("/templates/hello", "PUT", {"text": broken}),
        ("/templates/preview", "POST", {"name": "hello", "text": broken, "person": 1}),
    ):
        refused = call(path, method, json=body)
        assert (refused.status_code, refused.json()["line"]) == (422, 3), refused.text
    assert call("/templates/hello").json()["version"] == 1


def test_a_draft_is_shown_as_a_person_in_a_frame_that_can_do_nothing(
    call: Call, tb: Tailorbird
) -> None:
    tb.put("campaign", "greeting", CAMPAIGN)
    draft = {"name": "hello", "text": HELLO.replace("Hello", "Servus"), "person": 1}
    found = call("/templates/preview", "POST", json=draft).json()
    assert found["preview"]["subject"] == "A word, Ada"
    assert "Servus Ada" in found["preview"]["text"]
    shown = call(found["shown_at"])
    assert len(shown.content) > found["bytes"] > 500
    assert "Servus Ada" in shown.text
    assert shown.headers["content-security-policy"].startswith("sandbox ")
    assert tb.world.definitions.get("template", "hello") is None
    assert call("/templates/drafts/00ff").status_code == 404


def test_a_mail_is_shown_as_readers_in_the_dark_see_it(call: Call) -> None:
    draft = {"name": "hello", "text": HELLO, "person": 1}
    where = call("/templates/preview", "POST", json=draft).json()["shown_at"]
    assert "prefers-color-scheme" in call(where).text
    assert "min-width:0" in call(f"{where}?scheme=dark").text
    assert "max-width:0" in call(f"{where}?scheme=light").text
    assert call(f"{where}?scheme=pink").status_code == 400


def test_a_template_that_a_campaign_uses_is_not_removed(
    call: Call, tb: Tailorbird, capsys: pytest.CaptureFixture[str]
) -> None:
    call("/templates/hello", "PUT", json={"text": HELLO})
    tb.put("campaign", "greeting", CAMPAIGN)
    assert call("/templates/hello").json()["campaigns"] == ["greeting"]
    refused = call("/templates/hello", "DELETE")
    assert refused.json()["message"] == (
        "template 'hello' is used by campaign greeting (template); take it out there first"
    )
    tb.world.definitions.remove("campaign", "greeting", author="", reason="", now=NOW)
    assert call("/templates/hello", "DELETE").json() == {"name": "hello", "version": 1}
    folder = ["--folder", str(tb.world.folder)]
    call("/templates/hello", "PUT", json={"text": HELLO})
    tb.close()
    assert run(["templates", "list", *folder]) == 0
    assert run(["templates", "show", "hello", *folder]) == 0
    assert "Hello {{ person.first_name" in capsys.readouterr().out
    assert run(["templates", "show", "hello", "--version", "9", *folder]) == 2
    assert run(["templates", "remove", "hello", *folder]) == 0


def test_the_lint_tells_the_line_of_a_draft_and_how_to_mend_it(call: Call) -> None:
    draft = {
        "name": "hello",
        "text": HELLO.replace("</mj-text>", "</mj-text>\n<mj-image src='/a.png'/>"),
    }
    found = call("/templates/lint", "POST", json=draft).json()
    image = next(each for each in found if each["code"] == "image-alt")
    assert (image["line"], image["block"], image["severity"]) == (4, "", "error")
    assert image["mend"]
    assert call("/templates/lint", "POST", json=draft | {"text": "<mjml>{{ a | b }}"}).json()[
        "line"
    ]


def test_blocks_and_texts_are_listed_with_what_they_need_and_lack(
    call: Call, tb: Tailorbird
) -> None:
    tb.install_library()
    hero = next(each for each in call("/blocks").json() if each["name"] == "hero")
    assert (hero["title"], hero["needs"], hero["tags"]) == ("Hero", ["title"], ["message"])
    tb.put("texts", "de", "texts: de\nentries: {bye: Bis bald, hello: Hallo}\n")
    tb.put("texts", "en", "texts: en\nentries: {hello: Hello}\n")
    found = {each["locale"]: each for each in call("/texts").json()}
    assert found["de"]["texts"] == {"bye": "Bis bald", "hello": "Hallo"}
    assert (found["en"]["lacking"], found["de"]["lacking"]) == (["bye"], [])


def test_a_check_of_a_template_is_stopped_and_tells_whom_it_concerns(
    call: Call, tb: Tailorbird
) -> None:
    dead = HELLO.replace("</p>", "<a href='/cart'>Buy</a></p>")
    call("/templates/hello", "PUT", json={"text": dead})
    tb.put("segment", "known", "name: known\nwhere: {trait: orders, at_least: 0}\n")
    tb.refresh()
    where = "/templates/hello/check?segment=known"
    assert call(where, "DELETE").status_code == 404
    assert call(where, "POST").status_code == 200
    while call(where).json()["state"] == "running":
        pass
    report = call(where, "DELETE").json()
    assert (report["state"], report["asked"]) == ("done", 1), report
    assert [(each["kind"], each["what"]) for each in report["findings"]] == [("dead_link", "/cart")]
    people = call(f"{where.replace('?', '/people?')}&kind=dead_link&what=/cart")
    assert (people.json()["people"], people.json()["labels"]) == ([1], ["Ada"])
