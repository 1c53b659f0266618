"""Who enters a journey: re-entry, dedupe, one at a time or several, `who`, holdout.

The rules, of one person's triggers in the order in which they happened. What came before her last
entry, or has made her enter already, does nothing. What comes within `dedupe` of her last entry,
with the same key, counts with it. Who is in the journey (with this key, where there may be
`several`) begins anew where it says `restart`, and else stays. Who has been in it may enter again
`reentry` after she did. Whoever is held out has entered too, and goes no further; so has who is in
another journey or campaign of the same exclusive group, which is on record as a refusal.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec.structs import replace

from tailorbird import experiments, granting, journey_conditions, journeys
from tailorbird.enrolments import NEVER, Enrolment, EnrolmentId, Entered, Entry, Move, Stood
from tailorbird.journeys import advance
from tailorbird.journeys.journey import END
from tailorbird.journeys.triggers import Triggered
from tailorbird.schema import Instant, PersonId
from tailorbird.world import World

AT_ONCE: Final = 5_000
"""Triggers that are looked at in one transaction."""
IN: Final = "in"
OUT: Final = "refused"
"""How an enrolment ended that never began."""


@dataclass(frozen=True, slots=True)
class _Ruling:
    """Why somebody does not enter, or ''; and what ends where she begins anew."""

    refusal: str = ""
    restarts: EnrolmentId = 0


def enter(
    world: World,
    journey: journeys.Journey,
    version: int,
    triggered: Sequence[Triggered],
    now: Instant,
) -> Entered:
    """Have those enter who may; doing it again with the same triggers changes nothing."""
    if journey.mode == "paused":
        return Entered(0, {"paused": len(triggered)} if triggered else {})
    homes = world.people.ties.homes({each.person for each in triggered})
    found = [replace(each, person=homes.get(each.person, each.person)) for each in triggered]
    entered, refused = 0, Counter[str]()
    for some in _rounds(sorted(found, key=lambda each: (each.at, each.cause))):
        counted = _enter(world, journey, version, some, now)
        entered += counted.pop("", 0)
        refused += counted
    return Entered(entered, dict(refused))


def _rounds(triggered: Sequence[Triggered]) -> Iterator[list[Triggered]]:
    """Yield batches in which nobody comes twice, each person's triggers in their order."""
    rounds: list[list[Triggered]] = []
    times: dict[PersonId, int] = defaultdict(int)
    for each in triggered:
        if times[each.person] == len(rounds):
            rounds.append([])
        rounds[times[each.person]].append(each)
        times[each.person] += 1
    for batch in rounds:
        for at in range(0, len(batch), AT_ONCE):
            yield batch[at : at + AT_ONCE]


def _enter(
    world: World,
    journey: journeys.Journey,
    version: int,
    triggered: Sequence[Triggered],
    now: Instant,
) -> Counter[str]:
    """Have people enter, each named once; return how many did under '', the others by reason."""
    stood: dict[PersonId, list[Stood]] = defaultdict(list)
    for each in world.enrolments.stood(journey.name, [each.person for each in triggered]):
        stood[each.person].append(each)
    rulings = [_ruling(journey, each, stood[each.person]) for each in triggered]
    passing = [each for each, ruling in zip(triggered, rulings, strict=True) if not ruling.refusal]
    invited = welcome(world, journey, passing, now)
    coming = [each for each in passing if each.person in invited]
    elsewhere = _elsewhere(world, journey, coming)
    refused = Counter(ruling.refusal for ruling in rulings if ruling.refusal)
    if len(passing) > len(coming):
        refused[advance.WHO] = len(passing) - len(coming)
    ends = [
        ruling.restarts
        for each, ruling in zip(triggered, rulings, strict=True)
        if ruling.restarts and each.person in invited and each.person not in elsewhere
    ]
    entries = _entries(world, journey, coming, elsewhere, now)
    with world.enrolments.transaction():
        world.enrolments.move([_restart(each) for each in world.enrolments.get(ends)], now)
        numbers = world.enrolments.enter(journey.name, version, entries, now)
    kept_out = [bool(number) for number, e in zip(numbers, entries, strict=True) if e.ended == OUT]
    refused[granting.EXCLUSIVE] = sum(kept_out)
    refused[""] = sum(map(bool, numbers)) - sum(kept_out)
    refused["known"] += numbers.count(0)
    return +refused


