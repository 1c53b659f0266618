"""Bytes that a decision takes on disk, and milliseconds in which the ledger answers about one.

First decisions are recorded as campaigns record them, 5,000 at a time, each of a campaign's own
draw of a list: seven of ten are to be sent, one is held out, the rest are refused. What the mails
are made from is as in the demo: four products of a catalogue with reasons and scores, and traits.
Then the file is made as large as asked by copies of what was recorded, under other people and ids,
and decisions are asked for at random: all of one person, one by its id, what became of its mail.
What catalogues said of products is kept once for all decisions, and so its bytes are counted.
The limit: what the plainest row of SQLite with two indexes takes.
The last line printed is one JSON object; a run that is not `--quick` keeps it in results/why.json.
"""

from __future__ import annotations

import json
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from tailorbird.ids import decision_id
from tailorbird.schema import Decision, Settlement, Verdict
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.sqlite.ledger import SqliteLedger

RESULT = Path(__file__).parent / "results" / "why.json"
GOAL_BYTES, GOAL_MS = 100, 20
AT_ONCE = 5_000
DAY = 86_400_000_000
TABLES = ("decided", "decided_runs", "decided_odd", "grounds", "given")
SHARED = "given_parts"
INDEXES = ("decided_by_person", "decided_by_tag", "decided_runs_of")
CATEGORIES = ("Pantry", "Coffee", "Pet care", "Home fragrance", "Garden", "Toys", "Books")
COUNTRIES = ("GB", "DE", "FR", "NL", "ES", "US")
TIERS = ("bronze", "silver", "gold")
BARE = "CREATE TABLE bare (n INTEGER PRIMARY KEY, person INTEGER, tag INTEGER, what INTEGER)"


def catalogue(chance: random.Random, size: int = 5_000) -> list[dict[str, object]]:
    """Return products as a shop's feed tells them."""
    return [
        {
            "category": chance.choice(CATEGORIES), "currency": "EUR", "image": "",
            "item": f"P{number:05}", "name": f"Product {chance.randrange(10**6)} of the house",
            "price_minor": chance.randrange(300, 9_000),
            "url": f"https://shop.example/products/{number}-of-the-house",
        }
        for number in range(size)
    ]  # fmt: skip


def inputs(chance: random.Random, products: Sequence[dict[str, object]]) -> bytes:
    """Return what one mail is made from."""
    picks = [
        {
            **products[int(len(products) * chance.random() ** 3)],
            "reason": f"goes with {products[int(len(products) * chance.random() ** 3)]['name']}",
            "score": round(chance.random() / (place + 1), 6),
        }
        for place in range(4)
    ]
    traits = {
        "country": chance.choice(COUNTRIES), "favourite_category": chance.choice(CATEGORIES),
        "favourite_item": chance.choice(products)["item"], "orders": int(chance.expovariate(0.3)),
        "purchase_score": chance.randrange(10**6), "recency_days": int(chance.expovariate(0.01)),
        "revenue_minor": int(chance.expovariate(1e-4)), "tier": chance.choice(TIERS),
    }  # fmt: skip
    told = {
        "edition": "33e54545347e7c056f2380fb7fdf8dd5", "personalised": True,
        "recommendations": picks, "recommender_version": 3, "traits": traits,
    }  # fmt: skip
    return msgspec.json.encode(told, order="sorted")


def campaign(number: int, people: int, chance: random.Random) -> Iterator[Decision]:
    """Yield the decisions of one campaign about two fifths of a list."""
    products, name = catalogue(random.Random(1)), f"campaign-{number}"
    for person in range(1, people + 1):
        if chance.random() > 0.4:
            continue
        drawn = chance.random()
        verdict: Verdict = "send" if drawn < 0.7 else "holdout" if drawn < 0.78 else "refused"
        yield Decision(
            decision_id(name, person, "1"), name, 1, "1", person, number * DAY, verdict,
            reason="cap" if verdict == "refused" else "",
            variant="" if verdict == "refused" else chance.choice(("plain", "named")),
            probability=0.46, receipt=0 if verdict == "refused" else 3 * person,
            inputs=b"{}" if verdict == "refused" else inputs(chance, products),
        )  # fmt: skip


def record(ledger: SqliteLedger, people: int, campaigns: int) -> tuple[int, float]:
    """Record campaigns; return how many decisions, and the CPU seconds that the ledger took."""
    chance, recorded, seconds = random.Random(7), 0, 0.0
    for number in range(campaigns):
        made = list(campaign(number, people, chance))
        for start in range(0, len(made), AT_ONCE):
            began = time.process_time()
            recorded += ledger.record(made[start : start + AT_ONCE])
            seconds += time.process_time() - began
    return recorded, seconds


def sizes(connection: sqlite3.Connection) -> dict[str, int]:
    """Return the bytes of every table and index."""
    return dict(connection.execute("SELECT name, SUM(pgsize) FROM dbstat GROUP BY name"))


