"""A server that is killed while it sends webhooks loses none, and tells again only under its id."""

from __future__ import annotations

import http.server
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tailorbird import flow, notify
from tailorbird.app import Tailorbird
from tailorbird.schema import Body

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(240)]
PEOPLE = 30
KILLED_AT = (4, 5, 13, 22)
"""Requests at which the server that sends them is killed, before it gets an answer."""
LEAVE = {"TAILORBIRD_HOOKS_OUT__ALLOW_LOOPBACK": "true"}


class Receiver:
    """Keeps the ids that come, and kills the sender at some of them."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.sender: subprocess.Popen[bytes] | None = None
        outer = self

        class Door(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                outer.ids.append(self.headers["webhook-id"])
                if len(outer.ids) in KILLED_AT and outer.sender is not None:
                    os.kill(outer.sender.pid, signal.SIGKILL)
                    outer.sender.wait(30)
                    return
                self.send_response(200)
                self.end_headers()

            def log_message(self, *args: object) -> None:
                return

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def prepared(folder: Path, url: str) -> set[str]:
    """Return the ids of notices that wait in a new folder."""
    with Tailorbird.open(folder, environment=LEAVE) as tb:
        made = notify.make_hook(url, ["person.created"], (), now=tb.clock(), entropy=os.urandom)
        tb.world.hooks.add(*made)
        flow.tick(tb.world, tb.clock())
        people = [
            {"type": "identify", "userId": f"u{n}", "messageId": f"m{n}", "traits": {"n": n}}
            for n in range(PEOPLE)
        ]
        tb.world.log.append([Body("import", tb.clock(), json.dumps({"batch": people}).encode())])
        flow.tick(tb.world, tb.clock())
        return {notice.id for notice in tb.world.hooks.page("", 0, 1000)}


def served(folder: Path) -> subprocess.Popen[bytes]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "tailorbird", "serve", "-C", str(folder), "--port", str(port)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, env={**os.environ, **LEAVE})


def test_webhooks_survive_kills(receiver: Receiver, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    waiting = prepared(folder, receiver.url)
    assert len(waiting) == PEOPLE
    deadline = time.monotonic() + 200
    starts = 0
    while set(receiver.ids) != waiting or len(receiver.ids) < PEOPLE + len(KILLED_AT):
        assert time.monotonic() < deadline
        receiver.sender = served(folder)
        starts += 1
        try:
            while receiver.sender.poll() is None and len(receiver.ids) < PEOPLE + len(KILLED_AT):
                assert time.monotonic() < deadline
                time.sleep(0.01)
        finally:
            receiver.sender.terminate()
            receiver.sender.wait(60)
    told = Counter(receiver.ids)
    assert starts == len(KILLED_AT) + 1
    assert sum(number - 1 for number in told.values()) == len(KILLED_AT)
    with Tailorbird.open(folder, environment=LEAVE) as tb:
        assert {n.state for n in tb.world.hooks.page("", 0, 1000)} == {"delivered"}
