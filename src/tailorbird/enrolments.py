"""Who is in which journey, at which step, since when; and the port to it.

An enrolment moves by compare-and-set on the number of its moves, in one transaction with the
record of the step that it leaves: a move that was made already changes nothing, so whoever dies in
between, or works beside another, repeats nothing. Every method that says "durable" has fsynced
when it returns.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Final, Literal, NamedTuple, Protocol, TypeAlias

import msgspec

from tailorbird.schema import Instant, PersonId, Position

EnrolmentId: TypeAlias = int
Outcome: TypeAlias = Literal[
    "entered", "holdout",
    "waited", "met", "timed_out", "branched", "drew", "sent", "refused", "failed", "shadow",
    "recommended", "updated", "told", "jumped", "went_on", "goal", "exit",
    "left", "skipped", "merged", "erased", "restarted", "removed", "remapped", "bounded",
]  # fmt: skip
"""How somebody left a step: what the step did, or what took her out of it."""
NEVER: Final = 2**63 - 1
"""An instant that never comes."""
LEAST_ON_A_WAY: Final = 20
"""How many people, on average, are worth a statement of their own."""
LONG: Final = 200
"""Most characters of a reason that are kept."""


class Place(msgspec.Struct, frozen=True):
    """A step of a version of a journey."""

    journey: str
    version: int
    step: str


class Entered(msgspec.Struct, frozen=True):
    """How many entered, and why the others did not."""

    entered: int = 0
    refused: dict[str, int] = {}


class Entry(msgspec.Struct, frozen=True, gc=False):
    """Somebody who enters a journey: because of what, at which step she begins.

    Journey, person, key and cause together enter once. `ended` says why she does not begin at all.
    """

    person: PersonId
    key: str
    cause: Position
    entered_at: Instant
    due_at: Instant
    until_at: Instant
    step: str
    check_at: Instant = NEVER
    outcome: Outcome = "entered"
    reason: str = ""
    ended: str = ""
    kept: bytes = b""


class Enrolment(msgspec.Struct, frozen=True, gc=False):
    """One person's way through one version of a journey, as it stands."""

    id: EnrolmentId
    journey: str
    version: int
    person: PersonId
    key: str
    """What `per` says: an order, a product; mostly ''."""
    step: str
    since: Instant
    """When she came to the step."""
    entered_at: Instant
    due_at: Instant
    """When it is to be looked at next: at `until_at`, at `check_at`, or before."""
    until_at: Instant
    """When the step's own time is over; of a step that does not wait, when she came."""
    cause: Position
    """Where the log holds what made her enter, or another number that tells entries apart."""
    check_at: Instant = NEVER
    """When it must be asked again whether she leaves the journey, or skips ahead in it."""
    moves: int = 0
    kept: bytes = b""
    """JSON: how often she jumped at each step, and what was recommended."""
    ended: str = ""
    """How it ended; '' while she is in it."""


class Move(msgspec.Struct, frozen=True, gc=False):
    """That an enrolment, as it was read after so many moves, goes on at a step, '' to end."""

    enrolment: EnrolmentId
    moves: int
    to: str
    outcome: Outcome
    reason: str
    due_at: Instant
    until_at: Instant
    check_at: Instant
    kept: bytes
    ended: str = ""


class Way(NamedTuple):
    """What moves have in common that are written by one statement."""

    moves: int
    to: str
    outcome: Outcome
    reason: str
    due_at: Instant
    until_at: Instant
    check_at: Instant
    kept: bytes
    ended: str


def ways(moves: Sequence[Move]) -> dict[Way, list[EnrolmentId]]:
    """Return who goes each way; {} where there are too many ways for a statement each."""
    found: dict[Way, list[EnrolmentId]] = {}
    for m in moves:
        way = Way(
            m.moves, m.to, m.outcome, m.reason, m.due_at, m.until_at, m.check_at, m.kept, m.ended
        )
        if (own := found.get(way)) is not None:
            own.append(m.enrolment)
        elif len(found) * LEAST_ON_A_WAY >= len(moves):
            return {}
        else:
            found[way] = [m.enrolment]
    return found


class Later(msgspec.Struct, frozen=True, gc=False):
    """That an enrolment stays where it is, and is to be looked at again then."""

    enrolment: EnrolmentId
    moves: int
    due_at: Instant
    check_at: Instant


