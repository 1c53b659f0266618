"""A mail server's bad days: a proxy that breaks SMTP at every stage, and remembers what was taken.

What counts as taken is what the server behind the proxy answered 2xx to after the final dot,
whether or not the client ever heard of it. Without a server behind, the proxy takes mail itself.
"""

from __future__ import annotations

import random
import re
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import BinaryIO, Final

STAGES: Final = ("greeting", "EHLO", "MAIL", "RCPT", "DATA", "content", "dot", "answer")
"""`dot`: before the server gets the final dot; `answer`: after it took the mail, before we hear."""
WAYS: Final = (
    "drop", "reset", "half_close", "silence", "defer", "reject", "close_421", "delay", "slow_bytes",
)  # fmt: skip
REFUSALS: Final = {
    "defer": b"451 4.3.0 try later\r\n",
    "reject": b"554 5.7.1 not today\r\n",
    "close_421": b"421 4.3.2 going down\r\n",
}
MESSAGE_ID: Final = re.compile(rb"(?im)^Message-ID: <([^@>]+)@")
LINGER_OFF: Final = struct.pack("ii", 1, 0)
"""SO_LINGER of 0 seconds: closing sends RST."""
SILENCE_SECONDS: Final = 0.05


class HungUp(Exception):  # noqa: N818 - nobody erred
    """This connection ends here."""


@dataclass(frozen=True)
class Odds:
    """How probable a fault is at each moment, and which there are."""

    fault: float = 0.0
    ways: Sequence[str] = WAYS
    stages: Sequence[str] = STAGES


@dataclass
class Record:
    """What a test compares with the ledger."""

    taken: Counter[str] = field(default_factory=Counter)
    """Message-ID's left side -> how often a server took it."""
    rejected: set[str] = field(default_factory=set)
    """Messages refused for good; those refused before their text was seen are under ''."""
    faults: Counter[tuple[str, str]] = field(default_factory=Counter)
    lost_answers: int = 0
    """Final dots that may have left the client and whose answer did not come."""
    moments: int = 0


class Proxy:
    """Listens on loopback until it is closed; `on_moment` is called at every step of every mail."""

    def __init__(
        self,
        odds: Odds = Odds(),
        *,
        seed: int = 0,
        server_port: int | None = None,
        on_moment: Callable[[int], None] = lambda _: None,
    ) -> None:
        self.odds = odds
        self.record = Record()
        self.server_port = server_port
        self.on_moment = on_moment
        self._rng = random.Random(seed)
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self._conversations: list[threading.Thread] = []
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def close(self) -> None:
        """Stop listening; conversations end with their clients."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join()
        for each in self._conversations:
            each.join()

    def quiet(self) -> None:
        """Wait until everybody who spoke has hung up."""
        for each in list(self._conversations):
            each.join()
        self._conversations = [each for each in self._conversations if each.is_alive()]

    def fault(self, stage: str) -> str:
        """Return what goes wrong now, '' where nothing does."""
        with self._lock:
            if stage not in self.odds.stages or self._rng.random() >= self.odds.fault:
                return ""
            way = self._rng.choice(self.odds.ways)
            self.record.faults[stage, way] += 1
            return way

    def moment(self) -> None:
        """Let the test do what it planned for this moment."""
        with self._lock:
            self.record.moments += 1
            now = self.record.moments
        self.on_moment(now)

    def took(self, name: str) -> None:
        """Remember that a server took this mail."""
        with self._lock:
            self.record.taken[name] += 1

    def refused(self, name: str) -> None:
        """Remember that this mail was refused for good."""
        with self._lock:
            self.record.rejected.add(name)

    def lost(self) -> None:
        """Remember that nobody will hear the answer to this dot."""
        with self._lock:
            self.record.lost_answers += 1

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            talk = threading.Thread(target=_Conversation(self, client).run, daemon=True)
            talk.start()
            self._conversations.append(talk)


class _Server:
    """The real server behind, or a friendly one of our own."""

    def __init__(self, port: int | None) -> None:
        self._socket: socket.socket | None = None
        self._reader: BinaryIO | None = None
        self.greeting = b"220 proxy\r\n"
        if port is not None:
            self._socket = socket.create_connection(("127.0.0.1", port), 30)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._reader = self._socket.makefile("rb")
            self.greeting = self._answer()

    def ask(self, line: bytes, verb: str) -> bytes:
        """Return the server's answer to one command, or to a text with its final dot."""
        if self._socket is None:
            if verb == "EHLO":
                return b"250-proxy\r\n250-8BITMIME\r\n250 PIPELINING\r\n"
            return b"354 go on\r\n" if verb == "DATA" else b"250 2.0.0 ok\r\n"
        self._socket.sendall(line)
        return self._answer()

    def close(self) -> None:
        """Hang up."""
        if self._socket is not None and self._reader is not None:
            self._reader.close()
            self._socket.close()

    def _answer(self) -> bytes:
        assert self._reader is not None
        lines = [self._reader.readline()]
        while lines[-1][3:4] == b"-":
            lines.append(self._reader.readline())
        if not lines[-1]:
            raise HungUp
        return b"".join(lines)


