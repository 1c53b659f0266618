"""What the steps of a journey do in the world, for a batch of people who have come to one.

What is written goes with the move that it belongs to: into the log and to the webhooks under ids
that stay, in the transaction that moves her; mails by the arbiter, whose ledger answers the second
time what it said the first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import msgspec

from tailorbird import experiments, granting, journey_conditions, journeys, letters, profiles
from tailorbird.access import Hook, Notice
from tailorbird.enrolments import Enrolment
from tailorbird.journeys import advance
from tailorbird.journeys.advance import Found
from tailorbird.journeys.journey import Recommend, Send, Split, Step, Update, Webhook
from tailorbird.model_data import allowing
from tailorbird.schema import DAY, SECOND, Body, Decision, Instant
from tailorbird.world import World

SOURCE: Final = "journey"
"""Of the events that say what a journey set."""
NOTHING: Final = "nothing to recommend"
NO_HOOK: Final = "no such webhook"
GIVEN_UP: Final = "the webhook was not taken"
ASKED_AGAIN_AFTER: Final = 10 * SECOND
GIVEN_UP_AFTER: Final = DAY
"""How long somebody waits for a webhook to be taken, before she goes the error path."""


@dataclass(slots=True)
class Writes:
    """What is to be written with the moves of a batch."""

    bodies: list[Body] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    def write(self, world: World, now: Instant) -> None:
        """Write it, in the transaction around."""
        if self.bodies:
            world.log.append(self.bodies)
        if self.notices:
            world.hooks.keep(self.notices, {}, {}, now)


def found(
    world: World,
    journey: journeys.Journey,
    step: Step,
    batch: Sequence[Enrolment],
    now: Instant,
    *,
    shadow: bool,
) -> tuple[Found, Writes]:
    """Return what a step must know of a batch, and what it writes."""
    people = [each.person for each in batch]
    writes = Writes()
    match step:
        case Split():
            shares = {arm.name: arm.share for arm in step.arms}
            name = f"{journey.name}/{step.id}"
            drawn = experiments.assign_all(world.assignment_key, name, people, shares)
            arms = {arm.variant: (arm.variant, arm.probability) for arm in drawn}
            return Found(arms=[arms[arm.variant] for arm in drawn]), writes
        case Recommend():
            return _recommended(world, step, batch, now), writes
        case Update():
            writes.bodies = [] if shadow else list(_said(journey, step, batch, now))
            return Found(shadow=shadow), writes
        case Webhook():
            answer, writes.notices = _told(world, journey, step, batch, now, shadow=shadow)
            return answer, writes
        case _:
            return _asked(world, step, batch, now), writes


def _asked(world: World, step: Step, batch: Sequence[Enrolment], now: Instant) -> Found:
    judged = journey_conditions.judge(world, advance.conditions_of(step), batch, now)
    return Found(
        holds=[each.holds.tolist() for each in judged],
        check_at=[each.check_at.tolist() for each in judged],
    )


def _recommended(world: World, step: Recommend, batch: Sequence[Enrolment], now: Instant) -> Found:
    people = [each.person for each in batch]
    personal = set(allowing(world, people, now, "personalisation"))
    chosen, _ = letters.recommendations(world, people, personal, step.count, now, step.rules)
    kept = []
    for each in batch:
        said = advance.kept_of(each)
        said["chosen"] = {**said.get("chosen", {}), step.name: chosen.get(each.person, [])}
        kept.append(msgspec.json.encode(said))
    failures = ["" if chosen.get(person) else NOTHING for person in people]
    return Found(failures=failures, kept=kept)


# -- mails ----------------------------------------------------------------------------------------


def proposals(
    world: World, journey: journeys.Journey, step: Send, batch: Sequence[Enrolment]
) -> list[granting.Proposal]:
    """Return the mails that a send step would send."""
    causes = [letters.Cause(e.person, e.cause, e.key, e.entered_at) for e in batch]
    events = letters.set_off(world, journey.trigger, causes)
    return [
        granting.Proposal(
            step.message.name,
            each.version,
            advance.occurrence(each),
            each.person,
            inputs=_inputs(journey, each, event),
        )
        for each, event in zip(batch, events, strict=True)
    ]


def _inputs(
    journey: journeys.Journey, each: Enrolment, event: dict[str, object]
) -> dict[str, object]:
    """Return what the template is given of the journey: what was chosen, and what began it."""
    kept = advance.kept_of(each)
    said = {**kept.get("chosen", {}), "name": journey.name, "step": each.step, "key": each.key}
    return {"journey": said, "event": {**event, **kept.get("event", {})}}


def answered(
    world: World, asked: Sequence[granting.Proposal], now: Instant, *, shadow: bool
) -> list[Decision | Instant | str]:
    """Return for each proposal the decision, or until when it waits; in shadow nothing is kept."""
    arbiter = granting.Granting(world, now)
    if shadow:
        judged = arbiter.judge(asked)
        given = [judged[each.id] for each in asked]
    else:
        given = arbiter.grant(asked)
    return [each if isinstance(each, Decision) else max(each.until, now + 1) for each in given]


# -- what is told to the log and to others --------------------------------------------------------


def _said(
    journey: journeys.Journey, step: Update, batch: Sequence[Enrolment], now: Instant
) -> Iterator[Body]:
    """Yield the bodies that say traits, or who is on a list; each under an id that stays."""
    if step.act != "traits":
        people = [each.person for each in batch]
        added, reason = step.act == "add", f"journey {journey.name}"
        yield from profiles.listed_bodies(step.list, people, added=added, at=now, reason=reason)
        return
    timestamp = datetime.fromtimestamp(now / 1_000_000, UTC).isoformat()
    messages = [
        {
            "type": "identify",
            "messageId": f"{SOURCE}-{each.id}-{each.moves}",
            "timestamp": timestamp,
            "context": {"personId": each.person},
            "traits": step.traits,
        }
        for each in batch
    ]
    yield Body(SOURCE, now, msgspec.json.encode({"batch": messages}))


def _told(
    world: World,
    journey: journeys.Journey,
    step: Webhook,
    batch: Sequence[Enrolment],
    now: Instant,
    *,
    shadow: bool,
) -> tuple[Found, list[Notice]]:
    """Return how telling a webhook ended, for each; and what it is told now.

    She stays at the step until it has taken the notice, or given it up.
    """
    named = [hook for hook in world.hooks.all() if step.hook in (hook.id, hook.url)]
    hook = next((each for each in named if not each.disabled), None)
    why = f"{NO_HOOK}: {step.hook}" if not named else named[0].disabled
    if shadow or hook is None:
        return Found(failures=["" if shadow else why] * len(batch), shadow=shadow), []
    ids = [_notice_id(hook, each) for each in batch]
    states = world.hooks.states(ids)
    told, waits, failures = [], [], []
    for each, id_ in zip(batch, ids, strict=True):
        state = states.get(id_, "new")
        late = now >= each.since + GIVEN_UP_AFTER
        if state == "new":
            told.append(Notice(id_, hook.id, "journey.reached", _said_of(journey, each), now, now))
        ended = state == "delivered" or state == "given_up" or late
        waits.append(0 if ended else now + ASKED_AGAIN_AFTER)
        failures.append("" if state == "delivered" else GIVEN_UP)
    return Found(failures=failures, waits=waits), told


def _notice_id(hook: Hook, each: Enrolment) -> str:
    mark = f"{hook.id} journey {each.id}.{each.moves}".encode()
    return f"msg_{hashlib.blake2b(mark, digest_size=16).hexdigest()}"


def _said_of(journey: journeys.Journey, each: Enrolment) -> bytes:
    said = {
        "person": each.person, "journey": journey.name, "version": each.version,
        "step": each.step, "enrolment": each.id, "key": each.key,
    }  # fmt: skip
    return msgspec.json.encode(said)


def decided(world: World, step: Send, each: Enrolment) -> Decision | None:
    """Return what the ledger holds of the mail that an enrolment has proposed, if it has."""
    made = journeys.decision_id(step.message.name, each.person, advance.occurrence(each))
    return world.ledger.decision(made)
