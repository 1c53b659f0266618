"""The people whom a question is about, as a table that the facts can join."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tailorbird.schema import PersonId

if TYPE_CHECKING:
    import pyarrow as pa


def asked(people: Sequence[PersonId]) -> pa.Table:
    """Return a table with the one column `person`."""
    import pyarrow as pa

    return pa.table({"person": pa.array(people, type=pa.int64())})
