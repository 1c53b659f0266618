"""A journey in the demo: some people fill their carts, some of these buy, the others are reminded.

It goes on where the demo ends: who stayed silent is due for a second mail a day later.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from tailorbird import flow, journey_recipes
from tailorbird.app import Tailorbird
from tailorbird.demo.report import Carts
from tailorbird.demo.shops import finished, user_ids
from tailorbird.schema import HOUR, MINUTE, Body, Instant, Names, PersonId
from tailorbird.views import moment

JOURNEY: Final = "abandoned-cart"
READER: Final = "carts"
MAIL: Final = f"{JOURNEY}/cart-1"
IN_INBOX: Final = MAIL.replace("/", "-")
"""What the inbox calls the mail, as its Feedback-ID does."""
PEOPLE: Final = 24
"""Who fill their carts; every third of them buys."""
_BUYERS: Final = """
SELECT DISTINCT person FROM facts
WHERE event = $1 AND "at" >= (SELECT MIN("at") FROM facts WHERE event = $2)
"""
_ITEMS: Final = "SELECT item FROM products WHERE stock IS NULL OR stock > 0 ORDER BY item LIMIT ?"


def live(tb: Tailorbird, at: Instant) -> tuple[Instant, flow.Ingested]:
    """Let an hour of carts pass from an instant on; return when it ends, and what it brought."""
    world, end, came = tb.world, at + HOUR + 5 * MINUTE, flow.Ingested()
    if world.definitions.get("journey", JOURNEY) is None:
        journey_recipes.add(world, JOURNEY, now=at, author="demo", mode="live")
    people = shoppers(tb)
    acts = [(5 * MINUTE, _carts(tb, people, at)), (25 * MINUTE, _orders(tb, people, at))]
    for number, (later, messages) in enumerate(acts):
        if finished(tb, READER) == number:
            content = msgspec.json.encode({"batch": list(messages)})
            body = Body("simulator", at + later, content)
            world.log.append_from(READER, [body], str(number + 1))
            came += flow.keep_current(world, at + later)
    came += flow.keep_current(world, end)
    if flow.send_waiting(world, end):
        came += flow.keep_current(world, end)
    return end, came


def shoppers(tb: Tailorbird) -> list[tuple[PersonId, str]]:
    """Return who fill their carts, with their user ids: some of whom still buy."""
    rows = tb.world.facts.read(_BUYERS, (Names.PURCHASE, Names.EMAIL_SENT))
    buyers = set(rows["person"].to_pylist())
    known = {user: person for person, user in user_ids(tb).items() if person in buyers}
    return [(known[user], user) for user in sorted(known)[:PEOPLE]]


def count(tb: Tailorbird) -> Carts:
    """Return what became of the carts."""
    ways = [
        each
        for person, _ in shoppers(tb)
        for each in tb.world.enrolments.of_person(person)
        if each.journey == JOURNEY
    ]
    return Carts(
        journey=JOURNEY,
        filled=len(ways),
        bought=sum(each.ended == "left" for each in ways),
        mails=tb.world.inbox.count(IN_INBOX),
        waiting=sum(not each.ended for each in ways),
    )


def buys(number: int) -> bool:
    """Return whether the shopper of a number buys what she has in the cart."""
    return number % 3 == 0


def _carts(
    tb: Tailorbird, people: Sequence[tuple[PersonId, str]], at: Instant
) -> Iterator[dict[str, Any]]:
    items = tb.world.facts.read(_ITEMS, (PEOPLE,))["item"].to_pylist()
    for number, (_, user) in enumerate(people):
        product = {"product_id": items[number % len(items)], "quantity": 1}
        yield _message(user, "Product Added", at + MINUTE + number, product)


def _orders(
    tb: Tailorbird, people: Sequence[tuple[PersonId, str]], at: Instant
) -> Iterator[dict[str, Any]]:
    currency = tb.world.settings.shop.currency
    for number, (_, user) in enumerate(people):
        if buys(number):
            order = {"order_id": f"cart-{user}", "total": 20, "currency": currency}
            yield _message(user, "Order Completed", at + 20 * MINUTE + number, order)


def _message(user: str, event: str, at: Instant, properties: dict[str, Any]) -> dict[str, Any]:
    said = {"type": "track", "userId": user, "event": event, "properties": properties}
    return {**said, "messageId": f"{event} {user} {at}", "timestamp": moment(at).isoformat()}
