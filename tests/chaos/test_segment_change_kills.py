"""Killed anywhere between the facts and the record, a change of membership is told exactly once."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tailorbird.app import Tailorbird
from tailorbird.schema import Body
from tailorbird.segments import members

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(240)]
KILLS = 8
PEOPLE = 40
ODD = "name: odd\nwhere:\n  trait: orders\n  in: [1, 3, 5, 7, 9]\n"
"""With every purchase everybody enters or leaves."""
TICKS = """
import sys, time
from tailorbird import crossing, flow
from tailorbird.app import Tailorbird

crossing.AT_ONCE = 7  # several transactions a tick, so that kills fall between them
with Tailorbird.open(sys.argv[1]) as tb:
    print("ready", flush=True)
    while True:
        flow.tick(tb.world, tb.clock())
"""


def ticking(folder: Path) -> subprocess.Popen[bytes]:
    child = subprocess.Popen(
        [sys.executable, "-c", TICKS, str(folder)], stdout=subprocess.PIPE, env=dict(os.environ)
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    return child


def buy(folder: Path, turn: int) -> None:
    with Tailorbird.open(folder) as tb:
        batch = [
            {"type": "track", "userId": f"u{n}", "event": "Order Completed",
             "messageId": f"{turn}-{n}", "properties": {"order_id": f"{turn}-{n}", "total": 1}}
            for n in range(PEOPLE)
        ]  # fmt: skip
        tb.world.log.append([Body("import", tb.clock(), json.dumps({"batch": batch}).encode())])


def test_changes_are_told_once_through_kills(tmp_path: Path) -> None:
    folder, draw = tmp_path / "data", random.Random(7)
    with Tailorbird.open(folder) as tb:
        tb.put("segment", "odd", ODD)
        tb.refresh()
    for turn in range(KILLS):
        buy(folder, turn)
        child = ticking(folder)
        time.sleep(draw.uniform(0.0, 1.5))
        os.kill(child.pid, signal.SIGKILL)
        child.wait(30)
        if child.stdout:
            child.stdout.close()
    with Tailorbird.open(folder) as tb:
        tb.ingest()
        tb.refresh()
        told = tb.world.changes.after(0, 100_000)
        rows = tb.world.facts.read("SELECT * FROM membership_changes ORDER BY sequence")
        standing = set(members(tb.world.facts, "odd"))
    assert [change.sequence for change in told] == list(range(1, len(told) + 1))
    assert rows["sequence"].to_pylist() == [change.sequence for change in told]
    assert rows["person"].to_pylist() == [change.person for change in told]
    inside: set[int] = set()
    for change in told:
        assert (change.person not in inside) == change.entered, "entering and leaving alternate"
        (inside.add if change.entered else inside.discard)(change.person)
    assert inside == standing
    assert len(told) >= PEOPLE
