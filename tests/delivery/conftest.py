"""A mail server on loopback that does what a test tells it."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tailorbird.schema import Reply

HANG_UP = b""
"""As an answer: close the connection instead."""
DEFAULTS = {"greeting": b"220 hello", "DATA": b"354 go on", "dot": b"250 2.0.0 taken"}


class ScriptedServer:
    """Answers each stage from its script, then as a friendly server does.

    Stages: greeting, EHLO, HELO, MAIL, RCPT, DATA, text (only to hang up), dot, RSET, AUTH, QUIT.
    """

    def __init__(self, offers: Sequence[str], script: dict[str, list[bytes]]) -> None:
        self.offers = offers
        self.script: dict[str, deque[bytes]] = defaultdict(deque)
        self.script.update({stage: deque(answers) for stage, answers in script.items()})
        self.taken: list[bytes] = []
        self.commands: list[str] = []
        self.connections = 0
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.threads = [threading.Thread(target=self.accept, daemon=True)]
        self.open: list[socket.socket] = []
        self.threads[0].start()

    def accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.connections += 1
                self.open.append(connection)
                thread = threading.Thread(target=self.serve, args=(connection,), daemon=True)
                self.threads.append(thread)
            thread.start()

    def answer(self, stage: str) -> bytes:
        with self.lock:
            if self.script[stage]:
                return self.script[stage].popleft()
        if stage == "EHLO":
            lines = ["sink", *self.offers]
            last = len(lines) - 1
            return "\r\n".join(
                f"250{'-' if at < last else ' '}{line}" for at, line in enumerate(lines)
            ).encode()
        return DEFAULTS.get(stage, b"250 ok")

    def serve(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection, connection.makefile("rb") as reader, suppress(OSError, EOFError):
            self.talk(connection, reader.readline)

    def talk(self, connection: socket.socket, readline: Callable[[], bytes]) -> None:
        self.say(connection, self.answer("greeting"))
        stages: list[str] = []
        while line := readline():
            verb = line.partition(b" ")[0].strip().decode().upper()
            with self.lock:
                self.commands.append(line.decode().rstrip())
            ready = verb != "DATA" or stages == ["MAIL", "RCPT"] or self.script["DATA"]
            answer = self.answer(verb) if ready else b"503 nobody to send to"
            if verb in ("RSET", "DATA"):
                stages.clear()
            elif answer.startswith(b"250"):
                stages = [*stages, verb] if verb in ("MAIL", "RCPT") else stages
            self.say(connection, answer)
            if verb == "DATA" and answer.startswith(b"354"):
                text = self.text(readline)
                answer = self.answer("dot")
                if answer.startswith(b"250"):
                    with self.lock:
                        self.taken.append(text)
                self.say(connection, answer)
            if verb == "QUIT":
                return

    def text(self, readline: Callable[[], bytes]) -> bytes:
        lines = []
        with self.lock:
            leave = bool(self.script["text"]) and self.script["text"].popleft() == HANG_UP
        while (line := readline()) != b".\r\n":
            if not line or leave:
                raise EOFError
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines)

    @staticmethod
    def say(connection: socket.socket, answer: bytes) -> None:
        if answer == HANG_UP:
            raise EOFError
        connection.sendall(answer + b"\r\n")

    def hang_up(self) -> None:
        """Close every open connection, as a server does with idle ones."""
        with self.lock:
            for connection in self.open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self.open.clear()

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.hang_up()
        for thread in self.threads:
            thread.join()


Serve = Callable[..., ScriptedServer]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Return a function that starts a server: `serve(offers=[...], MAIL=[b"451 later"])`."""
    servers: list[ScriptedServer] = []

    def start(
        offers: Sequence[str] = ("PIPELINING", "SIZE 50000000"), **script: list[bytes]
    ) -> ScriptedServer:
        servers.append(ScriptedServer(offers, script))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


class MemoryJournal:
    """Keeps every record in memory, in order."""

    def __init__(self) -> None:
        self.records: list[tuple[bytes, Reply | None]] = []

    def dot(self, *send_ids: bytes) -> None:
        self.records += [(send_id, None) for send_id in send_ids]

    def reply(self, *replies: Reply) -> None:
        self.records += [(reply.send_id, reply) for reply in replies]

    def last(self) -> dict[bytes, Reply | None]:
        return dict(self.records)

    def clear(self) -> None:
        self.records.clear()

    def held(self) -> AbstractContextManager[None]:
        return nullcontext()


@pytest.fixture
def journal() -> MemoryJournal:
    return MemoryJournal()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file with a certificate for 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    start = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=36_500))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path
