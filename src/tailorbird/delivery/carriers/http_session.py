"""One persistent HTTP connection to a provider's API, over which messages go as calls.

The last byte of a call is its *final dot*: a provider acts on a body that is whole. Until it
leaves, every failure means that nothing was taken; after it, only an answer can tell.
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from typing import Any, Final, Protocol
from urllib.parse import SplitResult, urlsplit

import msgspec

from tailorbird import web_address
from tailorbird.errors import CarrierError, SettingsError
from tailorbird.ports import Journal
from tailorbird.schema import Outgoing, Reply

LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
MOST_BYTES: Final = 4 << 20
"""How much of an answer is read."""
LONGEST_TEXT: Final = 300
LONGEST_WAIT_SECONDS: Final = 86_400
WAITS: Final = (
    "retry-after",
    "x-sib-ratelimit-reset",
    "x-ratelimit-reset",
    "ratelimit-reset",
)
EARLIEST_INSTANT: Final = 1_000_000_000
"""Above it a number is no wait in seconds but an instant in seconds since 1970."""
STANDARD_PORTS: Final = {"https": 443, "http": 80}


class Malformed(Exception):  # noqa: N818 - not raised to callers of a carrier
    """An answer that is not what the provider documents, so nobody knows what it did."""


@dataclass(slots=True, frozen=True)
class Call:
    """One request. `path` starts with `/` and holds the query."""

    path: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)
    method: str = "POST"


@dataclass(slots=True, frozen=True)
class Answer:
    """What came back; names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def fine(self) -> bool:
        """Return whether the status is one of success."""
        return 200 <= self.status < 300

    def json(self) -> Any:
        """Return the body's JSON.

        Raises:
            Malformed: it is none.
        """
        try:
            return msgspec.json.decode(self.body)
        except msgspec.DecodeError:
            raise Malformed("it is no JSON") from None

    def said(self, *path: str | int) -> str:
        """Return what stands in the JSON at a place, as text to be shown, or ''."""
        try:
            found = self.json()
            for step in path:
                found = found[step]
        except (Malformed, KeyError, IndexError, TypeError):
            return ""
        return shown(str(found))

    @property
    def retry_seconds(self) -> int:
        """Return how long the provider asks to wait, 0 when it does not say.

        `Retry-After` (RFC 9110 section 10.2.3), or what providers write instead; an instant counts
        from the answer's own date.
        """
        said = next((self.headers[name] for name in WAITS if name in self.headers), "").strip()
        if said.isascii() and said.isdigit():
            seconds = int(said[:12])
            seconds -= self._date() if seconds > EARLIEST_INSTANT else 0
        else:
            seconds = _instant(said) - self._date() if said else 0
        return min(max(seconds, 0), LONGEST_WAIT_SECONDS)

    def _date(self) -> int:
        return _instant(self.headers.get("date", ""))


class Api(Protocol):
    """What one provider's API wants to be asked, and how it answers: all that a carrier file is."""

    @property
    def base_url(self) -> str:
        """Return the address that its paths are added to."""

    @property
    def repeatable_seconds(self) -> int:
        """Return for how long the same call takes a message once only; 0: never say it twice."""

    def call(self, messages: Sequence[Outgoing]) -> Call:
        """Return the call that hands these messages over."""

    def replies(self, messages: Sequence[Outgoing], answer: Answer) -> list[Reply]:
        """Return what an answer says of each message, in order.

        `untaken` ends the sending: the operator must act before anything will be taken.

        Raises:
            Malformed: it does not say.
        """

    def lookup(self, send_id: bytes) -> Sequence[Call]:
        """Return the calls that ask whether a send is known, none where it cannot be asked.

        It is known when any of them shows it.
        """

    def sighted(self, send_id: bytes, answer: Answer) -> bool:
        """Return whether the answer to `lookup` shows that the send was taken."""


