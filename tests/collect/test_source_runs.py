"""A run of a source: what lands together, what a kill leaves, what is kept of a query."""

from __future__ import annotations

import sqlite3
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from tailorbird.collect.mapping import parse
from tailorbird.collect.sources import repeated
from tailorbird.collect.sources.definition import Secrets, next_due, parse_source
from tailorbird.collect.sources.repeated import progress_of
from tailorbird.collect.sources.runs import Errand, Outcome, run_source
from tailorbird.collect.sources.sql import Cursor, cursor_of, start_of
from tailorbird.errors import UsageError
from tailorbird.schema import HOUR, SECOND, Names

NOW = 1_760_000_000_000_000
ORDERS = 6_000
ROWS = """
mapping: rows
columns:
  id: {type: id}
  at: {from: sold_at, type: time}
  total: {type: decimal}
currency: EUR
orders: {id: id, time: at, total: total}
"""


class Reading:
    """Reads a table of orders into the log of `importing`."""

    def __init__(self, importing: Any, folder: Path) -> None:
        self.log = importing.log
        self.folder = folder
        self.path = folder / "erp.sqlite"
        self.source = parse_source(
            f"source: erp\nkind: sql\ndatabase: sqlite\nuri: {self.path}\nmapping: rows\n"
            "query: select * from sold\ncursor: sold_at\n",
            "erp.yaml",
        )
        self.run("CREATE TABLE sold (id TEXT, sold_at TEXT, total INTEGER)", [()])

    def run(self, statement: str, rows: list[tuple[Any, ...]]) -> None:
        connection = sqlite3.connect(self.path)
        connection.executemany(statement, rows)
        connection.commit()
        connection.close()

    def sell(self, first: int, last: int, hour: int) -> None:
        at = f"2025-10-08 {hour:02}:00:00"
        rows = [(f"o{i}", at, i) for i in range(first, last)]
        self.run("INSERT INTO sold VALUES (?, ?, ?)", rows)

    def __call__(self, now: int = NOW) -> Outcome:
        errand = Errand(
            self.log, now, self.folder, Secrets({}), lambda _name, _path: parse(ROWS, "rows.yaml"),
            lambda _done, _total: None,
        )  # fmt: skip
        return run_source(self.source, errand)

    def counted(self) -> dict[str, int]:
        decoded = self.log.decoded()
        assert decoded.refused == []
        return {e.message_id: e.value_minor for e in decoded.events if e.name == Names.PURCHASE}


@pytest.fixture
def reading(importing: Any, tmp_path: Path) -> Reading:
    return Reading(importing, tmp_path)


def test_a_query_that_is_killed_between_any_two_appends_loses_and_repeats_nothing(
    reading: Reading,
) -> None:
    reading.sell(0, ORDERS, hour=10)
    kills = 0
    while True:
        reading.log.appends_left = kills % 3
        try:
            reading(NOW + kills)
        except KeyboardInterrupt:
            # What has landed comes without the cursor: the rest is not taken for read.
            assert progress_of(reading.log.progress("query:erp")).cursor is None
            kills += 1
            if kills == 3:
                break
            continue
        break
    assert kills == 3
    reading.log.appends_left = None
    reading(NOW + kills)
    assert len(reading.log.bodies) > ORDERS / 300  # some came twice
    assert sum(reading.counted().values()) == 100 * sum(range(ORDERS))  # and count once
    assert progress_of(reading.log.progress("query:erp")).cursor == cursor_of("2025-10-08 10:00:00")
    bodies = len(reading.log.bodies)
    reading(NOW + HOUR)
    assert len(reading.log.bodies) == bodies


def test_of_a_very_large_reading_nothing_is_remembered_and_nothing_counts_twice(
    reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repeated, "TOLD_LIMIT", 100)
    reading.sell(0, 500, hour=10)
    reading()
    assert progress_of(reading.log.progress("query:erp")).told == b""
    reading.sell(500, 510, hour=11)
    assert reading().reports[0].appended == 510  # the overlap, once more
    assert reading().reports[0].appended == 10
    assert reading().reports[0].appended == 0  # ten are few enough
    assert len(reading.counted()) == 510


@pytest.mark.parametrize(
    ("key", "overlap", "start"),
    [
        (datetime(2025, 10, 8, 10, tzinfo=UTC), "1h", datetime(2025, 10, 8, 9, tzinfo=UTC)),
        (datetime(2025, 10, 8, 10), "10m", datetime(2025, 10, 8, 9, 50)),  # noqa: DTZ001
        (date(2025, 10, 8), "10m", date(2025, 10, 7)),
        (1000, "50", 950),
        (1000, "10m", 1000),
        ("2025-10-08T10:00:00.5Z", "10m", "2025-10-08T09:50:00"),
        ("2025-10-08 10:00:00", "10m", "2025-10-08 09:50:00"),
        ("0000A7", "10m", "0000A7"),
    ],
)
def test_reading_starts_behind_the_cursor(key: Any, overlap: str, start: Any) -> None:
    cursor = cursor_of(key)
    assert isinstance(cursor, Cursor)
    assert cursor.key() == key
    assert start_of(cursor, overlap) == start


def test_a_time_of_day_that_the_clocks_leave_out_or_repeat_counts_once() -> None:
    source = parse_source('source: x\nkind: file\npath: a\nat: "02:30"\n', "x.yaml")
    for evening in (datetime(2025, 3, 29, 12, tzinfo=UTC), datetime(2025, 10, 25, 12, tzinfo=UTC)):
        after = int(evening.timestamp()) * SECOND
        dues = []
        for _ in range(3):
            due = next_due(source, after, "Europe/Berlin")
            assert due is not None
            dues.append(due)
            after = due
        days = [datetime.fromtimestamp(due / SECOND, UTC).date() for due in dues]
        assert len(set(days)) == 3


def test_a_driver_that_is_not_installed_is_named(reading: Reading) -> None:
    reading.source = parse_source(
        "source: x\nkind: sql\ndatabase: adbc\ndriver: adbc_driver_snowflake\nuri: a\n"
        "query: select 1\nmapping: rows\n",
        "x.yaml",
    )
    with pytest.raises(UsageError, match="install adbc_driver_snowflake beside"):
        reading()
