"""What new acts add to the sessions is what counting all of them anew would give."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tailorbird.schema import MINUTE, Context, Event, PersonId, ResolvedEvent
from tailorbird.stores.duckdb.facts import DuckFacts
from tailorbird.ties import Home

START = 1_700_000_000_000_000
NAMES = ("page_viewed", "product_viewed", "purchase", "screen_viewed", "bird_seen", "add_to_cart")
PEOPLE = range(1, 9)


def events(draw: random.Random, first: int, count: int, window: tuple[int, int]) -> list[Any]:
    return [
        ResolvedEvent(
            Event(
                message_id=str(position),
                name=draw.choice(NAMES),
                at=START + draw.randrange(*window) * MINUTE,
                received_at=START + 10_000 * MINUTE,
                position=position,
                source="import",
                machine=draw.random() < 0.1,
                context=Context(session_id=draw.choice(["", "", "a"]), page=draw.choice(["", "/"])),
            ),
            draw.choice([None, *PEOPLE]),
        )
        for position in range(first, first + count)
    ]


def everything(facts: DuckFacts) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = facts.read("SELECT * FROM sessions ORDER BY ALL").to_pylist()
    return rows


@pytest.mark.parametrize("seed", range(6))
def test_sessions_kept_up_are_those_that_are_counted_anew(seed: int) -> None:
    draw = random.Random(seed)
    windows = [(0, 400), (390, 600), (600, 700), (300, 900), (5000, 6000)]
    facts = DuckFacts(None)
    for number, window in enumerate(windows):
        batch = events(draw, 1 + 1000 * number, draw.randrange(0, 60), window)
        facts.append(batch, [], number + 1)
    kept_up = everything(facts)
    # Whoever was touched by a merge has all her sessions counted again.
    homes = [Home(person, person, 10_000) for person in PEOPLE]
    facts.append([], homes, len(windows) + 1)
    assert kept_up
    assert everything(facts) == kept_up
    facts.close()


def test_somebody_elses_run_does_not_keep_a_session_from_going_on() -> None:
    facts = DuckFacts(None)
    facts.append([_act(1, 0, 1), _act(2, 60, 1), _act(3, 0, 2)], [], 1)
    facts.append([_act(4, 30, 1), _act(5, 35, 1), _act(6, 10, 2), _act(7, 90, 2)], [], 2)
    told = [(row["person"], row["events"], row["last_position"]) for row in everything(facts)]
    assert told == [(1, 1, 1), (1, 3, 2), (2, 2, 6), (2, 1, 7)]
    facts.close()


def _act(position: int, minute: int, person: PersonId) -> ResolvedEvent:
    at = START + minute * MINUTE
    event = Event(
        message_id=str(position), name="page_viewed", at=at, received_at=at, position=position,
        source="web",
    )  # fmt: skip
    return ResolvedEvent(event, person)
