"""By which limits a person is written to, and which mails have come to her or are to come.

The arbiter asks before anything is decided; the door asks again when a mail is claimed, by what has
left until then. Both ask here, so that there is one truth.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tailorbird import journeys
from tailorbird.delivery.quiet_hours import local_day
from tailorbird.letters import campaigns, frequency
from tailorbird.outbox import Written
from tailorbird.schema import DAY, Instant, Names, PersonId, Profile
from tailorbird.settings import Settings
from tailorbird.traits.extract import touched
from tailorbird.world import World

LEFT: Final = frozenset({"claimed", "sent", "unknown"})
_FOREIGN: Final = """
SELECT person, "at", campaign, send_id FROM facts
WHERE event = ? AND "at" > ? AND "at" <= ? AND NOT starts_with(campaign, ?)
AND person IN (SELECT person FROM asked)
"""


def limits_of(settings: Settings) -> tuple[journeys.Limit, ...]:
    """Return the limits that hold for everybody.

    Raises:
        SettingsError: one of them cannot be read.
    """
    chosen = settings.limits
    return (
        *journeys.read_limits(chosen.email, "", "limits.email"),
        *journeys.read_limits(chosen.email_marketing, "email_marketing", "limits.email_marketing"),
    )


def own_limits(campaign: journeys.Campaign, profile: Profile | None) -> tuple[journeys.Limit, ...]:
    """Return what a campaign says of itself, and what the person chose."""
    found = []
    if (cap := campaign.cap) is not None:
        name = f"cap {cap.messages}/{cap.days}d"
        window = cap.days * DAY
        limit = journeys.Limit(name, cap.messages, window, rolls=True, campaign=campaign.name)
        found.append(limit)
    if profile is not None and campaign.purpose == "email_marketing":
        found += frequency.limits(profile)
    return tuple(found)


def zone_of(profile: Profile | None) -> str:
    """Return the time zone that a person's profile says, or ''."""
    said = str(profile.traits.get("timezone") or "") if profile else ""
    return said if said and zone_named(said) else ""


@lru_cache(maxsize=1024)
def zone_named(name: str) -> ZoneInfo | None:
    """Return the time zone of a name, None where there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


class Mailed:
    """The mails of some people that count, as marks on their calendars.

    Those of campaigns that begin with `apart` do not count: somebody waits for them.
    """

    def __init__(self, world: World, apart: str) -> None:
        self._world, self._apart = world, apart
        self._purposes: dict[tuple[str, int], str] = {}

    def marks(
        self, people: Sequence[PersonId], zones: Mapping[PersonId, str], span: Instant, now: Instant
    ) -> dict[PersonId, list[journeys.Mark]]:
        """Return what left within a span before `now`, and what is to leave; of merged, too."""
        world, since = self._world, now - span
        parts = self._parts(people)
        halted = world.ledger.standing()
        written = world.ledger.written(list(parts), since, self._apart)
        known = {each.send_id.hex() for each in written}
        marks: dict[PersonId, list[journeys.Mark]] = defaultdict(list)
        for each in written:
            if each.state == "pending" and (each.campaign in halted or "" in halted):
                continue
            person = parts[each.person]
            marks[person].append(self._mark(each, zones.get(person, ""), now))
        for row in self._foreign(people, since, now):
            if row["send_id"] not in known:
                marks[row["person"]].append(self._told(row, zones.get(row["person"], "")))
        return marks

    def left(
        self, people: Sequence[PersonId], zones: Mapping[PersonId, str], span: Instant, now: Instant
    ) -> dict[PersonId, list[journeys.Mark]]:
        """Return what left within a span before `now`, or is in hand; of merged, too."""
        marks: dict[PersonId, list[journeys.Mark]] = defaultdict(list)
        parts = self._parts(people)
        for each in self._world.ledger.written(list(parts), now - span, self._apart):
            if each.state in LEFT:
                person = parts[each.person]
                marks[person].append(self._mark(each, zones.get(person, ""), now))
        return marks

    def _parts(self, people: Sequence[PersonId]) -> dict[PersonId, PersonId]:
        """Return to whom each number belongs under which one of these people was ever known."""
        ties = self._world.people.ties
        return {part: person for person in people for part in (person, *ties.parts(person))}

    def mark(
        self, zone: str, at: Instant, campaign: str, purpose: str, send_id: bytes
    ) -> journeys.Mark:
        """Return a mail on the calendar of a zone."""
        day = local_day(zone or self._world.settings.shop.zone, at)
        return journeys.Mark(at, day, campaign, purpose, send_id)

    def _mark(self, written: Written, zone: str, now: Instant) -> journeys.Mark:
        at = written.at if written.state in ("sent", "unknown") else max(written.at, now)
        purpose = self._purpose(written.campaign, written.campaign_version)
        return self.mark(zone, at, written.campaign, purpose, written.send_id)

    def _told(self, row: Mapping[str, Any], zone: str) -> journeys.Mark:
        campaign, at = str(row["campaign"] or ""), int(row["at"])
        return self.mark(zone, at, campaign, self._purpose(campaign, 0), b"")

    def _foreign(
        self, people: Sequence[PersonId], since: Instant, now: Instant
    ) -> list[dict[str, Any]]:
        """Return the mails that facts tell of: those of before this ledger, and of others."""
        bound = (Names.EMAIL_SENT, since, now, self._apart)
        found: list[dict[str, Any]] = self._world.facts.read(
            _FOREIGN, bound, {"asked": touched(people)}
        ).to_pylist()
        if own := self._world.imagined:
            own += campaigns.BETWEEN
            return [row for row in found if not str(row["campaign"] or "").startswith(own)]
        return found

    def _purpose(self, name: str, version: int) -> str:
        key = (name, version)
        if key not in self._purposes:
            found = campaigns.find(self._world, name, version or None)
            self._purposes[key] = found[0].purpose if found else "email_marketing"
        return self._purposes[key]


def too_often(
    world: World,
    campaign: journeys.Campaign,
    candidates: Sequence[journeys.Candidate],
    now: Instant,
    apart: str,
) -> dict[PersonId, str]:
    """Return why candidates have had as many mails as are allowed, whatever else is proposed."""
    shared = [x for x in limits_of(world.settings) if x.purpose in ("", campaign.purpose)]
    bound = {each.person: (*shared, *each.limits) for each in candidates}
    span = max((limit.span for limits in bound.values() for limit in limits), default=0)
    if not span:
        return {}
    mailed, zones = Mailed(world, apart), {each.person: each.zone for each in candidates}
    marks = mailed.marks(list(zones), zones, span, now)
    full: dict[PersonId, str] = {}
    for person, limits in bound.items():
        day = mailed.mark(zones[person], now, "", "", b"").day
        own = marks.get(person, ())
        reasons = (each.reason for each in limits if journeys.filling(each, own, now, day))
        if reason := next(reasons, ""):
            full[person] = reason
    return full
