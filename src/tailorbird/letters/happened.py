"""What set a mail off, as its template reads it under `event`: the event and its products, by now.

An enrolment keeps only the number of its cause; what that was is looked up when the mail is
decided, and then kept with the decision. So a mail shows today's price of what was left in the
cart, and can be made again byte for byte whatever the price is tomorrow.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tailorbird import money
from tailorbird.journeys.journey import (
    CallTrigger,
    DateTrigger,
    EventTrigger,
    SegmentTrigger,
    StockTrigger,
    Trigger,
)
from tailorbird.journeys.triggers import UNCOUNTED
from tailorbird.letters.campaigns import BETWEEN, of_journey
from tailorbird.letters.given import EVENT, JOURNEY, Values, iso
from tailorbird.letters.picks import as_shown
from tailorbird.schema import DAY, Instant, Names, PersonId, Position, Product
from tailorbird.world import World

if TYPE_CHECKING:
    import pyarrow as pa

MOST_PRODUCTS: Final = 24
"""Products of one event that its mail is given."""
_OF_PRODUCT: Final = ("item", "name", "category", "currency", "url", "image")
_EPOCH: Final = date(1970, 1, 1)
_MILLION: Final = 1_000_000
_FACTS: Final = """
SELECT position, event, "at", order_id, item, category, quantity, value_minor, currency
FROM facts WHERE position IN (SELECT position FROM asked)
"""
_PROPERTIES: Final = """
SELECT position, name, text, number FROM properties
WHERE position IN (SELECT position FROM asked) ORDER BY position, name
"""
_LINES: Final = """
SELECT position, item, category, quantity, value_minor FROM lines
WHERE position IN (SELECT position FROM asked)
"""
_CHANGES: Final = """
SELECT position, item, price_before, price_minor, stock_before, stock FROM product_changes
WHERE position IN (SELECT position FROM asked) ORDER BY position, item
"""
_LOOKED: Final = """
SELECT l.person, ARG_MAX(l.item, l."at") AS item, p.position FROM lines AS l
JOIN people_asked AS p USING (person)
JOIN product_changes AS c ON c.position = p.position AND c.item = l.item
WHERE l.event = $1 GROUP BY l.person, p.position
"""


_LATEST: Final = """
SELECT position, "at" FROM facts WHERE person = $1 AND event = $2 AND "at" <= $3
ORDER BY "at" DESC, position DESC LIMIT 1
"""
_LATEST_NEWS: Final = """
SELECT c.position, c."at" FROM product_changes AS c WHERE c."at" <= $3 AND item IN (
    SELECT item FROM lines WHERE person = $1 AND event = $2)
ORDER BY c.position DESC LIMIT 1
"""


class Cause(NamedTuple):
    """What set one person off, as an enrolment keeps it."""

    person: PersonId
    cause: int
    key: str
    at: Instant


def set_off(world: World, trigger: Trigger, causes: Sequence[Cause]) -> list[Values]:
    """Return what each mail reads as `event`; its products are as the catalogue has them now."""
    match trigger:
        case EventTrigger() | CallTrigger():
            events = events_at(world, {each.cause for each in causes})
            found = [events.get(each.cause, {}) for each in causes]
        case SegmentTrigger(segment, on):
            said = {"name": "segment_entered" if on == "entry" else "segment_left"}
            found = [_plain(said, each, {"segment": segment}) for each in causes]
        case DateTrigger(trait, days):
            found = [
                _plain({"name": trait}, each, {"date": str(_day(each.cause - days))})
                for each in causes
            ]
        case StockTrigger():
            found = _of_products(world, trigger, causes)
    return with_products(world, found)


def example(world: World, campaign: str, version: int, person: PersonId, at: Instant) -> Values:
    """Return what a person's mail of a journey would read, by what last happened of that kind.

    Nothing where the campaign is no journey's, or no such thing happened to her.
    """
    name, between, step = campaign.partition(BETWEEN)
    found = world.definitions.get("journey", name, version or None) if between else None
    if found is None or found.removed:
        return {}
    trigger = of_journey(found).trigger
    cause = _latest(world, trigger, person, at)
    event = set_off(world, trigger, [cause])[0] if cause else {}
    return {EVENT: event, JOURNEY: {"name": name, "step": step, "key": ""}}


def _latest(world: World, trigger: Trigger, person: PersonId, at: Instant) -> Cause | None:
    match trigger:
        case SegmentTrigger() | DateTrigger():
            return Cause(person, at // DAY, "", at)
        case EventTrigger(event):
            rows = world.facts.read(_LATEST, (person, event, at))
        case CallTrigger():
            rows = world.facts.read(_LATEST, (person, Names.JOURNEY_CALLED, at))
        case StockTrigger(interest=interest):
            rows = world.facts.read(_LATEST_NEWS, (person, interest, at))
    found = rows.to_pylist()
    return Cause(person, found[0]["position"], "", found[0]["at"]) if found else None


def given_to(told: Values, read: Collection[str], *, personal: bool) -> Values:
    """Return what a mail is given by what proposes it, without what it does not read.

    Who has not agreed to personalisation is not shown what she did; what a program gives with its
    call is the mail's own content.
    """
    unread = {EVENT, JOURNEY} - set(read)
    kept = {name: value for name, value in told.items() if name not in unread}
    event = kept.get(EVENT, {})
    if not personal and event and event.get("name") != Names.JOURNEY_CALLED:
        kept[EVENT] = {name: event[name] for name in ("name", "at") if name in event}
    return kept


def events_at(world: World, positions: Iterable[Position]) -> dict[Position, Values]:
    """Return the events at these positions, as templates read them; retracted ones are absent."""
    asked = {"asked": _positions(positions)}
    if not asked["asked"].num_rows:
        return {}
    properties: dict[Position, Values] = defaultdict(dict)
    for row in world.facts.read(_PROPERTIES, (), asked).to_pylist():
        properties[row["position"]][row["name"]] = _value(row["text"], row["number"])
    lines: dict[Position, list[Values]] = defaultdict(list)
    for row in world.facts.read(_LINES, (), asked).to_pylist():
        lines[row["position"]].append(row)
    return {
        row["position"]: _event(world, row, properties[row["position"]], lines[row["position"]])
        for row in world.facts.read(_FACTS, (), asked).to_pylist()
    }


def value_of(event: Mapping[str, Any], name: str) -> str:
    """Return the value of an event's property as text, '' where it has none."""
    found = event.get("properties", {}).get(name)
    return "" if found is None else str(found)[:200]


