"""A disk that runs full stops the sending, loses nothing and has nothing sent twice."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SENDING = Path(__file__).with_name("full_disk.py")
SMALL = 'mount -t tmpfs -o size=48m none "$1" && exec "$2" "$3" "$1/house"'


def on_a_small_disk(folder: Path) -> list[str] | None:
    """Return what sends on a file system of its own, None where nobody may make one."""
    unshare = shutil.which("unshare")
    folder.mkdir()
    if unshare is None:
        return None
    alone = [unshare, "-rm", "sh", "-c"]
    tried = [*alone, 'mount -t tmpfs -o size=1m none "$1"', "sh", str(folder)]
    if subprocess.run(tried, capture_output=True, check=False).returncode:
        return None
    return [*alone, SMALL, "sh", str(folder), sys.executable, str(SENDING)]


@pytest.mark.parametrize("disk", ["small", "limited"])
def test_what_a_full_disk_stopped_goes_on_where_it_was(tmp_path: Path, disk: str) -> None:
    command = on_a_small_disk(tmp_path / "disk") if disk == "small" else None
    if command is None:
        command = [sys.executable, str(SENDING), str(tmp_path / "house")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    lives, people = 6, 120
    assert len(told["said"]) == lives, "every time somebody is told"
    words = ("full", "too large", "disk I/O error")
    assert [what for what in told["said"] if not any(word in what for word in words)] == []
    states = told["states"]
    assert states["sent"] + states.get("unknown", 0) == lives * people
    assert states.get("unknown", 0) <= lives, "the one whose answer found no room"
    assert len(told["taken"]) == len(set(told["taken"])) == lives * people
    assert told["faults"] == []
