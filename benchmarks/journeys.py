"""Seconds in which a million enrolments advance one step of a journey, each step on record.

Everybody has entered; then all are due at once, twice: at the end of a wait, whose people are moved
in the store itself; and at a split, whose arm is drawn for each of them here, by a keyed hash. The
slower of the two is judged. It is the engine as the server runs it, over a whole data folder, with
SQLite (`synchronous=FULL`) and, where Debian's
PostgreSQL is installed, with a server of its own (`fsync=on`). Beside it, in the same run and over
the same durable SQLite: a task queue with one task a person (`pip install huey`; what is not
installed is named as such), and a loop that moves one person a transaction.
The limit: SQLite alone, one statement that moves everybody and one that records it. Whether the
claim holds is told by seconds of the processor, those of the server's process among them: they do
not hang on what else the machine does.
The last line printed is one JSON object; a run that is not `--quick` keeps it in
results/journeys.json.
"""

from __future__ import annotations

import dataclasses
import json
import os
import runpy
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tailorbird import journeying
from tailorbird.app import Tailorbird
from tailorbird.enrolments import Enrolments, Entry
from tailorbird.schema import HOUR, SECOND
from tailorbird.world import World

ROOT = Path(__file__).resolve().parents[1]
RESULT = Path(__file__).parent / "results" / "journeys.json"
START = 1_700_000_000 * SECOND
GOAL = {"sqlite": 10, "postgres": 20}
AT_ONCE = 10_000
JOURNEY = """\
name: rounds
trigger: {call: true}
steps:
  - {wait: 1h, id: first}
  - {wait: 1h, id: second}
  - id: draw
    split: {short: {share: 1, steps: [{wait: 1h, id: third}]}, long: {share: 1, steps: []}}
  - {wait: 30d, id: last}
  - {set: {stage: seen}}
"""


def seconds(run: Callable[[], object], beside: Callable[[], float] = float) -> dict[str, float]:
    """Return how long it takes: by the clock, and of the processor, that of the store too."""
    cpu, clock = time.process_time() + beside(), time.perf_counter()
    run()
    return {
        "seconds": round(time.perf_counter() - clock, 2),
        "cpu_seconds": round(time.process_time() + beside() - cpu, 2),
    }


