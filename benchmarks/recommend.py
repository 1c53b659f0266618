"""CPU seconds to learn from a shop and to give everybody 20 items, beside implicit on one thread.

One synthetic shop for all: tastes, fashions and long histories, in arrays, written to a file that
each contestant maps in a process of its own, so that the peak of memory is its own, interactions
included. Ours learns a local ridge with what follows what, and ranks with repeats, fashion and
reasons; the peers learn cosine or BM25 neighbours, or ALS, and rank. All leave out what a person
has, and the twentieth of the items that is out of stock. Because implicit ranks thousands of items
more to drop those, its neighbours run without stock too, and that ratio is told beside. The largest
shop is run three times, and the median counts; two smaller ones tell whether the cost grows with
the interactions. A library that is not installed is named as such, and then nothing holds. The last
line printed is one JSON object, also kept in benchmarks/results/recommend.json after a full run.

    python benchmarks/recommend.py [--quick]
"""

from __future__ import annotations

import importlib.util
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tailorbird import recommend
from tailorbird.recommend.compiled import WORTH_IT_CELLS
from tailorbird.schema import DAY

RESULTS = Path(__file__).parent / "results" / "recommend.json"
GOAL_RATIO, GOAL_TRAIN_SECONDS, GOAL_PEAK_MIB = 5.0, 30.0, 2048
PER_PERSON = 14
ITEMS_EACH = 20
AT_ONCE = 100_000
NEIGHBOURS = 100
NOW = 20_000 * DAY
STOCKED = " in stock"
PEERS = (
    "CosineRecommender",
    "BM25Recommender",
    f"CosineRecommender{STOCKED}",
    f"BM25Recommender{STOCKED}",
    "AlternatingLeastSquares",
)
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


def written(columns: Columns, file: Path) -> None:
    """Write the purchases as our door takes them, words as dictionaries."""
    person, item, age = columns
    words = pa.array([f"item-{number:06}" for number in range(int(item.max()) + 1)])
    kinds = pa.array(np.zeros(len(person), np.int8))
    table = pa.table(
        {
            "person": person + 1,
            "item": pa.DictionaryArray.from_arrays(pa.array(item.astype(np.int32)), words),
            "at": NOW - age * DAY,
            "quantity": np.ones(len(person), np.int64),
            "kind": pa.DictionaryArray.from_arrays(kinds, pa.array(["purchase"])),
        }
    )
    with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_file(sink, table.schema) as out:
        out.write_table(table)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return CPU seconds and what the work returned."""
    before = time.process_time()
    made = work()
    return round(time.process_time() - before, 2), made


def ours(table: pa.Table, people: int, items: int) -> dict[str, Any]:
    """Return our seconds; the code is compiled once before, as a running system has it."""
    warm = recommend.fit(table.slice(0, 200_000), now=NOW)
    warm.top([1] * (WORTH_IT_CELLS // len(warm.items) + 1), ITEMS_EACH, now=NOW)
    del warm
    train, model = timed(lambda: recommend.fit(table, now=NOW))
    stock = {item for number, item in enumerate(model.items) if number % 20}

    def all_people() -> int:
        rows = 0
        for low in range(1, people + 1, AT_ONCE):
            several = range(low, min(low + AT_ONCE, people + 1))
            found = model.top(several, ITEMS_EACH, now=NOW, within=stock, exclude_recent_days=1e6)
            rows += found.num_rows
        return rows

    top, rows = timed(all_people)
    return row("tailorbird", people, train, top, rows)


def peer(name: str, table: pa.Table, people: int, items: int) -> dict[str, Any]:
    """Return the seconds of one of implicit's models."""
    from scipy.sparse import csr_array, csr_matrix

    person = table["person"].to_numpy() - 1
    item = table["item"].chunk(0).indices.to_numpy()
    counts = csr_array((np.ones(len(person), np.float32), (person, item)), shape=(people, items))
    matrix = csr_matrix(counts)
    stocked = name.endswith(STOCKED)
    out_of_stock = np.arange(0, items, 20) if stocked else None
    model = made(name.removesuffix(STOCKED))
    train, _ = timed(lambda: model.fit(matrix, show_progress=False))

    def all_people() -> int:
        rows = 0
        for low in range(0, people, AT_ONCE):
            several = np.arange(low, min(low + AT_ONCE, people))
            found, _ = model.recommend(
                several,
                matrix[several],
                N=ITEMS_EACH,
                filter_already_liked_items=True,
                filter_items=out_of_stock,
            )
            rows += found.size
        return rows

    top, rows = timed(all_people)
    return row(f"implicit {name}", people, train, top, rows)


