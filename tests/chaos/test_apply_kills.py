"""Killed at any write of an apply, all of it is in force or nothing, and the next one goes on."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tailorbird.edits import Edit
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.sqlite.definitions import SqliteDefinitions

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(240)]
EDITS = 6
WRITES = 2 * (EDITS + 1) + 2
"""A set, a version and its mark for each edit, and the end of the transaction."""
DIES = """
import os, signal, sys
from pathlib import Path
from tailorbird.edits import Edit
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.sqlite.definitions import SqliteDefinitions

path, last = Path(sys.argv[1]), int(sys.argv[2])
database = Database(path)
writer, count = database._writer, 0

class Counted:
    in_transaction = property(lambda self: writer.in_transaction)

    def __getattr__(self, name):
        return getattr(writer, name)

    def execute(self, sql, *given):
        self.count(sql)
        return writer.execute(sql, *given)

    def executemany(self, sql, rows):
        for row in rows:
            self.execute(sql, row)

    def count(self, sql):
        global count
        if sql.startswith(("INSERT", "COMMIT")):
            if count == last:
                os.kill(os.getpid(), signal.SIGKILL)
            count += 1

database._writer = Counted()
edits = [Edit("list", f"l{n}", f"name: l{n}\\n") for n in range(int(sys.argv[3]))]
edits.append(Edit("list", "old", None))
definitions = SqliteDefinitions(database)
standing = definitions.standing()
definitions.put_together(edits, standing, how="apply", author="a", reason="r", now=2)
"""


@pytest.mark.parametrize("last", range(0, WRITES + 3, 3))
def test_an_apply_that_is_killed_is_whole_or_nothing(tmp_path: Path, last: int) -> None:
    path = tmp_path / "record.sqlite"
    database = Database(path)
    SqliteDefinitions(database).put("list", "old", "name: old\n", author="", reason="", now=1)
    database.close()
    done = subprocess.run(
        [sys.executable, "-c", DIES, str(path), str(last), str(EDITS)], check=False
    )
    database = Database(path)
    definitions = SqliteDefinitions(database)
    names = [each.name for each in definitions.latest("list")]
    if done.returncode == -signal.SIGKILL:
        assert names == ["old"]
        assert definitions.edit_sets() == []
        assert definitions.bases() == {}
    else:
        assert (done.returncode, last >= WRITES) == (0, True)
    edits = [Edit("list", f"l{n}", f"name: l{n}\n") for n in range(EDITS)]
    edits.append(Edit("list", "old", None))
    said = {"author": "a", "reason": "r"}
    kept = definitions.put_together(edits, definitions.standing(), how="apply", now=3, **said)
    assert kept is not None
    assert [each.name for each in definitions.latest("list")] == [f"l{n}" for n in range(EDITS)]
    assert {each.version for each in kept.edits if each.name != "old"} == {1}
    database.close()
