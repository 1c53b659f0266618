"""Seconds from the instant at which a cart-recovery mail is due until the inbox has it.

The whole server runs with its own clock, segments and two workers: carts are filled over HTTP at a
steady pace, each mail is due so many seconds after its cart, and beside them other people's events
come in. Read afterwards from the record: when each enrolment was due, when its mail was taken. The
limit is that of the design: a tick is at most two seconds away. No peer can be run here: the
highest in the field says two minutes.
The last line printed is one JSON object; it is kept in benchmarks/results/cart.json too.
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

from collector import server
from freshness import ask, keep_sending

RESULT = Path(__file__).parent / "results" / "cart.json"
GOAL_SECONDS = 60.0
LIMIT_SECONDS = 2.0
"""The longest time between two ticks of a server that has nothing to do."""
WAIT_SECONDS = 5
CARTS_A_SECOND = 100
LOADS = (0, 2_000)
"""Events a second beside the carts."""
TEMPLATE = """<mjml><mj-body><mj-section><mj-column>
<mj-text>You left {{ event.product.name }} behind</mj-text>
<mj-text>{{ shop.name }} <a href="{{ unsubscribe_url }}">Stop</a></mj-text>
</mj-column></mj-section></mj-body></mjml>
"""
JOURNEY = f"""name: cart
trigger: {{event: add_to_cart}}
exit_when: {{event: purchase, since: entry}}
steps:
  - wait: {WAIT_SECONDS}s
  - send: cart-1
    template: cart
    subject: "{{{{ event.product.name }}}} waits for you"
"""


def prepare(folder: Path, people: int) -> None:
    """Make a shop whose people agreed to be written to."""
    import tailorbird
    from tailorbird.schema import Body

    agreed = {"email_marketing": True, "personalisation": True, "wordingVersion": "1"}
    said = [
        {
            "type": "identify", "userId": f"u{number}",
            "traits": {"email": f"u{number}@mail.example"}, "context": {"consent": agreed},
        }
        for number in range(people)
    ]  # fmt: skip
    mug = {"product_id": "mug", "name": "Blue mug", "price": 12.5}
    said.append({"type": "track", "event": "product_updated", "properties": mug})
    with tailorbird.open(folder) as tb:
        body = json.dumps({"batch": said}).encode()
        tb.world.log.append([Body("import", tb.clock(), body)])
        tb.ingest()
        tb.install_library()
        tb.put("template", "cart", TEMPLATE)
        tb.put("journey", "cart", JOURNEY)


def measure(carts: int, rate: int) -> dict[str, float]:
    """Return how late the mails of so many carts came, beside so many events a second."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "data"
        prepare(folder, carts)
        seconds = carts / CARTS_A_SECOND
        with server("whole", folder) as port:
            stopped = threading.Event()
            load = threading.Thread(target=keep_sending, args=(port, rate, seconds + 10, stopped))
            load.start()
            fill(port, carts)
            await_mails(port, carts)
            stopped.set()
            load.join()
        late = lateness(folder)
    cuts = statistics.quantiles(late, n=100)
    return {
        "events_per_second_beside": rate,
        "carts": len(late),
        "p50_seconds": round(cuts[49], 2),
        "p99_seconds": round(cuts[98], 2),
        "max_seconds": round(max(late), 2),
    }


def fill(port: int, carts: int) -> None:
    """Fill carts at a steady pace."""
    began = time.perf_counter()
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        for number in range(carts):
            time.sleep(max(0.0, began + number / CARTS_A_SECOND - time.perf_counter()))
            properties = {"product_id": "mug", "price": 12.5, "currency": "EUR"}
            said = {"userId": f"u{number}", "event": "Product Added", "properties": properties}
            ask(connection, "POST", "/v1/track", json.dumps({"type": "track", **said}).encode())


def await_mails(port: int, carts: int) -> None:
    """Wait until the inbox has them all."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        for _ in range(300):
            if ask(connection, "GET", "/api/v1/inbox?limit=1")["total"] >= carts:
                return
            time.sleep(0.2)
    raise SystemExit("the mails do not come")


def lateness(folder: Path) -> list[float]:
    """Return the seconds between due and taken of each mail."""
    import tailorbird

    found = []
    with tailorbird.open(folder) as tb:
        for decision in tb.world.ledger.decisions(campaign="cart/cart-1", limit=1_000_000):
            (way,) = tb.world.enrolments.of_person(decision.person)
            taken = tb.world.ledger.sent_at(decision.id)
            if taken is None:
                raise SystemExit(f"the mail of person {decision.person} was not sent")
            found.append((taken - way.entered_at) / 1e6 - WAIT_SECONDS)
    return found


def main(arguments: Sequence[str]) -> None:
    """Measure, print, keep."""
    carts = 600 if "--quick" in arguments else 1_000
    results = {}
    for rate in LOADS:
        results[rate] = measure(carts, rate)
        print("  " + "  ".join(f"{name} {value:,}" for name, value in results[rate].items()))
    worst = max(result["p99_seconds"] for result in results.values())
    line = {
        "claim": "a cart-recovery mail is in the inbox within a minute of becoming due, at p99",
        "ours": list(results.values()),
        "peers": {},
        "limit": LIMIT_SECONDS,
        "ratio": round(worst / LIMIT_SECONDS, 2),
        "goal": GOAL_SECONDS,
        "holds": worst <= GOAL_SECONDS,
    }
    RESULT.write_text(json.dumps(line, indent=2) + "\n")
    print(json.dumps(line))


if __name__ == "__main__":
    main(sys.argv[1:])
