"""`tailorbird worker`: one more process that sends from a data folder, beside the server."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

WAIT_SECONDS: Final = 0.25
ERROR_SECONDS: Final = 5.0


def work(folder: Path, *, until_done: bool, say: Any) -> tuple[str, int]:
    """Send what waits until a signal, or until nothing does; return the worker's name and count.

    Raises:
        UsageError: there is no such folder.
    """
    from tailorbird import sending
    from tailorbird.app import Tailorbird
    from tailorbird.errors import TailorbirdError

    sent = 0
    with Tailorbird.open(folder, only_sends=True) as tb, _signals() as stopped:
        name = tb.world.worker
        say(f"{name} sends from {folder}  (Ctrl-C stops it)")
        while not stopped.is_set():
            try:
                report = sending.deliver(
                    tb.world, tb.clock(), clock=tb.clock, ending=stopped.is_set
                )
            except TailorbirdError as error:
                if until_done:
                    raise
                say(f"{name} waits: {error.sentence()}")
                stopped.wait(ERROR_SECONDS)
                continue
            sent += report.sent
            if until_done and not report.sent:
                break
            stopped.wait(0.0 if report.sent else WAIT_SECONDS)
    return name, sent


@contextmanager
def _signals() -> Iterator[threading.Event]:
    """Give an event that is set when somebody asks this process to end."""
    stopped = threading.Event()

    def stop(number: int, frame: object) -> None:
        stopped.set()

    before = {each: signal.signal(each, stop) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopped
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
