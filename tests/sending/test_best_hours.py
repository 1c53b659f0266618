"""Mails leave at the hour that a reader's page says: told and kept by one clock, hers."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from tailorbird import flow, hours, profiles
from tailorbird.readings import schedules
from tailorbird.schema import DAY, HOUR, MINUTE, SECOND, Instant

NOW: Instant = 1_700_006_400 * SECOND
"""2023-11-15 00:00 UTC: clocks of Europe and America were put back within the last weeks."""
ZONES = (
    "Europe/Berlin", "Asia/Kolkata", "America/St_Johns", "Australia/Lord_Howe", "Africa/Casablanca",
    "America/New_York", "Pacific/Kiritimati", "Asia/Tokyo",
)  # fmt: skip
BOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
CAMPAIGN = """\
name: spring
audience: everybody
template: spring
variants: {{only: {{subject: "Spring"}}}}
holdout: 0
recommendations: 0
schedule: {{{schedule}}}
"""


def local(zone: str, at: Instant) -> datetime:
    """Return what the clocks of a zone show."""
    return datetime.fromtimestamp(at / SECOND, ZoneInfo(zone))


def agree(*names: str, given: bool = True) -> list[Mapping[str, object]]:
    """Return that people allow what is needed to learn hours, and to use them."""
    purposes = {"email_marketing": True, "training": given, "personalisation": given}
    return [
        {"type": "identify", "messageId": f"a-{name}", "userId": name,
         "context": {"consent": {**purposes, "wordingVersion": "1"}}}
        for name in names
    ]  # fmt: skip


def lives(name: str, zone: str, since: Instant) -> Mapping[str, object]:
    """Return that somebody says in which zone she is."""
    return {"type": "identify", "messageId": f"z-{name}-{since}", "userId": name,
            "timestamp": f"{datetime.fromtimestamp(since / SECOND, UTC)}",
            "traits": {"timezone": zone}}  # fmt: skip


def reads(name: str, at: Instant, **more: object) -> Mapping[str, object]:
    """Return that somebody opened a mail."""
    return {"type": "track", "event": "email_opened", "messageId": f"o-{name}-{at}",
            "userId": name, "timestamp": f"{datetime.fromtimestamp(at / SECOND, UTC)}",
            **more}  # fmt: skip


def daily(name: str, zone: str, hour: int, days: Iterable[int]) -> list[Mapping[str, object]]:
    """Return that she read at an hour of a zone's clocks, so many days ago."""
    said = []
    for day in days:
        there = local(zone, NOW - day * DAY).replace(hour=hour, minute=20, second=0)
        said.append(reads(name, int(there.timestamp()) * SECOND))
    return said


def due_times(house: Any, names: Iterable[str]) -> dict[str, Instant]:
    """Return when each one's mail is due."""
    ledger = house.tb.world.ledger
    return {name: ledger.written([house.tb.person(name)], 0, "")[0].at for name in names}


def decided(house: Any, schedule: str = "at: 2023-11-15T00:00, best_hour: true") -> None:
    """Have the campaign be decided now."""
    house.now = NOW
    house.tb.put("campaign", "spring", CAMPAIGN.format(schedule=schedule))
    flow.keep_current(house.tb.world, NOW)


def shown_hours(house: Any, zones: Mapping[str, str]) -> dict[str, int]:
    """Return which hour each one's clock shows when her mail is due."""
    return {name: local(zones[name], at).hour for name, at in due_times(house, zones).items()}


def pages(house: Any, names: Iterable[str]) -> dict[str, int | None]:
    """Return the hour that each one's page says, None where it says none."""
    people = {house.tb.person(name): name for name in names}
    told = profiles.table(
        house.tb.world.facts, ["best_send_hour"], as_of=house.now, people=list(people)
    )
    return {people[row["person"]]: row["best_send_hour"] for row in told.to_pylist()}


