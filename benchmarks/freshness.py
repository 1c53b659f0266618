"""Milliseconds from sending an event to reading it in the profile over HTTP, under load.

The whole server runs, worker and segments included. Beside a steady load of batches from other
people, one person after the other is identified with a trait of her own, and her profile is asked
for until it says so: what is counted is the time from the first byte sent to the answer that has
the trait. The limit, in the same run: the same without any load. No peer can be run here: Unomi,
the highest in the field, needs Elasticsearch.
The last line printed is one JSON object; it is kept in benchmarks/results/freshness.json too.
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
from pathlib import Path
from typing import Any

from collector import BATCH, batches, send_some, server

RESULT = Path(__file__).parent / "results" / "freshness.json"
GOAL_MS = 1_000
LOADS = (2_000, 8_000)
"""Events a second beside the probes."""
BETWEEN_PROBES_SECONDS = 0.5


def probe(port: int, number: int) -> float:
    """Return the seconds until a new person's trait is readable."""
    user = f"probe-{number}"
    said = {"type": "identify", "userId": user, "traits": {"shoe_size": number}}
    began = time.perf_counter()
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        ask(connection, "POST", "/v1/identify", json.dumps(said).encode())
        while True:
            found = ask(connection, "GET", f"/api/v1/people/find?user_id={user}")
            if found and any(
                trait["name"] == "shoe_size" and trait["value"] == number
                for trait in found["traits"]
            ):
                return time.perf_counter() - began
            time.sleep(0.03)


def ask(
    connection: http.client.HTTPConnection, method: str, path: str, body: bytes | None = None
) -> Any:
    """Return the answer's JSON, None where there is no such person yet."""
    connection.request(method, path, body)
    answer = connection.getresponse()
    content = answer.read()
    if answer.status == 404:
        return None
    if answer.status != 200:
        raise SystemExit(f"{method} {path}: {answer.status} {content.decode()}")
    return json.loads(content)


def measure(rate: int, seconds: float) -> dict[str, float]:
    """Return the delays of probes beside a load of so many events a second."""
    import tailorbird

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "data"
        with tailorbird.open(folder) as tb:
            tb.install_library()
        with server("whole", folder) as port:
            for number in range(3):
                probe(port, 1_000_000 + number)
            stopped = threading.Event()
            load = threading.Thread(target=keep_sending, args=(port, rate, seconds, stopped))
            load.start()
            waits = probes(port, seconds)
            stopped.set()
            load.join()
    cuts = statistics.quantiles(waits, n=100)
    return {
        "events_per_second_beside": rate,
        "probes": len(waits),
        "p50_ms": round(cuts[49] * 1000),
        "p99_ms": round(cuts[98] * 1000),
        "max_ms": round(max(waits) * 1000),
    }


def probes(port: int, seconds: float) -> list[float]:
    """Return the delays of probes that start at a steady pace, whatever the ones before do."""
    waits: list[float] = []
    threads = []
    began = time.perf_counter()
    number = 0
    while (at := number * BETWEEN_PROBES_SECONDS) < seconds:
        time.sleep(max(0.0, began + at - time.perf_counter()))
        thread = threading.Thread(target=lambda n: waits.append(probe(port, n)), args=(number,))
        thread.start()
        threads.append(thread)
        number += 1
    for thread in threads:
        thread.join()
    return waits


def keep_sending(port: int, rate: int, seconds: float, stopped: threading.Event) -> None:
    """Send batches at a steady pace."""
    if not rate:
        return
    requests = batches(int(rate * seconds / BATCH) + 1)
    began = time.perf_counter()
    for number, request in enumerate(requests):
        if stopped.wait(max(0.0, began + number * BATCH / rate - time.perf_counter())):
            return
        send_some(port, [request], [])


def main(arguments: Sequence[str]) -> None:
    """Measure, print, keep."""
    seconds = 12 if "--quick" in arguments else 60
    results = {}
    for rate in (0, *LOADS):
        results[rate] = measure(rate, seconds)
        print("  " + "  ".join(f"{name} {value:,}" for name, value in results[rate].items()))
    line = {
        "claim": "a profile is readable within one second of the event at p99, under load",
        "ours": [results[rate] for rate in LOADS],
        "peers": {},
        "limit": results[0],
        "ratio": round(results[LOADS[0]]["p99_ms"] / results[0]["p99_ms"], 2),
        "goal": GOAL_MS,
        "holds": all(results[rate]["p99_ms"] <= GOAL_MS for rate in LOADS),
    }
    RESULT.write_text(json.dumps(line, indent=2) + "\n")
    print(json.dumps(line))


if __name__ == "__main__":
    main(sys.argv[1:])
