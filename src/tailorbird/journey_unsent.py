"""Mails of journeys that were decided and cannot be made any more: the step's other path is taken.

A mail is made once when it is decided, and again when it leaves. What changed between the two may
break it: then she has gone on as if it were sent, and is brought back to where the step leads when
it fails (`on_error`) or, where a value is missing by now, when it is refused (`on_refused`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tailorbird import journeys
from tailorbird.enrolling import zones_of
from tailorbird.enrolments import LONG, Enrolment, Outcome
from tailorbird.journey_versions import Versions
from tailorbird.journeys import advance
from tailorbird.journeys.advance import Turn
from tailorbird.journeys.journey import Send
from tailorbird.letters.campaigns import BETWEEN
from tailorbird.letters.deciding import MISSING
from tailorbird.letters.messages import UNMADE
from tailorbird.outbox import TOLD
from tailorbird.schema import Decision, Instant, Settlement
from tailorbird.world import World

READER: Final = "unsent mails of journeys"
AT_ONCE: Final = 1000


def bring_back(world: World, now: Instant) -> int:
    """Have those take the other path whose mail broke after it was decided; return how many.

    Who has left the journey since stays out of it.
    """
    if world.imagined:
        return 0
    kept = world.log.progress(READER)
    after = begun = int(kept or world.log.progress(TOLD) or 0)
    versions, moved = Versions(world), 0
    while rows := world.ledger.settlements(after, AT_ONCE):
        after = rows[-1][0]
        broken = [ended for _, _, ended in rows if _outcome(ended)]
        moved += _brought_back(world, versions, broken, now) if broken else 0
    if not kept or after > begun:
        world.log.append_from(READER, [], str(after))
    return moved


def _outcome(ended: Settlement) -> Outcome | None:
    """Return how the step ends after all, None where its mail is none that broke."""
    if ended.state == "failed" and ended.reply.startswith(UNMADE):
        return "failed"
    if ended.state == "cancelled" and ended.reply.startswith(f"{MISSING} "):
        return "refused"
    return None


def _brought_back(
    world: World, versions: Versions, broken: Sequence[Settlement], now: Instant
) -> int:
    decided = world.ledger.found([each.send_id for each in broken])
    moved = 0
    for ended in broken:
        decision = decided.get(ended.send_id)
        if decision is None or BETWEEN not in decision.campaign:
            continue
        found = _still_in(world, versions, decision)
        if found is not None:
            moved += _move(world, *found, ended, now)
    return moved


def _still_in(
    world: World, versions: Versions, decision: Decision
) -> tuple[journeys.Journey, Send, Enrolment] | None:
    """Return the way on which a mail was sent, with its step; None where it is over."""
    number = advance.enrolment_of(decision.occurrence)
    name, _, sent = decision.campaign.partition(BETWEEN)
    for each in world.enrolments.get([number] if number else []):
        journey = versions.journey(name, each.version)
        step = journey.steps.get(sent) if journey else None
        if not each.ended and each.journey == name and journey and isinstance(step, Send):
            return journey, step, each
    return None


def _move(
    world: World,
    journey: journeys.Journey,
    step: Send,
    each: Enrolment,
    ended: Settlement,
    now: Instant,
) -> int:
    outcome = _outcome(ended)
    to = step.failed if outcome == "failed" else step.refused
    if outcome is None or to == step.next:
        return 0
    turn = Turn(to, outcome, f"{step.id}: {ended.reply}"[:LONG])
    moves, _ = advance.moved(journey, [each], [turn], now, zones_of(world, [each.person]))
    return sum(world.enrolments.move(moves, now))
