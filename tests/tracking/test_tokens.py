"""Tokens say what was sealed, to whom holds the key, for the one use they were made for."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorbird.errors import UsageError
from tailorbird.tracking.tokens import LABELS, Sealed, Sealer, TokenUse

SEALER = Sealer(b"k" * 32)
SEND_ID = bytes(range(16))
URL = "https://shop.example/p/1?colour=blue&größe=4"

send_ids = st.binary(min_size=16, max_size=16)


@pytest.mark.parametrize("use", ["open", "unsubscribe", "view"])
def test_a_token_gives_back_the_send(use: TokenUse) -> None:
    token = SEALER.seal(use, SEND_ID)
    assert SEALER.open(token, use) == Sealed(SEND_ID)
    assert len(token) == 43


@given(
    send_ids, st.integers(0, 65_535), st.from_regex(r"https?://[a-zé./?=&-]{1,300}", fullmatch=True)
)
def test_a_click_gives_back_the_link_and_its_address(send_id: bytes, link: int, url: str) -> None:
    token = SEALER.seal("click", send_id, link=link, url=url)
    assert SEALER.open(token, "click") == Sealed(send_id, link, url)
    assert re.fullmatch(r"[\w-]+", token, re.ASCII)


def test_the_same_send_has_the_same_token_and_another_has_another() -> None:
    assert SEALER.seal("open", SEND_ID) == SEALER.seal("open", SEND_ID)
    assert SEALER.seal("open", SEND_ID) != SEALER.seal("open", SEND_ID[::-1])


def test_a_token_serves_no_other_use() -> None:
    for made in LABELS:
        token = SEALER.seal(made, SEND_ID, link=1, url=URL)
        assert [use for use in LABELS if SEALER.open(token, use)] == [made]


def test_another_key_opens_nothing() -> None:
    assert Sealer(b"x" * 32).open(SEALER.seal("open", SEND_ID), "open") is None


def test_no_single_changed_character_is_accepted() -> None:
    token = SEALER.seal("click", SEND_ID, link=1, url=URL)
    alphabet = string.ascii_letters + string.digits + "-_"
    for at, letter in enumerate(token):
        for other in alphabet:
            if other != letter:
                assert SEALER.open(token[:at] + other + token[at + 1 :], "click") is None


@given(st.text(max_size=200))
def test_text_that_was_never_sealed_opens_nothing(text: str) -> None:
    assert all(SEALER.open(text, use) is None for use in LABELS)


@pytest.mark.parametrize("change", ["{}=", "{}!!!!", " {}", "{}\n", "é{}", "{}" + "A" * 5000])
def test_a_token_has_one_spelling(change: str) -> None:
    token = SEALER.seal("open", SEND_ID)
    assert SEALER.open(change.format(token), "open") is None


def test_a_token_hides_the_send_and_the_address() -> None:
    token = SEALER.seal("click", b"\0" * 16, url="https://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/")
    assert not re.search(r"(.)\1{4}", token)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "https://a b",
        "https://a\r\nX: y",
    ],
)
def test_only_web_addresses_are_sealed(url: str) -> None:
    with pytest.raises(UsageError, match="not a web address"):
        SEALER.seal("click", SEND_ID, url=url)


def test_wrong_sizes_are_refused() -> None:
    with pytest.raises(UsageError, match="32 bytes"):
        Sealer(b"short")
    with pytest.raises(UsageError, match="16 bytes"):
        SEALER.seal("open", b"short")
