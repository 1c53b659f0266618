"""The pace of a folder's mails: its plan, what waits for whom, and what stops it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from tailorbird import letters
from tailorbird.delivery.breaker import Breaker, BreakerState
from tailorbird.delivery.pace import PROMPT, Plan, release_at
from tailorbird.delivery.pacing import Bad, Held, Outlook, Pacing
from tailorbird.delivery.providers import Providers
from tailorbird.delivery.quiet_hours import quiet_hours
from tailorbird.delivery.rates import rates_of
from tailorbird.delivery.thresholds import Thresholds
from tailorbird.errors import SettingsError, UsageError
from tailorbird.lanes import Lanes, Sorted, Unsorted
from tailorbird.schema import HOUR, MINUTE, SECOND, Instant, Names
from tailorbird.settings import Pace, Settings, brand
from tailorbird.world import World

log = logging.getLogger("tailorbird.pace")
BUILT_IN: Final[Mapping[str, str]] = {
    "gmail": "100/s", "outlook": "50/s", "yahoo": "30/s", "icloud": "20/s", "gmx": "20/s",
    "t-online": "10/s", "orange": "5/s", "any": "50/s",
}  # fmt: skip
"""What one domain with a good name may send to each; settings say otherwise."""
UNDER_WAY: Final[Mapping[str, int]] = {"any": 500}
LONGEST_HOURS: Final = 7 * 24
SORTED_AT_ONCE: Final = 5_000
SORTED_TO: Final = ":sorted"
WATCHED_AT: Final = ":watched"
WATCHED_EVERY: Final = MINUTE
CAME_BACK: Final = f"""
SELECT DISTINCT f.event, f.send_id FROM facts AS f
WHERE f.event IN ('{Names.EMAIL_BOUNCED}', '{Names.EMAIL_COMPLAINED}')
  AND f."at" >= ? AND f.send_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM properties AS p
    WHERE p.position = f.position AND p.name = 'hard' AND p.text = 'false')
"""  # noqa: S608 - the names are our own


class CarrierStatus(msgspec.Struct, frozen=True):
    """A carrier that failed lately."""

    carrier: str
    state: BreakerState
    reason: str
    until: Instant


class PaceStatus(msgspec.Struct, frozen=True):
    """What waits for whom and why, what stands still, and which carriers rest."""

    paced: bool
    """False for the local inbox: everything leaves at once."""
    waiting: list[Outlook]
    held: list[Held]
    carriers: list[CarrierStatus]


def plan_of(settings: Settings) -> Plan:
    """Return the plan that settings make.

    Raises:
        SettingsError: a rate or a clock time cannot be read.
    """
    chosen = settings.pace
    _check(chosen, settings.shop.zone)
    texts = {**BUILT_IN, **chosen.rate}
    rates = {name: rates_of(text, f"pace.rate.{name}") for name, text in texts.items()}
    return Plan(
        zone=settings.shop.zone,
        rates=rates,
        under_way={**UNDER_WAY, **chosen.under_way},
        warm_up=chosen.warm_up,
        warm_up_hours=chosen.warm_up_hours,
        quiet=quiet_hours(chosen.quiet_since, chosen.quiet_until),
        release_hours=chosen.release_hours,
    )


def is_paced(settings: Settings) -> bool:
    """Return whether mails leave at a pace: all but those into the local inbox."""
    name = settings.delivery.carrier
    return settings.carriers.get(name, {}).get("kind", name) != "inbox"


def pace_of(settings: Settings, lanes: Lanes) -> Pacing | None:
    """Return the pace of a folder, None where everything leaves at once."""
    return Pacing(lanes, plan_of(settings)) if is_paced(settings) else None


def prepare(world: World, now: Instant, prompt: str) -> Pacing | None:
    """Return the pace, once what waits is in lanes and what came back is judged.

    Somebody waits for the mails of campaigns that begin with `prompt`.
    """
    pace = pace_of(world.settings, world.lanes)
    if pace is not None:
        sort(world, pace.plan, prompt)
        watch(world, pace, now)
    return pace


def sort(world: World, plan: Plan, prompt: str) -> int:
    """Put what waits in the lane of its mailbox provider and time zone; return how many."""
    lanes, total = world.lanes, 0
    providers = Providers(world.settings.pace.providers, _lookup(world.settings))
    after = _kept(lanes, SORTED_TO)
    while unsorted := lanes.unsorted(after, SORTED_AT_ONCE):
        places = _places(world, plan, providers, unsorted, prompt)
        after = unsorted[-1].sequence
        with lanes.transaction():
            lanes.sort(places)
            lanes.keep({SORTED_TO: msgspec.json.encode(after)})
        total += len(places)
    return total


def watch(world: World, pace: Pacing, now: Instant) -> list[Held]:
    """Stop streams with too many bounces or complaints, once a minute; return what was stopped."""
    last = _kept(world.lanes, WATCHED_AT)
    if not world.has_facts or last <= now < last + WATCHED_EVERY:
        return []
    chosen = world.settings.pace
    thresholds = Thresholds(
        chosen.hard_bounces, chosen.complaints, chosen.window_hours, chosen.least_sent
    )
    held = pace.watch(_came_back(world, now - thresholds.window_hours * HOUR), thresholds, now)
    for each in held:
        log.warning("%s is held until somebody lets it go: %s", each.meter, each.reason)
    world.lanes.keep({WATCHED_AT: msgspec.json.encode(now)})
    return held


def status(settings: Settings, lanes: Lanes, now: Instant, *, counted: bool = True) -> PaceStatus:
    """Return how the pace stands; what waits only if it is to be counted."""
    pace = Pacing(lanes, plan_of(settings))
    breakers = sorted(pace.breakers(now).items())
    paced = is_paced(settings)
    return PaceStatus(
        paced,
        pace.outlook(lanes.waiting(), now) if paced and counted else [],
        pace.held(now),
        [
            CarrierStatus(name, each.state(now), each.reason, each.until)
            for name, each in breakers
            if each != Breaker()
        ],
    )


def hold(settings: Settings, lanes: Lanes, name: str, reason: str, now: Instant) -> None:
    """Let nothing of a stream (`shop.example/gmail`) or a sending domain leave.

    Raises:
        UsageError: there is no reason.
    """
    if not reason:
        raise UsageError("nobody said why", mend="give a reason; whoever resumes it will read it")
    Pacing(lanes, plan_of(settings)).hold(name, reason, now)


def resume(settings: Settings, lanes: Lanes, name: str, now: Instant) -> list[str]:
    """Let what is held go on, or with '' all of it; return the names.

    Raises:
        UsageError: nothing of this name is held or slowed.
    """
    pace = Pacing(lanes, plan_of(settings))
    names = [name] if name else [each.meter for each in pace.held(now)]
    resumed = [each for each in names if pace.resume(each, now)]
    if name and not resumed:
        known = ", ".join(each.meter for each in pace.held(now)) or "nothing"
        raise UsageError(f"{name!r} is not held", mend=f"held now: {known}")
    return resumed


def seconds_until_due(world: World, now: Instant) -> float:
    """Return in how many seconds time alone lets more mail leave; infinite where it does not."""
    pace = pace_of(world.settings, world.lanes)
    next_at = pace.next_at(now) if pace else None
    return float("inf") if next_at is None else (next_at - now) / SECOND


def _places(
    world: World, plan: Plan, providers: Providers, unsorted: Sequence[Unsorted], prompt: str
) -> list[Sorted]:
    profiles = world.people.profiles(sorted({each.person for each in unsorted}))
    domains = {name: _domain(world, name) for name in {each.campaign for each in unsorted}}
    places = []
    for each in unsorted:
        profile = profiles.get(each.person)
        provider = providers.of(profile.email if profile else "")
        stream = f"{domains[each.campaign]}/{provider}"
        if each.campaign.startswith(prompt):
            places.append(Sorted(each.sequence, stream, PROMPT, 0))
            continue
        zone = _zone(each.inputs, plan) if plan.quiet else ""
        due = release_at(plan, each.campaign, each.send_id, each.decided_at)
        places.append(Sorted(each.sequence, stream, zone, due))
    return places


def _check(chosen: Pace, zone: str) -> None:
    """Raise where a number or the shop's zone makes no sense."""
    if not _is_zone(zone):
        raise SettingsError(f"no time zone {zone!r}", where="shop.zone", mend="as in Europe/Berlin")
    volumes = {name: min(days, default=1) for name, days in chosen.warm_up.items()}
    for table, values in (("warm_up", volumes), ("under_way", chosen.under_way)):
        for name, least in values.items():
            if least < 1:
                raise SettingsError(
                    "nothing would ever leave", where=f"pace.{table}.{name}", mend="1 is the least"
                )
    hours = {"warm_up_hours": chosen.warm_up_hours, "window_hours": chosen.window_hours}
    hours |= {f"release_hours.{name}": each for name, each in chosen.release_hours.items()}
    for name, each in hours.items():
        if not 0 <= each <= LONGEST_HOURS:
            mend = f"from 0 to {LONGEST_HOURS}"
            raise SettingsError(f"{each} hours", where=f"pace.{name}", mend=mend)