def spent_by(pid: int) -> float:
    """Return the processor's seconds that another process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def enter(store: Enrolments, people: int) -> None:
    """Have everybody enter, due in an hour."""
    for first in range(1, people + 1, AT_ONCE):
        entries = [
            Entry(person, "", person, START, START + HOUR, START + HOUR, "first")
            for person in range(first, min(first + AT_ONCE, people + 1))
        ]
        store.enter("rounds", 1, entries, START)


def advanced(world: World, people: int, beside: Callable[[], float] = float) -> dict[str, Any]:
    """Return how long each step takes for everybody."""
    told: dict[str, Any] = {"enter": seconds(lambda: enter(world.enrolments, people), beside)}
    told["wait"] = seconds(lambda: journeying.advance(world, START + HOUR), beside)
    # At the end of the second wait everybody is drawn an arm: two steps, of which one is a wait.
    both = seconds(lambda: journeying.advance(world, START + 2 * HOUR), beside)
    told["split"] = {name: round(both[name] - told["wait"][name], 2) for name in both}
    counts = {place.step: number for place, number in world.enrolments.places().items()}
    if sum(counts.values()) != people or set(counts) != {"third", "last"}:
        raise SystemExit(f"not everybody came where she should: {counts}")
    return told


def ours(folder: Path, people: int) -> dict[str, Any]:
    """Return how long the engine takes over each store."""
    told: dict[str, Any] = {}
    with Tailorbird.open(folder, clock=lambda: START, environment={}) as tb:
        tb.put("journey", "rounds", JOURNEY)
        told["sqlite"] = advanced(tb.world, people)
        size = (folder / "tailorbird.sqlite").stat().st_size
        told["sqlite"]["bytes_an_enrolment_of_4_steps"] = round(size / people)
        told["postgres"] = "not installed"
        if sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
            from tailorbird.stores.postgres.connection import Server
            from tailorbird.stores.postgres.enrolments import PostgresEnrolments

            with postgres() as uri, closing(Server(uri)) as server:
                enrolments = PostgresEnrolments(server)
                world = dataclasses.replace(tb.world, enrolments=enrolments)
                ((pid,),) = server.rows("SELECT pg_backend_pid()")
                told["postgres"] = advanced(world, people, lambda: spent_by(pid))
    return told


@contextmanager
def postgres() -> Iterator[str]:
    """Start a server that writes to the disk, and stop it after."""
    tests = runpy.run_path(str(ROOT / "tests" / "postgres.py"))
    programs, as_nobody = tests["_binaries"](), tests["_as_nobody"]
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    folder.chmod(0o777)
    quiet: dict[str, Any] = {"check": True, "cwd": folder, "stdout": subprocess.DEVNULL}
    made = [str(programs / "initdb"), "-D", str(folder / "data"), *tests["INITDB"]]
    control = [str(programs / "pg_ctl"), "-D", str(folder / "data"), "-w"]
    options = f"-c listen_addresses='' -k {folder} -c max_wal_size=4GB"
    try:
        (folder / "password").write_text("owner")
        subprocess.run(as_nobody(*made, "--pwfile", str(folder / "password")), **quiet)
        start = (*control, "-l", str(folder / "log"), "-o", options, "start")
        subprocess.run(as_nobody(*start), **quiet)
        yield f"postgresql://postgres:owner@/postgres?host={folder}"
    finally:
        stop = as_nobody(*control, "-m", "immediate", "stop")
        subprocess.run(stop, check=False, cwd=folder, stdout=subprocess.DEVNULL)
        shutil.rmtree(folder, ignore_errors=True)


# -- how others would do it ---------------------------------------------------------------------


def durable(folder: Path) -> sqlite3.Connection:
    """Return a database that is as durable as ours, with people who are at a step."""
    database = sqlite3.connect(folder / "peer.sqlite", isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.executescript(
        "CREATE TABLE people (id INTEGER PRIMARY KEY, step TEXT, due_at INTEGER);"
        "CREATE INDEX people_due ON people (step, due_at);"
        "CREATE TABLE steps (person INTEGER, number INTEGER, step TEXT, at INTEGER,"
        " PRIMARY KEY (person, number))"
    )
    return database


def move_one(database: sqlite3.Connection, person: int) -> None:
    """Move one person, with a record, in a transaction."""
    database.execute("BEGIN IMMEDIATE")
    (step,) = database.execute("SELECT step FROM people WHERE id = ?", (person,)).fetchone()
    database.execute("UPDATE people SET step = 'second', due_at = 9 WHERE id = ?", (person,))
    database.execute("INSERT INTO steps VALUES (?, 1, ?, 5)", (person, step))
    database.execute("COMMIT")


def row_by_row(folder: Path, people: int) -> float:
    """Return how many people a second are moved one by one."""
    with closing(durable(folder)) as database:
        rows = ((person,) for person in range(people))
        database.executemany("INSERT INTO people VALUES (?, 'first', 1)", rows)
        began = time.perf_counter()
        for person in range(people):
            move_one(database, person)
        return people / (time.perf_counter() - began)


def task_queue(folder: Path, people: int) -> int | str:
    """Return how many people a second a task queue moves, one task each."""
    if find_spec("huey") is None:
        return "not installed"
    huey = import_module("huey")
    with closing(durable(folder)) as database:
        rows = ((person,) for person in range(people))
        database.executemany("INSERT INTO people VALUES (?, 'first', 1)", rows)
        queue = huey.SqliteHuey(filename=str(folder / "huey.sqlite"), fsync=True, results=False)
        moved = queue.task()(lambda person: move_one(database, person))
        began = time.perf_counter()
        for person in range(people):
            moved(person)
        while (task := queue.dequeue()) is not None:
            queue.execute(task)
        return round(people / (time.perf_counter() - began))


def limit(folder: Path, people: int) -> dict[str, float]:
    """Return how long SQLite alone takes to move everybody and to record it."""
    with closing(durable(folder)) as database:
        rows = ((person,) for person in range(people))
        database.execute("BEGIN")
        database.executemany("INSERT INTO people VALUES (?, 'first', 1)", rows)
        database.execute("COMMIT")

        def move() -> None:
            database.execute("BEGIN")
            database.execute("INSERT INTO steps SELECT id, 1, step, 5 FROM people")
            database.execute("UPDATE people SET step = 'second', due_at = 9")
            database.execute("COMMIT")

        return seconds(move)


def main(given: list[str]) -> None:
    """Measure, and print one JSON object."""
    quick = "--quick" in given
    people, few = (100_000, 300) if quick else (1_000_000, 3_000)
    with tempfile.TemporaryDirectory() as place:
        folders = [Path(place) / name for name in ("ours", "rows", "tasks", "bare")]
        for folder in folders:
            folder.mkdir()
        told = ours(folders[0], people)
        peers = {
            "one_transaction_a_person_per_second": round(row_by_row(folders[1], few)),
            "huey_one_task_a_person_per_second": task_queue(folders[2], few),
        }
        bare = limit(folders[3], people)
    judged = {
        store: max(("wait", "split"), key=lambda step: told[store][step]["cpu_seconds"])
        for store in GOAL
        if isinstance(told[store], dict)
    }
    took = {store: told[store][step]["cpu_seconds"] for store, step in judged.items()}
    scale = people / 1_000_000
    line = {
        "claim": "a million enrolments advance one step, recorded, in 10 s (20 s in PostgreSQL)",
        "ours": {"enrolments": people, "cores": os.cpu_count(), **told},
        "peers": peers,
        "limit": {"sqlite_alone": bare},
        "judged": {store: [step, took[store]] for store, step in judged.items()},
        "ratio": round(took["sqlite"] / bare["cpu_seconds"], 2),
        "goal": GOAL,
        "holds": all(took[store] < GOAL[store] * scale for store in took),
    }
    if not quick:
        RESULT.write_text(json.dumps(line, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(line))


if __name__ == "__main__":
    main(sys.argv[1:])