def with_products(world: World, events: Sequence[Values]) -> list[Values]:
    """Return events with `product` and `products` as the catalogue has them now."""
    items = {line["item"] for event in events for line in _lines(event)}
    known = world.facts.products(sorted(items)) if items else {}
    return [_told(world, event, known) for event in events]


def _told(world: World, event: Values, known: Mapping[str, Product]) -> Values:
    products, lines = [], []
    for line in _lines(event)[:MOST_PRODUCTS]:
        found = known.get(line["item"]) or Product(
            line["item"],
            category=line.get("category", ""),
            price_minor=line.get("price_minor", 0),
            currency=event["properties"].get("currency", ""),
        )
        product = as_shown(world, found)
        products.append({**product, "quantity": line.get("quantity", 1)})
        lines.append({**line, "name": product["name"]})
    if not products:
        return event
    said = {**event["properties"], "products": lines}
    return {**event, "properties": said, "product": products[0], "products": products}


def _lines(event: Values) -> list[Values]:
    found: list[Values] = event.get("properties", {}).get("products", [])
    return found


def _event(world: World, row: Values, properties: Values, lines: Sequence[Values]) -> Values:
    currency = row["currency"] or world.settings.shop.currency
    named = {name: row[name] for name in ("order_id", "item", "category", "quantity") if row[name]}
    said: Values = {**properties, **named}
    if row["value_minor"]:
        said["value"] = float(money.major(row["value_minor"], currency))
        said["currency"] = currency
    said["products"] = [_line(each, currency) for each in lines]
    return {"name": row["event"], "at": iso(row["at"]), "properties": said}


def _line(row: Values, currency: str) -> Values:
    quantity = row["quantity"] or 1
    each = row["value_minor"] // quantity
    said = {"item": row["item"], "quantity": quantity, "price_minor": each}
    said["price"] = float(money.major(each, currency))
    return said | ({"category": row["category"]} if row["category"] else {})


def _value(text: str | None, number: int | None) -> str | int | float | bool | None:
    """Return a property as it came: numbers are kept in millionths, truths as words beside them."""
    if number is None:
        return text
    if text in ("true", "false"):
        return text == "true"
    return number // _MILLION if number % _MILLION == 0 else number / _MILLION


def _plain(said: Values, cause: Cause, properties: Values) -> Values:
    return {**said, "at": iso(cause.at), "properties": properties}


def _day(days: int) -> date:
    return _EPOCH + timedelta(days)


def _of_products(world: World, trigger: StockTrigger, causes: Sequence[Cause]) -> list[Values]:
    """Return the news of each; of several at one position, of what the person looked at last."""
    asked = {"asked": _positions(each.cause for each in causes)}
    news: dict[Position, dict[str, Values]] = defaultdict(dict)
    for row in world.facts.read(_CHANGES, (), asked).to_pylist():
        news[row["position"]][row["item"]] = row
    items = {item for changes in news.values() for item in changes}
    known = world.facts.products(sorted(items))
    looked = _looked_at(world, trigger, [each for each in causes if len(news[each.cause]) > 1])
    found: list[Values] = []
    for each in causes:
        changes = news[each.cause]
        item = each.key if each.key in changes else looked.get((each.person, each.cause))
        change = changes.get(item or next(iter(changes), ""))
        found.append(_news(world, trigger, change, each, known) if change else {})
    return found


def _looked_at(
    world: World, trigger: StockTrigger, causes: Sequence[Cause]
) -> dict[tuple[PersonId, Position], str]:
    import pyarrow as pa

    if not causes:
        return {}
    people = pa.table(
        {
            "person": pa.array([each.person for each in causes], pa.int64()),
            "position": pa.array([each.cause for each in causes], pa.int64()),
        }
    )
    rows = world.facts.read(_LOOKED, (trigger.interest,), {"people_asked": people}).to_pylist()
    return {(row["person"], row["position"]): row["item"] for row in rows}


def _news(
    world: World,
    trigger: StockTrigger,
    change: Values,
    cause: Cause,
    known: Mapping[str, Product],
) -> Values:
    product = as_shown(world, known.get(change["item"]) or Product(change["item"]))
    said = {name: product[name] for name in _OF_PRODUCT}
    if trigger.news == "price_drop":
        was, now = change["price_before"] or 0, change["price_minor"] or 0
        said["old_price"] = float(money.major(was, product["currency"]))
        said["price"] = float(money.major(now, product["currency"]))
    elif change["stock"] not in (None, UNCOUNTED):
        said["stock"] = change["stock"]
    said["products"] = [{"item": change["item"]}]
    return _plain({"name": trigger.news}, cause, said)


def _positions(positions: Iterable[Position]) -> pa.Table:
    import pyarrow as pa

    return pa.table({"position": pa.array(sorted({*positions}), pa.int64())})
