"""Where somebody is in a journey, how she came there, and why she did not get one of its mails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from tailorbird import authoring, journey_alarms, journeys
from tailorbird.enrolments import Enrolment, Outcome, Place, StepRecord
from tailorbird.journeys import outline
from tailorbird.journeys.advance import enrolment_of
from tailorbird.readings.why_words import Told, clause, written
from tailorbird.schema import Decision, Instant, PersonId
from tailorbird.views import moment
from tailorbird.views.why import Stage, WhyAnswer
from tailorbird.world import World

WAYS: Final[Mapping[Outcome, str]] = {
    "entered": "she entered",
    "holdout": "she was held out of it as a whole",
    "waited": "her wait was over",
    "met": "what was waited for came",
    "timed_out": "what was waited for did not come in time",
    "branched": "she took a branch",
    "drew": "an arm was drawn for her",
    "sent": "a mail was decided to be sent",
    "refused": "a mail was refused",
    "failed": "something failed, and she took the error path",
    "shadow": "a mail would have been sent, were it live",
    "recommended": "products were chosen for her",
    "updated": "her traits or lists were changed",
    "told": "a webhook was told",
    "jumped": "she went back to an earlier step",
    "went_on": "she went on",
    "goal": "she reached the goal",
    "exit": "a step had her leave",
    "left": "what ends the journey came true",
    "skipped": "she skipped ahead",
    "merged": "she is one with somebody who is in it",
    "erased": "she was erased",
    "restarted": "she was set off again and began anew",
    "removed": "her step or the journey was removed",
    "remapped": "she was brought to another version",
    "bounded": "she had been round as often as is allowed",
}
"""How somebody goes on from a step, or ends: every outcome has its words."""


@dataclass(frozen=True, slots=True)
class Course:
    """Where somebody stands in a journey: the answer, what its sentence says, every step so far."""

    answer: WhyAnswer
    reason: str
    version: int
    told: Told
    stages: tuple[Stage, ...]
    enrolment: str


def is_journey(world: World, name: str) -> bool:
    """Return whether a name is that of a journey, or of a step of one, JOURNEY/STEP."""
    return world.definitions.get("journey", name.partition("/")[0]) is not None


def names(world: World) -> list[str]:
    """Return the names of all journeys that stand."""
    return [each.name for each in world.definitions.latest("journey")]


def course(world: World, person: PersonId, name: str, at: Instant) -> Course:
    """Return where a person stood in a journey at an instant, as far as a step's mail goes.

    Raises:
        UsageError: there is no such journey.
    """
    journey, _, step = name.partition("/")
    written_, version = authoring.find_journey(world, journey)
    found = [
        each
        for each in world.enrolments.of_person(person)
        if each.journey == journey and each.entered_at <= at
    ]
    if not found:
        said = f"she has not entered the journey {journey}: {_outside(world, written_)}"
        return Course("not_entered", "not_entered", version, Told(said), (), "")
    latest = found[0]
    records = [each for each in world.enrolments.records(latest.id) if each.at <= at]
    stages = tuple(map(_stage, records))
    answer, reason, told = _answer(latest, records, step, at)
    if answer == "in_journey":
        place = Place(journey, latest.version, latest.step)
        why = journey_alarms.held(world, place)
        held = f"; what is asked of her there cannot be asked: {why}"
        told = replace(told, clause=told.clause + (held if why else ""))
    return Course(answer, reason, latest.version, told, stages, str(latest.id))


def _outside(world: World, journey: journeys.Journey) -> str:
    """Return why somebody is in no journey: nobody can enter it, or nothing has set her off."""
    why = journey_alarms.held_entry(world, journey)
    return f"nobody can enter it now: {why}" if why else starts(journey)


def starts(journey: journeys.Journey) -> str:
    """Return what starts a journey, in words."""
    found = outline.head(journey)
    return f"nothing has set her off ({found[0].rstrip('.')})" if found else "nothing set her off"


def stages_of(world: World, decision: Decision) -> tuple[Stage, ...]:
    """Return the steps by which somebody came to a mail of a journey, () for other mails."""
    _, mark, step = decision.campaign.partition("/")
    number = enrolment_of(decision.occurrence)
    if not mark or not number:
        return ()
    before = (
        each
        for each in world.enrolments.records(number)
        if each.at < decision.at or (each.at == decision.at and each.step != step)
    )
    return tuple(_stage(each) for each in before)


def _answer(
    enrolment: Enrolment, records: list[StepRecord], step: str, at: Instant
) -> tuple[WhyAnswer, str, Told]:
    last = records[-1] if records else None
    own = next((each for each in reversed(records) if step and each.step == step), None)
    if own is not None and own.outcome == "shadow":
        return "shadow", "shadow", Told(at=moment(own.at))
    if own is not None and own.outcome == "failed":
        return "failed", "failed", Told(clause(own.reason) or WAYS["failed"], moment(own.at))
    if last is None or last.to or not enrolment.ended:
        return "in_journey", "in_journey", Told(_waits(enrolment, last, at))
    if last.outcome == "holdout":
        return "held_out", "holdout", Told(at=moment(last.at))
    where = f" at step {last.step}" if last.step else ""
    why = f" ({last.reason.replace('_', ' ')})" if last.reason else ""
    said = f"she left the journey {enrolment.journey}{where} on {written(moment(last.at))}: "
    return "left_journey", last.outcome, Told(f"{said}{WAYS[last.outcome]}{why}", moment(last.at))


def _waits(enrolment: Enrolment, last: StepRecord | None, at: Instant) -> str:
    step = last.to if last and last.to else enrolment.step
    since = last.at if last else enrolment.entered_at
    said = (
        f"she is at step {step} of the journey {enrolment.journey} since {written(moment(since))}"
    )
    still = enrolment.step == step and enrolment.since <= at
    if still and enrolment.until_at > at:
        return f"{said}, until {written(moment(enrolment.until_at))} at the latest"
    return said


def _stage(record: StepRecord) -> Stage:
    way = f"{record.step or 'entry'}: {WAYS[record.outcome]}"
    reason = f" ({record.reason})" if record.reason else ""
    to = f", on to {record.to}" if record.to else ""
    return Stage(moment(record.at), record.outcome, f"{way}{reason}{to}")
