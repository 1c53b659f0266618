"""A sender that is killed at random moments sends nothing twice and loses nothing.

The mail server lives in the test and survives every kill. What it took is compared with what the
ledger says in the end.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from tailorbird.schema import SECOND, Decision
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.sqlite.ledger import SqliteLedger

NOW = 1_700_000_000 * SECOND
CONNECTIONS = 4

SENDER = """
import sys
from pathlib import Path
from tailorbird.delivery.carriers.smtp import SmtpCarrier
from tailorbird.delivery.journal import FileJournal
from tailorbird.delivery.protocol import deliver, recover
from tailorbird.schema import Outgoing
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.sqlite.ledger import SqliteLedger

folder, port, now = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])

class Forgetful(FileJournal):
    def dot(self, send_id): pass
    def reply(self, reply): pass

def render(claim):
    text = f"Message-ID: <{claim.send_id.hex()}@x.example>\\r\\n\\r\\n" + "Hello there\\r\\n" * 50
    return Outgoing(claim.send_id, "a@x.example", "b@y.example", text.encode())

ledger = SqliteLedger(Database(folder / "tailorbird.sqlite"))
journal = (Forgetful if sys.argv[4] == "forgetful" else FileJournal)(folder / "journal")
carrier = SmtpCarrier("127.0.0.1", port, tls="none", connections=4)
print("ready", flush=True)
seen = recover(ledger, carrier, journal, worker="w", policy="assume_sent", now=now)
print(len(seen.unknown), flush=True)
deliver(ledger, carrier, journal, render, worker="w", now=now, batch=50)
"""


class Sink:
    """A mail server that writes down every message that it took."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection, connection.makefile("rb") as reader, suppress(OSError):
            connection.sendall(b"220 sink\r\n")
            while line := reader.readline():
                if line.startswith(b"EHLO"):
                    connection.sendall(b"250-sink\r\n250 PIPELINING\r\n")
                elif line.startswith(b"DATA"):
                    connection.sendall(b"354 go on\r\n")
                    lines = []
                    while (line := reader.readline()) not in (b".\r\n", b""):
                        lines.append(line)
                    if not line:
                        return
                    with self.lock:
                        self.taken[lines[0].partition(b"<")[2].partition(b"@")[0].decode()] += 1
                    connection.sendall(b"250 taken\r\n")
                else:
                    connection.sendall(b"250 ok\r\n")

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()


def ledger_of(folder: Path, people: int) -> None:
    database = Database(folder / "tailorbird.sqlite")
    SqliteLedger(database).record(
        [Decision(os.urandom(16), "c", 1, "1", n, NOW, "send") for n in range(people)]
    )
    database.close()


def killed_sender(folder: Path, sink: Sink, journal: str, after_mails: int | None) -> int | None:
    """Run a sender, kill it when so many mails were taken; return its recovery's unknowns.

    The server counts, not the clock: on a fast machine as on a slow one the kill falls into the
    sending.
    """
    command = [sys.executable, "-c", SENDER, str(folder), str(sink.port), str(NOW), journal]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sender:
        assert sender.stdout is not None
        assert sender.stdout.readline() == "ready\n"
        if after_mails is None:
            assert sender.wait() == 0
            return int(sender.stdout.readline())
        before = sink.taken.total()
        while sender.poll() is None and sink.taken.total() - before < after_mails:
            time.sleep(0)  # gives the threads of the server their turn
        sender.send_signal(signal.SIGKILL)
        sender.wait()
        return None


def campaign(folder: Path, people: int, kills: int, journal: str) -> tuple[Counter[str], set[str]]:
    """Return what the server took and what the ledger calls sent, after so many kills."""
    rng = random.Random(people)
    ledger_of(folder, people)
    sink = Sink()
    for _ in range(kills):
        killed_sender(folder, sink, journal, rng.randrange(0, 90))
    assert killed_sender(folder, sink, journal, None) is not None
    sink.close()
    database = Database(folder / "tailorbird.sqlite")
    ledger = SqliteLedger(database)
    states = ledger.states()
    history = ledger.settlements(0, 10 * people)
    database.close()
    assert states.keys() <= {"sent", "unknown"}
    assert sum(states.values()) == people
    assert states.get("unknown", 0) <= kills * CONNECTIONS
    return sink.taken, {ended.send_id.hex() for _, _, ended in history if ended.state == "sent"}


@pytest.mark.chaos
@pytest.mark.slow
def test_a_sender_killed_again_and_again_sends_each_mail_once(tmp_path: Path) -> None:
    taken, sent = campaign(tmp_path, people=1500, kills=12, journal="file")
    assert max(taken.values()) == 1
    assert sent <= taken.keys()


@pytest.mark.chaos
@pytest.mark.slow
def test_without_the_journal_the_same_kills_send_twice(tmp_path: Path) -> None:
    taken, _ = campaign(tmp_path, people=1501, kills=12, journal="forgetful")
    assert max(taken.values()) > 1
