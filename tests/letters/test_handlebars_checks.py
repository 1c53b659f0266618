"""A mail in Handlebars is checked as one in Liquid is: names, kinds, gaps, whom it concerns."""

from __future__ import annotations

import pytest

from tailorbird import content, flow
from tailorbird.app import Tailorbird
from tailorbird.content.email import written
from tailorbird.errors import TemplateError
from tailorbird.letters.audience import AudienceCheck

LEAVE = '{{#if demo}}x{{/if}}<a href="{{unsubscribe_url}}">leave</a>'
PICKS = "{{#each recommendations as |p|}}{{p.name}} {{p.titel}}{{/each}}"


def put(shop: Tailorbird, words: str) -> None:
    shop.put(
        "template",
        "spring",
        f"<mjml><mj-body><mj-section><mj-column><mj-text>{words} {LEAVE}</mj-text></mj-column>"
        "</mj-section></mj-body></mjml>",
    )
    campaign = shop.world.definitions.get("campaign", "spring")
    assert campaign is not None
    shop.put("campaign", "spring", campaign.text.replace("{{ shop.name }}", "{{shop.name}}"))


def checked(shop: Tailorbird, words: str) -> AudienceCheck:
    put(shop, words)
    return flow.check(shop.world, "spring", shop.clock())


def lacks(shop: Tailorbird, found: AudienceCheck) -> dict[str, list[int]]:
    return {what: list(each.people) for (of, what), each in found.findings.items() if of == "lacks"}


def reads(words: str) -> frozenset[str]:
    body = f"<p>{words}{LEAVE}</p>"
    return content.compile_email(written("mail", {"a": "x"}, body), {}).variables() - {
        "demo",
        "unsubscribe_url",
    }


@pytest.mark.parametrize(
    ("words", "paths"),
    [
        ("{{person.first_name}}", {"person.first_name"}),
        ("{{#with person}}{{first_name}} {{../traits.tier}}{{/with}}",
         {"person", "person.first_name", "traits.tier"}),
        ("{{#each recommendations}}{{name}} {{@root.locale}} {{@index}}{{/each}}",
         {"recommendations", "recommendations[].name", "locale"}),
        ("{{#each recommendations as |p|}}{{#each ../locales}}{{this}}{{p.url}}{{/each}}{{/each}}",
         {"recommendations", "locales", "locales[]", "recommendations[].url"}),
        ("{{#if (gt traits.orders 3)}}{{default traits.tier shop.name}}{{/if}}",
         {"traits.orders", "traits.tier", "shop.name"}),
        ("{{#each (recommendations limit=2)}}{{name}}{{/each}}",
         {"recommendations", "recommendations[].name"}),
        ("{{lookup traits 'tier'}} {{uppercase locale}}", {"traits.tier", "locale"}),
        ("{{#unless forms.nps}}-{{else}}{{forms.nps}}{{/unless}}", {"forms.nps"}),
    ],
)  # fmt: skip
def test_what_a_mail_reads_is_known(words: str, paths: set[str]) -> None:
    assert reads(words) == paths


def test_a_section_may_go_into_a_value_or_stay_where_it_is() -> None:
    found = reads("{{#traits}}{{tier}}{{/traits}} {{#demo}}{{traits.orders}}{{/demo}}")
    assert {"traits.tier", "traits.orders"} <= found


def test_many_sections_inside_each_other_stay_cheap() -> None:
    deep = "{{#a}}" * 12 + "{{b}}" + "{{/a}}" * 12
    assert len(reads(deep)) < 300


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("{{persn.first_name}}", "there is no variable 'persn'; did you mean 'person'?"),
        ("{{#with person}}{{fist_name}}{{/with}}",
         "person has no 'fist_name'; did you mean 'first_name'?"),
        ("{{#if segments.premum}}x{{/if}}",
         "segments has no 'premum'; did you mean 'premium'?"),
        (PICKS, "recommendations[] has no 'titel'; did you mean 'item'?"),
        ("{{#each traits.tier}}x{{/each}}",
         "a loop over text, which is no list; loop over a list, or print the value"),
        ("{{#if (gt traits.tier 3)}}x{{/if}}", "text is compared with a number; "
         "compare numbers with numbers, dates with dates"),
        ("{{date traits.orders}}", "date takes a date, and is given a number of orders; "
         "take the filter out, or put it on another value"),
    ],
)  # fmt: skip
def test_a_mail_that_does_not_fit_is_refused_with_its_place(
    shop: Tailorbird, words: str, told: str
) -> None:
    found = checked(shop, words)
    assert [f"{each.what}; {each.mend}" for each in found.misfits] == [told]
    assert found.misfits[0].where.startswith("spring:1:")
    with pytest.raises(TemplateError) as caught:
        shop.decide("spring")
    assert told in caught.value.sentence()


