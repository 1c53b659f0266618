"""CPU microseconds an event costs from the raw body to profiles and facts, stage by stage.

Two kinds of bodies: the simulated shop's behaviour, and orders of 20 lines as an import of a file
writes them. The limit, in the same run: JSON decoded into plain objects, the raw body inserted into
SQLite, and the finished Arrow tables appended to DuckDB. `ours` counts the same insert.
The last line printed is one JSON object; it is kept in benchmarks/results/ingest.json too.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import msgspec

from tailorbird import collect, profiles
from tailorbird.flow import BYTES, RECORDS
from tailorbird.privacy.vault import Vault
from tailorbird.schema import SECOND, Body, ResolvedEvent
from tailorbird.simulator import Shop
from tailorbird.stores.duckdb.facts import DuckFacts
from tailorbird.stores.duckdb.rows import tables_of
from tailorbird.stores.sqlite.connection import FILE_NAME, Database
from tailorbird.stores.sqlite.log import SqliteLog
from tailorbird.stores.sqlite.people import SqlitePeople
from tailorbird.stores.statements import load

T = TypeVar("T")

RESULT = Path(__file__).parent / "results" / "ingest.json"
GOAL_EVENTS_PER_SECOND = 300_000
BODIES_AT_ONCE = 64
LINES = 20
ORDERS_PER_BODY = 100
IMPORTED_AT = 1_800_000_000 * SECOND
APPEND = load("facts")
BATCH_EVENTS = 60_000
"""Events whose facts are appended together."""


@dataclass(slots=True)
class Clock:
    """CPU seconds of this process, all threads, by what they were spent on."""

    spent: dict[str, float] = field(default_factory=dict)

    def time(self, name: str, run: Callable[[], T]) -> T:
        """Return what `run` returns, its CPU time counted under `name`."""
        before = time.process_time()
        result = run()
        self.spent[name] = self.spent.get(name, 0.0) + time.process_time() - before
        return result

    def per_event(self, events: int) -> dict[str, float]:
        """Return the microseconds of each name for one event."""
        return {name: round(spent / events * 1e6, 2) for name, spent in self.spent.items()}


def simulated(people: int) -> list[Body]:
    """Return the history of a simulated shop."""
    return list(Shop(7, people).bodies())


def imported(orders: int) -> list[Body]:
    """Return bodies as the import of a file of order lines writes them."""
    draw = random.Random(7)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    catalogue = [(f"{20_000 + n}", n % 900 / 20 + 0.15, f"shelf {n % 12}") for n in range(3_000)]
    messages = []
    for number in range(orders):
        lines = [
            {"product_id": item, "price": price, "quantity": 1 + draw.randrange(12), "category": of}
            for item, price, of in draw.choices(catalogue, k=LINES)
        ]
        messages.append(
            {
                "type": "track", "event": "purchase", "messageId": f"{number:032x}",
                "timestamp": (start + timedelta(minutes=number)).isoformat(),
                "userId": str(12_000 + draw.randrange(orders // 4)),
                "properties": {
                    "order_id": str(500_000 + number), "total": number % 9_000 / 8,
                    "currency": "GBP", "products": lines,
                },
            }
        )  # fmt: skip
    return [
        Body("import", IMPORTED_AT, msgspec.json.encode({"batch": list(batch)}))
        for batch in chunks(messages, ORDERS_PER_BODY)
    ]


def chunks(values: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Yield so many at a time."""
    return (values[at : at + size] for at in range(0, len(values), size))


