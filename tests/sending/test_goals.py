"""What a campaign is for counts beside purchases: by its filter, in its window, once a person."""

from __future__ import annotations

from typing import Any

import pytest

from tailorbird import flow, results
from tailorbird.errors import DefinitionError
from tailorbird.readings import campaigns
from tailorbird.schema import DAY

CAMPAIGN = """\
name: spring
audience: everybody
template: spring
variants: {only: {subject: Spring}}
holdout: 0
recommendations: 0
attribution_days: 3
goal: {event: signed_up, where: {plan: pro}}
"""


def signs_up(house: Any, name: str, number: int, plan: str) -> None:
    said = {"type": "track", "event": "signed_up", "messageId": f"s{number}", "userId": name}
    house.tell({**said, "properties": {"plan": plan}})


def test_a_goal_counts_by_its_filter_and_once_a_person(house: Any) -> None:
    signs_up(house, "p0", 0, "pro")
    house.now += 1
    house.tb.put("campaign", "spring", CAMPAIGN)
    house.tb.refresh()
    world = house.tb.world
    flow.decide(world, "spring", house.now)
    flow.decide(world, "spring", house.now + DAY, "again")
    house.now += DAY
    for number, (name, plan) in enumerate([("p1", "pro"), ("p1", "pro"), ("p2", "free")], 1):
        signs_up(house, name, number, plan)
    house.now += 2 * DAY
    signs_up(house, "p3", 7, "pro")
    house.now += 5 * DAY
    signs_up(house, "p4", 8, "pro")
    _, (outcome,) = results.read_experiment(world, "spring", house.now)
    assert (outcome.arm.people, outcome.arm.reached) == (12, 2)
    shown = campaigns.result(world, "spring", house.now)
    assert shown is not None
    reached = shown.arms[0].reached
    assert reached is not None
    assert (shown.goal, reached.count) == ("signed_up", 2)


def test_a_goal_that_makes_no_sense_is_refused(house: Any) -> None:
    broken = CAMPAIGN.replace("{plan: pro}", "{plan: {bigger: 3}}")
    with pytest.raises(DefinitionError, match=r"campaigns/spring\.yaml: goal"):
        house.tb.put("campaign", "spring", broken)
