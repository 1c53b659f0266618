"""People in journeys: they enter, wait, are written to, leave; and what stands in the way."""

from __future__ import annotations

from tests.journeying.conftest import CART, NOON, PEOPLE, TEMPLATE, Shop

from tailorbird import flow, journey_alarms, journeying
from tailorbird.schema import HOUR, MINUTE, SECOND

DAY_SECONDS = 86_400.0
HOUR_SECONDS = 3_600.0


def steps(*lines: str, head: str = "") -> str:
    """Return a journey that is set off by calls."""
    listed = "".join(f"  - {line}\n" for line in lines)
    return f"name: tour\ntrigger: {{call: true}}\nreentry: always\n{head}steps:\n{listed}"


MAIL = "{send: hello, template: cart, subject: Hello}"


def test_who_waits_long_enough_is_written_to(cart: Shop) -> None:
    assert cart.enter("cart", "ann") == 1
    cart.tick(HOUR_SECONDS - 1)
    assert cart.mails() == []
    cart.tick(1)
    assert cart.mails() == [("cart/cart-1", "ann")]
    assert cart.path("ann") == [
        ("", "entered", "1"), ("1", "waited", "cart-1"), ("cart-1", "sent", ""),
    ]  # fmt: skip


def test_a_purchase_in_the_tick_in_which_the_mail_is_due_stops_it(cart: Shop) -> None:
    cart.enter("cart", "ann")
    cart.now += HOUR
    cart.event("ann", "Order Completed", order_id="o1")
    cart.tick()
    assert cart.mails() == []
    assert cart.path("ann")[-1] == ("1", "left", "")


def test_the_next_tick_is_known_to_the_microsecond(cart: Shop) -> None:
    cart.enter("cart", "ann", at=cart.now - 7)
    cart.tick()
    assert journeying.next_due(cart.tb.world, cart.now) == cart.now - 7 + HOUR


def test_what_is_due_but_rests_wakes_nobody(cart: Shop) -> None:
    cart.enter("cart", "ann")
    cart.put(CART.replace("reentry", "mode: paused\nreentry"))
    cart.tick(2 * HOUR_SECONDS)
    assert cart.mails() == []
    assert journeying.next_due(cart.tb.world, cart.now) is None
    cart.put(CART.replace("reentry", "mode: live\nreentry"))
    cart.tick()
    assert cart.mails() == [("cart/cart-1", "ann")]


def test_nobody_enters_a_paused_journey(cart: Shop) -> None:
    cart.put(CART.replace("reentry", "mode: paused\nreentry"))
    assert cart.enter("cart", "ann") == 0


def test_a_shadow_decides_and_notes_but_sends_nothing(shop: Shop) -> None:
    shop.put(steps(MAIL, "{set: {stage: seen}, id: said}", head="mode: shadow\n"))
    shop.enter("tour", "ann")
    shop.tick()
    assert [outcome for _, outcome, _ in shop.path("ann")] == ["entered", "shadow", "shadow"]
    assert shop.mails() == []
    assert shop.tb.world.ledger.decisions() == []
    assert (
        "stage" not in shop.tb.world.people.profiles([shop.where("ann").person]).popitem()[1].traits
    )


def test_whoever_entered_in_the_shadow_is_never_written_to(shop: Shop) -> None:
    live = steps("{wait: 1h, id: pause}", MAIL)
    shop.put(live.replace("reentry", "mode: shadow\nreentry"))
    shop.enter("tour", "ann")
    shop.put(live)
    shop.tick(HOUR_SECONDS)
    assert shop.path("ann")[-1] == ("hello", "shadow", "")
    assert shop.mails() == []


def test_who_is_held_out_has_entered_and_goes_no_further(shop: Shop) -> None:
    shop.put(steps(MAIL, head="holdout: 0.5\n"))
    people = ("ann", "ben", "cyd", "dan")
    shop.enter("tour", *people)
    shop.tick()
    paths = {who: shop.path(who) for who in people}
    held = [who for who in people if paths[who] == [("", "holdout", "")]]
    assert shop.mails() == [("tour/hello", who) for who in people if who not in held]
    first = shop.tb.world.enrolments.records(shop.where("ann").id)[0]
    assert first.reason == "0.5"


