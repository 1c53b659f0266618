"""The state after orders of several rows, merges, separations and what is to be forgotten."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import pytest
from tests.properties.test_state_equals_facts import answers, different_rows

from tailorbird import segments
from tailorbird.schema import DAY, Event, Instant, Line, Names, ResolvedEvent
from tailorbird.segments import compile as compiler
from tailorbird.stores.duckdb import state
from tailorbird.stores.duckdb.facts import DuckFacts
from tailorbird.ties import Home

NOW = 20_000 * DAY
PEOPLE = 6
LIBRARY = [
    segments.parse(f"name: s{number}\nwhere: {where}\n", "s.yaml")
    for number, where in enumerate(
        (
            "{trait: orders, at_least: 2}",
            "{trait: orders_365d, is: 1}",
            "{trait: returns, at_least: 1}",
            "{trait: average_order_minor, at_least: 400}",
            "{did: purchase, where: {category: a}}",
            "{did: purchase, where: {value_minor: {at_least: 500}}, times: {at_least: 2}}",
        )
    )
]
SIBLINGS = """
SELECT d.position FROM deeds AS d WHERE d.alone AND d.order_key IS NOT NULL AND EXISTS (
    SELECT 1 FROM deeds AS o
    WHERE o.position <> d.position AND o.kind = d.kind AND o.order_key = d.order_key)
"""
SHARED = """
SELECT position FROM deeds
QUALIFY COUNT(order_key) OVER (PARTITION BY kind, order_key) > 1
"""


@pytest.fixture(autouse=True)
def _always_from_the_state(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tailorbird.traits.state.LATELY", 0)
    monkeypatch.setattr(state, "LOOSE", 5)


def told(
    rng: random.Random, offset: int, index: int, owner: int, homes: dict[int, int]
) -> ResolvedEvent:
    """Return a purchase or a return; some orders come in several rows, of several people even."""
    at = NOW - rng.randrange(500) * DAY
    event = Event(
        message_id="", name=rng.choice((Names.PURCHASE, Names.PURCHASE, Names.RETURN)), at=at,
        received_at=NOW, position=offset << 20 | index, source="test",
        order_id=rng.choice(("", f"o{rng.randrange(12)}", f"p{offset}-{index}")),
        value_minor=rng.randrange(900), lines=(Line("i", "", rng.choice("ab"), 1, 100),),
    )  # fmt: skip
    home = homes.get(owner, owner)
    return ResolvedEvent(event, home, owner if home != owner else None)


def forgotten(person: int, offset: int) -> ResolvedEvent:
    event = Event(
        message_id="", name=Names.PERSON_FORGOTTEN, at=NOW, received_at=NOW,
        position=offset << 20, source="privacy", person_id=person,
    )  # fmt: skip
    return ResolvedEvent(event, person)


def lives(seed: int, steps: int = 14) -> Iterator[DuckFacts]:
    """Yield a store after each step of a life with merges, separations and forgetting."""
    rng, facts, homes = random.Random(seed), DuckFacts(None), dict[int, int]()
    for offset in range(1, steps):
        events = [
            told(rng, offset, index, 1 + rng.randrange(PEOPLE), homes)
            for index in range(1, rng.choice((2, 5, 9)))
        ]
        moved: Sequence[Home] = ()
        if offset > 2 and rng.random() < 0.5:
            moved = [moves(rng, homes, offset << 20 | 99)]
        if rng.random() < 0.2:
            events.insert(0, forgotten(1 + rng.randrange(PEOPLE), offset))
        facts.append(events, moved, offset)
        yield facts
    facts.close()


def moves(rng: random.Random, homes: dict[int, int], position: int) -> Home:
    """Return a history that goes to the first person, or back to its own."""
    owner = 2 + rng.randrange(PEOPLE - 1)
    home = homes.pop(owner, 0)
    if not home:
        homes[owner] = 1
    return Home(owner, owner if home else 1, position)


def wrong(facts: DuckFacts, as_of: Instant) -> list[str]:
    """Return the segments whose answer from the state is not the one from the facts."""
    return [
        segment.name
        for segment in LIBRARY
        if answers(facts, compiler.evaluation(segment, as_of=as_of))
        != answers(facts, compiler.evaluation(segment, as_of=as_of, state=False))
    ]


@pytest.mark.parametrize("seed", range(4))
def test_merged_separated_and_forgotten_people_have_the_state_of_their_facts(seed: int) -> None:
    for facts in lives(seed):
        assert different_rows(facts) == []
        assert wrong(facts, NOW) == wrong(facts, NOW - 100 * DAY) == []


@pytest.mark.parametrize("seed", range(4))
def test_only_rows_without_siblings_are_alone_of_their_order(seed: int) -> None:
    alone = 0
    for facts in lives(seed, 30):
        assert facts.read(SIBLINGS).num_rows == 0
        named = "SELECT position FROM deeds WHERE alone AND order_key IS NOT NULL"
        alone = facts.read(named).num_rows
    assert alone > 0


def test_a_state_made_anew_knows_which_rows_are_alone() -> None:
    for facts in lives(5, 8):
        facts.renew_state()
        assert facts.read(SIBLINGS).num_rows == 0
        again = facts.read("SELECT position FROM deeds WHERE NOT alone").num_rows
        assert again == facts.read(SHARED).num_rows
        assert wrong(facts, NOW) == []


def test_orders_that_are_taken_for_alone_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(state.SQL, "mark_shared", "SELECT 1")
    assert any(wrong(facts, NOW) for seed in range(6) for facts in lives(seed, 30))
