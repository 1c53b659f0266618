"""The engine's path equals that of a reference that goes person by person, whatever happens."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.postgres import running
from tests.properties.journey_life import Advance, Crash, Town, dying

from tailorbird import journey_conditions, journeying
from tailorbird.enrolments import NEVER
from tailorbird.journeys import advance as advancing
from tailorbird.world import World

SEEDS = int(os.environ.get("JOURNEY_SEEDS", "20"))
"""How many journeys more are gone through, and half as many with crashes; 60 at most."""
FORGETFUL, WITHOUT_SKIPPING, WITHOUT_COUNTING = 339, 434, 310
"""The seeds that show a rare mistake, which few others do: those that are made below."""


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    made = Town(tmp_path_factory.mktemp("town") / "data")
    yield made
    made.tb.close()


@pytest.fixture
def lone(tmp_path: Path) -> Iterator[Town]:
    """Return a town of its own, whose people have the same numbers at every run."""
    made = Town(tmp_path / "data")
    yield made
    made.tb.close()


@pytest.fixture(scope="module")
def town_on_a_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Return a town whose journeys, decisions and outbox stand in PostgreSQL."""
    with running() as server:
        shared = {"TAILORBIRD_LEDGER__URL": server.owner}
        made = Town(tmp_path_factory.mktemp("town") / "data", shared)
        yield made
        made.tb.close()


def all_at_once(world: World, now: int) -> object:
    return journeying.advance(world, now)


def stopped_again_and_again(seed: int) -> Advance:
    """Return an engine that dies before or after some write, whose batches are small.

    It is begun again at the same instant; beside it, another worker does the same now and then.
    """
    rng = random.Random(seed)

    def advance(world: World, now: int) -> object:
        while True:
            beside = rng.random() < 0.3
            other = (lambda: journeying.advance(world, now, rng.randint(1, 3))) if beside else bool
            try:
                mortal = dying(world, [rng.randint(1, 25)], other)
                return journeying.advance(mortal, now, rng.randint(1, 4))
            except Crash:
                continue

    return advance


@pytest.mark.parametrize("seed", range(4))
def test_everybody_goes_the_way_of_the_reference(town: Town, seed: int) -> None:
    assert list(town.mismatches(seed, all_at_once)) == []


@pytest.mark.parametrize("seed", range(100, 103))
def test_batches_crashes_and_other_workers_change_nothing(town: Town, seed: int) -> None:
    assert list(town.mismatches(seed, stopped_again_and_again(seed))) == []


@pytest.mark.parametrize(
    ("seed", "advance"), [(0, all_at_once), (100, stopped_again_and_again(100))]
)
def test_on_a_server_everybody_goes_the_way_of_the_reference(
    town_on_a_server: Town, seed: int, advance: Advance
) -> None:
    assert list(town_on_a_server.mismatches(seed, advance)) == []


@pytest.mark.slow
def test_nobody_goes_another_way_in_many_journeys(town: Town) -> None:
    for seed in range(200, 200 + SEEDS):
        assert list(town.mismatches(seed, all_at_once)) == []
    for seed in range(260, 260 + SEEDS // 2):
        assert list(town.mismatches(seed, stopped_again_and_again(seed))) == []


@pytest.mark.parametrize("seed", [FORGETFUL, WITHOUT_SKIPPING, WITHOUT_COUNTING])
def test_where_a_rare_mistake_would_show_nobody_goes_another_way(lone: Town, seed: int) -> None:
    assert list(lone.mismatches(seed, all_at_once)) == []


def forgetful(judge: Callable[..., Any]) -> Callable[..., Any]:
    """Return a judge who never says when time alone changes the answer."""

    def judged(*given: Any) -> Any:
        found = judge(*given)
        for each in found:
            each.check_at[:] = NEVER
        return found

    return judged


def test_an_engine_that_forgets_what_time_changes_is_noticed(
    lone: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journey_conditions, "judge", forgetful(journey_conditions.judge))
    assert list(lone.mismatches(FORGETFUL, all_at_once)) != []


def test_an_engine_that_never_skips_ahead_is_noticed(
    lone: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(advancing, "before", lambda *_: False)
    assert list(lone.mismatches(WITHOUT_SKIPPING, all_at_once)) != []


def test_an_engine_that_counts_no_jumps_is_noticed(
    lone: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(advancing, "kept_of", lambda _: {})
    monkeypatch.setattr(advancing, "MOST_MOVES", 60)
    assert list(lone.mismatches(WITHOUT_COUNTING, all_at_once)) != []
