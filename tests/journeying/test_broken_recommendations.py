"""Kept rules of recommendation that a newer version refuses: what uses them waits, no other does.

They are put straight into the store, as a version put them that did not refuse them yet.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.journeying.refused import SPRING, keep
from typer.testing import CliRunner

from tailorbird import flow, removing, scheduling, steering_record
from tailorbird.cli.commands import app
from tailorbird.errors import DefinitionError
from tailorbird.journey_alarms import alarms
from tailorbird.readings import preflight
from tailorbird.schema import HOUR, SECOND

ODD = "recommendations/odd.yaml:2: unknown field 'fancy'"
REFUSED = "name: odd\nfancy: 1\n"
REFUSED_DEFAULT = "name: default\nfancy: 1\n"
ALL = SPRING.replace("audience: buyers\nexclude: [odd]\n", "audience: everybody\n")
SHOWS = ALL.replace("recommendations: 0", "recommendations: 4\nrecommended_by: odd")
BY_DEFAULT = ALL.replace("recommendations: 0", "recommendations: 4")
EVERYBODY = "name: everybody\nwhere: {did_not: purchase}\n"
HELLO = """\
name: hello
trigger: {event: add_to_cart}
steps:
  - send: hello
    template: cart
    subject: Hello
"""
PICKS = """\
name: picks
trigger: {event: add_to_cart}
steps:
  - recommend: some
    recommended_by: odd
  - wait: 1h
