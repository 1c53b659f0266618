"""Addresses that live for minutes are marked, by the user's own list."""

from __future__ import annotations

import doctest
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorbird.collect import disposable
from tailorbird.collect.decode import Decoded, decode
from tailorbird.collect.disposable import disposable_domains, is_disposable
from tailorbird.errors import SettingsError
from tailorbird.schema import Body, Instant, LogRecord, Scalar

LIST = frozenset({"brief.example"})


def identified(email: str, now: Instant, domains: frozenset[str] = LIST) -> dict[str, Scalar]:
    """Return the traits of somebody who gives this address."""
    raw = b'{"type":"identify","userId":"u1","traits":{"email":"%s"}}' % email.encode()
    (event,) = decode([LogRecord(1, Body("web", now, raw))], disposable=domains).events
    return event.traits


def test_the_examples_of_the_docstrings_run() -> None:
    assert doctest.testmod(disposable) == (0, 2)


def test_an_address_of_a_listed_domain_is_marked(now: Instant) -> None:
    assert identified("Ann@BRIEF.example", now) == {"email_disposable": True}
    assert identified("ann@mx.brief.example", now) == {"email_disposable": True}


def test_another_address_takes_the_mark_back(now: Instant) -> None:
    assert identified("ann@shop.example", now) == {"email_disposable": False}


def test_nothing_is_said_without_a_list_or_without_an_address(
    decoding: Callable[..., Decoded], now: Instant
) -> None:
    assert identified("ann@brief.example", now, frozenset()) == {}
    assert identified("no address", now) == {"email_invalid": True}


def test_a_list_may_hold_comments_capitals_and_other_alphabets(tmp_path: Path) -> None:
    path = tmp_path / "domains.txt"
    path.write_text("\ufeff# ours\n\nBrief.Example  # seen in May\r\nbücher.example\n", "utf-8")
    assert disposable_domains(path) == {"brief.example", "xn--bcher-kva.example"}


def test_a_changed_list_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "domains.txt"
    path.write_text("one.example\n")
    os.utime(path, ns=(1, 1))
    assert disposable_domains(path) == {"one.example"}
    path.write_text("two.example\n")
    os.utime(path, ns=(2, 2))
    assert disposable_domains(path) == {"two.example"}


@pytest.mark.parametrize("content", [None, b"a.example\n\nno domain\n", b"\xff\xfe"])
def test_a_list_that_cannot_be_read_is_an_error_of_the_settings(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "domains.txt"
    if content:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"collect\.disposable_domains_file = .*domains\.txt"):
        disposable_domains(path)


@pytest.mark.shared
def test_every_domain_of_the_public_list_is_known_and_marked(shared_data: Path) -> None:
    path = shared_data / "email/disposable_domains.txt"
    listed = path.read_text(encoding="utf-8").split()
    domains = disposable_domains(path)
    assert len(listed) == len(domains) == 8335
    assert all(is_disposable(f"ann@{domain}", domains) for domain in listed)
    assert not any(is_disposable(f"ann@{d}", domains) for d in ("gmail.com", "shop.example"))


@given(st.text(max_size=60))
def test_any_text_has_a_verdict(text: str) -> None:
    assert is_disposable(text, LIST) in (True, False)