def ours(folder: Path, bodies: Sequence[Body]) -> tuple[int, dict[str, float], list[ResolvedEvent]]:
    """Return how many events came, what each stage cost for one, and the resolved events."""
    clock = Clock()
    database, facts = Database(folder / FILE_NAME), DuckFacts(folder / "facts.duckdb")
    log, people = SqliteLog(database), SqlitePeople(database, Vault(b"k" * 32))
    clock.time("log", lambda: [log.append(some) for some in chunks(bodies, BODIES_AT_ONCE)])
    events, resolved = 0, []
    while records := log.read(people.cursor(), RECORDS, BYTES):
        offset = records[-1].offset
        decoded = clock.time("decode", lambda: collect.decode(records))
        folded = clock.time(
            "fold",
            lambda: profiles.fold(people, decoded.events, decoded.refused, offset),  # noqa: B023
        )
        clock.time(
            "append",
            lambda: facts.append(folded.events, folded.homes, offset),  # noqa: B023
        )
        events += len(decoded.events) + len(decoded.refused)
        resolved += folded.events
    facts.close()
    database.close()
    return events, clock.per_event(events), resolved


def resolved_events(folder: Path, bodies: Sequence[Body]) -> list[ResolvedEvent]:
    """Return the events of bodies with their people; no facts are made of them."""
    database = Database(folder / FILE_NAME)
    log, people = SqliteLog(database), SqlitePeople(database, Vault(b"k" * 32))
    log.append(bodies)
    resolved: list[ResolvedEvent] = []
    while records := log.read(people.cursor(), RECORDS, BYTES):
        decoded = collect.decode(records)
        folded = profiles.fold(people, decoded.events, decoded.refused, records[-1].offset)
        resolved += folded.events
    database.close()
    return resolved


def bare(
    folder: Path, bodies: Sequence[Body], resolved: Sequence[ResolvedEvent], events: int
) -> dict[str, float]:
    """Return what decoding, inserting and appending alone cost for one event."""
    clock = Clock()
    database, facts = Database(folder / FILE_NAME), DuckFacts(folder / "facts.duckdb")
    log = SqliteLog(database)
    clock.time("log", lambda: [log.append(some) for some in chunks(bodies, BODIES_AT_ONCE)])
    clock.time("decode", lambda: [msgspec.json.decode(body.content) and None for body in bodies])
    for some in chunks(resolved, 1 << 15):
        tables = tables_of(some)
        statements = [(APPEND[f"append_{name}"], ()) for name in tables]
        named = {f"new_{name}": table for name, table in tables.items()}
        clock.time("append", lambda: facts.write(statements, named))  # noqa: B023
    facts.close()
    database.close()
    return clock.per_event(events)


def measured(bodies: Sequence[Body], runs: int) -> tuple[dict[str, float], dict[str, float]]:
    """Return the best run of ours and of the limit, in microseconds an event, by stage."""
    found = []
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
            events, stages, resolved = ours(Path(one), bodies)
            found.append((stages, bare(Path(two), bodies, resolved, events)))
    best, limit = (min(each, key=total) for each in zip(*found, strict=True))
    return best | {"all": total(best)}, limit | {"all": total(limit)}


def total(stages: dict[str, float]) -> float:
    """Return the microseconds of all stages."""
    return round(sum(stages.values()), 2)


def main(arguments: list[str]) -> None:
    """Measure, print and keep the verdict."""
    people, orders, runs = (1_000, 5_000, 3) if "--quick" in arguments else (10_000, 50_000, 3)
    measured(simulated(50), 1)  # imports of libraries are nobody's event
    shop, shop_limit = measured(simulated(people), runs)
    file, file_limit = measured(imported(orders), runs)
    goal = round(1e6 / GOAL_EVENTS_PER_SECOND, 2)
    verdict = {
        "claim": f"an event costs at most {goal} CPU microseconds from the raw body through log, "
        f"identity and facts: {GOAL_EVENTS_PER_SECOND:,} events a second on one core",
        "ours": {"simulated shop": shop, f"orders of {LINES} lines": file},
        "peers": {},
        "limit": {"simulated shop": shop_limit, f"orders of {LINES} lines": file_limit},
        "ratio": round(shop["all"] / shop_limit["all"], 2),
        "goal": goal,
        "holds": shop["all"] <= goal,
        "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(verdict, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(verdict))


if __name__ == "__main__":
    main(sys.argv[1:])
