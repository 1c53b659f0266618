"""Several processes send from one folder; whoever dies is followed by the others."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tailorbird import cli
from tailorbird.app import Tailorbird
from tailorbird.delivery.journals import Journals
from tailorbird.errors import StoreError, UsageError
from tailorbird.outbox import Order

PEOPLE = 1500


def test_a_worker_sends_beside_the_process_that_holds_the_facts(house: Any, capsys: Any) -> None:
    house.decide()
    arguments = ["worker", "--until-done", "--json", "--folder", str(house.folder)]
    assert cli.run(arguments) == 0
    assert msgspec.json.decode(capsys.readouterr().out) == {"worker": "worker-2", "sent": 12}
    assert house.tb.world.ledger.states() == {"sent": 12}
    house.tb.ingest()
    told = house.tb.world.facts.read("SELECT COUNT(*) AS n FROM facts WHERE event = 'email_sent'")
    assert told.column("n").to_pylist() == [12]


def test_a_worker_has_no_facts_and_says_so(house: Any) -> None:
    with Tailorbird.open(house.folder, environment={}, only_sends=True) as worker:
        assert (worker.world.worker, worker.world.has_facts) == ("worker-2", False)
        with pytest.raises(StoreError, match="has no facts"):
            worker.segment_count("everybody")
        with Tailorbird.open(house.folder, environment={}, only_sends=True) as another:
            assert another.world.worker == "worker-3"
    with Tailorbird.open(house.folder, environment={}, only_sends=True) as again:
        assert again.world.worker == "worker-2"


def test_a_worker_that_is_to_end_gives_back_what_has_not_left(house: Any, carrying: Any) -> None:
    import dataclasses

    from tailorbird import sending

    house.decide()
    carrier = carrying()
    world = dataclasses.replace(house.tb.world, carrier=carrier)
    report = sending.deliver(world, house.now, ending=lambda: len(carrier.sent) >= 5)
    assert report.sent == 5
    assert house.tb.world.ledger.states() == {"sent": 5, "pending": 7}


def test_names_of_workers_lead_nowhere_else(tmp_path: Path) -> None:
    journals = Journals(tmp_path)
    for name in ("../x", "", "A", "a/b", "-a"):
        with pytest.raises(UsageError, match="names no worker"):
            journals.path(name)
        assert journals.left_by(name) is None
    assert journals.workers() == []
    name, journal = journals.first_free()
    assert (name, journals.is_held(name), journals.workers()) == ("worker-2", True, ["worker-2"])
    with pytest.raises(StoreError, match="another process"):
        journals.left_by(name)
    journal.close()
    assert not journals.is_held(name)
    journals.open("worker-1").close()
    assert journals.workers() == ["worker-1", "worker-2"]


def test_journals_that_say_nothing_of_workers_who_are_gone_for_good_are_dropped(
    tmp_path: Path,
) -> None:
    journals = Journals(tmp_path)
    said = journals.open("host-said")
    said.dot(bytes(16))
    said.close()
    for name in ("worker-1", "worker-2", "host-gone"):
        journals.open(name).close()
    alive = journals.open("host-alive")
    assert journals.sweep() == 1
    assert journals.workers() == ["host-alive", "host-said", "worker-1", "worker-2"]
    alive.close()


def started(folder: Path) -> subprocess.Popen[str]:
    worker = subprocess.Popen(
        [sys.executable, "-m", "tailorbird", "worker", "-C", str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert worker.stdout is not None
    assert "sends from" in worker.stdout.readline()
    return worker


@pytest.mark.slow
@pytest.mark.chaos
def test_of_workers_that_are_killed_every_mail_leaves_once(house: Any) -> None:
    """Three at a time, five killed in the middle of their work, and a pause in between."""
    house.join(*(f"q{number}" for number in range(PEOPLE - 12)))
    house.decide()
    house.decide("autumn")
    world = house.tb.world
    running = [started(house.folder) for _ in range(3)]
    for kill in range(5):
        goal = world.inbox.count() + 150
        while world.inbox.count() < goal and world.ledger.waits():
            time.sleep(0.02)
        victim = running.pop(0)
        victim.send_signal(signal.SIGKILL)
        victim.communicate()
        running.append(started(house.folder))
        if kill == 2:
            world.ledger.order(Order("pause", house.now))
            time.sleep(1)
            held = world.inbox.count()
            time.sleep(1)
            assert world.inbox.count() == held
            world.ledger.order(Order("resume", house.now))
    deadline = time.monotonic() + 120
    while world.ledger.waits() and time.monotonic() < deadline:
        time.sleep(0.1)
    for each in running:
        each.send_signal(signal.SIGTERM)
        each.communicate(timeout=60)
        assert each.returncode == 0
    assert world.ledger.states() == {"sent": 2 * PEOPLE}
    assert world.inbox.count() == 2 * PEOPLE
