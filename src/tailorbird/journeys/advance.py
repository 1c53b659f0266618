"""How a journey's people go on: a step, a batch of them, what was found out about them.

Everything here is a pure function of its arguments: no store, no clock. What a step must know is
found out for the whole batch before, and given as `Found`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec

from tailorbird.enrolments import NEVER, Enrolment, EnrolmentId, Later, Move, Outcome
from tailorbird.journeys.journey import (
    END,
    Branch,
    Condition,
    Exit,
    Journey,
    Jump,
    Reach,
    Recommend,
    Send,
    Split,
    Step,
    StepId,
    Update,
    Wait,
    WaitFor,
    Webhook,
    successors,
)
from tailorbird.schema import SECOND, Decision, Instant

MOST_MOVES: Final = 20_000
"""Steps after which an enrolment ends, whatever its journey says."""
WHO: Final = "who"
"""Why somebody is not written to who has become somebody whom the journey is not for."""
BROKEN: Final = "broken"
"""Why a mail is not written that cannot be made at all."""
_ENDS: Final = frozenset(
    {"exit", "left", "merged", "erased", "restarted", "removed", "bounded", "holdout"}
)
_WEEK: Final = 8


class Turn(NamedTuple):
    """Where somebody goes on, how and why; or, `to` None, that she stays until `look_at`."""

    to: StepId | None
    outcome: Outcome = "waited"
    reason: str = ""
    look_at: Instant = NEVER
    kept: bytes | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What a step must know of a batch; each sequence goes by the enrolments of it."""

    holds: Sequence[Sequence[bool]] = ()
    """For each condition of the step, of whom it holds."""
    check_at: Sequence[Sequence[Instant]] = ()
    """And when time alone may change that next."""
    arms: Sequence[tuple[str, float]] = ()
    """Which arm each drew, and how probable that was."""
    answers: Sequence[Decision | Instant | str] = ()
    """The arbiter's: a decision, until when to wait, or why no mail can be made."""
    failures: Sequence[str] = ()
    """Why the step failed, '' where it did not."""
    waits: Sequence[Instant] = ()
    """Until when each stays, because nobody knows yet how it ended; 0 for who goes on."""
    kept: Sequence[bytes] = ()
    """What is kept of each from now on."""
    shadow: bool = False
    """Whether nothing is done, only noted."""


BOUNDED: Final = Turn(END, "bounded")
Turning: TypeAlias = (
    Wait | WaitFor | Branch | Send | Recommend | Update | Webhook | Jump | Reach | Exit
)
"""Steps at which everybody is looked at for herself."""


def conditions_of(step: Step) -> tuple[Condition, ...]:
    """Return the conditions that a step asks itself."""
    match step:
        case WaitFor():
            return (step.condition,)
        case Branch():
            return tuple(way.condition for way in step.ways)
        case Jump():
            return () if step.condition is None else (step.condition,)
        case _:
            return ()


def turns(step: Step, batch: Sequence[Enrolment], found: Found, now: Instant) -> list[Turn]:
    """Return for each of a batch at one step where she goes on now."""
    if isinstance(step, Split):
        return _drawn(step, batch, found)
    return [_turn(step, each, at, found, now) for at, each in enumerate(batch)]


def _drawn(step: Split, batch: Sequence[Enrolment], found: Found) -> list[Turn]:
    to = {arm.name: arm.next for arm in step.arms}
    ways = {
        arm: Turn(to[arm[0]], "drew", f"{arm[0]} {arm[1]:.6g}") for arm in dict.fromkeys(found.arms)
    }
    return [
        ways[arm] if each.moves < MOST_MOVES else BOUNDED
        for each, arm in zip(batch, found.arms, strict=True)
    ]


def _turn(step: Turning, each: Enrolment, at: int, found: Found, now: Instant) -> Turn:
    if each.moves >= MOST_MOVES:
        return BOUNDED
    match step:
        case Wait():
            return Turn(step.next if each.until_at <= now else None, look_at=each.until_at)
        case WaitFor():
            return _waited_for(step, each, found.holds[0][at], found.check_at[0][at], now)
        case Branch():
            return _branched(step, [holds[at] for holds in found.holds])
        case Send():
            return _sent(step, found.answers[at], shadow=found.shadow)
        case Jump():
            return _jumped(step, each, all(holds[at] for holds in found.holds))
        case Reach():
            return Turn(step.next, "goal", step.name)
        case Exit():
            return Turn(END, "exit", step.reason)
        case Update():
            return Turn(step.next, "shadow" if found.shadow else "updated")
        case Recommend() | Webhook():
            return _done(step, at, found)