def test_an_entry_within_the_dedupe_window_counts_once(shop: Shop) -> None:
    shop.put(steps(MAIL, head="dedupe: 10m\n"))
    assert shop.enter("tour", "ann") == 1
    shop.tick(60)
    assert shop.enter("tour", "ann") == 0
    shop.tick(540)
    assert shop.enter("tour", "ann") == 1


def test_reentry_has_its_time(shop: Shop) -> None:
    tour = steps(MAIL)
    shop.put(tour.replace("reentry: always", "reentry: 7d"))
    assert shop.enter("tour", "ann") == 1
    shop.tick(6 * DAY_SECONDS)
    assert shop.enter("tour", "ann") == 0
    shop.tick(DAY_SECONDS)
    assert shop.enter("tour", "ann") == 1
    shop.put(tour.replace("reentry: always\n", ""))
    shop.tick(900 * DAY_SECONDS)
    assert shop.enter("tour", "ann") == 0


def test_somebody_is_in_it_once_for_each_order(shop: Shop) -> None:
    shop.put(steps("{wait: 1h, id: pause}", MAIL, head="per: order\nseveral: true\n"))
    assert shop.enter("tour", "ann", key="o1") == 1
    shop.tick(1)
    assert shop.enter("tour", "ann", key="o2") == 1
    assert shop.enter("tour", "ann", key="o1") == 0
    shop.tick(2 * HOUR_SECONDS)
    assert shop.mails() == [("tour/hello", "ann"), ("tour/hello", "ann")]


def test_a_new_trigger_has_her_begin_anew(shop: Shop) -> None:
    shop.put(steps("{wait: 1h, id: pause}", MAIL, head="restart: true\n"))
    shop.enter("tour", "ann")
    first = shop.where("ann").id
    shop.tick(HOUR_SECONDS / 2)
    assert shop.enter("tour", "ann") == 1
    assert shop.tb.world.enrolments.records(first)[-1].outcome == "restarted"
    shop.tick(HOUR_SECONDS / 2)
    assert shop.mails() == []
    shop.tick(HOUR_SECONDS / 2)
    assert shop.mails() == [("tour/hello", "ann")]


def test_a_trigger_that_comes_again_after_a_kill_enters_nobody_again(shop: Shop) -> None:
    shop.put(steps("{wait: 1h, id: pause}", MAIL, head="restart: true\n"))
    shop.enter("tour", "ann")
    shop.tick(1)
    shop.enter("tour", "ann")
    shop.said -= 2
    assert shop.enter("tour", "ann", at=NOON) == 0
    assert shop.enter("tour", "ann", at=NOON + SECOND) == 0
    assert not shop.where("ann").ended


def test_a_journey_is_for_some_only(shop: Shop) -> None:
    shop.put(steps("{wait: 1h, id: pause}", MAIL, head="who: {is: {trait: member, is: gold}}\n"))
    for who in ("ann", "ben"):
        shop.identify(who, member="gold")
    shop.tick()
    assert shop.enter("tour", "ann", "ben", "cyd") == 2
    shop.now += SECOND
    shop.identify("ben", member="tin")
    shop.tick(HOUR_SECONDS)
    assert shop.mails() == [("tour/hello", "ann")]
    assert shop.path("ben")[-1] == ("hello", "refused", "")


def test_a_jump_sends_the_same_mail_again_and_ends(shop: Shop) -> None:
    shop.put(steps(MAIL, "{wait: 1h, id: pause}", "{jump: {to: hello, most: 2}, id: again}"))
    shop.enter("tour", "ann")
    shop.tick()
    for _ in range(5):
        shop.tick(HOUR_SECONDS)
    assert shop.mails() == [("tour/hello", "ann")] * 3
    assert shop.where("ann").ended == "done"


def test_a_wait_ends_at_an_hour_of_her_own_day(shop: Shop) -> None:
    shop.identify("ann", timezone="Asia/Tokyo")
    shop.tick()
    shop.put(steps('{wait: {at: "09:00", on: [fri]}, id: pause}', MAIL))
    shop.enter("tour", "ann", "ben")
    friday = NOON + 36 * HOUR  # 00:00 UTC of Friday, 09:00 in Tokyo
    assert shop.where("ann").due_at == friday
    assert shop.where("ben").due_at > friday
    shop.now = friday
    shop.tick()
    assert shop.mails() == [("tour/hello", "ann")]


