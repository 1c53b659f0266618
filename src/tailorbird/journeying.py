"""Journeys go on: who leaves, who enters, who is due moves, batch by batch, step by step.

A tick calls `react` (who was touched is looked at, and leaves whose exit has come), then whatever
lets people enter (`enter`), then `advance` (everybody who is due moves until nobody is). A move is
made once: it is compared with how often the enrolment has moved, and written together with its
record and with what its step says to the log and to webhooks; a mail is decided once, by the
ledger. So a kill anywhere, another worker or another size of batch change nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC
from itertools import islice
from typing import Final

import msgspec
import numpy as np
from msgspec.structs import replace

from tailorbird import (
    acting,
    journey_conditions,
    journey_people,
    journey_unsent,
    journeys,
    letters,
)
from tailorbird.enrolling import enter as enter
from tailorbird.enrolling import zones_of
from tailorbird.enrolments import Enrolment, Later, Place
from tailorbird.errors import DefinitionError, TemplateError, UsageError
from tailorbird.journey_versions import Versions
from tailorbird.journey_versions import move as move
from tailorbird.journeys import advance as advancing
from tailorbird.journeys.advance import Found, Turn
from tailorbird.journeys.journey import Send, Step, Wait, WaitFor
from tailorbird.schema import Instant, PersonId, Position
from tailorbird.world import World

AT_ONCE: Final = 10_000
"""People moved in one transaction, which the collector waits for."""
SENDS_AT_ONCE: Final = 100_000
"""Mails of one step that are proposed together."""
TOUCHED_AT_ONCE: Final = 20_000
READER: Final = "journeys"
TROUBLE: Final = (DefinitionError, TemplateError, UsageError)
"""What holds people up at one place, and nobody elsewhere."""
RUNNING: Final = ("live", "shadow")
NOTHING: Final = acting.Writes()
_LATEST: Final = "SELECT COALESCE(MAX(position), 0) AS latest FROM people"
_TOUCHED: Final = "SELECT person FROM people WHERE position > $1 ORDER BY person"
_SCORED: Final = 'SELECT DISTINCT person FROM scores WHERE "at" >= $1 ORDER BY person'


class Advanced(msgspec.Struct, frozen=True):
    """How many moves were made, and what stood in the way of which place."""

    moves: int = 0
    troubles: dict[Place, str] = {}


class Seen(msgspec.Struct, frozen=True):
    """Up to where it was looked who was touched."""

    position: Position = 0
    at: Instant = 0


def next_due(world: World, now: Instant) -> Instant | None:
    """Return when somebody is due after this instant; None for never. Call it after `advance`."""
    versions = Versions(world)
    names = {place.journey for place in world.enrolments.firsts()}
    resting = [name for name in names if versions.mode(name) not in RUNNING]
    return world.enrolments.next_due(now, resting)


def react(world: World, now: Instant) -> int:
    """Look at everybody of whom something came, and have those leave whose exit has come.

    Returns how many moves that made.
    """
    brought_back = journey_unsent.bring_back(world, now)
    if not world.enrolments.firsts():
        return brought_back
    kept = world.log.progress(READER)
    seen = msgspec.json.decode(kept, type=Seen) if kept else Seen()
    latest = int(world.facts.read(_LATEST)["latest"][0].as_py())
    tick = Tick(world, now)
    moves = 0
    if latest != seen.position:
        moves = journey_people.follow(world, seen.position, latest, now)
        moves += tick.touch(_people(world, _TOUCHED, seen.position))
    scored = tick.asks_segments() and _people(world, _SCORED, seen.at)
    tick.touch(scored or [])
    if latest != seen.position or scored:
        world.log.append_from(READER, [], msgspec.json.encode(Seen(latest, now)).decode())
    return brought_back + moves + tick.check()


def advance(world: World, now: Instant, at_once: int = AT_ONCE) -> Advanced:
    """Move everybody who is due, until nobody is."""
    return Tick(world, now, at_once).run()


class Tick:
    """What is the same for all who move at one instant."""

    def __init__(self, world: World, now: Instant, at_once: int = AT_ONCE) -> None:
        self._world, self._now, self._at_once = world, now, at_once
        self._versions = Versions(world)
        self._troubles: dict[Place, str] = {}
        self._later = 0

    # -- who is looked at -------------------------------------------------------------------------

    def touch(self, people: Sequence[PersonId]) -> int:
        """Have everybody looked at again whose journey or step asks about her.

        Who was erased leaves; returns how many did.
        """
        ended = 0
        for start in range(0, len(people), TOUCHED_AT_ONCE):
            some = self._world.enrolments.of_people(people[start : start + TOUCHED_AT_ONCE])
            if some:
                ended += journey_people.end_erased(self._world, some, self._now)
            looks = [look for each in some if (look := self._look(each)) is not None]
            if looks:
                self._world.enrolments.look_later(looks)
        return ended

    def _look(self, each: Enrolment) -> Later | None:
        journey = self._versions.journey(each.journey, each.version)
        # What one that is refused asks is not known before it is mended: it may be this.
        checks = bool(advancing.asks(journey) if journey else self._refused(each))
        waits_for = journey is not None and isinstance(journey.steps.get(each.step), WaitFor)
        if not checks and not waits_for:
            return None
        due_at = min(each.due_at, self._now)
        return Later(each.id, each.moves, due_at, self._now if checks else each.check_at)

    def asks_segments(self) -> bool:
        """Return whether a score may change what is asked of anybody who is under way."""
        return any(map(self._asks_segments, self._world.enrolments.firsts()))

    def _asks_segments(self, place: Place) -> bool:
        try:
            journey, step = self._versions.at(place)
        except UsageError:
            return False
        except DefinitionError:
            return True
        asked = (*advancing.asks(journey), *advancing.conditions_of(step))
        return any(map(journey_conditions.asks_segments, asked))

    def _refused(self, each: Enrolment) -> bool:
        return bool(self._versions.refused(each.journey, each.version))

    def check(self) -> int:
        """Have those leave, or skip ahead, whom their journey's conditions say so of."""
        moved = 0
        for place, first in self._world.enrolments.firsts().items():
            with self._minding(place):
                if not self._versions.mode(place.journey):
                    moved += journey_people.end_all(self._world, place, self._now)
                elif first <= self._now and self._runs(place):
                    moved += self._check_place(place)
        return moved

    def _check_place(self, place: Place) -> int:
        journey, step = self._versions.at(place)
        moved = 0
        if not advancing.asks(journey):
            return 0
        while batch := self._world.enrolments.due(place, self._now, self._at_once, to_check=True):
            turned, left = self._checked(journey, batch)
            moved += self._make(journey, turned)
            waits = isinstance(step, Wait)
            looks = [
                Later(e.id, e.moves, min(e.until_at if waits else e.due_at, e.check_at), e.check_at)
                for e in left
            ]
            self._world.enrolments.look_later(looks)
        return moved

    def _checked(
        self, journey: journeys.Journey, batch: Sequence[Enrolment]
    ) -> tuple[list[tuple[Enrolment, Turn]], list[Enrolment]]:
        """Return who leaves or skips ahead, and the others, with when to ask them again."""
        asked = advancing.asks(journey)
        if not asked or not batch:
            return [], list(batch)
        judged = journey_conditions.judge(self._world, asked, batch, self._now)
        turns = advancing.checked(journey, batch, [each.holds.tolist() for each in judged])
        check_at = np.stack([each.check_at for each in judged]).min(axis=0)
        later = np.maximum(check_at, self._now + 1).tolist()
        turned = [(each, turn) for each, turn in zip(batch, turns, strict=True) if turn]
        left = [
            replace(each, check_at=at)
            for each, turn, at in zip(batch, turns, later, strict=True)
            if turn is None
        ]
        return turned, left

    # -- who moves --------------------------------------------------------------------------------

    def run(self) -> Advanced:
        """Move everybody who is due; mails are proposed together, once nobody else is due."""
        moves = 0
        while due := self._due():
            sends = [place for place in due if self._sends(place)]
            before, self._later = moves, 0
            for place in [place for place in due if place not in sends]:
                with self._minding(place):
                    moves += self._advance_place(place)
            if len(sends) == len(due):
                moves += self._send_all(sends)
            if moves == before and not self._later:
                break
        return Advanced(moves, self._troubles)

    def _due(self) -> list[Place]:
        firsts = self._world.enrolments.firsts()
        return [place for place, at in firsts.items() if at <= self._now and self._runs(place)]

    def _runs(self, place: Place) -> bool:
        if why := self._versions.refused(place.journey):
            self._troubles[place] = why
        return place not in self._troubles and self._versions.mode(place.journey) in RUNNING

    def _sends(self, place: Place) -> bool:
        try:
            return isinstance(self._versions.at(place)[1], Send)
        except TROUBLE as error:
            self._troubles[place] = error.sentence()
            return False

    def _is_shadow(self, place: Place) -> bool:
        return self._versions.is_shadow(self._versions.at(place)[0])

    def _advance_place(self, place: Place) -> int:
        journey, step = self._versions.at(place)
        moved = 0
        if isinstance(step, Wait) and not advancing.is_local(journey, step.next):
            moved = self._pass_on(journey, place, step)
        while batch := self._world.enrolments.due(place, self._now, self._at_once):
            made = self._advance_batch(journey, step, batch)
            moved += made
            if not made and not self._later:
                break
        return moved

    def _pass_on(self, journey: journeys.Journey, place: Place, step: Wait) -> int:
        """Move those whose wait is over and who need not be asked anything, in the store itself."""
        if advancing.asks_on_arrival(journey, step.next):
            return 0
        due_at, until_at = advancing.arrival(journey, step.next, self._now, UTC)
        ended = advancing.ended_as(step.next, "waited")
        moved = 0
        while made := self._world.enrolments.pass_on(
            place, self._at_once, self._now, to=step.next, outcome="waited", due_at=due_at,
            until_at=until_at, ended=ended,
        ):  # fmt: skip
            moved += made
        return moved

    def _advance_batch(
        self, journey: journeys.Journey, step: Step, batch: Sequence[Enrolment]
    ) -> int:
        asked = [each for each in batch if each.check_at <= self._now]
        turned, left = self._checked(journey, asked)
        moved = self._make(journey, turned)
        staying = [*left, *(each for each in batch if each.check_at > self._now)]
        shadow = self._versions.is_shadow(journey)
        found, writes = acting.found(self._world, journey, step, staying, self._now, shadow=shadow)
        turns = advancing.turns(step, staying, found, self._now)
        return moved + self._make(journey, list(zip(staying, turns, strict=True)), writes)

    def _make(
        self,
        journey: journeys.Journey,
        turned: Sequence[tuple[Enrolment, Turn]],
        writes: acting.Writes = NOTHING,
    ) -> int:
        """Make moves, with what belongs to them, in one transaction; return how many."""
        if not turned:
            return 0
        batch = [each for each, _ in turned]
        local = any(advancing.is_local(journey, to) for to in {turn.to for _, turn in turned} if to)
        zones = zones_of(self._world, [each.person for each in batch]) if local else {}
        turns = [turn for _, turn in turned]
        moves, stays = advancing.moved(journey, batch, turns, self._now, zones)
        with self._world.enrolments.transaction():
            writes.write(self._world, self._now)
            made = self._world.enrolments.move(moves, self._now)
            self._world.enrolments.look_later(stays)
        self._later += len(stays)
        return sum(made)

    # -- mails ------------------------------------------------------------------------------------

    def _send_all(self, places: Sequence[Place]) -> int:
        """Propose every mail that is due, of all journeys together, and go on as is granted."""
        moved = 0
        asking: list[tuple[Place, Send, list[Enrolment]]] = []
        for place in places:
            with self._minding(place):
                journey, step = self._versions.at(place)
                if isinstance(step, Send):
                    made, batch = self._ready(journey, step, place)
                    moved += made
                    asking.append((place, step, batch))
        for shadow in (False, True):
            some = [each for each in asking if self._is_shadow(each[0]) is shadow]
            moved += self._propose(some, shadow=shadow)
        return moved

    def _ready(
        self, journey: journeys.Journey, step: Send, place: Place
    ) -> tuple[int, list[Enrolment]]:
        """Return who is still to be written to, asked right before, after moving the others.

        Raises:
            DefinitionError: the mail asks a broken segment, or its rules of recommendation are
                refused: all wait until that is mended.
        """
        letters.check_readable(self._world, step.message, place.version)
        batch = self._world.enrolments.due(place, self._now, SENDS_AT_ONCE)
        turned, left = self._checked(journey, batch)
        if journey.who is not None and left:
            (judged,) = journey_conditions.judge(self._world, [journey.who], left, self._now)
            gone = [each for each, holds in zip(left, judged.holds, strict=True) if not holds]
            turned += [(each, Turn(step.refused, "refused", advancing.WHO)) for each in gone]
            left = [each for each, holds in zip(left, judged.holds, strict=True) if holds]
        return self._make(journey, turned), left

    def _propose(
        self, asking: Sequence[tuple[Place, Send, list[Enrolment]]], *, shadow: bool
    ) -> int:
        asked = [
            proposal
            for place, step, batch in asking
            for proposal in acting.proposals(self._world, self._versions.at(place)[0], step, batch)
        ]
        answers = iter(acting.answered(self._world, asked, self._now, shadow=shadow))
        moved = 0
        for place, step, batch in asking:
            journey, _ = self._versions.at(place)
            given = list(islice(answers, len(batch)))
            for start in range(0, len(batch), self._at_once):
                some = batch[start : start + self._at_once]
                found = Found(answers=given[start : start + self._at_once], shadow=shadow)
                turns = advancing.turns(step, some, found, self._now)
                moved += self._make(journey, list(zip(some, turns, strict=True)))
        return moved

    @contextmanager
    def _minding(self, place: Place) -> Iterator[None]:
        """Note what stands in the way at a place; the others go on."""
        try:
            yield
        except TROUBLE as error:
            self._troubles[place] = error.sentence()


def _people(world: World, sql: str, since: int) -> list[PersonId]:
    found: list[PersonId] = world.facts.read(sql, (since,))["person"].to_pylist()
    return found
