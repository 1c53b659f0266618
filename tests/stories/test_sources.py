"""What a team has, in files and databases, comes in by itself, once, and says how it stands."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tailorbird.app import Tailorbird
from tailorbird.errors import DefinitionError, SettingsError, SourceError, UsageError
from tailorbird.schema import DAY, HOUR, MINUTE, SECOND, Names

NOW = 1_760_000_000_000_000
HEADER = "order_id,order_date,customer_id,email,product_id,quantity,unit_price,currency,status"
SOURCE = """\
source: till
kind: file
path: {path}
mapping: generic_orders
every: 15m
"""


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tb(tmp_path: Path, clock: Clock) -> Iterator[Tailorbird]:
    environment = {"TILLS": str(tmp_path / "tills"), "DB_PASSWORD": "hunter2"}
    (tmp_path / "tills").mkdir()
    with Tailorbird.open(tmp_path / "data", clock=clock, environment=environment) as opened:
        yield opened


def order(number: int, *, price: str = "5.00", customer: str = "17") -> str:
    who = f"{customer},c{customer}@shop.example"
    return f"{number},2025-03-01T09:30:00Z,{who},MUG-1,2,{price},EUR,paid"


def write(path: Path, *rows: str, at: int = 1_750_000_000) -> Path:
    path.write_text("\n".join([HEADER, *rows]) + "\n")
    os.utime(path, (at, at))
    return path


def facts(tb: Tailorbird, event: str = Names.PURCHASE) -> tuple[int, int]:
    """Return (events, value) of an event."""
    tb.ingest()
    sql = 'SELECT count(*) AS n, coalesce(sum(value_minor), 0) AS v FROM facts WHERE event = ?'
    row = tb.world.facts.read(sql, (event,)).to_pylist()[0]
    return row["n"], int(row["v"])


def test_new_files_of_a_folder_are_read_by_schedule_and_once(
    tb: Tailorbird, tmp_path: Path, clock: Clock
) -> None:
    tills = tmp_path / "tills"
    write(tills / "1.csv", order(1), order(2))
    tb.sources.put(SOURCE.format(path="${TILLS}/*.csv"), "till.yaml")
    assert [outcome.source for outcome in tb.sources.run_due()] == ["till"]
    assert facts(tb) == (2, 2000)
    assert tb.sources.run_due() == []  # not due
    write(tills / "2.csv", order(3))
    (tills / "3.csv.part").write_text("half a file")
    clock.now += 15 * MINUTE
    (outcome,) = tb.sources.run_due()
    assert (len(outcome.reports), outcome.unchanged) == (1, 1)
    assert facts(tb) == (3, 3000)
    (status,) = tb.sources.statuses()
    assert (status.standing.files, status.standing.lines, status.standing.appended) == (1, 1, 2)
    assert status.due_at == clock.now + 15 * MINUTE
