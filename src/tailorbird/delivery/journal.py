"""A small append-only file that says which final dots left this machine, and what came back.

A record that was torn by a power cut ends the file: nothing after it was acknowledged.
"""

from __future__ import annotations

import fcntl
import os
import struct
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, get_args

from tailorbird.errors import StoreError
from tailorbird.schema import Reply, ReplyKind

HEAD = struct.Struct("<IBBHH")
"""CRC-32 of the rest, kind, length of the send id, reply code, length of the reply text."""
DOT: Final = 255
KINDS: Final[tuple[ReplyKind, ...]] = get_args(ReplyKind)
TEXT_BYTES = 400
"""How much of a reply's text is kept."""


class FileJournal:
    """`ports.Journal` in one file, for the carriers of one worker in one process.

    Each `dot` is on the disk when it returns, one flush serving all connections that wait for it;
    `sync=False` leaves that to the kernel, which survives a kill but not a power cut.

    Raises:
        StoreError: another process holds the file, or the disk is full.
    """

    def __init__(self, path: Path, *, sync: bool = True) -> None:
        self._path = path
        self._sync = sync
        self._appending = threading.Lock()
        self._flushing = threading.Lock()
        self._holding = threading.RLock()
        self._appended = self._flushed = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_CREAT | os.O_RDWR | os.O_APPEND, 0o600)
        except OSError as error:
            raise self._failure(f"cannot be opened: {error.strerror}") from error
        self._take_lock()
        self._cut_torn_end()
        _sync_folder(path.parent)

    def dot(self, *send_ids: bytes) -> None:
        """Record that the final dots of these sends are about to leave."""
        mine = self._append(b"".join([_record(DOT, send_id, 0, b"") for send_id in send_ids]))
        if not self._sync:
            return
        with self._flushing:
            # Whoever waited here may find that the flush before covered this record as well.
            if self._flushed < mine:
                covered = self._appended
                self._flush()
                self._flushed = covered

    def reply(self, *replies: Reply) -> None:
        """Record what was answered."""
        self._append(b"".join(map(_replied, replies)))

    def last(self) -> dict[bytes, Reply | None]:
        """Return each send's last word: its reply, or None when only the dot was recorded."""
        return {send_id: reply for send_id, reply, _ in _records(self._content())}

    def clear(self) -> None:
        """Forget all, once the ledger knows it."""
        with self._appending:
            os.ftruncate(self._file, 0)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep every other thread that delivers or recovers waiting."""
        with self._holding:
            yield

    def close(self) -> None:
        """Release the file."""
        os.close(self._file)

    def _append(self, records: bytes) -> int:
        with self._appending:
            try:
                written = os.write(self._file, records)
            except OSError as error:
                raise self._failure(f"cannot be written: {error.strerror}") from error
            if written < len(records):
                # What came behind a torn record could not be read any more.
                os.ftruncate(self._file, os.fstat(self._file).st_size - written)
                raise self._failure("cannot be written: the disk is full")
            self._appended += 1
            return self._appended

    def _flush(self) -> None:
        try:
            os.fdatasync(self._file)
        except OSError as error:
            raise self._failure(f"cannot be flushed: {error.strerror}") from error

    def _take_lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._file)
            raise StoreError(
                "another process is sending from this folder",
                where=str(self._path),
                mend="stop it first; two senders with one journal could send twice",
            ) from None

    def _cut_torn_end(self) -> None:
        ends = [end for _, _, end in _records(self._content())]
        os.ftruncate(self._file, ends[-1] if ends else 0)

    def _content(self) -> bytes:
        return os.pread(self._file, os.fstat(self._file).st_size, 0)

    def _failure(self, what: str) -> StoreError:
        return StoreError(
            f"the delivery journal {what}",
            where=str(self._path),
            mend="free some disk space or mend the permissions; unsent mails stay in the outbox",
        )


def _record(kind: int, send_id: bytes, code: int, text: bytes) -> bytes:
    rest = HEAD.pack(0, kind, len(send_id), code, len(text))[4:] + send_id + text
    return zlib.crc32(rest).to_bytes(4, "little") + rest


def _replied(reply: Reply) -> bytes:
    text = reply.text.encode("utf-8", "replace")[:TEXT_BYTES]
    return _record(KINDS.index(reply.kind), reply.send_id, reply.code, text)


def _records(content: bytes) -> Iterator[tuple[bytes, Reply | None, int]]:
    """Yield (send id, reply or None for a dot, where the record ends) up to the first torn one."""
    start = 0
    while start + HEAD.size <= len(content):
        check, kind, id_length, code, text_length = HEAD.unpack_from(content, start)
        body = start + HEAD.size
        end = body + id_length + text_length
        if end > len(content) or zlib.crc32(content[start + 4 : end]) != check:
            return
        send_id = content[body : body + id_length]
        text = content[body + id_length : end].decode("utf-8", "replace")
        yield send_id, None if kind == DOT else Reply(send_id, KINDS[kind], code, text), end
        start = end


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