class _Conversation:
    """One client's connection."""

    def __init__(self, proxy: Proxy, client: socket.socket) -> None:
        self.proxy = proxy
        self.client = client
        self.reader = client.makefile("rb")
        self.slow = False
        self.hello = b"EHLO proxy\r\n"
        self.opened: list[str] = []
        """The commands of the mail under way that were taken."""

    def run(self) -> None:
        self.client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self.server = _Server(self.proxy.server_port)
        except (OSError, HungUp):
            self.client.close()
            return
        with suppress(HungUp, OSError, ValueError):
            self.talk()
        self.server.close()
        self.reader.close()
        self.client.close()

    def talk(self) -> None:
        refusal = self.strike("greeting")
        self.say(refusal or self.server.greeting)
        if refusal:
            raise HungUp
        while line := self.reader.readline():
            verb = line[:4].decode("ascii", "replace").upper()
            refusal = self.strike(verb)
            if verb == "EHLO":
                self.hello = line
            if refusal and verb != "QUIT":
                if refusal == REFUSALS["reject"] and verb in {"MAIL", "RCPT", "DATA"}:
                    self.proxy.refused("")
                self.say(refusal)
                if refusal.startswith(b"421"):
                    raise HungUp
                continue
            answer = self.server.ask(line, verb)
            self.proxy.moment()
            self.say(answer)
            if verb == "DATA" and answer.startswith(b"354"):
                self.text()

    def text(self) -> None:
        """Take the text of a mail, and say what became of it."""
        lines = []
        while (line := self.reader.readline()) != b".\r\n":
            if not line:
                raise HungUp
            lines.append(line)
            if len(lines) == 5:
                self.strike_text("content", refuses=False)
        content = b"".join(lines)
        if not content:  # RFC 2920 section 3.1: a client that wants nobody to get it
            self.say(self.server.ask(b".\r\n", "dot"))
            return
        found = MESSAGE_ID.search(content)
        name = found[1].decode() if found else ""
        if refusal := self.strike_text("dot"):
            self.refuse(name, refusal)
            return
        self.finish(name, self.server.ask(content + b".\r\n", "dot"))

    def finish(self, name: str, answer: bytes) -> None:
        """Tell the client what the server said of a mail, if it comes to that."""
        if answer.startswith(b"2"):
            self.proxy.took(name)
        elif answer.startswith(b"5"):
            self.proxy.refused(name)
        try:
            self.strike("answer", refuses=False)
            self.say(answer)
        except (HungUp, OSError):
            self.proxy.lost()
            raise

    def refuse(self, name: str, refusal: bytes) -> None:
        """Refuse a mail after its dot; the server behind never gets that far."""
        self.server.close()
        if refusal == REFUSALS["reject"]:
            self.proxy.refused(name)
        self.say(refusal)
        if refusal.startswith(b"421"):
            raise HungUp
        self.server = _Server(self.proxy.server_port)
        self.server.ask(self.hello, "EHLO")

    def strike_text(self, stage: str, *, refuses: bool = True) -> bytes:
        """As `strike`, where the client may have sent its dot already."""
        try:
            return self.strike(stage, refuses=refuses)
        except HungUp:
            self.proxy.lost()
            raise

    def strike(self, stage: str, *, refuses: bool = True) -> bytes:
        """Do what goes wrong at this stage; return the refusal to be said instead of an answer."""
        self.proxy.moment()
        way = self.proxy.fault(stage)
        if way in REFUSALS:
            return REFUSALS[way] if refuses else b""
        if way == "delay":
            time.sleep(0.002)
        elif way == "slow_bytes":
            self.slow = True
        elif way == "reset":
            self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_OFF)
            raise HungUp
        elif way == "half_close":
            self.client.shutdown(socket.SHUT_WR)
            while self.reader.read(4096):
                pass
            raise HungUp
        elif way == "silence":
            time.sleep(SILENCE_SECONDS)
            raise HungUp
        elif way == "drop":
            raise HungUp
        return b""

    def say(self, answer: bytes) -> None:
        if self.slow:
            self.slow = False
            for at in range(len(answer)):
                self.client.sendall(answer[at : at + 1])
        else:
            self.client.sendall(answer)
