"""The sample holds the rows of its people and no others, and the names are those in the rows."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.properties.segment_author import Author
from tests.properties.segment_life import Life
from tests.properties.test_identity_replay import Author as Registrar
from tests.properties.test_identity_replay import World, with_words
from tests.properties.test_state_equals_facts import retract

from tailorbird.schema import DAY, HOUR, Event, Names, ResolvedEvent
from tailorbird.segments.conditions import Segment
from tailorbird.segments.meaning import member, resolved
from tailorbird.stores.duckdb import sample
from tailorbird.stores.duckdb.facts import DuckFacts
from tailorbird.traits.extract import touched
from tailorbird.traits.query import Query, in_order
from tailorbird.traits.sampled import answer_from_sample

MIXED = """
(SELECT * FROM {0} WHERE person IN (SELECT person FROM sampled_people)
    EXCEPT ALL SELECT * FROM sampled_{0})
UNION ALL (SELECT * FROM sampled_{0} EXCEPT ALL SELECT * FROM {0})
"""
AGED = """
SELECT * FROM sampled_people WHERE (person, created_at) NOT IN (
    SELECT (person, created_at) FROM people)
"""
DRAWN = """
SELECT person FROM people WHERE hash(person) >> (64 - $1) = 0
EXCEPT SELECT person FROM sampled_people
"""
NAMES = "SELECT kind, name, said FROM names WHERE said <> 0 ORDER BY ALL"
COUNTED = """
SELECT 'event' AS kind, event AS name, COUNT(*) AS said FROM facts GROUP BY event
UNION ALL SELECT 'property', name, COUNT(*) FROM properties GROUP BY name
UNION ALL SELECT 'trait', name, COUNT(*) FROM trait_values GROUP BY name ORDER BY ALL
"""


@pytest.fixture(autouse=True)
def _of_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep a sample of very few people."""
    monkeypatch.setattr(sample, "FEWEST", 2)


def faults(facts: DuckFacts) -> list[Any]:
    """Return what the sample holds wrongly, or lacks."""
    halved = facts.read("SELECT value FROM markers WHERE name = 'sample_halved'")["value"]
    found: list[Any] = [
        row for name in sample.TABLES for row in facts.read(MIXED.format(name)).to_pylist()
    ]
    if len(halved) and halved[0].as_py():
        found += facts.read(DRAWN, (halved[0].as_py(),)).to_pylist()
    found += facts.read(AGED).to_pylist()
    return found


def miscounted(facts: DuckFacts) -> bool:
    """Return whether the names are not those that the rows go by."""
    return bool(facts.read(NAMES).to_pylist() != facts.read(COUNTED).to_pylist())


def forget(life: Life, rng: random.Random) -> None:
    """Have somebody forgotten."""
    people = life.facts.read("SELECT person FROM people ORDER BY person")["person"].to_pylist()
    if not people:
        return
    life.offset += 1
    event = Event(
        message_id="", name=Names.PERSON_FORGOTTEN, at=life.now, received_at=life.now,
        position=life.offset << 20, source="test",
    )  # fmt: skip
    life.facts.append([ResolvedEvent(event, rng.choice(people))], [], life.offset)


def lives(seed: int, ticks: int) -> Iterator[tuple[Life, list[Segment], random.Random]]:
    """Yield a random life after each of its steps; some is taken back, some are forgotten."""
    rng = random.Random(seed)
    author, life = Author(rng), Life(rng, DuckFacts(None))
    library = [author.segment(f"s{number}") for number in range(10)]
    for _ in range(ticks):
        life.step()
        if rng.random() < 0.4:
            retract(life, rng)
        if rng.random() < 0.1:
            forget(life, rng)
        yield life, library, rng
    life.facts.close()


@pytest.mark.parametrize("seed", range(3))
def test_the_sample_and_the_names_are_those_of_the_facts(seed: int) -> None:
    sampled = 0
    for life, _, _ in lives(seed, 20):
        assert faults(life.facts) == []
        assert not miscounted(life.facts)
        sampled += life.facts.read("SELECT COUNT(*) AS n FROM sampled_facts")["n"][0].as_py()
    assert sampled


