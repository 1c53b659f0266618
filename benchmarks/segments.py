"""Eight typical segments: ours beside SQL by hand and other engines, in CPU seconds.

A simulated shop of two years: Zipf activity, products, orders, mails. All of it is counted in full
(from the state of each person, and from the facts alone), beside statements that an expert would
write, in the same DuckDB, with the same people for an answer; beside Polars and chdb over the same
rows, where they are installed; then anew for those only who were touched, over logs of growing
length. CPU seconds of all threads: wall time says little on a busy machine.

    python benchmarks/segments.py [--quick] [--events 100000000]

The last line printed is one JSON object; it is kept in benchmarks/results/segments.json too.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from segments_peers import PEERS

from tailorbird import segments
from tailorbird.schema import DAY, SECOND
from tailorbird.segments import Segment
from tailorbird.segments import compile as compiler
from tailorbird.segments.estimate import estimate
from tailorbird.stores.duckdb.facts import DuckFacts
from tailorbird.traits.decay import decay_weights
from tailorbird.traits.sql import Statement

RESULT = Path(__file__).parent / "results" / "segments.json"
NOW = 20_000 * DAY
DAYS = 730
GOAL = 1.2
"""Times the CPU seconds of the statement by hand, for each of the eight."""
STEP = 10_000_000
SKEW, HEAD = 0.8, 500
"""Activity falls as 1 / (rank + HEAD) ** SKEW."""

PEOPLE = f"INSERT INTO people SELECT i, {NOW - DAYS * DAY}, 0 FROM range(1, {{people}} + 1) AS r(i)"
FACTS = f"""
INSERT INTO facts BY NAME
SELECT i AS position, 1 + (rank * 7919) % {{people}} AS person,
    CASE WHEN k < 55 THEN 'product_viewed' WHEN k < 63 THEN 'add_to_cart'
        WHEN k < 69 THEN 'purchase' WHEN k < 70 THEN 'return' WHEN k < 86 THEN 'email_sent'
        WHEN k < 96 THEN 'email_opened' ELSE 'email_clicked' END AS event,
    t AS "at", t AS received_at, CASE WHEN k BETWEEN 63 AND 69 THEN 'o' || i // 2 END AS order_id,
    CASE WHEN k < 70 THEN 'i' || it END AS item,
    CASE WHEN k < 70 THEN 'c' || it % 50 END AS category, CASE WHEN k < 70 THEN 1 END AS quantity,
    CASE WHEN k < 70 THEN 100 + (hash(i, 4) % 20000)::BIGINT ELSE 0 END AS value_minor,
    CASE WHEN k < 70 THEN 'EUR' END AS currency,
    CASE WHEN k >= 70 THEN 'm' || t // {3 * DAY} END AS campaign,
    k >= 86 AND hash(i, 5) % 10 = 0 AS machine, 'simulated' AS source,
    0 AS utc_offset, t // {3600 * SECOND} % 24 AS hour, (t // {DAY} + 3) % 7 + 1 AS weekday