def test_of_two_events_at_one_instant_the_log_tells_which_came_after(shop: Shop) -> None:
    shop.put(CART.replace("wait: 1h", "wait: 1h\n    id: pause"))
    for who, order in (("ann", ("add_to_cart", "purchase")), ("ben", ("purchase", "add_to_cart"))):
        for event in order:
            shop.event(who, event, order_id=f"{who}-{event}")
    shop.tick()
    assert shop.where("ann").ended == "left"
    assert shop.where("ben").ended == ""


def test_a_wait_ends_with_the_event_that_it_is_for(shop: Shop) -> None:
    shop.put(
        steps(
            "{wait_for: {event: clicked, since: step}, timeout: 1d, id: click, "
            "then: [{exit: clicked, id: out}]}",
            MAIL,
        )
    )
    shop.event("ann", "clicked")
    shop.tick()
    shop.enter("tour", "ann", "ben")
    shop.tick(60)
    assert shop.path("ann")[-1] == ("", "entered", "click")
    shop.event("ann", "clicked")
    shop.tick(1)
    assert shop.path("ann")[1:] == [("click", "met", "out"), ("out", "exit", "")]
    shop.tick(DAY_SECONDS)
    assert shop.path("ben")[1] == ("click", "timed_out", "hello")


def test_a_wait_for_silence_ends_by_time_alone(shop: Shop) -> None:
    shop.put(
        steps("{wait_for: {not: {is: {did: visit, within: 30m}}}, timeout: 5d, id: quiet}", MAIL)
    )
    shop.event("ann", "visit")
    shop.tick()
    shop.enter("tour", "ann")
    shop.tick(60)
    assert journeying.next_due(shop.tb.world, shop.now) == NOON + 30 * MINUTE
    shop.now = NOON + 30 * MINUTE
    shop.tick()
    assert shop.mails() == [("tour/hello", "ann")]


def test_what_is_set_is_in_the_profile(shop: Shop) -> None:
    shop.tb.lists.create("friends")
    shop.put(steps("{set: {stage: welcomed}, id: said}", "{add_to_list: friends, id: listed}"))
    shop.enter("tour", "ann")
    shop.tick()
    shop.tick(1)
    person = shop.tb.person("ann")
    assert shop.tb.world.people.profiles([person])[person].traits["stage"] == "welcomed"
    assert shop.tb.lists.people("friends", as_of=shop.now) == [person]


def test_where_nothing_can_be_recommended_she_goes_the_error_path(shop: Shop) -> None:
    shop.put(
        steps("{recommend: picks, count: 2, id: pick, on_error: [{exit: poor, id: out}]}", MAIL)
    )
    shop.enter("tour", "ann")
    shop.tick()
    assert shop.path("ann")[1:] == [("pick", "failed", "out"), ("out", "exit", "")]


def test_a_mail_that_cannot_be_made_goes_the_error_path(shop: Shop) -> None:
    shop.put(steps(MAIL[:-1] + ", on_error: [{exit: broken, id: out}]}"))
    shop.enter("tour", "ann")
    world = shop.tb.world
    world.definitions.remove("template", "cart", author="", reason="", now=shop.now)
    shop.tick()
    assert shop.path("ann")[1:] == [("hello", "failed", "out"), ("out", "exit", "")]
    assert shop.mails() == []


def test_a_mail_that_fails_as_it_is_made_takes_the_error_path(shop: Shop) -> None:
    shop.now += SECOND
    shop.identify("ben", first_name="Benny")
    shop.tick()
    shares = TEMPLATE.replace(
        "Dear",
        "{% assign more = person.first_name | default: 'customer' | size | minus: 3 %}"
        "{{ 100 | divided_by: more }} Dear",
    )
    shop.tb.put("template", "shares", shares)
    mail = "{send: hello, template: shares, subject: Hello, on_error: [{exit: broken, id: out}]}"
    shop.put(steps(mail))
    shop.enter("tour", "ann", "ben")
    shop.tick()
    assert shop.path("ann")[1:] == [("hello", "failed", "out"), ("out", "exit", "")]
    assert shop.path("ben")[1:] == [("hello", "sent", "")]
    assert shop.mails() == [("tour/hello", "ben")]
    (refused,) = shop.tb.world.ledger.decisions(person=shop.tb.person("ann"))
    assert (refused.verdict, refused.reason) == ("refused", "broken")
    assert b"divided" in refused.inputs


