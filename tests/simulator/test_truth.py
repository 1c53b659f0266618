"""The truth fits the events, and says that it is simulated."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from tailorbird.schema import DAY
from tailorbird.simulator import (
    Mail,
    Mailboxes,
    Shop,
    Window,
    outcome_file,
    reaction_file,
    truth_files,
)


def orders_of(good: list[Any]) -> list[tuple[int, str, list[str]]]:
    """Return (person, timestamp, products) of each order, in time."""
    found = [
        (
            int(record["anonymousId"][1:8]),
            record["timestamp"],
            [line["product_id"] for line in record["properties"]["products"]],
        )
        for record in good
        if record.get("event") == "Order Completed"
    ]
    return sorted(found, key=lambda order: order[1])


@pytest.fixture(scope="module")
def truth(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    files = truth_files(shop, tmp_path_factory.mktemp("truth"))
    return {file.stem: pq.read_table(file).to_pylist() for file in files}


def test_who_is_gone_never_buys_again(
    good: list[Any], truth: dict[str, list[dict[str, Any]]], shop: Shop
) -> None:
    gone = {
        row["user_id"]: np.datetime64(row["churned_at"], "us")
        for row in truth["people"]
        if row["churned_at"] is not None
    }
    assert 0.2 < len(gone) / shop.people < 0.4
    for person, at, _ in orders_of(good):
        left = gone.get(f"u{person:07d}")
        assert left is None or np.datetime64(at[:-1]) < left


def test_orders_are_counted_as_they_came(
    good: list[Any], truth: dict[str, list[dict[str, Any]]]
) -> None:
    came = Counter(person for person, _, _ in orders_of(good))
    for row in truth["people"]:
        if row["duplicate_of"] is None:
            assert row["orders"] == came[int(row["user_id"][1:])]


def test_the_gone_expect_nothing(truth: dict[str, list[dict[str, Any]]]) -> None:
    for row in truth["people"]:
        assert (row["expected_purchases_30_days"] == 0) == (row["churned_at"] is not None)


def test_second_accounts_have_the_address_of_the_first(
    good: list[Any], truth: dict[str, list[dict[str, Any]]]
) -> None:
    addresses = {
        record["userId"]: record["traits"]["email"]
        for record in good
        if record["type"] == "identify" and record["traits"]
    }
    second = [row for row in truth["people"] if row["duplicate_of"]]
    assert 0 < len(second) < 0.03 * len(truth["people"])
    for row in second:
        mine, first = addresses[row["user_id"]], addresses[row["duplicate_of"]]
        assert mine != first
        assert mine.lower() == first


def test_second_devices_say_whose_they_are(
    good: list[Any], truth: dict[str, list[dict[str, Any]]]
) -> None:
    said = {
        (record["userId"], record["anonymousId"])
        for record in good
        if record["type"] == "identify" and "anonymousId" in record
    }
    linked = {
        row["user_id"]
        for row in truth["people"]
        if row["second_identity"] == "device" and row["second_linked"]
    }
    assert linked
    assert linked == {user for user, device in said if device.endswith("b") and user[-1] != "b"}


def test_complements_follow_far_more_often_than_chance(
    good: list[Any], truth: dict[str, list[dict[str, Any]]]
) -> None:
    after = {row["product_id"]: row["complement"] for row in truth["pairs"]}
    last: dict[int, list[str]] = {}
    chances = hits = strangers = 0
    everything = sorted(after.values())
    for person, _, products in orders_of(good):
        lead = last.get(person, [""])[0]
        if lead in after:
            chances += 1
            hits += after[lead] in products
            strangers += everything[chances % len(everything)] in products
        last[person] = products
    assert chances > 200
    assert hits / chances > 0.3
    assert strangers / chances < 0.05


def test_staples_come_back(good: list[Any], truth: dict[str, list[dict[str, Any]]]) -> None:
    staple = {row["user_id"]: row["staple"] for row in truth["people"]}
    led = total = 0
    for person, _, products in orders_of(good):
        usual = staple[f"u{person:07d}"]
        if usual:
            total += 1
            led += usual == products[0]
    assert 0.45 < led / total < 0.65


def test_names_are_missing_where_the_truth_says_so(
    good: list[Any], truth: dict[str, list[dict[str, Any]]]
) -> None:
    missing = {row["user_id"]: row["missing_name"] for row in truth["people"]}
    for record in good:
        if record["type"] == "identify" and record["traits"]:
            assert missing[record["userId"]] == ("first_name" not in record["traits"])


def test_every_file_says_that_it_is_simulated(shop: Shop, tmp_path: Path) -> None:
    keys = ["u0000001", "u0000002"]
    window = Window(shop.end, shop.end + 14 * DAY)
    mails = [Mail(b"1", "u0000001", shop.end, "https://shop.example/o", (), "")]
    files = [
        *truth_files(shop, tmp_path),
        outcome_file(keys, shop.outcomes(keys, {}, window), {}, tmp_path, shop.seed),
        reaction_file(Mailboxes(shop.seed).reactions(mails), tmp_path, shop.seed),
    ]
    for file in files:
        metadata = pq.read_schema(file).metadata
        assert metadata[b"simulated"] == b"true"
        assert metadata[b"seed"] == b"11"
        assert metadata[b"version"]


def test_reactions_keep_who_was_behind_them(tmp_path: Path) -> None:
    mails = [
        Mail(number.to_bytes(4, "big"), f"u{number:07d}", 0, "o", ("c",), "u")
        for number in range(500)
    ]
    reactions = list(Mailboxes(1).reactions(mails))
    table = pq.read_table(reaction_file(reactions, tmp_path, 1))
    assert table["machine"].to_pylist() == [reaction.machine_truth for reaction in reactions]
    assert table["send_id"].to_pylist() == [reaction.send_id for reaction in reactions]


def test_no_reaction_at_all_is_a_file_too(tmp_path: Path) -> None:
    assert pq.read_table(reaction_file([], tmp_path, 1)).num_rows == 0
