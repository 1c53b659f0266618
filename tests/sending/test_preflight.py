"""What stands in the way before a campaign is sent, and mails that are only tried."""

from __future__ import annotations

import dataclasses
from email import message_from_bytes, policy
from typing import Any

import msgspec
import pytest

from tailorbird import flow, trials
from tailorbird.errors import UsageError
from tailorbird.readings import preflight, schedules
from tailorbird.schema import SECOND
from tailorbird.settings import Delivery, Limits, Settings
from tailorbird.world import World

CAMPAIGN = """\
name: spring
audience: {audience}
template: spring
variants: {{only: {{subject: "Dear {{{{ person.first_name }}}}"}}}}
holdout: {holdout}
recommendations: 0
{more}
"""


def put(house: Any, audience: str = "everybody", holdout: float = 0.1, more: str = "") -> World:
    text = CAMPAIGN.format(audience=audience, holdout=holdout, more=more)
    house.tb.put("campaign", "spring", text)
    house.tb.refresh()
    world: World = house.tb.world
    return world


def points(world: World, now: int) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for each in preflight.preflight(world, "spring", now).points:
        found.setdefault(each.about, []).append((each.state, each.what))
    return found


def changed(world: World, **tables: object) -> World:
    settings: Settings = msgspec.structs.replace(world.settings, **tables)
    return dataclasses.replace(world, settings=settings)


def test_a_sound_campaign_has_no_fault(house: Any) -> None:
    world = put(house)
    found = preflight.preflight(world, "spring", house.now)
    faults = [each for each in found.points if each.state == "fault" and each.about != "lint"]
    assert faults == []
    assert (found.people, found.looked_at, found.next_at) == (12, 12, None)
    assert points(world, house.now)["experiment"] == [("good", "1 variants, 10% held out")]


def test_what_stands_in_the_way_is_named(house: Any) -> None:
    house.tb.put("segment", "nobody", "name: nobody\nwhere: {trait: orders, at_least: 99}\n")
    house.tb.put("segment", "all", "name: all\nwhere: {trait: orders, at_least: 0}\n")
    world = put(house, "nobody", 0, "schedule: {at: 2023-11-14T09:00}")
    found = points(world, house.now)
    assert found["audience"] == [("fault", "nobody is in the audience")]
    assert found["experiment"][0][0] == "warning"
    assert found["schedule"] == [("fault", "its time has passed")]
    assert not preflight.preflight(world, "spring", house.now).sound


def test_who_is_in_several_segments_is_reached_once(house: Any) -> None:
    house.tb.put("segment", "all", "name: all\nwhere: {trait: orders, at_least: 0}\n")
    house.tb.put("segment", "buyers", "name: buyers\nwhere: {trait: orders, at_least: 1}\n")
    world = put(house, "[everybody, all]", more="exclude: [buyers]")
    found = preflight.preflight(world, "spring", house.now)
    assert (found.people, found.twice) == (12, 12)
    assert [(each.segment, each.people, each.excluded) for each in found.reached] == [
        ("everybody", 12, False), ("all", 12, False), ("buyers", 0, True)
    ]  # fmt: skip
    flow.decide(world, "spring", house.now)
    assert sum(n for *_, n in world.ledger.verdicts("spring")) == 12


def test_limits_and_missing_consent_are_told_beforehand(house: Any) -> None:
    world = changed(put(house, holdout=0), limits=Limits(email_marketing=("1/day",)))
    house.decide("other")
    house.tell({"type": "identify", "messageId": "no", "userId": "silent", "traits": {"vip": 1}})
    told = points(world, house.now)
    assert ("warning", "12 of 13 people have had as many mails as are allowed") in told["limits"]
    assert ("warning", "1 of 13 people get none: no consent") in told["consent"]


def test_who_was_displaced_is_told_with_the_winner(house: Any) -> None:
    world = changed(put(house, holdout=0), limits=Limits(email_marketing=("1/day",)))
    house.decide("other")
    flow.decide(world, "spring", house.now)
    (row,) = schedules.schedule(world, "spring", house.now).displaced
    assert (row.reason, row.limit, row.campaign, row.people) == (
        "cap", "email_marketing 1/day", "other", 12
    )  # fmt: skip


def test_a_schedule_is_told_in_words(house: Any) -> None:
    world = put(house, more="schedule: {every: weekly on tuesday at 09:00, gradual: 2h}")
    found = schedules.schedule(world, "spring", house.now)
    assert found.words == "weekly on tuesday at 09:00 in UTC, spread over 2h"
    assert f"{found.next_at:%Y-%m-%d %H:%M}" == "2023-11-21 09:00"
    assert schedules.lines(found)[1] == "next on 2023-11-21 09:00 UTC"


def test_a_test_mail_is_marked_and_leaves_no_trace(house: Any, carrying: Any) -> None:
    world = put(house)
    carrier = carrying()
    allowed = Delivery(test_addresses=("Me@shop.example",))
    world = changed(dataclasses.replace(world, carrier=carrier), delivery=allowed)
    person = house.tb.person("p3")
    said = trials.send(world, "spring", "me@shop.example", person, house.now, b"t" * 16)
    assert (said.subject, said.state) == ("[Test] Dear P3", "accepted")
    assert carrier.sent == ["me@shop.example"]
    assert world.ledger.decisions() == []
    assert world.log.end() == house.tb.world.log.end()


def test_a_test_mail_tells_nothing_of_its_reader(house: Any) -> None:
    world = changed(put(house), delivery=Delivery(test_addresses=("me@shop.example",)))
    person = house.tb.person("p3")
    trials.send(world, "spring", "me@shop.example", person, house.now, b"t" * 16)
    content = world.inbox.read(b"t" * 16)
    assert content is not None
    mail = message_from_bytes(content, policy=policy.default)
    assert mail["List-Unsubscribe"] is None
    for part in ("/c/", "/o/", "/u/", "/v/"):
        assert f"{world.settings.server.base_url}{part}" not in content.decode()


def test_test_mails_go_to_no_stranger(house: Any) -> None:
    world = put(house)
    with pytest.raises(UsageError, match="no other address"):
        trials.send(world, "spring", "me@shop.example", 1, house.now, b"t" * 16)
    world = changed(world, delivery=Delivery(test_addresses=("me@shop.example",)))
    with pytest.raises(UsageError, match="nobody is person 99"):
        trials.send(world, "spring", "me@shop.example", 99, house.now + SECOND, b"t" * 16)


def test_subjects_and_the_scores_that_it_names_are_looked_at(house: Any) -> None:
    world = put(house, more="uplift: uplift_recall")
    one = 'only: {subject: "Dear {{ person.first_name }}"}'
    two = 'a: {subject: "Spring"}, b: {subject: "Spring is here!"}'
    text = world.definitions.latest("campaign")[0].text
    house.tb.put("campaign", "spring", text.replace(one, two))
    found = preflight.preflight(world, "spring", house.now).points
    assert any(each.what.startswith("subjects: ") for each in found)
    (missing,) = (each for each in found if "uplift_recall" in each.what)
    assert (missing.state, missing.mend) == ("warning", "`tailorbird uplift recall`")
    house.tb.put("campaign", "spring", text.replace(one, 'a: {subject: "X"}, b: {subject: " X"}'))
    again = preflight.preflight(world, "spring", house.now).points
    assert "its subjects say the same" in {each.what for each in again}
