"""A kept segment that a newer version refuses: the others go on, what rests on it waits.

It is put straight into the store, as a version put it that did not refuse it yet.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.journeying.refused import REFUSED, SPRING, keep
from tests.web.test_rest_recommendations import said

from tailorbird import (
    authoring,
    flow,
    journeying,
    removing,
    retraining,
    scheduling,
    segments,
)
from tailorbird.as_code.audiences import Audiences
from tailorbird.errors import DefinitionError
from tailorbird.journey_alarms import alarms
from tailorbird.readings import models, preflight
from tailorbird.schema import DAY, HOUR, SECOND, Body

ODD = "segments/odd.yaml:2:40: 'count(purchase, 90d)' is a whole number, but 'many' is not"
BUYERS = "name: {name}\nwhere: {{did: purchase}}\n"
RESTS = "name: rests\nwhere: {segment: odd}\n"


def members(shop: Any, name: str) -> list[str]:
    numbers = {shop.tb.person(who): who for who in ("ann", "ben", "cyd", "dan")}
    return [numbers[each] for each in segments.members(shop.tb.world.facts, name)]


@pytest.fixture
def upgraded(shop: Any) -> Any:
    """Return the shop with ann in three segments, one of which is refused since, and one rests."""
    for name in ("odd", "buyers"):
        shop.tb.put("segment", name, BUYERS.format(name=name))
    shop.tb.put("segment", "rests", RESTS)
    shop.event("ann", "purchase")
    shop.tick(1)
    keep(shop, "segment", "odd", REFUSED)
    return shop


def test_the_other_segments_go_on_and_the_broken_one_keeps_its_members(upgraded: Any) -> None:
    upgraded.event("ben", "purchase")
    upgraded.tick(1)
    assert members(upgraded, "buyers") == ["ann", "ben"]
    assert members(upgraded, "odd") == members(upgraded, "rests") == ["ann"]


def test_a_tick_tells_which_segments_are_broken_and_why(upgraded: Any) -> None:
    odd, rests = flow.keep_current(upgraded.tb.world, upgraded.now).troubles
    assert odd == f"{ODD}; write a whole number"
    assert rests.startswith("rests: it rests on segment 'odd', which is broken")
    assert "segments/odd.yaml:2:40: write a whole number" in rests


def test_a_rebuild_keeps_the_members_of_the_broken_segment(upgraded: Any) -> None:
    upgraded.tick(1)
    flow.rebuild(upgraded.tb.world, upgraded.now)
    assert members(upgraded, "odd") == members(upgraded, "rests") == ["ann"]
    size = next(s for s in upgraded.tb.readings.segments(upgraded.now) if s.name == "odd")
    assert (size.people, size.refreshed_at) == (1, None)


def test_a_mended_segment_is_worked_out_again_with_all_that_rests_on_it(upgraded: Any) -> None:
    upgraded.event("ben", "purchase")
    upgraded.tick(1)
    upgraded.tb.put("segment", "odd", BUYERS.format(name="odd"))
    upgraded.tick(1)
    assert members(upgraded, "odd") == members(upgraded, "rests") == ["ann", "ben"]
    assert not flow.keep_current(upgraded.tb.world, upgraded.now).troubles


def test_lists_and_pages_mark_what_is_broken_and_show_whom_it_held_last(upgraded: Any) -> None:
    then = upgraded.now
    upgraded.tick(HOUR / SECOND)
    told = {each.name: each for each in upgraded.tb.readings.segments(upgraded.now)}
    assert told["odd"].trouble == f"{ODD}; write a whole number"
    assert told["rests"].trouble.startswith("rests: it rests on segment 'odd'")
    assert told["odd"].people == 1
    assert told["odd"].refreshed_at.timestamp() * SECOND == then
    assert not told["buyers"].trouble
    page = upgraded.tb.readings.segment("odd", upgraded.now)
    assert (page.text, page.size.trouble) == (REFUSED, told["odd"].trouble)
    health = {each.segment: each for each in upgraded.tb.readings.segment_healths(upgraded.now)}
    assert [each.trouble for each in health["rests"].findings] == ["broken"]


def test_nobody_is_counted_or_explained_by_a_broken_segment(upgraded: Any) -> None:
    for name in ("odd", "rests"):
        with pytest.raises(DefinitionError, match="is a whole number, but 'many' is not"):
            upgraded.tb.segment_count(name)
        with pytest.raises(DefinitionError):
            upgraded.tb.readings.overlap([name, "buyers"], upgraded.now)
    assert upgraded.tb.segment_count("buyers") == 1
    assert not upgraded.tb.verify_segments()


def test_a_new_segment_may_not_rest_on_a_broken_one_and_others_can_be_kept(upgraded: Any) -> None:
    with pytest.raises(DefinitionError, match="rests on segment 'odd', which is broken"):
        upgraded.tb.put("segment", "new", "name: new\nwhere: {segment: odd}\n")
    upgraded.tb.put("segment", "new", "name: new\nwhere: {segment: buyers}\n")
    assert upgraded.tb.segment_count("new") == 1


def test_a_broken_segment_can_be_removed(upgraded: Any) -> None:
    authoring.remove_segment(upgraded.tb.world, "rests", now=upgraded.now)
    authoring.remove_segment(upgraded.tb.world, "odd", now=upgraded.now)
    assert members(upgraded, "odd") == []


def test_a_plan_tells_that_the_audience_cannot_be_counted_and_goes_on(upgraded: Any) -> None:
    keep(upgraded, "campaign", "spring", SPRING)
    world = upgraded.tb.world
    (found,) = Audiences(world, world, upgraded.now).of_campaigns([("campaign", "spring")])
    assert "rests on segment 'odd', which is broken" in found.trouble


# -- campaigns -----------------------------------------------------------------------------------


def test_a_campaign_that_leaves_a_broken_segment_out_waits_until_it_is_mended(
    upgraded: Any,
) -> None:
    keep(upgraded, "campaign", "spring", SPRING)
    upgraded.tick(3 * HOUR / SECOND)
    assert upgraded.mails() == []
    state = scheduling.state_of(upgraded.tb.world, "spring")
    assert state is not None
    assert "rests on segment 'odd', which is broken" in state.error
    upgraded.tb.put("segment", "odd", "name: odd\nwhere: {did: email_opened}\n")
    upgraded.tick(60)
    assert upgraded.mails() == [("spring", "ann")]


def test_why_tells_that_a_campaign_waits_for_a_segment_to_be_mended(upgraded: Any) -> None:
    keep(upgraded, "campaign", "spring", SPRING)
    upgraded.tick(3 * HOUR / SECOND)
    ann = upgraded.tb.person("ann")
    found = upgraded.tb.readings.why(ann, "spring", upgraded.now)
    assert found.answer == "not_decided"
    assert "it waits until this is mended: spring: it rests on segment 'odd'" in found.sentence


def test_a_broken_segment_holds_only_the_campaigns_that_name_it(upgraded: Any) -> None:
    keep(upgraded, "campaign", "spring", SPRING)
    other = SPRING.replace("spring", "other").replace("exclude: [odd]\n", "")
    upgraded.tb.put("campaign", "other", other)
    upgraded.tick(3 * HOUR / SECOND)
    assert upgraded.mails() == [("other", "ann")]


def test_a_campaign_sent_by_hand_is_refused_before_anybody_is_decided(upgraded: Any) -> None:
    keep(upgraded, "campaign", "spring", SPRING)
    with pytest.raises(DefinitionError, match="rests on segment 'odd', which is broken"):
        flow.decide(upgraded.tb.world, "spring", upgraded.now)
    assert upgraded.tb.world.ledger.decisions(limit=10) == []


def test_the_list_before_sending_names_the_broken_segment(upgraded: Any) -> None:
    keep(upgraded, "campaign", "spring", SPRING)
    found = preflight.preflight(upgraded.tb.world, "spring", upgraded.now)
    faults = [each for each in found.points if each.about == "audience"]
    assert [each.state for each in faults] == ["fault"]
    assert "'odd', which is broken" in faults[0].what


# -- journeys ------------------------------------------------------------------------------------

ASKING = """\
name: asking
trigger: {event: add_to_cart}
steps:
  - wait: 1h
  - if: {segment: odd}
    then: [{send: gift, template: cart, subject: A gift}]