def _done(step: Recommend | Webhook, at: int, found: Found) -> Turn:
    if found.waits and found.waits[at]:
        return Turn(None, look_at=found.waits[at])
    if found.failures[at]:
        return Turn(step.failed, "failed", found.failures[at])
    done: Outcome = "recommended" if isinstance(step, Recommend) else "told"
    kept = found.kept[at] if found.kept else None
    return Turn(step.next, "shadow" if found.shadow else done, kept=kept)


def _waited_for(step: WaitFor, each: Enrolment, met: bool, check_at: Instant, now: Instant) -> Turn:
    if met:
        return Turn(step.met, "met")
    if each.until_at <= now:
        return Turn(step.unmet, "timed_out")
    return Turn(None, look_at=min(each.until_at, max(check_at, now + 1)))


def _branched(step: Branch, holds: Sequence[bool]) -> Turn:
    for number, (way, taken) in enumerate(zip(step.ways, holds, strict=True), 1):
        if taken:
            return Turn(way.next, "branched", str(number))
    return Turn(step.otherwise, "branched", "else")


def _sent(step: Send, answer: Decision | Instant | str, *, shadow: bool) -> Turn:
    if isinstance(answer, int):
        return Turn(None, look_at=answer)
    if isinstance(answer, str):
        return Turn(step.failed, "failed", answer)
    if answer.verdict == "send":
        return Turn(step.next, "shadow" if shadow else "sent", answer.variant)
    if answer.reason.partition(":")[0].partition(" ")[0] == BROKEN:
        return Turn(step.failed, "failed", answer.reason)
    return Turn(step.refused, "refused", answer.reason or answer.verdict)


def _jumped(step: Jump, each: Enrolment, holds: bool) -> Turn:
    kept = kept_of(each)
    times = kept.get("jumps", {}).get(step.id, 0)
    if not holds or times >= step.most:
        return Turn(step.next, "went_on", "" if holds is True else "condition")
    kept["jumps"] = {**kept.get("jumps", {}), step.id: times + 1}
    return Turn(step.to, "jumped", str(times + 1), kept=msgspec.json.encode(kept))


def kept_of(each: Enrolment) -> dict[str, Any]:
    """Return what is kept of an enrolment: `jumps` by step, and what was recommended by name."""
    return msgspec.json.decode(each.kept) if each.kept else {}


def occurrence(each: Enrolment) -> str:
    """Return what tells a send of this enrolment from all others, also where a jump repeats it."""
    jumps = sum(kept_of(each).get("jumps", {}).values())
    return f"{each.id}.{jumps}" if jumps else str(each.id)


def enrolment_of(occurrence: str) -> EnrolmentId:
    """Return the enrolment whose send this is, 0 where it is none of a journey.

    >>> [enrolment_of(each) for each in ("12", "12.3", "2026-01-05")]
    [12, 12, 0]
    """
    number = occurrence.partition(".")[0]
    return int(number) if number.isdecimal() else 0


# -- moves ----------------------------------------------------------------------------------------


def moved(
    journey: Journey,
    batch: Sequence[Enrolment],
    turned: Sequence[Turn],
    now: Instant,
    zones: Mapping[int, tzinfo],
) -> tuple[list[Move], list[Later]]:
    """Return the moves of those who go on, and when to look at the others again."""
    moves: list[Move] = []
    stays: list[Later] = []
    known: dict[tuple[StepId, tzinfo], tuple[Instant, Instant, bool]] = {}
    for each, turn in zip(batch, turned, strict=True):
        if turn.to is None:
            look_at = min(turn.look_at, each.check_at)
            stays.append(Later(each.id, each.moves, max(look_at, now + 1), each.check_at))
            continue
        where = (turn.to, zones.get(each.person, UTC))
        if where not in known:
            known[where] = (
                *arrival(journey, turn.to, now, where[1]),
                asks_on_arrival(journey, turn.to),
            )
        due_at, until_at, asked = known[where]
        check_at = min(each.check_at, now) if asked else each.check_at
        kept = each.kept if turn.kept is None else turn.kept
        moves.append(
            Move(
                each.id, each.moves, turn.to, turn.outcome, turn.reason, min(due_at, check_at),
                until_at, check_at, kept, ended_as(turn.to, turn.outcome),
            )
        )  # fmt: skip
    return moves, stays


