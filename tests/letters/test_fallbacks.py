"""What stands in for a missing value: her segment's default, everybody's, no block, no mail."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from tailorbird.app import Tailorbird
from tailorbird.errors import DefinitionError

Send = Callable[..., dict[str, str]]
PLAIN = (
    "<mjml><mj-body><mj-section><mj-column><mj-text>Hi {{ person.first_name }}, "
    '<a href="{{ unsubscribe_url }}">leave</a></mj-text></mj-column></mj-section>'
    '{% render "deal" %}</mj-body></mjml>'
)
FAVOURITE = (
    "<mj-section><mj-column><mj-text>You like {{ traits.favourite_category }}.</mj-text>"
    "</mj-column></mj-section>"
)
SLOT = """\
slot: deal
rules: [{else: favourite}]
values:
  traits.favourite_category: {segments: {premium: the best}, %s}
"""
CHAIN = "fallbacks:\n  person.first_name: "


@pytest.fixture
def plain(shop: Tailorbird) -> Tailorbird:
    """Return the shop with a mail that greets by name and names a favourite category."""
    shop.put("block", "favourite", FAVOURITE)
    shop.put("slot", "deal", SLOT % "default: mugs")
    shop.put("template", "spring", PLAIN)
    return shop


def chain(shop: Tailorbird, text: str) -> None:
    campaign = shop.world.definitions.get("campaign", "spring")
    assert campaign is not None
    shop.put("campaign", "spring", f"{campaign.text}{CHAIN}{text}\n")


def reasons(shop: Tailorbird) -> dict[str, int]:
    found = shop.world.ledger.verdicts("spring")
    return {reason: people for verdict, reason, _, people in found if verdict == "refused"}


def test_hi_comma_is_impossible(plain: Tailorbird, send: Send) -> None:
    mails = send()
    assert "dan" not in mails
    assert reasons(plain) == {"missing person.first_name": 1}
    assert not any("Hi ," in text for text in mails.values())


def test_a_name_that_is_gone_when_the_mail_leaves_is_not_written_to(
    plain: Tailorbird, send: Send
) -> None:
    plain.decide("spring")
    ada = plain.person("ada")
    with plain.world.people.transaction():
        plain.world.people.set_traits([(ada, "first_name", "  ", plain.clock(), "server")])
    plain.deliver()
    (decision,) = plain.world.ledger.decisions(person=ada)
    settled = plain.world.ledger.settlement(decision.id)
    assert settled is not None
    assert (settled.state, settled.reply) == ("cancelled", "missing person.first_name")


def test_the_default_of_her_segment_goes_before_that_of_everybody(
    plain: Tailorbird, send: Send
) -> None:
    chain(plain, "{segments: {premium: dear member}, default: there}")
    mails = send()
    assert "Hi there," in mails["dan"]
    assert "Hi Ada," in mails["ada"]
    assert "You like kitchen." in mails["ada"]
    assert "You like mugs." in mails["dan"]
    assert "You like mugs." in mails["eve"]  # no personalisation: neither trait nor segment


def test_a_segment_s_default_is_for_its_people_alone(plain: Tailorbird, send: Send) -> None:
    gap = "name: gap\nwhere: {trait: country, missing: true}\n"
    plain.put("segment", "gap", gap)
    chain(plain, "{segments: {gap: you there}, default: there}")
    assert "Hi you there," in send()["dan"]


def test_a_block_without_its_value_is_hidden(plain: Tailorbird, send: Send) -> None:
    plain.put("slot", "deal", SLOT % "else: hide")
    mails = send()
    assert "You like kitchen." in mails["ada"]
    assert "You like" not in mails["fay"]


def test_a_person_without_the_value_is_skipped(plain: Tailorbird, send: Send) -> None:
    plain.put("slot", "deal", SLOT % "else: skip")
    chain(plain, "there")
    assert "fay" not in send()
    assert reasons(plain) == {"missing traits.favourite_category": 3}


def test_how_often_each_link_was_taken_is_counted(plain: Tailorbird, send: Send) -> None:
    chain(plain, "there")
    send()
    result = plain.readings.campaign("spring", plain.clock())
    assert result is not None
    counts = {(each.name, each.value): each.people for each in result.fallbacks}
    assert counts == {
        ("person.first_name", "default"): 1,
        ("person.first_name", "value"): 5,
        ("deal traits.favourite_category", "value"): 3,
        ("deal traits.favourite_category", "default"): 3,
    }


def test_the_ledger_keeps_no_name(plain: Tailorbird, send: Send) -> None:
    chain(plain, "there")
    send()
    kept = [each.inputs for each in plain.world.ledger.decisions(campaign="spring")]
    assert kept
    assert not any(b"Ada" in each for each in kept)
    assert msgspec.json.decode(kept[0])["defaults"] == {"person.first_name": "there"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{else: hide}", "only a slot can hide: put the chain under `values:` of one"),
        ("{default: there, else: skip}", "'skip' is never reached: there is a default"),
        ("{segments: {gold: x}, default: y}", "no segment 'gold'"),
        ("{defualt: there}", "unknown key 'defualt'"),
        ("{default: ''}", "a default is text or a number"),
    ],
)
def test_a_chain_with_a_mistake_is_refused(shop: Tailorbird, text: str, told: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        chain(shop, text)
    assert told in caught.value.sentence()
