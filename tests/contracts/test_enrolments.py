"""Every store of enrolments enters once, moves once, and keeps every step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest
from tests.postgres import running

from tailorbird.enrolments import (
    NEVER,
    Draw,
    Enrolment,
    Enrolments,
    Entry,
    Flow,
    Later,
    Move,
    Outcome,
    Passage,
    Place,
    StepRecord,
    Stood,
)
from tailorbird.stores.memory.enrolments import MemoryEnrolments
from tailorbird.stores.postgres.connection import Server
from tailorbird.stores.postgres.enrolments import PostgresEnrolments
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.sqlite.enrolments import SqliteEnrolments

NOW = 1_000_000
WAIT = Place("cart", 1, "wait")


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """Return the address of a server of the tests' own."""
    with running() as server:
        yield server.owner


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Enrolments]:
    if request.param == "memory":
        yield MemoryEnrolments()
        return
    if request.param == "postgres":
        server = Server(request.getfixturevalue("postgres"))
        server.run("DROP SCHEMA public CASCADE")
        server.run("CREATE SCHEMA public")
        yield PostgresEnrolments(server)
        server.close()
        return
    database = Database(tmp_path / "tailorbird.sqlite")
    yield SqliteEnrolments(database)
    database.close()


def entry(
    person: int, *, cause: int = 1, key: str = "", at: int = NOW, due: int = NOW + 10,
    check_at: int = NEVER, ended: str = "",
) -> Entry:  # fmt: skip
    outcome: Outcome = "holdout" if ended else "entered"
    step = "" if ended else "wait"
    return Entry(
        person, key, cause, at, min(due, check_at), due, step, check_at, outcome, "", ended
    )


def on(
    each: Enrolment, to: str, outcome: Outcome = "waited", *, due: int = NEVER, ended: str = ""
) -> Move:
    return Move(each.id, each.moves, to, outcome, "so", due, due, each.check_at, b"{}", ended)


def entered(store: Enrolments, *people: int, check_at: int = NEVER) -> list[Enrolment]:
    """Have people enter; return their enrolments."""
    entries = [entry(each, check_at=check_at) for each in people]
    return store.get(store.enter("cart", 1, entries, NOW))


def test_the_same_cause_enters_once(store: Enrolments) -> None:
    first = store.enter("cart", 1, [entry(1), entry(2), entry(1)], NOW)
    assert first[0] > 0
    assert first[1] > 0
    assert first[2] == 0
    assert store.enter("cart", 1, [entry(1), entry(1, cause=2)], NOW)[0] == 0
    assert len(store.of_person(1)) == 2
    assert store.enter("other", 1, [entry(1)], NOW)[0] > 0


def test_an_enrolment_is_read_as_it_was_written(store: Enrolments) -> None:
    (number,) = store.enter("cart", 3, [entry(7, key="order 1", cause=1 << 50)], NOW)
    wanted = Enrolment(
        number, "cart", 3, 7, "order 1", "wait", NOW, NOW, NOW + 10, NOW + 10, 1 << 50
    )
    assert store.get([number, 999]) == [wanted]
    assert store.of_people([7, 8]) == [wanted]
    assert store.of_person(7) == [wanted]
    assert store.at(Place("cart", 3, "wait"), 0, 10) == [wanted]
    assert store.at(Place("cart", 3, "wait"), number, 10) == []
    assert store.records(number) == [StepRecord(number, 0, "", NOW, "entered", "wait")]


def test_a_move_is_made_once(store: Enrolments) -> None:
    one, two = entered(store, 1, 2)
    assert store.move([on(one, "send")], NOW + 5) == [True]
    assert store.move([on(one, "send"), on(two, "send")], NOW + 6) == [False, True]
    (moved,) = store.get([one.id])
    assert (moved.step, moved.since, moved.moves, moved.kept) == ("send", NOW + 5, 1, b"{}")
    assert store.records(one.id)[1:] == [
        StepRecord(one.id, 1, "wait", NOW + 5, "waited", "send", "so")
    ]


def test_each_goes_her_own_way_where_few_go_the_same(store: Enrolments) -> None:
    one, two, three = entered(store, 1, 2, 3)
    store.move([on(two, "send")], NOW + 5)
    moves = [on(one, "send"), on(two, "talk"), on(three, "", "exit", ended="exit")]
    assert store.move(moves, NOW + 6) == [True, False, True]
    assert [e.step for e in store.get([one.id, two.id, three.id])] == ["send", "send", ""]
    assert store.records(three.id)[1] == StepRecord(three.id, 1, "wait", NOW + 6, "exit", "", "so")
    assert len(store.records(two.id)) == 2