def _domain(world: World, campaign: str) -> str:
    """Return the domain that a campaign's mails come from."""
    found = letters.campaigns.find(world, campaign)
    name = found[0].brand if found else ""
    sender = brand(world.settings, name if name in world.settings.brands else "")
    return sender.address.rpartition("@")[2].lower()


class _Kept(msgspec.Struct):
    """What a decision keeps of the person's clock."""

    zone: str = ""


def _zone(inputs: bytes, plan: Plan) -> str:
    """Return the zone that was known when the mail was decided, the shop's where none was."""
    zone = msgspec.json.decode(inputs, type=_Kept).zone
    return zone if zone and _is_zone(zone) else plan.zone


@cache
def _is_zone(zone: str) -> bool:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        return False
    return True


def _came_back(world: World, since: Instant) -> Bad:
    rows = world.facts.read(CAME_BACK, (since,)).to_pylist()
    found: list[tuple[Literal["hard_bounces", "complaints"], bytes, Instant]] = []
    for row in rows:
        send_id = bytes.fromhex(row["send_id"])
        sent_at = world.ledger.sent_at(send_id)
        if sent_at is not None:
            complained = row["event"] == Names.EMAIL_COMPLAINED
            found.append(("complaints" if complained else "hard_bounces", send_id, sent_at))
    return found


def _kept(lanes: Lanes, name: str) -> int:
    state = lanes.meters().get(name)
    return msgspec.json.decode(state, type=int) if state else 0


def _lookup(settings: Settings) -> Callable[[str], Sequence[str]] | None:
    """Return what asks the DNS for a domain's mail servers, where settings want that."""
    if not settings.pace.group_by_mail_server:
        return None
    from tailorbird.delivery.resolver import DnsResolver

    resolver = DnsResolver(patience_seconds=2)

    def servers(domain: str) -> Sequence[str]:
        try:
            answers = resolver.look_up(domain, "MX")
        except OSError:
            return ()
        return [answer.split()[-1] for answer in sorted(answers)]

    return servers
