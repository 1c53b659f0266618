"""A journey is simulated over the past: the same as it was live, and nothing is recorded."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from tailorbird import flow, journeying, membership, scheduling, simulating, triggering
from tailorbird.errors import DefinitionError, Stopped, UsageError
from tailorbird.schema import DAY, HOUR, MINUTE, SECOND, Instant
from tailorbird.simulating import Asked
from tailorbird.stopping import Stop
from tailorbird.world import World

DAYS = 3
KEY = b"a simulation draws the same arms"
WHOLE = """\
name: tour
trigger: {event: add_to_cart, where: {category: garden}}
who: {not: {segment: buyers}}
exit_when: {event: purchase}
reentry: 2d
dedupe: 5m
holdout: 0.2
goal: {event: purchase, within: 3d}
steps:
  - wait: 1h
  - send: first
    template: cart
    variants: {plain: {subject: You left something}, warm: {subject: Still thinking}}
  - wait_for: {event: product_viewed, since: step}
    timeout: 20h
    then: [{set: {stage: looked}}]
  - branch:
      - if: {is: {did: product_viewed, times: {at_least: 2}, within: 2d}}
        then: [{send: keen, template: cart, subject: You like it}]
    else:
      - split: {a: {share: 1, steps: [{wait: 2h}]}, b: {share: 1}}
  - send: last
    template: cart
    subject: A last word
"""
NEWS = """\
name: news
audience: all
holdout: 0
template: cart
variants: {plain: {subject: News}}
"""
MAIL = "  - {send: hello, template: cart, subject: Hello}\n"
CART = """\
name: cart
trigger: {event: add_to_cart}
steps:
  - wait: 1h
  - {send: cart-1, template: cart, subject: You left something behind}
"""
ALL = "name: all\nwhere: {not: {trait: shoe_size, is: small}}\n"
BUYERS = "name: buyers\nwhere: {did: purchase, times: {at_least: 3}}\n"


def limit(shop: Any) -> None:
    """Let everybody have one marketing mail a day, and draw the same arms in every folder."""
    world = shop.tb.world
    limits = msgspec.structs.replace(world.settings.limits, email_marketing=("1/day",))
    settings = msgspec.structs.replace(world.settings, limits=limits)
    shop.tb.world = replace(world, settings=settings, assignment_key=KEY)


def live(shop: Any, until: Instant) -> None:
    """Have the shop's server look whenever anything is due, until an instant."""
    world = shop.tb.world
    while True:
        asked = (membership.next_due, journeying.next_due, triggering.next_due, scheduling.next_due)
        due = [at for each in asked if (at := each(world, shop.now)) is not None and at < until]
        if not due:
            break
        shop.now = min(due)
        flow.tick(world, shop.now)
    shop.now = until


def live_through(shop: Any, seed: int, people: Sequence[str]) -> None:
    """Have people look, fill carts and buy for some days, with a campaign between."""
    rng = random.Random(seed)
    start = shop.now
    moments = sorted(rng.sample(range(1, DAYS * 24 * 60), 26))
    for number, minute in enumerate(moments):
        live(shop, start + minute * MINUTE)
        event = rng.choice(["add_to_cart"] * 5 + ["product_viewed"] * 4 + ["purchase"])
        shop.event(rng.choice(people), event, product_id="mug", order_id=f"o{number}",
                   category=rng.choice(["garden"] * 3 + ["books"]))  # fmt: skip
        if number == 10:
            flow.decide(shop.tb.world, "news", shop.now)
        flow.tick(shop.tb.world, shop.now)
    live(shop, start + DAYS * DAY)
    flow.tick(shop.tb.world, shop.now)


def ways(world: World, name: str) -> list[tuple[Any, ...]]:
    """Return every way through a journey: whose, since when, and each step with its instant."""
    found = []
    for person in {each.person for each in world.enrolments.passages(name)}:
        for each in world.enrolments.of_person(person):
            if each.journey != name:
                continue
            records = world.enrolments.records(each.id)
            steps = tuple((r.step, r.at, r.outcome, r.to, r.reason) for r in records)
            found.append((person, each.entered_at, each.cause, each.ended, steps))
    return sorted(found)


