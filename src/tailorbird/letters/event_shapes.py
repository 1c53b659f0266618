"""What a mail that an event sets off may read of it, by the tracking plan and by what has come."""

from __future__ import annotations

from typing import Final

from tailorbird.collect import plan
from tailorbird.collect.names import canonical
from tailorbird.content.shapes import ANY, INSTANT, NUMBER, TEXT, TRUTH, Shape, list_of, mapping
from tailorbird.content.typecheck import Misfit, misfits
from tailorbird.errors import UsageError
from tailorbird.letters import editions
from tailorbird.letters.shapes import PRODUCT, shapes
from tailorbird.world import World
from tailorbird.yaml_text import nearest

EVENT: Final = "event"
"""The name under which a template reads what set it off."""
MOST: Final = 1_000
"""Names of properties that an event may have before any other is believed, too."""
_OF_TYPES: Final[dict[plan.Type, Shape]] = {
    "any": ANY, "text": TEXT, "number": NUMBER, "integer": NUMBER, "boolean": TRUTH,
    "time": INSTANT,
}  # fmt: skip
_FIELDS: Final = {
    **dict.fromkeys(("order_id", "item", "category", "currency"), TEXT),
    "quantity": NUMBER,
    "value": Shape("number", said="an amount"),
}
"""What every event has a column for."""
_MINOR: Final = Shape("number", said="an amount in minor units")
_LINE: Final = {**dict.fromkeys(("item", "name", "category"), TEXT), "quantity": NUMBER}
_NAMES: Final = "SELECT DISTINCT event AS name FROM facts ORDER BY name"
_SEEN: Final = """
SELECT name, BOOL_AND(number IS NOT NULL) AS counts FROM properties
WHERE event = ? GROUP BY name ORDER BY name LIMIT ?
"""


def event_shape(world: World, event: str) -> Shape:
    """Return what a template may read as `event`: `name`, `at`, `properties` and `products`.

    Until anything has happened here, an event may say anything.

    Raises:
        UsageError: no such event has come, and no plan expects it.
    """
    name = canonical(event)
    expected = _planned(world)
    planned = expected.get(name)
    come = world.facts.read(_NAMES).column("name").to_pylist()
    if not come and not expected:
        return event_with(Shape("mapping"))
    if planned is None and name not in come:
        raise UsageError(f"no event {event!r}", mend=nearest(name, sorted({*come, *expected})))
    fields: dict[str, Shape] = dict(_FIELDS)
    open_ended = False
    if planned is None or not planned.closed:
        seen = world.facts.read(_SEEN, (name, MOST + 1)).to_pylist()
        open_ended = len(seen) > MOST
        fields |= {row["name"]: NUMBER if row["counts"] else TEXT for row in seen}
    line = {**_LINE, "price": NUMBER, "price_minor": _MINOR}
    for rule in planned.rules if planned else ():
        if rule.wanted.personal:  # no fact holds it
            continue
        part, _, inner = rule.name.partition(".")
        (line if inner else fields)[inner or part] = _OF_TYPES[rule.wanted.type]
    fields["products"] = list_of(mapping(line))
    properties = Shape("mapping") if open_ended else mapping(fields)
    return event_with(properties)


def event_with(properties: Shape) -> Shape:
    """Return what is read of an event with such properties: its products as they are now, too."""
    product = mapping({**(PRODUCT.fields or {}), "quantity": NUMBER})
    named = {"name": TEXT, "at": INSTANT, "properties": properties}
    return mapping({**named, "product": product, "products": list_of(product)})


def event_misfits(world: World, template: str, event: str) -> tuple[Misfit, ...]:
    """Return where a template does not fit what it is given when this event sets its mail off.

    Raises:
        UsageError: there is no such template, or no such event.
        TemplateError: it is not valid at all.
    """
    edition = editions.of_template(world, template)
    given = {**shapes(world, edition), EVENT: event_shape(world, event)}
    return misfits(edition.source, edition.blocks, given)


def _planned(world: World) -> dict[str, plan.Expected]:
    """Return the events of the plan that is in force."""
    found = world.definitions.get("tracking_plan", plan.NAME)
    return plan.parse(found.text, version=found.version).events if found else {}
