"""Contacts for real files: synthetic, marked, reserved."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from tailorbird.collect.decode import decode
from tailorbird.schema import Body, LogRecord
from tailorbird.simulator import START, contacts

Parse = Callable[[Iterable[bytes]], list[Any]]
KEYS = [str(12_346 + number) for number in range(3000)]


def test_contacts_have_the_promised_shares(parse: Parse) -> None:
    said = [record for record in parse(contacts(KEYS, 1, START)) if record["traits"]]
    assert [record["userId"] for record in said] == KEYS
    nameless = sum("first_name" not in record["traits"] for record in said)
    willing = sum(bool(r["context"]["consent"].get("email_marketing")) for r in said)
    assert nameless / 3000 == pytest.approx(0.12, abs=0.02)
    assert willing / 3000 == pytest.approx(0.95, abs=0.015)


def test_some_withdraw_afterwards(parse: Parse) -> None:
    found = parse(contacts(KEYS, 1, START))
    granted = {r["userId"] for r in found if r["context"]["consent"].get("email_marketing")}
    withdrawn = {r["userId"] for r in found if not r["traits"]}
    assert len(withdrawn) / 3000 == pytest.approx(0.03, abs=0.01)
    assert withdrawn <= granted


def test_contacts_are_marked_and_reserved(parse: Parse) -> None:
    for record in parse(contacts(KEYS[:200], 1, START)):
        assert record["context"]["simulated"] is True
        assert record["context"]["consent"]["evidence"] == "simulated"
        assert record["traits"].get("email", "@people.example").endswith("@people.example")


def test_contacts_do_not_depend_on_batches_or_neighbours(parse: Parse) -> None:
    whole = parse(contacts(KEYS[:100], 1, START))
    assert parse(contacts(KEYS[:100], 1, START, batch=7)) == whole
    alone = parse(contacts([KEYS[50]], 1, START))
    assert all(record in whole for record in alone)


def test_strange_user_ids_survive() -> None:
    strange = ['a"b', "A b", "é\\", "x" * 300, "<script>"]
    (body,) = contacts(strange, 1, START)
    said = [record["userId"] for record in json.loads(body)["batch"] if record["traits"]]
    assert said == strange


def test_collect_takes_contacts_with_their_consents() -> None:
    bodies = [Body("simulator", START, content) for content in contacts(KEYS[:100], 1, START)]
    decoded = decode([LogRecord(place, body) for place, body in enumerate(bodies, 1)])
    assert not decoded.refused
    assert sum(len(event.consents) for event in decoded.events) > 300
