"""The system of record: durable, one writer, and clear about what is wrong."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tailorbird.errors import StoreError
from tailorbird.privacy.vault import Vault
from tailorbird.schema import Body
from tailorbird.stores.sqlite.connection import Database, migrations
from tailorbird.stores.sqlite.definitions import SqliteDefinitions
from tailorbird.stores.sqlite.log import SqliteLog
from tailorbird.stores.sqlite.people import SqlitePeople
from tailorbird.ties import Separation


def body(n: int) -> Body:
    return Body("test", n, f'{{"n": {n}}}'.encode())


def test_what_was_appended_is_there_after_reopening(tmp_path: Path) -> None:
    path = tmp_path / "record.sqlite"
    database = Database(path)
    assert SqliteLog(database).append([body(1), body(2)]) == 2
    database.close()
    reopened = SqliteLog(Database(path))
    assert [record.body for record in reopened.read(0, 10)] == [body(1), body(2)]
    assert reopened.end() == 2


def test_what_a_thread_opened_is_closed_when_the_thread_has_ended(tmp_path: Path) -> None:
    database = Database(tmp_path / "record.sqlite")

    def opened() -> int:
        return sum(str(tmp_path) in os.readlink(each) for each in descriptors())

    def descriptors() -> Iterator[Path]:
        return (each for each in Path("/proc/self/fd").iterdir() if each.is_symlink())

    def read_apart() -> int:
        thread = threading.Thread(target=SqliteLog(database).end)
        thread.start()
        thread.join()
        return opened()

    # SQLite keeps one file for the next connection, since closing it would drop others' locks.
    first = read_apart()
    assert [read_apart() for _ in range(5)] == [first] * 5
    database.close()
    assert opened() == 0


def test_offsets_have_no_gaps_however_many_write(tmp_path: Path) -> None:
    log = SqliteLog(Database(tmp_path / "record.sqlite"))
    with ThreadPoolExecutor(8) as pool:
        offsets = list(pool.map(lambda n: log.append([body(n)]), range(200)))
    assert sorted(offsets) == list(range(1, 201))
    stored = {record.offset: record.body.received_at for record in log.read(0, 1000)}
    assert all(stored[offset] == n for n, offset in enumerate(offsets))


def test_a_reading_ends_with_the_record_that_brings_its_bytes(tmp_path: Path) -> None:
    log = SqliteLog(Database(tmp_path / "record.sqlite"))
    log.append([Body("test", 1, b"x" * length) for length in (10, 500, 10, 10)])
    assert [record.offset for record in log.read(0, 10, 20)] == [1, 2]
    assert [record.offset for record in log.read(2, 10, 1)] == [3]
    assert [record.offset for record in log.read(2, 10, 1000)] == [3, 4]


def test_progress_moves_with_the_bodies_or_not_at_all(tmp_path: Path) -> None:
    log = SqliteLog(Database(tmp_path / "record.sqlite"))
    log.append_from("import:a", [body(1)], "1")
    broken = Body("test", 1, "not bytes at all")  # type: ignore[arg-type]
    broken_twice = [body(2), Body(None, 2, broken.content)]  # type: ignore[arg-type]
    with pytest.raises(sqlite3.IntegrityError):
        log.append_from("import:a", broken_twice, "2")
    assert (log.progress("import:a"), log.end()) == ("1", 1)
    assert log.progress("import:b") == ""


def test_full_and_wal_are_in_force(tmp_path: Path) -> None:
    database = Database(tmp_path / "record.sqlite")
    with database.write() as connection:
        assert connection.execute("PRAGMA synchronous").fetchone()[0] == 2
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    database = Database(tmp_path / "record.sqlite")
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        database.read().execute("DELETE FROM log")


def test_a_newer_folder_is_refused_with_the_mend(tmp_path: Path) -> None:
    path = tmp_path / "record.sqlite"
    Database(path).close()
    newer = migrations()[-1][0] + 1
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version={newer}")
    connection.close()
    with pytest.raises(StoreError, match=rf"schema {newer}.*upgrade Tailorbird"):
        Database(path)


def test_an_older_folder_is_brought_up_to_date_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "record.sqlite"
    with sqlite3.connect(path) as connection:
        connection.executescript(migrations()[0][1])
        connection.execute(
            "INSERT INTO log (received_at, source, content) VALUES (1, 'old', x'7b7d')"
        )
        connection.execute("PRAGMA user_version=1")
    connection.close()
    database = Database(path)
    assert database.migrated_from == 1
    assert SqliteLog(database).read(0, 10)[0].body == Body("old", 1, b"{}")
    with database.write() as writer:
        assert writer.execute("PRAGMA user_version").fetchone()[0] == migrations()[-1][0]


def test_a_death_while_an_older_folder_is_brought_up_to_date_leaves_it_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "record.sqlite"
    whole = migrations()
    broken = (*whole[:-1], (whole[-1][0], f"{whole[-1][1]}\nSELECT nothing FROM nowhere;"))
    with monkeypatch.context() as patch:
        patch.setattr("tailorbird.stores.sqlite.connection.migrations", lambda: broken)
        with pytest.raises(StoreError):
            Database(path)
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,)
    connection.close()
    database = Database(path)
    assert database.migrated_from == 0
    database.close()


def test_each_migration_has_a_number_of_its_own() -> None:
    """Of two with one number, a crash between them would skip the second for good."""
    numbers = [number for number, _ in migrations()]
    assert numbers == [*range(1, len(numbers) + 1)]


def test_a_full_disk_is_said_plainly_and_loses_nothing(tmp_path: Path) -> None:
    database = Database(tmp_path / "record.sqlite")
    log = SqliteLog(database)
    log.append([body(1)])
    with database.write() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
    database._writer.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StoreError, match="full; free some disk space"):
        log.append([Body("test", 2, b"x" * 1_000_000)])
    database._writer.execute("PRAGMA max_page_count=1000000")
    assert log.append([body(3)]) == 2


def test_a_file_that_is_no_database_is_said_plainly(tmp_path: Path) -> None:
    path = tmp_path / "record.sqlite"
    path.write_bytes(b"this is no database, whatever its name says" * 100)
    with pytest.raises(StoreError, match="not a database; restore"):
        Database(path)


def test_definitions_keep_every_version(tmp_path: Path) -> None:
    definitions = SqliteDefinitions(Database(tmp_path / "record.sqlite"))
    for text in ("one", "one", "two"):
        definitions.put("segment", "gold", text, author="ann", reason="", now=1)
    latest = definitions.get("segment", "gold")
    first = definitions.get("segment", "gold", 1)
    assert latest is not None
    assert first is not None
    assert (latest.version, latest.text, first.text) == (2, "two", "one")
    assert [d.version for d in definitions.latest("segment")] == [2]
    assert definitions.get("segment", "silver") is None


def test_who_was_merged_before_histories_could_part_stays_one(tmp_path: Path) -> None:
    path = tmp_path / "record.sqlite"
    with sqlite3.connect(path) as connection:
        for number, sql in migrations():
            if number < 4:
                connection.executescript(sql)
        connection.execute("INSERT INTO people (person, created_at) VALUES (1, 1)")
        connection.execute("INSERT INTO people (person, created_at, merged_into) VALUES (2, 2, 1)")
        connection.execute("INSERT INTO merges VALUES (5, 1, 2)")
        connection.execute("PRAGMA user_version=3")
    connection.close()
    database = Database(path)
    people = SqlitePeople(database, Vault(b"k" * 32))
    (old,) = people.ties.merges()
    assert (old.survivor, old.loser, old.position, old.by) == (1, 2, 5, "")
    with people.transaction():
        people.ties.separate(Separation(1, 2, 9))
    assert people.survivor(2) == 1
    database.close()


def test_who_waits_is_not_told_before_the_transaction_around_another_ends(tmp_path: Path) -> None:
    database = Database(tmp_path / "record.sqlite")
    log = SqliteLog(database)
    around = database.write()
    with ThreadPoolExecutor(1) as pool:
        around.__enter__()
        other = pool.submit(log.append, [body(1)])
        assert log.append([body(2)]) == 1
        assert not other.done()
        broken = StoreError("broken")
        around.__exit__(StoreError, broken, None)
        assert other.result(10) == 1
    assert [record.body for record in log.read(0, 10)] == [body(1)]


def test_what_may_wait_for_the_disk_is_whole_and_the_next_commit_waits_again(
    tmp_path: Path,
) -> None:
    database = Database(tmp_path / "record.sqlite")
    people = SqlitePeople(database, Vault(b"k" * 32))

    def waits() -> bool:
        return bool(database.current().execute("PRAGMA synchronous").fetchone()[0] == 2)

    with people.transaction(durable=False):
        people.advance(7)
        inside = waits()
    with pytest.raises(ZeroDivisionError), people.transaction(durable=False):
        people.advance(1 // 0)
    with database.write():
        after = waits()
    assert (inside, after, people.cursor()) == (False, True, 7)


def test_to_make_what_was_written_durable_something_is_written(tmp_path: Path) -> None:
    """Only a commit that writes waits for the disk."""
    database = Database(tmp_path / "record.sqlite")
    people = SqlitePeople(database, Vault(b"k" * 32))
    people.advance(7)
    reader = database.read()
    before = reader.execute("PRAGMA data_version").fetchone()
    people.make_durable()
    assert reader.execute("PRAGMA data_version").fetchone() > before
    assert people.cursor() == 7
