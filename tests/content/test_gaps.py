"""Blocks that print nothing to somebody are told; those that never print are no blocks to read."""

from __future__ import annotations

from tailorbird.content import library
from tailorbird.content.email import EmailSource
from tailorbird.content.gaps import Gaps
from tailorbird.content.lint import lint

MAIL = (
    '<mjml lang="en"><mj-head><mj-title>Hello</mj-title>{% render "head" %}</mj-head><mj-body>'
    "<mj-section><mj-column>BODY</mj-column></mj-section></mj-body></mjml>"
)
ASKING = "{% if person.member %}<mj-text>hello</mj-text>{% endif %}"


def empty(body: str, blocks: dict[str, str], **person: str) -> tuple[str, ...]:
    source = EmailSource("spring", {"a": "Spring"}, MAIL.replace("BODY", body))
    return Gaps(source, {**library(), **blocks}).find({"person": dict(person)}, 0).empty


def test_styles_are_no_empty_block() -> None:
    assert empty("<mj-text>hello</mj-text>", {}) == ()


def test_a_block_that_prints_nothing_to_somebody_is_empty() -> None:
    assert empty('{% render "a" %}', {"a": ASKING}) == ("a",)
    assert empty('{% render "a" %}', {"a": ASKING}, member="yes") == ()


def test_a_block_is_as_empty_as_the_blocks_in_it() -> None:
    nested = {"a": '{% render "b" %}', "b": ASKING}
    assert empty('{% render "a" %}', nested) == ("b", "a")
    assert empty('{% render "a" %}', nested, member="yes") == ()
    assert empty('{% render "a" %}', {"a": '{% render "b" %}', "b": "<mj-text>x</mj-text>"}) == ()
    both = {"a": '{% render "b" %}' + ASKING, "b": "<mj-text>x</mj-text>"}
    assert empty('{% render "a" %}', both) == ()


def test_what_a_campaign_stands_in_for_is_not_missing() -> None:
    body = "<mj-text>Hi {{ person.first_name }}, {{ person.city }}</mj-text>"
    source = EmailSource("spring", {"a": "Spring"}, MAIL.replace("BODY", body))

    def missing(*stood_in: str) -> list[str]:
        found = lint(source, library(), stood_in=stood_in)
        return [each.what.partition(" ")[0] for each in found if each.code == "fallback"]

    assert missing() == ["person.first_name", "person.city"]
    assert missing("person.first_name") == ["person.city"]
