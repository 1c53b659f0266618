"""What mails a plan would bring: who would get one, who not and why, how long they would take.

Everything is judged as `granting` would judge it now, in the world as it would be; nothing is
recorded. Of a large audience a part is judged, spread over all of it, and the figures are scaled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec
from msgspec import structs

from tailorbird import authoring, flow, granting
from tailorbird.as_code.entries import set_off
from tailorbird.as_code.load import ProviderLoad, loads, providers
from tailorbird.edits import Key
from tailorbird.errors import DefinitionError, TailorbirdError
from tailorbird.journeys.campaign import Campaign
from tailorbird.journeys.journey import Send
from tailorbird.journeys.schedule import waves
from tailorbird.letters.deciding import MISSING
from tailorbird.schema import DAY, Decision, Instant, PersonId
from tailorbird.stopping import Stop
from tailorbird.world import World

JUDGED: Final = 20_000
"""People of one audience who are judged; of more, so many from all over it."""
AT_ONCE: Final = 2_000
_LATER: Final = "later: "


class SendOutlook(msgspec.Struct, frozen=True):
    """What one campaign, or one mail of a journey (JOURNEY/STEP), would bring, sent once now.

    The audience of a journey's mail is whom its trigger set off in the past week. `judged` of them
    were looked at; all other figures are scaled to the whole.
    """

    campaign: str
    audience: int
    judged: int
    send: int
    holdout: int
    refused: dict[str, int]
    """Why people would get none -> how many: consent, caps, quiet hours."""
    missing: dict[str, int]
    """What the mail would print and people do not have -> how many get none of it."""
    loads: tuple[ProviderLoad, ...] = ()
    this_week: int | None = None
    """Mails of the coming seven days, by the schedule or by the past week's triggers; of a journey
    at most so many. None: it is sent by hand."""
    trouble: str = ""


def outlook(
    after: World, name: str, version: int, people: Sequence[PersonId], now: Instant,
    stop: Stop | None = None,
) -> SendOutlook:  # fmt: skip
    """Return what a campaign would bring to these people."""
    step = max(1, -(-len(people) // JUDGED))
    chosen = people[::step]
    tally, sent = Counter[tuple[str, str]](), list[PersonId]()
    try:
        arbiter = granting.Granting(after, now)
        brand = arbiter.deciding(name, version).campaign.brand
        for start in range(0, len(chosen), AT_ONCE):
            if stop:
                stop.check()
            some = granting.proposed(name, version, "plan", chosen[start : start + AT_ONCE])
            for answer in arbiter.judge(some).values():
                tally[_verdict(answer)] += 1
                if isinstance(answer, Decision) and answer.verdict == "send":
                    sent.append(answer.person)
    except TailorbirdError as error:
        return SendOutlook(name, len(people), 0, 0, 0, {}, {}, trouble=error.sentence())
    scale = len(people) / len(chosen) if chosen else 1.0
    mails = {each: round(n * scale) for each, n in providers(after, sent).items()}
    return _made(name, people, chosen, tally, scale, loads(after, brand, mails))


def outlooks(
    after: World, keys: Iterable[Key], now: Instant, stop: Stop | None = None
) -> Iterator[SendOutlook]:
    """Yield what each campaign, and each mail of each journey, among these would bring."""
    for kind, name in keys:
        if kind == "campaign":
            yield from _of_campaign(after, name, now, stop)
        elif kind == "journey":
            yield from _of_journey(after, name, now, stop)


def _of_campaign(after: World, name: str, now: Instant, stop: Stop | None) -> Iterator[SendOutlook]:
    campaign, version = authoring.find_campaign(after, name)
    try:
        people = flow.audience(after, campaign, now)
    except DefinitionError as error:
        yield SendOutlook(name, 0, 0, 0, 0, {}, {}, trouble=error.sentence())
        return
    found = outlook(after, name, version, people, now, stop)
    times = occasions(campaign, after.settings.shop.zone, now)
    yield found if times is None else structs.replace(found, this_week=found.send * times)


def _of_journey(after: World, name: str, now: Instant, stop: Stop | None) -> Iterator[SendOutlook]:
    journey, version = authoring.find_journey(after, name)
    people = set_off(after, journey, now)
    for step in journey.steps.values():
        if isinstance(step, Send):
            called = f"{name}/{step.id}"
            found = outlook(after, called, version, people, now, stop)
            week = found.send if journey.mode == "live" else 0
            yield structs.replace(found, this_week=week)


def occasions(campaign: Campaign, zone: str, now: Instant) -> int | None:
    """Return how often a campaign is due in the coming seven days; None where by hand."""
    if campaign.schedule is None:
        return None
    coming = waves(campaign.schedule, zone, (zone,), now, now + 7 * DAY)
    return len({wave.occurrence for wave in coming})


def _verdict(answer: Decision | granting.Deferral) -> tuple[str, str]:
    if isinstance(answer, Decision):
        return answer.verdict, answer.reason
    return "refused", f"{_LATER}{answer.reason}"


def _made(
    name: str,
    people: Sequence[PersonId],
    chosen: Sequence[PersonId],
    tally: Counter[tuple[str, str]],
    scale: float,
    found: tuple[ProviderLoad, ...],
) -> SendOutlook:
    refused = {why: n for (verdict, why), n in sorted(tally.items()) if verdict == "refused"}
    lacking = {why: n for why, n in refused.items() if why.startswith(f"{MISSING} ")}
    return SendOutlook(
        campaign=name,
        audience=len(people),
        judged=len(chosen),
        send=round(sum(n for (v, _), n in tally.items() if v == "send") * scale),
        holdout=round(sum(n for (v, _), n in tally.items() if v == "holdout") * scale),
        refused={why: round(n * scale) for why, n in refused.items() if why not in lacking},
        missing={w.removeprefix(f"{MISSING} "): round(n * scale) for w, n in lacking.items()},
        loads=found,
    )
