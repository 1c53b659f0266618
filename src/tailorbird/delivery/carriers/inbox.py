"""The local mailbox: a carrier that keeps every mail instead of sending it.

It takes a send id once, so a repeated message changes nothing, and it can always say what it has:
the journal's dots would add nothing and are not asked for.
"""

from __future__ import annotations

import sqlite3
import threading
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from email.errors import MessageError
from email.header import decode_header, make_header
from itertools import islice
from pathlib import Path
from typing import TypeAlias

import msgspec

from tailorbird.errors import CarrierError
from tailorbird.ports import InboxEntry, Journal
from tailorbird.schema import Outgoing, Reply

FILE_NAME = "inbox.sqlite"
BATCH = 500
SCHEMA_VERSION = 2
SCHEMA = """
CREATE TABLE messages (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, send_id BLOB NOT NULL UNIQUE,
    envelope_to TEXT NOT NULL, subject TEXT NOT NULL, size_bytes INTEGER NOT NULL,
    campaign TEXT NOT NULL DEFAULT '');
CREATE TABLE contents (sequence INTEGER PRIMARY KEY, content BLOB NOT NULL);
"""
SECOND_SCHEMA = "ALTER TABLE messages ADD COLUMN campaign TEXT NOT NULL DEFAULT '';"
"""What was kept before names no campaign."""
LIST = r"""
SELECT sequence, send_id, envelope_to, subject, size_bytes, campaign FROM messages
WHERE (:after = 0 OR sequence < :after) AND (:like = '%%' OR envelope_to LIKE :like ESCAPE '\'
  OR subject LIKE :like ESCAPE '\' OR campaign LIKE :like ESCAPE '\')
ORDER BY sequence DESC LIMIT :limit"""
COUNT = r"""
SELECT COUNT(*) FROM messages WHERE :like = '%%' OR envelope_to LIKE :like ESCAPE '\'
  OR subject LIKE :like ESCAPE '\' OR campaign LIKE :like ESCAPE '\'"""
READ = "SELECT content FROM messages JOIN contents USING (sequence) WHERE send_id = ?"
SINCE = """
SELECT sequence, send_id, content FROM messages JOIN contents USING (sequence)
WHERE sequence > ? ORDER BY sequence LIMIT ?"""
ADD = """
INSERT INTO messages (send_id, envelope_to, subject, size_bytes, campaign)
VALUES (?, ?, ?, ?, ?)
ON CONFLICT (send_id) DO NOTHING"""
TRIM = "DELETE FROM contents WHERE sequence <= (SELECT MAX(sequence) FROM messages) - ?"
FORGET_CONTENT = """
DELETE FROM contents WHERE sequence = (SELECT sequence FROM messages WHERE send_id = ?)"""

Row: TypeAlias = tuple[bytes, str, str, int, str, bytes]
Entries: TypeAlias = list[InboxEntry]
"""What `list` returns, named because that method hides the type."""


class InboxMessage(msgspec.Struct, frozen=True):
    """One row of the inbox's list."""

    sequence: int
    send_id: bytes
    to: str
    subject: str
    size_bytes: int
    campaign: str = ""


