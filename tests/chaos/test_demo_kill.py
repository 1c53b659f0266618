"""A kill -9 at any moment of the demo, then the same command again: nothing twice, nothing lost."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tailorbird.stores.sqlite.decided import Connection, install

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900)]

PEOPLE = 150
KILLS = 16
VARYING = ("seconds", "folder", "ingested", "checks")
"""What differs between two runs that end alike."""


def command(folder: Path) -> list[str]:
    return [
        sys.executable, "-m", "tailorbird", "demo", "--people", str(PEOPLE), "--headless",
        "--check", "--json", "--folder", str(folder),
    ]  # fmt: skip


def finished(folder: Path) -> dict[str, Any]:
    done = subprocess.run(command(folder), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    report: dict[str, Any] = msgspec.json.decode(done.stdout)
    return {name: value for name, value in report.items() if name not in VARYING}


def killed_after(folder: Path, seconds: float) -> bool:
    """Start the demo, kill it after a while; return whether it was still running."""
    with subprocess.Popen(
        command(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            return True
    return False


def decided(folder: Path) -> set[tuple[object, ...]]:
    with sqlite3.connect(folder / "tailorbird.sqlite", factory=Connection) as connection:
        install(connection)
        rows = connection.execute("SELECT id, person, verdict, reason, variant FROM decisions")
        found = set(rows)
    connection.close()
    return found


def delivered(folder: Path) -> list[bytes]:
    with sqlite3.connect(folder / "inbox.sqlite") as connection:
        rows = connection.execute("SELECT send_id FROM messages ORDER BY send_id")
        found = [send_id for (send_id,) in rows]
    connection.close()
    return found


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], float]:
    folder = tmp_path_factory.mktemp("undisturbed") / "demo"
    started = time.monotonic()
    report = finished(folder)
    return folder, report, time.monotonic() - started


def test_the_demo_ends_alike_after_kills_at_random_points(
    undisturbed: tuple[Path, dict[str, Any], float], tmp_path: Path
) -> None:
    reference, expected, seconds = undisturbed
    rng = random.Random(7)
    killed, folder = 0, tmp_path / "demo"
    for _ in range(KILLS):
        killed += killed_after(folder, rng.uniform(0.15, 0.95) * seconds)
    assert killed, "every run ended before it was killed"
    assert finished(folder) == expected
    assert decided(folder) == decided(reference)
    assert delivered(folder) == delivered(reference)
    assert len(delivered(folder)) == len(set(delivered(folder)))


def test_going_over_a_finished_demo_changes_nothing(
    undisturbed: tuple[Path, dict[str, Any], float],
) -> None:
    folder, expected, _ = undisturbed
    before = delivered(folder)
    assert finished(folder) == expected
    assert delivered(folder) == before
