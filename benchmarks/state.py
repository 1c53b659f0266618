"""CPU microseconds an event costs to append, with the state of each person kept beside the facts.

The stage measured is `Facts.append`: resolved events become rows of facts, lines, properties,
people and sessions, and, as far as they are asked for long after, rows of the state, put in order a
million at a time; all of it committed durably. Decoding and identity come before and are measured
by ingest.py. The limit, in the same run: the same without the state. Three kinds of events: the
simulated shop's behaviour, orders of 20 lines (21 rows of the state each), and the same shop in
batches of 2,500 events, as they come live.
The last line printed is one JSON object; it is kept in benchmarks/results/state.json too.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from ingest import BATCH_EVENTS, imported, resolved_events, simulated

from tailorbird.schema import Body, ResolvedEvent
from tailorbird.stores.duckdb import state
from tailorbird.stores.duckdb.facts import DuckFacts

RESULT = Path(__file__).parent / "results" / "state.json"
GOAL_EVENTS_PER_SECOND = 100_000
LIVE = 2_500
"""Events in a batch: half a second of 5,000 a second."""


def appended(events: Sequence[ResolvedEvent], batch: int) -> tuple[float, int]:
    """Return the microseconds of CPU that one event costs to append, and the state's rows."""
    with tempfile.TemporaryDirectory() as folder:
        facts = DuckFacts(Path(folder) / "facts.duckdb")
        before = time.process_time()
        for offset, at in enumerate(range(0, len(events), batch), 1):
            facts.append(events[at : at + batch], [], offset)
        spent = time.process_time() - before
        rows = sum(
            facts.read(f"SELECT COUNT(*) AS n FROM {name}")["n"][0].as_py() for name in state.TABLES
        )
        facts.close()
    return spent / len(events) * 1e6, rows


@contextmanager
def stateless() -> Iterator[None]:
    """Have no state kept while the block runs."""
    with patch.object(state, "add"):
        yield


def compared(events: Sequence[ResolvedEvent], batch: int, runs: int) -> dict[str, float]:
    """Return the best runs with and without the state, taken in turns."""
    with_state, without = [], []
    rows = 0
    for _ in range(runs):
        spent, rows = appended(events, batch)
        with_state.append(spent)
        with stateless():
            without.append(appended(events, batch)[0])
    best, bare = min(with_state), min(without)
    return {
        "events": len(events),
        "rows of the state": rows,
        "append": round(best, 2),
        "append without state": round(bare, 2),
        "state": round(best - bare, 2),
        "events_per_second": round(1e6 / best),
    }


def events_of(bodies: Sequence[Body]) -> list[ResolvedEvent]:
    """Return the resolved events of bodies."""
    with tempfile.TemporaryDirectory() as folder:
        return resolved_events(Path(folder), bodies)


def main(arguments: list[str]) -> None:
    """Measure, print and keep the verdict."""
    people, orders, runs = (2_000, 5_000, 3) if "--quick" in arguments else (10_000, 50_000, 3)
    shop, file = events_of(simulated(people)), events_of(imported(orders))
    appended(shop[:1000], BATCH_EVENTS)  # imports of libraries are nobody's event
    found = {
        "simulated shop": compared(shop, BATCH_EVENTS, runs),
        "orders of 20 lines": compared(file, BATCH_EVENTS, runs),
        f"simulated shop, {LIVE:,} at a time": compared(shop[:50_000], LIVE, runs),
    }
    ours = found["simulated shop"]
    verdict = {
        "claim": "facts and the state beside them are appended at "
        f"{GOAL_EVENTS_PER_SECOND:,} events of a shop a second on one core",
        "ours": found,
        "peers": {},
        "limit": ours["append without state"],
        "ratio": round(ours["append"] / ours["append without state"], 2),
        "goal": GOAL_EVENTS_PER_SECOND,
        "holds": ours["events_per_second"] >= GOAL_EVENTS_PER_SECOND,
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(verdict, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(verdict))


if __name__ == "__main__":
    main(sys.argv[1:])
