"""What was asked to be trained outlives the process, and is asked once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.sqlite.trainings import SqliteTrainings
from tailorbird.trainings import Training, TrainingRecord

CHURN = Training("model", "churn", 10)


@pytest.fixture
def record(tmp_path: Path) -> Iterator[TrainingRecord]:
    opened = Database(tmp_path / "record.sqlite")
    yield SqliteTrainings(opened)
    opened.close()


def test_what_runs_is_there_after_a_restart_the_oldest_first(tmp_path: Path) -> None:
    opened = Database(tmp_path / "record.sqlite")
    record: TrainingRecord = SqliteTrainings(opened)
    first = record.ask(CHURN, 0)
    second = record.ask(Training("uplift", "spring", 20, "anew", 0, "r1"), 0)
    gone = record.ask(Training("clusters", "habits", 30), 0)
    record.begin(first.id)
    record.end(gone.id, "failed", "too few people", 40)
    opened.close()
    opened = Database(tmp_path / "record.sqlite")
    record = SqliteTrainings(opened)
    assert record.running() == [msgspec.structs.replace(first, begun=1), second]
    ended = record.latest("clusters", "habits")
    assert ended is not None
    assert (ended.state, ended.why, ended.ended_at) == ("failed", "too few people", 40)
    assert record.latest("model", "habits") is None
    opened.close()


def test_one_of_a_kind_and_name_runs_at_a_time(record: TrainingRecord) -> None:
    first = record.ask(CHURN, 0)
    assert record.ask(Training("model", "churn", 20, "privately", 1_000_000), 0) == first
    assert record.ask(Training("clusters", "churn", 20), 0).id != first.id
    record.end(first.id, "done", "", 30)
    assert record.ask(Training("model", "churn", 40), 0).id != first.id


def test_the_same_request_asks_once_until_it_is_long_ago(record: TrainingRecord) -> None:
    asked = Training("model", "churn", 10, "privately", 500_000, "request-1")
    first = record.ask(asked, 0)
    record.end(first.id, "done", "", 20)
    assert record.ask(msgspec.structs.replace(asked, asked_at=30), 5).id == first.id
    assert record.ask(msgspec.structs.replace(asked, asked_at=40), 11).id != first.id
    other = Training("model", "value", 50, "anew", 0, "request-1")
    assert record.ask(other, 5).name == "value"


def test_what_has_ended_stays_as_it_ended(record: TrainingRecord) -> None:
    first = record.ask(CHURN, 0)
    record.end(first.id, "done", "", 20)
    record.end(first.id, "failed", "later", 30)
    found = record.latest("model", "churn")
    assert found is not None
    assert (found.state, found.ended_at) == ("done", 20)