class StepRecord(msgspec.Struct, frozen=True, gc=False):
    """One move: number 0 enters. It is never changed."""

    enrolment: EnrolmentId
    number: int
    step: str
    at: Instant
    outcome: Outcome
    to: str
    reason: str = ""


class Stood(msgspec.Struct, frozen=True, gc=False):
    """When somebody last entered a journey with one key, and whether she is still in it."""

    person: PersonId
    key: str
    entered_at: Instant
    cause: Position
    enrolment: EnrolmentId
    """The one that is under way, or 0."""


class Flow(msgspec.Struct, frozen=True):
    """How many left a step so, for where and why; "" is before the first and after the last."""

    place: Place
    outcome: Outcome
    to: str
    reason: str
    people: int


class Passage(msgspec.Struct, frozen=True, gc=False):
    """One way through a journey as it stands: at which step she is, or from which she left, how."""

    person: PersonId
    entered_at: Instant
    step: str
    outcome: Outcome
    reason: str
    ended: str


class Draw(msgspec.Struct, frozen=True, gc=False):
    """That somebody was drawn at a step by chance; `reason` says with which probability."""

    person: PersonId
    version: int
    """Of the journey, as her enrolment stands."""
    entered_at: Instant
    at: Instant
    outcome: Outcome
    reason: str


class Enrolments(Protocol):
    """Who is in which journey, and every step that anybody made."""

    def transaction(self) -> AbstractContextManager[object]:
        """Hold the store for one transaction; durable when the block ends without an exception."""

    def enter(
        self, journey: str, version: int, entries: Sequence[Entry], now: Instant
    ) -> list[EnrolmentId]:
        """Record durably who enters, once each; return the number of each new one, 0 of others."""

    def get(self, numbers: Sequence[EnrolmentId]) -> list[Enrolment]:
        """Return enrolments by number; of those that there are not, nothing."""

    def stood(self, journey: str, people: Sequence[PersonId]) -> list[Stood]:
        """Return for each of these people and each key when she last entered a journey."""

    def of_people(self, people: Sequence[PersonId]) -> list[Enrolment]:
        """Return what these people are in now, by number."""

    def of_person(self, person: PersonId, limit: int = 1000) -> list[Enrolment]:
        """Return what somebody is and was in, the newest first."""

    def places(self) -> dict[Place, int]:
        """Return where people are now, and how many."""

    def firsts(self) -> dict[Place, Instant]:
        """Return where people are now, and when the first of them is due; cheap."""

    def due(
        self, place: Place, now: Instant, limit: int, *, to_check: bool = False
    ) -> list[Enrolment]:
        """Return who is due at a place, the longest first; or those who are to be checked."""

    def at(self, place: Place, after: EnrolmentId, limit: int) -> list[Enrolment]:
        """Return who is at a place, due or not, by number above `after`."""

    def next_due(self, now: Instant, but: Sequence[str] = ()) -> Instant | None:
        """Return when somebody is due after this instant, in journeys `but` not these; cheap."""

    def pass_on(
        self, place: Place, limit: int, now: Instant, *, to: str, outcome: Outcome,
        due_at: Instant, until_at: Instant, ended: str = "",
    ) -> int:  # fmt: skip
        """Move durably those whose time at a place is over to one step; return how many.

        Who is to be checked before is left.
        """

    def move(self, moves: Sequence[Move], now: Instant) -> list[bool]:
        """Move durably, with a record each; return which moves were made."""

    def look_later(self, those: Sequence[Later]) -> None:
        """Keep when enrolments that have not moved since are to be looked at again."""

    def rehome(self, homes: Sequence[tuple[EnrolmentId, PersonId]]) -> None:
        """Keep whose enrolments these are now; not where she has the very same one already."""

    def remap(self, place: Place, version: int, moves: Sequence[Move], now: Instant) -> list[bool]:
        """Move durably from a place into another version of its journey; return which moved."""

    def records(self, enrolment: EnrolmentId) -> list[StepRecord]:
        """Return every step of one enrolment, in order."""

    def flows(self, journey: str, after: Instant = 0) -> list[Flow]:
        """Return how many left each step after an instant, for where and why."""

    def passages(self, journey: str, after: Instant = 0) -> list[Passage]:
        """Return the ways of all who entered a journey after an instant, in order of entry."""

    def draws(self, journey: str, step: str) -> list[Draw]:
        """Return all draws at a split, in order of time; of step '', those that entry made."""
