"""The same segment has the same people, and the same next check, on every engine."""

from __future__ import annotations

import dataclasses
import os
import random
from collections.abc import Iterator, Sequence
from contextlib import closing

import pytest
from tests.engines import PARTS, QUIET, load, rows, started
from tests.properties.segment_author import Author
from tests.properties.segment_life import PEOPLE, Life

from tailorbird import segments
from tailorbird.schema import DAY, HOUR, Instant
from tailorbird.segments import Segment
from tailorbird.segments import compile as compiler
from tailorbird.stores.duckdb.facts import DuckFacts
from tailorbird.stores.engines import Engine
from tailorbird.traits.dialects import Dialect
from tailorbird.traits.extract import touched
from tailorbird.traits.sql import Statement
from tailorbird.traits.terms import Upcoming

pytestmark = QUIET
SEEDS = int(os.environ.get("ENGINE_SEEDS", "1"))
"""How many lives each engine is asked about; hundreds of them take long."""


@pytest.fixture(scope="module", params=PARTS)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    with started(request.param) as each:
        yield each


@dataclasses.dataclass
class Asked:
    """A segment at an instant: of everybody, or of some people alone."""

    segment: Segment
    library: Sequence[Segment]
    at: Instant
    people: list[int] | None

    def statement(self, dialect: Dialect) -> Statement:
        restricted = self.people is not None
        compiled = compiler.evaluation(
            self.segment, self.library, as_of=self.at, restricted=restricted, dialect=dialect
        )
        if self.people is None:
            return compiled
        return dataclasses.replace(
            compiled, tables=compiled.tables | {"touched": touched(self.people)}
        )


def lives(seed: int, *, ticks: int, definitions: int) -> Iterator[tuple[Life, list[Asked]]]:
    """Yield a random life now and then, with what to ask of it at that moment."""
    rng = random.Random(seed)
    author = Author(rng)
    library = [author.segment(f"s{number}") for number in range(definitions)]
    with closing(DuckFacts(None)) as facts:
        life = Life(rng, facts)
        for tick in range(ticks):
            life.step()
            if tick % 5 != 3:
                continue
            past = life.now - rng.choice((1, HOUR, DAY, 30 * DAY))
            some = rng.sample(range(1, PEOPLE + 1), 5)
            yield (
                life,
                [
                    Asked(segment, library, at, people)
                    for segment in library
                    for at, people in ((life.now, None), (past, some))
                ],
            )


def disagreements(
    engine: Engine, seed: int, *, ticks: int = 10, definitions: int = 10
) -> Iterator[str]:
    """Yield what the engine answers otherwise than DuckDB, or than the events say."""
    for life, questions in lives(seed, ticks=ticks, definitions=definitions):
        load(engine, life.facts)
        for asked in chosen(engine, questions):
            own = asked.statement("duckdb")
            told = rows(life.facts.read(own.sql, own.parameters, own.tables))
            found = rows(engine.read(asked.statement(engine.dialect)))
            if found != told:
                yield f"seed {seed}: {asked.segment} at {asked.at}: {found} instead of {told}"
            yield from misread(life, asked, found)


def chosen(engine: Engine, questions: list[Asked]) -> list[Asked]:
    """Return every question; for Spark, which plans each for seconds, one of each segment.

    Of one segment it is everybody now, of the next some people in the past.
    """
    if engine.dialect != "spark":
        return questions
    return [each for number, each in enumerate(questions) if number % 4 in (0, 3)]


def misread(life: Life, asked: Asked, found: list[tuple[object, ...]]) -> Iterator[str]:
    """Yield who is a member against what the events say, now or before the next check."""
    library = {segment.name: segment for segment in asked.library}
    answers = {person: (member, check) for person, member, check in found}
    for person in sorted(life.history.events):
        if asked.people is not None and person not in asked.people:
            continue
        member, check = answers.get(person, (False, None))
        last = check - 1 if isinstance(check, int) else asked.at + 500 * DAY
        for at in {asked.at, min(last, asked.at + 1), last}:
            naive = life.history.person(person, library, at)
            if naive.member(asked.segment.condition) != member:
                yield f"{asked.segment}: person {person} at {at}, asked at {asked.at}"


@pytest.mark.parametrize("seed", range(SEEDS))
def test_every_engine_says_what_duckdb_and_the_events_say(engine: Engine, seed: int) -> None:
    assert list(disagreements(engine, seed)) == []


def caught(engine: Engine) -> bool:
    return any(next(disagreements(engine, seed), "") for seed in range(8))


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
@pytest.mark.parametrize(
    ("place", "broken"),
    [
        ("tailorbird.segments.compile.next_change", lambda term: Upcoming()),
        ("tailorbird.segments.compile.member", segments.meaning.truth),
        ("tailorbird.traits.query.never_missing", lambda value: True),
    ],
    ids=["next_check dropped", "the unborn counted", "missing compared"],
)
def test_a_compiler_that_is_wrong_on_every_engine_is_caught(
    engine: Engine, place: str, broken: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, broken)
    assert caught(engine)
