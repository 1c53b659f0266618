"""A journey is simulated over what really happened, by the real engine: nothing is recorded.

The clock goes from instant to instant at which somebody is set off, does something that her journey
may ask about, or is due; over long stretches it looks as often as is said. At each, everything is
asked as of then: the engine's own ticks over enrolments and a ledger in memory.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from tailorbird import authoring, imagined, journeying, journeys, past_triggers, simulated
from tailorbird.errors import UsageError
from tailorbird.journeys import advance as advancing
from tailorbird.journeys.journey import WaitFor
from tailorbird.past_triggers import Hit
from tailorbird.schema import DAY, HOUR, MINUTE, SECOND, Instant, PersonId
from tailorbird.stopping import Stop
from tailorbird.traits.extract import touched
from tailorbird.views import moment
from tailorbird.views.simulation import JourneySimulation
from tailorbird.world import World

EXACT: Final = 2_000
"""Instants up to which each is looked at by itself, where nobody says how often."""
MOST_TICKS: Final = 20_000
OFTEN: Final = (MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 6 * HOUR, DAY)
LONGEST: Final = 400 * DAY
QUARTER: Final = 90 * DAY
"""How much of the past is gone through, where nobody says."""
_DID: Final = """
SELECT DISTINCT person, "at" FROM (
    SELECT person, "at" FROM facts UNION ALL SELECT person, "at" FROM trait_values)
