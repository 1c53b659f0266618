"""Mails that came back, on their way into the log: from a mailbox, a file, a server's own door."""

from __future__ import annotations

import mailbox
import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from tailorbird.delivery.feedback import mailboxes
from tailorbird.delivery.feedback.mime import LARGEST
from tailorbird.errors import SourceError
from tailorbird.feedback import MAIL
from tailorbird.feedback_settings import Feedback
from tailorbird.ports import EventLog
from tailorbird.schema import Body, Instant

READER: Final = "feedback mailbox"
AT_ONCE: Final = 100
"""Mails of a file in one commit."""
MBOX: Final = b"From "


def body(raw: bytes, at: Instant, recipients: Iterable[str] = ()) -> Body:
    """Return a mail as the log keeps it; `recipients` are those of its envelope."""
    named = "".join(f"Delivered-To: {each}\r\n" for each in recipients if each.isprintable())
    return Body(MAIL, at, named.encode("utf-8", "replace") + raw[:LARGEST])


def visit(log: EventLog, settings: Feedback, now: Instant) -> int:
    """Take what has come to the mailbox into the log, and where it stands, together; return it.

    Raises:
        SettingsError, SourceError: it is not set up rightly, or cannot be reached.
    """
    found = mailboxes.opened(settings)
    if found is None:
        return 0
    taken = 0
    for cursor, raw in found.since(_cursor(log, settings)):
        log.append_from(READER, [body(raw, now)], f"{_place(settings)}\n{cursor}")
        taken += 1
    return taken


def _cursor(log: EventLog, settings: Feedback) -> str:
    """Return where this mailbox stands; another one begins at its start."""
    place, _, cursor = log.progress(READER).partition("\n")
    return cursor if place == _place(settings) else ""


def _place(settings: Feedback) -> str:
    user, host = settings.mailbox_user, settings.mailbox_host
    return f"{settings.mailbox} {user}@{host}/{settings.mailbox_folder}"


def read(log: EventLog, path: Path, now: Instant) -> int:
    """Take the mails of a file, an mbox or a maildir into the log; return how many there were.

    Raises:
        SourceError: there is none, or it cannot be read.
    """
    mails, taken = mails_of(path), 0
    while chunk := list(islice(mails, AT_ONCE)):
        log.append([body(raw, now) for raw in chunk])
        taken += len(chunk)
    return taken


def mails_of(path: Path) -> Iterator[bytes]:
    """Yield the mails of a file, an mbox, a maildir, or a folder of files."""
    try:
        if path.is_dir():
            yield from _of_folder(path)
            return
        with path.open("rb") as file:
            start = file.read(len(MBOX))
        if start != MBOX:
            yield path.read_bytes()[:LARGEST]
            return
        box = mailbox.mbox(os.fspath(path), create=False)
        try:
            for key in box.iterkeys():
                yield box.get_bytes(key)[:LARGEST]
        finally:
            box.close()
    except OSError as error:
        what = f"the mails cannot be read: {error.strerror or error}"
        mend = "give a file, an mbox, a maildir or a folder of files"
        raise SourceError(what, where=str(path), mend=mend) from None


def _of_folder(path: Path) -> Iterator[bytes]:
    parts = [path / "new", path / "cur"] if (path / "cur").is_dir() else [path]
    for part in parts:
        for file in sorted(part.iterdir() if part.is_dir() else ()):
            if file.is_file() and not file.name.startswith("."):
                yield file.read_bytes()[:LARGEST]
