"""Before the instant at which an answer must be asked again, no answer changes."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from tests.properties.segment_author import NAMES, WINDOWS, Author
from tests.properties.segment_life import Life
from tests.properties.segment_patterns import pattern

from tailorbird.schema import DAY, HOUR, Instant
from tailorbird.segments import Segment
from tailorbird.segments import compile as compiler
from tailorbird.stores.duckdb.facts import DuckFacts
from tailorbird.traits import expiry

SPANS = (0, HOUR, DAY, 2 * DAY, 3 * DAY, 7 * DAY, 8 * DAY, 14 * DAY, 28 * DAY, 30 * DAY)


def turning_points(rng: random.Random, life: Life, person: int, t: Instant) -> list[Instant]:
    """Return instants after t at which an answer might change, and their neighbours."""
    ends = [event.at + span for event in life.history.events[person] for span in SPANS]
    ends += [(t // DAY + day) * DAY for day in range(1, 40)]
    later = [end + step for end in ends for step in (-1, 0, 1) if end + step > t]
    return sorted(rng.sample(later, min(len(later), 40)))


def late_answers(seed: int, *, definitions: int) -> Iterator[str]:
    """Yield where an answer changes before the instant that was promised for it."""
    rng = random.Random(seed)
    author, life = Author(rng), Life(rng, DuckFacts(None))
    for _ in range(6):
        life.step()
    for number in range(definitions):
        segment = Segment(f"s{number}", pattern(author, NAMES, WINDOWS))
        t = life.now + rng.choice((0, 1, HOUR, 3 * DAY, -DAY))
        statement = compiler.evaluation(segment, as_of=t)
        rows = life.facts.read(statement.sql, statement.parameters, statement.tables).to_pylist()
        told = {row["person"]: (row["member"], row["next_check"]) for row in rows}
        for person in life.history.events:
            member, check = told.get(person, (False, None))
            for at in turning_points(rng, life, person, t):
                if check is not None and at >= check:
                    break
                if life.history.person(person, {}, at).member(segment.condition) != member:
                    yield f"seed {seed}: {segment.condition} of {person} at {t}: not until {at}"
                    break
    life.facts.close()


@pytest.mark.parametrize("seed", range(3))
def test_no_answer_changes_before_it_is_asked_again(seed: int) -> None:
    assert list(late_answers(seed, definitions=25)) == []


@pytest.mark.parametrize("forgotten", ["_chain", "_patterns"])
def test_a_forgotten_turn_is_caught(forgotten: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiry, forgotten, lambda *_: iter(()))
    assert any(next(late_answers(seed, definitions=25), "") for seed in range(6))