def test_many_go_few_ways_and_who_has_moved_stays(store: Enrolments) -> None:
    batch = entered(store, *range(1, 61))
    store.move([on(each, "elsewhere") for each in batch[:3]], NOW + 1)
    moves = [on(each, "left" if each.person % 2 else "right", "drew") for each in batch]
    assert store.move(moves, NOW + 2) == [False] * 3 + [True] * 57
    there = {place.step: people for place, people in store.places().items()}
    assert there == {"elsewhere": 3, "left": 28, "right": 29}
    (last,) = store.of_people([60])
    assert (last.step, last.since, last.moves, last.kept) == ("right", NOW + 2, 1, b"{}")
    assert store.records(last.id)[1:] == [
        StepRecord(last.id, 1, "wait", NOW + 2, "drew", "right", "so")
    ]


def test_many_change_versions_and_keep_since_when_they_wait(store: Enrolments) -> None:
    batch = entered(store, *range(1, 31))
    moves = [on(each, "pause", "remapped", due=NOW + 4) for each in batch]
    assert store.remap(WAIT, 2, moves, NOW + 3) == [True] * 30
    assert store.places() == {Place("cart", 2, "pause"): 30}
    assert {each.since for each in store.of_people(range(1, 31))} == {NOW}


def test_every_way_through_a_journey_is_told_as_it_stands(store: Enrolments) -> None:
    one, two, _ = entered(store, 1, 2, 3)
    store.move([on(one, "send")], NOW + 5)
    store.move([on(two, "", "exit", ended="exit")], NOW + 6)
    store.enter("cart", 2, [entry(4, at=NOW + 9, ended="holdout")], NOW + 9)
    store.enter("other", 1, [entry(5)], NOW)
    held = Passage(4, NOW + 9, "", "holdout", "", "holdout")
    assert store.passages("cart") == [
        Passage(1, NOW, "send", "waited", "so", ""),
        Passage(2, NOW, "wait", "exit", "so", "exit"),
        Passage(3, NOW, "wait", "entered", "", ""),
        held,
    ]
    assert store.passages("cart", after=NOW) == [held]
    assert store.passages("unknown") == []


def test_every_draw_is_told_with_its_probability(store: Enrolments) -> None:
    one, two, _ = entered(store, 1, 2, 3)
    store.move([on(one, "short", "drew"), on(two, "", "exit", ended="exit")], NOW + 5)
    store.enter("cart", 2, [entry(4, at=NOW + 9, ended="holdout")], NOW + 9)
    store.enter("other", 1, [entry(5)], NOW)
    elsewhere = msgspec.structs.replace(entry(6, ended="refused"), outcome="refused")
    store.enter("cart", 2, [elsewhere], NOW + 9)
    assert store.draws("cart", "") == [
        *(Draw(person, 1, NOW, NOW, "entered", "") for person in (1, 2, 3)),
        Draw(4, 2, NOW + 9, NOW + 9, "holdout", ""),
    ]
    assert store.draws("cart", "wait") == [Draw(1, 1, NOW, NOW + 5, "drew", "so")]
    assert store.draws("cart", "unknown") == store.draws("unknown", "") == []


def test_who_has_ended_moves_no_more(store: Enrolments) -> None:
    (one,) = entered(store, 1)
    store.move([on(one, "", "exit", ended="exit")], NOW)
    (ended,) = store.get([one.id])
    assert ended.ended == "exit"
    assert store.move([on(ended, "send")], NOW) == [False]
    assert store.of_people([1]) == []
    assert store.places() == {}
    assert store.next_due(0) is None
    assert len(store.of_person(1)) == 1


def test_what_a_transaction_wrote_is_gone_where_it_fails(store: Enrolments) -> None:
    (one,) = entered(store, 1)
    with suppress(RuntimeError), store.transaction():
        store.move([on(one, "send", "branched")], NOW)
        store.enter("new", 1, [entry(9)], NOW)
        raise RuntimeError
    assert store.get([one.id]) == [one]
    assert len(store.records(one.id)) == 1
    assert store.of_person(9) == []
    assert store.move([on(one, "send", "drew")], NOW) == [True]


def test_the_longest_due_come_first(store: Enrolments) -> None:
    store.enter("cart", 1, [entry(1, due=NOW + 3), entry(2, due=NOW + 1), entry(3)], NOW)
    assert [each.person for each in store.due(WAIT, NOW + 5, 10)] == [2, 1]
    assert [each.person for each in store.due(WAIT, NOW + 5, 1)] == [2]
    assert store.due(Place("cart", 2, "wait"), NOW + 5, 10) == []
    assert store.due(Place("unknown", 1, "wait"), NOW + 5, 10) == []


def test_the_next_who_is_due_is_known(store: Enrolments) -> None:
    store.enter("cart", 1, [entry(1, due=NOW + 3), entry(2, due=NOW + 1)], NOW)
    store.enter("welcome", 1, [entry(1, due=NOW + 2)], NOW)
    other = Place("welcome", 1, "wait")
    assert store.firsts() == {WAIT: NOW + 1, other: NOW + 2}
    assert store.places() == {WAIT: 2, other: 1}
    assert store.next_due(NOW) == NOW + 1
    assert store.next_due(NOW + 1) == NOW + 2
    assert store.next_due(NOW + 1, ["welcome"]) == NOW + 3
    assert store.next_due(NOW + 3) is None


