"""One connection to a mail server: greeting, TLS, login, and goodbye.

Source: RFC 5321, 3207 (STARTTLS), 4954 (AUTH). What is said in between stands in `smtp_talk`.
"""

from __future__ import annotations

import hmac
import socket
import ssl
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from tailorbird.delivery.carriers.smtp_answers import LONGEST_LINE, Answer, Heard
from tailorbird.delivery.carriers.smtp_tokens import AccessToken, bearing
from tailorbird.errors import CarrierError

CHALLENGE: Final = 334
Tls: TypeAlias = Literal["none", "starttls", "implicit"]


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
    token: AccessToken | None = None
    """What logs in instead of the password."""

    @property
    def where(self) -> str:
        """Return its name in messages."""
        return f"{self.host}:{self.port}"


class SmtpSession:
    """A connection that is ready for messages.

    Raises:
        OSError: the server cannot be reached, hangs up or does not speak SMTP.
        CarrierError: it refuses us, the login or encryption.
    """

    def __init__(self, server: SmtpServer) -> None:
        self.server = server
        self.open = True
        self.used = False
        """A message went over it: that it breaks may be for its age."""
        self.offers: dict[str, str] = {}
        """The extensions that the server names, with their parameters."""
        self.heard = Heard()
        self.socket = socket.create_connection((server.host, server.port), server.timeout_seconds)
        try:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._greet()
        except BaseException:
            self.close()
            raise

    def quit(self) -> None:
        """Say goodbye and close."""
        try:
            if self.open:
                self.socket.settimeout(self.server.timeout_seconds)
                self._exchange(b"QUIT\r\n")
        except OSError:
            pass
        finally:
            self.close()

    def close(self) -> None:
        """Hang up."""
        self.open = False
        self.socket.close()

    # -- before the first message ---------------------------------------------------------------

    def _greet(self) -> None:
        if self.server.tls == "implicit":
            self._encrypt()
        self._expect(self._answer(), "accepts no connection now")
        self._hello()
        if self.server.tls == "starttls":
            self._start_tls()
        if self.server.token is not None:
            self._bear(self.server.token)
        elif self.server.user:
            self._login()

    def _hello(self) -> None:
        answer = self._exchange(f"EHLO {self.server.hello}\r\n".encode("ascii"))
        if answer.code >= 500:
            answer = self._exchange(f"HELO {self.server.hello}\r\n".encode("ascii"))
            self._expect(answer, "refuses our name")
            return
        self._expect(answer, "refuses our name")
        pairs = (line.replace("=", " ").partition(" ") for line in self.heard.lines[1:])
        self.offers = {word.upper(): rest.upper() for word, _, rest in pairs}

    def _start_tls(self) -> None:
        if "STARTTLS" not in self.offers:
            raise CarrierError(
                "the mail server offers no encryption",
                where=self.server.where,
                mend='set delivery.smtp_tls to "implicit", or to "none" on a network you trust',
            )
        answer = self._exchange(b"STARTTLS\r\n")
        self._expect(answer, "refuses encryption")
        self.offers = {}
        self._encrypt()
        self._hello()

    def _encrypt(self) -> None:
        context = self.server.context or ssl.create_default_context()
        # What the server said in clear and nobody has read yet must not count as said under it.
        self.heard = Heard()
        self.socket = context.wrap_socket(self.socket, server_hostname=self.server.host)

    def _login(self) -> None:
        user, password = self.server.user.encode(), self.server.password.encode()
        offered = self.offers.get("AUTH", "").split()
        if "PLAIN" in offered:
            steps = [b"AUTH PLAIN " + b64encode(b"\0" + user + b"\0" + password)]
        elif "LOGIN" in offered:
            steps = [b"AUTH LOGIN", b64encode(user), b64encode(password)]
        elif "CRAM-MD5" in offered:
            steps = [self._answered_challenge(user, password)]
        else:
            raise self._unknown("leave the user empty, or ask its operator for PLAIN or LOGIN")
        for step in steps:
            answer = self._exchange(step + b"\r\n")
            self._expect(answer, "refuses the login", "check delivery.smtp_user and its password")

    def _bear(self, token: AccessToken) -> None:
        """Log in with a token; why it is refused comes as a challenge, and then as an answer."""
        server, offered = self.server, self.offers.get("AUTH", "").split()
        said = bearing(token.read(server.where), server.user, offered, (server.host, server.port))
        if said is None:
            raise self._unknown("give a password instead of a token")
        command, go_on = said
        answer = self._exchange(command + b"\r\n")
        if answer.code == CHALLENGE:
            answer = self._exchange(go_on + b"\r\n")
        if answer.code >= CHALLENGE:
            raise refusal(server, answer, token.mend, "refuses the token")

    def _unknown(self, mend: str) -> CarrierError:
        offered = self.offers.get("AUTH", "") or "none"
        what = f"the mail server knows no login of ours, only {offered}"
        return CarrierError(what, where=self.server.where, mend=mend)

    def _answered_challenge(self, user: bytes, password: bytes) -> bytes:
        """Return the answer to what CRAM-MD5 (RFC 2195) asks; the password itself stays here."""
        challenge = self._exchange(b"AUTH CRAM-MD5\r\n")
        self._expect(challenge, "refuses the login", "check delivery.smtp_user and its password")
        try:
            asked = b64decode(challenge.text, validate=True)
        except ValueError:
            raise ConnectionAbortedError("the server's challenge is no base64") from None
        return b64encode(user + b" " + hmac.digest(password, asked, "md5").hex().encode())

    def _expect(self, answer: Answer, what: str, mend: str = "") -> None:
        if answer.code >= 400:
            raise refusal(self.server, answer, mend or "ask its operator, or try later", what)

    # -- lines ----------------------------------------------------------------------------------

    def _exchange(self, command: bytes) -> Answer:
        """Return the answer to a command, waiting for it."""
        try:
            self.socket.sendall(command)
            return self._answer()
        except OSError:
            self.close()
            raise

    def _answer(self) -> Answer:
        while (answer := self.heard.answer()) is None:
            self.heard.add(self.socket.recv(LONGEST_LINE))
        return answer


def refusal(
    server: SmtpServer, answer: Answer, mend: str, what: str = "wants a login"
) -> CarrierError:
    """Return the error of a server that takes nothing from us."""
    return CarrierError(
        f"the mail server {what}: {answer.code} {answer.text}", where=server.where, mend=mend
    )
