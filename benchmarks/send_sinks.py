"""Mail servers on loopback that take everything and keep nothing, each in its own process.

Ours looks at the end of what came only, and answers what was asked at once in one go, so that it
takes little of the processor that it shares with whoever is measured.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

SINK = """
import socket, threading
END, DOT = 1000, b"\\r\\n.\\r\\n"  # nobody says more than END octets behind a final dot
def serve(connection):
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.sendall(b"220 sink\\r\\n")
    buffer = bytearray(1 << 18)
    held, text = b"", False
    while received := connection.recv_into(buffer):
        held = (held + bytes(memoryview(buffer)[max(0, received - END):received]))[-END:]
        answers = []
        if text:
            end = held.find(DOT)
            if end < 0:
                continue
            held, text = held[end + len(DOT):], False
            answers.append(b"250 taken\\r\\n")
        *lines, held = held.split(b"\\r\\n")
        for line in lines:
            verb, answer = line[:4].upper(), b"250 ok\\r\\n"
            if verb == b"EHLO":
                answer = b"250-sink\\r\\n250 PIPELINING\\r\\n"
            elif verb == b"DATA":
                text, answer = True, b"354 go on\\r\\n"
            elif verb == b"QUIT":
                answer = b"221 bye\\r\\n"
            answers.append(answer)
        connection.sendall(b"".join(answers))
def taken(connection):
    try:
        serve(connection)
    except OSError:
        pass
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    threading.Thread(target=taken, args=(listener.accept()[0],), daemon=True).start()
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
                time.sleep(0.02)
            yield port
        finally:
            sink.kill()
