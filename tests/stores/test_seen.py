"""Message ids of columns: each is new once, whatever is asked again, and wherever it stands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.sqlite.seen import Seen

AT = 1_700_000_000_000_000


@pytest.fixture
def seen(tmp_path: Path) -> Iterator[Seen]:
    database = Database(tmp_path / "record.sqlite")
    yield Seen(database)
    database.close()


def body(seen: Seen, offset: int, *ids: tuple[int, int]) -> list[bool]:
    """Return which ids, as (seconds, hash), are new in a body."""
    at, keys = zip(*ids, strict=True)
    rows, times = np.arange(len(ids)), AT + np.array(at) * 1_000_000
    fresh: list[bool] = seen.first_of_columns(
        offset, rows, times, np.array(keys, np.uint64)
    ).tolist()
    return fresh


def row(seen: Seen, offset: int, at: int, key: int) -> bool:
    """Return whether an id is new as an event of its own."""
    told = (AT + at * 1_000_000).to_bytes(8) + key.to_bytes(8)
    return seen.first([(told, offset << 20)])[0]


def test_an_id_is_new_once(seen: Seen) -> None:
    assert body(seen, 1, (0, 11), (1, 12), (1, 11)) == [True, True, False]
    assert body(seen, 2, (1, 12), (2, 13)) == [False, True]
    assert body(seen, 3, (50, 14)) == [True]


def test_asking_again_gives_the_same_answer(seen: Seen) -> None:
    for _ in range(2):
        assert body(seen, 1, (0, 11), (1, 12)) == [True, True]
        assert body(seen, 2, (1, 12), (2, 13)) == [False, True]
        assert row(seen, 3, 2, 13) is False
        assert row(seen, 4, 3, 99) is True
        assert body(seen, 5, (3, 99), (3, 98)) == [False, True]


def test_an_event_of_its_own_comes_before_the_body_that_repeats_it(seen: Seen) -> None:
    assert row(seen, 1, 5, 21) is True
    assert body(seen, 2, (4, 20), (5, 21)) == [True, False]
    assert row(seen, 3, 4, 20) is False


def test_rows_that_are_not_plain_leave_gaps(seen: Seen) -> None:
    rows, at = np.array([1, 4]), np.array([AT, AT + 1])
    keys = np.array([31, 32], np.uint64)
    assert seen.first_of_columns(1, rows, at, keys).tolist() == [True, True]
    assert seen.first_of_columns(2, np.array([0]), at[:1], keys[:1]).tolist() == [False]
    told = [(AT.to_bytes(8) + (31).to_bytes(8), (1 << 20) + place) for place in (1, 2)]
    assert [seen.first([each])[0] for each in told] == [True, False]


def test_a_body_without_events_holds_nothing(seen: Seen) -> None:
    none = np.zeros(0, np.int64)
    assert seen.first_of_columns(1, none, none, none.astype(np.uint64)).tolist() == []
