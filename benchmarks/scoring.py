"""CPU seconds to score everybody by a model, and milliseconds to ask for one person's scores.

A simulated shop of two years (that of `segments.py`), everybody agreed to learning and to choosing.
A model of repeat purchases is trained as a night trains it, and everybody is scored as a night
scores: permits, traits as of now, the model, the scores in the store. Then single people are asked
for as a page asks, through the API: one in two just did something, so that the kept score holds no
longer. CPU time of all threads, wall time beside it; the limit is that of the issue.

    python benchmarks/scoring.py [--quick] [--people 1000000]

The last line printed is one JSON object; it is kept in benchmarks/results/scoring.json too.
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from litestar.testing import TestClient

import segments as shop
import tailorbird
from tailorbird import learning, retraining
from tailorbird.schema import DAY
from tailorbird.stores.duckdb.facts import FILE_NAME as FACTS
from tailorbird.stores.sqlite.connection import FILE_NAME as RECORD
from tailorbird.web.api import api
from tailorbird.web.desk import Desk
from tailorbird.world import World

RESULT = Path(__file__).parent / "results" / "scoring.json"
GOAL_SECONDS, GOAL_MS = 60, 10
MODEL = "repeat_purchase"
ASKED = 400
NOW = shop.NOW
BEGAN = NOW - shop.DAYS * DAY
CONSENT = f'{{"training":[1,true,{BEGAN}],"personalisation":[1,true,{BEGAN}]}}'
BORN = f"""
WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < ?)
INSERT INTO people (person, created_at, email_key, consent)
SELECT i, {BEGAN}, randomblob(16), ? FROM r"""
TOUCHED = "UPDATE people SET position = ? WHERE person = ?"


def fill(folder: Path, people: int, events: int) -> None:
    """Make a data folder of so many people who did so much, and allow everything."""
    with tailorbird.open(folder):
        pass
    with sqlite3.connect(folder / RECORD) as record:
        record.execute(BORN, (people, CONSENT))
    record.close()
    (folder / FACTS).unlink()
    facts, _ = shop.simulated(folder, people, events)
    facts.close()
    (folder / f"{events}.duckdb").rename(folder / FACTS)


def batch(world: World) -> dict[str, float]:
    """Train a model and score everybody; return what it took."""
    began = time.process_time()
    (card,) = retraining.learn(world, NOW, [MODEL])
    trained = time.process_time() - began
    began, wall = time.process_time(), time.perf_counter()
    scored = learning.score(world, NOW, MODEL)
    spent = time.process_time() - began
    return {
        "train_cpu_seconds": round(trained, 1), "score_cpu_seconds": round(spent, 1),
        "score_wall_seconds": round(time.perf_counter() - wall, 1), "scored": scored,
        "model": float(card.serves),
    }  # fmt: skip


def single(world: World) -> dict[str, float]:
    """Ask for single people; return milliseconds of kept scores, of new ones, and of the same."""
    desk = Desk(world, lambda: NOW)
    chance = random.Random(3)
    rows = world.facts.read("SELECT person FROM scores ORDER BY person")["person"].to_pylist()
    people = chance.sample(rows, ASKED)
    found = world.facts.read("SELECT MAX(position) AS position FROM people")
    highest = int(found["position"][0].as_py()) + 1
    waits: dict[str, list[float]] = {"kept": [], "anew": [], "again": []}
    busy: dict[str, list[float]] = {"kept": [], "anew": [], "again": []}
    with TestClient(api(tailorbird_readings(world), lambda: NOW, desk)) as client:
        for number, person in enumerate(people):
            if number % 2:
                world.facts.write([(TOUCHED, (highest + number, person))])
            kind = "anew" if number % 2 else "kept"
            for each in (kind, "again"):
                began, spent = time.perf_counter(), time.process_time()
                answer = client.get(f"/api/v1/people/{person}/scores")
                waits[each].append((time.perf_counter() - began) * 1000)
                busy[each].append((time.process_time() - spent) * 1000)
                assert answer.status_code == 200, answer.text
                assert answer.json(), person
    desk.trainings.close()
    figures: dict[str, float] = {}
    for name, took in waits.items():
        wall, cpu = statistics.quantiles(took, n=100), statistics.quantiles(busy[name], n=100)
        figures |= {f"{name}_p50_ms": round(wall[49], 2), f"{name}_p95_ms": round(wall[94], 2)}
        figures |= {f"{name}_p95_cpu_ms": round(cpu[94], 2)}
    return figures


def tailorbird_readings(world: World) -> Any:
    """Return what the API reads."""
    from tailorbird.readings import WorldReadings

    return WorldReadings(world)


def main() -> None:
    """Measure, print and keep the verdict."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=20_000_000)
    parser.add_argument("--keep", type=Path, help="a folder to fill, or to use again")
    options = parser.parse_args()
    people, events = (100_000, 1_000_000) if options.quick else (options.people, options.events)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary) / "data"
        if not folder.exists():
            fill(folder, people, events)
        with tailorbird.open(folder) as tb:
            ours = batch(tb.world)
            print(ours, flush=True)
            ours |= single(tb.world)
    verdict = {
        "claim": f"everybody of {people:,} people and {events:,} events is scored in "
        f"{GOAL_SECONDS} CPU seconds, one person's kept scores are told in {GOAL_MS} CPU ms (p95)",
        "ours": ours,
        "peers": {},
        "limit": GOAL_SECONDS,
        "ratio": round(ours["score_cpu_seconds"] / GOAL_SECONDS, 3),
        "goal": {"seconds": GOAL_SECONDS, "p95_ms": GOAL_MS},
        "holds": ours["score_cpu_seconds"] < GOAL_SECONDS
        and max(ours["kept_p95_cpu_ms"], ours["again_p95_cpu_ms"]) < GOAL_MS,
    }
    if not options.quick:
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(json.dumps(verdict, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(verdict))


if __name__ == "__main__":
    main()