WHERE "at" > $1 AND "at" <= $2 AND person IN (SELECT person FROM touched)
ORDER BY person, "at"
"""
_SCORED: Final = """
SELECT DISTINCT person FROM scores WHERE "at" > $1 AND "at" <= $2
AND person IN (SELECT person FROM touched) ORDER BY person
"""
Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """Which journey, or which draft of it, from when to when, and how often it is looked."""

    name: str
    start: Instant
    until: Instant
    text: str = ""
    """A draft that is tried instead of what is in force."""
    every: Instant = 0
    """0: at each instant at which something happens, while there are not too many."""


def simulate(
    world: World, asked: Asked, *, stop: Stop | None = None, on_progress: Progress | None = None
) -> JourneySimulation:
    """Return what a journey would have done, had it begun at `start`.

    Raises:
        UsageError: there is no such journey, or the time is none or too long.
        DefinitionError: its text is broken. Stopped: nobody waits any more.
    """
    check(asked)
    return Simulation(world, asked).run(stop or Stop(), on_progress or (lambda _share: None))


def check(asked: Asked) -> None:
    """Return when a stretch of time can be gone through.

    Raises:
        UsageError: it is none, or too long.
    """
    if not asked.start < asked.until <= asked.start + LONGEST:
        what = "the time ends before it begins, or is longer than 400 days"
        raise UsageError(what, mend="say from 2026-01-01 until 2026-04-01")
    if asked.every < 0 or 0 < asked.every < SECOND:
        raise UsageError("nobody can look so often", mend="say every 1m, 1h or 1d")


class Deeds:
    """When people did anything that their journey may ask about, one after the other."""

    def __init__(
        self, world: World, people: Sequence[PersonId], start: Instant, until: Instant
    ) -> None:
        rows = world.facts.read(_DID, (start, until), {"touched": touched(people)})
        self._people = rows["person"].to_numpy()
        self._at: npt.NDArray[np.int64] = rows["at"].to_numpy()
        self._next: list[tuple[Instant, PersonId]] = []
        self._watched: set[PersonId] = set()

    def __len__(self) -> int:
        return len(np.unique(self._at))

    def watch(self, people: Sequence[PersonId], now: Instant) -> None:
        """Look at what these people do from now on."""
        for person in people:
            if person not in self._watched:
                self._watched.add(person)
                self._push(person, now)

    def next_at(self) -> Instant | None:
        """Return when somebody does something next."""
        return self._next[0][0] if self._next else None

    def came(self, now: Instant) -> list[PersonId]:
        """Return who did something up to now, in order; whom `watch` names is looked at again."""
        found: set[PersonId] = set()
        while self._next and self._next[0][0] <= now:
            found.add(heapq.heappop(self._next)[1])
        self._watched -= found
        return sorted(found)

    def _push(self, person: PersonId, now: Instant) -> None:
        first, last = np.searchsorted(self._people, [person, person + 1])
        place = first + int(np.searchsorted(self._at[first:last], now, "right"))
        if place < last:
            heapq.heappush(self._next, (int(self._at[place]), person))


class Simulation:
    """One journey's way through a stretch of the past."""

    def __init__(self, world: World, asked: Asked) -> None:
        self._asked = asked
        self._stage, self._ledger = imagined.imagine(world, asked.name, asked.text)
        self._journey, self._version = authoring.find_journey(self._stage, asked.name)
        self._hits = past_triggers.between(self._stage, self._journey, asked.start, asked.until)
        homes = world.people.ties.homes({each.triggered.person for each in self._hits})
        self._homes: dict[PersonId, PersonId] = dict(homes)
        people = sorted({self._home(each) for each in self._hits} if _asks(self._journey) else ())
        self._deeds = Deeds(self._stage, people, asked.start, asked.until)
        self._every = asked.every or self._often()
        self._done = 0
        self._refused: Counter[str] = Counter()
        self._troubles: dict[str, str] = {}

    def run(self, stop: Stop, on_progress: Progress) -> JourneySimulation:
        """Return what the journey would have done.

        Raises:
            Stopped: nobody waits any more.
        """
        asked, ticks, before = self._asked, 0, self._asked.start - 1
        for now in self._instants():
            stop.check()
            self._tick(before, now)
            ticks, before = ticks + 1, now
            on_progress((now - asked.start) / (asked.until - asked.start))
            if ticks == MOST_TICKS:
                break
        late = past_triggers.late(self._stage, self._journey, asked.start, asked.until)
        reached = asked.until if ticks < MOST_TICKS else before
        return JourneySimulation(
            name=asked.name,
            state="done",
            since=moment(asked.start),
            until=moment(reached),
            done=1.0,
            version=self._version,
            every_seconds=self._every // 1_000_000,
            ticks=ticks,
            triggered=self._done,
            not_entered=dict(sorted(self._refused.items())),
            troubles=tuple(f"{step}: {why}" for step, why in sorted(self._troubles.items())),
            as_of_now=simulated.as_of_now(self._stage, self._journey, late),
            **simulated.figures(self._stage, self._ledger, self._journey, reached),
        )

    def _often(self) -> Instant:
        """Return 0 where each instant can be looked at by itself, else how often is looked."""
        if len(self._hits) + len(self._deeds) <= EXACT:
            return 0
        length = self._asked.until - self._asked.start
        return next((each for each in OFTEN if length <= each * EXACT), OFTEN[-1])

    def _instants(self) -> Iterator[Instant]:
        """Yield the instants at which something is to be looked at, as they come about."""
        start, until, every = self._asked.start, self._asked.until, self._every
        now = start - 1
        while True:
            hit = self._hits[self._done].seen_at if self._done < len(self._hits) else None
            due = journeying.next_due(self._stage, now)
            coming = [at for at in (hit, self._deeds.next_at(), due) if at is not None]
            if not coming or (first := min(coming)) > until:
                return
            now = start + -(-(first - start) // every) * every if every else first
            now = max(now, first)
            yield (now := min(now, until))

    def _tick(self, before: Instant, now: Instant) -> None:
        """Do what the engine does at an instant, in its order."""
        self._ledger.now = now
        engine = journeying.Tick(self._stage, now)
        did = self._deeds.came(now)
        engine.touch(did)
        if engine.asks_segments():
            engine.touch(self._scored(before, now))
        engine.check()
        entering = self._set_off(now)
        advanced = journeying.advance(self._stage, now)
        self._troubles |= {place.step: why for place, why in advanced.troubles.items()}
        under_way = {each.person for each in self._stage.enrolments.of_people([*did, *entering])}
        self._deeds.watch(sorted(under_way), now)

    def _set_off(self, now: Instant) -> list[PersonId]:
        """Have those enter who are set off by now; return who they are."""
        first = self._done
        while self._done < len(self._hits) and self._hits[self._done].seen_at <= now:
            self._done += 1
        some = self._hits[first : self._done]
        if some:
            triggered = [each.triggered for each in some]
            told = journeying.enter(self._stage, self._journey, self._version, triggered, now)
            self._refused.update(told.refused)
        return [self._home(each) for each in some]

    def _scored(self, before: Instant, now: Instant) -> list[PersonId]:
        watched = sorted({*self._homes.values(), *(e.triggered.person for e in self._hits)})
        tables = {"touched": touched(watched)}
        found: list[PersonId] = self._stage.facts.read(_SCORED, (before, now), tables)[
            "person"
        ].to_pylist()
        return found

    def _home(self, hit: Hit) -> PersonId:
        return self._homes.get(hit.triggered.person, hit.triggered.person)


def _asks(journey: journeys.Journey) -> bool:
    """Return whether what people do while they are in it can matter."""
    waits = any(isinstance(step, WaitFor) for step in journey.steps.values())
    return waits or bool(advancing.asks(journey))
