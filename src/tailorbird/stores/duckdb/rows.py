"""From resolved events to the columns of the derived tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from tailorbird.privacy.vault import PERSONAL_FIELDS
from tailorbird.schema import MINUTE, Context, Event, Names, ResolvedEvent, Scalar
from tailorbird.stores.duckdb import declared

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Numbers = npt.NDArray[np.int64]

Row: TypeAlias = tuple[Any, ...]

MILLION: Final = 1_000_000
INT64_MAX: Final = 2**63 - 1
INT64_MIN: Final = -(2**63)
UNCOUNTED: Final = "uncounted"
"""What a shop says of the stock of a product that is there and is not counted."""
SILENT: Final = frozenset(
    {
        Names.IDENTIFY, Names.PRODUCT_UPDATED, Names.CONSENT_CHANGED, Names.EVENT_RETRACTED,
        Names.PEOPLE_MERGED, Names.PEOPLE_SEPARATED, Names.PERSON_FORGOTTEN,
    }
)  # fmt: skip
"""Events that change a profile or the catalogue and are no behaviour: they make no fact."""

COLUMNS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "facts": (
        ("position", "int64"), ("person", "int64"), ("event", "string"), ("at", "int64"),
        ("received_at", "int64"), ("order_id", "string"), ("item", "string"),
        ("category", "string"), ("quantity", "int64"), ("value_minor", "int64"),
        ("currency", "string"), ("campaign", "string"), ("variant", "string"),
        ("send_id", "string"), ("machine", "bool"), ("source", "string"),
        ("session_id", "string"), ("browser", "string"), ("os", "string"), ("device", "string"),
        ("app", "string"), ("country", "string"), ("region", "string"), ("city", "string"),
        ("page", "string"), ("referrer", "string"), ("channel", "string"),
        ("utm_source", "string"), ("utm_medium", "string"), ("utm_campaign", "string"),
        ("utm_term", "string"), ("utm_content", "string"), ("utc_offset", "int64"),
        ("hour", "int64"), ("weekday", "int64"), ("dwell_seconds", "int64"),
        ("owner", "int64"),
    ),
    "lines": (
        ("position", "int64"), ("person", "int64"), ("event", "string"), ("at", "int64"),
        ("owner", "int64"), ("order_id", "string"), ("item", "string"), ("category", "string"),
        ("quantity", "int64"), ("value_minor", "int64"), ("own", "bool"),
    ),
    "properties": (
        ("position", "int64"), ("person", "int64"), ("event", "string"), ("at", "int64"),
        ("owner", "int64"), ("name", "string"), ("text", "string"), ("number", "int64"),
    ),
    "trait_values": (
        ("position", "int64"), ("person", "int64"), ("name", "string"), ("at", "int64"),
        ("text", "string"), ("number", "int64"), ("owner", "int64"), ("source", "string"),
        ("day", "int64"), ("instant", "int64"), ("elements", "string"),
    ),
    "people": (
        ("person", "int64"), ("created_at", "int64"), ("position", "int64"), ("owner", "int64"),
    ),
    "products": (
        ("item", "string"), ("name", "string"), ("category", "string"), ("price_minor", "int64"),
        ("currency", "string"), ("url", "string"), ("image", "string"), ("stock", "int64"),
        ("updated_at", "int64"), ("position", "int64"),
    ),
    "product_attributes": (
        ("item", "string"), ("name", "string"), ("text", "string"), ("at", "int64"),
        ("position", "int64"),
    ),
}  # fmt: skip
NO_ATTRIBUTES: Final = frozenset(("stock", "url", "image", "image_url"))
"""What is said of a product and has a column of its own."""
TAKEN_BACK: Final = ""
"""The text of an attribute that a product has no more: it stays, so that an older word that comes
later does not bring it back."""
CLEARED: Final[dict[str, Scalar]] = {"email_invalid": False}
_CONTEXT_TEXTS: Final = tuple(name for name in Context.__struct_fields__ if name != "utc_offset")
_OF_FACTS: Final = ("position", "person", "event", "at", "owner")
"""What the rows of lines and properties say of their event."""


def tables_of(events: Sequence[ResolvedEvent]) -> dict[str, pa.Table]:
    """Return the new rows of every derived table that these events add to."""
    behaviour = [resolved for resolved in events if resolved.event.name not in SILENT]
    facts = _facts(behaviour)
    tables = {
        "facts": facts,
        "lines": _lines([resolved.event for resolved in behaviour], facts),
        "properties": _properties([resolved.event for resolved in behaviour], facts),
        "trait_values": _transposed("trait_values", _trait_values(events)),
        "people": _people([resolved for resolved in events if resolved.person]),
        "products": _transposed("products", _products(events)),
        "product_attributes": _transposed("product_attributes", _product_attributes(events)),
    }
    return {name: table for name, table in tables.items() if table.num_rows}


@lru_cache(maxsize=65_536, typed=True)
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


@lru_cache(maxsize=65_536, typed=True)
def text_of(value: Scalar) -> str | None:
    """Return a value as text: booleans as `true` and `false`, whole floats without a point."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _facts(behaviour: Sequence[ResolvedEvent]) -> pa.Table:
    events = [resolved.event for resolved in behaviour]
    return _table(
        "facts",
        [e.position for e in events],
        [resolved.person for resolved in behaviour],
        [e.name for e in events],
        [e.at for e in events],
        [e.received_at for e in events],
        [e.order_id or None for e in events],
        [e.item or None for e in events],
        [e.category or None for e in events],
        [e.quantity or None for e in events],
        [e.value_minor for e in events],
        [e.currency or None for e in events],
        [e.campaign or None for e in events],
        [e.variant or None for e in events],
        [e.send_id or None for e in events],
        [e.machine for e in events],
        [e.source for e in events],
        *_contexts(events),
        [e.dwell_seconds or None for e in events],
        [resolved.owner for resolved in behaviour],
    )


