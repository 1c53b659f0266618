"""One connection to a mail server: greeting, TLS, login, and messages one after another.

Source: RFC 5321, 1870 (SIZE), 2920 (PIPELINING), 3207 (STARTTLS), 4954 (AUTH), 6152 (8BITMIME),
6531 (SMTPUTF8).
Until the final dot leaves, every failure is an `OSError` and the message is certainly not sent.
"""

from __future__ import annotations

import hmac
import math
import re
import socket
import ssl
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, TypeAlias

from tailorbird.delivery.addresses import commandable, needs_smtputf8
from tailorbird.delivery.lines import Lines, lines_of
from tailorbird.errors import CarrierError
from tailorbird.ports import Journal
from tailorbird.schema import Outgoing, Reply, ReplyKind

Tls: TypeAlias = Literal["none", "starttls", "implicit"]
LONGEST_LINE: Final = 4096
MOST_LINES: Final = 200
ANSWER: Final = re.compile(rb"([2-5]\d\d)([ -]?)(.*?)\r?\n", re.DOTALL)
LOGIN_CODES: Final = frozenset({530, 534, 535, 538})
CLOSING: Final = 421


@dataclass(slots=True, frozen=True)
class SmtpServer:
    """Where the mail server is and how to speak to it."""

    host: str
    port: int
    tls: Tls = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)
    hello: str = "localhost"
    timeout_seconds: float = 60
    dot_timeout_seconds: float = 600
    context: ssl.SSLContext | None = None

    @property
    def where(self) -> str:
        """Return its name in messages."""
        return f"{self.host}:{self.port}"


class Answer(NamedTuple):
    """One reply of the server; `text` is its lines joined by spaces."""

    code: int
    text: str

    @property
    def kind(self) -> ReplyKind:
        """Return what it says about a message."""
        return "accepted" if self.code < 300 else "deferred" if self.code < 500 else "rejected"


