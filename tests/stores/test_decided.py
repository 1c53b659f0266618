"""Decisions take few bytes, and come back as they were: each, byte for byte."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailorbird.ids import decision_id
from tailorbird.schema import Decision, Verdict
from tailorbird.stores.sqlite import given as packs
from tailorbird.stores.sqlite.connection import Database, migrations
from tailorbird.stores.sqlite.decided import Connection, install
from tailorbird.stores.sqlite.ledger import SqliteLedger

PRODUCT = {
    "category": "Pantry", "currency": "EUR", "image": "", "name": "Olive oil", "price_minor": 1195,
    "url": "https://shop.example/products/olive-oil",
}  # fmt: skip


def inputs(person: int) -> bytes:
    """Return what a mail to this person was made from: two products, some traits."""
    picks = [
        PRODUCT | {"item": f"P{(person * step) % 300}", "reason": "popular", "score": person / 7919}
        for step in (7, 11)
    ]
    told = {"edition": "ab" * 16, "recommendations": picks, "traits": {"orders": person % 9}}
    return msgspec.json.encode(told, order="sorted")


def decision(
    person: int, *, campaign: str = "spring", occurrence: str = "1", verdict: Verdict = "send",
    **changed: Any,
) -> Decision:  # fmt: skip
    made = Decision(
        decision_id(campaign, person, occurrence), campaign, 1, occurrence, person, 1_000, verdict,
        variant="a", probability=0.5, receipt=person,
        inputs=b"{}" if verdict == "refused" else inputs(person),
    )  # fmt: skip
    return msgspec.structs.replace(made, **changed)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "tailorbird.sqlite")
    yield opened
    opened.close()


def all_of(ledger: SqliteLedger) -> list[Decision]:
    return ledger.decisions(limit=100_000)


def test_what_was_decided_comes_back_byte_for_byte(database: Database) -> None:
    ledger = SqliteLedger(database)
    made = [
        decision(1),
        decision(2, verdict="refused", reason="no_consent"),
        decision(3, inputs=b'{"limit":"email 1/day","counted":["00ff"]}'),
        decision(4, id=b"an id that is not ours"),
        decision(5, occurrence="9"),
        decision(6, campaign="autumn", verdict="holdout", at=2_000),
        decision(7, inputs=b'{ "b": 1, "a": 2 }'),
        decision(8, inputs=b'{"":7}'),
    ]
    assert ledger.record(made) == len(made)
    assert ledger.record(made) == 0
    assert all_of(ledger) == made
    assert [ledger.decision(each.id) for each in made] == made
    assert ledger.decisions(campaign="autumn") == [made[5]]
    assert ledger.decisions(person=5) == [made[4]]


def test_the_same_decision_twice_in_one_batch_is_recorded_once(database: Database) -> None:
    ledger = SqliteLedger(database)
    first, second = decision(1), decision(1, variant="b")
    assert ledger.record([first, decision(2), second]) == 2
    assert ledger.decision(first.id) == first


def test_ids_that_begin_alike_are_told_apart(database: Database) -> None:
    ledger = SqliteLedger(database)
    alike = [decision(n, id=b"same" + bytes([n]) * 12) for n in range(3)]
    ledger.record(alike)
    assert [ledger.decision(each.id) for each in alike] == alike
    assert ledger.decision(b"same" + b"\x09" * 12) is None


def test_what_was_rolled_back_is_not_remembered(database: Database) -> None:
    ledger = SqliteLedger(database)

    def begun() -> None:
        with database.write():
            ledger.record([decision(1)])
            assert ledger.decisions(person=1)[0].inputs == inputs(1)
            raise InterruptedError

    with pytest.raises(InterruptedError):
        begun()
    with database.write():
        ledger.record([decision(2)])
        assert ledger.decisions(person=2)[0].inputs == inputs(2)


def test_a_decision_takes_less_than_a_hundred_bytes(tmp_path: Path) -> None:
    database = Database(tmp_path / "tailorbird.sqlite")
    ledger, people = SqliteLedger(database), 4_000
    for campaign in ("spring", "summer", "autumn"):
        for start in range(0, people, 1_000):
            verdicts: list[Verdict] = ["send", "send", "refused", "holdout"]
            ledger.record(
                [
                    decision(n, campaign=campaign, verdict=verdicts[n % 4])
                    for n in range(start, start + 1_000)
                ]
            )
    named = "('decided', 'decided_runs', 'decided_odd', 'grounds', 'given', 'given_parts', "
    named += "'decided_by_person', 'decided_by_tag', 'decided_runs_of')"
    sql = f"SELECT SUM(pgsize) FROM dbstat WHERE name IN {named}"
    (size,) = database.read().execute(sql).fetchone()
    database.close()
    assert size / (3 * people) < 100


def test_an_older_file_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "tailorbird.sqlite"
    made = [decision(n, verdict="refused" if n % 3 else "send") for n in range(1, 700)]
    made += [decision(1, campaign="autumn", id=hashlib.sha256(b"x").digest()[:16])]
    with sqlite3.connect(path, factory=Connection) as connection:
        install(connection)
        before = takewhile(lambda each: "CREATE VIEW decisions" not in each[1], migrations())
        for number, sql in before:
            connection.executescript(sql)
            connection.execute(f"PRAGMA user_version={number}")
        columns = ", ".join(Decision.__struct_fields__)
        marks = ", ".join("?" * len(Decision.__struct_fields__))
        connection.executemany(
            f"INSERT INTO decisions ({columns}) VALUES ({marks})",
            map(msgspec.structs.astuple, made),
        )
    connection.close()
    database = Database(path)
    ledger = SqliteLedger(database)
    assert all_of(ledger) == made
    assert ledger.record(made) == 0
    assert ledger.record([decision(700)]) == 1
    assert [each.person for each in all_of(ledger)][-2:] == [1, 700]
    database.close()


LEAF = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
NAMES = st.sampled_from(["", "item", "name", "price_minor", "a", "b"]) | st.text()
JSON = st.recursive(
    LEAF, lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner), max_leaves=12
)
ROWS = st.lists(
    st.dictionaries(NAMES, JSON).map(lambda each: msgspec.json.encode(each, order="sorted"))
    | st.dictionaries(NAMES, JSON).map(msgspec.json.encode)
)


@given(rows=ROWS, parts=st.booleans())
@settings(max_examples=200)
def test_any_rows_come_out_of_a_pack_as_they_went_in(rows: list[bytes], parts: bool) -> None:
    kept: list[bytes] = []

    def numbers(new: Sequence[bytes]) -> dict[bytes, int]:
        kept.extend(new)
        return {part: kept.index(part) for part in new}

    packed = packs.pack(rows, numbers if parts else None)
    opened = packs.Pack(packed, kept.__getitem__)
    assert [opened.row(index) for index in range(len(opened))] == rows
