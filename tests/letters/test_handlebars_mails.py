"""A mail in Handlebars has what one in Liquid has: products, slots, locales, empty blocks told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import msgspec
import pytest
from tests.letters.conftest import NOON, block

from tailorbird import flow, learning, letters, recommend
from tailorbird.app import Tailorbird
from tailorbird.schema import Body

Send = Callable[..., dict[str, str]]
LEAVE = '<mj-section><mj-column><mj-text><a href="{{unsubscribe_url}}">Leave</a></mj-text>'
VIEWED = (
    "{{#each top_browsed_categories}} Because you viewed {{this}}: "
    "{{#each products_in_category this}}{{name}}; {{/each}} {{/each}}"
)
HISTORY = "{{#if product_browse_history}}Recommended for you: {{product_browse_history}}{{/if}}"
SHELF = {
    "green": ("Green tea", "tea", 5),
    "black": ("Black tea", "tea", None),
    "white": ("White tea", "tea", 0),
    "glass": ("A glass", "cups", 9),
}
LOOKS = {"ada": ["green", "green", "glass"], "cyd": ["glass"], "eve": ["green"]}


def put(shop: Tailorbird, words: str, sections: str = "") -> None:
    """Put a template of these words, and the campaign's subject in the same language."""
    text = (
        f"<mjml><mj-body>{block(words)}{sections}{LEAVE}</mj-column></mj-section></mj-body></mjml>"
    )
    shop.put("template", "spring", text)
    campaign = shop.world.definitions.get("campaign", "spring")
    assert campaign is not None
    shop.put("campaign", "spring", campaign.text.replace("{{ shop.name }}", "{{shop.name}}"))


@pytest.fixture
def browsed(shop: Tailorbird) -> Tailorbird:
    """Return the shop with a shelf, people who looked at it, and a model of what they like."""
    shop.world.facts.write(
        [
            (
                "INSERT INTO products VALUES (?, ?, ?, 950, 'EUR', NULL, NULL, ?, 0)",
                (item, name, category, stock),
            )
            for item, (name, category, stock) in SHELF.items()
        ]
    )
    looks = [
        {
            "type": "track", "event": "Product Viewed", "messageId": f"v-{who}-{place}",
            "userId": who, "timestamp": (NOON - timedelta(days=9 - place)).isoformat(),
            "properties": {"product_id": item, "category": SHELF[item][1]},
        }
        for who, items in LOOKS.items()
        for place, item in enumerate(items)
    ]  # fmt: skip
    content = msgspec.json.encode({"batch": looks})
    shop.world.log.append([Body("server", shop.clock(), content)])
    shop.ingest()
    world, now = shop.world, shop.clock()
    people = [number for who in LOOKS if (number := shop.person(who))]
    past = learning.history(world, sorted(people), now)
    model = recommend.fit(past, now=now)
    world.models.put(learning.RECOMMENDER, model.files(), b"{}")
    return shop


def test_what_somebody_looked_at_is_shown_as_marketers_write_it(
    browsed: Tailorbird, send: Send
) -> None:
    put(browsed, f"Hello {VIEWED} {HISTORY}")
    mails = send()
    ada = " ".join(mails["ada"].split())
    assert "Because you viewed tea: Green tea;" in ada
    assert "Because you viewed cups: A glass;" in ada
    assert "White tea" not in ada  # nobody can buy it
    assert "Recommended for you: A glass, Green tea" in ada
    assert "Because" not in mails["ben"]
    assert "Because" not in mails["eve"]  # she did not agree to personalisation
    assert "Recommended" not in mails["eve"]
    for decision in browsed.world.ledger.decisions(campaign="spring"):
        proof = letters.prove(browsed.world, decision.id, browsed.clock())
        assert proof is not None
        assert proof.state == "proven"


def test_a_category_that_the_template_names_is_filled_for_everybody(
    browsed: Tailorbird, send: Send
) -> None:
    put(browsed, 'Tea: {{#each (products_in_category "tea" limit=1)}}{{name}}{{/each}}.')
    assert {"Tea: Green tea." in each for each in send().values()} == {True}


def test_a_history_that_is_printed_without_a_test_keeps_the_mail_back(browsed: Tailorbird) -> None:
    put(browsed, "You saw {{product_browse_history}}.")
    found = flow.check(browsed.world, "spring", browsed.clock())
    lacks = {what: each.count for (kind, what), each in found.findings.items() if kind == "lacks"}
    assert lacks == {"product_browse_history": 4}


SLOT = """\
slot: deal
rules:
  - if: {segment: premium}
    show: offer_a
  - else: offer_b
"""


def test_a_slot_shows_each_person_her_block(shop: Tailorbird, send: Send) -> None:
    shop.put("slot", "deal", SLOT)
    put(shop, "Hello {{#if demo}}x{{/if}}", "{{> deal}}")
    mails = send()
    assert ("Offer A" in mails["ada"], "Offer B" in mails["ada"]) == (True, False)
    assert ("Offer A" in mails["cyd"], "Offer B" in mails["cyd"]) == (False, True)


def test_a_slot_has_values_of_its_own(shop: Tailorbird, send: Send) -> None:
    shop.put("block", "offer_a", block("Dear {{person.first_name}}{{#if demo}}x{{/if}}"))
    shop.put("block", "offer_b", block("Dear {{person.first_name}}{{#if demo}}x{{/if}}"))
    shop.put("slot", "deal", f"{SLOT}values:\n  person.first_name: {{default: friend}}\n")
    put(shop, "Hello {{#if demo}}x{{/if}}", "{{> deal}}")
    mails = send()
    assert "Dear Ada" in mails["ada"]
    assert "Dear friend" in mails["dan"]


def test_a_block_is_shown_in_a_persons_language(shop: Tailorbird, send: Send) -> None:
    shop.put("block", "offer.de", block("Das Uebliche"))
    put(shop, "Hello {{#if demo}}x{{/if}}", "{{> offer}}")
    mails = send()
    assert "Das Uebliche" in mails["ada"]
    assert "The usual" in mails["cyd"]


def test_a_block_that_shows_nothing_is_told_with_whom(shop: Tailorbird) -> None:
    shop.put("block", "offer", f"{{{{#if traits.tier}}}}{block('{{traits.tier}}')}{{{{/if}}}}")
    put(shop, "Hello {{#if demo}}x{{/if}}", "{{> offer}}")
    found = flow.check(shop.world, "spring", shop.clock())
    (empty,) = [each for (kind, what), each in found.findings.items() if kind == "empty_block"]
    assert empty.count > 0
    assert ("empty_block", "offer") in found.findings


def test_a_rule_asks_whether_somebody_looked_at_anything(browsed: Tailorbird, send: Send) -> None:
    rules = "rules:\n  - if: {known: product_browse_history}\n    show: offer_a\n"
    browsed.put("slot", "deal", f"slot: deal\n{rules}  - else: offer_b\n")
    put(browsed, "Hello {{#if demo}}x{{/if}}", "{{> deal}}")
    mails = send()
    shown = {who: "Offer A" in mail for who, mail in mails.items()}
    assert {who for who, looked in shown.items() if looked} == {"ada", "cyd"}
