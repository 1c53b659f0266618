"""A journey is watched: who entered, waits, left, converted, dropped out; what is not right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from tailorbird import flow, journey_alarms, journeying
from tailorbird.app import Tailorbird
from tailorbird.cli import run
from tailorbird.enrolments import NEVER, Entry, Outcome
from tailorbird.errors import UsageError
from tailorbird.readings import journeys, why_journey
from tailorbird.schema import DAY, HOUR, MINUTE, SECOND, Body, Instant
from tailorbird.views import moment
from tailorbird.views.journeys import JourneyWatch, StepWatch
from tailorbird.views.why import Why

START = 1_790_000_000 * SECOND
AGREED = {"email_marketing": True, "personalisation": True, "tracking": True}
TEMPLATE = """<mjml><mj-body><mj-section><mj-column><mj-text>Still there?
{{ shop.name }} <a href="{{ unsubscribe_url }}">Stop</a></mj-text>
</mj-column></mj-section></mj-body></mjml>
"""
JOURNEY = """\
name: cart
description: Brings carts back
trigger: {event: add_to_cart}
exit_when: {event: purchase, since: entry}
goal: {event: purchase, within: 2d}
steps:
  - wait: 1h
    id: rest
  - send: first
    template: cart
    subject: You left something
  - wait_for: {event: email_clicked, since: step}
    id: answer
    timeout: 1d
    then: [{exit: clicked}]
