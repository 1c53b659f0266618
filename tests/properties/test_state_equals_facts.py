"""What is answered from the state of each person is what the facts say, whatever happened."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from tests.properties.segment_author import START, Author
from tests.properties.segment_life import Life

from tailorbird import segments
from tailorbird.schema import DAY, HOUR, Event, Names, ResolvedEvent
from tailorbird.segments import Segment
from tailorbird.segments import compile as compiler
from tailorbird.stores.duckdb import state
from tailorbird.stores.duckdb.facts import DuckFacts
from tailorbird.traits.sql import Statement
from tailorbird.traits.state import BROWSING

KEPT = 'position, person, event, "at", order_id, item, category, quantity, value_minor, owner'
DIFFERENT = """
(SELECT {kept} FROM {facts} WHERE person IS NOT NULL AND event NOT IN ({browsing})
    EXCEPT ALL SELECT {kept} FROM {state})
UNION ALL (SELECT {kept} FROM {state} EXCEPT ALL SELECT {kept} FROM {facts})
"""


@pytest.fixture(autouse=True)
def _always_from_the_state(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer windows of any width from a state that is put in order again and again."""
    monkeypatch.setattr("tailorbird.traits.state.LATELY", 0)
    monkeypatch.setattr(state, "LOOSE", 4)


def lives(seed: int, ticks: int) -> Iterator[tuple[Life, list[Segment], random.Random]]:
    """Yield a random life after each of its steps; some of what happened is taken back."""
    rng = random.Random(seed)
    author, life = Author(rng), Life(rng, DuckFacts(None))
    library = [author.segment(f"s{number}") for number in range(12)]
    for _ in range(ticks):
        life.step()
        if rng.random() < 0.4:
            retract(life, rng)
        yield life, library, rng
    life.facts.close()


def retract(life: Life, rng: random.Random) -> None:
    known = life.facts.read("SELECT position FROM facts ORDER BY position")["position"].to_pylist()
    if not known:
        return
    life.offset += 1
    event = Event(
        message_id="", name=Names.EVENT_RETRACTED, at=life.now, received_at=life.now,
        position=life.offset << 20, source="test", properties={"position": str(rng.choice(known))},
    )  # fmt: skip
    life.facts.append([ResolvedEvent(event, None)], [], life.offset)


def answers(facts: DuckFacts, statement: Statement) -> list[tuple[object, ...]]:
    rows = facts.read(statement.sql, statement.parameters, statement.tables).to_pylist()
    return sorted(tuple(row.values()) for row in rows)


def different_rows(facts: DuckFacts) -> list[object]:
    browsing = ", ".join(f"'{name}'" for name in sorted(BROWSING))
    return [
        row
        for of, kept in (("facts", "deeds"), ("lines", "deed_lines"))
        for row in facts.read(
            DIFFERENT.format(kept=KEPT, browsing=browsing, facts=of, state=kept)
        ).to_pylist()
    ]


def wrong(seed: int) -> Iterator[str]:
    """Yield where an answer from the state is not the one from the facts."""
    for life, library, rng in lives(seed, 12):
        as_of = life.now - rng.choice((0, 1, HOUR, 30 * DAY))
        for segment in library:
            both = [
                answers(
                    life.facts, compiler.evaluation(segment, library, as_of=as_of, state=from_state)
                )
                for from_state in (True, False)
            ]
            if both[0] != both[1]:
                yield f"seed {seed}: {segment} at {as_of} of {life.now}"


@pytest.mark.parametrize("seed", range(3))
def test_the_state_and_the_facts_give_the_same_answers(seed: int) -> None:
    assert list(wrong(seed)) == []


@pytest.mark.parametrize("seed", range(3))
def test_the_state_holds_the_rows_of_the_facts_and_no_others(seed: int) -> None:
    for life, _, _ in lives(seed, 20):
        assert different_rows(life.facts) == []


def test_a_state_made_anew_is_the_state_that_was_kept() -> None:
    for life, _, _ in lives(7, 6):
        life.facts.renew_state()
        assert different_rows(life.facts) == []


def test_a_state_that_misses_what_moved_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "tailorbird.stores.duckdb.homes.OWNED", ("facts", "lines", "properties", "trait_values")
    )
    assert any(next(wrong(seed), "") for seed in range(8))


@pytest.mark.parametrize(
    ("where", "table"),
    [
        ("{did: purchase}", '"deeds"'),
        ("{did: purchase, within: 365d}", '"deeds"'),
        ("{did: purchase, within: 30d}", '"facts"'),
        ("{did: product_viewed}", '"facts"'),
        ("{did: purchase, where: {variant: a}}", '"facts"'),
    ],
    ids=["all time", "a year", "a month", "browsing", "a column that is not kept"],
)
def test_the_state_answers_what_looks_far_back(
    where: str, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tailorbird.traits.state.LATELY", 60 * DAY)
    segment = segments.parse(f"name: s\nwhere: {where}\n", "s.yaml")
    assert f"FROM {table}" in compiler.members(segment, as_of=START).sql


def test_without_the_state_the_facts_alone_are_read() -> None:
    segment = segments.parse("name: s\nwhere: {did: purchase}\n", "s.yaml")
    assert "deeds" not in compiler.members(segment, as_of=START, state=False).sql
