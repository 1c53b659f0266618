"""Rules in YAML and in the template choose what each person sees, and the ledger says why."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from tailorbird.app import Tailorbird
from tailorbird.errors import DefinitionError

Send = Callable[..., dict[str, str]]
SLOT = """\
slot: deal
rules:
  - if: {all: [{segment: premium}, {did: purchase, within: 30d}]}
    show: offer_a
  - elif: {segment: premium}
    show: offer_b
  - elif: {missing: [person.first_name, traits.member]}
    show: nothing
  - else: offer_c
"""
LIMITED = """\
slot: deal
rules:
  - if: {segment: premium}
    show: offer_a
    at_most: {times: 1, days: 7}
  - else: offer_b
"""
IN_TEMPLATE = (
    "{% if segments.premium and traits.recency_days <= 30 %}"
    '{% render "offer_a" %}{% else %}{% render "offer_c" %}{% endif %}'
)


def with_slot(shop: Tailorbird, slot: str, call: str = '{% render "deal" %}') -> None:
    if slot:
        shop.put("slot", "deal", slot)
    template = shop.world.definitions.get("template", "spring")
    assert template is not None
    shop.put("template", "spring", template.text.replace('{% render "offer" %}', call))


def offers(mails: dict[str, str]) -> dict[str, str]:
    """Return which offer stands in each mail."""
    return {
        who: next((letter for letter in "ABC" if f"Offer {letter}" in text), "")
        for who, text in mails.items()
    }


def test_a_premium_member_who_bought_within_30_days_is_shown_offer_a(
    shop: Tailorbird, send: Send
) -> None:
    with_slot(shop, SLOT)
    everybody = {"ada": "A", "ben": "B", "cyd": "C", "dan": "", "fay": "C", "eve": "C"}
    assert offers(send()) == everybody


def test_the_same_rule_in_the_template_shows_the_same(shop: Tailorbird, send: Send) -> None:
    with_slot(shop, "", IN_TEMPLATE)
    shown = offers(send())
    assert [who for who, offer in shown.items() if offer == "A"] == ["ada"]


def test_who_did_not_agree_to_personalisation_is_asked_no_condition(
    shop: Tailorbird, send: Send
) -> None:
    with_slot(shop, SLOT)
    send()
    eve = shop.readings.correspondence(shop.person("eve"))
    assert eve is not None
    assert eve.decisions[0].inputs["rules"] == {"deal": "4"}
    assert eve.decisions[0].inputs["traits"] == {}


def test_the_ledger_says_which_rule_chose_which_block(shop: Tailorbird, send: Send) -> None:
    with_slot(shop, SLOT)
    send()
    (decision,) = shop.world.ledger.decisions(person=shop.person("ada"))
    kept = msgspec.json.decode(decision.inputs)
    assert (kept["slots"], kept["rules"]) == ({"deal": "offer_a"}, {"deal": "1"})
    assert shop.world.ledger.tally("spring", "rules") == [
        ("deal", "1", 1),
        ("deal", "2", 1),
        ("deal", "3", 1),
        ("deal", "4", 3),
    ]


def test_a_block_is_shown_no_more_often_than_it_may(shop: Tailorbird, send: Send) -> None:
    with_slot(shop, LIMITED)
    assert offers(send(occurrence="1"))["ada"] == "A"
    now = shop.clock() + 1_000_000
    shop.clock = lambda: now
    assert offers(send(occurrence="2"))["ada"] == "B"
    last = shop.world.ledger.decisions(person=shop.person("ada"))
    tired = [msgspec.json.decode(each.inputs).get("tired") for each in last]
    assert {"deal": ["1"]} in tired
    later = now + 8 * 86_400_000_000
    shop.clock = lambda: later
    assert offers(send(occurrence="3"))["ada"] == "A"


def test_a_mail_that_was_never_sent_does_not_count_as_shown(shop: Tailorbird, send: Send) -> None:
    with_slot(shop, LIMITED)
    shop.decide("spring", "1")
    shop.world.ledger.cancel("spring", "stopped", shop.clock())
    now = shop.clock() + 1_000_000
    shop.clock = lambda: now
    assert offers(send(occurrence="2"))["ada"] == "A"


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        (
            "[{if: {segment: premium}, show: offer_x}]",
            "slots/deal.yaml:2: there is no block 'offer_x'; did you mean 'offer_c'?",
        ),
        (
            "[{if: {segment: premum}, show: offer_a}]",
            "slots/deal.yaml:2: no segment 'premum'; did you mean 'premium'?",
        ),
        (
            "[{if: {trait: member, is: premium}, show: offer_a},\n"
            "         {elif: {segment: premium}, show: offer_b}]",
            "slots/deal.yaml:3: rule 2 is never reached: rule 1 takes everybody whom it fits; "
            "put it above rule 1, or take it out",
        ),
        (
            "[{if: {did: purchase, within: 60d}, show: offer_a},\n"
            "         {elif: {did: purchase, within: 30d}, show: offer_b}]",
            "slots/deal.yaml:3: rule 2 is never reached: rule 1 takes everybody whom it fits; "
            "put it above rule 1, or take it out",
        ),
        (
            "[{if: {known: person.nickname}, show: offer_a}]",
            "slots/deal.yaml:1: a mail knows no 'person.nickname'; did you mean 'first_name'?",
        ),
    ],
)
def test_a_slot_with_a_mistake_is_refused_with_its_place(
    shop: Tailorbird, rules: str, told: str
) -> None:
    with pytest.raises(DefinitionError) as caught:
        shop.put("slot", "deal", f"slot: deal\nrules: {rules}\n")
    assert caught.value.sentence() == told


def test_a_segment_that_a_rule_names_is_used(shop: Tailorbird) -> None:
    from tailorbird import authoring

    shop.put("slot", "deal", SLOT)
    used = [each.phrase() for each in authoring.uses(shop.world, "premium")]
    assert "slot deal (rule)" in used
