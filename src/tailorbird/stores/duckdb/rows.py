"""From resolved events to the columns of the derived tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from tailorbird.privacy.vault import PERSONAL_FIELDS
from tailorbird.schema import Event, Names, ResolvedEvent, Scalar

if TYPE_CHECKING:
    import pyarrow as pa

Row: TypeAlias = tuple[Any, ...]

MILLION: Final = 1_000_000
INT64_MAX: Final = 2**63 - 1
SILENT: Final = frozenset({Names.IDENTIFY, Names.PRODUCT_UPDATED, Names.CONSENT_CHANGED})
"""Events that change a profile or the catalogue and are no behaviour: they make no fact."""

COLUMNS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "facts": (
        ("position", "int64"), ("person", "int64"), ("event", "string"), ("at", "int64"),
        ("received_at", "int64"), ("order_id", "string"), ("item", "string"),
        ("category", "string"), ("quantity", "int64"), ("value_minor", "int64"),
        ("currency", "string"), ("campaign", "string"), ("variant", "string"),
        ("send_id", "string"), ("machine", "bool"), ("source", "string"),
    ),
    "lines": (
        ("position", "int64"), ("person", "int64"), ("event", "string"), ("at", "int64"),
        ("order_id", "string"), ("item", "string"), ("category", "string"),
        ("quantity", "int64"), ("value_minor", "int64"),
    ),
    "properties": (
        ("position", "int64"), ("person", "int64"), ("event", "string"), ("at", "int64"),
        ("name", "string"), ("text", "string"), ("number", "int64"),
    ),
    "trait_values": (
        ("position", "int64"), ("person", "int64"), ("name", "string"), ("at", "int64"),
        ("text", "string"), ("number", "int64"),
    ),
    "people": (("person", "int64"), ("created_at", "int64"), ("position", "int64")),
    "products": (
        ("item", "string"), ("name", "string"), ("category", "string"), ("price_minor", "int64"),
        ("currency", "string"), ("url", "string"), ("image", "string"), ("stock", "int64"),
        ("updated_at", "int64"), ("position", "int64"),
    ),
}  # fmt: skip


def tables_of(events: Sequence[ResolvedEvent]) -> dict[str, pa.Table]:
    """Return the new rows of every derived table that these events add to."""
    rows = {
        "facts": [_fact(e, p) for e, p in _each(events) if e.name not in SILENT],
        "lines": [row for e, p in _each(events) if e.name not in SILENT for row in _lines(e, p)],
        "properties": [
            row for e, p in _each(events) if e.name not in SILENT for row in _properties(e, p)
        ],
        "trait_values": [row for e, p in _each(events) if p for row in _trait_values(e, p)],
        "people": [(p, e.at, e.position) for e, p in _each(events) if p],
        "products": [row for e, _ in _each(events) if e.name == Names.PRODUCT_UPDATED
                     for row in _products(e)],
    }  # fmt: skip
    return {name: _table(name, rows[name]) for name in COLUMNS if rows[name]}


def number_of(value: Scalar) -> int | None:
    """Return a number in millionths, None for what is no number or does not fit 64 bits."""
    if value is None or isinstance(value, str):
        return None
    if isinstance(value, float) and (value != value or abs(value) == float("inf")):
        return None
    millionths = (
        int(Decimal(repr(value)) * MILLION) if isinstance(value, float) else value * MILLION
    )
    return millionths if abs(millionths) <= INT64_MAX else None


def text_of(value: Scalar) -> str | None:
    """Return a value as text: booleans as `true` and `false`, whole floats without a point."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _each(events: Sequence[ResolvedEvent]) -> Iterable[tuple[Event, int | None]]:
    return ((resolved.event, resolved.person) for resolved in events)


def _fact(e: Event, person: int | None) -> Row:
    return (
        e.position, person, e.name, e.at, e.received_at, e.order_id or None, e.item or None,
        e.category or None, e.quantity or None, e.value_minor, e.currency or None,
        e.campaign or None, e.variant or None, e.send_id or None, e.machine, e.source,
    )  # fmt: skip


def _lines(e: Event, person: int | None) -> Iterable[Row]:
    return (
        (
            e.position, person, e.name, e.at, e.order_id or None, line.item,
            line.category or None, line.quantity, line.quantity * line.price_minor,
        )
        for line in e.lines
    )  # fmt: skip


def _properties(e: Event, person: int | None) -> Iterable[Row]:
    return (
        (e.position, person, e.name, e.at, name, text_of(value), number_of(value))
        for name, value in e.properties.items()
    )


def _trait_values(e: Event, person: int) -> Iterable[Row]:
    return (
        (e.position, person, name, e.at, text_of(value), number_of(value))
        for name, value in e.traits.items()
        if name not in PERSONAL_FIELDS
    )


def _products(e: Event) -> Iterable[Row]:
    stock = e.properties.get("stock")
    url = text_of(e.properties.get("url"))
    image = text_of(e.properties.get("image_url") or e.properties.get("image"))
    return (
        (
            line.item, line.name or None, line.category or None, line.price_minor or None,
            e.currency or None, url, image, int(stock) if isinstance(stock, int | float) else None,
            e.at, e.position,
        )
        for line in e.lines
    )  # fmt: skip


def _table(name: str, rows: list[Row]) -> pa.Table:
    import pyarrow as pa

    columns = zip(*rows, strict=True)
    arrays = [
        pa.array(column, type=getattr(pa, "bool_" if kind == "bool" else kind)())
        for column, (_, kind) in zip(columns, COLUMNS[name], strict=True)
    ]
    return pa.Table.from_arrays(arrays, names=[column for column, _ in COLUMNS[name]])
