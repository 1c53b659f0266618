"""What a simulation has come to, in figures."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

import msgspec

from tailorbird import journeys
from tailorbird.delivery.providers import Providers
from tailorbird.imagined import ImaginedLedger
from tailorbird.journey_goals import reached
from tailorbird.journeys.journey import Recommend, SegmentTrigger, Send, Update, Webhook
from tailorbird.letters.campaigns import BETWEEN
from tailorbird.schema import Decision, Instant, PersonId
from tailorbird.views import moment
from tailorbird.views.simulation import (
    SimulatedConflict,
    SimulatedDay,
    SimulatedMail,
    SimulatedMove,
    SimulatedPerson,
    SimulatedWay,
)
from tailorbird.world import World

NEVER_BEGAN: Final = frozenset({"holdout", "refused"})
"""How ways ended that did not begin: held out, or in another journey of an exclusive group."""
SHOWN: Final = 20
"""People whose ways are told."""
AT_ONCE: Final = 5_000
ALWAYS: Final = (
    "consents, suppressions and addresses are those of now",
    "what people say of themselves in mails (name, language, time zone, own traits) is that of now",
    "segments, templates, limits and other settings are those of now",
    "people who were merged since count as one from the start",
    "what people did is what they really did: they may have acted otherwise with other mails",
)


def figures(
    world: World, ledger: ImaginedLedger, journey: journeys.Journey, until: Instant
) -> dict[str, Any]:
    """Return the figures of a `JourneySimulation` that follow from who went which way."""
    passages = world.enrolments.passages(journey.name)
    ended = Counter(each.ended for each in passages if each.ended)
    flows = world.enrolments.flows(journey.name)
    goal, entered = journey.goal, [e.entered_at for e in passages if e.ended not in NEVER_BEGAN]
    return {
        "entered": len(entered),
        "held_out": ended["holdout"],
        "in_it": sum(not each.ended for each in passages),
        "ended": dict(sorted(ended.items())),
        "converted": len(reached(world, goal, passages, until)) if goal else None,
        "days": _days(world, ledger, entered),
        "mails": tuple(_mails(journey, list(ledger.made.values()))),
        "conflicts": _conflicts(ledger),
        "ways": tuple(
            SimulatedWay(each.place.step, each.outcome, each.to, each.reason, each.people)
            for each in sorted(flows, key=lambda each: (each.place.step, -each.people))
        ),
        "people": _people(world, journey.name, [each.person for each in passages]),
    }  # fmt: skip


def as_of_now(world: World, journey: journeys.Journey, late: int) -> tuple[str, ...]:
    """Return what was taken as it is now, or otherwise than it would have been."""
    said = [*ALWAYS]
    steps = tuple(journey.steps.values())
    if any(isinstance(step, Recommend | Send) for step in steps):
        said.append("products, prices, stocks and recommendations are those of now")
    if any(isinstance(step, Update) for step in steps):
        said.append(
            "the traits and lists that the journey sets are not set, so nothing hangs on them"
        )
    if any(isinstance(step, Webhook) for step in steps):
        said.append("webhooks are not told anything; each is taken to accept at once")
    if isinstance(journey.trigger, SegmentTrigger):
        first = next(iter(world.changes.after(0, 1)), None)
        since = f" since {moment(first.seen_at):%Y-%m-%d %H:%M} UTC" if first else ", so far none"
        said.append(f"who entered or left a segment is what was recorded{since}")
    said.append("events count as heard of when they happened")
    if late:
        said.append(f"{late:,} of them came so late that live they would have set nobody off")
    return tuple(said)


def _days(
    world: World, ledger: ImaginedLedger, entered: Sequence[Instant]
) -> tuple[SimulatedDay, ...]:
    came = Counter(_day(at) for at in entered)
    mails: dict[date, Counter[str]] = defaultdict(Counter)
    load: dict[date, Counter[str]] = defaultdict(Counter)
    sent = [each for each in ledger.made.values() if each.verdict == "send"]
    providers = _providers(world, sorted({each.person for each in sent}))
    for each in sent:
        day = _day(ledger.due_at(each))
        mails[day][_step(each)] += 1
        load[day][providers[each.person]] += 1
    return tuple(
        SimulatedDay(
            day, came[day], dict(sorted(mails[day].items())), dict(sorted(load[day].items()))
        )
        for day in sorted({*came, *mails})
    )


def _providers(world: World, people: Sequence[PersonId]) -> Mapping[PersonId, str]:
    known = Providers(world.settings.pace.providers)
    found = dict.fromkeys(people, known.of(""))
    for start in range(0, len(people), AT_ONCE):
        profiles = world.people.profiles(people[start : start + AT_ONCE])
        found |= {person: known.of(each.email or "") for person, each in profiles.items()}
    return found


def _mails(journey: journeys.Journey, made: Sequence[Decision]) -> list[SimulatedMail]:
    by_step: dict[str, list[Decision]] = defaultdict(list)
    for each in made:
        by_step[_step(each)].append(each)
    sends = [name for name, step in journey.steps.items() if isinstance(step, Send)]
    return [_mail(name, by_step[name]) for name in sends]


def _mail(name: str, own: Sequence[Decision]) -> SimulatedMail:
    sent = [each for each in own if each.verdict == "send"]
    return SimulatedMail(
        name,
        len(sent),
        dict(sorted(Counter(each.variant for each in sent).items())),
        dict(sorted(Counter(each.reason for each in own if each.verdict == "refused").items())),
    )


def _conflicts(ledger: ImaginedLedger) -> tuple[SimulatedConflict, ...]:
    counts: Counter[tuple[str, str, str]] = Counter()
    for each in ledger.made.values():
        if each.verdict != "refused":
            continue
        said = msgspec.json.decode(each.inputs)
        if "limit" in said:
            takers = {_taker(ledger, mark) for mark in said.get("counted", ())}
            counts.update((_step(each), said["limit"], taker) for taker in takers)
    return tuple(SimulatedConflict(*key, mails) for key, mails in counts.most_common())


def _taker(ledger: ImaginedLedger, mark: str) -> str:
    found = ledger.decision(bytes.fromhex(mark)) if mark else None
    return found.campaign if found else ""


def _people(world: World, name: str, people: Sequence[PersonId]) -> tuple[SimulatedPerson, ...]:
    shown: list[SimulatedPerson] = []
    for person in [*dict.fromkeys(people)][:SHOWN]:
        for each in reversed(world.enrolments.of_person(person)):
            if each.journey == name:
                moves = tuple(
                    SimulatedMove(moment(one.at), one.step, one.outcome, one.reason)
                    for one in world.enrolments.records(each.id)
                )
                shown.append(SimulatedPerson(person, moment(each.entered_at), each.ended, moves))
    return tuple(shown[:SHOWN])


def _step(each: Decision) -> str:
    return each.campaign.partition(BETWEEN)[2]


def _day(at: Instant) -> date:
    return moment(at).date()