def ended_as(to: StepId, outcome: Outcome) -> str:
    """Return how an enrolment ends that moves there; '' while it goes on."""
    if to != END:
        return ""
    return outcome if outcome in _ENDS else "done"


def arrival(journey: Journey, to: StepId, at: Instant, zone: tzinfo) -> tuple[Instant, Instant]:
    """Return when somebody who comes to a step is due there, and when its own time is over."""
    step = journey.steps.get(to)
    if isinstance(step, Wait):
        until = _until(step, at, zone)
        return until, until
    if isinstance(step, WaitFor):
        return at, at + step.timeout
    return at, at


def asks(journey: Journey) -> list[Condition]:
    """Return what is asked of everybody in a journey: whether she leaves, then who skips ahead."""
    leaves = [] if journey.exit_when is None else [journey.exit_when]
    return [*leaves, *(skip.condition for skip in journey.skip_ahead)]


def asks_on_arrival(journey: Journey, to: StepId) -> bool:
    """Return whether coming to a step can change what is asked of everybody."""
    waits = isinstance(journey.steps.get(to), Wait | WaitFor)
    return (waits and bool(journey.skip_ahead)) or any(map(_of_step, asks(journey)))


def _of_step(condition: Any) -> bool:
    """Return whether a condition asks what happened since she came to the step."""
    if isinstance(condition, dict):
        return condition.get("since") == "step" or any(map(_of_step, condition.values()))
    return isinstance(condition, list) and any(map(_of_step, condition))


def checked(
    journey: Journey,
    batch: Sequence[Enrolment],
    holds: Sequence[Sequence[bool]],
) -> list[Turn | None]:
    """Return who leaves or skips ahead, by the answers to `asks`; None of whom nothing is said."""
    return [_checked(journey, each, [one[at] for one in holds]) for at, each in enumerate(batch)]


def _checked(journey: Journey, each: Enrolment, holds: Sequence[bool]) -> Turn | None:
    if journey.exit_when is not None:
        if holds[0]:
            return Turn(END, "left", "exit_when")
        holds = holds[1:]
    if not isinstance(journey.steps.get(each.step), Wait | WaitFor):
        return None
    for skip, held in zip(journey.skip_ahead, holds, strict=True):
        if held and before(journey, each.step, skip.to):
            return Turn(skip.to, "skipped")
    return None


def is_local(journey: Journey, to: StepId) -> bool:
    """Return whether the time of a step hangs on where somebody lives."""
    step = journey.steps.get(to)
    return isinstance(step, Wait) and (step.at_minute is not None or bool(step.weekdays))


def _until(step: Wait, at: Instant, zone: tzinfo) -> Instant:
    """Return when a wait ends that begins at an instant."""
    ready = max(at + step.duration, step.until or 0)
    if step.at_minute is None and not step.weekdays:
        return ready
    first = datetime.fromtimestamp(ready / SECOND, zone)
    for days in range(_WEEK + 1):
        day = (first + timedelta(days=days)).date()
        if step.weekdays and day.isoweekday() not in step.weekdays:
            continue
        minute = step.at_minute or 0
        opens = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=zone)
        found = round(opens.timestamp()) * SECOND
        if found >= ready:
            return found
        if step.at_minute is None:
            return ready
    return ready


# -- the graph ------------------------------------------------------------------------------------


def before(journey: Journey, step: StepId, to: StepId) -> bool:
    """Return whether a step lies before another: one leads there, and not back."""
    return step != to and to in _reached(journey, step) and step not in _reached(journey, to)


def _reached(journey: Journey, start: StepId) -> set[StepId]:
    found: set[StepId] = set()
    waiting = [start]
    while waiting:
        step = journey.steps.get(waiting.pop())
        for each in successors(step) if step else ():
            if each not in found:
                found.add(each)
                waiting.append(each)
    return found