"""
MAIL_ASKS = """\
name: mailing
trigger: {event: add_to_cart}
steps:
  - send: hello
    template: odd
    subject: Hello
"""
ASKS = """\
{% if segments.odd %}<p>Dear buyer</p>{% endif %}<a href="{{ unsubscribe_url }}">Leave</a>
"""


def test_people_in_a_journey_wait_where_a_broken_segment_is_asked(upgraded: Any) -> None:
    keep(upgraded, "journey", "asking", ASKING)
    upgraded.event("ann", "add_to_cart")
    upgraded.tick(1)
    upgraded.tick(2 * HOUR / SECOND)
    assert upgraded.mails() == []
    (alarm,) = [
        each for each in alarms(upgraded.tb.world, "asking", upgraded.now) if each.code == "held"
    ]
    assert "cannot go on" in alarm.text
    assert "'odd', which is broken" in alarm.text
    ann = upgraded.tb.person("ann")
    found = upgraded.tb.readings.why(ann, "asking", upgraded.now)
    assert "what is asked of her there cannot be asked" in found.sentence
    upgraded.tb.put("segment", "odd", BUYERS.format(name="odd"))
    upgraded.tick(60)
    assert upgraded.mails() == [("asking/gift", "ann")]


def test_a_mail_of_a_journey_that_asks_a_broken_segment_waits_and_is_not_refused(
    upgraded: Any,
) -> None:
    upgraded.tb.put("template", "odd", ASKS)
    keep(upgraded, "journey", "mailing", MAIL_ASKS)
    upgraded.event("ann", "add_to_cart")
    upgraded.tick(1)
    assert upgraded.where("ann").step == "hello"
    (alarm,) = [
        each for each in alarms(upgraded.tb.world, "mailing", upgraded.now) if each.code == "held"
    ]
    assert "'odd', which is broken" in alarm.text
    upgraded.tb.put("segment", "odd", BUYERS.format(name="odd"))
    upgraded.tick(60)
    assert upgraded.mails() == [("mailing/hello", "ann")]


@pytest.mark.parametrize(
    ("trigger", "who"),
    [("{event: add_to_cart}", "who: {segment: odd}\n"), ("{segment: odd}", "")],
)
def test_nobody_enters_a_journey_by_a_broken_segment_and_it_says_so(
    upgraded: Any, trigger: str, who: str
) -> None:
    text = f"name: asking\ntrigger: {trigger}\n{who}steps:\n  - wait: 1h\n"
    keep(upgraded, "journey", "asking", text)
    upgraded.event("ann", "add_to_cart")
    upgraded.now += SECOND
    troubles = flow.keep_current(upgraded.tb.world, upgraded.now).troubles
    assert any(
        each.startswith("nobody enters journey asking: ") and "'odd', which is broken" in each
        for each in troubles
    )
    found = upgraded.tb.readings.why(upgraded.tb.person("ann"), "asking", upgraded.now)
    assert "nobody can enter it now" in found.sentence
    (alarm,) = alarms(upgraded.tb.world, "asking", upgraded.now)
    assert (alarm.code, alarm.step) == ("held", "")


def test_who_was_set_off_meanwhile_enters_once_the_segment_is_mended(upgraded: Any) -> None:
    who = "name: asking\ntrigger: {event: add_to_cart}\nwho: {segment: odd}\nsteps:\n  - wait: 1h\n"
    keep(upgraded, "journey", "asking", who)
    upgraded.event("ann", "add_to_cart")
    upgraded.tick(1)
    upgraded.tb.put("segment", "odd", BUYERS.format(name="odd"))
    upgraded.tick(60)
    assert upgraded.where("ann").journey == "asking"


# -- lists of groups -----------------------------------------------------------------------------

LOYALTY = """\
name: loyalty
groups:
  - name: gold
    where: {did: purchase}