@pytest.mark.parametrize("seed", range(4))
def test_hours_are_those_of_the_zone_of_then(house: Any, seed: int) -> None:
    """As a naive reading tells them: zone by zone, act by act, for who moves or has no zone."""
    rng, said = random.Random(seed), []
    naive: dict[tuple[str, bool], Counter[int]] = {}
    names = [f"p{number}" for number in range(12)]
    begin, split = NOW - 180 * DAY, NOW - 30 * DAY
    for name in names:
        moves = sorted(rng.sample(range(190), rng.randrange(4)), reverse=True)
        homes = [(NOW - day * DAY, rng.choice([*ZONES, "Middle-earth/Shire"])) for day in moves]
        said += [lives(name, zone, at) for at, zone in homes]
        for _ in range(rng.randrange(30)):
            at = NOW - rng.randrange(190 * 24 * 60) * MINUTE
            machine = rng.random() < 0.2
            said.append(reads(name, at, context={"userAgent": BOT} if machine else {}))
            then = [zone for since, zone in homes if since <= at] or [zone for _, zone in homes[:1]]
            zone = then[-1] if then and then[-1] in ZONES else "UTC"
            if not machine and at > begin:
                naive.setdefault((name, at > split), Counter())[local(zone, at).hour] += 1
    rng.shuffle(said)
    house.now = NOW
    house.tell(*said)
    people = [house.tb.person(name) for name in names]
    told = hours.counts(house.tb.world, people, split, begin, NOW)
    for later, counts in enumerate(told):
        for name, row in zip(names, counts, strict=True):
            found = {hour: int(times) for hour, times in enumerate(row) if times}
            assert found == naive.get((name, bool(later)), {}), name


@pytest.mark.parametrize("seed", range(6))
def test_a_mail_never_leaves_at_another_hour_than_the_page_says(house: Any, seed: int) -> None:
    rng = random.Random(seed)
    names = [f"p{number}" for number in range(12)]
    zones = {name: rng.choice([*ZONES, ""]) for name in names}
    house.tell(*agree(*names))
    house.tell(*(lives(name, zone, NOW - 99 * DAY) for name, zone in zones.items() if zone))
    for name in names:
        house.tell(*daily(name, zones[name] or "UTC", rng.randrange(24), range(1, 60)))
    house.now = NOW
    trained = bool(seed % 2)
    if trained:
        house.tb.learn(["send_hour"])
        house.tell(*daily(names[0], "UTC", 3, range(60, 120)))  # what the page does not know yet
    decided(house, "at: 2023-11-15T00:00, best_hour: true")
    if not trained:
        house.tb.learn(["send_hour"])
    shown = shown_hours(house, {name: zones[name] or "UTC" for name in names})
    assert shown == pages(house, names)
    assert len(set(shown.values())) > 4


def test_on_everybodys_own_clock_too_each_mail_leaves_at_its_readers_hour(house: Any) -> None:
    zones = {f"p{number}": ZONES[number % len(ZONES)] for number in range(12)}
    house.tell(*agree(*zones), *(lives(name, zone, NOW - DAY) for name, zone in zones.items()))
    for number, (name, zone) in enumerate(zones.items()):
        house.tell(*daily(name, zone, 2 * number, range(1, 60)))
    house.now = NOW
    house.tb.learn(["send_hour"])
    decided(house, "at: 2023-11-16T00:00, best_hour: true, local: true")
    for step in range(10):
        flow.keep_current(house.tb.world, NOW + step * 5 * HOUR)
    assert shown_hours(house, zones) == pages(house, zones)
    days = {local(zones[name], at).date() for name, at in due_times(house, zones).items()}
    assert {str(day) for day in days} == {"2023-11-16"}


def test_who_moved_is_written_to_at_her_hour_where_she_is(house: Any) -> None:
    house.tell(*agree("p1"), lives("p1", "Europe/Berlin", NOW - 100 * DAY))
    house.tell(*daily("p1", "Europe/Berlin", 7, range(11, 60)))
    house.tell(lives("p1", "Asia/Tokyo", NOW - 10 * DAY), *daily("p1", "Asia/Tokyo", 7, range(10)))
    others = [f"p{number}" for number in range(2, 12)]
    house.tell(*agree(*others), *(each for p in others for each in daily(p, "UTC", 19, range(60))))
    decided(house)
    assert shown_hours(house, {"p1": "Asia/Tokyo"}) == {"p1": 6}, "the three hours around seven"


def test_an_hour_stays_the_same_when_clocks_are_put_back(house: Any) -> None:
    """In UTC it was one hour until the end of October, and another one since."""
    house.tell(lives("p1", "Europe/Berlin", NOW), *daily("p1", "Europe/Berlin", 7, range(1, 90)))
    before, after = hours.counts(
        house.tb.world, [house.tb.person("p1")], NOW - 17 * DAY, NOW - 180 * DAY, NOW
    )
    assert (before[0, 7], after[0, 7]) == (72, 17)
    assert before.sum() + after.sum() == 89


