"""The thread that reads sources: what somebody asked for first, then what is due."""

from __future__ import annotations

import threading
import time
from typing import Final

from tailorbird.collect.sources.runs import Outcome
from tailorbird.errors import TailorbirdError
from tailorbird.syncs import ALWAYS, Status, Stopped, Syncs
from tailorbird.views.sources import Running
from tailorbird.web.worker import Worker

LOOK_SECONDS: Final = 10.0


class _Enough(Exception):  # noqa: N818 - nothing is wrong: a look ends
    """A look has lasted long enough."""


class SourceReader(Worker):
    """Reads sources one after the other, so that no request waits for a file or a database."""

    def __init__(self, syncs: Syncs) -> None:
        super().__init__(self.tick, "tailorbird-sources")
        self.syncs = syncs
        self._lock = threading.Lock()
        self._wanted_now: dict[str, bool] = {}
        self._at = ""
        self._busy = False
        self._errors: dict[str, str] = {}

    def want(self, name: str, *, again: bool = False) -> None:
        """Have a source read soon; asked twice before it began, it is read once."""
        with self._lock:
            self._wanted_now[name] = again or self._wanted_now.get(name, False)
            self._errors.pop(name, None)
        self.wake()

    def running(self, status: Status) -> Running:
        """Return whether a source waits for its turn, is being read, or was cut off."""
        with self._lock:
            if status.source in self._wanted_now:
                return "waiting"
            if status.source == self._at:
                return "running"
            if status.schedule == ALWAYS:
                return "" if status.standing.error else "running"
            began = status.standing.started_at > status.standing.ended_at
            return ("running" if self._busy else "cut off") if began else ""

    def refusal(self, name: str) -> str:
        """Return why the last run that was asked for did not even begin, or ''."""
        with self._lock:
            return self._errors.get(name, "")

    def tick(self) -> bool:
        """Read all that is wanted, then all that is due; return whether there was any."""
        worked = False
        while (name := self._take()) and not self.stopping:
            self._read(*name)
            worked = True
        self._busy = True
        try:
            return bool(self.syncs.run_due(lambda: self.stopping)) or worked
        finally:
            self._busy = False

    def _take(self) -> tuple[str, bool] | None:
        with self._lock:
            for name in self._wanted_now:
                self._at = name
                return name, self._wanted_now.pop(name)
            return None

    def _read(self, name: str, again: bool) -> None:
        def on_progress(_done: int, _total: int) -> None:
            if self.stopping:
                raise Stopped

        said = ""
        try:
            self.syncs.run(name, again=again, on_progress=on_progress)
        except Stopped:
            pass
        except TailorbirdError as error:
            said = error.sentence()
        finally:
            with self._lock:
                self._at = ""
                self._errors[name] = said


def looked(syncs: Syncs, text: str) -> Outcome | None:
    """Return what a source would bring; None where a look of some seconds did not see the end.

    Raises:
        DefinitionError, SourceError, SettingsError: it cannot be read as it says.
    """
    until = time.monotonic() + LOOK_SECONDS

    def on_progress(_done: int, _total: int) -> None:
        if time.monotonic() > until:
            raise _Enough

    try:
        return syncs.check(text, "source.yaml", on_progress=on_progress)
    except _Enough:
        return None
