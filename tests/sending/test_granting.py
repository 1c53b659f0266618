"""Who is written to when several want to: one arbiter for campaigns and journeys."""

from __future__ import annotations

import dataclasses
from typing import Any

import msgspec
import pytest

from tailorbird import authoring, flow, granting
from tailorbird.granting import Deferral, Proposal
from tailorbird.schema import DAY, HOUR, Decision
from tailorbird.settings import Limits, Pace
from tailorbird.world import World

CAMPAIGN = """\
name: {name}
audience: everybody
template: spring
variants: {{only: {{subject: "Spring"}}}}
holdout: 0
recommendations: 0
{more}
"""


def limited(house: Any, *limits: str, **pace: Any) -> World:
    """Return the world of a house in which these limits hold for marketing."""
    world: World = house.tb.world
    settings = msgspec.structs.replace(
        world.settings, limits=Limits(email_marketing=limits), pace=Pace(**pace)
    )
    return dataclasses.replace(world, settings=settings, assignment_key=b"the same everywhere")


def put(house: Any, name: str, more: str = "") -> None:
    text = CAMPAIGN if "holdout" not in more else CAMPAIGN.replace("holdout: 0\n", "")
    house.tb.put("campaign", name, text.format(name=name, more=more))
    house.tb.refresh()


def verdicts(world: World, name: str) -> dict[tuple[str, str], int]:
    return {(verdict, why): n for verdict, why, _, n in world.ledger.verdicts(name)}


def proposals(world: World, *names: str) -> list[Proposal]:
    campaign, _ = authoring.find_campaign(world, names[0])
    people = flow.audience(world, campaign, 1 << 60)
    return [Proposal(name, 1, "1", person) for name in names for person in people]


def inputs(decision: object) -> dict[str, Any]:
    assert isinstance(decision, Decision)
    found: dict[str, Any] = msgspec.json.decode(decision.inputs)
    return found


def test_the_more_urgent_campaign_wins_and_the_other_says_so(house: Any) -> None:
    put(house, "later")
    put(house, "sooner", "priority: 1")
    world = limited(house, "1/day")
    answers = granting.grant(world, proposals(world, "later", "sooner"), house.now)
    assert verdicts(world, "sooner") == {("send", ""): 12}
    assert verdicts(world, "later") == {("refused", "displaced"): 12}
    winner = answers[12]
    assert isinstance(winner, Decision)
    assert inputs(answers[0]) == {
        "limit": "email_marketing 1/day",
        "counted": [winner.id.hex()],
        "winner": winner.id.hex(),
    }


def test_what_was_granted_before_counts_while_it_waits_and_once_it_left(house: Any) -> None:
    for name in ("one", "two", "three"):
        put(house, name)
    world = limited(house, "1/day", "2/week")
    flow.decide(world, "one", house.now)
    flow.decide(world, "two", house.now)
    assert verdicts(world, "two") == {("refused", "cap"): 12}
    assert flow.deliver(world, house.now).sent == 12
    flow.announce(world)
    house.tb.ingest()
    flow.decide(world, "two", house.now + HOUR, "again")
    assert verdicts(world, "two") == {("refused", "cap"): 24}
    house.now += DAY
    flow.decide(world, "two", house.now, "a day later")
    assert verdicts(world, "two")["send", ""] == 12
    assert flow.deliver(world, house.now).sent == 12
    flow.decide(world, "three", house.now + DAY)
    assert verdicts(world, "three") == {("refused", "cap"): 12}
    flow.decide(world, "three", house.now + 6 * DAY, "a week later")
    assert verdicts(world, "three")["send", ""] == 12


def test_asked_again_the_ledger_answers(house: Any) -> None:
    put(house, "one")
    put(house, "two")
    world = limited(house, "1/day")
    asked = proposals(world, "one", "two")
    first = granting.grant(world, asked[:5], house.now)
    rest = granting.grant(world, asked, house.now + HOUR)
    assert rest[:5] == first
    assert len({answer.id for answer in rest if isinstance(answer, Decision)}) == 24
    assert granting.grant(world, asked, house.now + 3 * DAY) == rest


