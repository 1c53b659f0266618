"""Whatever is asked of traits, the answer is what was said of them, and holds until it is due."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import closing

import pyarrow as pa
import pytest
from tests.properties import segment_parametrised
from tests.properties.segment_life import Life
from tests.properties.segment_traits import question

from tailorbird import segments
from tailorbird.schema import DAY, Instant
from tailorbird.segments import Segment
from tailorbird.segments import compile as compiler
from tailorbird.segments import conditions as c
from tailorbird.stores.duckdb.facts import DuckFacts
from tailorbird.traits.terms import Value
from tailorbird.traits.zones import zones

Ask = Callable[[random.Random], c.Condition]


def mistakes(
    seed: int, *, steps: int = 12, questions: int = 16, ask: Ask = question
) -> Iterator[str]:
    """Yield what is answered otherwise than the events say, at once or before the next check."""
    rng = random.Random(seed)
    with closing(DuckFacts(None)) as facts:
        life = Life(rng, facts)
        for _ in range(steps):
            life.step()
        for number in range(questions):
            segment = Segment(f"s{number}", ask(rng))
            yield from _misread(life, segment)


def _misread(life: Life, segment: Segment) -> Iterator[str]:
    statement = compiler.evaluation(segment, as_of=life.now)
    found = life.facts.read(statement.sql, statement.parameters, statement.tables).to_pylist()
    answers = {row["person"]: (row["member"], row["next_check"]) for row in found}
    for person in sorted(life.history.events):
        member, check = answers.get(person, (False, None))
        last = life.now + 500 * DAY if check is None else check - 1
        for at in (life.now, (life.now + last) // 2, last):
            naive = life.history.person(person, {}, at)
            if naive.member(segment.condition) != member:
                said = segments.words(segment.condition)
                yield f"{said}: person {person} at {at}, asked at {life.now}"


@pytest.mark.parametrize("ask", [question, segment_parametrised.question])
@pytest.mark.parametrize("seed", range(5))
def test_an_answer_about_traits_is_right_and_stays_so_until_its_next_check(
    seed: int, ask: Ask
) -> None:
    assert list(mistakes(seed, ask=ask)) == []


def test_what_is_asked_of_traits_is_written_and_read_back() -> None:
    for seed in range(200):
        for ask in (question, segment_parametrised.question):
            segment = Segment("s", ask(random.Random(seed)))
            assert segments.parse(segments.write(segment), "s.yaml") == segment


def everywhere_utc(as_of: Instant) -> pa.Table:
    told = zones(as_of)
    row = told["zone"].to_pylist().index("UTC")
    same = {name: [told[name][row].as_py()] * told.num_rows for name in ("today", "tomorrow")}
    return pa.table({"zone": told["zone"], **same})


def nothing(*_: object) -> Iterator[Value]:
    return iter(())


def year_begins_late(year: int) -> int:
    return 1_461 * year // 4 - 25_508 + (year % 4 == 0)


@pytest.mark.parametrize(
    ("place", "broken"),
    [
        ("tailorbird.traits.calendar.zones", everywhere_utc),
        ("tailorbird.traits.calendar.EARLIEST", 0),
        ("tailorbird.traits.calendar._begins", year_begins_late),
        ("tailorbird.traits.expiry._days", nothing),
        ("tailorbird.traits.expiry._turning_points", nothing),
    ],
    ids=["no zones", "midnight by UTC", "leap years", "no next day", "no instants"],
)
def test_a_calendar_that_is_wrong_is_caught(
    place: str, broken: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, broken)
    assert any(next(mistakes(seed), "") for seed in range(12))


def test_every_kind_of_question_is_asked() -> None:
    asked = {type(question(random.Random(seed))) for seed in range(100)}
    assert asked == {c.DateIs, c.Has, c.Scored, c.OnList, c.TraitIs}
