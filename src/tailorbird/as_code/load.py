"""How long mails would take to leave: by mailbox provider, at the pace that settings allow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from tailorbird import pacing
from tailorbird.delivery.pace import ANY, Limits, Meter, Plan
from tailorbird.delivery.providers import Providers
from tailorbird.schema import PersonId
from tailorbird.settings import Settings, brand
from tailorbird.world import World

AT_ONCE: Final = 5_000
DAY_HOURS: Final = 24.0


class ProviderLoad(msgspec.Struct, frozen=True):
    """Mails of a sending domain to one mailbox provider, and the hours that they need to leave."""

    domain: str
    provider: str
    mails: int
    hours: float


def providers(world: World, people: Iterable[PersonId]) -> Counter[str]:
    """Return how many of these people have their mailbox where; nobody is looked up."""
    known = Providers(world.settings.pace.providers)
    asked, found = list(people), Counter[str]()
    for start in range(0, len(asked), AT_ONCE):
        profiles = world.people.profiles(asked[start : start + AT_ONCE])
        found.update(known.of(each.email) for each in profiles.values() if each.email)
    return found


def loads(world: World, brand_name: str, mails: Mapping[str, int]) -> tuple[ProviderLoad, ...]:
    """Return the load of each provider, the heaviest first; without a pace, all leave at once."""
    settings = world.settings
    domain = _domain(settings, brand_name)
    plan = pacing.plan_of(settings) if pacing.is_paced(settings) else None
    meters = world.lanes.meters() if plan else {}
    found = [
        ProviderLoad(domain, name, count, _hours(plan, meters, f"{domain}/{name}", count))
        for name, count in mails.items()
    ]
    return tuple(sorted(found, key=lambda each: (-each.mails, each.provider)))


def _hours(plan: Plan | None, meters: Mapping[str, bytes], stream: str, mails: int) -> float:
    if plan is None:
        return 0.0
    kept = meters.get(stream)
    used = msgspec.json.decode(kept, type=Meter).days_used if kept else 0
    spread = plan.release_hours.get(ANY, 0.0)
    return round(max(hours_of(plan.limits(stream), mails, used), spread), 2)


def hours_of(limits: Limits, mails: int, days_used: int = 0) -> float:
    """Return in how many hours so many mails may leave, by rates and a warm-up.

    >>> from tailorbird.delivery.rates import Rate
    >>> hours_of(Limits((Rate(100, 3600),)), 250)
    2.5
    >>> hours_of(Limits(warm_up=(100, 200)), 250)
    24.0
    """
    by_rate = max((mails * rate.seconds / rate.count / 3600 for rate in limits.rates), default=0.0)
    days = 0
    for volume in limits.warm_up[days_used:]:
        if mails <= volume:
            break
        mails -= volume
        days += 1
    return max(by_rate, days * DAY_HOURS)


def _domain(settings: Settings, name: str) -> str:
    own = brand(settings, name if name in settings.brands else "")
    return own.address.rpartition("@")[2].lower()
