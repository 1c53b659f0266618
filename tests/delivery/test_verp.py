"""What comes back names its send, and nobody can make up an address that does."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorbird.delivery.addresses import wire_address
from tailorbird.delivery.verp import (
    return_path,
    returned_send,
    unsubscribe_address,
    unsubscribed_send,
)

KEY = b"b" * 32
ALPHABET = string.ascii_lowercase + "234567"


@given(st.binary(min_size=16, max_size=16))
def test_a_bounce_names_its_send(send_id: bytes) -> None:
    path = return_path(send_id, "mail.shop.example", KEY)
    assert wire_address(path) == path
    assert returned_send(path, KEY) == send_id
    assert returned_send(path.upper(), KEY) == send_id
    assert returned_send(f"<{path}>", KEY) == send_id


@given(st.binary(min_size=16, max_size=16))
def test_a_wish_by_mail_names_its_send(send_id: bytes) -> None:
    path = unsubscribe_address(send_id, "mail.shop.example", KEY)
    assert wire_address(path) == path
    assert unsubscribed_send(path, KEY) == send_id


def test_an_address_serves_no_other_errand() -> None:
    bounce, wish = return_path(bytes(16), "x.y", KEY), unsubscribe_address(bytes(16), "x.y", KEY)
    for path in (bounce, wish):
        other = ("u-" if path.startswith("b-") else "b-") + path[2:]
        found = [returned_send(each, KEY) or unsubscribed_send(each, KEY) for each in (path, other)]
        assert found == [bytes(16), None]


def test_a_forged_return_path_names_nothing() -> None:
    path = return_path(bytes(16), "shop.example", KEY)
    assert returned_send(path, b"another key") is None
    for at in range(2, path.index("@")):
        for other in ALPHABET.replace(path[at], ""):
            assert returned_send(path[:at] + other + path[at + 1 :], KEY) is None


@pytest.mark.parametrize(
    "address",
    ["", "@", "b-@shop.example", "b-é@x", "ann@shop.example", "b-0189@x", "b-aaaa@x", "b-" * 999],
)
def test_other_addresses_name_nothing(address: str) -> None:
    assert returned_send(address, KEY) is None
    assert unsubscribed_send(address, KEY) is None