def test_nobody_stands_in_silence_at_what_cannot_be_asked(shop: Shop) -> None:
    gold = "name: gold\nwhere: {trait: member, is: gold}\n"
    shop.tb.put("segment", "gold", gold)
    shop.put(steps("{if: {segment: gold}, id: ask, then: [{exit: gold, id: out}]}", MAIL))
    shop.enter("tour", "ann")
    world = shop.tb.world
    assert journey_alarms.alarms(world, "tour", shop.now) == ()
    world.definitions.remove("segment", "gold", author="", reason="", now=shop.now)
    (trouble,) = flow.keep_current(world, shop.now).troubles
    assert trouble.startswith("journey tour, step ask, version 1: ")
    assert "no segment 'gold'" in trouble
    (alarm,) = journey_alarms.alarms(world, "tour", shop.now)
    assert (alarm.code, alarm.step) == ("held", "ask")
    assert "no segment 'gold'" in alarm.text
    shop.tb.put("segment", "gold", gold, reason="back")
    assert flow.keep_current(world, shop.now).troubles == ()
    assert journey_alarms.alarms(world, "tour", shop.now) == ()


def test_of_an_exclusive_group_she_enters_one_journey_only(shop: Shop) -> None:
    waits = steps("{wait: 1h, id: pause}", MAIL, head="exclusive: carts\n")
    for name in ("tour", "trip"):
        shop.put(waits.replace("name: tour", f"name: {name}"))
    entered = {name: shop.enter(name, *PEOPLE) for name in ("tour", "trip")}
    assert sum(entered.values()) == len(PEOPLE)
    for who in PEOPLE:
        ways = shop.tb.world.enrolments.of_person(shop.tb.person(who))
        ended = {each.journey: each.ended for each in ways}
        assert sorted(ended.values()) == ["", "refused"]
        (out,) = [each for each in ways if each.ended]
        (record,) = shop.tb.world.enrolments.records(out.id)
        (there,) = [name for name, how in ended.items() if not how]
        assert (record.outcome, record.reason) == ("refused", f"exclusive: in {there}")
    shop.tick(HOUR_SECONDS)
    assert len(shop.mails()) == len(PEOPLE)


def test_who_may_not_be_written_to_goes_on_refused(shop: Shop) -> None:
    shop.said += 1
    shop.log(
        "server",
        {"type": "identify", "messageId": "x", "userId": "zoe", "traits": {"email": "z@m.example"}},
    )
    shop.tick()
    shop.put(steps(MAIL[:-1] + ", on_refused: [{exit: silent, id: out}]}"))
    shop.enter("tour", "zoe")
    shop.tick()
    assert shop.path("zoe")[1:] == [("hello", "refused", "out"), ("out", "exit", "")]


def test_people_stay_in_their_version_until_they_are_moved(shop: Shop) -> None:
    shop.put(steps("{wait: 1h, id: pause}", MAIL))
    shop.enter("tour", "ann", "ben")
    shop.put(steps("{wait: 3h, id: rest}", MAIL))
    moved = journeying.move(shop.tb.world, "tour", 1, 2, {"pause": "rest"}, shop.now)
    assert moved == 2
    assert shop.path("ann")[-1] == ("pause", "remapped", "rest")
    shop.tick(2 * HOUR_SECONDS)
    assert shop.mails() == []
    shop.tick(HOUR_SECONDS)
    assert shop.mails() == [("tour/hello", "ann"), ("tour/hello", "ben")]


def test_editing_never_touches_who_is_under_way(shop: Shop) -> None:
    shop.put(steps("{wait: 1h, id: pause}", MAIL))
    shop.enter("tour", "ann")
    shop.put(steps("{exit: nothing, id: out}", MAIL).replace("  - {exit: nothing, id: out}\n", ""))
    shop.tick(HOUR_SECONDS)
    assert shop.where("ann").version == 1
    assert shop.mails() == [("tour/hello", "ann")]


