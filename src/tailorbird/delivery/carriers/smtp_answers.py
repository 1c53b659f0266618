"""What a mail server says: replies of one or more lines, however they arrive (RFC 5321, 4.2)."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from tailorbird.schema import ReplyKind

LONGEST_LINE: Final = 4096
MOST_LINES: Final = 200
LINE: Final = re.compile(rb"([2-5]\d\d)([ -]?)([^\n]*)\n")


class Answer(NamedTuple):
    """One reply of the server; `text` is its lines joined by spaces."""

    code: int
    text: str

    @property
    def kind(self) -> ReplyKind:
        """Return what it says about a message."""
        return "accepted" if self.code < 300 else "deferred" if self.code < 500 else "rejected"


class Heard:
    """What the server said and nobody has read yet."""

    __slots__ = ("_at", "_begun", "_held", "lines")

    def __init__(self) -> None:
        self._held = b""
        self._at = 0
        self._begun: list[str] = []
        self.lines: list[str] = []
        """Those of the last reply."""

    def add(self, octets: bytes) -> None:
        """Learn what came.

        Raises:
            ConnectionResetError: nothing came, for the server hung up.
        """
        if not octets:
            raise ConnectionResetError("the server hung up")
        self._held = self._held[self._at :] + octets
        self._at = 0

    def answer(self) -> Answer | None:
        """Return the next reply, None while the rest of it has not come.

        Raises:
            ConnectionAbortedError: what was said is no SMTP.
        """
        while match := LINE.match(self._held, self._at):
            code, more, text = match.groups()
            self._at = match.end()
            said = text.decode("utf-8", "replace").strip()
            if more != b"-" and not self._begun:
                self.lines = [said]
                return Answer(int(code), said)
            self._begun.append(said)
            if more != b"-":
                self.lines, self._begun = self._begun, []
                return Answer(int(code), " ".join(self.lines))
            if len(self._begun) == MOST_LINES:
                break
        else:
            if len(self._held) - self._at < LONGEST_LINE and b"\n" not in self._held[self._at :]:
                return None
        raise ConnectionAbortedError("the server does not speak SMTP")
