"""Chunks of typed rows, judged under a mapping: what each says, and by which rule it is refused."""

# ruff: noqa: S608 - see `mapped_sql`: no name comes from outside.

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from tailorbird.collect.conversion import Reader, reader_of
from tailorbird.collect.mapping_schema import Mapping
from tailorbird.collect.sources import mapped_sql
from tailorbird.collect.sources.mapped_sql import FAULT, SqlValue
from tailorbird.collect.sources.parquet import Rows
from tailorbird.collect.sources.typed import Typed, absent, convert
from tailorbird.errors import DefinitionError
from tailorbird.schema import Instant

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

TAKEN = -100
"""The rule of a row that is not refused."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A chunk of rows: what they say by the mapping's columns, who they are about, their keys.

    `users` is a dictionary, null for a guest. `faults` says why a cell means nothing.
    """

    rows: Rows
    values: dict[str, pa.Array]
    faults: pa.Array | None
    rules: npt.NDArray[np.int64]
    keys: npt.NDArray[np.uint64]
    users: pa.Array


class Judge:
    """Judges the chunks of one file; it may do several at once."""

    def __init__(
        self,
        mapping: Mapping,
        places: dict[str, int],
        connection: duckdb.DuckDBPyConnection,
        *,
        earliest: Instant,
        latest: Instant,
    ) -> None:
        self._mapping = mapping
        self._places = places
        self._connection = connection
        missing = frozenset(mapping.missing)
        # No column has formats, so that how it is read does not depend on the whole file.
        self._readers = [reader_of(column, missing, lambda: ()) for column in mapping.columns]
        self._sql, self._bound = _statement(mapping, earliest, latest)

    def judge(self, rows: Rows) -> Judged:
        """Return a chunk, judged.

        Raises:
            DefinitionError: a condition of the mapping cannot be tested.
        """
        import pyarrow as pa

        read = [self._read(rows, reader) for reader in self._readers]
        faults = _first_faults(read)
        typed = {f"c{index}": one.values for index, one in enumerate(read)}
        typed["fault"] = pa.nulls(len(rows.lines), pa.string()) if faults is None else faults
        answer = self._answer(pa.table(typed))
        names = [column.name for column in self._mapping.columns]
        return Judged(
            rows,
            dict(zip(names, (one.values for one in read), strict=True)),
            faults,
            answer["rule"].to_numpy(),
            answer["key"].to_numpy(),
            self._users(answer, typed),
        )

    def _read(self, rows: Rows, reader: Reader) -> Typed:
        place = self._places.get(reader.column.name)
        if place is None:
            return absent(len(rows.lines), reader)
        return convert(rows.cells[place], reader)

    def _answer(self, typed: pa.Table) -> pa.Table:
        cursor = self._connection.cursor()
        try:
            cursor.register("typed", typed)
            return cursor.execute(self._sql, self._bound).to_arrow_table()
        except duckdb.InvalidInputException as error:
            what = f"a condition cannot be tested: {error}"
            mend = "write a regular expression without look-around"
            raise DefinitionError(what, where=self._mapping.name, mend=mend) from None
        finally:
            cursor.close()

    def _users(self, answer: pa.Table, typed: dict[str, pa.Array]) -> pa.Array:
        """Return who the rows are about: as it was read where that is one column, else as asked."""
        import pyarrow as pa
        import pyarrow.compute as pc

        only = _only_customer(self._mapping)
        if only:
            return typed[mapped_sql.name_of(self._mapping, only)]
        users = answer["customer"].combine_chunks()
        known = pc.if_else(pc.not_equal(users, ""), users, pa.scalar(None, pa.string()))
        return known.dictionary_encode()


def _only_customer(mapping: Mapping) -> str:
    """Return the one column that says who a row is about, '' where it takes more to say."""
    customers = mapping.customers
    return customers.id[0] if customers and len(customers.id) == 1 and not customers.prefix else ""


def _statement(mapping: Mapping, earliest: Instant, latest: Instant) -> tuple[str, list[SqlValue]]:
    cases, bound = mapped_sql.refusals(mapping, earliest, latest)
    key, key_bound = mapped_sql.key_of(mapping)
    customer = "" if _only_customer(mapping) else f", {mapped_sql.customer_of(mapping)} AS customer"
    sql = (
        f"SELECT CAST(CASE WHEN fault IS NOT NULL THEN {FAULT} {cases} ELSE {TAKEN} END AS BIGINT)"
        f" AS rule, {key} AS key{customer} FROM typed"
    )
    return sql, [*bound, *key_bound]


def _first_faults(read: list[Typed]) -> pa.Array | None:
    """Return what is wrong with the first faulty cell of each row, None where nothing is."""
    import pyarrow.compute as pc

    faults = [one.faults for one in read if one.faults is not None]
    return pc.coalesce(*faults) if faults else None
