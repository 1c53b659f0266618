"""Only addresses that a mail server takes are written to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorbird.delivery.addresses import commandable, needs_smtputf8, wire_address


@pytest.mark.parametrize(
    ("address", "wired"),
    [
        ("Ann.O'Neil+news@Shop.Example", "Ann.O'Neil+news@shop.example"),
        (" ann@shop.example ", "ann@shop.example"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        ("ann@straße.example", "ann@xn--strae-oqa.example"),
        ("ann@BÜCHER。example", "ann@xn--bcher-kva.example"),
        ("ann@xn--bcher-kva.example", "ann@xn--bcher-kva.example"),
        ("müller@shop.example", "müller@shop.example"),
        ("mu\u0308ller@shop.example", "müller@shop.example"),
        ("伊昭傑@郵件.商務", "伊昭傑@xn--5nqv22n.xn--lhr59c"),
        ('"ann smith"@shop.example', '"ann smith"@shop.example'),
        ('"ann"@shop.example', "ann@shop.example"),
        ('"a\\n\\n"@shop.example', "ann@shop.example"),
        ('"a@b"@shop.example', '"a@b"@shop.example'),
        ('"a\\"b"@shop.example', '"a\\"b"@shop.example'),
        ('"é f"@shop.example', '"é f"@shop.example'),
        ("ann@localhost", "ann@localhost"),
        ("a" * 64 + "@b.example", "a" * 64 + "@b.example"),
    ],
)
def test_an_address_gets_its_form_on_the_wire(address: str, wired: str) -> None:
    assert wire_address(address) == wired


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ann",
        "@shop.example",
        "ann@",
        "ann@shop..example",
        "ann@-shop.example",
        "a..b@shop.example",
        "ann@[127.0.0.1]",
        "ann@127.0.0.1",
        "ann@a@shop.example",
        "ann@xn--a.example",
        "ann@a\u2044b.example",
        "ann\u202e@shop.example",
        "ann\u200b@shop.example",
        "ann\u2028@shop.example",
        "ann\ud800@shop.example",
        '""@shop.example',
        '"\u1dc5ann"@shop.example',
        '"ann"smith@shop.example',
        '"ann\r\nRCPT TO:<eve@evil.example>"@shop.example',
        '"ann\\\n"@shop.example',
        '"ann@shop.example',
        "ann(comment)@shop.example",
        "friends: ann@shop.example;",
        "é" * 33 + "@b.example",
        "ann@shop.example>\r\nRCPT TO:<eve@evil.example",
        "ann\r\nDATA@shop.example",
        "ann\0@shop.example",
        "<ann@shop.example>",
        "ann smith@shop.example",
        "a" * 65 + "@b.example",
        "a@" + "b." * 126 + "example",
    ],
)
def test_what_no_server_takes_has_no_form(address: str) -> None:
    assert wire_address(address) is None


pieces = st.sampled_from(
    ['"', "\\", "@", ".", "<", ">", "\r\n", " ", "ü", "a", "b.example", "xn--"]
)
hostile = st.lists(st.one_of(st.text(max_size=9), pieces), max_size=12).map("".join)


@given(st.one_of(st.text(max_size=80), hostile))
def test_the_form_on_the_wire_can_never_break_a_command(text: str) -> None:
    wired = wire_address(text)
    if wired is not None:
        assert commandable(wired)
        assert wired.isprintable()
        local, _, domain = wired.rpartition("@")
        assert not set(domain) & set(' <>"\\')
        assert local.startswith('"') or not set(local) & set(' <>\r\n\0",;:\\()[]')
        assert wire_address(wired) == wired


@pytest.mark.parametrize(
    "address",
    ["", "a b@c.example", 'a"@c.example', '"a"b"@c.example', "a@c.example>", "a\u202e@c", "a@b@c"],
)
def test_what_could_end_a_command_early_is_no_address_on_the_wire(address: str) -> None:
    assert not commandable(address)


def test_other_alphabets_before_the_at_sign_need_a_server_that_takes_them() -> None:
    assert needs_smtputf8("müller@shop.example")
    assert not needs_smtputf8('"ann smith"@xn--bcher-kva.example')


@pytest.mark.shared
def test_published_cases_of_address_syntax_are_judged_as_published(shared_data: Path) -> None:
    lines = (
        (shared_data / "email" / "address_syntax.jsonl").read_text(encoding="utf-8").splitlines()
    )
    cases = [json.loads(line) for line in lines]
    for case in cases:
        address, parsed = case["address"], case.get("parsed")
        if case["expect"] == "valid" and parsed and parsed.get("ascii_email"):
            assert wire_address(parsed.get("original", address)) == parsed["ascii_email"], case
        elif case["expect"] == "valid" and parsed:
            wanted = f"{parsed['local_part']}@{parsed['ascii_domain']}"
            assert wire_address(address) == wanted, case
        elif case["expect"] == "invalid" and address == address.strip():
            # A bare host and names that only a registry could know are fine in an envelope.
            bare = "." not in address.partition("@")[2]
            registry = "yy" in address or "\N{DIGIT ONE FULL STOP}" in address
            assert bare or registry or wire_address(address) is None, case
