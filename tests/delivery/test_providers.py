"""Whose mailbox it is, by the address or by the mail server."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tailorbird.delivery.providers import DOMAINS, OTHER, SERVERS, Providers


@pytest.mark.parametrize(
    ("address", "provider"),
    [
        ("ann@gmail.com", "gmail"),
        ("Ann@GoogleMail.Com", "gmail"),
        ("a@hotmail.co.uk", "outlook"),
        ("a@yahoo.com.br", "yahoo"),
        ("a@yahoo.co.jp", "yahoo-japan"),
        ("a@me.com", "icloud"),
        ("a@web.de.", "gmx"),
        ("a@mail.gmail.com", OTHER),
        ("a@notgmail.com", OTHER),
        ("nobody", OTHER),
        ("", OTHER),
    ],
)
def test_a_provider_is_known_by_the_domain(address: str, provider: str) -> None:
    assert Providers().of(address) == provider


def test_no_domain_belongs_to_two_providers() -> None:
    for table in (DOMAINS, SERVERS):
        listed = [domain for text in table.values() for domain in text.split()]
        assert len(listed) == len(set(listed))


def test_what_settings_say_goes_first() -> None:
    assert Providers({"Customer.example": "outlook"}).of("a@customer.example") == "outlook"


def test_an_unknown_domain_is_grouped_by_its_mail_server_and_asked_once() -> None:
    asked = []

    def lookup(domain: str) -> Sequence[str]:
        asked.append(domain)
        return {
            "shop.example": ["ASPMX.L.Google.com."],
            "firm.example": ["firm-example.mail.protection.outlook.com"],
            "evil.example": ["google.com.evil.example"],
        }.get(domain, [])

    providers = Providers(lookup=lookup)
    domains = ("shop", "firm", "evil", "none", "shop")
    found = [providers.of(f"a@{domain}.example") for domain in domains]
    assert found == ["gmail", "outlook", OTHER, OTHER, "gmail"]
    assert len(asked) == 4
    assert providers.of("a@gmail.com") == "gmail"
    assert len(asked) == 4