def test_the_size_of_a_batch_changes_nothing(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        put(house, f"c{number}", f"priority: {1 + number % 2}\nholdout: 0.4")
    world = limited(house, "2/day")
    asked = proposals(world, "c0", "c1", "c2", "c3")
    whole = granting.Granting(world, house.now).judge(asked)
    monkeypatch.setattr(granting, "AT_ONCE", 3)
    pieces = granting.grant(world, asked[::-1], house.now)
    assert [whole[each.id] for each in asked] == pieces[::-1]
    sent = [each.person for each in pieces if isinstance(each, Decision) and each.verdict == "send"]
    assert max(sent.count(person) for person in sent) == 2


def test_who_is_held_out_takes_no_room(house: Any) -> None:
    put(house, "tested", "priority: 1\nholdout: 0.5")
    put(house, "other")
    world = limited(house, "1/day")
    granting.grant(world, proposals(world, "tested", "other"), house.now)
    held = verdicts(world, "tested")["holdout", ""]
    assert 0 < held < 12
    assert verdicts(world, "other") == {("send", ""): held, ("refused", "displaced"): 12 - held}


def test_quiet_hours_defer_who_can_wait_and_postpone_who_cannot(house: Any) -> None:
    put(house, "one")
    world = limited(house, quiet_since="22:00", quiet_until="23:00")  # it is 22:13:20 in UTC
    asked = proposals(world, "one")
    (first, *_) = granting.grant(world, asked, house.now)
    assert isinstance(first, Deferral)
    assert (first.until - house.now, first.reason) == (46 * 60_000_000 + 40_000_000, "quiet_hours")
    assert world.ledger.decisions() == []
    now = [msgspec.structs.replace(each, waits="never") for each in asked]
    assert all(isinstance(each, Decision) for each in granting.grant(world, now, house.now))
    assert world.ledger.claim("w", 99, first.until - 1, 60) == []
    assert len(world.ledger.claim("w", 99, first.until, 60)) == 12


def test_who_waits_for_a_cap_is_told_until_when(house: Any) -> None:
    put(house, "one")
    put(house, "two")
    world = limited(house, "1/day")
    flow.decide(world, "one", house.now)
    waiting = [msgspec.structs.replace(each, waits="caps") for each in proposals(world, "two")]
    (first, *_) = granting.grant(world, waiting, house.now)
    assert isinstance(first, Deferral)
    assert (first.until % DAY, first.until // DAY) == (0, house.now // DAY + 1)
    assert first.limit == "email_marketing 1/day"
    soon = [msgspec.structs.replace(each, latest=first.until - 1) for each in waiting]
    (refused, *_) = granting.grant(world, soon, house.now)
    assert isinstance(refused, Decision)
    assert refused.reason == "cap"


def test_a_person_is_in_one_experiment_of_a_group(house: Any) -> None:
    names = ("red", "green", "blue")
    for name in names:
        put(house, name, "exclusive: colours")
    world = limited(house)
    granting.grant(world, proposals(world, "red", "green"), house.now)
    sent = {name: verdicts(world, name).get(("send", ""), 0) for name in ("red", "green")}
    assert sum(sent.values()) <= 12
    assert all(sent.values())
    house.tb.put("campaign", "black", CAMPAIGN.format(name="black", more="exclusive: colours"))
    granting.grant(world, proposals(world, "blue", "black"), house.now + DAY)
    sent |= {name: verdicts(world, name).get(("send", ""), 0) for name in ("blue", "black")}
    assert sum(sent.values()) == 12, "whoever was in one stays, the others are in one of the rest"
    assert verdicts(world, "red")["refused", "exclusive"] == 12 - sent["red"]


def test_a_campaign_that_cannot_be_made_refuses_and_holds_up_no_other(house: Any) -> None:
    put(house, "one")
    put(house, "torn", "template: gone".replace("template", "brand"))
    world = limited(house)
    answers = granting.grant(world, proposals(world, "torn", "one"), house.now)
    assert verdicts(world, "torn") == {("refused", "broken"): 12}
    assert "gone" in inputs(answers[0])["error"]
    assert verdicts(world, "one") == {("send", ""): 12}


def test_what_left_later_than_planned_is_seen_at_the_door(house: Any) -> None:
    put(house, "one")
    put(house, "two")
    world = limited(house, "1/day")
    house.now += DAY - house.now % DAY - HOUR  # 23:00
    flow.decide(world, "one", house.now)
    house.now += 2 * HOUR
    flow.decide(limited(house), "two", house.now)
    report = flow.deliver(world, house.now)
    assert (report.sent, report.refused) == (12, 12)