def bare(folder: Path, rows: int, people: int) -> float:
    """Return the bytes a row of the plainest table that could tell as much."""
    chance, connection = random.Random(3), sqlite3.connect(folder / "bare.sqlite")
    connection.execute(BARE)
    connection.execute("CREATE INDEX by_person ON bare (person)")
    connection.execute("CREATE INDEX by_tag ON bare (tag)")
    connection.executemany(
        "INSERT INTO bare (person, tag, what) VALUES (?, ?, 1)",
        ((n % people, chance.getrandbits(31)) for n in range(rows)),
    )
    connection.commit()
    found = sum(sizes(connection).values()) / rows
    connection.close()
    return found


def grow(database: Database, rows: int, people: int) -> None:
    """Copy what was recorded, under other people, until there are so many rows."""
    (had,) = database.read().execute("SELECT MAX(sequence) FROM decided").fetchone()
    with database.write() as connection:
        for index in INDEXES[:2]:
            connection.execute(f"DROP INDEX {index}")
    for copy in range(1, max(rows // had, 1)):
        with database.write(durable=False) as connection:
            bound = {"by": copy * had, "people": people, "jump": 7_919 * copy, "had": had}
            for statement in COPIES:
                connection.execute(statement, bound)
    for column in ("person", "tag"):
        with database.write(durable=False) as connection:
            connection.execute(f"CREATE INDEX decided_by_{column} ON decided ({column})")


COPIES = (
    "INSERT INTO decided SELECT sequence + :by, 1 + (person + :jump) % :people, RANDOM() >> 32, "
    "ground, receipt FROM decided WHERE sequence <= :had",
    "INSERT INTO decided_runs SELECT first + :by, last + :by, campaign || '-' || :by, "
    "campaign_version, at, occurrence FROM decided_runs WHERE first <= :had",
    "INSERT INTO given SELECT first + :by, content FROM given WHERE first <= :had",
)


def answers(ledger: SqliteLedger, people: int, asked: int) -> dict[str, float]:
    """Return milliseconds in which all of a person, one decision and its trail are told."""
    chance, times = random.Random(11), []
    for _ in range(asked):
        person = chance.randrange(1, people)
        began = time.process_time()
        for made in ledger.decisions(person=person, limit=20)[:1]:
            ledger.decision(made.id)
            ledger.trail(made.id)
        times.append(1e3 * (time.process_time() - began))
    times.sort()
    return {"p50": round(times[asked // 2], 2), "p99": round(times[int(0.99 * asked)], 2)}


def main(arguments: Sequence[str]) -> None:
    """Measure, print, keep."""
    quick = "--quick" in arguments
    given = [int(each) for each in arguments if each.isdigit()]
    rows = given[0] if given else 1_000_000 if quick else 100_000_000
    people, campaigns = (40_000, 6) if quick else (100_000, 10)
    with tempfile.TemporaryDirectory() as name:
        database = Database(Path(name) / "tailorbird.sqlite")
        ledger = SqliteLedger(database)
        recorded, seconds = record(ledger, people, campaigns)
        kept = sizes(database.read())
        decisions = sum(kept.get(each, 0) for each in (*TABLES, *INDEXES)) / recorded
        sends = ledger.states()["pending"]
        settle(ledger)
        kept = sizes(database.read())
        outbox = sum(size for each, size in kept.items() if each.startswith(OUTBOX)) / sends
        grow(database, rows, max(people, rows // 20))
        total = len_of(database)
        decisions += kept[SHARED] / total
        told = answers(ledger, max(people, rows // 20), 300)
        database.close()
        smallest = bare(Path(name), recorded, people)
    line = {
        "claim": "a decision takes less than 100 bytes, and the ledger answers within 20 ms",
        "ours": {
            "bytes_a_decision": round(decisions, 1),
            "bytes_of_the_outbox_a_send": round(outbox, 1),
            "cpu_microseconds_to_record_one": round(1e6 * seconds / recorded, 1),
            "decisions": total,
            "answer_cpu_ms": told,
        },
        "peers": {},
        "limit": {"bytes_of_a_bare_row_with_two_indexes": round(smallest, 1)},
        "ratio": round(decisions / smallest, 2),
        "goal": {"bytes": GOAL_BYTES, "p99_cpu_ms": GOAL_MS},
        "holds": decisions < GOAL_BYTES and told["p99"] < GOAL_MS,
    }
    if not quick and not given:
        RESULT.write_text(json.dumps(line, indent=2) + "\n")
    print(json.dumps(line))


def len_of(database: Database) -> int:
    """Return how many decisions there are."""
    (total,) = database.read().execute("SELECT COUNT(*) FROM decided").fetchone()
    return int(total)


OUTBOX = ("sends", "settlements", "addressed")


def settle(ledger: SqliteLedger) -> None:
    """Have every mail that waits leave."""
    while claims := ledger.claim("w", AT_ONCE, 10**17, 900):
        ended = [
            Settlement(each.send_id, "sent", "smtp", "250 2.0.0 Ok: queued as 4C1B2D3E4F",
                       digest=each.send_id)
            for each in claims
        ]  # fmt: skip
        ledger.settle(ended, 10**17)


if __name__ == "__main__":
    main(sys.argv[1:])
