"""A mail comes from its campaign's brand: address, answers, links, signatures, parameters."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import msgspec
import pytest

from tailorbird import letters
from tailorbird.app import Tailorbird
from tailorbird.delivery.dkim_keys import DkimKeys
from tailorbird.errors import DefinitionError, SettingsError
from tailorbird.schema import DAY
from tailorbird.settings import Brand, Delivery, Feedback, Sender, Server, Settings, brand, load
from tailorbird.tracking.tokens import Sealer

OUTLET = Brand(
    name="The Outlet",
    address="hi@outlet.example",
    domain="back.outlet.example",
    base_url="https://go.outlet.example/",
    reply_to="care@outlet.example",
)
SETTINGS = Settings(
    sender=Sender(name="The Shop", address="hello@shop.example", domain="shop.example"),
    server=Server(base_url="https://go.shop.example"),
    brands={"outlet": OUTLET},
)
MORE = "brand: outlet\nfrom_name: Ann\nutm: {source: news, medium: email}\n"


def put(shop: Tailorbird, more: str = "", settings: Settings = SETTINGS) -> Tailorbird:
    """Put the settings in force, and the campaign with more lines."""
    shop.world = replace(shop.world, settings=settings)
    found = shop.world.definitions.get("campaign", "spring")
    assert found is not None
    shop.put("campaign", "spring", found.text + more)
    return shop


def mails(shop: Tailorbird) -> dict[str, EmailMessage]:
    """Send the campaign; return the mails by user id."""
    shop.decide("spring", "1")
    shop.deliver()
    found = {}
    for decision in shop.world.ledger.decisions(campaign="spring"):
        kept = shop.world.inbox.read(decision.id)
        if kept is not None:
            parsed = email.message_from_bytes(kept, policy=email.policy.default)
            assert isinstance(parsed, EmailMessage)
            found[str(parsed["to"]).rpartition("<")[2].partition("@")[0]] = parsed
    return found


def html(mail: EmailMessage) -> str:
    part = mail.get_body(("html",))
    assert part is not None
    return str(part.get_content())


def opened(shop: Tailorbird, page: str) -> Iterator[str]:
    """Yield where the tracked links of a page lead."""
    for token in re.findall(r"/c/([\w-]+)", page):
        sealed = Sealer(shop.world.token_key).open(token, "click")
        assert sealed is not None
        yield sealed.url


def test_a_campaign_without_a_brand_comes_from_the_chief_sender(shop: Tailorbird) -> None:
    mail = mails(put(shop))["ada"]
    assert mail["from"] == "The Shop <hello@shop.example>"
    assert mail["reply-to"] is None
    assert mail["message-id"].endswith("@shop.example>")
    assert mail["precedence"] == "bulk"
    assert "https://go.shop.example/u/" in mail["list-unsubscribe"]
    assert "mailto:" not in mail["list-unsubscribe"]
    assert list(opened(shop, html(mail))) == ["https://shop.example"]


def test_a_brand_is_seen_in_all_of_a_mail(shop: Tailorbird) -> None:
    mail = mails(put(shop, MORE))["ada"]
    assert mail["from"] == "Ann <hi@outlet.example>"
    assert mail["reply-to"] == "care@outlet.example"
    assert mail["message-id"].endswith("@back.outlet.example>")
    page = html(mail)
    hosts = {url.split("/")[2] for url in re.findall(r'https://[^"<> ]+', page)}
    assert "go.outlet.example" in hosts
    assert "go.shop.example" not in page
    assert list(opened(shop, page)) == [
        "https://shop.example?utm_source=news&utm_medium=email&utm_campaign=spring&utm_content=only"
    ]


def test_links_of_who_is_not_tracked_carry_the_parameters_too(shop: Tailorbird) -> None:
    ada = shop.person("ada")
    put(shop, "utm: {}\n")
    shop.decide("spring", "1")
    (decision,) = shop.world.ledger.decisions(person=ada)
    made = letters.Composer(shop.world, shop.clock()).again(decision, tracked=False)
    assert made is not None
    assert "https://shop.example?utm_source=newsletter&amp;utm_medium=email" in made.html
    assert "/c/" not in made.html


def test_a_campaign_may_say_its_own_parameters_and_where_answers_go(shop: Tailorbird) -> None:
    more = "reply_to: desk@shop.example\nutm: {source: s, medium: '', campaign: c, content: ''}\n"
    mail = mails(put(shop, more))["ada"]
    assert mail["reply-to"] == "desk@shop.example"
    assert list(opened(shop, html(mail))) == ["https://shop.example?utm_source=s&utm_campaign=c"]


def test_leaving_by_mail_is_offered_once_somebody_reads_it(shop: Tailorbird) -> None:
    settings = msgspec.structs.replace(SETTINGS, feedback=Feedback(smtp_port=2525))
    mail = mails(put(shop, settings=settings))["ada"]
    said = str(mail["list-unsubscribe"])
    assert re.search(r"<mailto:u-[a-z2-7]{39}@shop\.example\?subject=unsubscribe>", said)


def test_a_brand_that_is_not_there_stops_the_campaign_before_it_begins(shop: Tailorbird) -> None:
    put(shop, "brand: nobody\n")
    with pytest.raises(SettingsError, match=r"no brand 'nobody'.*outlet"):
        shop.decide("spring", "1")


def test_answers_to_what_is_no_address_stop_it_as_well(shop: Tailorbird) -> None:
    put(shop, "reply_to: 'ann@shop.example, eve@evil.example'\n")
    with pytest.raises(DefinitionError, match="is no address"):
        shop.decide("spring", "1")


def test_mail_decided_under_a_brand_leaves_after_the_brand_is_gone(shop: Tailorbird) -> None:
    put(shop, MORE)
    shop.decide("spring", "1")
    shop.world = replace(shop.world, settings=msgspec.structs.replace(SETTINGS, brands={}))
    shop.deliver()
    (decision,) = shop.world.ledger.decisions(person=shop.person("ada"))
    kept = shop.world.inbox.read(decision.id)
    assert kept is not None
    assert b'From: "Ann" <hi@outlet.example>' in kept


def test_each_address_is_signed_by_the_keys_of_its_domain(shop: Tailorbird) -> None:
    keys, now = DkimKeys(shop.world.folder), shop.clock()
    keys.make("shop.example", now=now, active_from=now)
    keys.make("outlet.example", now=now, active_from=now)
    mail = mails(put(shop, MORE))["ada"]
    signatures = mail.get_all("dkim-signature")
    assert signatures is not None
    assert [re.findall(r"a=([\w-]+);.*?d=([\w.]+);", each)[0] for each in signatures] == [
        ("rsa-sha256", "outlet.example"), ("ed25519-sha256", "outlet.example")
    ]  # fmt: skip


def test_a_pair_of_a_domain_above_signs_for_those_below(shop: Tailorbird) -> None:
    keys, now = DkimKeys(shop.world.folder), shop.clock()
    keys.make("shop.example", now=now, active_from=now + DAY)
    found = [
        letters.signers(SETTINGS, shop.world.folder, "a@mail.shop.example", at)
        for at in (now, now + DAY)
    ]
    assert [[signer.domain for signer in each] for each in found] == [[], ["shop.example"] * 2]


def test_the_dns_is_told_of_every_sending_domain(shop: Tailorbird) -> None:
    keys, now = DkimKeys(shop.world.folder), shop.clock()
    keys.make("shop.example", now=now, active_from=now)
    keys.make("shop.example", now=now, active_from=now + DAY)
    chief, outlet = letters.sending(SETTINGS, shop.world.folder, now)
    assert (chief.domain, chief.return_domain, chief.link_host) == (
        "shop.example", "shop.example", "go.shop.example"
    )  # fmt: skip
    assert len(chief.keys) == 4
    assert (outlet.domain, outlet.return_domain, outlet.link_host) == (
        "outlet.example", "back.outlet.example", "go.outlet.example"
    )  # fmt: skip
    assert outlet.keys == ()


def test_the_dns_is_told_of_the_carrier_by_its_kind() -> None:
    carriers: dict[str, dict[str, str | int | float | bool]] = {
        "office": {"kind": "smtp", "host": "relay.example"}
    }
    settings = msgspec.structs.replace(
        SETTINGS, delivery=Delivery(carrier="office"), carriers=carriers
    )
    (chief, _) = letters.sending(settings, Path("nowhere"), 0)
    assert (chief.carrier, chief.smtp_host) == ("smtp", "relay.example")


def test_what_a_brand_leaves_out_is_the_chief_senders() -> None:
    settings = msgspec.structs.replace(SETTINGS, brands={"plain": Brand(name="Plain")})
    plain = brand(settings, "plain")
    assert (plain.name, plain.address, plain.domain, plain.base_url) == (
        "Plain", "hello@shop.example", "shop.example", "https://go.shop.example"
    )  # fmt: skip
    settings = msgspec.structs.replace(SETTINGS, brands={"own": Brand(address="a@own.example")})
    assert brand(settings, "own").domain == "own.example"


def test_brands_are_set_by_file_and_by_environment(tmp_path: Path) -> None:
    (tmp_path / "tailorbird.toml").write_text('[brands.outlet]\naddress = "a@outlet.example"\n')
    loaded, listing = load(tmp_path, {"TAILORBIRD_BRANDS__OUTLET__NAME": "Outlet"})
    assert loaded.brands == {"outlet": Brand(name="Outlet", address="a@outlet.example")}
    shown = {each.name: each.value for each in listing}
    assert shown["brands.outlet.address"] == "a@outlet.example"
    with pytest.raises(SettingsError, match=r"brands\.outlet\.adress"):
        load(tmp_path, {"TAILORBIRD_BRANDS__OUTLET__ADRESS": "x"})