@pytest.mark.parametrize(
    "words",
    [
        "{{#each recommendations}}{{@index}} {{@first}} {{money price_minor currency}}{{/each}}",
        "{{#with shop as |s|}}{{s.name}} {{../locale}}{{/with}}",
        "{{default traits.member 'you'}} {{length recommendations}} {{uppercase shop.name}}",
        "{{#if (and segments.premium (not demo))}}{{date traits.last_order_at '%Y'}}{{/if}}",
        "{{#shop}}{{whatever}}{{/shop}}",
    ],
)
def test_a_mail_that_fits_is_taken(shop: Tailorbird, words: str) -> None:
    assert checked(shop, words).misfits == ()


@pytest.mark.parametrize(
    "words",
    [
        "Hi {{person.first_name}},",
        "{{#with person}}Hi {{first_name}},{{/with}}",
        "{{#with person as |p|}}{{#each ../locales}}Hi {{p.first_name}},{{/each}}{{/with}}",
        "Hi {{uppercase @root.person.first_name}},",
    ],
)
def test_nobody_is_greeted_without_a_name(shop: Tailorbird, words: str) -> None:
    found = checked(shop, words)
    assert lacks(shop, found) == {"person.first_name": [shop.person("dan")]}
    assert found.rendered == 5
    shop.decide("spring")
    refused = {d.person: d.reason for d in shop.world.ledger.decisions() if d.verdict != "send"}
    assert refused == {shop.person("dan"): "missing person.first_name"}


@pytest.mark.parametrize(
    "words",
    [
        'Hi {{default person.first_name "you"}},',
        "{{#if person.first_name}}Hi {{person.first_name}}{{else}}Hello{{/if}}",
        "{{#each recommendations}}{{name}}{{/each}}",
    ],
)
def test_what_copes_with_a_gap_reaches_everybody(shop: Tailorbird, words: str) -> None:
    found = checked(shop, words)
    assert lacks(shop, found) == {}
    assert found.rendered == 6


def test_traits_that_a_mail_reads_are_given_to_it(shop: Tailorbird) -> None:
    found = checked(shop, "{{#with traits}}{{#if member}}You are {{member}}{{/if}}{{/with}}")
    assert found.rendered == 6
    shop.decide("spring")
    kept = [d.inputs for d in shop.world.ledger.decisions() if b'"member":"premium"' in d.inputs]
    assert len(kept) == 2


@pytest.mark.parametrize(
    "block",
    [
        "{%- doc -%}\ntitle: Offer\ntakes: [most]\n{%- enddoc -%}\n{{ most }}",
        "{%- doc -%}\ntitle: Offer\ntakes: [persons]\n{%- enddoc -%}\n{{ persons }}",
    ],
)
def test_a_documented_argument_of_a_block_may_be_left_out(shop: Tailorbird, block: str) -> None:
    lead, words = block.split("enddoc -%}\n")
    column = f"<mj-section><mj-column><mj-text>{words}</mj-text></mj-column></mj-section>"
    shop.put("block", "offer", f"{lead}enddoc -%}}\n{column}")
    assert flow.check(shop.world, "spring", shop.clock()).misfits == ()


def test_an_argument_that_no_description_names_is_missed(shop: Tailorbird) -> None:
    doc = "{%- doc -%}\ntitle: Offer\ntakes: [least]\n{%- enddoc -%}\n"
    column = "<mj-section><mj-column><mj-text>{{ most }}</mj-text></mj-column></mj-section>"
    shop.put("block", "offer", doc + column)
    found = flow.check(shop.world, "spring", shop.clock()).misfits
    assert [each.what for each in found] == ["there is no variable 'most'"]