class InboxCarrier:
    """`ports.Carrier` and `ports.Inbox` over one file of its own.

    Keeps the full text of the newest `keep` messages, and the list entry of all.
    """

    name = "inbox"

    def __init__(self, folder: Path, *, keep: int = 200_000) -> None:
        self._path = folder / FILE_NAME
        self._keep = keep
        self._writing = threading.Lock()
        with self._translated():
            folder.mkdir(parents=True, exist_ok=True)
            self._writer = _connect(self._path)
            _migrate(self._writer, self._path)

    def close(self) -> None:
        """Close the file."""
        self._writer.close()

    def send(self, messages: Iterator[Outgoing], journal: Journal) -> Iterator[Reply]:
        """Keep messages durably, some hundred a transaction; yields one reply a message."""
        while rows := [_row(message) for message in islice(messages, BATCH)]:
            with self._translated():
                self._store(rows)
            for send_id, *_ in rows:
                yield Reply(send_id, "accepted", 250, "kept in the inbox")

    def found(self, send_ids: Sequence[bytes]) -> dict[bytes, bool]:
        """Say for each send whether its message is here."""
        with self._reading() as connection:
            return {
                send_id: connection.execute(
                    "SELECT 1 FROM messages WHERE send_id = ?", (send_id,)
                ).fetchone()
                is not None
                for send_id in send_ids
            }

    def list(self, *, after: int = 0, limit: int = 50, query: str = "") -> Entries:
        """Return the newest first; `after` is the last sequence of the page before.

        `query` is looked for in addresses, subjects and names of campaigns.
        """
        bound = {"after": after, "limit": limit, "like": _like(query)}
        with self._reading() as connection:
            return [InboxMessage(*row) for row in connection.execute(LIST, bound)]

    def count(self, query: str = "") -> int:
        """Return how many messages there are."""
        with self._reading() as connection:
            return int(connection.execute(COUNT, {"like": _like(query)}).fetchone()[0])

    def read(self, send_id: bytes) -> bytes | None:
        """Return one message as it was sent, or None when it never came or is no longer kept."""
        with self._reading() as connection:
            row = connection.execute(READ, (send_id,)).fetchone()
        return zlib.decompress(row[0]) if row else None

    def since(self, sequence: int, limit: int) -> Iterator[tuple[int, bytes, bytes]]:
        """Yield (sequence, send id, message) above `sequence`, oldest first."""
        with self._reading() as connection:
            for at, send_id, content in connection.execute(SINCE, (sequence, limit)):
                yield at, send_id, zlib.decompress(content)

    def forget(self, send_ids: Sequence[bytes]) -> int:
        """Remove messages for good, as an erasure asks; return how many there were."""
        gone = [(send_id,) for send_id in send_ids]
        with self._translated(), self._writing:
            with _transaction(self._writer) as connection:
                connection.executemany(FORGET_CONTENT, gone)
                forgotten = connection.executemany("DELETE FROM messages WHERE send_id = ?", gone)
            # Their pages are overwritten in the file; what the log still holds must go as well.
            self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return forgotten.rowcount

    def _store(self, rows: Sequence[Row]) -> None:
        with self._writing, _transaction(self._writer) as connection:
            for *entry, content in rows:
                cursor = connection.execute(ADD, entry)
                if cursor.rowcount:
                    connection.execute(
                        "INSERT INTO contents VALUES (?, ?)", (cursor.lastrowid, content)
                    )
            connection.execute(TRIM, (self._keep,))

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._translated(), closing(_connect(self._path)) as connection:
            connection.execute("PRAGMA query_only=1")
            yield connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.DatabaseError, OSError) as error:
            raise CarrierError(
                f"the inbox cannot be used: {error}",
                where=str(self._path),
                mend="look at the disk and the folder's permissions, then run it again",
            ) from error


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA secure_delete=ON")
    return connection


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == 0:
        connection.executescript(
            f"BEGIN IMMEDIATE; {SCHEMA} PRAGMA user_version={SCHEMA_VERSION}; COMMIT;"
        )
    elif version == 1:
        connection.executescript(
            f"BEGIN IMMEDIATE; {SECOND_SCHEMA} PRAGMA user_version={SCHEMA_VERSION}; COMMIT;"
        )
    elif version != SCHEMA_VERSION:
        raise CarrierError(
            f"the inbox has schema {version}, this version of Tailorbird knows {SCHEMA_VERSION}",
            where=str(path),
            mend="upgrade Tailorbird, or move the file away to start an empty inbox",
        )


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _row(message: Outgoing) -> Row:
    content = message.content
    return (
        message.send_id,
        message.envelope_to,
        subject_of(content),
        len(content),
        campaign_of(content),
        zlib.compress(content, 1),
    )


def subject_of(content: bytes) -> str:
    """Return a message's decoded subject, '' when it has none."""
    return _header(content, b"subject")


def campaign_of(content: bytes) -> str:
    """Return the campaign that a message names in its Feedback-ID, '' when it names none."""
    return _header(content, b"feedback-id").partition(":")[0]


def _header(content: bytes, name: bytes) -> str:
    """Return the decoded value of a message's first header of a name, in lower case."""
    head = b"\r\n" + content.partition(b"\r\n\r\n")[0]
    begin = b"\r\n" + name + b":"
    start = head.lower().find(begin)
    if start < 0:
        return ""
    lines = head[start + len(begin) :].split(b"\r\n")
    value = lines[0]
    for line in lines[1:]:
        if line[:1] not in (b" ", b"\t"):
            break
        value += line
    text = value.strip().decode("utf-8", "replace")
    return _decoded(text) if "=?" in text else text


def _decoded(text: str) -> str:
    try:
        return str(make_header(decode_header(text)))
    except (MessageError, LookupError, UnicodeError, ValueError):
        return text


def _like(query: str) -> str:
    escaped = query.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    return f"%{escaped}%"
