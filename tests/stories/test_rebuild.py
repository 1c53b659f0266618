"""The facts are derived: made anew from the log, they give the same answers."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import Any

from tailorbird import authoring, flow, profiles, results
from tailorbird.app import Tailorbird
from tailorbird.demo.run import CAMPAIGN

TRAITS = (
    "orders", "orders_365d", "recency_days", "revenue_minor", "returns", "tier", "country",
    "favourite_item", "favourite_category", "engagement", "purchase_score",
)  # fmt: skip


def answers(tb: Tailorbird, now: int) -> dict[str, Any]:
    world = tb.world
    verdict, outcomes = results.read_experiment(world, CAMPAIGN, now)
    tables = (
        "facts", "lines", "properties", "trait_values", "people", "products", "scores", "deeds",
        "deed_lines", "sessions",
    )  # fmt: skip
    return {
        "traits": profiles.table(world.facts, TRAITS, as_of=now).to_pylist(),
        "segments": {
            segment.name: flow.people_in(world, segment, now)
            for segment in authoring.standing_segments(world)
        },
        "standing": world.facts.read(
            "SELECT segment, person FROM membership WHERE member ORDER BY ALL"
        ).to_pylist(),
        "changes": world.facts.read("SELECT * FROM membership_changes ORDER BY ALL").to_pylist(),
        "tables": {
            name: world.facts.read(f"SELECT * FROM {name} ORDER BY ALL").to_pylist()
            for name in tables
        },
        "experiment": (verdict, outcomes),
    }


def test_rebuild_gives_identical_answers(tb: Tailorbird) -> None:
    now = tb.clock()
    tb.clock = lambda: now
    tb.refresh()
    before = answers(tb, now)
    assert tb.rebuild() == tb.world.log.end()
    after = answers(tb, now)
    for name, found in before.items():
        assert after[name] == found, name
    assert tb.verify_segments() == []


def test_after_a_rebuild_the_state_lies_in_the_order_that_reads_fastest(tb: Tailorbird) -> None:
    tb.rebuild()
    for name in ("deeds", "deed_lines"):
        rows = tb.world.facts.read(f'SELECT event, person, "at" FROM {name} ORDER BY rowid')
        lie = list(zip(*(column.to_pylist() for column in rows.columns), strict=True))
        events = [event for event, _ in groupby(lie, key=itemgetter(0))]
        assert len(events) == len(set(events)) > 0, "each event in one piece"
        for event in events:
            of_it = [row for row in lie if row[0] == event]
            assert of_it == sorted(of_it)


def test_a_lost_derived_store_comes_back_by_itself(tb: Tailorbird) -> None:
    now = tb.clock()
    before = {s.name: flow.count(tb.world, s, now) for s in authoring.standing_segments(tb.world)}
    folder = tb.world.folder
    tb.close()
    for path in folder.glob("facts.duckdb*"):
        path.unlink()
    with Tailorbird.open(folder, environment={}) as again:
        again.ingest()
        standing = authoring.standing_segments(again.world)
        counts = {segment.name: flow.count(again.world, segment, now) for segment in standing}
    assert counts == before
