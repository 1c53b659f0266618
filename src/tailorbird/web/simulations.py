"""Simulations of journeys behind the requests: one after the other; each can be looked at, stopped.

What they come to is kept in memory alone, the latest of each name.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from msgspec.structs import replace

from tailorbird import simulating
from tailorbird.errors import Stopped, TailorbirdError
from tailorbird.schema import Instant
from tailorbird.simulating import Asked
from tailorbird.stopping import Stop
from tailorbird.views import moment
from tailorbird.views.simulation import JourneySimulation
from tailorbird.world import World

log = logging.getLogger("tailorbird.simulations")

MOST: Final = 32
"""Simulations that are remembered."""
UNEXPECTED: Final = "it broke off unexpectedly; the log of the server says where"


@dataclass(slots=True)
class _Running:
    """One simulation: how far it is, and how it is stopped."""

    told: JourneySimulation
    stop: Stop = field(default_factory=Stop)


class Simulations:
    """Asked for by several threads. A name has one simulation at a time."""

    def __init__(self, world: World, clock: Callable[[], Instant]) -> None:
        self._world, self._clock = world, clock
        self._guard = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None
        self._known: dict[str, _Running] = {}

    def begin(self, asked: Asked) -> JourneySimulation:
        """Begin a simulation, unless one of this name runs; return how far it is.

        Raises:
            UsageError: the time is none or too long.
        """
        simulating.check(asked)
        with self._guard:
            running = self._known.get(asked.name)
            if running is None or running.told.state != "running":
                begun = JourneySimulation(
                    asked.name, "running", moment(asked.start), moment(asked.until)
                )
                running = self._known[asked.name] = _Running(begun)
                while len(self._known) > MOST:
                    self._known.pop(next(iter(self._known))).stop.ask()
                if self._pool is None:
                    self._pool = ThreadPoolExecutor(1, thread_name_prefix="tailorbird-simulation")
                self._pool.submit(self._run, running, asked)
            return running.told

    def look(self, name: str) -> JourneySimulation | None:
        """Return how far the latest simulation of a name is, None where none was begun."""
        running = self._known.get(name)
        return running.told if running else None

    def stop(self, name: str) -> JourneySimulation | None:
        """Have a simulation end; return how far it is."""
        running = self._known.get(name)
        if running is None:
            return None
        running.stop.ask()
        return running.told

    def close(self) -> None:
        """Stop everything, and end when the present instant is done."""
        for running in [*self._known.values()]:
            running.stop.ask()
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def _run(self, running: _Running, asked: Asked) -> None:
        def show(share: float) -> None:
            running.told = replace(running.told, done=share)

        try:
            with self._world.facts.stopping(running.stop):
                running.told = simulating.simulate(
                    self._world, asked, stop=running.stop, on_progress=show
                )
        except Stopped:
            running.told = replace(running.told, state="stopped")
        except TailorbirdError as error:
            running.told = replace(running.told, state="failed", trouble=error.sentence())
        except Exception:
            # Whoever asks again must learn that it has ended.
            log.exception("a simulation failed")
            running.told = replace(running.told, state="failed", trouble=UNEXPECTED)