@pytest.mark.parametrize("seed", range(6))
def test_who_is_merged_and_separated_takes_her_rows_along(seed: int, worlds: Made) -> None:
    rng = random.Random(seed)
    registrar = Registrar(rng)
    log = with_words(rng, [registrar.accounts(), *registrar.log(40)])
    world = worlds(seed)
    for until in range(4, len(log) + 1, 4):
        world.take(log[:until])
        assert faults(world.facts) == []
        assert not miscounted(world.facts)


@pytest.mark.parametrize("seed", range(3))
def test_what_is_made_anew_is_what_was_kept(seed: int) -> None:
    for life, _, _ in lives(seed + 50, 5):
        before = life.facts.read(NAMES).to_pylist()
        life.facts.renew_state()
        assert faults(life.facts) == []
        assert life.facts.read(NAMES).to_pylist() == before


def wrong(seed: int) -> Iterator[str]:
    """Yield where the sample answers otherwise than the facts do of the same people."""
    for life, library, rng in lives(seed, 12):
        as_of = life.now - rng.choice((0, 1, HOUR, 30 * DAY))
        asked = life.facts.read("SELECT person FROM sampled_people")["person"].to_pylist()
        for segment in library:
            both = [answers(life.facts, segment, library, as_of, asked, own) for own in (1, 0)]
            if both[0] != both[1]:
                yield f"seed {seed}: {segment} at {as_of} of {life.now}"


def answers(
    facts: DuckFacts, segment: Segment, among: list[Segment], as_of: int, asked: list[int], own: int
) -> list[int]:
    """Return who of those asked is in, by their own rows or by all."""
    query = Query(as_of, restricted=True, state=False)
    people = in_order(query.select({}, member(resolved(segment, among))))
    if own:
        answer_from_sample(people)
    statement = query.statement(people)
    tables = statement.tables | {"touched": touched(asked)}
    found: list[int] = facts.read(statement.sql, statement.parameters, tables)["person"].to_pylist()
    return found


@pytest.mark.parametrize("seed", range(4))
def test_the_sample_answers_as_the_facts_do_of_its_people(seed: int) -> None:
    assert list(wrong(seed)) == []


def test_a_sample_that_misses_what_moved_is_caught(
    monkeypatch: pytest.MonkeyPatch, worlds: Made
) -> None:
    monkeypatch.setattr(sample, "_move", lambda *_: None)
    found = []
    for seed in range(6):
        rng = random.Random(seed)
        registrar = Registrar(rng)
        world = worlds(seed)
        world.take(with_words(rng, [registrar.accounts(), *registrar.log(40)]))
        found += faults(world.facts)
    assert found


def test_whose_word_counts_is_known_in_the_sample(tmp_path: Path) -> None:
    path = tmp_path / "facts.duckdb"
    said = [
        Event(f"m{who}{source}", "identify", 10, 10, 20 + who, source, traits={"size": source})
        for who in range(1, 20)
        for source in ("web", "shop")
    ]  # fmt: skip
    for source in ("web", "shop"):
        with closing(DuckFacts(path, conflict={"size": (source,)})) as facts:
            facts.append([ResolvedEvent(each, each.position - 20) for each in said], [], 1)
            said = []
            assert faults(facts) == []
            heavy = "SELECT DISTINCT text FROM sampled_trait_values WHERE weight > 0"
            assert facts.read(heavy)["text"].to_pylist() == [source]


Made = Callable[[int], World]


@pytest.fixture
def worlds(tmp_path: Path) -> Iterator[Made]:
    """Return a maker of empty worlds."""
    made: list[World] = []

    def world(seed: int) -> World:
        folder = tmp_path / str(len(made))
        folder.mkdir()
        made.append(World(random.Random(seed), folder))
        return made[-1]

    yield world
    for each in made:
        each.close()
