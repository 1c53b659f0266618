"""Checks of audiences behind the requests: one after the other; each can be looked at, stopped.

What is asked is kept in the folder until it has ended: a server that is stopped, or dies, begins it
anew when it comes back. What came of it is kept in memory alone, for it names people.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import msgspec

from tailorbird import flow
from tailorbird.errors import TailorbirdError
from tailorbird.letters.audience import AudienceCheck
from tailorbird.readings import checks
from tailorbird.schema import Instant
from tailorbird.stopping import Stop
from tailorbird.views import moment
from tailorbird.views.checks import AudienceReport, Concerned
from tailorbird.world import World

MOST: Final = 32
"""Checks that are remembered."""
FILE: Final = "checks.json"
"""In the data folder: what was asked and has not ended."""
MOST_TRIES: Final = 3


class Wanted(msgspec.Struct, frozen=True):
    """What a check was asked to make: a campaign, or a template (or its draft) for a segment."""

    name: str
    segment: str = ""
    draft: str = ""
    tries: int = 0
    """How often it was begun anew: what ends the server each time is given up."""


@dataclass(slots=True)
class _Running:
    """One check: what it has found so far, and how it is stopped."""

    wanted: Wanted
    at: Instant
    stop: Stop = field(default_factory=Stop)
    found: AudienceCheck | None = None
    future: Future[None] | None = None
    trouble: str = ""
    ended: bool = False


class AudienceChecks:
    """Asked for by several threads. A name has one check at a time; the latest is remembered."""

    def __init__(self, world: World, clock: Callable[[], Instant]) -> None:
        self._world, self._clock = world, clock
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None
        self._known: dict[str, _Running] = {}
        self._closing = False

    def resume(self) -> int:
        """Begin anew what had not ended when the server did; return how many there were."""
        path = self._world.folder / FILE
        with suppress(OSError, msgspec.MsgspecError):
            kept = msgspec.json.decode(path.read_bytes(), type=list[Wanted])
            wanted = [each for each in kept[:MOST] if each.tries < MOST_TRIES]
            for each in wanted:
                self._begin(msgspec.structs.replace(each, tries=each.tries + 1))
            return len(wanted)
        return 0

    def begin(self, name: str, segment: str = "", draft: str = "") -> AudienceReport:
        """Begin a check, unless one of this name runs; return how far it is.

        Raises:
            UsageError: there is no such campaign, template or segment.
        """
        return self._begin(Wanted(name, segment, draft))

    def _begin(self, wanted: Wanted) -> AudienceReport:
        key = _key(wanted.name, wanted.segment)
        with self._lock:
            running = self._known.get(key)
            if running is None or running.ended:
                running = self._known[key] = _Running(wanted, self._clock())
                while len(self._known) > MOST:
                    self._known.pop(next(iter(self._known))).stop.ask()
                if self._pool is None:
                    self._pool = ThreadPoolExecutor(1, thread_name_prefix="tailorbird-check")
                running.future = self._pool.submit(self._run, running)
                self._keep()
        return _report(running)

    def look(self, name: str, segment: str = "") -> AudienceReport | None:
        """Return how far a check is, None where none was begun."""
        running = self._known.get(_key(name, segment))
        return _report(running) if running else None

    def people(
        self, name: str, segment: str, kind: str, what: str, after: str, limit: int
    ) -> Concerned | None:
        """Return a page of the people whom a finding concerns."""
        running = self._known.get(_key(name, segment))
        if running is None or running.found is None:
            return None
        page = checks.concerned(running.found, kind, what, after, limit)
        return checks.called(self._world, page) if page else None

    def stop(self, name: str, segment: str = "") -> AudienceReport | None:
        """Have a check end; return what it has found until then."""
        running = self._known.get(_key(name, segment))
        if running is None:
            return None
        running.stop.ask()
        return _report(running)

    def close(self) -> None:
        """Stop everything, and end when the present hundred people are done."""
        self._closing = True
        for running in self._known.values():
            running.stop.ask()
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def _run(self, running: _Running) -> None:
        def keep(found: AudienceCheck) -> None:
            running.found = found

        try:
            wanted = running.wanted
            flow.check(
                self._world,
                wanted.name,
                running.at,
                segment=wanted.segment,
                draft=wanted.draft,
                stop=running.stop,
                seen=keep,
            )
        except TailorbirdError as error:
            running.trouble = error.sentence()
        finally:
            running.ended = True
            with self._lock:
                self._keep()

    def _keep(self) -> None:
        """Keep what has not ended; what a closing server stops is not ended by it."""
        if self._closing:
            return
        path = self._world.folder / FILE
        open_ = [each.wanted for each in self._known.values() if not each.ended]
        with suppress(OSError):  # a full disk must not stop a check
            beside = path.with_suffix(".new")
            beside.write_bytes(msgspec.json.encode(open_))
            beside.replace(path)


def _report(running: _Running) -> AudienceReport:
    ended = running.ended
    if running.found is None or running.trouble:
        state = "failed" if running.trouble else "running"
        at = moment(running.at)
        return AudienceReport(
            running.wanted.name, state, at, 0, 0, 0, sound=False, trouble=running.trouble
        )
    return checks.report(running.found, "" if ended else "running")


def _key(name: str, segment: str) -> str:
    return f"{segment}\x00{name}"
