"""The API that simulates journeys over what really happened."""

from __future__ import annotations

from typing import Final

from litestar import delete, post
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler

from tailorbird import durations
from tailorbird.errors import UsageError
from tailorbird.simulating import QUARTER, Asked
from tailorbird.views.simulation import JourneySimulation, SimulationAsked
from tailorbird.web.asking import (
    GUARDED,
    INVALID,
    MISSING,
    WRONG,
    At,
    Name,
    found,
    instant_of,
    reads,
)

TAG: Final = "journeys"
ASKING: Final = INVALID | GUARDED | MISSING | WRONG


@post("/journeys/{name:str}/simulate", summary="Simulate a journey", tags=[TAG], status_code=200,
      responses=ASKING, sync_to_thread=True)  # fmt: skip
def begin_simulation(
    desk: At, name: Name, data: JSONBody[SimulationAsked | None] = None
) -> JourneySimulation:
    """Begin to go through what really happened; nothing is recorded. Look again for the result.

    The last 90 days where no time is said; a `text` is tried instead of what is in force.
    """
    wanted = data or SimulationAsked()
    if not wanted.text:
        found(desk.world.definitions.get("journey", name), f"journey {name!r}")
    until = instant_of(wanted.until, desk.clock())
    start = instant_of(wanted.since, until) if wanted.since else until - QUARTER
    every = durations.read(wanted.every) if wanted.every else 0
    if every is None:
        what = f"{wanted.every!r} is no length of time"
        raise UsageError(what, mend="write `15m`, `1h` or `1d`")
    return desk.simulations.begin(Asked(name, start, until, wanted.text, every))


@reads("/journeys/{name:str}/simulate", "How far a simulation is", TAG, responses=MISSING)
def look_at_simulation(desk: At, name: Name) -> JourneySimulation:
    """Return what the latest simulation of a journey has come to."""
    return found(desk.simulations.look(name), f"simulation of journey {name!r}")


@delete("/journeys/{name:str}/simulate", summary="Stop a simulation", tags=[TAG], status_code=200,
        responses=ASKING, sync_to_thread=True)  # fmt: skip
def stop_simulation(desk: At, name: Name) -> JourneySimulation:
    """Stop a simulation and return how far it is."""
    return found(desk.simulations.stop(name), f"simulation of journey {name!r}")


HANDLERS: Final[list[ControllerRouterHandler]] = [
    begin_simulation,
    look_at_simulation,
    stop_simulation,
]
