"""Traits as an Arrow table: what models train on and templates are filled from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from tailorbird.errors import UsageError
from tailorbird.ports import Facts
from tailorbird.schema import Instant, PersonId
from tailorbird.traits.registry import trait
from tailorbird.traits.terms import KnownBy, Term

if TYPE_CHECKING:
    import pyarrow as pa


_OWNED: Final = """
SELECT {} FROM {} AS r JOIN owners_asked AS a
ON a.person = r.person AND a.owner = COALESCE(r.owner, r.person) WHERE r."at" <= ?
"""
_VISITED: Final = """
SELECT {} FROM {} AS r WHERE r."at" <= ? AND r.person IN (SELECT person FROM owners_asked)
AND r.position IN (SELECT f.position FROM facts AS f JOIN owners_asked AS a
    ON a.person = f.person AND a.owner = COALESCE(f.owner, f.person))
"""
_BORN: Final = """
SELECT a.person, MIN(o.created_at) AS created_at FROM owners_asked AS a JOIN owners AS o
ON o.owner = a.owner GROUP BY a.person
"""


def table_of_owners(
    facts: Facts, traits: Sequence[str], *, as_of: Instant, owners: pa.Table
) -> pa.Table:
    """Return the same of people of whom only some owners' histories count: (person, owner).

    Scores have no owner, and cannot be asked for.
    """
    from tailorbird.traits.extract import touched
    from tailorbird.traits.query import Query, in_order
    from tailorbird.traits.reading import needs

    columns: dict[str, Term] = {name: trait(name).value for name in traits}
    query = Query(as_of, restricted=True, extracted=True)
    statement = query.statement(in_order(query.select(columns)))
    asked = {"owners_asked": owners}
    tables = dict(statement.tables) | {
        "touched": touched(owners["person"].unique().to_pylist()),
        "touched_people": facts.read(_BORN, (), asked),
    }
    for name, need in needs(columns.values()).items():
        read = _VISITED if name == "visits" else _OWNED
        chosen = ", ".join(f'r."{each}"' for each in sorted(need.columns))
        tables[f"touched_{name}"] = facts.read(read.format(chosen, name), (as_of,), asked)
    return facts.read(statement.sql, statement.parameters, tables)


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
