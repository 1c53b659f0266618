"""Campaigns that send themselves: what is due at an instant, to whom, and what was missed.

Up to where each campaign has been sent is kept, with what was missed. A kill in between has it
proposed again, and the ledger knows what was decided: an occurrence is named by its clock time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from zoneinfo import available_timezones

import msgspec

from tailorbird import best_hours, forms, journeys, letters, reaching
from tailorbird.errors import DefinitionError, SettingsError, TemplateError, UsageError
from tailorbird.journeys.proposals import Proposal
from tailorbird.journeys.schedule import ONCE, Schedule, Wave, due_at, next_wave, waves
from tailorbird.schema import DAY, Definition, Instant, PersonId
from tailorbird.world import World

STATE_OF: Final = ":schedule:"
"""Starts the names under which is kept how far campaigns have been sent."""
KEPT: Final = 20
"""Missed occurrences that are remembered."""
AT_ONCE: Final = 5_000


class Missed(msgspec.Struct, frozen=True):
    """An occurrence that was not sent, and why."""

    occurrence: str
    at: Instant
    reason: str


class State(msgspec.Struct, frozen=True):
    """How far a campaign has been sent by its schedule."""

    schedule: Schedule
    done: Instant
    missed: tuple[Missed, ...] = ()
    error: str = ""
    """Why it could not be sent when it was due."""


@dataclass(frozen=True, slots=True)
class Due:
    """What one campaign has to do at an instant: the waves that come, and those missed."""

    campaign: journeys.Campaign
    version: int
    schedule: Schedule
    state: State
    waves: tuple[Wave, ...]
    missed: tuple[Missed, ...]


def due(world: World, now: Instant) -> list[Due]:
    """Return the campaigns of which something is due, or was missed."""
    scheduled = [
        (campaign, definition)
        for definition in world.definitions.latest("campaign")
        if (campaign := _scheduled(definition)) is not None and campaign.schedule is not None
    ]
    if not scheduled or world.imagined:
        return []
    standing, meters = world.ledger.standing(), world.lanes.meters()
    found = [
        _due(world, campaign, definition, _state(meters, campaign.name), now)
        for campaign, definition in scheduled
        if "" not in standing and campaign.name not in standing
    ]
    return [each for each in found if each.waves or each.missed]


def proposals(world: World, now: Instant) -> list[Proposal]:
    """Return what scheduled campaigns propose at this instant; of a broken one, nothing."""
    made: list[Proposal] = []
    for each in due(world, now):
        if each.waves and not broken(world, each):
            for wave in each.waves:
                made += _proposed(world, each, wave, now)
    return made


def finish(world: World, now: Instant) -> None:
    """Keep that everything due was proposed, and what was missed; of a broken one, the error."""
    kept, meters = {}, world.lanes.meters()
    for each in due(world, now):
        error = broken(world, each) if each.waves else ""
        missed = (*each.state.missed, *each.missed)[-KEPT:]
        done = each.state.done if error else now
        if each.missed and error:
            done = max(done, max(missed.at for missed in each.missed))
        state = State(each.schedule, done, missed, error)
        name = STATE_OF + each.campaign.name
        if meters.get(name) != (text := msgspec.json.encode(state)):
            kept[name] = text
    if kept:
        world.lanes.keep(kept)


def next_due(world: World, now: Instant) -> Instant | None:
    """Return when the next campaign is due by its schedule; None where none is."""
    return min((at for _, at in coming(world, now)), default=None)


def coming(world: World, now: Instant) -> Iterator[tuple[str, Instant]]:
    """Yield (campaign, when it is due next) of those that are scheduled and not halted."""
    standing = world.ledger.standing()
    for definition in world.definitions.latest("campaign"):
        campaign = _scheduled(definition)
        halted = "" in standing or definition.name in standing
        if campaign is None or campaign.schedule is None or halted:
            continue
        at = next_wave(campaign.schedule, world.settings.shop.zone, _zones(), now)
        if at is not None:
            yield campaign.name, at


def state_of(world: World, name: str) -> State | None:
    """Return how far a campaign has been sent by its schedule, None before it was looked at."""
    return _state(world.lanes.meters(), name)


def _state(meters: Mapping[str, bytes], name: str) -> State | None:
    kept = meters.get(STATE_OF + name)
    return msgspec.json.decode(kept, type=State) if kept else None


def broken(world: World, each: Due) -> str:
    """Return why a campaign cannot be sent at all, or ''; it waits until that is mended."""
    try:
        reaching.check(world, each.campaign)
        edition = letters.check(world, each.campaign, each.version)
        forms.check_links(world, edition.template.variables())
    except (DefinitionError, SettingsError, TemplateError, UsageError) as error:
        return error.sentence()
    return ""


def _due(
    world: World,
    campaign: journeys.Campaign,
    definition: Definition,
    begun: State | None,
    now: Instant,
) -> Due:
    schedule = campaign.schedule or Schedule()
    state = begun
    if state is None or state.schedule != schedule:
        since = max(definition.created_at, state.done if state else 0)
        state = State(schedule, since - 1, state.missed if state else ())
    if schedule.recipients == "at_schedule":
        done = begun is not None and begun.schedule == schedule and not begun.error
        return _fixed(world, campaign, definition.version, state, now, done=done)
    found = waves(schedule, world.settings.shop.zone, _zones(), state.done, now)
    late = [each for each in found if now - each.at > schedule.patience]
    fresh = [each for each in found if now - each.at <= schedule.patience]
    last = {zone: each for each in fresh for zone in each.zones or ("",)}
    chosen = tuple(each for each in fresh if each in last.values())
    overtaken = [each for each in fresh if each not in chosen]
    missed = _missed([(late, "late"), (overtaken, "overtaken")], state)
    return Due(campaign, definition.version, schedule, state, chosen, missed)


def _fixed(
    world: World,
    campaign: journeys.Campaign,
    version: int,
    state: State,
    now: Instant,
    *,
    done: bool,
) -> Due:
    """Return what is due of a campaign whose recipients are fixed as soon as it is scheduled."""
    schedule, zone = state.schedule, world.settings.shop.zone
    coming = waves(schedule, zone, _zones(), 0, now + 3660 * DAY)
    if done or not coming:
        return Due(campaign, version, schedule, state, (), ())
    if now - coming[-1].at > schedule.patience:
        missed = _missed([([coming[-1]], "late")], state)
        return Due(campaign, version, schedule, state, (), missed)
    return Due(campaign, version, schedule, state, (Wave(now, ONCE),), ())


def _missed(found: Sequence[tuple[Sequence[Wave], str]], state: State) -> tuple[Missed, ...]:
    known = {each.occurrence for each in state.missed}
    made: dict[str, Missed] = {}
    for some, why in found:
        for wave in some:
            if wave.occurrence not in known:
                made.setdefault(wave.occurrence, Missed(wave.occurrence, wave.at, why))
    return tuple(sorted(made.values(), key=lambda each: each.at))


def _proposed(world: World, each: Due, wave: Wave, now: Instant) -> Iterator[Proposal]:
    """Yield what a wave proposes, each mail with the time at which it is due."""
    starts = _starts(world, each, wave, now)
    best = best_hours.waits(world, starts, now) if each.schedule.best_hour else {}
    for person, at in starts.items():
        name = each.campaign.name
        made = Proposal(name, each.version, wave.occurrence, person, waits="never")
        due = due_at(each.schedule, at, made.id, best.get(person))
        yield msgspec.structs.replace(made, due_at=due if due > now else 0)


def _starts(world: World, each: Due, wave: Wave, now: Instant) -> dict[PersonId, Instant]:
    """Return whom a wave concerns, and when it begins for her."""
    schedule, people = each.schedule, reaching.audience(world, each.campaign, now)
    fixed = schedule.recipients == "at_schedule"
    if not schedule.local and not fixed:
        return dict.fromkeys(people, wave.at)
    zones = _zones_of(world, people) if schedule.local else {}
    shop = world.settings.shop.zone
    if not fixed:
        there = set(wave.zones)
        return {person: wave.at for person in people if zones.get(person, shop) in there}
    begins = {zone: _begins(schedule, zone) for zone in {shop, *zones.values()}}
    return {person: begins[zones.get(person, shop)] for person in people}


def _zones_of(world: World, people: Sequence[PersonId]) -> dict[PersonId, str]:
    """Return the zones of those of whom one is known."""
    found: dict[PersonId, str] = {}
    for start in range(0, len(people), AT_ONCE):
        known = world.people.profiles(people[start : start + AT_ONCE])
        zones = {person: letters.limiting.zone_of(profile) for person, profile in known.items()}
        found |= {person: zone for person, zone in zones.items() if zone}
    return found


def _begins(schedule: Schedule, zone: str) -> Instant:
    alone = msgspec.structs.replace(schedule, local=False)
    return waves(alone, zone, (), 0, 1 << 52)[0].at


@lru_cache(maxsize=512)
def _parsed(text: str, name: str) -> journeys.Campaign | None:
    try:
        return journeys.parse(text, name)
    except DefinitionError:
        return None


def _scheduled(definition: Definition) -> journeys.Campaign | None:
    return _parsed(definition.text, f"campaigns/{definition.name}.yaml")


@lru_cache(maxsize=1)
def _zones() -> tuple[str, ...]:
    return tuple(sorted(available_timezones()))
