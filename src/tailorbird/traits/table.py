"""Traits as an Arrow table: what models train on and templates are filled from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tailorbird.errors import UsageError
from tailorbird.ports import Facts
from tailorbird.schema import Instant, PersonId
from tailorbird.traits.registry import trait
from tailorbird.traits.terms import KnownBy, Term

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa


def table(
    facts: Facts,
    traits: Sequence[str],
    *,
    as_of: Instant,
    people: Sequence[PersonId] | None = None,
) -> pa.Table:
    """Return `person` and one column a trait, in order of person.

    Types: integers and instants int64 (microseconds), millionths int64, text string; NULL where
    there is nothing to say. Only what happened up to `as_of` counts. Without `people`: everybody
    who existed by then. With `people`: those of them that are in the store.

    Raises:
        UsageError: a trait is named twice, or `person`.
    """
    from tailorbird.traits.query import Query

    if len({"person", *traits}) <= len(traits):
        raise UsageError("a trait is named twice", mend="ask for each once, and not for 'person'")
    columns: dict[str, Term] = {name: trait(name).value for name in traits}
    query = Query(as_of, restricted=people is not None)
    select = query.select(columns, None if people is not None else KnownBy())
    statement = query.statement(select.order_by("person"))
    tables = statement.tables if people is None else statement.tables | {"touched": touched(people)}
    return facts.read(statement.sql, statement.parameters, tables)


def touched(people: Sequence[PersonId] | npt.NDArray[np.int64]) -> pa.Table:
    """Return the people as the table that a restricted query reads."""
    import pyarrow as pa

    return pa.table({"person": pa.array(people, pa.int64())})
