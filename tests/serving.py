"""`tailorbird serve` as a process of its own, for tests that ask it from outside."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve a folder until the block ends; yield the address."""
    with _started(folder) as (url, process):
        assert process.stdout is not None
        assert "serves" in process.stdout.readline()
        until(lambda: _healthy(url))
        yield url
        process.terminate()
        process.wait(30)


@contextmanager
def killed(folder: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Serve a folder until the block ends, and kill it then; yield the address and the process."""
    with _started(folder) as (url, process):
        assert process.stdout is not None
        assert any("serves" in line for line in process.stdout)
        yield url, process
        process.send_signal(signal.SIGKILL)


@contextmanager
def _started(folder: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "tailorbird", "serve", "-C", str(folder), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield f"http://127.0.0.1:{port}", process


def _healthy(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    """Return as soon as something is so; fail when it never is."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)