rest: bronze
"""


def test_a_list_of_groups_that_is_refused_keeps_its_people_and_holds_nothing_else_up(
    shop: Any,
) -> None:
    shop.tb.ready.put("loyalty", LOYALTY)
    shop.tb.put("segment", "buyers", BUYERS.format(name="buyers"))
    shop.event("ann", "purchase")
    shop.tick(1)
    assert members(shop, "loyalty.gold") == ["ann"]
    refused = LOYALTY.replace("did: purchase", 'trait: "count(x, 90d)", is: a')
    keep(shop, "groups", "loyalty", refused)
    shop.event("ben", "purchase")
    shop.tick(1)
    assert members(shop, "buyers") == ["ann", "ben"]
    assert members(shop, "loyalty.gold") == ["ann"]
    told = {each.name: each for each in shop.tb.readings.segments(shop.now)}
    assert "groups/loyalty.yaml" in told["loyalty.gold"].trouble
    with pytest.raises(DefinitionError, match=r"groups/loyalty\.yaml"):
        shop.tb.segment_count("loyalty.gold")
    removing.remove(shop.tb.world, "groups", "loyalty", now=shop.now)
    assert members(shop, "loyalty.gold") == []


# -- journeys and models that are refused themselves ---------------------------------------------


def test_a_journey_that_is_refused_holds_its_own_people_and_nobody_elses(shop: Any) -> None:
    plain = (
        "name: {}\ntrigger: {{event: add_to_cart}}\nsteps:\n  - wait: 1h\n"
        "  - send: hello\n    template: cart\n    subject: Hello\n"
    )
    for name in ("odd", "plain"):
        shop.put(plain.format(name))
    shop.event("ann", "add_to_cart")
    shop.tick(1)
    keep(shop, "journey", "odd", plain.format("odd") + "fancy: 1\n")
    shop.event("ben", "add_to_cart")
    shop.tick(1)
    shop.now += 2 * HOUR
    troubles = flow.keep_current(shop.tb.world, shop.now).troubles
    standing = {
        (each.journey, each.ended)
        for who in ("ann", "ben")
        for each in shop.tb.world.enrolments.of_person(shop.tb.person(who))
    }
    assert standing == {("odd", ""), ("plain", "done")}
    assert any("nobody enters journey odd: journeys/odd.yaml:8" in each for each in troubles)
    assert any(each.startswith("journey odd, step ") for each in troubles)
    assert journeying.next_due(shop.tb.world, shop.now) is None
    shop.put(plain.format("odd"))
    shop.tick(1)
    ann = shop.tb.world.enrolments.of_person(shop.tb.person("ann"))
    assert [each.ended for each in ann if each.journey == "odd"] == ["done"]


def test_a_model_whose_text_is_refused_stops_no_tick_and_no_other_training(shop: Any) -> None:
    keep(shop, "model", "odd", "name: odd\ntarget: churn\nfancy: 1\n")
    (trouble,) = flow.keep_current(shop.tb.world, shop.now).troubles
    assert trouble.startswith("models/odd.yaml:3: unknown field 'fancy'")
    cards = retraining.learn(shop.tb.world, shop.now)
    assert "odd" not in {each.name for each in cards}
    rows = {each.name: each for each in models.rows(shop.tb.world)}
    assert (rows["odd"].trouble, rows["churn"].trouble) == (trouble, "")
    page = models.detail(shop.tb.world, "odd", shop.now)
    assert page is not None
    assert (page.trouble, page.notes) == (trouble, ())
    with pytest.raises(DefinitionError, match="unknown field 'fancy'"):
        retraining.learn(shop.tb.world, shop.now, ["odd"])


def test_clusters_that_are_refused_or_among_a_broken_segment_stop_no_tick(upgraded: Any) -> None:
    keep(upgraded, "clusters", "odd", "name: odd\nfancy: 1\n")
    upgraded.event("ben", "purchase")
    upgraded.tick(1)
    assert members(upgraded, "buyers") == ["ann", "ben"]
    troubles = flow.keep_current(upgraded.tb.world, upgraded.now).troubles
    assert any(each.startswith("clusters/odd.yaml:2: unknown field 'fancy'") for each in troubles)


def test_groups_that_rest_on_a_broken_segment_are_told_apart_no_more(upgraded: Any) -> None:
    text = LOYALTY.replace("rest: bronze", "rest: bronze\nrecalculate: daily")
    upgraded.tb.ready.put("loyalty", text.replace("did: purchase", "segment: buyers"))
    upgraded.tick(1)
    keep(upgraded, "groups", "loyalty", text.replace("did: purchase", "segment: odd"))
    upgraded.event("ben", "purchase")
    upgraded.tick(DAY / SECOND)
    assert members(upgraded, "buyers") == ["ann", "ben"]
    assert members(upgraded, "loyalty.gold") == ["ann"]


def test_a_model_of_the_people_of_a_broken_segment_is_told_and_stops_no_rebuild(
    upgraded: Any,
) -> None:
    keep(upgraded, "model", "own", "name: own\ntarget: churn\naudience: odd\n")
    troubles = flow.keep_current(upgraded.tb.world, upgraded.now).troubles
    assert f"model own waits: {ODD}; write a whole number" in troubles
    (row,) = [each for each in models.rows(upgraded.tb.world) if each.name == "own"]
    assert row.trouble == f"model own waits: {ODD}; write a whole number"
    flow.rebuild(upgraded.tb.world, upgraded.now)
    assert members(upgraded, "buyers") == ["ann"]


def test_a_mail_whose_gaps_are_filled_by_a_broken_segment_waits(upgraded: Any) -> None:
    policy = "imputation: t\ntraits:\n  country: {fill: segment, segments: {odd: IE}}\n"
    keep(upgraded, "imputation", "imputation", policy)
    keep(upgraded, "campaign", "spring", SPRING.replace("exclude: [odd]\n", ""))
    upgraded.tick(3 * HOUR / SECOND)
    assert upgraded.mails() == []
    state = scheduling.state_of(upgraded.tb.world, "spring")
    assert state is not None
    assert "rests on segment 'odd', which is broken" in state.error


@pytest.mark.parametrize("among", ["odd", "rests"])
def test_a_rebuild_goes_on_past_a_trained_model_of_the_people_of_a_broken_segment(
    upgraded: Any, among: str
) -> None:
    upgraded.tb.put("segment", "odd", BUYERS.format(name="odd"))
    batch = [message for person in range(40) for message in said(person)]
    content = msgspec.json.encode({"batch": batch})
    upgraded.tb.world.log.append([Body("import", upgraded.now - 30 * DAY, content)])
    upgraded.tick(1)
    for name, people in (("own", f"audience: {among}\n"), ("plain", "")):
        upgraded.tb.put("model", name, f"name: {name}\ntarget: churn\n{people}")
    world = upgraded.tb.world
    retraining.learn(world, upgraded.now, ["own", "plain"])
    before = scored(upgraded)
    assert {model for model, _ in before} == {"own", "plain"}
    keep(upgraded, "segment", "odd", REFUSED)
    upgraded.tick(1)
    flow.rebuild(world, upgraded.now)
    assert {each for each in scored(upgraded) if each[0] == "plain"} == {
        each for each in before if each[0] == "plain"
    }
    upgraded.tb.put("segment", "odd", BUYERS.format(name="odd"))
    upgraded.tick(1)
    flow.rebuild(world, upgraded.now)
    assert scored(upgraded) == before


def scored(shop: Any) -> set[tuple[str, int]]:
    """Return (model, person) of every score."""
    rows = shop.tb.world.facts.read("SELECT model, person FROM scores").to_pylist()
    return {(row["model"], row["person"]) for row in rows}