class HttpServer:
    """Where an API is, and how to connect to it.

    Raises:
        SettingsError: credentials would cross the network in clear, or it is no address.
    """

    def __init__(
        self,
        base_url: str,
        *,
        where: str,
        timeout_seconds: float = 60,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._parts = _checked(base_url, where)
        self.where = where
        self.path = self._parts.path.rstrip("/")
        self.timeout_seconds = timeout_seconds
        self._context = context

    @property
    def host(self) -> str:
        """Return what stands in the Host header."""
        host = self._parts.hostname or ""
        port = self._parts.port
        named = port is not None and port != STANDARD_PORTS[self._parts.scheme]
        return f"{host}:{port}" if named else host

    def connected(self) -> http.client.HTTPConnection:
        """Return an open connection; its certificate was verified.

        Raises:
            OSError: it cannot be made.
        """
        host, port = self._parts.hostname or "", self._parts.port
        connection: http.client.HTTPConnection
        if self._parts.scheme == "https":
            self._context = self._context or ssl.create_default_context()
            connection = http.client.HTTPSConnection(
                host, port, timeout=self.timeout_seconds, context=self._context
            )
        else:
            connection = http.client.HTTPConnection(host, port, timeout=self.timeout_seconds)
        connection.connect()
        return connection


class HttpSession:
    """`sessions.Session` over one connection.

    Raises:
        CarrierError: the provider cannot be reached.
    """

    def __init__(self, server: HttpServer, api: Api) -> None:
        self._server = server
        self._api = api
        self._connection = connected(server)
        self.open = True

    def send(self, messages: Sequence[Outgoing], journal: Journal) -> list[Reply]:
        """Return what became of each message, having told the journal.

        Raises:
            OSError: the connection broke before the last byte left.
        """
        call = self._api.call(messages)

        def dots() -> None:
            journal.dot(*(message.send_id for message in messages))

        try:
            answer = self._answer(call, dots)
            replies = self._api.replies(messages, answer)
        except (Unanswered, Malformed) as doubt:
            # No record: the dots alone are what the journal knows as well.
            self.quit()
            return [Reply(message.send_id, "unknown", 0, str(doubt)) for message in messages]
        if definite := [reply for reply in replies if reply.kind != "unknown"]:
            journal.reply(*definite)
        return replies

    def ask(self, call: Call) -> Answer:
        """Return the answer to a call that changes nothing.

        Raises:
            OSError, Unanswered: there is none.
        """
        return exchanged(self._connection, self._server, call, _nothing)

    def quit(self) -> None:
        """Hang up."""
        self.open = False
        self._connection.close()

    def _answer(self, call: Call, dots: Callable[[], None]) -> Answer:
        """Return the answer; a call that may be repeated is, once, over a new connection."""
        try:
            _refuse_stale(self._connection)
            answer = exchanged(self._connection, self._server, call, dots)
        except Unanswered:
            if not self._api.repeatable_seconds:
                raise
            self._connection.close()
            try:
                self._connection = self._server.connected()
                answer = exchanged(self._connection, self._server, call, _nothing)
            except OSError as error:
                raise Unanswered(f"no answer to the call: {error}") from error
        except BaseException:
            self.quit()
            raise
        self.open = answer.headers.get("connection", "").lower() != "close"
        if not self.open:
            self._connection.close()
        return answer


class Unanswered(Exception):  # noqa: N818 - not raised to callers of a carrier
    """The last byte of a call left, and no answer came back."""


def connected(server: HttpServer) -> http.client.HTTPConnection:
    """Return an open connection to a provider.

    Raises:
        CarrierError: it cannot be reached, or its certificate is not its own.
    """
    try:
        return server.connected()
    except OSError as error:
        raise CarrierError(
            f"the provider at {server.host} cannot be reached: {error}",
            where=server.where,
            mend="look at the network and at the carrier's base_url; nothing was sent",
        ) from error


def exchanged(
    connection: http.client.HTTPConnection,
    server: HttpServer,
    call: Call,
    before_the_last: Callable[[], None],
) -> Answer:
    """Make a call and return the answer; `before_the_last` is called before its last byte leaves.

    Raises:
        OSError: the connection broke before that.
        Unanswered: it broke after that, or what came back is no HTTP.
    """
    body = call.body
    connection.putrequest(call.method, server.path + call.path, skip_accept_encoding=True)
    headers = {"User-Agent": "Tailorbird", "Accept": "application/json", **call.headers}
    if body:
        headers["Content-Length"] = str(len(body))
    for name, value in headers.items():
        connection.putheader(name, value)
    try:
        connection.endheaders(body[:-1])
    except OSError:
        if (early := _early_refusal(connection)) is None:
            raise
        return early
    before_the_last()
    try:
        if body:
            connection.send(body[-1:])
        return _received(connection)
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        said = str(error) or type(error).__name__
        raise Unanswered(f"no answer to the call: {said}") from error


def _received(connection: http.client.HTTPConnection) -> Answer:
    """Return the answer that comes next.

    Raises:
        OSError, HTTPException: there is none, or it is no HTTP.
    """
    response = connection.getresponse()
    content = response.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise http.client.HTTPException("the answer has no end")
    told = {name.lower(): value for name, value in response.getheaders()}
    if response.will_close:
        told["connection"] = "close"
    return Answer(response.status, told, content)


def _early_refusal(connection: http.client.HTTPConnection) -> Answer | None:
    """Return what a provider said that hung up before it had the whole call, None if nothing."""
    try:
        answer = _received(connection)
    except (OSError, http.client.HTTPException):
        return None
    connection.close()
    if answer.status < 400:
        return None
    return replace(answer, headers={**answer.headers, "connection": "close"})


def shown(text: str) -> str:
    """Return a stranger's text as it may stand in the ledger: one line, not too long."""
    return "".join(c if c.isprintable() else " " for c in text[:LONGEST_TEXT]).strip()


def _instant(date: str) -> int:
    """Return the seconds since 1970 of a date in a header, 0 when it is none."""
    try:
        return int(parsedate_to_datetime(date).timestamp())
    except (ValueError, TypeError, IndexError):
        return 0


def _nothing() -> None:
    """Nothing is to be recorded: the call changes nothing, or it is a repetition."""


def _refuse_stale(connection: http.client.HTTPConnection) -> None:
    """Return when a connection can be used.

    Raises:
        OSError: the other side has closed it, or speaks without being asked.
    """
    sock = connection.sock
    if sock is None:
        raise ConnectionResetError("the connection was closed")
    timeout = sock.gettimeout()
    try:
        sock.settimeout(0)
        sock.recv(1)
    except (BlockingIOError, ssl.SSLWantReadError):
        return
    finally:
        sock.settimeout(timeout)
    raise ConnectionResetError("the provider closed the connection")


def _checked(base_url: str, where: str) -> SplitResult:
    """Return the parts of an address to which credentials may go."""
    mend, url = "write it as https://api.example.com", base_url.strip()
    if fault := web_address.fault(url):
        raise SettingsError(f"it is no address: {fault}", where=f"{where}.base_url", mend=mend)
    parts = urlsplit(url)
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise SettingsError(
            "the credentials would cross the network in clear",
            where=f"{where}.base_url",
            mend=mend,
        )
    return parts
