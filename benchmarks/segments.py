"""Eight typical segments: our compiled statements beside SQL written by hand, in CPU seconds.

Both run in the same DuckDB over the same simulated facts, and must name the same people. Ours also
says when each answer can next change; the refresh adds the standing membership and its changes.
The last line printed is one JSON object; it is kept in benchmarks/results/segments.json too.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tailorbird import segments
from tailorbird.schema import DAY, SECOND
from tailorbird.segments import Segment
from tailorbird.segments import compile as compiler
from tailorbird.stores.duckdb.facts import DuckFacts
from tailorbird.traits.decay import decay_weights
from tailorbird.traits.extract import touched
from tailorbird.traits.sql import Statement

RESULT = Path(__file__).parent / "results" / "segments.json"
NOW = 20_000 * DAY
DAYS = 730
GOAL = 1.2
"""Times the CPU seconds of the hand-written statements, all eight together."""

GENERATE = (
    "INSERT INTO people SELECT i, 0, 0 FROM range(1, {people} + 1) AS r(i)",
    f"""INSERT INTO facts
    SELECT i, 1 + (hash(i) % {{people}})::BIGINT,
        CASE WHEN k < 60 THEN 'product_viewed' WHEN k < 75 THEN 'add_to_cart'
        WHEN k < 83 THEN 'purchase' WHEN k < 84 THEN 'return' WHEN k < 95 THEN 'email_opened'
        ELSE 'email_clicked' END,
        t, t, CASE WHEN k BETWEEN 75 AND 83 THEN 'o' || i // 2 END, 'i' || hash(i, 3) % 5000,
        'c' || hash(i, 3) % 50, 1, (hash(i, 4) % 20000)::BIGINT, 'EUR', NULL, NULL, NULL,
        hash(i, 5) % 10 = 0, 'simulated'
    FROM (SELECT i, hash(i, 2) % 100 AS k,
        {NOW - DAYS * DAY} + i * ({DAYS * DAY} // {{events}}) AS t
        FROM range({{events}}) AS r(i))""",
    """INSERT INTO lines SELECT position, person, event, "at", order_id, item, category, 1,
    value_minor FROM facts WHERE event IN ('product_viewed', 'add_to_cart', 'purchase')""",
    f"""INSERT INTO trait_values SELECT i, i, 'country', {NOW - DAYS * DAY},
    ['DE', 'FR', 'GB', 'US'][1 + i % 4], NULL FROM range(1, {{people}} + 1) AS r(i)""",
)


@dataclass(frozen=True, slots=True)
class Case:
    """A segment, and what an expert would write for it. `{only}` narrows to the people touched."""

    name: str
    where: str
    by_hand: str


def since(days: int) -> int:
    return NOW - days * DAY


CASES = (
    Case(
        "recent buyers",
        "{did: purchase, within: 30d}",
        f"""SELECT DISTINCT person FROM facts WHERE event = 'purchase' AND "at" > {since(30)}
        AND "at" <= {NOW} {{only}}""",
    ),
    Case(
        "lapsed",
        "{trait: recency_days, at_least: 90}",
        f"""SELECT person FROM facts WHERE event = 'purchase' AND "at" <= {NOW} {{only}}
        GROUP BY person HAVING MAX("at") <= {since(90)}""",
    ),
    Case(
        "silver and gold",
        "{trait: tier, in: [silver, gold]}",
        f"""SELECT person FROM facts WHERE event = 'purchase' AND "at" > {since(365)}
        AND "at" <= {NOW} {{only}} GROUP BY person
        HAVING COUNT(DISTINCT order_id) + COUNT(*) FILTER (WHERE order_id IS NULL) >= 5""",
    ),
    Case(
        "cart abandoners",
        "{did: add_to_cart, then_not: purchase, since: 2d}",
        f"""SELECT person FROM facts WHERE event IN ('add_to_cart', 'purchase')
        AND "at" > {since(2)} AND "at" <= {NOW} {{only}} GROUP BY person
        HAVING MAX("at") FILTER (WHERE event = 'add_to_cart')
        > COALESCE(MAX("at") FILTER (WHERE event = 'purchase'), 0)""",
    ),
    Case(
        "big spenders",
        "{did: purchase, sum: {of: value_minor, at_least: 30000}, within: 180d}",
        f"""SELECT person FROM facts WHERE event = 'purchase' AND "at" > {since(180)}
        AND "at" <= {NOW} {{only}} GROUP BY person HAVING SUM(value_minor) >= 30000""",
    ),
    Case(
        "engaged",
        "{trait: engagement, at_least: 1}",
        f"""SELECT person FROM (SELECT person, {NOW // DAY} - "at" // {DAY} AS days,
        CASE WHEN event = 'email_clicked' THEN 3 ELSE 1 END AS points FROM facts
        WHERE event IN ('email_opened', 'email_clicked') AND NOT machine
        AND "at" > {since(628)} AND "at" <= {NOW} {{only}}) JOIN decay ON age = days
        GROUP BY person HAVING SUM(weight * points) >= 1000000""",
    ),
    Case(
        "looks at a category, does not buy",
        "{all: [{did: product_viewed, where: {category: c7}, times: {at_least: 2}, within: 60d}, "
        "{did_not: purchase, within: 60d}]}",
        f"""SELECT person FROM facts WHERE event = 'product_viewed' AND category = 'c7'
        AND "at" > {since(60)} AND "at" <= {NOW} {{only}} GROUP BY person HAVING COUNT(*) >= 2
        EXCEPT SELECT person FROM facts WHERE event = 'purchase' AND "at" > {since(60)}
        AND "at" <= {NOW} {{only}}""",
    ),
    Case(
        "viewed, then bought within a day",
        "{all: [{did: product_viewed, then: purchase, within: 1d, since: 30d}, "
        "{trait: country, in: [DE, FR]}]}",
        f"""SELECT DISTINCT person FROM (SELECT person, event, "at", LEAD(CASE WHEN
        event = 'purchase' THEN "at" END IGNORE NULLS) OVER (PARTITION BY person ORDER BY "at",
        position) AS bought FROM facts WHERE event IN ('product_viewed', 'purchase')
        AND "at" > {since(30)} AND "at" <= {NOW} {{only}})
        JOIN (SELECT person, arg_max(text, "at") AS country FROM trait_values
        WHERE name = 'country' AND "at" <= {NOW} {{only}} GROUP BY person) USING (person)
        WHERE event = 'product_viewed' AND bought <= "at" + {DAY} AND country IN ('DE', 'FR')""",
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


def simulated(folder: Path, people: int, events: int) -> DuckFacts:
    """Return a store with a simulated shop of two years."""
    facts = DuckFacts(folder / "facts.duckdb")
    facts.write([(sql.format(people=people, events=events), ()) for sql in GENERATE])
    return facts


def written_by_hand(case: Case, only: Sequence[int] | None = None) -> Statement:
    """Return the expert's statement, for everybody or for a few."""
    narrowed = "" if only is None else "AND person IN (SELECT person FROM touched)"
    tables = {"decay": decay_weights(30), "touched": touched(only or [])}
    return Statement(case.by_hand.format(only=narrowed), (), tables)


def members(facts: DuckFacts, statement: Statement) -> set[int]:
    """Return whom a statement names."""
    found = facts.read(statement.sql, statement.parameters, statement.tables)
    return set(found["person"].to_pylist())


def statements(segment: Segment, case: Case) -> tuple[Statement, Statement, Statement]:
    """Return ours, ours with the next change, and the one by hand."""
    return (
        compiler.members(segment, as_of=NOW),
        compiler.evaluation(segment, as_of=NOW),
        written_by_hand(case),
    )


def full(facts: DuckFacts, library: list[Segment], runs: int) -> tuple[list[float], bool]:
    """Return the CPU seconds of the three ways, all segments together, and if they agree."""
    totals, agree = [0.0, 0.0, 0.0], True
    for case, segment in zip(CASES, library, strict=True):
        three = statements(segment, case)
        spent = [cpu_seconds(partial(run, facts, each), runs) for each in three]
        same = members(facts, three[0]) == members(facts, three[2])
        print(f"{case.name:34} ours {spent[0]:.3f}, with next change {spent[1]:.3f}, "
              f"by hand {spent[2]:.3f}, same people: {same}")  # fmt: skip
        totals = [total + each for total, each in zip(totals, spent, strict=True)]
        agree = agree and same
    return totals, agree


def run(facts: DuckFacts, statement: Statement) -> object:
    """Read a statement's whole answer."""
    return facts.read(statement.sql, statement.parameters, statement.tables)


def incremental(facts: DuckFacts, library: list[Segment], people: int) -> tuple[float, float]:
    """Return the CPU seconds of a tick that touched 1,000 people, ours and by hand."""
    few = [1 + 7919 * number % people for number in range(1000)]
    ticks = iter(range(1, 100))

    def tick() -> None:
        segments.refresh(facts, library, now=NOW + next(ticks) * SECOND, touched=few)

    by_hand = [written_by_hand(case, few) for case in CASES]
    return cpu_seconds(tick, 3), sum(cpu_seconds(partial(run, facts, each), 3) for each in by_hand)


def main(arguments: list[str]) -> None:
    """Measure, print and keep the verdict."""
    quick = "--quick" in arguments
    people, events = (200_000, 5_000_000) if quick else (1_000_000, 50_000_000)
    library = [
        segments.parse(f"name: s{number}\nwhere: {case.where}\n", case.name)
        for number, case in enumerate(CASES)
    ]
    with tempfile.TemporaryDirectory() as folder:
        facts = simulated(Path(folder), people, events)
        (ours, timed, by_hand), agree = full(facts, library, 3)
        scan = Statement("SELECT COUNT(*) FROM facts WHERE event = 'purchase'", (), {})
        limit = len(CASES) * cpu_seconds(partial(run, facts, scan), 3)
        first = cpu_seconds(partial(segments.refresh, facts, library, now=NOW), 1)
        tick, tick_by_hand = incremental(facts, library, people)
        wrong = len(segments.verify(facts, library, now=NOW + 3 * SECOND))
        facts.close()
    verdict = {
        "claim": f"eight exact segments over {people:,} people and {events:,} events cost at most "
        f"{GOAL} times the CPU seconds of SQL written by hand, and name the same people",
        "ours": {
            "members": round(ours, 3),
            "members_and_next_change": round(timed, 3),
            "first_refresh": round(first, 3),
            "tick_of_1000_touched": round(tick, 3),
        },
        "peers": {
            "by hand": round(by_hand, 3),
            "by hand, the 1000 only": round(tick_by_hand, 3),
        },
        "limit": round(limit, 3),
        "ratio": round(ours / by_hand, 2),
        "goal": GOAL,
        "holds": agree and not wrong and ours <= GOAL * by_hand,
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(verdict, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(verdict))


if __name__ == "__main__":
    main(sys.argv[1:])