def made(name: str) -> Any:
    """Return one of implicit's models, on one thread."""
    import implicit.als
    import implicit.nearest_neighbours

    if name == "AlternatingLeastSquares":
        return implicit.als.AlternatingLeastSquares(
            factors=64, iterations=10, num_threads=1, random_state=1
        )
    return getattr(implicit.nearest_neighbours, name)(K=NEIGHBOURS, num_threads=1)


def row(name: str, people: int, train: float, top: float, rows: int) -> dict[str, Any]:
    """Return one contestant's line."""
    return {
        "name": name,
        "train_cpu_seconds": train,
        "top_cpu_seconds": top,
        "rows": rows,
        "people_per_cpu_second": round(people / top),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def contest(name: str, file: str, people: str, items: str) -> None:
    """Print one contestant's line, in this process."""
    with pa.memory_map(file) as source:
        table = pa.ipc.open_file(source).read_all()
        run = ours if name == "tailorbird" else lambda *given: peer(name, *given)
        print(json.dumps(run(table, int(people), int(items))))


def apart(name: str, file: Path, people: int, items: int) -> dict[str, Any]:
    """Return one contestant's line, from a process of its own on one thread."""
    single = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "NUMBA", "MKL")}
    done = subprocess.run(
        [sys.executable, __file__, "--contest", name, str(file), str(people), str(items)],
        env={**os.environ, **single, "OMP_WAIT_POLICY": "passive"},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(found, flush=True)
    return found


def median(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the line whose seconds are the medians; memory is the most of all."""
    return rows[0] | {
        "train_cpu_seconds": statistics.median(each["train_cpu_seconds"] for each in rows),
        "top_cpu_seconds": statistics.median(each["top_cpu_seconds"] for each in rows),
        "people_per_cpu_second": statistics.median(each["people_per_cpu_second"] for each in rows),
        "peak_mib": max(each["peak_mib"] for each in rows),
        "runs": len(rows),
    }


def growth(sizes: list[dict[str, Any]]) -> float | None:
    """Return the power of interactions with which training grows: 1 is linear."""
    if len(sizes) < 2:
        return None
    size, seconds = ([each[name] for each in sizes] for name in ("purchases", "train_cpu_seconds"))
    return round(float(np.polyfit(np.log(size), np.log(seconds), 1)[0]), 2)


def main() -> None:
    quick = "--quick" in sys.argv[1:]
    shops = (
        ((60_000, 8_000),) if quick else ((250_000, 50_000), (500_000, 50_000), (1_000_000, 50_000))
    )
    missing = [name for name in ("implicit",) if importlib.util.find_spec(name) is None]
    mine: dict[str, Any] = {}
    peers: list[dict[str, Any]] = []
    sizes = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "shop.arrow"
        for people, items in shops:
            columns = shop(people, items)
            purchases = len(columns[0])
            written(columns, file)
            del columns
            print(f"{people:,} people, {items:,} items, {purchases:,} purchases", flush=True)
            last = (people, items) == shops[-1]
            runs = 3 if last and not quick else 1
            mine = median([apart("tailorbird", file, people, items) for _ in range(runs)])
            sizes.append({"people": people, "items": items, "purchases": purchases, **mine})
        names = () if missing else PEERS
        peers = [apart(name, file, people, items) for name in names]
    result = judged(mine, peers, sizes, missing)
    if not quick:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result))


def judged(
    mine: dict[str, Any],
    peers: list[dict[str, Any]],
    sizes: list[dict[str, Any]],
    missing: list[str],
) -> dict[str, Any]:
    """Return the result: the best of implicit's item kNN beside ours, and the limits."""
    neighbours = [each for each in peers if "Alternating" not in each["name"]]
    stocked, plain = (
        [each["top_cpu_seconds"] for each in neighbours if (STOCKED in each["name"]) == same]
        for same in (True, False)
    )
    ratio = round(min(stocked) / mine["top_cpu_seconds"], 2) if stocked else None
    within = mine["train_cpu_seconds"] < GOAL_TRAIN_SECONDS and mine["peak_mib"] < GOAL_PEAK_MIB
    return {
        "claim": "top 20 of what is in stock and new to each: implicit's better item kNN over ours",
        "ours": mine,
        "peers": peers,
        "limit": {"train_cpu_seconds": GOAL_TRAIN_SECONDS, "peak_mib": GOAL_PEAK_MIB},
        "ratio": ratio,
        "goal": GOAL_RATIO,
        "ratio_of_peer_without_stock": (
            round(min(plain) / mine["top_cpu_seconds"], 2) if plain else None
        ),
        "holds": ratio is not None and ratio >= GOAL_RATIO and within,
        "missing": missing,
        "sizes": sizes,
        "training_grows_with_power": growth(sizes),
    }


if __name__ == "__main__":
    if "--contest" in sys.argv:
        contest(*sys.argv[2:])
    else:
        main()