def _ruling(journey: journeys.Journey, each: Triggered, stood: Sequence[Stood]) -> _Ruling:
    before = next((one for one in stood if one.key == each.key), None)
    under_way = [
        one for one in stood if one.enrolment and (not journey.several or one.key == each.key)
    ]
    if before is not None and (each.at, each.cause) <= (before.entered_at, before.cause):
        return _Ruling("known")
    if before is not None and each.at - before.entered_at < journey.dedupe:
        return _Ruling("dedupe")
    if under_way:
        latest = max(under_way, key=lambda one: (one.entered_at, one.cause))
        later = (each.at, each.cause) > (latest.entered_at, latest.cause)
        return _Ruling(restarts=latest.enrolment) if journey.restart and later else _Ruling("in_it")
    if before is not None and journey.reentry is None:
        return _Ruling("never_again")
    if before is not None and each.at - before.entered_at < (journey.reentry or 0):
        return _Ruling("too_soon")
    return _Ruling()


def welcome(
    world: World, journey: journeys.Journey, coming: Sequence[Triggered], now: Instant
) -> set[PersonId]:
    """Return for whom the journey is."""
    if journey.who is None or not coming:
        return {each.person for each in coming}
    asked = [
        Enrolment(
            0, journey.name, 0, each.person, each.key, "", each.at, each.at, now, now, each.cause
        )
        for each in coming
    ]
    (judged,) = journey_conditions.judge(world, [journey.who], asked, now)
    return {each.person for each, holds in zip(coming, judged.holds, strict=True) if holds}


def _elsewhere(
    world: World, journey: journeys.Journey, coming: Sequence[Triggered]
) -> dict[PersonId, str]:
    """Return who is in another journey or campaign of the exclusive group, and in which."""
    if not journey.exclusive or not coming:
        return {}
    chosen = granting.members(world, journey.exclusive, [each.person for each in coming])
    return {person: name for person, name in chosen.items() if name != journey.name}


def _entries(
    world: World,
    journey: journeys.Journey,
    coming: Sequence[Triggered],
    elsewhere: Mapping[PersonId, str],
    now: Instant,
) -> list[Entry]:
    """Return entries; of who is held out, or is elsewhere, one that has ended as it begins."""
    arms = experiments.assign_all(
        world.assignment_key,
        f"journey {journey.name}",
        [each.person for each in coming],
        {IN: 1},
        journey.holdout,
    )
    local = advance.is_local(journey, journey.first)
    zones = zones_of(world, [each.person for each in coming]) if local else {}
    checks = journey.exit_when is not None or bool(journey.skip_ahead)
    entries = []
    for each, arm in zip(coming, arms, strict=True):
        at, zone = min(each.at, now), zones.get(each.person, UTC)
        due_at, until_at = advance.arrival(journey, journey.first, at, zone)
        check_at = at if checks else NEVER
        entry = Entry(
            each.person, each.key, each.cause, at, min(due_at, check_at), until_at, journey.first,
            check_at, reason=f"{arm.probability:.6g}" if journey.holdout else "",
            kept=msgspec.json.encode({"event": each.kept}) if each.kept else b"",
        )  # fmt: skip
        if each.person in elsewhere:
            why = f"{granting.EXCLUSIVE}: in {elsewhere[each.person]}"
            entry = replace(entry, outcome="refused", ended=OUT, reason=why, step=END)
        elif arm.variant == experiments.HOLDOUT:
            entry = replace(entry, outcome="holdout", ended="holdout", step=END)
        entries.append(entry)
    return entries


def _restart(each: Enrolment) -> Move:
    return Move(each.id, each.moves, END, "restarted", "", NEVER, 0, NEVER, each.kept, "restarted")


def zones_of(world: World, people: Sequence[PersonId]) -> dict[PersonId, tzinfo]:
    """Return the time zone of each person: the one that she said, else the shop's."""
    known = world.people.profiles(people)
    shop = _zone(world.settings.shop.zone) or UTC
    return {
        person: _zone(str(profile.traits.get("timezone") or "")) or shop
        for person, profile in known.items()
    }


def _zone(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