"""


@pytest.fixture
def upgraded(shop: Any) -> Any:
    """Return the shop with rules that are refused since."""
    shop.tb.put("segment", "everybody", EVERYBODY)
    shop.tb.put("recommendations", "odd", "name: odd\n")
    shop.tick(1)
    keep(shop, "recommendations", "odd", REFUSED)
    return shop


def held(shop: Any, journey: str) -> str:
    """Return why people wait in a journey."""
    found = alarms(shop.tb.world, journey, shop.now)
    return next(each.text for each in found if each.code == "held")


def test_a_tick_goes_on_and_tells_which_rules_cannot_be_read(upgraded: Any) -> None:
    (told,) = flow.keep_current(upgraded.tb.world, upgraded.now).troubles
    assert told.startswith(ODD)
    upgraded.tb.put("recommendations", "odd", "name: odd\n")
    assert not flow.keep_current(upgraded.tb.world, upgraded.now).troubles


def test_a_refused_set_learns_nothing_and_the_others_do(upgraded: Any) -> None:
    steers = "exposure: [{by: category, at_least: 0.5, steer: true}]\n"
    upgraded.tb.put("recommendations", "even", f"name: even\n{steers}")
    keep(upgraded, "recommendations", "odd", f"{REFUSED}{steers}")
    world = upgraded.tb.world
    world.models.put("recommender", {}, b"{}")
    flow.keep_current(world, upgraded.now)
    assert steering_record.learnt(world, "even") is not None
    assert steering_record.learnt(world, "odd") is None


def test_the_list_says_which_rules_cannot_be_read_and_shows_the_others(upgraded: Any) -> None:
    default, odd = upgraded.tb.recommendations.rules()
    assert (default.name, default.trouble) == ("default", "")
    assert (odd.name, odd.version, odd.text) == ("odd", 2, REFUSED)
    assert odd.trouble.startswith(ODD)


def test_a_refused_default_is_never_told_to_be_the_built_in_one(upgraded: Any) -> None:
    keep(upgraded, "recommendations", "default", REFUSED_DEFAULT)
    default = upgraded.tb.recommendations.rules()[0]
    assert (default.name, default.version, default.says) == ("default", 1, ())
    assert "unknown field 'fancy'" in default.trouble
    with pytest.raises(DefinitionError, match="unknown field 'fancy'"):
        upgraded.tb.recommend("ann")


def test_the_commands_say_which_rules_cannot_be_read_and_why(upgraded: Any) -> None:
    folder = str(upgraded.tb.world.folder)
    keep(upgraded, "recommendations", "default", REFUSED_DEFAULT)
    upgraded.tb.close()
    listed = CliRunner().invoke(app, ["recommendations", "list", "--folder", folder])
    assert listed.exit_code == 0
    assert f"odd is broken: {ODD}" in " ".join(listed.output.split())
    as_json = CliRunner().invoke(app, ["recommendations", "list", "--folder", folder, "--json"])
    assert [each["trouble"] != "" for each in json.loads(as_json.output)] == [True, True]


def test_refused_rules_can_be_removed(upgraded: Any) -> None:
    removing.remove(upgraded.tb.world, "recommendations", "odd", now=upgraded.now)
    assert [each.name for each in upgraded.tb.recommendations.rules()] == ["default"]


@pytest.mark.parametrize(
    ("campaign", "name", "text"),
    [(SHOWS, "odd", REFUSED), (BY_DEFAULT, "default", REFUSED_DEFAULT)],
)
def test_a_campaign_whose_products_refused_rules_choose_waits_until_they_are_mended(
    upgraded: Any, campaign: str, name: str, text: str
) -> None:
    keep(upgraded, "campaign", "spring", campaign)
    keep(upgraded, "recommendations", name, text)
    upgraded.tick(3 * HOUR / SECOND)
    assert upgraded.mails() == []
    assert not upgraded.tb.world.ledger.decisions(limit=10)
    state = scheduling.state_of(upgraded.tb.world, "spring")
    assert state is not None
    assert f"recommendations/{name}.yaml:2: unknown field 'fancy'" in state.error
    found = preflight.preflight(upgraded.tb.world, "spring", upgraded.now)
    assert any("unknown field 'fancy'" in each.what for each in found.points)
    upgraded.tb.put("recommendations", name, f"name: {name}\n")
    upgraded.tick(60)
    assert len(upgraded.mails()) == 4


def test_refused_rules_hold_only_the_campaigns_whose_products_they_choose(upgraded: Any) -> None:
    keep(upgraded, "campaign", "spring", SHOWS)
    keep(upgraded, "recommendations", "default", REFUSED_DEFAULT)
    keep(upgraded, "campaign", "other", ALL.replace("spring", "other"))
    upgraded.tick(3 * HOUR / SECOND)
    assert {campaign for campaign, _ in upgraded.mails()} == {"other"}


def test_a_campaign_sent_by_hand_is_refused_before_anybody_is_decided(upgraded: Any) -> None:
    keep(upgraded, "campaign", "spring", SHOWS)
    with pytest.raises(DefinitionError, match="unknown field 'fancy'"):
        flow.decide(upgraded.tb.world, "spring", upgraded.now)
    assert not upgraded.tb.world.ledger.decisions(limit=10)


def test_why_tells_that_a_campaign_waits_for_rules_to_be_mended(upgraded: Any) -> None:
    keep(upgraded, "campaign", "spring", SHOWS)
    upgraded.tick(3 * HOUR / SECOND)
    found = upgraded.tb.readings.why(upgraded.tb.person("ann"), "spring", upgraded.now)
    assert "unknown field 'fancy'" in found.sentence


def test_the_mail_of_a_journey_waits_for_refused_rules_and_is_not_refused(upgraded: Any) -> None:
    upgraded.put(HELLO)
    keep(upgraded, "recommendations", "default", REFUSED_DEFAULT)
    upgraded.event("ann", "add_to_cart")
    upgraded.tick(1)
    assert upgraded.where("ann").step == "hello"
    assert not upgraded.tb.world.ledger.decisions(limit=10)
    assert "unknown field 'fancy'" in held(upgraded, "hello")
    upgraded.tb.put("recommendations", "default", "name: default\n")
    upgraded.tick(60)
    assert upgraded.mails() == [("hello/hello", "ann")]


def test_a_step_that_recommends_by_refused_rules_holds_its_people(upgraded: Any) -> None:
    keep(upgraded, "journey", "picks", PICKS)
    upgraded.event("ann", "add_to_cart")
    upgraded.tick(1)
    assert upgraded.where("ann").ended == ""
    assert "unknown field 'fancy'" in held(upgraded, "picks")
