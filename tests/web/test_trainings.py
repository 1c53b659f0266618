"""A training that was accepted is done, or told as failed, whatever becomes of the server."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tailorbird.errors import ConflictError, ModelError, Stopped
from tailorbird.schema import DAY, Instant
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.sqlite.trainings import SqliteTrainings
from tailorbird.trainings import Training, TrainingRecord
from tailorbird.web.trainings import BROKEN_OFF, HALF_DONE, MOST_BEGUN, Trainings

CHURN = Training("model", "churn", 10)
PRIVATE = Training("model", "churn", 10, "privately", 1_000_000)


@dataclass
class Work:
    """Notes what it is to train, and waits where it is told to."""

    done: list[str] = field(default_factory=list)
    go: threading.Event = field(default_factory=threading.Event)
    begun: threading.Event = field(default_factory=threading.Event)
    error: Exception | None = None

    def __call__(self, asked: Training, now: Instant) -> None:
        self.begun.set()
        assert self.go.wait(30)
        if self.error is not None:
            raise self.error
        self.done.append(asked.name)


@pytest.fixture
def record(tmp_path: Path) -> Iterator[TrainingRecord]:
    opened = Database(tmp_path / "record.sqlite")
    yield SqliteTrainings(opened)
    opened.close()


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def server(record: TrainingRecord, work: Work) -> Iterator[Callable[[], Trainings]]:
    """Return what makes the trainings of a server, and of each that comes after it."""
    made: list[Trainings] = []

    def start() -> Trainings:
        made.append(Trainings(record, lambda: 20, {"model": work}, lambda: None))
        return made[-1]

    yield start
    work.go.set()
    for each in made:
        each.close()


def state(record: TrainingRecord) -> tuple[str, str]:
    """Return how the latest training ended, once it has."""
    while (found := record.latest("model", "churn")) is not None and found.state == "running":
        pass
    assert found is not None
    return found.state, found.why


Server = Callable[[], Trainings]


def test_a_server_goes_on_with_what_the_one_before_was_asked_for(
    record: TrainingRecord, server: Server, work: Work
) -> None:
    record.ask(CHURN, 0)
    work.go.set()
    assert server().resume() == 1
    assert state(record) == ("done", "")
    assert work.done == ["churn"]
    assert server().resume() == 0


def test_what_ends_every_server_is_told_as_failed_in_the_end(
    record: TrainingRecord, server: Server, work: Work
) -> None:
    asked = record.ask(CHURN, 0)
    for _ in range(MOST_BEGUN):
        record.begin(asked.id)
    assert server().resume() == 1
    assert state(record) == ("failed", BROKEN_OFF)
    assert not work.begun.is_set()


def test_what_may_have_been_paid_for_is_not_begun_anew(
    record: TrainingRecord, server: Server, work: Work
) -> None:
    record.begin(record.ask(PRIVATE, 0).id)
    server().resume()
    assert state(record) == ("failed", HALF_DONE)
    assert not work.begun.is_set()


def test_what_was_accepted_and_not_begun_is_left_to_the_next_server(
    record: TrainingRecord, server: Server, work: Work
) -> None:
    first = server()
    first.begin(Training("model", "value", 10))
    assert work.begun.wait(30)
    first.begin(PRIVATE)
    closing = threading.Thread(target=first.close)
    closing.start()
    work.go.set()
    closing.join()
    assert work.done == ["value"]
    assert [each.name for each in record.running()] == ["churn"]
    server().resume()
    assert state(record) == ("done", "")
    assert work.done == ["value", "churn"]


def test_work_that_stops_with_the_server_has_not_ended(
    record: TrainingRecord, server: Server, work: Work
) -> None:
    work.error = Stopped("the server ends")
    work.go.set()
    first = server()
    first.begin(CHURN)
    first.close()
    assert [each.state for each in record.running()] == ["running"]


def test_why_a_training_failed_is_told(record: TrainingRecord, server: Server, work: Work) -> None:
    work.error = ModelError("too few people", where="churn", mend="wait")
    work.go.set()
    server().begin(CHURN)
    assert state(record) == ("failed", "churn: too few people; wait")


def test_one_way_of_training_at_a_time(server: Server, work: Work) -> None:
    trainings = server()
    first = trainings.begin(CHURN)
    assert trainings.begin(CHURN).id == first.id
    with pytest.raises(ConflictError, match="being trained anew; ask again once"):
        trainings.begin(PRIVATE)


def test_the_same_request_trains_once_a_day(
    record: TrainingRecord, server: Server, work: Work
) -> None:
    work.go.set()
    trainings = server()
    asked = Training("model", "churn", 10, "privately", 1_000_000, "request-1")
    for _ in (1, 2):
        trainings.begin(asked)
        assert state(record) == ("done", "")
    assert work.done == ["churn"]
    trainings.begin(Training("model", "churn", 11 + DAY, "privately", 1_000_000, "request-1"))
    assert state(record) == ("done", "")
    assert work.done == ["churn", "churn"]
