"""A journey is simulated over the past: the same as it was live, and nothing is recorded."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from tailorbird import flow, journeying, membership, scheduling, simulating, triggering
from tailorbird.schema import DAY, MINUTE, Instant
from tailorbird.simulating import Asked
from tailorbird.stopping import Stop
from tailorbird.world import World

DAYS = 4
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
template: cart
variants: {plain: {subject: News}}
"""
ALL = "name: all\nwhere: {not: {trait: shoe_size, is: small}}\n"
BUYERS = "name: buyers\nwhere: {did: purchase, times: {at_least: 3}}\n"


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
        flow.ingest(world)
    shop.now = until


def live_through(shop: Any, seed: int, people: Sequence[str]) -> None:
    """Have people look, fill carts and buy for some days, with a campaign between."""
    rng = random.Random(seed)
    start = shop.now
    moments = sorted(rng.sample(range(1, DAYS * 24 * 60), 36))
    for number, minute in enumerate(moments):
        live(shop, start + minute * MINUTE)
        event = rng.choice(["add_to_cart"] * 5 + ["product_viewed"] * 4 + ["purchase"])
        shop.event(rng.choice(people), event, product_id="mug", order_id=f"o{number}",
                   category=rng.choice(["garden"] * 3 + ["books"]))  # fmt: skip
        if number == 15:
            flow.decide(shop.tb.world, "news", shop.now)
        flow.tick(shop.tb.world, shop.now)
        flow.ingest(shop.tb.world)
    live(shop, start + DAYS * DAY)
    flow.tick(shop.tb.world, shop.now)


def ways(world: World, name: str) -> list[tuple[Any, ...]]:
    """Return every way through a journey: whose, since when, and each step with its instant."""
    found = []
    for person in {each.person for each in world.enrolments.passages(name)}:
        for each in world.enrolments.of_person(person):
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
    world = shop.tb.world
    limits = msgspec.structs.replace(world.settings.limits, email_marketing=("1/day",))
    settings = msgspec.structs.replace(world.settings, limits=limits)
    shop.tb.world = replace(world, settings=settings)
    shop.tb.put("segment", "buyers", BUYERS)
    shop.tb.put("segment", "all", ALL)
    shop.tb.put("campaign", "news", NEWS)
    people = [f"person-{number}" for number in range(9)]
    for who in people:
        shop.identify(who, email=f"{who}@mail.example")
    shop.tick()
    shop.put(WHOLE)
    shop.start = shop.now
    live_through(shop, 7, people)
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
    cart.tick(90_000)
    before = contents(cart)
    world = cart.tb.world
    made = simulating.simulate(world, Asked("tour", start, cart.now))
    drafted = simulating.simulate(world, Asked("draft", start, cart.now, draft("draft")))
    assert made.entered + made.held_out == drafted.entered == 3
    assert sum(mail.sent for mail in drafted.mails) > 3
    assert contents(cart) == before


def draft(name: str) -> str:
    """Return the journey under another name, for everybody, with nobody held out."""
    text = WHOLE.replace("name: tour", f"name: {name}").replace("holdout: 0.2", "holdout: 0")
    return text.replace("who: {not: {segment: buyers}}\n", "")
