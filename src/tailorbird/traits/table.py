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
    from tailorbird.traits.extract import FEW, extract, touched
    from tailorbird.traits.query import Query, in_order

    if len({"person", *traits}) <= len(traits):
        raise UsageError("a trait is named twice", mend="ask for each once, and not for 'person'")
    columns: dict[str, Term] = {name: trait(name).value for name in traits}
    few = people is not None and len(people) <= FEW
    query = Query(as_of, restricted=people is not None, extracted=few)
    rows = query.select(columns, None if people is not None else KnownBy())
    statement = query.statement(in_order(rows))
    tables = dict(statement.tables)
    if people is not None:
        if few:
            tables |= extract(facts, columns.values(), people, as_of=as_of)
        else:
            tables["touched"] = touched(people)
    return facts.read(statement.sql, statement.parameters, tables)
