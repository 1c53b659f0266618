"""Milliseconds from an event, and from the end of a window, to the change of membership over HTTP.

The whole server runs, worker and segments included: those of the library and two of our own. Beside
a steady load of batches from other people, one new person after the other buys something, and her
changes are asked for until they say that she entered; the window of one segment is three seconds,
and they are asked on until they say that she left it. Counted is the time from the first byte sent,
and from the instant at which the window ended, to the answer. The limit, in the same run: the same
without any load. No peer can be run here; the documented delays of the field for a window that ends
are minutes to a day.
The last line printed is one JSON object; it is kept in benchmarks/results/membership.json too.
"""

from __future__ import annotations

import http.client
import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from collector import server
from freshness import ask, keep_sending

RESULT = Path(__file__).parent / "results" / "membership.json"
GOAL_MS = 1_000
LOAD = 5_000
"""Events a second beside the probes."""
BETWEEN_PROBES_SECONDS = 0.5
WINDOW_SECONDS = 3
PATIENCE_SECONDS = 60
SEGMENTS = {
    "bought": "name: bought\nwhere:\n  did: purchase\n",
    "just-bought": f"name: just-bought\nwhere:\n  did: purchase\n  within: {WINDOW_SECONDS}s\n",
}


class Waits:
    """Seconds from the event to entering, and from the end of the window to leaving."""

    def __init__(self) -> None:
        self.entered: list[float] = []
        self.left: list[float] = []


def probe(port: int, number: int, waits: Waits) -> None:
    """Have somebody buy, and note when her changes of membership are readable."""
    user = f"probe-{number}"
    said = {
        "type": "track", "userId": user, "event": "Order Completed",
        "properties": {"order_id": user, "total": 12.5, "currency": "EUR"},
    }  # fmt: skip
    began = time.perf_counter()
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        ask(connection, "POST", "/v1/track", json.dumps(said).encode())
        person = until(lambda: ask(connection, "GET", f"/api/v1/people/find?user_id={user}"))
        path = f"/api/v1/people/{person['person']}/segment-changes"
        entered = until(lambda: change(ask(connection, "GET", path), entered=True))
        waits.entered.append(time.perf_counter() - began)
        ended = datetime.fromisoformat(entered["at"]).timestamp() + WINDOW_SECONDS
        time.sleep(max(0.0, ended - time.time()))
        until(lambda: change(ask(connection, "GET", path), entered=False))
        waits.left.append(time.time() - ended)


def until(look: Any) -> Any:
    """Return what is there, as soon as it is."""
    end = time.perf_counter() + PATIENCE_SECONDS
    while time.perf_counter() < end:
        if found := look():
            return found
        time.sleep(0.03)
    raise SystemExit("a change of membership has not come")


def change(page: Any, *, entered: bool) -> Any:
    """Return the change of the segment with the short window, None while it is not there."""
    rows = [row for row in page["changes"] if row["segment"] == "just-bought"]
    return next((row for row in rows if row["entered"] == entered), None)


def measure(rate: int, seconds: float) -> dict[str, float]:
    """Return the delays of probes beside a load of so many events a second."""
    import tailorbird

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "data"
        with tailorbird.open(folder) as tb:
            tb.install_library()
            for segment, text in SEGMENTS.items():
                tb.put("segment", segment, text)
            standing = len(tb.world.definitions.latest("segment"))
        with server("whole", folder) as port:
            probe(port, 1_000_000, Waits())
            stopped = threading.Event()
            load = threading.Thread(target=keep_sending, args=(port, rate, seconds + 5, stopped))
            load.start()
            waits = probes(port, seconds)
            stopped.set()
            load.join()
    return {
        "events_per_second_beside": rate,
        "segments": standing,
        "probes": len(waits.entered),
        **of(waits.entered, "entered"),
        **of(waits.left, "left_by_time"),
    }


def of(waits: Sequence[float], name: str) -> dict[str, float]:
    """Return the delays in milliseconds."""
    cuts = statistics.quantiles(waits, n=100)
    return {
        f"{name}_p50_ms": round(cuts[49] * 1000),
        f"{name}_p99_ms": round(cuts[98] * 1000),
        f"{name}_max_ms": round(max(waits) * 1000),
    }


def probes(port: int, seconds: float) -> Waits:
    """Return the delays of probes that start at a steady pace, whatever the ones before do."""
    waits = Waits()
    threads = []
    began = time.perf_counter()
    number = 0
    while (at := number * BETWEEN_PROBES_SECONDS) < seconds:
        time.sleep(max(0.0, began + at - time.perf_counter()))
        thread = threading.Thread(target=probe, args=(port, number, waits))
        thread.start()
        threads.append(thread)
        number += 1
    for thread in threads:
        thread.join()
    return waits


def main(arguments: Sequence[str]) -> None:
    """Measure, print, keep."""
    seconds = 12 if "--quick" in arguments else 60
    results = {}
    for rate in (0, LOAD):
        results[rate] = measure(rate, seconds)
        print("  " + "  ".join(f"{name} {value:,}" for name, value in results[rate].items()))
    ours, limit = results[LOAD], results[0]
    line = {
        "claim": "a change of membership is readable within one second at p99, under load",
        "ours": ours,
        "peers": {},
        "limit": limit,
        "ratio": round(ours["entered_p99_ms"] / limit["entered_p99_ms"], 2),
        "goal": GOAL_MS,
        "holds": max(ours["entered_p99_ms"], ours["left_by_time_p99_ms"]) <= GOAL_MS,
    }
    RESULT.write_text(json.dumps(line, indent=2) + "\n")
    print(json.dumps(line))


if __name__ == "__main__":
    main(sys.argv[1:])