"""
WHERE = "purchase, where: {value_minor: {at_least: 5000}}, within"
FRENCH = "name: french\ndescription: Lives in France\nwhere: {trait: country, is: FR}\n"


class Shop:
    """A folder whose clock we move, with a journey of three steps."""

    def __init__(self, folder: Path) -> None:
        self.now = START
        self.tb = Tailorbird.open(folder, clock=lambda: self.now, environment={})
        self.tb.put("segment", "french", FRENCH)
        self.tb.put("template", "cart", TEMPLATE)
        self.happens("nobody", "Product Added")
        self.happens("nobody", "Order Completed", order_id="0", total=1)
        self.tick(DAY)
        self.tb.put("journey", "cart", JOURNEY)
        self.tick(SECOND)

    def log(self, event: dict[str, Any]) -> None:
        body = msgspec.json.encode({"batch": [event | {"timestamp": moment(self.now).isoformat()}]})
        self.tb.world.log.append([Body("import", self.now, body)])

    def joins(self, user: str, *, agrees: bool = True, country: str = "DE") -> None:
        traits = {"email": f"{user}@mail.example", "country": country}
        consent = {"context": {"consent": AGREED}} if agrees else {}
        self.log({"type": "identify", "userId": user, "traits": traits} | consent)

    def happens(self, user: str, event: str, **properties: Any) -> None:
        self.log({"type": "track", "userId": user, "event": event, "properties": properties})

    def tick(self, later: Instant = SECOND) -> None:
        self.now += later
        flow.tick(self.tb.world, self.now)

    def watch(self, **asked: Any) -> JourneyWatch:
        return journeys.watch(self.tb.world, "cart", self.now, **asked)

    def step(self, name: str) -> StepWatch:
        return next(each for each in self.watch().steps if each.step == name)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path / "data")
    yield made
    made.tb.close()


@pytest.fixture
def carts(shop: Shop) -> Shop:
    """Return the shop after four people left carts: one buys at once, one gets no mail."""
    for user, agrees, country in (
        ("ada", True, "FR"), ("bob", True, "DE"), ("cyd", True, "FR"), ("dan", False, "DE"),
    ):  # fmt: skip
        shop.joins(user, agrees=agrees, country=country)
        shop.happens(user, "Product Added", product_id="mug")
    shop.tick()
    shop.tick(30 * MINUTE)
    shop.happens("bob", "Order Completed", order_id="1", total=10)
    shop.tick()
    shop.tick(HOUR)
    return shop


def test_each_step_tells_who_came_waits_and_left_and_why(carts: Shop) -> None:
    told = carts.watch()
    assert (told.entered, told.in_it, told.held_out) == (4, 3, 0)
    assert (told.converted, told.dropped) == (1, 0)
    assert told.ended == {"left": 1}
    rest, first, answer = (carts.step(name) for name in ("rest", "first", "answer"))
    assert (rest.came, rest.waiting, rest.left, rest.dropped) == (4, 0, 4, 1)
    assert {(way.outcome, way.people) for way in rest.ways} == {("waited", 3), ("left", 1)}
    assert {(way.outcome, way.reason, way.people) for way in first.ways} == {
        ("sent", "only", 2), ("refused", "no_consent", 1),
    }  # fmt: skip
    assert (answer.came, answer.waiting, answer.share) == (3, 3, 0.75)
    assert answer.due_at is not None


def test_who_reaches_the_goal_in_time_has_converted_whatever_the_way_out(carts: Shop) -> None:
    carts.happens("ada", "Order Completed", order_id="2", total=10)
    carts.tick()
    carts.tick(3 * DAY)
    carts.happens("cyd", "Order Completed", order_id="3", total=10)
    carts.tick()
    told = carts.watch()
    assert (told.converted, told.dropped, told.finished, told.in_it) == (2, 0, 2, 0)


def test_only_what_the_goal_asks_for_reaches_it(shop: Shop) -> None:
    shop.tb.put("journey", "cart", JOURNEY.replace("purchase, within", WHERE), reason="large ones")
    for user, total in (("ada", 10), ("bob", 90)):
        shop.joins(user)
        shop.happens(user, "Product Added", product_id="mug")
        shop.tick()
        shop.tick(MINUTE)
        shop.happens(user, "Order Completed", order_id=user, total=total)
    shop.tick()
    assert (shop.watch().entered, shop.watch().converted) == (2, 1)


def test_people_of_segments_are_told_apart(carts: Shop) -> None:
    (french,) = carts.watch(by=["french"]).segments
    assert (french.entered, french.converted, french.dropped) == (2, 0, 0)
    with pytest.raises(UsageError, match="no segment 'none'"):
        carts.watch(by=["none"])


def test_only_those_count_who_entered_since(carts: Shop) -> None:
    assert carts.watch(since=carts.now).entered == 0
    assert carts.watch(since=carts.now).in_it == 3


def test_who_is_due_and_does_not_move_is_found_and_an_alarm_says_so(carts: Shop) -> None:
    assert carts.watch().alarms == ()
    carts.now += 2 * DAY
    told = carts.watch()
    assert [each.step for each in told.stuck] == ["answer"] * 3
    (alarm,) = told.alarms
    assert (alarm.code, alarm.step) == ("stuck", "answer")
    carts.tick()
    assert carts.watch().stuck == ()


def test_a_mail_that_cannot_be_made_is_an_error_of_its_step(shop: Shop) -> None:
    shop.tb.put("template", "cart", TEMPLATE.replace("Still there?", "{{ traits.shoe_size }}"))
    enter(shop, 6)
    shop.tick(2 * HOUR)
    first = shop.step("first")
    told = shop.watch()
    assert (first.errors + first.dropped) >= 6
    assert {alarm.step for alarm in told.alarms} <= {"first"}


def test_a_day_without_anybody_is_an_alarm_where_many_came_before(shop: Shop) -> None:
    enter(shop, journey_alarms.EXPECTED)
    shop.tick(23 * HOUR)
    assert "nobody_enters" not in codes(shop)
    shop.tick(3 * HOUR)
    assert codes(shop) >= {"nobody_enters"}


def test_a_wait_that_nobody_fulfils_is_an_alarm(shop: Shop) -> None:
    enter(shop, journey_alarms.FEW)
    shop.tick(2 * HOUR)
    shop.tick(26 * HOUR)
    assert "never_met" in codes(shop)


def test_more_drop_outs_than_usual_are_an_alarm(shop: Shop) -> None:
    for user in range(20):
        shop.joins(f"u{user}")
        shop.happens(f"u{user}", "Product Added", product_id="mug")
    shop.tick()
    shop.tick(2 * HOUR)
    shop.tick(2 * DAY)
    assert "unusual_drop" not in codes(shop)
    for user in range(20, 40):
        shop.joins(f"u{user}", agrees=False)
        shop.happens(f"u{user}", "Product Added", product_id="mug")
    shop.tick()
    shop.tick(2 * HOUR)
    assert "unusual_drop" in codes(shop)


def test_a_journey_that_rests_alarms_nobody(carts: Shop) -> None:
    carts.tb.put("journey", "cart", JOURNEY + "mode: paused\n")
    carts.now += 9 * DAY
    assert carts.watch().alarms == ()


def test_receivers_of_webhooks_are_told_once_while_it_lasts(carts: Shop) -> None:
    world = carts.tb.world
    carts.now += 2 * DAY
    marks, looked = journey_alarms.news(world, carts.now)
    assert [said["code"] for _, said in marks] == ["stuck"]
    world.hooks.keep([], looked, {}, carts.now)
    assert journey_alarms.news(world, carts.now + MINUTE) == ([], {})
    assert journey_alarms.news(world, carts.now + HOUR)[0] == []
    journeying.advance(world, carts.now + HOUR)
    world.hooks.keep([], journey_alarms.news(world, carts.now + HOUR)[1], {}, carts.now)
    assert journey_alarms.news(world, carts.now + 2 * HOUR)[0] == []


def test_the_command_shows_the_steps_and_ends_with_one_on_an_alarm(
    carts: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(carts.tb.world.folder)
    carts.tb.close()
    capsys.readouterr()
    since = ["--since", "2026-01-01"]
    assert run(["journeys", "watch", "cart", "--by", "french", *since, "-C", folder]) in (0, 1)
    told = capsys.readouterr().out
    assert "4 entered, 0 were held out" in told
    assert "rest: 3 waited, on to first" in told
    assert "of french: 2 entered" in told
    assert run(["journeys", "watch", "none", "-C", folder]) == 2


def why(shop: Shop, user: str, campaign: str) -> Why:
    person = shop.tb.world.people.find(user)
    assert person is not None
    found = shop.tb.readings.why(person, campaign, shop.now)
    assert found is not None
    return found


def test_why_tells_where_somebody_waits_and_how_she_came_there(carts: Shop) -> None:
    ada = why(carts, "ada", "cart")
    assert ada.answer == "in_journey"
    assert "she is at step answer of the journey cart since 2026-09-22" in ada.sentence
    assert [stage.what for stage in ada.stages] == ["entered", "waited", "sent"]
    assert [brief.answer for brief in ada.others] == ["sent"]
    mail = why(carts, "ada", "cart/first")
    assert mail.answer == "sent"
    assert [stage.what for stage in mail.stages] == ["entered", "waited", "decided", "sent"]


def test_why_tells_who_left_who_was_refused_and_who_never_entered(carts: Shop) -> None:
    bob = why(carts, "bob", "cart/first")
    assert (bob.answer, bob.reason) == ("left_journey", "left")
    assert "at step rest" in bob.sentence
    assert "what ends the journey came true" in bob.sentence
    assert why(carts, "dan", "cart/first").reason == "no_consent"
    nobody = why(carts, "nobody", "cart/first")
    assert (nobody.answer, "has not entered the journey cart" in nobody.sentence) == (
        "not_entered",
        True,
    )
    every = carts.tb.readings.whys(bob.person, carts.now)
    assert every is not None
    assert [(each.campaign, each.answer) for each in every.campaigns] == [("cart", "left_journey")]


def test_why_tells_a_trial_from_a_mail(shop: Shop) -> None:
    shop.tb.put("journey", "cart", JOURNEY + "mode: shadow\n")
    shop.joins("eve")
    shop.happens("eve", "Product Added", product_id="mug")
    shop.tick()
    shop.tick(2 * HOUR)
    assert why(shop, "eve", "cart/first").answer == "shadow"


def test_every_way_from_a_step_has_words() -> None:
    assert set(why_journey.WAYS) == set(get_args(Outcome))


def codes(shop: Shop) -> set[str]:
    return {each.code for each in shop.watch().alarms}


def enter(shop: Shop, people: int) -> None:
    """Have people enter at once, as a trigger would."""
    for user in range(people):
        shop.joins(f"e{user}")
    shop.tick()
    found = [shop.tb.world.people.find(f"e{user}") for user in range(people)]
    entries = [
        Entry(person, "", 100 + number, shop.now, shop.now + HOUR, shop.now + HOUR, "rest", NEVER)
        for number, person in enumerate(found)
        if person is not None
    ]
    shop.tb.world.enrolments.enter("cart", 1, entries, shop.now)
