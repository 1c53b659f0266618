"""Which addresses are taken and how they are written: the public suites, and any text at all."""

from __future__ import annotations

import string
from pathlib import Path

import msgspec
import pytest
from email_validator import validate_email
from hypothesis import example, given
from hypothesis import strategies as st

from tailorbird.collect import clean


class Parsed(msgspec.Struct):
    """What an address comes to."""

    local_part: str
    ascii_domain: str


class Case(msgspec.Struct):
    """One address of the suites."""

    address: str
    expect: str
    note: str | None = None
    parsed: Parsed | None = None


TAKEN = frozenset({"valid", "valid_syntax", "valid_only_if_quoted_local_allowed"})
REFUSED = frozenset(
    {
        "invalid",
        "invalid_reserved_domain",
        "invalid_strict_length_only",
        # Legal in a header or in the past, but no mail server takes it (isemail's own ranking).
        "legal_but_rfc5322",
        "legal_but_deprec",
        "legal_but_cfws",
    }
)
UNUSUAL = {
    # Legal on the wire with something unusual (RFC 5321); decided by what is unusual.
    "ISEMAIL_RFC5321_QUOTEDSTRING": True,
    "ISEMAIL_RFC5321_ADDRESSLITERAL": False,  # a machine's number, no public mailbox
    "ISEMAIL_RFC5321_TLD": False,  # ICANN forbids mail at a top-level domain (SAC 053)
    "ISEMAIL_RFC5321_TLDNUMERIC": False,  # no such top-level domain can exist (RFC 3696)
}
WHITE_SPACE_IS_TRIMMED = (
    "files and forms leave it around a good address; trimmed, both suites agree"
)
ARGUED = {
    **dict.fromkeys(
        (
            "\r\n test@iana.org", "\r\n \r\n test@iana.org", "test@iana.org\r\n \r\n ",
            " test@iana.org", "test@iana.org ", "\ntest@iana.org", "\r\ntest@iana.org",
            "\r\n \r\ntest@iana.org", " \r\ntest@iana.org", " \r\n \r\ntest@iana.org",
            " \r\n\r\ntest@iana.org", "test@iana.org\r\n", "test@iana.org\r\n \r\n",
            "test@iana.org \r\n\r\n", "test@iana.org \r\n\r\n ", "my@example.com\n",
            "\nmy@example.com",
        ),
        WHITE_SPACE_IS_TRIMMED,
    ),
    '"My.\\"Na\\\\me\\".Is" <"me \\" \\\\ me"@example.org>': (
        "it carries a display name, which the same suite refuses in 'Display Name <me@example.com>'"
    ),
    '"test\\©"@iana.org': "isemail is older than RFC 6531, which allows other alphabets",
    '""@iana.org': "nothing is left of the part before the @ (the other suite refuses it)",
}  # fmt: skip
"""Addresses whose verdict differs from the suites', and why."""


@pytest.fixture
def cases(shared_data: Path) -> list[Case]:
    lines = (shared_data / "email/address_syntax.jsonl").read_text(encoding="utf-8").splitlines()
    return [msgspec.json.decode(line, type=Case) for line in lines]


def wanted(case: Case) -> bool:
    if case.expect == "legal_but_rfc5321":
        return UNUSUAL[case.note or ""]
    assert case.expect in TAKEN | REFUSED
    return case.expect in TAKEN


@pytest.mark.shared
def test_every_verdict_of_the_public_suites_is_ours_or_argued(cases: list[Case]) -> None:
    differing = [c.address for c in cases if (clean.email(c.address) is not None) != wanted(c)]
    assert len(cases) == 200
    assert sorted(differing) == sorted(ARGUED)


@pytest.mark.shared
def test_every_normal_form_of_the_public_suites_is_ours(cases: list[Case]) -> None:
    known = [case for case in cases if case.parsed and case.address not in ARGUED]
    forms = {c.address: f"{c.parsed.local_part}@{c.parsed.ascii_domain}" for c in known if c.parsed}
    assert len(forms) > 15
    assert {address: clean.email(address) for address in forms} == forms


PLAIN = string.ascii_letters + string.digits
labels = st.text(PLAIN + "-", min_size=1, max_size=64)
hosts = st.lists(labels, min_size=1, max_size=4).map(".".join)
locals_ = st.lists(st.text(PLAIN + "+_'-", max_size=66), min_size=1, max_size=3).map(".".join)


def by_the_library(text: str) -> str | None:
    try:
        found = validate_email(
            text, allow_quoted_local=True, strict=True, check_deliverability=False
        )
    except ValueError:
        return None
    return found.ascii_email


@given(local=locals_, host=hosts)
@example("ann", "mail.shop.test")
@example("ann", "ab--cd.example")
@example("ann", "xn--bcher-kva.example")
@example("ann", "xn--a.example")
@example("ann", "example.1a")
@example("ann", "example.a1")
def test_the_short_way_of_plain_addresses_ends_where_the_library_ends(
    local: str, host: str
) -> None:
    ours, theirs = clean.email(f"{local}@{host}"), by_the_library(f"{local}@{host}")
    # The library writes info@, sales@ ... in lower case; we keep the case that came.
    assert (ours and ours.lower()) == (theirs and theirs.lower())
    assert ours is None or ours.startswith(f"{local}@")


pieces = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ['"', "\\", "@", ".", "xn--", "ß", "٠" * 50, "[1.2.3.4]", "<", ">", " ", "\r\n"]
    ),
)


@given(st.lists(pieces, max_size=8).map("".join))
@example("ann@" + "\u0660" * 230 + ".example")
@example("\ud800@example.com")
@example("ann@\ud800.com")
@example("@" * 10_000)
def test_any_text_is_an_address_or_none(text: str) -> None:
    found = clean.email(text)
    assert found is None or clean.email(found) == found


def test_other_alphabets_are_taken_before_and_after_the_at() -> None:
    assert clean.email("юзер@екзампл.ком") == "юзер@xn--80ajglhfv.xn--j1aef"
    assert clean.email("ann@faß.example") != clean.email("ann@fass.example")