def _contexts(events: Sequence[Event]) -> list[pa.Array]:
    """Return the columns of the context, and the local hour and weekday (1 is Monday)."""
    import numpy as np
    import pyarrow as pa

    # The decoder hands equal contexts out again: each is turned into columns once.
    places: dict[int, int] = {}
    which = [places.setdefault(id(e.context), len(places)) for e in events]
    contexts = list({id(e.context): e.context for e in events}.values())
    rows = pa.array(which, pa.int64())
    texts = [
        pa.array([getattr(each, name) or None for each in contexts], pa.string()).take(rows)
        for name in _CONTEXT_TEXTS
    ]
    offsets = np.array([each.utc_offset for each in contexts], np.int64)[which]
    hours, weekdays = clock_of(np.array([e.at for e in events], np.int64), offsets)
    return [*texts, pa.array(offsets), pa.array(hours), pa.array(weekdays)]


def clock_of(at: Numbers, offsets: Numbers) -> tuple[Numbers, Numbers]:
    """Return the local hours and weekdays (1 is Monday) of instants."""
    minutes = at // MINUTE + offsets
    # The epoch began on a Thursday.
    return minutes // 60 % 24, (minutes // 1440 + 3) % 7 + 1


def _lines(events: Sequence[Event], facts: pa.Table) -> pa.Table:
    lines = [line for e in events for line in e.lines]
    return _table(
        "lines",
        *_repeated(facts, [*_OF_FACTS, "order_id"], [len(e.lines) for e in events]),
        [line.item for line in lines],
        [line.category or None for line in lines],
        [line.quantity for line in lines],
        [line.quantity * line.price_minor for line in lines],
        [(line.item, line.category) == (e.item, e.category) for e in events for line in e.lines],
    )


