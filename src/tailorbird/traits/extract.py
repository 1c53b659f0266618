"""The rows of a few people, taken out once for many questions about them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from tailorbird.ports import Facts
from tailorbird.schema import PersonId
from tailorbird.traits.reading import needs
from tailorbird.traits.sql import (
    DIALECT,
    TOUCHED,
    column,
    member_of,
    select,
    table,
)
from tailorbird.traits.terms import Term

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

FEW: Final = 20_000
"""Up to so many people it is cheaper to take their rows out than to search for them each time."""


def touched(people: Sequence[PersonId] | npt.NDArray[np.int64]) -> pa.Table:
    """Return the people as the table that a restricted query reads."""
    import pyarrow as pa

    return pa.table({"person": pa.array(people, pa.int64())})


def extract(
    facts: Facts, terms: Iterable[Term], people: Sequence[PersonId] | npt.NDArray[np.int64]
) -> dict[str, pa.Table]:
    """Return `touched` and `touched_NAME` of every table that the terms read of these people."""
    asked = {TOUCHED: touched(people)}
    columns = {name: need.columns for name, need in needs(terms).items()}
    columns["people"] = {"person", "created_at"}
    return asked | {
        f"{TOUCHED}_{name}": _taken(facts, name, sorted(each), asked)
        for name, each in columns.items()
    }


def _taken(facts: Facts, name: str, columns: list[str], asked: dict[str, pa.Table]) -> pa.Table:
    """Take all rows of the people: to test the event first costs more than the rows it spares."""
    among = member_of(column("person"), select(column("person"), source=table(TOUCHED)))
    query = select(*(column(each) for each in columns), source=table(name), where=[among])
    return facts.read(query.sql(dialect=DIALECT, copy=False), (), asked)
