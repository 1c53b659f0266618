"""CPU that the surroundings of an event cost: decoding its context, and keeping up the sessions.

Bodies of a browser tag, with and without `context`, in batches of 100; then page views of many
people in order of time, their sessions kept up batch by batch. Beside the upkeep, in the same run:
counting all sessions at once, which a store without upkeep pays at every question.
The last line printed is one JSON object; it is kept in benchmarks/results/context.json too.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from tailorbird import collect
from tailorbird.schema import MINUTE, Body, Event, LogRecord, Names, ResolvedEvent
from tailorbird.stores.duckdb.facts import DuckFacts

RESULT = Path(__file__).parent / "results" / "context.json"
NOW = 1_760_000_000_000_000
AGENTS = 200
BATCH = 50_000
MOST = 2.0
"""Times the cost of the bare event."""


def body(number: int, *, told: bool) -> LogRecord:
    """Return a body of 100 events, with what surrounds them or without."""
    draw = random.Random(number)
    messages = [_message(draw, number * 100 + each, told=told) for each in range(100)]
    return LogRecord(number, Body("web:key", NOW, msgspec.json.encode({"batch": messages})))


def _message(draw: random.Random, number: int, *, told: bool) -> dict[str, Any]:
    message: dict[str, Any] = {
        "type": "page" if number % 2 else "track", "event": "Product Viewed",
        "userId": f"u{number % 5000}", "messageId": f"m{number}",
        "timestamp": NOW // 1000 - number, "properties": {"product_id": f"p{number % 900}"},
    }  # fmt: skip
    if told:
        version = draw.randrange(AGENTS)
        query = "?utm_source=news&utm_campaign=may"
        message["context"] = {
            "userAgent": f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_{version} like Mac OS X) "
            f"AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.{version} Mobile Safari/604.1",
            "timezone": "Europe/Berlin", "sessionId": f"s{number % 4000}",
            "page": {
                "url": f"https://shop.example/p/{number % 900}{query}", "search": query,
                "path": f"/p/{number % 900}", "referrer": "https://www.google.com/",
            },
        }  # fmt: skip
    return message


def decoding(bodies: int, *, told: bool) -> float:
    """Return the microseconds of CPU that one event costs to decode, the best of three."""
    records = [body(number, told=told) for number in range(1, bodies + 1)]
    collect.decode(records[:5])
    return min(_spent(lambda: collect.decode(records)) for _ in range(3)) / bodies / 100 * 1e6


def visits(count: int, people: int, name: str) -> list[ResolvedEvent]:
    """Return visits of four events of this name, in order of time, over some 90 days."""
    draw = random.Random(3)
    starts = sorted(draw.randrange(90 * 24 * 60) for _ in range(count // 4))
    found: list[ResolvedEvent] = []
    for start in starts:
        person = draw.randrange(1, people)
        for page in range(4):
            position = len(found) + 1
            at = NOW + (start + 2 * page) * MINUTE
            event = Event(
                message_id="", name=name, at=at, received_at=at, position=position, source="web"
            )
            found.append(ResolvedEvent(event, person))
    return found


def upkeep(count: int) -> tuple[float, float, float]:
    """Return what a session costs an act, kept up and counted at once; and a tick of 100 acts."""
    appended(visits(1_000, 50, Names.PAGE_VIEWED), BATCH)  # imports of libraries are nobody's act
    views = visits(count, count // 20, Names.PAGE_VIEWED)
    bare = appended(visits(count, count // 20, "looked"), BATCH)[1]
    store, kept = appended(views, BATCH)
    late = [
        ResolvedEvent(msgspec.structs.replace(one.event, position=count + n), one.person)
        for n, one in enumerate(views[-100:], 1)
    ]
    tick = _spent(lambda: store.append(late, [], count))
    at_once = appended(views, count)[1]
    return (kept - bare) / count * 1e6, (at_once - bare) / count * 1e6, tick * 1000


def appended(events: Sequence[ResolvedEvent], batch: int) -> tuple[DuckFacts, float]:
    """Return a store of these events, and the seconds of CPU that they cost."""
    store = DuckFacts(None, threads=1)

    def append() -> None:
        for at in range(0, len(events), batch):
            store.append(events[at : at + batch], [], at + 1)

    return store, _spent(append)


def _spent(run: Callable[[], object]) -> float:
    before = time.process_time()
    run()
    return time.process_time() - before


def main(arguments: list[str]) -> None:
    """Measure, print and keep the verdict."""
    bodies, acts = (100, 200_000) if "--quick" in arguments else (500, 1_000_000)
    bare, told = decoding(bodies, told=False), decoding(bodies, told=True)
    kept_up, at_once, tick = upkeep(acts)
    verdict = {
        "claim": "an event with all that surrounds it costs at most twice as much to decode as one "
        "without; its session is kept up in microseconds",
        "ours": {
            "decode with context": round(told, 2),
            "sessions kept up, an act": round(kept_up, 2),
            "tick of 100 acts, milliseconds": round(tick, 1),
        },
        "peers": {"sessions counted at once, an act": round(at_once, 2)},
        "limit": {"decode without context": round(bare, 2)},
        "ratio": round(told / bare, 2),
        "goal": MOST,
        "holds": told <= MOST * bare,
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(verdict, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(verdict))


if __name__ == "__main__":
    main(sys.argv[1:])