def _properties(events: Sequence[Event], facts: pa.Table) -> pa.Table:
    values = [value for e in events for value in e.properties.values()]
    return _table(
        "properties",
        *_repeated(facts, _OF_FACTS, [len(e.properties) for e in events]),
        [name for e in events for name in e.properties],
        [value if type(value) is str else text_of(value) for value in values],
        [None if type(value) is str else number_of(value) for value in values],
    )


def _people(resolved: Sequence[ResolvedEvent]) -> pa.Table:
    return _table(
        "people",
        [r.person for r in resolved],
        [r.event.at for r in resolved],
        [r.event.position for r in resolved],
        [r.owner for r in resolved],
    )


def _trait_values(events: Sequence[ResolvedEvent]) -> Iterable[Row]:
    return (
        (
            e.position, resolved.person, name, e.at, text, number, resolved.owner, e.source,
            day, instant, listed,
        )
        for resolved in events
        if resolved.person and ((e := resolved.event).traits or e.name == Names.IDENTIFY)
        for name, value in _declared(e).items()
        if name not in PERSONAL_FIELDS or name == declared.BIRTHDAY
        for text, number, day, instant, listed in [_read(name, value)]
    )  # fmt: skip


def _read(name: str, value: Scalar) -> Row:
    """Return a value's text, number, day, instant and elements."""
    if name == declared.BIRTHDAY:
        return None, None, declared.birthday(value), None, None
    number = declared.number_in(value) if isinstance(value, str) else number_of(value)
    return text_of(value), number, *declared.day_and_instant(value), declared.elements(value)


def _declared(e: Event) -> dict[str, Scalar]:
    """Return what an event says of a person; a good address takes back the mark of a bad one."""
    return e.traits | CLEARED if e.email and e.name == Names.IDENTIFY else e.traits


def _products(events: Sequence[ResolvedEvent]) -> Iterable[Row]:
    return (
        row
        for resolved in events
        if resolved.event.name == Names.PRODUCT_UPDATED
        for row in _product(resolved.event)
    )


def _product_attributes(events: Sequence[ResolvedEvent]) -> Iterable[Row]:
    return (
        (line.item, name, text or TAKEN_BACK, e.at, e.position)
        for resolved in events
        if (e := resolved.event).name == Names.PRODUCT_UPDATED
        for line in e.lines
        for name, value in e.properties.items()
        if name not in NO_ATTRIBUTES and ((text := text_of(value)) or value is None)
    )


def _product(e: Event) -> Iterable[Row]:
    stock = e.properties.get("stock")
    url = text_of(e.properties.get("url"))
    image = text_of(e.properties.get("image_url") or e.properties.get("image"))
    return (
        (
            line.item, line.name or None, line.category or None, line.price_minor or None,
            e.currency or None, url, image, _pieces(stock),
            e.at, e.position,
        )
        for line in e.lines
    )  # fmt: skip


def _pieces(stock: Scalar) -> int | None:
    """Return a stock that 64 bits hold, the least of them where a shop sells without counting."""
    if stock == UNCOUNTED:
        return INT64_MIN
    counts = isinstance(stock, int | float) and abs(stock) <= INT64_MAX // 2
    return int(stock) if counts and isinstance(stock, int | float) else None


def _repeated(facts: pa.Table, columns: Sequence[str], counts: Sequence[int]) -> list[pa.Array]:
    """Return columns of the facts, each value as often as its event has rows of another table."""
    import numpy as np

    parents = np.repeat(np.arange(len(counts)), counts)
    return [facts.column(column).combine_chunks().take(parents) for column in columns]


def _transposed(name: str, rows: Iterable[Row]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(COLUMNS[name])
    return _table(name, *columns)


def _table(name: str, *columns: Sequence[Any] | pa.Array) -> pa.Table:
    import pyarrow as pa

    schema = pa.schema(
        (column, getattr(pa, "bool_" if kind == "bool" else kind)())
        for column, kind in COLUMNS[name]
    )
    arrays = [
        column if isinstance(column, pa.Array) else pa.array(column, type=field.type)
        for column, field in zip(columns, schema, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)
