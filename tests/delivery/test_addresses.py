"""Only addresses that a mail server takes are written to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorbird.delivery.addresses import wire_address


@pytest.mark.parametrize(
    ("address", "wired"),
    [
        ("Ann.O'Neil+news@Shop.Example", "Ann.O'Neil+news@shop.example"),
        (" ann@shop.example ", "ann@shop.example"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
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
        "müller@shop.example",
        "ann@[127.0.0.1]",
        "ann@127.0.0.1",
        "ann@a@shop.example",
        "ann@straße.example",
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


@given(st.text(max_size=80))
def test_the_form_on_the_wire_can_never_break_a_command(text: str) -> None:
    wired = wire_address(text)
    if wired is not None:
        assert wired.isascii()
        assert not set(wired) & set(' <>\r\n\0",;:\\()[]')
        assert wire_address(wired) == wired


@pytest.mark.shared
def test_published_cases_of_address_syntax_are_judged_as_published(shared_data: Path) -> None:
    lines = (
        (shared_data / "email" / "address_syntax.jsonl").read_text(encoding="utf-8").splitlines()
    )
    cases = [json.loads(line) for line in lines]
    for case in cases:
        address, parsed = case["address"], case.get("parsed")
        if case["expect"] == "valid" and parsed and parsed.get("ascii_email"):
            if '"' not in address:
                assert wire_address(address) == parsed["ascii_email"], case
        elif case["expect"] == "invalid" and address == address.strip():
            # A bare host and names that only a registry could know are fine in an envelope.
            bare = "." not in address.partition("@")[2]
            registry = "yy" in address or "\N{DIGIT ONE FULL STOP}" in address
            assert bare or registry or wire_address(address) is None, case
