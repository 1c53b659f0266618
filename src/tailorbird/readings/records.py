"""Records as programs read them: preferences, products, events."""

from __future__ import annotations

from typing import Any, Final

from tailorbird.privacy.permit import Permit, permit
from tailorbird.readings.people import consent_lines
from tailorbird.schema import Instant, PersonId
from tailorbird.views import moment
from tailorbird.views.records import EventPage, EventRow, Preferences, ProductPage, ProductRow
from tailorbird.world import World

_PRODUCTS: Final = """
SELECT item, COALESCE(name, '') AS name, COALESCE(category, '') AS category,
    COALESCE(price_minor, 0) AS price_minor, COALESCE(currency, '') AS currency,
    COALESCE(url, '') AS url, COALESCE(image, '') AS image, stock, updated_at
FROM products WHERE item > $1 ORDER BY item LIMIT $2
"""
_ATTRIBUTES: Final = """
SELECT item, name, text FROM product_attributes
WHERE item >= $1 AND item <= $2 AND text <> '' AND name NOT IN ('name', 'price', 'category')
ORDER BY item, name
"""
_EVENT_COLUMNS: Final = """
SELECT position, person, event, "at", received_at, source, order_id, item, quantity, value_minor,
    currency, campaign, machine FROM facts
"""
_EVENTS: Final = (
    _EVENT_COLUMNS
    + """
WHERE position < $1 AND ($2 = 0 OR person = $2) AND ($3 = '' OR event = $3)
    AND "at" >= $4 AND "at" < $5 ORDER BY position DESC LIMIT $6
"""
)
_EVENT: Final = _EVENT_COLUMNS + "WHERE position = $1"
_LAST: Final = 2**63 - 1


def preferences(world: World, person: PersonId, now: Instant) -> Preferences | None:
    """Return a person's latest word on every purpose, None where there is no such person."""
    found = world.people.survivor(person)
    if found is None:
        return None
    state = world.people.consent_states([found]).get(found)
    allowed = permit(state, found, "email_marketing", now)
    return Preferences(
        person=found,
        subscribed=isinstance(allowed, Permit),
        suppressed=state.suppressed if state else "",
        consents=consent_lines(world.people.consents(found)),
    )


def products(world: World, after: str, limit: int) -> ProductPage:
    """Return a page of products by id."""
    rows = world.facts.read(_PRODUCTS, (after, limit + 1)).to_pylist()
    rows, more = rows[:limit], len(rows) > limit
    said = _attributes(world, rows[0]["item"], rows[-1]["item"]) if rows else {}
    shown = tuple(_product(row, said.get(row["item"], {})) for row in rows)
    return ProductPage(shown, shown[-1].item if more else "")


def product(world: World, item: str) -> ProductRow | None:
    """Return one product."""
    found = world.facts.products([item]).get(item)
    if found is None:
        return None
    return ProductRow(
        found.item, found.name, found.category, found.price_minor, found.currency, found.url,
        found.image, found.stock, moment(found.updated_at),
        _attributes(world, item, item).get(item, {}),
    )  # fmt: skip


def _product(row: dict[str, Any], attributes: dict[str, str]) -> ProductRow:
    return ProductRow(**{**row, "updated_at": moment(row["updated_at"])}, attributes=attributes)


def _attributes(world: World, first: str, last: str) -> dict[str, dict[str, str]]:
    """Return the attributes of the products from one id to another, by id and name."""
    found: dict[str, dict[str, str]] = {}
    for row in world.facts.read(_ATTRIBUTES, (first, last)).to_pylist():
        found.setdefault(row["item"], {})[row["name"]] = row["text"]
    return found


def events(
    world: World,
    *,
    person: PersonId,
    name: str,
    since: Instant,
    until: Instant,
    after: int,
    limit: int,
) -> EventPage:
    """Return a page of events, the newest in the log first; 0 and '' leave a choice open."""
    survivor = world.people.survivor(person) if person else 0
    if survivor is None:
        return EventPage(())
    bound = (after or _LAST, survivor, name, since, until or _LAST, limit + 1)
    rows = world.facts.read(_EVENTS, bound).to_pylist()
    shown = tuple(_event(row) for row in rows[:limit])
    return EventPage(shown, shown[-1].id if len(rows) > limit else "")


def event(world: World, position: int) -> EventRow | None:
    """Return one event."""
    rows = world.facts.read(_EVENT, (position,)).to_pylist()
    return _event(rows[0]) if rows else None


def _event(row: dict[str, Any]) -> EventRow:
    return EventRow(
        id=str(row["position"]),
        event=row["event"],
        at=moment(row["at"]),
        received_at=moment(row["received_at"]),
        source=row["source"],
        person=row["person"],
        order_id=row["order_id"] or "",
        item=row["item"] or "",
        quantity=row["quantity"] or 0,
        value_minor=row["value_minor"] or 0,
        currency=row["currency"] or "",
        campaign=row["campaign"] or "",
        machine=row["machine"],
    )
