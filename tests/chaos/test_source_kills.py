"""Readers that are killed at random moments: nothing is lost, nothing counts twice."""

from __future__ import annotations

import json
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tailorbird.app import Tailorbird
from tailorbird.schema import Names

NOW = 1_760_000_000_000_000
FILES, ORDERS = 4, 2_000
"""Files, and orders in each; the database has as many orders as one file."""
KILLS = 8

READER = """
import sys
from tailorbird.app import Tailorbird

now = int(sys.argv[2])
with Tailorbird.open(sys.argv[1], clock=lambda: now, environment={}) as tb:
    print("ready", flush=True)
    for name in ("till", "erp"):
        tb.sources.run(name)
        tb.ingest()
"""
ROWS = """
mapping: rows
columns:
  id: {type: id}
  at: {from: sold_at, type: time}
  who: {type: id}
  total: {type: decimal}
currency: EUR
customers: {id: who}
orders: {id: id, time: at, total: total}
"""


def prepare(folder: Path) -> None:
    """Make a shop with files and a database that its sources name."""
    tills = folder / "tills"
    tills.mkdir(parents=True)
    for number in range(FILES):
        rows = [
            {"id": f"{number}-{i}", "sold_at": f"2025-03-0{number + 1}T09:00:00Z",
             "who": f"w{i % 50}", "total": i}
            for i in range(ORDERS)
        ]  # fmt: skip
        (tills / f"{number}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    with sqlite3.connect(folder / "erp.sqlite") as erp:
        erp.execute("CREATE TABLE sold (id TEXT, sold_at TEXT, who TEXT, total INTEGER)")
        erp.executemany(
            "INSERT INTO sold VALUES (?, ?, ?, ?)",
            [(f"s-{i}", f"2025-03-09 09:{i % 60:02}:00", f"w{i % 50}", i) for i in range(ORDERS)],
        )
    erp.close()
    with Tailorbird.open(folder / "data", clock=lambda: NOW, environment={}) as tb:
        tb.sources.put(ROWS, "rows.yaml")
        tb.sources.put(
            f"source: till\nkind: file\npath: {tills}/*.jsonl\nmapping: rows\n", "till.yaml"
        )
        tb.sources.put(
            f"source: erp\nkind: sql\ndatabase: sqlite\nuri: {folder}/erp.sqlite\n"
            "query: select * from sold\ncursor: sold_at\nmapping: rows\n",
            "erp.yaml",
        )


def read_for(folder: Path, seconds: float | None, now: int) -> bool:
    """Run a reader and kill it after so many seconds; return whether it came to its end."""
    command = [sys.executable, "-c", READER, str(folder / "data"), str(now)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == b"ready\n"
        if seconds is not None:
            time.sleep(seconds)
            reader.send_signal(signal.SIGKILL)
        return reader.wait(timeout=120) == 0


@pytest.mark.chaos
def test_sources_that_are_killed_at_random_moments_count_everything_once(tmp_path: Path) -> None:
    prepare(tmp_path)
    chance = random.Random(11)
    # How long a whole run takes on this machine, on a copy that is thrown away.
    whole = tmp_path / "whole"
    prepare(whole)
    began = time.monotonic()
    assert read_for(whole, None, NOW)
    length = time.monotonic() - began
    killed = 0
    for turn in range(KILLS):
        killed += not read_for(tmp_path, chance.uniform(0, length / 2), NOW + turn)
    assert killed
    assert read_for(tmp_path, None, NOW + KILLS)

    with Tailorbird.open(tmp_path / "data", clock=lambda: NOW, environment={}) as tb:
        sql = "SELECT order_id, count(*) AS n, sum(value_minor) AS v FROM facts WHERE event = ?"
        rows = tb.world.facts.read(f"{sql} GROUP BY order_id", (Names.PURCHASE,)).to_pylist()
        assert {row["n"] for row in rows} == {1}
        assert len(rows) == (FILES + 1) * ORDERS
        assert sum(int(row["v"]) for row in rows) == (FILES + 1) * 100 * sum(range(ORDERS))
        assert tb.world.people.count() == 50
        assert [status.standing.error for status in tb.sources.statuses()] == ["", ""]
