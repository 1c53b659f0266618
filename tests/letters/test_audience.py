"""A mail is checked and made for its whole audience before anybody is written to."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tailorbird import flow
from tailorbird.app import Tailorbird
from tailorbird.errors import Stopped, TemplateError
from tailorbird.letters.audience import AudienceCheck
from tailorbird.stopping import Stop


def mail(shop: Tailorbird, words: str) -> None:
    shop.put(
        "template",
        "spring",
        f"<mjml><mj-body><mj-section><mj-column><mj-text>{words} "
        '<a href="{{ unsubscribe_url }}">leave</a></mj-text></mj-column></mj-section>'
        '{% render "offer" %}</mj-body></mjml>',
    )


def checked(shop: Tailorbird, words: str = "Hi {{ person.first_name }},") -> AudienceCheck:
    mail(shop, words)
    return flow.check(shop.world, "spring", shop.clock())


def concerned(shop: Tailorbird, found: AudienceCheck, kind: str) -> dict[str, list[int]]:
    return {what: list(each.people) for (of, what), each in found.findings.items() if of == kind}


def test_who_lacks_what_is_told_by_number(shop: Tailorbird) -> None:
    found = checked(shop, "Hi {{ person.first_name }}, you like {{ traits.favourite_category }}")
    who = {name: shop.person(name) for name in ("dan", "eve", "fay")}
    assert concerned(shop, found, "lacks") == {
        "person.first_name": [who["dan"]],
        "traits.favourite_category": [who["eve"], who["fay"]],
    }
    assert (found.asked, found.done, found.rendered) == (6, 6, 3)
    assert not found.sound


def test_what_is_printed_only_after_a_test_is_not_missing(shop: Tailorbird) -> None:
    words = "{% if person.first_name %}Hi {{ person.first_name }}{% else %}Hello{% endif %}"
    found = checked(shop, words)
    assert concerned(shop, found, "lacks") == {}
    assert found.rendered == 6
    assert found.sound


def test_an_empty_block_is_told_with_its_people(shop: Tailorbird) -> None:
    shop.put(
        "block", "offer", '{% if traits.country == "GB" %}<mj-section></mj-section>{% endif %}'
    )
    found = checked(shop, "Hi")
    empty = concerned(shop, found, "empty_block")["offer"]
    assert empty == [shop.person(who) for who in ("ada", "dan", "eve", "fay")]


def test_the_longest_subject_and_the_largest_mail_are_found(shop: Tailorbird) -> None:
    campaign = shop.world.definitions.get("campaign", "spring")
    assert campaign is not None
    named = campaign.text.replace(
        "Spring at {{ shop.name }}", "For {{ traits.country | default: 'you' }}"
    )
    shop.put("campaign", "spring", named)
    found = checked(
        shop,
        "{% if traits.country == 'AT' %}{% for i in (1..9000) %}Servus, wie geht's? "
        "{% endfor %}{% endif %}Hi",
    )
    assert found.subject.text == "For you"
    assert found.html.person == shop.person("ada")
    assert concerned(shop, found, "too_large")["more than 104,448 bytes of HTML"] == [
        found.html.person
    ]


def test_dead_and_unsigned_links_are_told(shop: Tailorbird) -> None:
    words = (
        '<a href="#">top</a> <a href="http://intranet/">in</a> <a href="/cart">cart</a> '
        '<a href="https://shop.example/a">a</a> <area href="https://shop.example/map">'
    )
    found = checked(shop, words)
    assert set(concerned(shop, found, "dead_link")) == {"#", "http://intranet/", "/cart"}
    assert set(concerned(shop, found, "unsigned_link")) == {"https://shop.example/map"}


def test_a_dead_link_holds_up_nobody(shop: Tailorbird, send: Callable[..., dict[str, str]]) -> None:
    mail(shop, '<a href="/cart">cart</a> <a href="https://shop.example/a">a</a>')
    sent = send()
    assert len(sent) == 6
    assert "/cart" in sent["ada"]
    assert "/c/" in sent["ada"].replace("/cart", "")


def test_a_mail_that_cannot_be_made_is_told_and_the_others_are_made(shop: Tailorbird) -> None:
    found = checked(shop, "{{ 100 | divided_by: traits.orders }}")
    (why,) = concerned(shop, found, "fails")
    assert "divided by 0" in why
    assert found.rendered == 3


def test_who_may_not_be_written_to_is_counted_apart(shop: Tailorbird) -> None:
    ada = shop.person("ada")
    shop.world.people.suppress([("ada@mail.example", "complaint", shop.clock())])
    found = checked(shop, "Hi")
    assert concerned(shop, found, "refused") == {"complaint": [ada]}


def test_blocks_rules_and_fallbacks_are_counted(shop: Tailorbird) -> None:
    shop.put("slot", "deal", "slot: deal\nrules:\n  - {if: {segment: premium}, show: offer_a}\n")
    shop.put(
        "template",
        "spring",
        '<mjml><mj-body>{% render "deal" %}<mj-section><mj-column><mj-text><a href='
        '"{{ unsubscribe_url }}">x</a></mj-text></mj-column></mj-section></mj-body></mjml>',
    )
    found = flow.check(shop.world, "spring", shop.clock())
    assert found.slots == {("deal", "offer_a"): 2, ("deal", ""): 4}
    assert found.rules == {("deal", "1"): 2, ("deal", ""): 4}


def test_nothing_is_recorded(shop: Tailorbird) -> None:
    checked(shop, "Hi")
    assert shop.world.ledger.decisions() == []
    assert shop.world.definitions.latest("edition") == []


def test_a_check_can_be_stopped(shop: Tailorbird) -> None:
    stop = Stop()
    stop.ask()
    mail(shop, "Hi")
    found = flow.check(shop.world, "spring", shop.clock(), stop=stop)
    assert (found.stopped, found.done) == (True, 0)
    with pytest.raises(Stopped):
        stop.check()


def test_a_template_is_checked_for_a_segment_without_a_campaign(shop: Tailorbird) -> None:
    mail(shop, "Hi {{ person.first_name }}")
    found = flow.check(shop.world, "spring", shop.clock(), segment="premium")
    assert (found.asked, found.rendered) == (3, 3)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("{{ persn.first_name }}", "there is no variable 'persn'; did you mean 'person'?"),
        ("{{ person.fist_name }}", "person has no 'fist_name'; did you mean 'first_name'?"),
        ("{{ traits.tiers }}", "traits has no 'tiers'; did you mean 'tier'?"),
        ("{{ traits.tier | plus: 1 }}", "plus takes a number, and is given text; "
         "take the filter out, or put it on another value"),
        ("{{ traits.orders | date: '%Y' }}", "date takes a date, and is given a number of orders; "
         "take the filter out, or put it on another value"),
        ("{% for x in traits.tier %}{{ x }}{% endfor %}", "a loop over text, which is no list; "
         "loop over a list, or print the value"),
        ("{% if traits.tier > 3 %}x{% endif %}", "text is compared with a number; "
         "compare numbers with numbers, dates with dates"),
        ("{% for p in recommendations %}{{ p.titel }}{% endfor %}", "p has no "
         "'titel'; did you mean 'item'?"),
        ("{% if segments.premum %}x{% endif %}", "segments has no 'premum'; "
         "did you mean 'premium'?"),
    ],
)  # fmt: skip
def test_a_template_that_does_not_fit_is_refused_with_its_place(
    shop: Tailorbird, words: str, told: str
) -> None:
    found = checked(shop, words)
    assert [f"{each.what}; {each.mend}" for each in found.misfits] == [told]
    assert found.misfits[0].where.startswith("spring:1:")
    with pytest.raises(TemplateError) as caught:
        shop.decide("spring")
    assert told in caught.value.sentence()
    assert shop.world.ledger.decisions() == []


@pytest.mark.parametrize(
    "words",
    [
        "{% assign n = traits.orders | plus: 1 %}{{ n }} {{ traits.last_order_at | date: '%Y' }}",
        "{% for p in recommendations %}{{ forloop.last }} {{ p.price_minor | money }}{% endfor %}",
        "{{ traits.member | default: 'you' }} {{ recommendations.size }} {{ shop.name | upcase }}",
        "{% capture x %}{{ locale }}{% endcapture %}{{ x | size }} {{ recommendations[0].name }}",
        "{% case traits.tier %}{% when 'gold' %}x{% endcase %}{{ segments.premium }}",
    ],
)
def test_a_template_that_fits_is_taken(shop: Tailorbird, words: str) -> None:
    assert checked(shop, words).misfits == ()


@pytest.mark.parametrize(
    ("block", "told"),
    [
        ("{% assign n = most | default: 4 %}{{ n }}", []),
        ("{% if help_url != blank %}{{ help_url }}{% endif %}", []),
        ("{% if shop.imprint_url %}{{ shop.imprint_url }}{% endif %}", []),
        ("{{ most }}", ["there is no variable 'most'"]),
        ("{{ persn.first_name | default: 'x' }}", ["there is no variable 'persn'"]),
        ("{% if person.frst_name %}x{% endif %}", ["person has no 'frst_name'"]),
    ],
)
def test_an_argument_of_a_block_may_be_left_out_where_the_block_copes(
    shop: Tailorbird, block: str, told: list[str]
) -> None:
    words = f"<mj-section><mj-column><mj-text>{block}</mj-text></mj-column></mj-section>"
    shop.put("block", "offer", words)
    assert [each.what for each in checked(shop, "Hi").misfits] == told


def test_what_comes_with_tailorbird_fits(shop: Tailorbird) -> None:
    shop.install_library()
    for template in shop.world.definitions.latest("template"):
        found = flow.check(shop.world, template.name, shop.clock(), segment="premium")
        assert (template.name, found.misfits) == (template.name, ())
