"""The event log in SQLite, with group commit: whoever holds the writer commits for all who wait."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from tailorbird.schema import Body, LogRecord
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.statements import load

SQL = load("log")


@dataclass(slots=True)
class _Waiting:
    """One caller's bodies, until somebody has committed them."""

    bodies: Sequence[Body]
    reader: str = ""
    progress: str = ""
    offset: int = 0
    error: BaseException | None = None
    done: bool = field(default=False)


class SqliteLog:
    """`ports.EventLog` over one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._queue: list[_Waiting] = []
        self._queue_lock = threading.Lock()
        self._writer_lock = threading.Lock()

    def append(self, bodies: Sequence[Body]) -> int:
        """Append durably, in order, and return the offset of the last body."""
        return self._commit(_Waiting(bodies))

    def append_from(self, reader: str, bodies: Sequence[Body], progress: str) -> int:
        """As `append`, and keep `progress` for `reader` in the same transaction."""
        return self._commit(_Waiting(bodies, reader, progress))

    def progress(self, reader: str) -> str:
        """Return what `append_from` last kept for `reader`, or ''."""
        row = self._database.read().execute(SQL["progress"], (reader,)).fetchone()
        return str(row[0]) if row else ""

    def read(self, after: int, limit: int, size: int | None = None) -> list[LogRecord]:
        """Return up to `limit` records with an offset above `after`, in order.

        With `size`, the first record that brings their bytes to it is the last.
        """
        records, read = [], 0
        rows = self._database.current().execute(SQL["read"], (after, limit))
        for offset, at, source, content in rows:
            records.append(LogRecord(offset, Body(source, at, content)))
            read += len(content)
            if size is not None and read >= size:
                break
        rows.close()
        return records

    def end(self) -> int:
        """Return the last offset, 0 when the log is empty."""
        return int(self._database.read().execute(SQL["end"]).fetchone()[0])

    def _commit(self, waiting: _Waiting) -> int:
        if self._database.held:
            # Durable with the transaction around it: others, who wait to be told that they are on
            # the disk, must not join that.
            with self._database.write() as connection:
                _write(connection, waiting)
            return waiting.offset
        with self._queue_lock:
            self._queue.append(waiting)
        with self._writer_lock:
            if not waiting.done:
                self._commit_queue()
        if waiting.error is not None:
            raise waiting.error
        return waiting.offset

    def _commit_queue(self) -> None:
        with self._queue_lock:
            group, self._queue = self._queue, []
        try:
            with self._database.write() as connection:
                for waiting in group:
                    _write(connection, waiting)
        except BaseException as error:  # noqa: BLE001 - raised again by every waiting caller
            for waiting in group:
                waiting.error = error
        finally:
            for waiting in group:
                waiting.done = True


def _write(connection: sqlite3.Connection, waiting: _Waiting) -> None:
    for body in waiting.bodies:
        connection.execute(SQL["append"], (body.received_at, body.source, body.content))
    if waiting.reader:
        connection.execute(SQL["keep_progress"], (waiting.reader, waiting.progress))
    waiting.offset = int(connection.execute(SQL["end"]).fetchone()[0])