def test_a_journey_that_is_no_more_lets_everybody_go(shop: Shop) -> None:
    shop.put(steps("{wait: 1h, id: pause}", MAIL))
    shop.enter("tour", "ann")
    shop.tb.world.definitions.remove("journey", "tour", author="", reason="", now=shop.now)
    shop.tick()
    assert shop.where("ann").ended == "removed"


def test_a_condition_that_cannot_be_asked_holds_up_its_own_step_only(shop: Shop) -> None:
    shop.tb.put("segment", "gold", "name: gold\nwhere: {trait: member, is: gold}\n")
    shop.put(steps("{if: {segment: gold}, id: ask, then: [{exit: gold, id: out}]}", MAIL))
    shop.put(CART)
    shop.enter("tour", "ann")
    shop.enter("cart", "ben")
    world = shop.tb.world
    world.definitions.remove("segment", "gold", author="", reason="", now=shop.now)
    shop.tick(HOUR_SECONDS)
    assert shop.mails() == [("cart/cart-1", "ben")]
    troubles = journeying.advance(world, shop.now).troubles
    assert ["no segment 'gold'" in each for each in troubles.values()] == [True]
    shop.tb.put("segment", "gold", "name: gold\nwhere: {trait: member, is: gold}\n", reason="back")
    shop.tick(1)
    assert ("tour/hello", "ann") in shop.mails()


DIVIDING = TEMPLATE.replace(
    "Dear",
    "{% assign more = person.first_name | size | minus: 3 %}{{ 100 | divided_by: more }} Dear",
)


def test_a_mail_that_breaks_between_decision_and_send_takes_the_error_path(shop: Shop) -> None:
    shop.now += SECOND
    shop.identify("ann", first_name="Annie")
    shop.identify("ben", first_name="Benny")
    shop.tick()
    shop.tb.put("template", "shares", DIVIDING)
    mail = "{send: hello, template: shares, subject: Hello, on_error: [{exit: broken, id: out}]}"
    shop.put(steps(mail, "{wait: 1d, id: rest}"))
    shop.enter("tour", "ann", "ben")
    shop.tick()
    assert shop.where("ann").step == shop.where("ben").step == "rest"
    shop.now += SECOND
    shop.identify("ann", first_name="Ann")
    shop.tick()
    flow.deliver(shop.tb.world, shop.now)
    shop.tick(1)
    assert shop.path("ann")[1:] == [
        ("hello", "sent", "rest"), ("rest", "failed", "out"), ("out", "exit", ""),
    ]  # fmt: skip
    failed = shop.tb.world.enrolments.records(shop.where("ann").id)[2]
    assert failed.reason.startswith("hello: broken: ")
    assert "divided" in failed.reason
    assert shop.where("ben").step == "rest"
    shop.tick(60)
    assert len(shop.path("ann")) == 4


def test_a_mail_that_lacks_something_when_it_is_to_leave_takes_the_refused_path(
    shop: Shop,
) -> None:
    shop.tb.put("template", "called", TEMPLATE.replace(' | default: "customer"', ""))
    mail = (
        "{send: hello, template: called, subject: Hello, on_refused: [{exit: nameless, id: out}]}"
    )
    shop.put(steps(mail, "{wait: 1d, id: rest}"))
    shop.enter("tour", "ann")
    shop.tick()
    assert shop.where("ann").step == "rest"
    shop.now += SECOND
    shop.identify("ann", first_name="")
    shop.tick()
    flow.deliver(shop.tb.world, shop.now)
    shop.tick(1)
    assert shop.path("ann")[2:] == [("rest", "refused", "out"), ("out", "exit", "")]


def test_who_has_left_meanwhile_is_not_brought_back(shop: Shop) -> None:
    shop.now += SECOND
    shop.identify("ann", first_name="Annie")
    shop.tick()
    shop.tb.put("template", "shares", DIVIDING)
    mail = "{send: hello, template: shares, subject: Hello, on_error: [{wait: 1d, id: late}]}"
    shop.put(steps(mail))
    shop.enter("tour", "ann")
    shop.tick()
    shop.now += SECOND
    shop.identify("ann", first_name="Ann")
    shop.tick()
    flow.deliver(shop.tb.world, shop.now)
    shop.tick(1)
    assert (shop.where("ann").ended, len(shop.path("ann"))) == ("done", 2)