def test_all_whose_time_is_over_are_passed_on(store: Enrolments) -> None:
    entered(store, 1, 2, 3)
    named = {"to": "later", "due_at": NOW + 50, "until_at": NOW + 60}
    assert store.pass_on(WAIT, 2, NOW + 9, outcome="waited", **named) == 0  # type: ignore[arg-type]
    assert store.pass_on(WAIT, 2, NOW + 10, outcome="waited", **named) == 2  # type: ignore[arg-type]
    assert store.pass_on(WAIT, 2, NOW + 10, outcome="waited", **named) == 1  # type: ignore[arg-type]
    (one,) = store.of_people([1])
    assert (one.step, one.since, one.due_at, one.until_at, one.moves) == (
        "later", NOW + 10, NOW + 50, NOW + 60, 1,
    )  # fmt: skip
    assert store.records(one.id)[1] == StepRecord(one.id, 1, "wait", NOW + 10, "waited", "later")


def test_who_is_to_be_checked_is_not_passed_on(store: Enrolments) -> None:
    (one,) = entered(store, 1, check_at=NOW + 4)
    assert one.due_at == NOW + 4
    assert store.due(WAIT, NOW + 4, 9, to_check=True) == [one]
    moved = store.pass_on(
        WAIT, 9, NOW + 20, to="send", outcome="waited", due_at=NOW + 20, until_at=NOW + 20
    )
    assert moved == 0
    store.look_later([Later(one.id, one.moves, NOW + 10, NOW + 30)])
    assert store.due(WAIT, NOW + 20, 9, to_check=True) == []
    moved = store.pass_on(
        WAIT, 9, NOW + 20, to="send", outcome="waited", due_at=NOW + 90, until_at=NOW + 90
    )
    assert moved == 1
    (there,) = store.of_people([1])
    assert (there.due_at, there.until_at, there.check_at) == (NOW + 30, NOW + 90, NOW + 30)


def test_who_ends_by_being_passed_on_has_ended(store: Enrolments) -> None:
    entered(store, 1)
    store.pass_on(
        WAIT, 9, NOW + 10, to="", outcome="waited", due_at=NOW, until_at=NOW, ended="done"
    )
    assert store.of_person(1)[0].ended == "done"


def test_what_has_moved_is_not_looked_at_later(store: Enrolments) -> None:
    (one,) = entered(store, 1)
    store.move([on(one, "send", due=NOW + 1)], NOW)
    store.look_later([Later(one.id, one.moves, NOW + 99, NEVER)])
    assert store.get([one.id])[0].due_at == NOW + 1


def test_the_last_entry_of_each_key_is_known(store: Enrolments) -> None:
    store.enter("cart", 1, [entry(1, cause=1, ended="holdout"), entry(2, cause=2, key="b")], NOW)
    later = [entry(1, cause=5, at=NOW + 7), entry(1, cause=6, key="b", at=NOW + 8)]
    first, second = store.enter("cart", 1, later, NOW)
    assert sorted(store.stood("cart", [1]), key=lambda each: each.key) == [
        Stood(1, "", NOW + 7, 5, first), Stood(1, "b", NOW + 8, 6, second),
    ]  # fmt: skip
    assert store.stood("unknown", [1]) == []


def test_an_enrolment_follows_who_was_merged(store: Enrolments) -> None:
    one, _ = entered(store, 1, 2)
    store.rehome([(one.id, 3)])
    assert store.get([one.id])[0].person == 3
    store.rehome([(one.id, 2)])
    assert store.get([one.id])[0].person == 3


def test_people_change_versions_and_keep_since_when_they_wait(store: Enrolments) -> None:
    (one,) = entered(store, 1)
    assert store.remap(WAIT, 2, [on(one, "pause", "remapped", due=NOW + 4)], NOW + 3) == [True]
    (moved,) = store.get([one.id])
    assert (moved.version, moved.step, moved.since, moved.moves) == (2, "pause", NOW, 1)
    assert store.records(one.id)[1].outcome == "remapped"


def test_how_many_left_a_step_is_counted(store: Enrolments) -> None:
    one, two = entered(store, 1, 2)
    store.move([on(one, "send"), on(two, "send")], NOW + 5)
    assert sorted(store.flows("cart"), key=lambda each: each.place.step) == [
        Flow(Place("cart", 1, ""), "entered", "wait", "", 2),
        Flow(WAIT, "waited", "send", "so", 2),
    ]
    assert store.flows("cart", after=NOW + 5) == []


def test_a_long_reason_is_cut(store: Enrolments) -> None:
    (one,) = entered(store, 1)
    move = Move(one.id, 0, "", "failed", "x" * 999, NOW, NOW, NEVER, b"", "done")
    store.move([move], NOW)
    assert store.records(one.id)[1].reason == "x" * 200