class SmtpSession:
    """A connection that is ready for messages.

    Raises:
        OSError: the server cannot be reached, hangs up or does not speak SMTP.
        CarrierError: it refuses us, the login or encryption.
    """

    def __init__(self, server: SmtpServer) -> None:
        self.server = server
        self.open = True
        self._offers: dict[str, str] = {}
        self._lines: list[str] = []
        self._socket = socket.create_connection((server.host, server.port), server.timeout_seconds)
        self._held = b""
        """What the server said and nobody has read yet."""
        try:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._greet()
        except BaseException:
            self.close()
            raise

    def send(self, messages: Sequence[Outgoing], journal: Journal) -> list[Reply]:
        """Return what became of the message; afterwards `open` says whether to go on with this.

        There is one: after each, the server is asked what became of it.

        Raises:
            OSError: the connection broke before the final dot left.
            CarrierError: the server wants a login.
        """
        return [self._sent(message, journal) for message in messages]

    def quit(self) -> None:
        """Say goodbye and close."""
        try:
            if self.open:
                self._exchange([b"QUIT\r\n"])
        except OSError:
            pass
        finally:
            self.close()

    def close(self) -> None:
        """Hang up."""
        self.open = False
        self._socket.close()

    # -- before the first message ---------------------------------------------------------------

    def _greet(self) -> None:
        if self.server.tls == "implicit":
            self._encrypt()
        self._expect(self._answer(), "accepts no connection now")
        self._hello()
        if self.server.tls == "starttls":
            self._start_tls()
        if self.server.user:
            self._login()

    def _hello(self) -> None:
        (answer,) = self._exchange([f"EHLO {self.server.hello}\r\n".encode("ascii")])
        if answer.code >= 500:
            (answer,) = self._exchange([f"HELO {self.server.hello}\r\n".encode("ascii")])
            self._expect(answer, "refuses our name")
            return
        self._expect(answer, "refuses our name")
        pairs = (line.replace("=", " ").partition(" ") for line in self._lines[1:])
        self._offers = {word.upper(): rest.upper() for word, _, rest in pairs}

    def _start_tls(self) -> None:
        if "STARTTLS" not in self._offers:
            raise CarrierError(
                "the mail server offers no encryption",
                where=self.server.where,
                mend='set delivery.smtp_tls to "implicit", or to "none" on a network you trust',
            )
        (answer,) = self._exchange([b"STARTTLS\r\n"])
        self._expect(answer, "refuses encryption")
        self._offers = {}
        self._encrypt()
        self._hello()

    def _encrypt(self) -> None:
        context = self.server.context or ssl.create_default_context()
        # What the server said in clear and nobody has read yet must not count as said under it.
        self._held = b""
        self._socket = context.wrap_socket(self._socket, server_hostname=self.server.host)

    def _login(self) -> None:
        user, password = self.server.user.encode(), self.server.password.encode()
        offered = self._offers.get("AUTH", "").split()
        if "PLAIN" in offered:
            steps = [b"AUTH PLAIN " + b64encode(b"\0" + user + b"\0" + password)]
        elif "LOGIN" in offered:
            steps = [b"AUTH LOGIN", b64encode(user), b64encode(password)]
        elif "CRAM-MD5" in offered:
            steps = [self._answered_challenge(user, password)]
        else:
            raise CarrierError(
                f"the mail server knows no login of ours, only {' '.join(offered) or 'none'}",
                where=self.server.where,
                mend="leave delivery.smtp_user empty, or ask its operator for PLAIN or LOGIN",
            )
        for step in steps:
            (answer,) = self._exchange([step + b"\r\n"])
            self._expect(answer, "refuses the login", "check delivery.smtp_user and its password")

    def _answered_challenge(self, user: bytes, password: bytes) -> bytes:
        """Return the answer to what CRAM-MD5 (RFC 2195) asks; the password itself stays here."""
        (challenge,) = self._exchange([b"AUTH CRAM-MD5\r\n"])
        self._expect(challenge, "refuses the login", "check delivery.smtp_user and its password")
        try:
            asked = b64decode(challenge.text, validate=True)
        except ValueError:
            raise ConnectionAbortedError("the server's challenge is no base64") from None
        return b64encode(user + b" " + hmac.digest(password, asked, "md5").hex().encode())

    def _expect(self, answer: Answer, what: str, mend: str = "") -> None:
        if answer.code >= 400:
            raise _refusal(self.server, answer, mend or "ask its operator, or try later", what)

    # -- one message ----------------------------------------------------------------------------

    def _sent(self, message: Outgoing, journal: Journal) -> Reply:
        lines = lines_of(message.content)
        refused = self._unspeakable(message, lines)
        if refused:
            return self._recorded(Reply(message.send_id, "rejected", 0, refused), journal)
        answers = self._exchange(self._opening(message))
        bad = next((answer for answer in answers if answer.code >= 400), None)
        if bad is None and answers[-1].code == 354:
            return self._content(message, lines, journal)
        if answers[-1].code == 354:
            # RFC 2920 section 3.1: the text was asked for although nobody will get it.
            self._exchange([b".\r\n"])
        if bad is None:
            raise ConnectionAbortedError(f"unexpected reply {answers[-1].code}")
        if bad.code in LOGIN_CODES:
            self.close()
            raise _refusal(self.server, bad, "check delivery.smtp_user and delivery.smtp_password")
        if bad.code == CLOSING:
            self.close()
        else:
            self._exchange([b"RSET\r\n"])
        return self._recorded(Reply(message.send_id, bad.kind, bad.code, bad.text), journal)

    def _unspeakable(self, message: Outgoing, lines: Lines) -> str:
        """Return why this message cannot be said to this server, or ''."""
        sides = (message.envelope_from, message.envelope_to)
        if not all(map(commandable, sides)):
            return "an address cannot be written in a command"
        if any(map(needs_smtputf8, sides)) and "SMTPUTF8" not in self._offers:
            return "the mail server takes no address in another alphabet (SMTPUTF8)"
        if 0 < self._most_bytes() < len(message.content):
            return f"the message is larger than the mail server's {self._most_bytes()} bytes"
        if not lines.sound:
            return "a bare line end could be taken for the end of the message"
        if not message.content.isascii() and "8BITMIME" not in self._offers:
            return "the mail server takes ASCII only"
        return ""

    def _most_bytes(self) -> int:
        """Return the largest message that the server announced to take, 0 when it names none."""
        said = self._offers.get("SIZE", "")
        return int(said) if said.isascii() and said.isdigit() else 0

    def _opening(self, message: Outgoing) -> list[bytes]:
        parameters = f" SIZE={len(message.content)}" if "SIZE" in self._offers else ""
        if not message.content.isascii():
            parameters += " BODY=8BITMIME"
        if needs_smtputf8(message.envelope_from + message.envelope_to):
            parameters += " SMTPUTF8"
        return [
            f"MAIL FROM:<{message.envelope_from}>{parameters}\r\n".encode(),
            f"RCPT TO:<{message.envelope_to}>\r\n".encode(),
            b"DATA\r\n",
        ]

    def _content(self, message: Outgoing, lines: Lines, journal: Journal) -> Reply:
        try:
            self._socket.sendall(_stuffed(message.content, lines))
            journal.dot(message.send_id)
        except BaseException:
            self.close()
            raise
        try:
            self._socket.sendall(b".\r\n")
            answer = self._late_answer()
        except OSError as error:
            # No record: the dot alone is what the journal knows as well.
            self.close()
            return Reply(message.send_id, "unknown", 0, f"no answer to the final dot: {error}")
        if answer.code == CLOSING:
            self.close()
        reply = Reply(message.send_id, answer.kind, answer.code, answer.text)
        return self._recorded(reply, journal)

    @staticmethod
    def _recorded(reply: Reply, journal: Journal) -> Reply:
        journal.reply(reply)
        return reply

    # -- lines ----------------------------------------------------------------------------------

    def _exchange(self, commands: Sequence[bytes]) -> list[Answer]:
        """Return the answers, fewer than commands when an unpipelined one was refused."""
        try:
            if "PIPELINING" in self._offers or len(commands) == 1:
                self._socket.sendall(b"".join(commands))
                return [self._answer() for _ in commands]
            answers: list[Answer] = []
            for command in commands:
                self._socket.sendall(command)
                answers.append(self._answer())
                if answers[-1].code >= 400:
                    break
        except OSError:
            self.close()
            raise
        return answers

    def _late_answer(self) -> Answer:
        """Read the reply to the final dot, for which a server may take its time.

        Waiting on beats a longer patience for this one line: setting it costs as much as sending.
        """
        waits = self.server.dot_timeout_seconds / self.server.timeout_seconds
        for _ in range(math.ceil(waits) - 1):
            try:
                return self._answer()
            except TimeoutError:
                continue
        return self._answer()

    def _answer(self) -> Answer:
        """Read one reply of one or more lines.

        Raises:
            OSError: the server hung up, or what it said is no SMTP.
        """
        self._lines = []
        while len(self._lines) < MOST_LINES:
            line = self._line()
            match = ANSWER.fullmatch(line)
            if match is None:
                break
            self._lines.append(match[3].decode("utf-8", "replace").strip())
            if match[2] != b"-":
                return Answer(int(match[1]), " ".join(self._lines))
        self.close()
        raise ConnectionAbortedError("the server does not speak SMTP")

    def _line(self) -> bytes:
        """Return the next line with its end, or as much as no line has."""
        while b"\n" not in self._held and len(self._held) < LONGEST_LINE:
            received = self._socket.recv(LONGEST_LINE)
            if not received:
                raise ConnectionResetError("the server hung up")
            self._held += received
        line, end, self._held = self._held.partition(b"\n")
        return line + end


def _stuffed(content: bytes, lines: Lines) -> bytes:
    """Return the text with doubled dots at line starts and a line end (RFC 5321 section 4.5.2)."""
    if lines.dotted:
        content = content.replace(b"\r\n.", b"\r\n..")
    if content.startswith(b"."):
        content = b"." + content
    return content if content.endswith(b"\r\n") else content + b"\r\n"


def _refusal(
    server: SmtpServer, answer: Answer, mend: str, what: str = "wants a login"
) -> CarrierError:
    return CarrierError(
        f"the mail server {what}: {answer.code} {answer.text}", where=server.where, mend=mend
    )
