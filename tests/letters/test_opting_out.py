"""A mail leads out of personalisation; who takes that way gets what everybody gets."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tailorbird.app import Tailorbird
from tailorbird.letters.editions import of_text
from tailorbird.letters.given import fixed
from tailorbird.letters.opting_out import stop_personalisation
from tailorbird.tracking.tokens import Sealer

FOOTED = (
    "<mjml><mj-body><mj-section><mj-column><mj-text>Hi {{ traits.member | default: 'you' }}"
    '</mj-text></mj-column></mj-section>{% render "footer" %}</mj-body></mjml>'
)
Send = Callable[..., dict[str, str]]


def decision_of(shop: Tailorbird, who: str) -> bytes:
    person = shop.person(who)
    return next(d.id for d in shop.world.ledger.decisions() if d.person == person)


def words_of(shop: Tailorbird, who: str) -> list[bool]:
    found = shop.world.people.consents(shop.person(who))
    return [each.granted for each in found if each.purpose == "personalisation"]


@pytest.fixture
def footed(shop: Tailorbird) -> Tailorbird:
    shop.install_library()
    shop.put("template", "spring", FOOTED)
    return shop


def test_the_footer_leads_out(footed: Tailorbird, send: Send) -> None:
    text = send()["ada"]
    assert "Privacy notice" not in text
    found = re.search(r"Stop personalised content\D*(http\S+/p/([\w-]+))", text)
    assert found
    sealed = Sealer(footed.world.token_key).open(found[2], "personalisation")
    assert sealed is not None
    assert sealed.send_id == decision_of(footed, "ada")


def test_the_footer_leads_to_the_privacy_notice(tmp_path: Path) -> None:
    named = {"TAILORBIRD_SHOP__PRIVACY_URL": "https://shop.example/privacy"}
    with Tailorbird.open(tmp_path / "other", environment=named) as tb:
        tb.install_library()
        edition = of_text(tb.world, "spring", FOOTED)
        (variant,) = edition.source.subjects
        data = fixed(edition, "en")
        text = edition.template.render(variant, data, lambda url, _: url, "", 0).text
    assert "https://shop.example/privacy" in text


def test_who_goes_that_way_is_written_to_as_everybody_is(footed: Tailorbird, send: Send) -> None:
    assert "Hi premium" in send()["ada"]
    assert stop_personalisation(footed.world, decision_of(footed, "ada"), footed.clock())
    footed.ingest()
    assert words_of(footed, "ada") == [True, False]
    later = send(occurrence="2")
    assert "Hi you" in later["ada"]
    assert "Hi premium" in later["ben"]


def test_saying_it_again_says_nothing_new(footed: Tailorbird, send: Send) -> None:
    send()
    for _ in range(3):
        assert stop_personalisation(footed.world, decision_of(footed, "ada"), footed.clock())
        footed.ingest()
    assert words_of(footed, "ada") == [True, False]


def test_a_send_that_is_not_known_changes_nobody(footed: Tailorbird, send: Send) -> None:
    send()
    before = footed.world.log.end()
    assert not stop_personalisation(footed.world, bytes(16), footed.clock())
    assert footed.world.log.end() == before