def contents(shop: Any) -> list[Any]:
    """Return every row of the record and of the facts."""
    database = shop.tb.world.enrolments._database.read()
    tables = [
        row[0]
        for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        if not row[0].startswith("sqlite_")
    ]
    rows = [(name, database.execute(f'SELECT * FROM "{name}"').fetchall()) for name in tables]
    facts = shop.tb.world.facts
    names = facts.read("SELECT table_name AS name FROM information_schema.tables")["name"]
    return rows + [
        (name, facts.read(f'SELECT * FROM "{name}"').to_pylist())
        for name in sorted(names.to_pylist())
    ]


@pytest.fixture
def past(shop: Any) -> Any:
    """Return a shop that has lived with a journey from its first day, and keeps when that was."""
    limit(shop)
    shop.tb.put("segment", "buyers", BUYERS)
    shop.tb.put("segment", "all", ALL)
    shop.tb.put("campaign", "news", NEWS)
    people = [f"person-{number}" for number in range(6)]
    for who in people:
        shop.identify(who, email=f"{who}@mail.example")
    shop.tick()
    shop.put(WHOLE)
    shop.start = shop.now
    live_through(shop, 5, people)
    return shop


def test_a_simulation_gives_what_the_engine_did_live(past: Any) -> None:
    world = past.tb.world
    lived = ways(world, "tour")
    simulation = simulating.Simulation(world, Asked("tour", past.start, past.now))
    found = simulation.run(Stop(), lambda _share: None)
    assert ways(simulation._stage, "tour") == lived
    assert len(lived) > 5
    assert {step[2] for way in lived for step in way[4]} >= {"sent", "refused", "left", "timed_out"}
    made = [
        (each.campaign, each.person, each.at, each.verdict, each.reason, each.variant)
        for each in world.ledger.decisions(limit=10_000)
        if each.campaign.startswith("tour/")
    ]
    imagined = simulation._ledger.made.values()
    assert sorted(made) == sorted(
        (e.campaign, e.person, e.at, e.verdict, e.reason, e.variant) for e in imagined
    )
    assert found.entered + found.held_out == len(lived)
    assert found.ticks < 2_000


def test_a_simulation_records_nothing(cart: Any) -> None:
    start = cart.now
    cart.put(WHOLE.replace("who: {not: {segment: buyers}}\n", ""))
    for who in ("ann", "ben", "cyd"):
        cart.event(who, "add_to_cart", product_id="mug", category="garden")
        cart.tick(60)
    cart.tick(7200)
    cart.event("ann", "product_viewed", product_id="mug")
    cart.tick(90_000)
    before = contents(cart)
    world = cart.tb.world
    made = simulating.simulate(world, Asked("tour", start, cart.now))
    drafted = simulating.simulate(world, Asked("draft", start, cart.now, draft("draft")))
    assert made.entered + made.held_out == drafted.entered == 3
    assert sum(mail.sent for mail in drafted.mails) > 3
    assert any(way.outcome == "updated" for way in drafted.ways)
    assert contents(cart) == before


def test_segments_dates_and_products_set_off_as_they_did(shop: Any) -> None:
    world, start = shop.tb.world, shop.now
    shop.tb.put("segment", "fans", "name: fans\nwhere: {did: product_viewed}\n")
    triggers = {
        "fan": "{segment: fans}",
        "renewal": '{date: renews, at: "09:00"}',
        "cheaper": "{price_drop: product_viewed, within: 30d}",
    }
    for name, trigger in triggers.items():
        shop.put(f"name: {name}\ntrigger: {trigger}\nsteps:\n  - wait: 90m\n{MAIL}")
    shop.identify("ann", renews="2026-03-05")
    priced(shop, 10)
    shop.tick(60)
    for who in ("ben", "cyd"):
        shop.event(who, "product_viewed", product_id="mug")
        shop.tick(3600)
    shop.event("cyd", "purchase", product_id="mug", order_id="o1")
    shop.tick(60)
    priced(shop, 8)
    shop.tick()
    live(shop, start + 22 * HOUR)
    shop.event("ben", "purchase", product_id="mug", order_id="o2")
    shop.tick()
    for name, entered in (("fan", 2), ("renewal", 1), ("cheaper", 1)):
        simulation = simulating.Simulation(world, Asked(name, start, shop.now))
        assert simulation.run(Stop(), lambda _share: None).entered == entered, name
        assert ways(simulation._stage, name) == ways(world, name)


