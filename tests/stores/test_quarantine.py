"""The quarantine: nothing leaves silently, and a replay is never lost nor doubled."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tailorbird.privacy.vault import Vault
from tailorbird.schema import Body, Refused
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.sqlite.log import SqliteLog
from tailorbird.stores.sqlite.people import SqlitePeople
from tailorbird.stores.sqlite.quarantine import SqliteQuarantine


def refused(position: int, code: str = "no_name", source: str = "web") -> Refused:
    return Refused(position, source, 9, code, "why", b'{"x":1}', "mend")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Return a record with three refused records at 10, 20 and 30."""
    database = Database(tmp_path / "record.sqlite")
    held = [refused(10), refused(20, "bad_json"), refused(30, source="shop")]
    SqlitePeople(database, Vault(b"k" * 32)).quarantine(held)
    yield database
    database.close()


@pytest.fixture
def quarantine(database: Database) -> SqliteQuarantine:
    """Return its quarantine."""
    return SqliteQuarantine(database)


def positions(quarantine: SqliteQuarantine, **chosen: str) -> list[int]:
    return [one.refused.position for one in quarantine.page(0, 9, **chosen)]  # type: ignore[arg-type]


def test_records_are_listed_by_state_code_and_source(quarantine: SqliteQuarantine) -> None:
    quarantine.discard([20], 5, "noise")
    assert positions(quarantine) == [10, 20, 30]
    assert positions(quarantine, state="held") == [10, 30]
    assert positions(quarantine, state="discarded") == [20]
    assert positions(quarantine, code="no_name") == [10, 30]
    assert positions(quarantine, code="no_name", source="shop") == [30]
    assert [one.refused.position for one in quarantine.page(10, 1)] == [20]
    assert quarantine.counts() == [("discarded", "bad_json", 1), ("held", "no_name", 2)]


def test_one_record_has_its_bytes_and_its_story(quarantine: SqliteQuarantine) -> None:
    quarantine.keep_mended([(10, b"{}", ("first", "second"))])
    found = quarantine.one(10)
    assert found is not None
    assert (found.refused, found.mended, found.mended_by) == (
        refused(10),
        b"{}",
        ("first", "second"),
    )
    assert (found.state, found.decided_at, found.replayed_as) == ("held", 0, 0)
    assert quarantine.one(11) is None


def test_a_replay_appends_and_marks_once(database: Database, quarantine: SqliteQuarantine) -> None:
    log = SqliteLog(database)
    log.append([Body("web", 1, b"{}")])
    body = Body("web", 9, b'{"x":2}')
    assert quarantine.replay([(10, body), (99, body)], 5, "mended") == [2]
    assert quarantine.replay([(10, body)], 6, "again") == []
    assert [record.body for record in log.read(1, 9)] == [body]
    found = quarantine.one(10)
    assert found is not None
    assert (found.state, found.decided_at, found.why, found.replayed_as) == (
        "replayed",
        5,
        "mended",
        2,
    )


def test_what_is_decided_stays_decided(quarantine: SqliteQuarantine) -> None:
    assert quarantine.discard([10, 77], 5, "noise") == 1
    assert quarantine.discard([10], 6, "again") == 0
    assert quarantine.keep_mended([(10, b"{}", ())]) == 0
    assert quarantine.replay([(10, Body("web", 9, b"{}"))], 7, "") == []
    found = quarantine.one(10)
    assert found is not None
    assert (found.state, found.decided_at, found.why) == ("discarded", 5, "noise")


def test_nothing_leaves_the_quarantine(database: Database, quarantine: SqliteQuarantine) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="discard them"), database.write() as writer:
        writer.execute("DELETE FROM quarantine")
    quarantine.discard([10], 5, "noise")
    with pytest.raises(sqlite3.IntegrityError, match="stays so"), database.write() as writer:
        writer.execute("UPDATE quarantine SET state = 'held'")
    assert positions(quarantine) == [10, 20, 30]


def test_the_same_batch_folded_again_holds_nothing_anew(
    database: Database, quarantine: SqliteQuarantine
) -> None:
    quarantine.discard([10], 5, "noise")
    SqlitePeople(database, Vault(b"k" * 32)).quarantine([refused(10)])
    found = quarantine.one(10)
    assert found is not None
    assert found.state == "discarded"


def test_what_is_decided_is_no_longer_held(
    database: Database, quarantine: SqliteQuarantine
) -> None:
    people = SqlitePeople(database, Vault(b"k" * 32))
    quarantine.discard([10], 5, "noise")
    assert [one.position for one in people.quarantined(0, 9)] == [20, 30]
    assert people.quarantine_counts() == {"bad_json": 1, "no_name": 1}


def test_one_that_fails_takes_none_along(database: Database, quarantine: SqliteQuarantine) -> None:
    good, broken = Body("web", 9, b"{}"), Body(None, 9, b"{}")  # type: ignore[arg-type]
    with pytest.raises(sqlite3.IntegrityError):
        quarantine.replay([(10, good), (20, broken)], 5, "")
    assert SqliteLog(database).end() == 0
    assert positions(quarantine, state="held") == [10, 20, 30]


KILLED = """
import os, signal, sys
from pathlib import Path
from tailorbird.schema import Body
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.sqlite.quarantine import SqliteQuarantine

def killer(statement):
    if statement.lstrip().startswith(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)

database = Database(Path(sys.argv[1]))
database._writer.set_trace_callback(killer)
SqliteQuarantine(database).replay([(n, Body("web", 9, b"%d" % n)) for n in (10, 20)], 5, "")
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.chaos
@pytest.mark.parametrize("at", ["BEGIN", "INSERT INTO log", "UPDATE quarantine", "COMMIT", "-"])
def test_a_kill_neither_loses_nor_doubles(database: Database, at: str) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, database.path, at], check=False)
    assert done.returncode == -9
    quarantine = SqliteQuarantine(database)
    committed = at == "-"
    assert SqliteLog(database).end() == (2 if committed else 0)
    assert positions(quarantine, state="replayed") == ([10, 20] if committed else [])
    bodies = [(n, Body("web", 9, b"%d" % n)) for n in (10, 20)]
    assert quarantine.replay(bodies, 6, "") == ([] if committed else [1, 2])
    contents = [record.body.content for record in SqliteLog(database).read(0, 9)]
    assert contents == [b"10", b"20"]
    assert positions(quarantine, state="replayed") == [10, 20]
