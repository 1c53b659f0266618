"""When campaigns are sent, what was missed, and whom other mails displaced."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Final
from zoneinfo import available_timezones

import msgspec

from tailorbird import authoring, best_hours, journeys, scheduling
from tailorbird.journeys.schedule import Schedule, next_wave
from tailorbird.schema import Decision, Instant
from tailorbird.views import moment
from tailorbird.views.preflight import Displacer, MissedRun, ScheduleView
from tailorbird.world import World

MOST: Final = 200_000
"""Decisions that are read to say who displaced whom."""
PAGE: Final = 10_000
_REASONS: Final = (journeys.CAP, journeys.DISPLACED)


class _Evidence(msgspec.Struct, frozen=True):
    """What a decision keeps of why there was no room."""

    limit: str = ""
    counted: tuple[str, ...] = ()
    winner: str = ""


def schedule(world: World, name: str, now: Instant) -> ScheduleView:
    """Return when a campaign is sent and what became of it.

    Raises:
        UsageError: there is no such campaign.
    """
    campaign, _ = authoring.find_campaign(world, name)
    said, state = campaign.schedule, scheduling.state_of(world, name)
    zone = world.settings.shop.zone
    at = next_wave(said, zone, all_zones(), now) if said else None
    missed = state.missed if state else ()
    return ScheduleView(
        campaign=name,
        words=words(said, zone) if said else "",
        next_at=moment(at) if at else None,
        zone=zone,
        missed=tuple(MissedRun(each.occurrence, moment(each.at), each.reason) for each in missed),
        error=state.error if state else "",
        hours=best_hours.said(world, now) if said and said.best_hour else "",
        displaced=displaced(world, name),
    )


def lines(found: ScheduleView) -> list[str]:
    """Return it for people to read."""
    said = found.words or f"by hand: `tailorbird campaigns send {found.campaign}`"
    told = [f"{found.campaign}: {said}"]
    if found.next_at:
        told.append(f"next on {found.next_at:%Y-%m-%d %H:%M} UTC")
    told += [each for each in (found.hours, found.error) if each]
    told += [f"not sent ({each.reason}): {each.occurrence}" for each in found.missed]
    for each in found.displaced:
        by = f", by {each.campaign}" if each.campaign else ""
        told.append(f"{each.people:,} people, {each.reason}: {each.limit}{by}")
    return told


def words(said: Schedule, zone: str) -> str:
    """Return a schedule in words."""
    clock = "on everybody's own clock" if said.local else f"in {zone}"
    when = f"once, {said.at.replace('T', ' ')}" if said.at else said.every
    parts = [f"{when} {clock}"]
    if said.until:
        parts.append(f"until {said.until.replace('T', ' ')}")
    if said.gradual:
        parts.append(f"spread over {said.gradual}")
    if said.best_hour:
        parts.append("each mail at the hour at which its reader reads")
    if said.recipients == "at_schedule":
        parts.append("to those who were in the audience when it was scheduled")
    return ", ".join(parts)


def displaced(world: World, name: str) -> tuple[Displacer, ...]:
    """Return how many people had no room for a campaign's mail, by limit and by winner."""
    counts: Counter[tuple[str, str, str]] = Counter()
    campaigns: dict[str, str] = {}
    if not any(reason in _REASONS for _, reason, _, _ in world.ledger.verdicts(name)):
        return ()
    for decision in _without_room(world, name):
        kept = msgspec.json.decode(decision.inputs, type=_Evidence)
        by = kept.winner or (kept.counted[0] if len(kept.counted) == 1 else "")
        if by and by not in campaigns:
            found = world.ledger.decision(bytes.fromhex(by))
            campaigns[by] = found.campaign if found else ""
        counts[decision.reason, kept.limit, campaigns.get(by, "")] += 1
    rows = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return tuple(Displacer(*key, people) for key, people in rows)


@cache
def all_zones() -> tuple[str, ...]:
    """Return the names of all time zones."""
    return tuple(sorted(available_timezones()))


def _without_room(world: World, name: str) -> Iterator[Decision]:
    after, read = b"", 0
    while read < MOST and (page := world.ledger.decisions(campaign=name, after=after, limit=PAGE)):
        yield from (each for each in page if each.reason in _REASONS)
        after, read = page[-1].id, read + len(page)
