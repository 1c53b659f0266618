"""From resolved columns to the columns of the derived tables: `rows`, thousands at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from tailorbird.event_columns import ResolvedColumns
from tailorbird.schema import (
    ResolvedEvent,
)
from tailorbird.stores.duckdb.rows import COLUMNS, clock_of, tables_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Numbers = npt.NDArray[np.int64]

ROW_GROUP: Final = 122_880
"""Rows that DuckDB keeps together."""
AS_TOLD: Final = ("event", "order_id", "item", "category", "currency")
"""Texts of the facts that are told as they are kept."""


def tables_of_all(
    found: Sequence[ResolvedColumns], events: Sequence[ResolvedEvent]
) -> dict[str, pa.Table]:
    """Return the new rows of every derived table that these columns and events add to."""
    import pyarrow as pa

    if not found:
        return tables_of(events)
    others = [other for each in found for other in each.others]
    by_row = tables_of(sorted([*events, *others], key=lambda each: each.event.position))
    parts: dict[str, list[pa.Table]] = {name: [table] for name, table in by_row.items()}
    for each in found:
        for name, table in _tables(each).items():
            parts.setdefault(name, []).append(table)
    whole = {name: _in_groups(pa.concat_tables(tables)) for name, tables in parts.items()}
    return {name: table for name, table in whole.items() if table.num_rows}


def filled_in(append: str, table: pa.Table) -> str:
    """Return the statement that appends a table, without the columns that are empty throughout."""
    filled = ", ".join(
        f'"{name}"' for name in table.column_names if table.column(name).null_count < len(table)
    )
    return append.replace("BY NAME SELECT *", f"BY NAME SELECT {filled}")


def _in_groups(table: pa.Table) -> pa.Table:
    """Return a table in batches of whole row groups: others would be written twice."""
    import pyarrow as pa

    sizes = [len(chunk) for chunk in table.column(0).chunks]
    if all(size == ROW_GROUP for size in sizes[:-1]) and sizes[-1:] <= [ROW_GROUP]:
        return table
    batches = table.combine_chunks().to_batches(max_chunksize=ROW_GROUP)
    return pa.Table.from_batches(batches, schema=table.schema)


def _tables(found: ResolvedColumns) -> dict[str, pa.Table]:
    import numpy as np
    import pyarrow as pa

    whole = found.columns.facts
    rows = np.flatnonzero(found.fresh)
    facts = whole if len(rows) == whole.num_rows else whole.take(pa.array(rows))
    people, owners = found.people[rows], found.owners[rows]
    told = _facts(found, facts, people, owners)
    # Rows of the body -> rows of the facts; what is no first sight has none.
    places = np.cumsum(found.fresh) - 1
    return {
        "facts": told,
        "people": _people(told, people),
        "lines": _lines(found, told, places),
        "properties": _properties(found, told, places),
    }


def _facts(found: ResolvedColumns, facts: pa.Table, people: Numbers, owners: Numbers) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    at, offsets = facts["at"].to_numpy(), facts["utc_offset"].to_numpy()
    quantity = facts["quantity"].to_numpy()
    hour, weekday = clock_of(at, offsets)
    merged = (owners != people) & (people > 0)
    columns: dict[str, Any] = {name: facts[name].cast(pa.string()) for name in AS_TOLD}
    columns |= {name: facts[name] for name in ("position", "at", "value_minor", "utc_offset")}
    columns |= {
        "person": pa.array(people, mask=people == 0),
        "owner": pa.array(owners, mask=~merged),
        "received_at": pa.array(np.full(len(at), found.columns.received_at)),
        "quantity": pa.array(quantity, mask=quantity == 0),
        "machine": pa.array(np.zeros(len(at), np.bool_)),
        "source": pa.repeat(found.columns.source, len(at)),
        "hour": pa.array(hour),
        "weekday": pa.array(weekday),
    }
    return _table("facts", columns, len(at))


def _people(facts: pa.Table, people: Numbers) -> pa.Table:
    import pyarrow as pa

    known = facts if (people > 0).all() else facts.filter(pa.array(people > 0))
    columns = {name: known[name] for name in ("person", "position", "owner")}
    return _table("people", columns | {"created_at": known["at"]}, known.num_rows)


def _lines(found: ResolvedColumns, facts: pa.Table, places: Numbers) -> pa.Table:
    lines, rows = _fresh(found, found.columns.lines, places)
    columns = _of_facts(facts, rows) | {"order_id": facts["order_id"].take(rows)}
    columns |= {name: lines[name] for name in ("quantity", "value_minor")}
    products = {name: _plain(lines[name]) for name in ("item", "category")}
    columns |= products | {"own": _same(products, facts.select(list(products)).take(rows))}
    return _table("lines", columns, lines.num_rows)


def _same(products: dict[str, pa.ChunkedArray], said: pa.Table) -> pa.ChunkedArray:
    """Return which products are those that their facts say themselves."""
    import pyarrow.compute as pc

    item, category = (
        pc.equal(pc.fill_null(told, ""), pc.fill_null(said[name], ""))
        for name, told in products.items()
    )
    return pc.and_(item, category)


def _properties(found: ResolvedColumns, facts: pa.Table, places: Numbers) -> pa.Table:
    import pyarrow as pa

    tables = []
    for name, told in found.columns.properties:
        said, rows = _fresh(found, told, places)
        columns = _of_facts(facts, rows)
        columns |= {
            "name": pa.repeat(name, said.num_rows),
            "text": _plain(said["text"]),
            "number": said["number"],
        }
        tables.append(_table("properties", columns, said.num_rows))
    return pa.concat_tables(tables) if tables else _table("properties", {}, 0)


def _fresh(found: ResolvedColumns, table: pa.Table, places: Numbers) -> tuple[pa.Table, pa.Array]:
    """Return the rows of first sights, and the rows of the facts to which they belong."""
    import pyarrow as pa

    rows = table["row"].to_numpy()
    kept = found.fresh[rows]
    if kept.all():
        return table, pa.array(places[rows])
    return table.filter(pa.array(kept)), pa.array(places[rows[kept]])


def _of_facts(facts: pa.Table, rows: pa.Array) -> dict[str, Any]:
    return {name: facts[name].take(rows) for name in ("position", "person", "event", "at", "owner")}


def _plain(words: pa.ChunkedArray) -> pa.ChunkedArray:
    import pyarrow as pa

    return words.cast(pa.string())


def _table(name: str, columns: dict[str, Any], rows: int) -> pa.Table:
    """Return the rows of a table; columns that are not given are empty."""
    import pyarrow as pa

    kinds = {
        column: getattr(pa, "bool_" if kind == "bool" else kind)() for column, kind in COLUMNS[name]
    }
    # The empty columns share their memory.
    empty = {kind: pa.nulls(rows, kind) for kind in set(kinds.values())}
    arrays = [
        columns[column] if column in columns else empty[kind] for column, kind in kinds.items()
    ]
    return pa.table(arrays, schema=pa.schema(list(kinds.items())))
