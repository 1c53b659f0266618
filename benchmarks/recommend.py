"""People a second who are learnt from and get 20 items each, beside implicit's item kNN.

One synthetic shop for both: tastes, fashions and long histories, in arrays. Ours learns, ranks with
its fashion and repeat terms and keeps the parts that explain each item; the peer learns cosine or
BM25 neighbours and ranks. Both may use every core. A library that is not installed is named as
such, and then nothing holds. The last line printed is one JSON object, also kept in
benchmarks/results/recommend.json.

    python benchmarks/recommend.py [--quick]
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tailorbird import recommend
from tailorbird.recommend import Parameters
from tailorbird.recommend.compiled import WORTH_IT_CELLS
from tailorbird.schema import DAY

RESULTS = Path(__file__).parent / "results" / "recommend.json"
GOAL_RATIO = 1.0
PER_PERSON = 14
ITEMS_EACH = 20
NOW = 20_000 * DAY
Columns = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]


def shop(people: int, items: int, seed: int = 1) -> Columns:
    """Return person, item and age in days of every purchase; people share a hundred tastes."""
    rng = np.random.default_rng(seed)
    bought = np.clip(rng.lognormal(np.log(PER_PERSON) - 0.5, 1.0, people), 1, 500).astype(np.int64)
    person = np.repeat(np.arange(people), bought)
    taste = np.repeat(rng.integers(0, 100, people), bought)
    rank = np.minimum(rng.pareto(0.6, len(person)) * 8, items - 1).astype(np.int64)
    # Each taste has its own order of the catalogue; a third of what is bought is bought by all.
    step = 2 * rng.integers(1, items // 2, 100) + 1
    own = rng.random(len(person)) < 2 / 3
    item = np.where(own, (rank * step[taste] + taste * 977) % items, rank)
    age = rng.exponential(120, len(person)).astype(np.int64)
    return person, item, age


def interactions(columns: Columns) -> pa.Table:
    """Return the purchases as our door takes them."""
    person, item, age = columns
    words = pa.array([f"item-{number:06}" for number in range(int(item.max()) + 1)])
    coded = pa.DictionaryArray.from_arrays(pa.array(item.astype(np.int32)), words)
    return pa.table(
        {
            "person": person + 1,
            "item": coded.cast(pa.string()),
            "at": NOW - age * DAY,
            "quantity": np.ones(len(person), np.int64),
            "kind": pa.DictionaryArray.from_arrays(
                pa.array(np.zeros(len(person), np.int8)), pa.array(["purchase"])
            ).cast(pa.string()),
        }
    )


def timed(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """Return wall seconds, CPU seconds and what the work returned."""
    wall, cpu = time.perf_counter(), time.process_time()
    made = work()
    return time.perf_counter() - wall, time.process_time() - cpu, made


def ours(table: pa.Table, people: int) -> dict[str, Any]:
    """Return our seconds; the code is compiled once before, as a running system has it."""
    warm = recommend.fit(table.slice(0, 2000), now=NOW)
    warm.top([1] * (WORTH_IT_CELLS // len(warm.items) + 1), ITEMS_EACH, now=NOW)
    parameters = Parameters(neighbours="cosine", most_people=people)
    train, train_cpu, model = timed(lambda: recommend.fit(table, now=NOW, parameters=parameters))

    def all_people() -> int:
        batch, rows = 100_000, 0
        for low in range(1, people + 1, batch):
            several = range(low, min(low + batch, people + 1))
            rows += model.top(several, ITEMS_EACH, now=NOW, threads=os.cpu_count() or 1).num_rows
        return rows

    top, top_cpu, rows = timed(all_people)
    return _row("tailorbird", people, (train, train_cpu), (top, top_cpu), rows)


def implicit(name: str, columns: Columns, people: int, items: int) -> dict[str, Any]:
    """Return the seconds of one of implicit's neighbour models."""
    from scipy.sparse import csr_array, csr_matrix

    neighbours = importlib.import_module("implicit.nearest_neighbours")
    person, item, _ = columns
    held = csr_array((np.ones(len(person), np.float32), (person, item)), shape=(people, items))
    matrix = csr_matrix(held)
    model = getattr(neighbours, name)(K=100, num_threads=0)
    train, train_cpu, _ = timed(lambda: model.fit(matrix, show_progress=False))
    everybody = np.arange(people)
    top, top_cpu, found = timed(
        lambda: model.recommend(everybody, matrix, N=ITEMS_EACH, filter_already_liked_items=False)
    )
    return _row(f"implicit {name}", people, (train, train_cpu), (top, top_cpu), found[0].size)


def _row(
    name: str, people: int, train: tuple[float, float], top: tuple[float, float], rows: int
) -> dict[str, Any]:
    row = {
        "name": name,
        "train_seconds": round(train[0], 2),
        "train_cpu_seconds": round(train[1], 2),
        "top_seconds": round(top[0], 2),
        "top_cpu_seconds": round(top[1], 2),
        "rows": rows,
        "people_per_second": round(people / (train[0] + top[0])),
        "people_per_cpu_second": round(people / (train[1] + top[1])),
    }
    print(row, flush=True)
    return row


def main() -> None:
    quick = "--quick" in sys.argv[1:]
    people, items = (60_000, 8_000) if quick else (1_000_000, 50_000)
    columns = shop(people, items)
    print(f"{people:,} people, {items:,} items, {len(columns[0]):,} purchases", flush=True)
    mine = ours(interactions(columns), people)
    missing = [name for name in ("implicit",) if importlib.util.find_spec(name) is None]
    models = () if missing else ("CosineRecommender", "BM25Recommender")
    peers = [implicit(name, columns, people, items) for name in models]
    best = max((row["people_per_cpu_second"] for row in peers), default=None)
    ratio = round(mine["people_per_cpu_second"] / best, 2) if best else None
    result = {
        "claim": "people trained on and given 20 items per CPU second, beside implicit's item kNN",
        "ours": mine,
        "peers": peers,
        "limit": None,
        "ratio": ratio,
        "goal": GOAL_RATIO,
        "holds": ratio is not None and ratio >= GOAL_RATIO,
        "missing": missing,
        "people": people,
        "items": items,
        "purchases": len(columns[0]),
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
