"""A server that is killed at any moment under load, or whose disk is full: what was acknowledged is
there, and nothing counts twice.

Clients behave as SDKs do: a batch that was not answered with 200 is sent again. The long version:
`COLLECTOR_KILLS=1000 .venv/bin/pytest tests/chaos/test_collector_kills.py`.
"""

from __future__ import annotations

import http.client
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

import tailorbird
from tailorbird.errors import StoreError
from tailorbird.stores.duckdb.facts import DuckFacts

KILLS = int(os.environ.get("COLLECTOR_KILLS", "8"))
CLIENTS = 4
BATCH = 25
PEOPLE = 60
PAUSE_SECONDS = max(0.005, KILLS / 30_000)
"""Between two batches of a client, so that a thousand kills end with some two million events, and
a few with some ten thousand: what is read again twice at the end proves no more for being more."""
SMALL_DISK_MIB = 64
BALLAST_MIB = 48

SERVER = """
import socket, sys, tailorbird, uvicorn
from pathlib import Path
from tailorbird.web.serve import site
with tailorbird.open(Path(sys.argv[1])) as tb:
    config = uvicorn.Config(site(tb), log_level="critical", access_log=False)
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=int(sys.argv[2]))])
"""
"""As `tailorbird serve`, at a port that is open already."""

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300 + 10 * KILLS)]


@dataclass
class Client:
    """One SDK: sends its batches in order, each until it is acknowledged."""

    number: int
    next_batch: int = 0
    """The first batch that nobody has acknowledged."""
    refusals: list[int] = field(default_factory=list)
    """Statuses other than 200."""

    def run(self, port: int, stopped: threading.Event, told: threading.Event) -> None:
        """Send until the server is gone or `stopped` is set; `told` is set at each answer."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        with closing(connection), suppress(OSError, http.client.HTTPException):
            while not stopped.is_set():
                connection.request("POST", "/v1/batch", self.body())
                answer = connection.getresponse()
                answer.read()
                if answer.status == 200:
                    self.next_batch += 1
                else:
                    assert answer.headers["retry-after"]
                    self.refusals.append(answer.status)
                told.set()
                stopped.wait(PAUSE_SECONDS)

    def body(self) -> bytes:
        """Return the batch that is due; the same bytes every time."""
        first = self.next_batch * BATCH
        return msgspec.json.encode({"batch": [self.event(first + n) for n in range(BATCH)]})

    def event(self, number: int) -> dict[str, object]:
        """Return an event that no other is like: its product is its own."""
        name = f"{self.number}-{number}"
        return {
            "type": "track",
            "event": "Product Viewed",
            "messageId": name,
            "userId": f"user-{number % PEOPLE}",
            "properties": {"product_id": name, "note": "x" * 200},
        }

    def acknowledged(self) -> set[str]:
        """Return the products of every batch that was answered with 200."""
        return {f"{self.number}-{n}" for n in range(self.next_batch * BATCH)}

    def sent(self) -> set[str]:
        """Return the products of every batch that may have arrived."""
        return {f"{self.number}-{n}" for n in range((self.next_batch + 1) * BATCH)}


@contextmanager
def serving(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run a server of `folder`, and give it and its port; it answers soon.

    The port is open from here on, and the server inherits it: were it let go and asked for again,
    another program could have it meanwhile, and its answers would count as ours.
    """
    with closing(socket.create_server(("127.0.0.1", 0), backlog=128)) as opened:
        port = int(opened.getsockname()[1])
        command = [sys.executable, "-c", SERVER, str(folder), str(opened.fileno())]
        server = subprocess.Popen(command, pass_fds=[opened.fileno()])
    with server:
        try:
            yield server, port
        finally:
            ended = server.poll()
            server.kill()
    assert ended in {None, -signal.SIGKILL}, "the server ended by itself"


@contextmanager
def loaded(clients: list[Client], port: int) -> Iterator[threading.Event]:
    """Let all clients send; give what is set at each answer."""
    stopped, told = threading.Event(), threading.Event()
    threads = [threading.Thread(target=c.run, args=(port, stopped, told)) for c in clients]
    for thread in threads:
        thread.start()
    try:
        yield told
    finally:
        stopped.set()
        for thread in threads:
            thread.join()


def check(folder: Path, clients: list[Client]) -> None:
    """Compare what is there with what was acknowledged, before and after a rebuild."""
    acknowledged = set[str]().union(*(client.acknowledged() for client in clients))
    sent = set[str]().union(*(client.sent() for client in clients))
    with tailorbird.open(folder) as tb:
        tb.ingest()
        for _ in range(2):
            rows = tb.world.facts.read("SELECT item FROM facts").to_pylist()
            found = Counter(row["item"] for row in rows)
            assert max(found.values()) == 1, "an event counts twice"
            assert acknowledged <= set(found), "an acknowledged event is lost"
            assert set(found) <= sent
            assert tb.world.people.count() == PEOPLE
            assert tb.world.people.quarantine_counts() == {}
            tb.rebuild()


def test_killed_under_load_nothing_acknowledged_is_lost_and_nothing_counts_twice(
    tmp_path: Path,
) -> None:
    draw = random.Random(KILLS)
    folder = tmp_path / "data"
    tailorbird.open(folder).close()
    clients = [Client(number) for number in range(CLIENTS)]
    for _ in range(KILLS):
        with serving(folder) as (server, port), loaded(clients, port) as told:
            told.wait(120)
            # A time, not a count: so that the worker is met at every step, and between them.
            with suppress(subprocess.TimeoutExpired):
                server.wait(draw.random() * 1.5)
            server.kill()
    assert all(client.next_batch > KILLS for client in clients)
    check(folder, clients)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a file system that is soon full."""
    place = tmp_path / "disk"
    place.mkdir()
    size = f"size={SMALL_DISK_MIB}m"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "tmpfs", place], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting a small file system takes root")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


@pytest.mark.parametrize("killed", [False, True], ids=["goes-on", "killed-while-full"])
def test_a_full_disk_loses_nothing_that_was_acknowledged(small_disk: Path, killed: bool) -> None:
    folder, ballast = small_disk / "data", small_disk / "ballast"
    tailorbird.open(folder).close()
    ballast.write_bytes(bytes(BALLAST_MIB << 20))
    clients = [Client(number) for number in range(CLIENTS)]
    with serving(folder) as (server, port):
        with loaded(clients, port) as told:
            while not all(client.refusals for client in clients):
                told.clear()
                assert told.wait(120), "the server answers no more"
        assert {status for client in clients for status in client.refusals} == {503}
        if killed:
            server.kill()
        ballast.unlink()
        if not killed:
            before = [client.next_batch for client in clients]
            with loaded(clients, port) as told:
                while [client.next_batch for client in clients] == before:
                    told.clear()
                    assert told.wait(120), "the server answers no more"
    check(folder, clients)


def test_a_full_disk_is_told_as_such(small_disk: Path) -> None:
    (small_disk / "ballast").write_bytes(bytes(BALLAST_MIB << 20))
    facts = DuckFacts(small_disk / "facts.duckdb")
    try:
        with pytest.raises(StoreError, match="No space left on device; free disk space"):
            fill(facts)
    finally:
        facts.close()


def fill(facts: DuckFacts) -> None:
    """Write until the disk is full."""
    for _ in range(100):
        facts.write([("INSERT INTO markers SELECT uuid(), random() * 1e18 FROM range(50_000)", ())])
