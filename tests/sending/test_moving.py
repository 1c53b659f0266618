"""A folder that has decided is moved to a server: it answers the same, and mails leave once."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.postgres import Server as Postgres
from tests.postgres import running

from tailorbird import flow, moving, reconciling, sending, sharing
from tailorbird.app import Tailorbird
from tailorbird.enrolments import Entry, Move
from tailorbird.errors import StoreError, UsageError
from tailorbird.outbox import Order
from tailorbird.stores.postgres.connection import Server
from tailorbird.stores.sqlite.connection import FILE_NAME, Database

SENT = 5
BY_SMTP = {"TAILORBIRD_DELIVERY__CARRIER": "smtp"}
DIES = """
import os, sys
from pathlib import Path
from tailorbird import moving, sharing
from tailorbird.app import wall_clock
from tailorbird.stores.postgres import copying
from tailorbird.stores.sqlite.connection import Database

def die(*given, **named):
    os._exit(9)

places = {"copying": copying, "database": Database, "sharing": sharing}
setattr(places[sys.argv[2]], sys.argv[3], die)
moving.share(Path(sys.argv[1]), os.environ, wall_clock, "killed")
"""


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with running() as server:
        yield server


class StoppedError(Exception):
    """Somebody who sends is stopped between two mails."""


class Moving:
    """A folder that has decided, sent some and holds people in journeys; and a server."""

    def __init__(self, server: Postgres, folder: Path, house: Any) -> None:
        self.server, self.folder, self.house = server, folder, house
        self.shared = {**BY_SMTP, "TAILORBIRD_LEDGER__URL": server.owner}

    def share(self) -> dict[str, int]:
        return moving.share(self.folder, self.shared, self.house.clock, "home")

    def open(self) -> Tailorbird:
        return Tailorbird.open(self.folder, clock=self.house.clock, environment=self.shared)

    def alone(self) -> Tailorbird:
        return Tailorbird.open(self.folder, clock=self.house.clock, environment=BY_SMTP)

    def on_server(self) -> int:
        with closing(Server(self.server.owner)) as server:
            return int(server.rows("SELECT COUNT(*) FROM decisions")[0][0])


@pytest.fixture
def folder(
    postgres: Postgres,
    tmp_path: Path,
    settled_house: Callable[..., Any],
    carrying: type[Any],
) -> Moving:
    """Return a folder, closed, whose sender died when five of twelve mails had left."""
    postgres.run("DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    house = settled_house(tmp_path / "house", BY_SMTP)
    house.decide()
    world = house.tb.world
    _enrol(house)
    world.ledger.order(Order("pause", house.now, "other", "ann", "a reason"))
    world.lanes.keep({":kept": b"\x00\xff"})

    def stop(sent: int) -> None:
        if sent == SENT:
            raise StoppedError

    with pytest.raises(StoppedError):
        house.deliver(carrying(stop))
    doubted, _ = world.ledger.claim(world.worker, 2, house.now, 900)
    with world.journal.held():
        world.journal.dot(doubted.send_id)
    world.people.suppress([("p11@mail.example", "manual", house.now)])
    sending.announce(world)
    house.tb.ingest()
    house.tb.close()
    return Moving(postgres, tmp_path / "house", house)


def _enrol(house: Any) -> None:
    world, now = house.tb.world, house.now
    entries = [Entry(n, f"k{n}", n, now, now + n, now + 99, "wait", now) for n in (1, 2, 3)]
    first, _, third = world.enrolments.enter("welcome", 2, entries, now)
    moves = [
        Move(first, 0, "mail", "waited", "a reason", now + 5, now + 9, now, b"\x00kept"),
        Move(third, 0, "", "left", "", now, now, now, b"", ended="left"),
    ]
    assert all(world.enrolments.move(moves, now))


def answers(tb: Tailorbird) -> dict[str, Any]:
    """Return what everybody may ask, before a move and after it."""
    world = tb.world
    ledger, journeys = world.ledger, world.enrolments
    decided = sorted(ledger.decisions(limit=100), key=lambda each: each.id)
    return {
        "faults": list(reconciling.verify(world, tb.clock())),
        "decided": decided,
        "trails": [ledger.trail(each.id) for each in decided],
        "settlements": ledger.settlements(0, 100),
        "states": ledger.states(),
        "verdicts": ledger.verdicts("spring"),
        "standing": dict(ledger.standing()),
        "orders": ledger.orders(),
        "meters": {k: v for k, v in world.lanes.meters().items() if k == ":kept"},
        "unknowns": world.audit.unknowns(),
        "in": journeys.of_people(range(1, 13)),
        "was in": [journeys.of_person(person) for person in range(1, 4)],
        "steps": [journeys.records(number) for number in (1, 2, 3)],
        "flows": sorted(map(repr, journeys.flows("welcome"))),
        "why": [tb.readings.why(person, "spring", tb.clock()) for person in range(1, 13)],
    }


def settled(folder: Moving) -> dict[str, Any]:
    """Return what a folder answers alone, once what had been in hand is settled and told."""
    with folder.alone() as tb:
        sending.settle_left(tb.world, folder.house.now, tb.world.worker)
        sending.announce(tb.world)
        tb.ingest()
        return answers(tb)


def test_a_moved_folder_answers_as_before_and_sends_what_waited_once(
    folder: Moving, carrying: type[Any], tmp_path: Path
) -> None:
    before = settled(folder)
    rows = folder.share()
    assert rows["decisions"] == rows["sends"] == rows["book_people"] == 12
    assert (rows["enrolments"], rows["enrolment_steps"]) == (3, 5)
    with folder.open() as tb:
        assert answers(tb) == before
        assert sending.announce(tb.world) == 0
        away = tmp_path / "away"
        away.mkdir()
        shutil.copy(folder.folder / "tailorbird.key", away)
        clock = folder.house.clock
        with Tailorbird.open(
            away, clock=clock, environment=folder.shared, only_sends=True
        ) as other:
            carrier = carrying()
            world = dataclasses.replace(other.world, carrier=carrier)
            sent = flow.deliver(world, folder.house.now, clock=clock).sent
        assert before["states"] == {"sent": SENT, "unknown": 1, "pending": 6}
        assert sent == len({*carrier.sent}) == len(carrier.sent) == 5
        assert "p11@mail.example" not in carrier.sent
        assert sending.announce(tb.world) >= sent
        tb.ingest()
        assert list(reconciling.verify(tb.world, folder.house.now)) == []


def test_what_is_decided_and_entered_after_the_move_has_numbers_of_its_own(folder: Moving) -> None:
    folder.share()
    with folder.open() as tb:
        house = folder.house
        house.tb = tb
        house.decide("autumn")
        assert len(tb.world.ledger.decisions(campaign="autumn")) == 12
        now = house.now
        entered = tb.world.enrolments.enter(
            "welcome", 2, [Entry(7, "", 7, now, now, now, "wait")], now
        )
        assert entered == [4]
        assert len(tb.world.ledger.decisions(limit=100)) == 24


@pytest.mark.parametrize(
    ("place", "name", "moved"),
    [
        ("copying", "_number_on", False),
        ("database", "move_to", False),
        ("copying", "finish", True),
        ("sharing", "keep_mark", True),
    ],
)
@pytest.mark.slow
def test_a_move_that_is_killed_is_repeated(
    folder: Moving, place: str, name: str, moved: bool
) -> None:
    before = settled(folder)
    command = [sys.executable, "-c", DIES, str(folder.folder), place, name]
    assert subprocess.run(command, env=os.environ | folder.shared, check=False).returncode == 9
    assert sharing.mark_of(folder.folder) is None
    if moved:
        for environment in (BY_SMTP, folder.shared):
            with pytest.raises(StoreError, match=r"has begun, and has not ended"):
                Tailorbird.open(folder.folder, environment=environment)
    else:
        with folder.alone() as tb:
            assert answers(tb) == before
            assert tb.world.ledger.cancel("spring", "in between", folder.house.now) > 0
            before = answers(tb)
    assert bool(folder.share()) is not moved
    with folder.open() as tb:
        assert answers(tb) == before


def test_a_commit_of_which_nobody_knows_whether_it_held_is_made_anew(
    folder: Moving, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*given: object) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(Database, "move_to", fails)
        with pytest.raises(StoreError, match="disk is full"):
            folder.share()
    assert folder.on_server() == 12
    assert folder.share()["decisions"] == 12
    assert folder.on_server() == 12


def test_who_opened_the_folder_before_the_move_writes_nothing_after_it(folder: Moving) -> None:
    with closing(Database(folder.folder / FILE_NAME)) as late:
        folder.share()
        with pytest.raises(StoreError, match="was moved to a server meanwhile"), late.write():
            pass


def test_a_folder_that_somebody_works_on_is_not_moved(folder: Moving) -> None:
    with folder.alone(), pytest.raises(StoreError):
        folder.share()
    with (
        Tailorbird.open(folder.folder, environment=BY_SMTP, only_sends=True),
        pytest.raises(StoreError, match="worker-2 sends from this folder"),
    ):
        folder.share()
    assert folder.on_server() == 0


def test_mails_in_the_hand_of_somebody_unknown_are_waited_for(folder: Moving) -> None:
    with folder.alone() as tb:
        tb.world.ledger.claim("elsewhere", 3, folder.house.now, 900)
    with pytest.raises(StoreError, match="in the hand of elsewhere"):
        folder.share()
    folder.house.now += 1_000_000_000
    assert folder.share()["sends"] == 12


@pytest.mark.slow
def test_a_server_that_is_not_empty_is_refused(
    folder: Moving, tmp_path: Path, settled_house: Callable[..., Any]
) -> None:
    other = settled_house(tmp_path / "other", folder.shared)
    with pytest.raises(StoreError, match="another process is the home"):
        folder.share()
    other.tb.close()
    with pytest.raises(StoreError, match="another folder is the home"):
        folder.share()
    folder.server.run("DELETE FROM book")
    with pytest.raises(StoreError, match="not empty: there are book_people"):
        folder.share()


def test_a_server_of_a_newer_version_is_refused(folder: Moving) -> None:
    folder.share()
    folder.server.run("UPDATE ledger_versions SET version = 99")
    (folder.folder / sharing.MARK).unlink()
    with pytest.raises(StoreError, match="of version 99"):
        folder.share()


def test_a_move_needs_an_address_and_is_made_once(folder: Moving) -> None:
    with pytest.raises(UsageError, match="no server is named"):
        moving.share(folder.folder, {}, lambda: 0, "home")
    folder.share()
    with pytest.raises(UsageError, match="shared already"):
        folder.share()


@pytest.mark.slow
def test_the_command_says_what_it_moved(folder: Moving) -> None:
    command = [sys.executable, "-m", "tailorbird", "delivery", "share", "--json"]
    done = subprocess.run(
        [*command, "--folder", str(folder.folder)],
        env=os.environ | folder.shared,
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout)["rows"]["decisions"] == 12