@pytest.mark.parametrize("trained", [False, True])
def test_who_allows_no_personalisation_gets_everybodys_hour(house: Any, trained: bool) -> None:
    names = [f"p{number}" for number in range(12)]
    house.tell(*agree(*names[1:]))
    for number, name in enumerate(names):
        house.tell(*daily(name, "UTC", 4 if number == 0 else 10 + number, range(1, 60)))
    house.now = NOW
    if trained:
        house.tell(*agree("p0"))
        house.tb.learn(["send_hour"])
        assert pages(house, ["p0"])["p0"] in range(2, 5)
        no = {"messageId": "no", "timestamp": f"{datetime.fromtimestamp(NOW / SECOND, UTC)}"}
        house.tell(*({**each, **no} for each in agree("p0", given=False)))
    decided(house)
    shown = shown_hours(house, dict.fromkeys(names, "UTC"))
    assert shown["p2"] in range(10, 13)
    assert shown["p0"] > 9, "not hers, which nobody may read"


@pytest.mark.parametrize("trained", [False, True])
def test_where_nobody_ever_read_no_hour_is_made_up(house: Any, trained: bool) -> None:
    """Midnight is not everybody's best hour because all hours are alike: mails leave at once."""
    names = ["p0", "p1", "p2"]
    house.tell(*agree(*names))
    house.now = NOW
    if trained:
        (card,) = house.tb.learn(["send_hour"])
        assert (card.serves, card.scores) == (False, False)
        assert card.why.endswith("so no hour is better than another: nobody is scored.")
    house.now = NOW + 9 * HOUR
    schedule = "at: 2023-11-15T09:00, best_hour: true"
    house.tb.put("campaign", "spring", CAMPAIGN.format(schedule=schedule))
    flow.keep_current(house.tb.world, house.now)
    assert set(due_times(house, names).values()) == {house.now}
    assert [*pages(house, names).values()] == [None] * 3
    why = schedules.schedule(house.tb.world, "spring", NOW).hours
    assert why.startswith("at once: nobody has opened or clicked yet")


def test_a_model_that_lost_makes_a_campaign_refuse_as_well(house: Any) -> None:
    """Nobody read of late, so nothing says that own hours foretell: the page and the mail agree."""
    names = [f"p{number}" for number in range(12)]
    house.tell(*agree(*names))
    for name in names:
        house.tell(*daily(name, "UTC", 9, range(31, 90)))
    house.now = NOW
    (card,) = house.tb.learn(["send_hour"])
    assert not card.serves
    house.tell(*daily("p1", "UTC", 15, range(1, 60)))
    decided(house)
    assert set(shown_hours(house, dict.fromkeys(names, "UTC")).values()) == {8}
    assert set(pages(house, names).values()) == {8}
    why = schedules.schedule(house.tb.world, "spring", NOW).hours
    assert why.startswith("everybody's best hour: only 0 later opens and clicks to judge by")
    assert why.endswith("(model send_hour, version 1)")


def test_whose_audience_is_fixed_early_is_written_to_at_her_hour_all_the_same(house: Any) -> None:
    """What is decided at noon for a midnight to come counts hours from that midnight."""
    names = [f"p{number}" for number in range(12)]
    house.tell(*agree(*names))
    for number, name in enumerate(names):
        house.tell(*daily(name, "UTC", 2 * number, range(1, 60)))
    house.now = NOW + 12 * HOUR
    house.tb.learn(["send_hour"])
    schedule = "at: 2023-11-18T00:00, best_hour: true, recipients: at_schedule"
    house.tb.put("campaign", "spring", CAMPAIGN.format(schedule=schedule))
    flow.keep_current(house.tb.world, house.now)
    assert shown_hours(house, dict.fromkeys(names, "UTC")) == pages(house, names)
    assert min(due_times(house, names).values()) >= NOW + 3 * DAY


def test_an_hour_that_clocks_skip_comes_when_the_next_one_does(house: Any) -> None:
    house.tell(lives("p1", "Europe/Berlin", NOW))
    start = int(datetime(2024, 3, 31, tzinfo=ZoneInfo("Europe/Berlin")).timestamp()) * SECOND
    people, starts = [house.tb.person("p1")] * 4, np.full(4, start)
    waits = hours.until(house.tb.world, people, np.array([1, 2, 3, 23]), starts, NOW)
    assert waits.tolist() == [1, 2, 2, 22]
