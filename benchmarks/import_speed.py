"""Events a second from a Parquet file through log, identity and facts, and the memory it takes.

The file holds what a shop's analytics export: visits of some six events, one row an event, a person
for every fifty events. It is imported by the public calls (`import_file`, `ingest`) in a process of
its own. The limit, in a process after it: DuckDB reads the Parquet file and inserts the finished
tables into a new file, SQLite inserts the finished bodies of the log.
`--quick` takes fewer events, `--events N` any number. The last line printed is one JSON object; it
is kept in benchmarks/results/import_speed.json too, from 10 million events on beside that in
import_speed_large.json.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tailorbird.app import Tailorbird
from tailorbird.schema import SECOND
from tailorbird.stores.duckdb.facts import FILE_NAME as FACTS_FILE
from tailorbird.stores.sqlite.connection import FILE_NAME as RECORD_FILE
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.sqlite.log import SqliteLog

RESULTS = Path(__file__).parent / "results"
GOAL_EVENTS_PER_SECOND = 300_000
GOAL_MEMORY_MIB = 2048
LARGE = 10_000_000
EVENTS_PER_PERSON = 50
EVENTS_PER_VISIT = 6
SLICE_VISITS = 50_000
START = 1_704_067_200 * SECOND
YEAR = 366 * 86_400 * SECOND
PRODUCTS = 5_000
NAMES = ("page_viewed", "product_viewed", "add_to_cart", "purchase")
SHARES = (0.42, 0.43, 0.1, 0.05)
MAPPING = """\
mapping: analytics
columns:
  at: {from: [time], type: time}
  what: {from: [event]}
  who: {from: [customer], type: id}
  sku: {from: [product_id], type: id}
  category: {}
  price: {type: decimal}
  quantity: {type: integer}
  order: {from: [order_id], type: id}
  total: {type: decimal}
  currency: {}
  page: {}
customers: {id: who, time: at}
events:
  name_column: what
  time: at
  properties:
    product_id: sku
    category: category
    price: price
    quantity: quantity
    order_id: order
    total: total
    currency: currency
    page: page
