"""What serves and what privacy was spent outlive the process, and are never taken back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tailorbird.errors import StoreError
from tailorbird.model_record import Spend, Turn
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.sqlite.model_record import SqliteModelRecord


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "record.sqlite")
    yield opened
    opened.close()


def test_the_latest_word_on_what_serves_comes_first_also_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "record.sqlite"
    first = Turn("churn", 1, 0, "first", 10)
    back = Turn("churn", 1, 2, "rolled back", 20, "ada", "it wrote to the wrong people")
    opened = Database(path)
    for turn in (first, back, Turn("other", 5, 0, "first", 30)):
        SqliteModelRecord(opened).turn(turn)
    opened.close()
    opened = Database(path)
    assert SqliteModelRecord(opened).turns("churn") == [back, first]
    assert SqliteModelRecord(opened).turns("churn", 1) == [back]
    opened.close()


def test_a_budget_that_is_spent_refuses_until_the_next_year(database: Database) -> None:
    record = SqliteModelRecord(database)
    half = Spend("churn", 2026, 600_000, 1, "training")
    assert record.spend(half, 1_000_000)
    assert not record.spend(half, 1_000_000)
    assert record.spend(Spend("churn", 2026, 400_000, 2, "training"), 1_000_000)
    assert not record.spend(Spend("churn", 2026, 1, 3, "a count"), 1_000_000)
    assert record.spend(Spend("churn", 2027, 600_000, 4, "training"), 1_000_000)
    assert record.spend(Spend("value", 2026, 600_000, 4, "training"), 1_000_000)
    assert [each.epsilon for each in record.spends("churn", 2026)] == [0.6, 0.4]


def test_a_spending_of_nothing_is_none(database: Database) -> None:
    record = SqliteModelRecord(database)
    assert not record.spend(Spend("churn", 2026, -5, 1, "training"), 1_000_000)
    assert record.spends("churn", 2026) == []


@pytest.mark.parametrize("table", ["model_turns", "privacy_spends"])
def test_nothing_is_taken_back(database: Database, table: str) -> None:
    record = SqliteModelRecord(database)
    record.turn(Turn("churn", 1, 0, "first", 10))
    record.spend(Spend("churn", 2026, 1, 1, "training"), 10)
    for change in (f"DELETE FROM {table}", f"UPDATE {table} SET model = 'x'"):
        with (
            pytest.raises((sqlite3.IntegrityError, StoreError), match="append-only"),
            database.write() as connection,
        ):
            connection.execute(change)
