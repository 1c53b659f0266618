"""What is said on a connection to a mail server for one message after the other.

Source: RFC 5321, 1870 (SIZE), 2920 (PIPELINING), 6152 (8BITMIME), 6531 (SMTPUTF8).
Until the final dot leaves, every failure is an `OSError` and the message is certainly not sent.
Behind the dot goes the envelope of the next message, where the server takes several commands at
once: a round less to wait for, and fewer calls of the system.
"""

from __future__ import annotations

import ssl
from collections.abc import Generator, Sequence
from typing import Final, Literal, TypeAlias, TypeVar

from tailorbird.delivery.addresses import commandable, needs_smtputf8
from tailorbird.delivery.carriers.smtp_answers import Answer
from tailorbird.delivery.carriers.smtp_session import SmtpSession, refusal
from tailorbird.delivery.lines import lines_of
from tailorbird.errors import CarrierError
from tailorbird.schema import Outgoing, Reply, ReplyKind

T = TypeVar("T")
Wish: TypeAlias = Literal["read", "write", "dot", "next"]
"""What a talk waits for: to read, to write, that its dot is in the journal, another message."""
Turns: TypeAlias = Generator[Wish, "Outgoing | None", T]
RECEIVED: Final = 65_536
LOGIN_CODES: Final = frozenset({530, 534, 535, 538})
CLOSING: Final = 421
WANTED: Final = 354
WAITING: Final = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Talk:
    """One connection at work; who drives it sends to `turns` what the last wish asked for.

    To `dot` and `next` the answer is a message, or None where there is none. A talk has ended when
    `turns` has; then `message` certainly was not sent, and `refused` says whether the operator
    must act.
    """

    def __init__(self, session: SmtpSession) -> None:
        self.session = session
        self.replies: list[Reply] = []
        """What became of messages, until somebody takes it away."""
        self.message: Outgoing | None = None
        """The one in hand, whose dot has not left."""
        self.doubtful: bytes | None = None
        """The send whose dot has left, and that is not answered."""
        self.refused: CarrierError | None = None
        self.broken = ""
        """Why the connection was lost."""
        self.fresh = not session.used
        """The message in hand is the first on this connection."""
        self.last = False
        """Nothing else is to be begun on it."""
        self.patience_seconds = session.server.timeout_seconds
        """How long it is worth to wait for what it wishes now."""
        self.pipelines = "PIPELINING" in session.offers
        """The server takes several commands at once."""
        self._most_bytes = most_bytes(session.offers.get("SIZE", ""))
        self._envelope: list[bytes] = []
        """The commands that open the message in hand."""
        self.writes = False
        """It waits to write, not to read."""
        self.turns: Turns[None] = self._run()
        session.socket.setblocking(False)

    def _run(self) -> Turns[None]:
        try:
            yield from self._messages()
        except OSError as error:
            self.broken = str(error) or type(error).__name__
            if self.doubtful is not None:
                # No record: the dot alone is what the journal knows as well.
                self._told(self.doubtful, "unknown", 0, f"no answer to the final dot: {error}")
                self.doubtful = None
        except CarrierError as error:
            self.refused = error
        self.session.close()

    def _messages(self) -> Turns[None]:
        announced = False
        while self.session.open and not self.last:
            if self.message is None:
                self.message, announced = self._speakable((yield "next")), False
                continue
            answers = yield from self._heard() if announced else self._announced()
            if answers[-1].code == WANTED and all(answer.code < 400 for answer in answers):
                yield from self._content(self.message)
                announced = self.message is not None
            else:
                yield from self._not_wanted(self.message.send_id, answers)

    def _announced(self) -> Turns[list[Answer]]:
        """Say the envelope; return the answers, fewer when an unpipelined one was refused."""
        commands = self._envelope
        if self.pipelines:
            yield from self._say(b"".join(commands))
            return (yield from self._heard())
        answers: list[Answer] = []
        for command in commands:
            yield from self._say(command)
            answers.append((yield from self._answer()))
            if answers[-1].code >= 400:
                break
        return answers

    def _heard(self) -> Turns[list[Answer]]:
        """Return the answers to an envelope that was said at once: MAIL, RCPT and DATA."""
        sender = yield from self._answer()
        recipient = yield from self._answer()
        data = yield from self._answer()
        return [sender, recipient, data]

    def _not_wanted(self, send_id: bytes, answers: list[Answer]) -> Turns[None]:
        if answers[-1].code == WANTED:
            # RFC 2920 section 3.1: the text was asked for although nobody will get it.
            yield from self._say(b".\r\n")
            yield from self._answer()
        bad = next((answer for answer in answers if answer.code >= 400), None)
        if bad is None:
            raise ConnectionAbortedError(f"unexpected reply {answers[-1].code}")
        if bad.code in LOGIN_CODES:
            server = self.session.server
            raise refusal(server, bad, "check delivery.smtp_user and delivery.smtp_password")
        if bad.code == CLOSING:
            self.session.close()
        else:
            yield from self._say(b"RSET\r\n")
            yield from self._answer()
        self.message = None
        self._answered(send_id, bad)

    def _content(self, message: Outgoing) -> Turns[None]:
        """Say the text; then the dot, once it is in the journal, and the next envelope behind."""
        dots = lines_of(message.content).dots if message.dots is None else message.dots
        yield from self._say(stuffed(message.content, dots))
        send_id = message.send_id
        following = self._speakable((yield "dot"))
        self.message, self.doubtful, self.fresh = following, send_id, False
        del message  # what has been said needs no memory while the server thinks about it
        said = b"".join((b".\r\n", *self._envelope)) if following else b".\r\n"
        yield from self._say(said)
        self.patience_seconds = self.session.server.dot_timeout_seconds
        answer = yield from self._answer()
        self.patience_seconds = self.session.server.timeout_seconds
        self.doubtful = None
        if answer.code == CLOSING:
            self.session.close()
        self._answered(send_id, answer)

    # -- what is said and heard -----------------------------------------------------------------

    def _say(self, octets: bytes) -> Turns[None]:
        left = memoryview(octets)
        while left:
            try:
                left = left[self.session.socket.send(left) :]
            except WAITING:
                yield "write"

    def _answer(self) -> Turns[Answer]:
        heard = self.session.heard
        while (answer := heard.answer()) is None:
            yield "read"
            try:
                heard.add(self.session.socket.recv(RECEIVED))
            except WAITING:
                continue
        return answer

    def _answered(self, send_id: bytes, answer: Answer) -> None:
        self.fresh, self.session.used = False, True
        self._told(send_id, answer.kind, answer.code, answer.text)

    def _told(self, send_id: bytes, kind: ReplyKind, code: int, text: str) -> None:
        self.replies.append(Reply(send_id, kind, code, text))

    # -- one message ----------------------------------------------------------------------------

    def _speakable(self, message: Outgoing | None) -> Outgoing | None:
        """Return the message where it can be said to this server; else it is refused here.

        What opens it is ready then.
        """
        if message is None:
            return None
        foreign = needs_smtputf8(message.envelope_from) or needs_smtputf8(message.envelope_to)
        wide = foreign if message.dots is not None else not message.content.isascii()
        if why := self._unspeakable(message, wide, foreign):
            self._told(message.send_id, "rejected", 0, why)
            return None
        parameters = f" SIZE={len(message.content)}" if "SIZE" in self.session.offers else ""
        parameters += (" BODY=8BITMIME" if wide else "") + (" SMTPUTF8" if foreign else "")
        self._envelope = [
            f"MAIL FROM:<{message.envelope_from}>{parameters}\r\n".encode(),
            f"RCPT TO:<{message.envelope_to}>\r\n".encode(),
            b"DATA\r\n",
        ]
        return message

    def _unspeakable(self, message: Outgoing, wide: bool, foreign: bool) -> str:
        """Return why this message cannot be said to this server, or ''."""
        offers = self.session.offers
        if not commandable(message.envelope_from) or not commandable(message.envelope_to):
            return "an address cannot be written in a command"
        if foreign and "SMTPUTF8" not in offers:
            return "the mail server takes no address in another alphabet (SMTPUTF8)"
        if 0 < self._most_bytes < len(message.content):
            return f"the message is larger than the mail server's {self._most_bytes} bytes"
        if message.dots is None and not lines_of(message.content).sound:
            return "a bare line end could be taken for the end of the message"
        if wide and "8BITMIME" not in offers:
            return "the mail server takes ASCII only"
        return ""


def most_bytes(said: str) -> int:
    """Return the largest message that a server announced to take, 0 when it names none."""
    return int(said) if said.isascii() and said.isdigit() else 0


def stuffed(content: bytes, dots: Sequence[int]) -> bytes:
    """Return the text with these dots doubled and a line end (RFC 5321 section 4.5.2)."""
    if dots:
        starts = (0, *dots)
        pieces = [content[at:end] for at, end in zip(starts, (*dots, None), strict=True)]
        content = b".".join(pieces)
    return content if content.endswith(b"\r\n") else content + b"\r\n"