FROM (SELECT i, hash(i, 2) % 100 AS k,
    floor(5000 * power(hash(i, 3) / 18446744073709551616.0, 2))::BIGINT AS it,
    floor(power(hash(i, 1) / 18446744073709551616.0 * ({{widest}}) + {HEAD ** (1 - SKEW)},
        {1 / (1 - SKEW)}) - {HEAD})::BIGINT AS rank,
    {NOW - DAYS * DAY} + i * ({DAYS * DAY} // {{events}}) AS t
    FROM range({{low}}, {{high}}) AS r(i))"""
LINES = """
INSERT INTO lines BY NAME SELECT position, person, event, "at", order_id, item, category, quantity,
    value_minor, TRUE AS own FROM facts WHERE item IS NOT NULL"""


@dataclass(frozen=True, slots=True)
class Case:
    """A segment, and what an expert would write for it."""

    name: str
    where: str
    by_hand: str


def since(days: int) -> int:
    return NOW - days * DAY


CASES = (
    Case(
        "cart abandoners",
        "{did: add_to_cart, then_not: purchase, since: 2d}",
        f"""SELECT person FROM facts WHERE event IN ('add_to_cart', 'purchase')
        AND "at" > {since(2)} AND "at" <= {NOW} GROUP BY person
        HAVING MAX("at") FILTER (WHERE event = 'add_to_cart')
        > COALESCE(MAX("at") FILTER (WHERE event = 'purchase'), 0)""",
    ),
    Case(
        "viewed a category 3 times in 30 days",
        "{did: product_viewed, where: {category: c7}, times: {at_least: 3}, within: 30d}",
        f"""SELECT person FROM facts WHERE event = 'product_viewed' AND category = 'c7'
        AND "at" > {since(30)} AND "at" <= {NOW} GROUP BY person HAVING COUNT(*) >= 3""",
    ),
    Case(
        "champions (RFM)",
        "{all: [{trait: recency_days, at_most: 60}, {trait: orders, at_least: 5}, "
        "{trait: revenue_minor, at_least: 50000}]}",
        f"""SELECT person FROM (SELECT person, MAX("at") AS latest, SUM(value_minor) AS spent,
        COUNT(DISTINCT order_id) + COUNT(*) FILTER (WHERE order_id IS NULL) AS orders
        FROM facts WHERE event = 'purchase' AND "at" <= {NOW} GROUP BY person)
        LEFT JOIN (SELECT person, SUM(ABS(value_minor)) AS back FROM facts
        WHERE event = 'return' AND "at" <= {NOW} GROUP BY person) USING (person)
        WHERE latest > {since(61)} AND orders >= 5 AND spent - COALESCE(back, 0) >= 50000""",
    ),
    Case(
        "engaged (decayed score)",
        "{trait: engagement, at_least: 1}",
        f"""SELECT person FROM (SELECT person, {NOW // DAY} - "at" // {DAY} AS days,
        CASE WHEN event = 'email_clicked' THEN 3 ELSE 1 END AS points FROM facts
        WHERE event IN ('email_opened', 'email_clicked') AND NOT machine
        AND "at" > {since(628)} AND "at" <= {NOW}) JOIN decay ON age = days
        GROUP BY person HAVING SUM(weight * points) >= 1000000""",
    ),
    Case(
        "silver and gold (loyalty tier)",
        "{trait: tier, in: [silver, gold]}",
        f"""SELECT person FROM facts WHERE event = 'purchase' AND "at" > {since(365)}
        AND "at" <= {NOW} GROUP BY person
        HAVING COUNT(DISTINCT order_id) + COUNT(*) FILTER (WHERE order_id IS NULL) >= 5""",
    ),
    Case(
        "lapsed 90 days",
        "{trait: recency_days, at_least: 90}",
        f"""SELECT person FROM facts WHERE event = 'purchase' AND "at" <= {NOW}
        GROUP BY person HAVING MAX("at") <= {since(90)}""",
    ),
    Case(
        "bought A, never B",
        "{all: [{did: purchase, where: {category: c1}}, "
        "{did_not: purchase, where: {category: c2}}]}",
        f"""SELECT DISTINCT person FROM lines WHERE event = 'purchase' AND category = 'c1'
        AND "at" <= {NOW} EXCEPT SELECT person FROM lines WHERE event = 'purchase'
        AND category = 'c2' AND "at" <= {NOW}""",
    ),
    Case(
        "opened 2 of the last 5 mails",
        "{did: email_sent, of_last: 5, answered_by: email_opened, linked_by: campaign, "
        "times: {at_least: 2}}",
        f"""SELECT person FROM (
        SELECT person, campaign FROM facts WHERE event = 'email_sent' AND "at" <= {NOW}
        QUALIFY ROW_NUMBER() OVER (PARTITION BY person ORDER BY "at" DESC, position DESC) <= 5)
        WHERE (person, campaign) IN (SELECT person, campaign FROM facts
        WHERE event = 'email_opened' AND "at" <= {NOW}) GROUP BY person HAVING COUNT(*) >= 2""",
    ),
)


def cpu_seconds(work: Callable[[], object], runs: int) -> float:
    """Return the least CPU time of several runs, all threads together."""
    taken = []
    for _ in range(runs):
        before = time.process_time()
        work()
        taken.append(time.process_time() - before)
    return min(taken)


def simulated(
    folder: Path, people: int, events: int, more: Sequence[str] = ()
) -> tuple[DuckFacts, float]:
    """Return a store with a simulated shop of two years, and what its state cost to make.

    `more` are statements that add to it.
    """
    facts = DuckFacts(folder / f"{events}.duckdb")
    widest = (people + HEAD) ** (1 - SKEW) - HEAD ** (1 - SKEW)
    facts.write([(PEOPLE.format(people=people), ())])
    for low in range(0, events, STEP):
        high = min(low + STEP, events)
        sql = FACTS.format(people=people, events=events, widest=widest, low=low, high=high)
        facts.write([(sql, ())])
    facts.write([(sql, ()) for sql in (LINES, *more)])
    return facts, cpu_seconds(facts.renew_state, 1)


def by_hand(case: Case) -> Statement:
    """Return the expert's statement."""
    return Statement(case.by_hand, (), {"decay": decay_weights(30)})


def run(facts: DuckFacts, statement: Statement) -> set[int]:
    """Read whom a statement names."""
    found = facts.read(statement.sql, statement.parameters, statement.tables)
    return set(found["person"].to_pylist())


def read(facts: DuckFacts, statement: Statement) -> Any:
    return facts.read(statement.sql, statement.parameters, statement.tables)


def full(facts: DuckFacts, library: Sequence[Segment]) -> tuple[dict[str, list[float]], bool]:
    """Return each case's CPU seconds from the state, the facts and by hand, and if they agree."""
    spent: dict[str, list[float]] = {}
    agree = True
    for case, segment in zip(CASES, library, strict=True):
        three = (
            compiler.members(segment, as_of=NOW),
            compiler.members(segment, as_of=NOW, state=False),
            by_hand(case),
        )
        spent[case.name] = [cpu_seconds(partial(read, facts, each), 3) for each in three]
        people = [run(facts, each) for each in three]
        same = people[0] == people[1] == people[2]
        state, raw, hand = spent[case.name]
        print(
            f"{case.name:38} state {state:.3f}, facts {raw:.3f}, by hand {hand:.3f}, "
            f"{len(people[0]):,} people, same: {same}", flush=True,
        )  # fmt: skip
        agree = agree and same
    return spent, agree


def incremental(facts: DuckFacts, library: Sequence[Segment], people: int) -> dict[str, float]:
    """Return the CPU seconds of refreshes that touched so many of the latest visitors."""
    first = cpu_seconds(partial(segments.refresh, facts, library, now=NOW), 1)
    latest = 'SELECT person, MAX("at") AS m FROM facts WHERE "at" > $1 GROUP BY 1 ORDER BY m DESC'
    newest = facts.read(latest, (since(3),))["person"].to_numpy()
    others = np.random.default_rng(7).permutation(people) + 1
    clock = iter(range(1, 1000))
    figures = {"everybody": first}
    for few in (1_000, 100_000):
        for name, chosen in (("latest", newest[:few]), ("any", others[:few])):
            tick = partial(_tick, facts, library, chosen.tolist(), clock)
            figures[f"{few} {name}"] = cpu_seconds(tick, 3)
    return {name: round(each, 3) for name, each in figures.items()}


def _tick(facts: DuckFacts, library: Sequence[Segment], few: list[int], clock: Any) -> None:
    segments.refresh(facts, library, now=NOW + next(clock) * SECOND, touched=few)


def estimates(facts: DuckFacts, library: Sequence[Segment]) -> dict[str, float]:
    """Return the CPU seconds of an estimate of each, by one in a hundred of the people."""
    return {
        case.name: round(cpu_seconds(partial(_estimated, facts, segment), 3), 3)
        for case, segment in zip(CASES, library, strict=True)
    }


def _estimated(facts: DuckFacts, segment: Segment) -> object:
    return estimate(facts, segment, as_of=NOW, share=0.01)


def main() -> None:
    """Measure, print and keep the verdict."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--events", type=int, default=50_000_000)
    options = parser.parse_args()
    people, events = (100_000, 2_000_000) if options.quick else (1_000_000, options.events)
    lengths = (events // 10, events // 2, events) if options.quick else (5_000_000, 50_000_000)
    library = [
        segments.parse(f"name: s{number}\nwhere: {case.where}\n", case.name)
        for number, case in enumerate(CASES)
    ]
    curve = {}
    for length in sorted({*lengths, events}):
        with tempfile.TemporaryDirectory() as folder:
            facts, renewed = simulated(Path(folder), people, length)
            if length == events:
                spent, agree = full(facts, library)
                guessed = estimates(facts, library)
                peers = {name: peer(facts, NOW) for name, peer in PEERS.items()}
            curve[f"{length:,}"] = {
                "state made anew": round(renewed, 1),
                **incremental(facts, library, people),
            }
            print(length, curve[f"{length:,}"], flush=True)
            wrong = len(segments.verify(facts, library, now=NOW + 12 * SECOND))
            facts.close()
    report(people, events, spent, peers, curve, guessed, agree and not wrong)


def report(
    people: int,
    events: int,
    spent: dict[str, list[float]],
    peers: dict[str, Any],
    curve: dict[str, dict[str, float]],
    guessed: dict[str, float],
    right: bool,
) -> None:
    """Print and keep what was measured."""
    state, raw, hand = (round(sum(each[i] for each in spent.values()), 3) for i in range(3))
    worst = max(each[0] / each[2] for each in spent.values())
    verdict = {
        "claim": f"each of eight exact segments over {people:,} people and {events:,} events costs "
        f"at most {GOAL} times the CPU seconds of SQL written by hand, and names the same people",
        "ours": {
            "from state": state, "from facts": raw, "together": round(state / hand, 2),
            "each": {name: [round(one, 3) for one in each] for name, each in spent.items()},
            "touched, by events": curve, "estimates": guessed,
        },
        "peers": {"by hand": hand, **peers},
        "limit": hand,
        "ratio": round(worst, 2),
        "goal": GOAL,
        "holds": right and worst <= GOAL,
    }  # fmt: skip
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(verdict, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(verdict))


if __name__ == "__main__":
    main()