def test_who_took_the_room_is_told_the_real_campaign_or_the_journey_itself(cart: Any) -> None:
    start = cart.now
    limit(cart)
    cart.tb.put("segment", "all", ALL)
    cart.tb.put("campaign", "news", NEWS.replace("all", "all\nexclude: [fans]"))
    cart.tb.put("segment", "fans", "name: fans\nwhere: {did: product_viewed}\n")
    cart.event("ben", "product_viewed", product_id="mug")
    cart.tick(1800)
    flow.decide(cart.tb.world, "news", cart.now)
    flow.tick(cart.tb.world, cart.now)
    for who in ("ann", "ben"):
        cart.event(who, "add_to_cart", product_id="mug")
    cart.tick(8 * 3600)
    twice = (
        f"name: twice\ntrigger: {{event: add_to_cart}}\nsteps:\n{MAIL}{MAIL.replace('hello', 'b')}"
    )
    told = simulating.simulate(cart.tb.world, Asked("twice", start, cart.now, twice))
    taken = {(each.step, each.taken_by, each.mails) for each in told.conflicts}
    assert taken == {("hello", "news", 1), ("b", "news", 1), ("b", "twice/hello", 1)}
    assert {each.limit for each in told.conflicts} == {"email_marketing 1/day"}
    assert [(each.step, each.sent, sum(each.refused.values())) for each in told.mails] == [
        ("hello", 1, 1),
        ("b", 0, 2),
    ]
    assert [(each.mails, each.providers) for each in told.days] == [({"hello": 1}, {"other": 1})]


def test_it_is_looked_as_often_as_is_said_and_nobody_is_lost(cart: Any) -> None:
    start = cart.now
    for who in ("ann", "ben", "cyd"):
        cart.event(who, "add_to_cart", product_id="mug")
        cart.tick(1000)
    cart.tick(DAY // SECOND)
    exact = simulating.simulate(cart.tb.world, Asked("cart", start, cart.now))
    coarse = simulating.simulate(cart.tb.world, Asked("cart", start, cart.now, every=6 * HOUR))
    assert (coarse.entered, coarse.ended) == (exact.entered, exact.ended)
    assert coarse.mails[0].sent == exact.mails[0].sent == 3
    assert (exact.ticks, coarse.ticks) == (6, 2)


def test_what_stands_in_the_way_is_told(cart: Any) -> None:
    start = cart.now
    cart.event("ann", "add_to_cart", product_id="mug")
    cart.tick(DAY // SECOND)
    world, until = cart.tb.world, cart.now
    broken = simulating.simulate(
        world, Asked("cart", start, until, CART.replace("template: cart", "template: none"))
    )
    assert broken.mails[0].refused == {"broken": 1}
    with pytest.raises(UsageError, match="no journey 'nothing'"):
        simulating.simulate(world, Asked("nothing", start, until))
    with pytest.raises(UsageError, match="longer than 400 days"):
        simulating.simulate(world, Asked("cart", until, start))
    with pytest.raises(DefinitionError, match="trigger"):
        simulating.simulate(world, Asked("cart", start, until, "name: cart\n"))
    stop = Stop()
    stop.ask()
    with pytest.raises(Stopped):
        simulating.simulate(world, Asked("cart", start, until), stop=stop)


def test_in_the_shadow_live_events_are_decided_and_recorded_and_nothing_is_sent(cart: Any) -> None:
    cart.put(CART.replace("trigger", "mode: shadow\ntrigger"))
    cart.event("ann", "add_to_cart", product_id="mug")
    for seconds in (0, 3599, 1):
        cart.now += seconds * SECOND
        flow.tick(cart.tb.world, cart.now)
    assert cart.path("ann") == [
        ("", "entered", "1"),
        ("1", "waited", "cart-1"),
        ("cart-1", "shadow", ""),
    ]
    assert cart.tb.world.enrolments.records(cart.where("ann").id)[-1].at == cart.now
    assert cart.tb.world.ledger.decisions() == []
    assert cart.tb.world.inbox.count() == 0


def priced(shop: Any, price: float) -> None:
    """Have the shop say what a mug costs."""
    moment = datetime.fromtimestamp(shop.now / SECOND, UTC).isoformat()
    shop.log(
        "import",
        {
            "type": "track", "event": "product_updated", "messageId": f"price-{price}",
            "timestamp": moment, "properties": {"product_id": "mug", "price": price},
        },
    )  # fmt: skip


def draft(name: str) -> str:
    """Return the journey under another name, for everybody, with nobody held out."""
    text = WHOLE.replace("name: tour", f"name: {name}").replace("holdout: 0.2", "holdout: 0")
    return text.replace("who: {not: {segment: buyers}}\n", "")
