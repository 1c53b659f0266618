"""Mail servers on loopback that take everything and keep nothing, each in its own process."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

SINK = """
import socket, threading
def taken(connection):
    try:
        return connection.recv(1 << 20)
    except OSError:
        return b""
def serve(connection):
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.sendall(b"220 sink\\r\\n")
    held, text = b"", False
    while received := taken(connection):
        held += received
        while True:
            if text:
                end = held.find(b"\\r\\n.\\r\\n")
                if end < 0:
                    break
                held, text = held[end + 5:], False
                connection.sendall(b"250 taken\\r\\n")
            else:
                line, end, rest = held.partition(b"\\r\\n")
                if not end:
                    break
                held, verb, answer = rest, line[:4].upper(), b"250 ok\\r\\n"
                if verb == b"EHLO":
                    answer = b"250-sink\\r\\n250 PIPELINING\\r\\n"
                elif verb == b"DATA":
                    text, answer = True, b"354 go on\\r\\n"
                elif verb == b"QUIT":
                    answer = b"221 bye\\r\\n"
                connection.sendall(answer)
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"""
TRIES = 200


@contextmanager
def bare_sink() -> Iterator[int]:
    """Give the port of a sink of our own."""
    with subprocess.Popen([sys.executable, "-c", SINK], stdout=subprocess.PIPE, text=True) as sink:
        assert sink.stdout is not None
        try:
            yield int(sink.stdout.readline())
        finally:
            sink.kill()


@contextmanager
def postfix_sink() -> Iterator[int]:
    """Give the port of Postfix's smtp-sink, 0 where it is not installed."""
    program = shutil.which("smtp-sink", path="/usr/sbin:/usr/bin")
    if program is None:
        yield 0
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with subprocess.Popen([program, "-u", "nobody", f"127.0.0.1:{port}", "100"]) as sink:
        try:
            for _ in range(TRIES):
                with socket.socket() as knock:
                    knock.settimeout(0.05)
                    if not knock.connect_ex(("127.0.0.1", port)):
                        break
            yield port
        finally:
            sink.kill()
