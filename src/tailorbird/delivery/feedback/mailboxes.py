"""Mailboxes to which bounces come: read over TLS, by IMAP or POP3, and never changed.

A cursor says what was read. It is kept with the mails, so that a kill neither loses one nor counts
it twice.
"""

from __future__ import annotations

import contextlib
import imaplib
import poplib
import re
import ssl
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol

import msgspec

from tailorbird.delivery.feedback.mime import LARGEST
from tailorbird.errors import SettingsError, SourceError
from tailorbird.feedback_settings import Feedback

TIMEOUT_SECONDS: Final = 30.0
IMAP_PORT: Final = 993
POP3_PORT: Final = 995
AT_ONCE: Final = 200
"""Mails of one visit; the next goes on there."""
MOST_LINES: Final = 20_000
"""Of a mail that is larger than is looked at."""
_VALIDITY: Final = re.compile(rb"(\d+)")
_FAULTS: Final = (OSError, imaplib.IMAP4.error, poplib.error_proto, EOFError, ValueError)


class Mailbox(Protocol):
    """A mailbox that can be read from a cursor on."""

    def since(self, cursor: str) -> Iterator[tuple[str, bytes]]:
        """Yield (cursor after it, mail), at most `AT_ONCE` of them, oldest first.

        Raises:
            SourceError: the host cannot be reached, or refuses.
        """


def opened(settings: Feedback) -> Mailbox | None:
    """Return the mailbox that settings name, or None when they name none.

    Raises:
        SettingsError: the host or the user is missing, or the CA file cannot be read.
    """
    if not settings.mailbox:
        return None
    if not (settings.mailbox_host and settings.mailbox_user):
        raise SettingsError(
            "the mailbox has no host or no user",
            where="feedback.mailbox",
            mend="set feedback.mailbox_host and feedback.mailbox_user",
        )
    try:
        context = ssl.create_default_context(cafile=settings.mailbox_ca_file or None)
    except OSError as error:
        raise SettingsError(
            f"the CA file cannot be read: {error}", where="feedback.mailbox_ca_file",
            mend="give the path of a PEM file",
        ) from None  # fmt: skip
    return (ImapMailbox if settings.mailbox == "imap" else Pop3Mailbox)(settings, context)


class ImapMailbox:
    """A folder read by IMAP (RFC 3501): opened for reading only, so nothing is marked as seen."""

    def __init__(self, settings: Feedback, context: ssl.SSLContext) -> None:
        self._settings = settings
        self._context = context

    def since(self, cursor: str) -> Iterator[tuple[str, bytes]]:
        """Yield what has come since; after a change of UIDVALIDITY, everything once more."""
        settings = self._settings
        with _told(settings), contextlib.ExitStack() as stack:
            host, port = settings.mailbox_host, settings.mailbox_port or IMAP_PORT
            server = imaplib.IMAP4_SSL(
                host, port, ssl_context=self._context, timeout=TIMEOUT_SECONDS
            )
            stack.callback(_left, server.logout, server.shutdown)
            server.login(settings.mailbox_user, settings.mailbox_password)
            _right(server.select(f'"{settings.mailbox_folder}"', readonly=True))
            _, said = server.response("UIDVALIDITY")
            found = _VALIDITY.search(said[0]) if said and said[0] else None
            validity = found[1].decode() if found else "0"
            kept, _, last = cursor.partition(":")
            after = int(last) if kept == validity and last.isdigit() else 0
            for uid in self._uids(server, after)[:AT_ONCE]:
                raw = _fetched(server, uid)
                if raw is not None:
                    yield f"{validity}:{uid}", raw

    @staticmethod
    def _uids(server: imaplib.IMAP4_SSL, after: int) -> list[int]:
        listed = _right(server.uid("SEARCH", f"UID {after + 1}:*"))
        numbers = [int(each) for each in (listed[0] or b"").split()]
        # `n:*` names the last mail even when its number is below n.
        return sorted(number for number in numbers if number > after)


class Pop3Mailbox:
    """A mailbox read by POP3 (RFC 1939); its cursor is the list of what is there and was read."""

    def __init__(self, settings: Feedback, context: ssl.SSLContext) -> None:
        self._settings = settings
        self._context = context

    def since(self, cursor: str) -> Iterator[tuple[str, bytes]]:
        """Yield the mails whose unique id was not read before."""
        settings = self._settings
        read: list[str] = msgspec.json.decode(cursor, type=list[str]) if cursor else []
        with _told(settings), contextlib.ExitStack() as stack:
            host, port = settings.mailbox_host, settings.mailbox_port or POP3_PORT
            server = _Pop3(host, port, context=self._context, timeout=TIMEOUT_SECONDS)
            stack.callback(_left, server.quit, server.close)
            server.user(settings.mailbox_user)
            server.pass_(settings.mailbox_password)
            sizes = dict(_pair(line) for line in server.list()[1])
            ids = [_named(line) for line in server.uidl()[1]]
            there = {unique for _, unique in ids}
            done = [unique for unique in read if unique in there]
            known = set(done)
            fresh = [(number, unique) for number, unique in ids if unique not in known]
            for number, unique in fresh[:AT_ONCE]:
                whole = sizes.get(number, 0) <= LARGEST
                _, lines, _ = server.retr(number) if whole else server.top(number, MOST_LINES)
                done.append(unique)
                yield msgspec.json.encode(done).decode(), b"\r\n".join(lines)


class _Pop3(poplib.POP3_SSL):
    """Takes lines of any length: mails that come back have longer ones than RFC 5322 allows."""

    def _getline(self) -> tuple[bytes, int]:
        line: bytes = self.file.readline(LARGEST)
        if not line:
            raise poplib.error_proto("-ERR EOF")
        return line.rstrip(b"\r\n"), len(line)


@contextlib.contextmanager
def _told(settings: Feedback) -> Iterator[None]:
    """Turn what goes wrong with a host into one error that says how to mend it."""
    try:
        yield
    except _FAULTS as error:
        said = str(error) or type(error).__name__
        raise SourceError(
            f"the mailbox cannot be read: {said[:300]}",
            where=f"feedback.mailbox_host = {settings.mailbox_host}",
            mend="check host, user and password; it is tried again",
        ) from None


def _left(*leave: Callable[[], object]) -> None:
    """Say goodbye and hang up; whoever has gone already need not hear it."""
    for each in leave:
        with contextlib.suppress(*_FAULTS):
            each()


def _right(answer: tuple[str, Sequence[bytes | None]]) -> Sequence[bytes | None]:
    status, said = answer
    if status != "OK":
        raise imaplib.IMAP4.error(str(said))
    return said


def _fetched(server: imaplib.IMAP4_SSL, uid: int) -> bytes | None:
    """Return the beginning of a mail, None when it has gone meanwhile."""
    _, parts = server.uid("FETCH", str(uid), f"(UID BODY.PEEK[]<0.{LARGEST}>)")
    for part in parts:
        if isinstance(part, tuple):
            content: bytes = part[1]
            return content
    return None


def _pair(line: bytes) -> tuple[int, int]:
    number, size, *_ = line.split()
    return int(number), int(size)


def _named(line: bytes) -> tuple[int, str]:
    number, unique, *_ = line.split()
    return int(number), unique.decode("ascii", "replace")
