"""Calls over HTTP: certificates are verified, and the last byte waits for the journal."""

from __future__ import annotations

import selectors
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tests.providers import DIALECTS, Handler, Listening, Provider

from tailorbird.delivery.carriers.http_carrier import HttpCarrier, Line, kind_of
from tailorbird.delivery.carriers.http_session import Answer, HttpServer, HttpSession
from tailorbird.delivery.carriers.resend import Resend, ResendSettings
from tailorbird.errors import CarrierError, StoreError
from tailorbird.schema import Outgoing, Reply

CONTENT = b"From: a@shop.example\r\nTo: b@c.example\r\nSubject: Hi\r\n\r\nHello\r\n"


def mail(number: int = 1, content: bytes = CONTENT) -> Outgoing:
    return Outgoing(number.to_bytes(16, "big"), "b@shop.example", "b@c.example", content)


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider(DIALECTS["resend"])
    yield made
    made.close()


def api(url: str) -> Resend:
    return Resend(ResendSettings(api_key="key-1", base_url=url))


CarrierTo = Callable[[str], HttpCarrier]


@pytest.fixture
def carrier_to() -> Iterator[CarrierTo]:
    """Return `carrier_to(url)`: a carrier that is closed when the test ends."""
    opened: list[HttpCarrier] = []

    def to(url: str) -> HttpCarrier:
        opened.append(HttpCarrier("resend", api(url), Line(url, 1, 20)))
        return opened[-1]

    yield to
    for carrier in opened:
        carrier.close()


def test_the_last_byte_leaves_after_the_journal_has_the_dot(
    provider: Provider, carrier_to: CarrierTo
) -> None:
    class Watching:
        """Notes what the provider had when the dot was written."""

        def __init__(self) -> None:
            self.seen: list[int] = []

        def dot(self, *send_ids: bytes) -> None:
            self.seen.append(len(provider.taken))

        def reply(self, *replies: Reply) -> None:
            self.seen.append(len(provider.taken))

    watching: Any = Watching()
    list(carrier_to(provider.url).send(iter([mail()]), watching))
    assert watching.seen == [0, 1]


def test_nothing_leaves_that_could_not_be_journalled(
    provider: Provider, carrier_to: CarrierTo
) -> None:
    class Full:
        """A journal whose disk is full."""

        def dot(self, *send_ids: bytes) -> None:
            raise StoreError("the disk is full")

    full: Any = Full()
    with pytest.raises(StoreError):
        list(carrier_to(provider.url).send(iter([mail()]), full))
    assert provider.taken == []


def test_an_unknown_certificate_gets_no_key(
    certificate: Path, journal: Any, carrier_to: CarrierTo
) -> None:
    with secure(certificate) as (url, provider):
        with pytest.raises(CarrierError, match=r"(?i)certificate verify failed"):
            list(carrier_to(url).send(iter([mail()]), journal))
        assert provider.asked == []
    assert journal.records == []


def test_a_known_certificate_is_spoken_to(certificate: Path, journal: Any) -> None:
    known = ssl.create_default_context(cafile=certificate)
    with secure(certificate) as (url, provider):
        server = HttpServer(url, where="carriers.resend", context=known)
        session = HttpSession(server, api(url))
        (first,) = session.send([mail(1)], journal)
        (second,) = session.send([mail(2)], journal)  # tickets of TLS wait to be read by then
        session.quit()
        assert [first.kind, second.kind] == ["accepted", "accepted"]
        assert provider.connections == 1


def test_a_connection_that_was_closed_is_noticed_before_anything_is_said(
    provider: Provider, journal: Any
) -> None:
    session = HttpSession(HttpServer(provider.url, where="carriers.resend"), api(provider.url))
    session.send([mail(1)], journal)
    provider.hang_up()
    with selectors.DefaultSelector() as readable:
        readable.register(session._connection.sock, selectors.EVENT_READ)
        assert readable.select(20)
    with pytest.raises(ConnectionResetError, match="the provider closed the connection"):
        session.send([mail(2)], journal)
    assert mail(2).send_id not in journal.last()


def secure(certificate: Path) -> Any:
    """Serve Resend over TLS."""
    return _Secure(certificate)


class _Secure:
    def __init__(self, certificate: Path) -> None:
        self.provider = Provider(DIALECTS["resend"])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self.server = Listening(("127.0.0.1", 0), Handler)
        self.server.provider = self.provider
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> tuple[str, Provider]:
        self.thread.start()
        return f"https://127.0.0.1:{self.server.server_address[1]}", self.provider

    def __exit__(self, *_raised: object) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
        self.provider.close()


@pytest.mark.parametrize("status", [401, 413])
def test_a_refusal_before_the_whole_call_was_read_is_heard(
    status: int, journal: Any, carrier_to: CarrierTo
) -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def refuse() -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            connection.recv(1000)
            body = b'{"name": "no", "message": "no"}'
            connection.sendall(
                b"HTTP/1.1 %d No\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)
            )

    thread = threading.Thread(target=refuse, daemon=True)
    thread.start()
    carrier = carrier_to(f"http://127.0.0.1:{listener.getsockname()[1]}")
    replies: list[Reply] = []
    with suppress(CarrierError):
        replies.extend(carrier.send(iter([mail(1, CONTENT + b"word\r\n" * 2_000_000)]), journal))
    carrier.close()
    thread.join()
    listener.close()
    word = journal.last()[mail(1).send_id]
    assert word is not None
    assert word.kind == {401: "untaken", 413: "rejected"}[status]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"retry-after": "30"}, 30),
        ({"retry-after": "soon"}, 0),
        ({"retry-after": "-5"}, 0),
        ({"retry-after": "999999999"}, 86_400),
        (
            {
                "retry-after": "Fri, 31 Dec 1999 23:59:59 GMT",
                "date": "Fri, 31 Dec 1999 23:58:59 GMT",
            },
            60,
        ),
        ({"x-sib-ratelimit-reset": "45"}, 45),
        ({"ratelimit-reset": "3"}, 3),
        ({"x-ratelimit-reset": "946684799", "date": "Fri, 31 Dec 1999 23:58:59 GMT"}, 86_400),
        ({"x-ratelimit-reset": "1700000060", "date": "Tue, 14 Nov 2023 22:13:20 GMT"}, 60),
    ],
)
def test_how_long_to_wait_is_read_as_providers_write_it(
    headers: dict[str, str], seconds: int
) -> None:
    assert Answer(429, headers, b"").retry_seconds == seconds


@pytest.mark.parametrize(
    ("statuses", "kind"),
    [
        ([200, 202], "accepted"),
        ([429, 503], "deferred"),
        ([301, 307, 401, 402, 403, 404], "untaken"),
        ([400, 413, 422], "rejected"),
        ([500, 502, 504], "unknown"),
    ],
)
def test_a_status_says_what_it_says_and_no_more(statuses: Sequence[int], kind: str) -> None:
    assert {kind_of(status) for status in statuses} == {kind}


def test_texts_of_strangers_stay_on_one_short_line() -> None:
    answer = Answer(400, {}, b'{"message": "a\\r\\nb\\u001b[31m ' + b"x" * 5000 + b'"}')
    said = answer.said("message")
    assert said.startswith("a  b [31m x")
    assert len(said) <= 300
    assert answer.said("nothing", 0) == ""
    assert Answer(200, {}, b"[]").said("message") == ""