"""


# -- the file -----------------------------------------------------------------------------------


def write_events(path: Path, events: int) -> None:
    """Write so many events in the order of time, a slice of the year after the other."""
    draw = np.random.default_rng(7)
    people = max(events // EVENTS_PER_PERSON, 1)
    slices = -(-events // (SLICE_VISITS * EVENTS_PER_VISIT))
    left, writer = events, None
    for number in range(slices):
        window = (START + YEAR * number // slices, START + YEAR * (number + 1) // slices)
        table = visits(draw, window, people).slice(0, left)
        if writer is None:
            writer = pq.ParquetWriter(path, table.schema, compression="zstd")
        writer.write_table(table)
        left -= table.num_rows
    if writer is None:
        raise SystemExit("no events")
    if left:
        writer.write_table(
            visits(draw, (START + YEAR, START + YEAR + 10**12), people).slice(0, left)
        )
    writer.close()


def visits(draw: np.random.Generator, window: tuple[int, int], people: int) -> pa.Table:
    """Return the events of some visits in a window of time, in order."""
    sizes = 1 + draw.poisson(EVENTS_PER_VISIT - 1, SLICE_VISITS)
    visit = np.repeat(np.arange(SLICE_VISITS), sizes)
    gaps = np.cumsum(draw.integers(5 * SECOND, 90 * SECOND, len(visit)))
    firsts = np.cumsum(sizes) - sizes
    start = draw.integers(*window, SLICE_VISITS)
    at = np.minimum(start[visit] + gaps - gaps[firsts][visit], window[1] - 1)
    order = np.argsort(at, kind="stable")
    who = draw.integers(0, people, SLICE_VISITS)[visit][order]
    return rows(draw, at[order], who, people)


def rows(draw: np.random.Generator, at: Any, who: Any, people: int) -> pa.Table:
    """Return events with what each kind says."""
    count = len(at)
    kind = draw.choice(len(NAMES), count, p=SHARES)
    product = draw.integers(0, PRODUCTS, count)
    quantity = draw.integers(1, 4, count)
    cents = product * 7 % 9_000 + 99
    page, bought = kind == 0, kind == 3
    columns = {
        "time": pa.array(at, pa.timestamp("us")),
        "event": words(kind, NAMES),
        "customer": words(who, [f"u{1_000_000 + number}" for number in range(people)]),
        "product_id": words(product, [f"SKU-{n}" for n in range(PRODUCTS)], page),
        "category": words(product % 20, [f"shelf {n}" for n in range(20)], page),
        "price": pa.array(cents / 100, mask=page),
        "quantity": pa.array(quantity, mask=kind < 2),
        "order_id": pc.binary_join_element_wise(
            "O", pa.array(at // 1000, mask=~bought).cast(pa.string()), "-"
        ),
        "total": pa.array(cents * quantity / 100, mask=~bought),
        "currency": words(np.zeros(count, np.int64), ["EUR"], ~bought),
        "page": words(product, [f"/shelf/{n % 20}/{n}" for n in range(PRODUCTS)], ~page),
    }
    return pa.table(columns)


def words(codes: Any, known: Any, mask: Any = None) -> pa.Array:
    """Return the word of each code."""
    indices = pa.array(codes.astype(np.int32), mask=mask)
    return pa.DictionaryArray.from_arrays(indices, pa.array(known)).cast(pa.string())


# -- in processes of their own ------------------------------------------------------------------


class Clock:
    """Seconds on the wall and of the processor, by stage."""

    def __init__(self) -> None:
        self.stages: dict[str, tuple[float, float]] = {}

    def time(self, name: str, run: Callable[[], Any]) -> Any:
        """Return what `run` returns, its time counted under `name`."""
        wall, cpu = time.perf_counter(), time.process_time()
        result = run()
        self.stages[name] = (time.perf_counter() - wall, time.process_time() - cpu)
        return result

    def told(self, events: int) -> dict[str, Any]:
        """Return what it came to for so many events."""
        wall, cpu = (sum(each) for each in zip(*self.stages.values(), strict=True))
        return {
            "events_per_second": round(events / wall),
            "cpu_us_an_event": round(cpu / events * 1e6, 2),
            "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            "stages": {
                name: {
                    "wall_us": round(wall / events * 1e6, 2),
                    "cpu_us": round(cpu / events * 1e6, 2),
                }
                for name, (wall, cpu) in self.stages.items()
            },
        }


def ours(file: Path, folder: Path) -> dict[str, Any]:
    """Import a file and take it in."""
    clock = Clock()
    mapping = folder / "analytics.yaml"
    mapping.write_text(MAPPING, encoding="utf-8")
    tb = clock.time("open", lambda: Tailorbird.open(folder / "data", environment={}))
    report = clock.time("import", lambda: tb.import_file(file, str(mapping)))
    taken = clock.time("ingest", tb.ingest)
    clock.time("close", tb.close)
    # Among millions of drawn rows two may be the same.
    if taken.events != report.events or report.taken + report.duplicates != report.lines:
        raise SystemExit(f"not everything came through: {report} {taken}")
    return clock.told(report.lines) | {"events": report.lines, "people": report.customers}


def bare(file: Path, folder: Path) -> dict[str, Any]:
    """Read the file, and insert what ours has made of it."""
    clock = Clock()
    log = SqliteLog(Database(folder / "data" / RECORD_FILE))
    duck = duckdb.connect(str(folder / "bare.duckdb"), config={"threads": 2, "memory_limit": "1GB"})
    duck.execute(f"ATTACH '{folder / 'data' / FACTS_FILE}' AS done (READ_ONLY)")
    count = "SELECT count(*), " + ", ".join(f"max({name})" for name in columns_of(file))
    events = clock.time(
        "read", lambda: duck.execute(f"{count} FROM read_parquet(?)", [str(file)]).fetchall()
    )[0][0]
    target = SqliteLog(Database(folder / "bare.sqlite"))

    def copy_log() -> None:
        after = 0
        while records := log.read(after, 64, 16 << 20):
            target.append([record.body for record in records])
            after = records[-1].offset

    def copy_facts() -> None:
        for name in ("facts", "lines", "properties", "people"):
            duck.execute(f"CREATE TABLE {name} AS SELECT * FROM done.{name}")
        duck.execute("CHECKPOINT")

    clock.time("log", copy_log)
    clock.time("facts", copy_facts)
    return clock.told(int(events))


def columns_of(file: Path) -> list[str]:
    """Return the names of a file's columns."""
    return [str(name) for name in pq.read_schema(file).names]


def child(stage: str, file: Path, folder: Path) -> dict[str, Any]:
    """Return what a stage says that runs in a process of its own."""
    command = [sys.executable, __file__, "--stage", stage, "--file", str(file), "--in", str(folder)]
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return found


def verdict(events: int) -> dict[str, Any]:
    """Return the verdict over so many events."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "events.parquet"
        write_events(file, events)
        found = child("ours", file, folder)
        limit = child("bare", file, folder)
    fast = found["events_per_second"] >= GOAL_EVENTS_PER_SECOND
    return {
        "claim": f"a Parquet file of events passes log, identity and facts at "
        f"{GOAL_EVENTS_PER_SECOND:,} events a second, in less than {GOAL_MEMORY_MIB} MiB",
        "ours": found,
        "peers": {},
        "limit": limit,
        "ratio": round(limit["events_per_second"] / found["events_per_second"], 2),
        "goal": GOAL_EVENTS_PER_SECOND,
        "holds": fast and found["peak_memory_mib"] < GOAL_MEMORY_MIB,
        "load": [round(load, 1) for load in os.getloadavg()],
    }


def main() -> None:
    """Measure, print and keep the verdict."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--events", type=int, default=2_000_000)
    for name in ("--stage", "--file", "--in"):
        parser.add_argument(name, default="", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.stage:
        stage = ours if asked.stage == "ours" else bare
        print(json.dumps(stage(Path(asked.file), Path(getattr(asked, "in")))))
        return
    events = 1_000_000 if asked.quick else asked.events
    found = verdict(events)
    name = "import_speed_large.json" if events >= LARGE else "import_speed.json"
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / name).write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
