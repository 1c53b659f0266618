"""Each person's language: de-AT, then de, then the shop's own, for blocks and for texts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tailorbird.app import Tailorbird
from tailorbird.content.locales import chain, direction, normal, spoken
from tailorbird.content.mirroring import mirrored

Send = Callable[..., dict[str, str]]
MAIL = (
    '<mjml><mj-body>{% render "hello", word: "now" %}<mj-section><mj-column>'
    '<mj-text align="left">{{ texts.bye }} {{ 129900 | money: "EUR" }} '
    '<a href="{{ unsubscribe_url }}">x</a></mj-text></mj-column></mj-section></mj-body></mjml>'
)


def said(words: str) -> str:
    return f"<mj-section><mj-column><mj-text>{words}</mj-text></mj-column></mj-section>"


@pytest.fixture
def spoken_shop(shop: Tailorbird) -> Tailorbird:
    """Return the shop with a mail in English, German, Austrian German and Arabic."""
    shop.put("block", "hello", said("Hello {{ word }}"))
    shop.put("block", "hello.de", said("Hallo {{ word }}"))
    shop.put("texts", "en", "texts: en\nentries: {bye: Goodbye}\n")
    shop.put("texts", "de", "texts: de\nentries: {bye: Tschau}\n")
    shop.put("texts", "ar", "texts: ar\nentries: {bye: Wadaan}\n")
    shop.put("template", "spring", MAIL)
    return shop


def test_a_block_is_shown_in_the_language_of_its_reader(
    spoken_shop: Tailorbird, send: Send
) -> None:
    mails = send()
    assert "Hallo now" in mails["ada"]  # de-AT: there is no Austrian block, but a German one
    assert "Hello now" in mails["ben"]
    spoken_shop.put("block", "hello.de-AT", said("Servus {{ word }}"))
    later = spoken_shop.clock() + 1_000_000
    spoken_shop.clock = lambda: later
    assert "Servus now" in send(occurrence="2")["ada"]


def test_texts_and_amounts_follow_the_same_chain(spoken_shop: Tailorbird, send: Send) -> None:
    mails = send()
    assert "Tschau € 1.299,00" in mails["ada"].replace("\xa0", " ")
    assert "Goodbye €1,299.00" in mails["ben"]
    assert "Wadaan" in mails["fay"]
    assert "Hello now" in mails["fay"]  # no Arabic block: the shop's own


def test_who_reads_from_the_right_gets_a_mirrored_mail(spoken_shop: Tailorbird, send: Send) -> None:
    send()
    pages = {}
    for who in ("fay", "ben"):
        person = spoken_shop.person(who)
        (decision,) = spoken_shop.world.ledger.decisions(person=person)
        mail = spoken_shop.readings.mail(decision.id)
        assert mail is not None
        pages[who] = mail.html
    assert 'dir="rtl"' in pages["fay"][:300]
    assert 'lang="ar"' in pages["fay"][:300]
    assert "text-align:right" in pages["fay"]
    assert "direction:ltr" not in pages["fay"]
    assert 'dir="rtl"' not in pages["ben"]
    assert "text-align:left" in pages["ben"]


def test_a_preview_says_its_locale_and_direction(spoken_shop: Tailorbird) -> None:
    now = spoken_shop.clock()
    shown = spoken_shop.readings.preview("spring", spoken_shop.person("fay"), "", now)
    assert shown is not None
    assert (shown.locale, shown.direction) == ("ar", "rtl")


def test_without_a_translation_a_mail_stays_in_the_shop_s_own_language(
    shop: Tailorbird,
) -> None:
    shown = shop.readings.preview("spring", shop.person("fay"), "", shop.clock())
    assert shown is not None
    assert (shown.locale, shown.direction) == ("en", "ltr")


def test_a_default_is_said_in_the_language_of_its_reader(
    spoken_shop: Tailorbird, send: Send
) -> None:
    campaign = spoken_shop.world.definitions.get("campaign", "spring")
    assert campaign is not None
    chains = "fallbacks:\n  person.last_name: {default: {de: Du, en: you}}\n"
    spoken_shop.put("campaign", "spring", campaign.text + chains)
    spoken_shop.put("template", "spring", MAIL.replace("{{ texts.bye }}", "{{ person.last_name }}"))
    mails = send()
    assert "Du €" in mails["ada"]
    assert "you €" in mails["ben"]


def test_a_chain_goes_from_the_particular_to_the_shop_s_own() -> None:
    assert chain("de-AT", "en") == ("de-AT", "de", "en")
    assert chain("zh-Hant-TW", "en-GB") == ("zh-Hant-TW", "zh-Hant", "zh", "en-GB", "en")
    assert chain("en", "en") == ("en",)
    assert normal("DE_at.UTF-8") == "de-AT"
    assert spoken("fr-CA", frozenset({"de"}), "en") == "en"
    assert [direction(each) for each in ("ar", "he-IL", "az-Arab", "de", "pa-Guru")] == [
        "rtl", "rtl", "rtl", "ltr", "ltr",
    ]  # fmt: skip


def test_mirroring_changes_tags_and_never_words() -> None:
    page = (
        '<html lang="en" dir="ltr"><style>.a{padding:1px 2px 3px 4px;float:left}</style>'
        '<p align="left" style="margin-left:4px;text-align:right">align="left" text-align:left</p>'
    )
    assert mirrored(page) == (
        '<html dir="rtl" lang="en"><style>.a{padding:1px 4px 3px 2px;float:right}</style>'
        '<p align="right" style="margin-right:4px;text-align:left">align="left" text-align:left</p>'
    )
    assert (
        mirrored(mirrored(page))
        .replace("rtl", "ltr")
        .replace('<html dir="ltr" lang="en">', '<html lang="en" dir="ltr">')
        == page
    )
