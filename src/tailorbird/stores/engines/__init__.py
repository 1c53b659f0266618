"""Other engines that run compiled statements, over a copy of the tables that these read.

In: Arrow tables of the facts; a `Statement` in the engine's dialect.
Out: an Arrow table, the same on every engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from tailorbird.traits.dialects import Dialect

if TYPE_CHECKING:
    import pyarrow as pa

    from tailorbird.traits.sql import Statement


class Engine(Protocol):
    """An engine with tables of its own, made when it is opened."""

    @property
    def dialect(self) -> Dialect:
        """Return the words in which it wants its statements."""

    def load(self, tables: Mapping[str, pa.Table]) -> None:
        """Let the tables hold these rows, and no others."""

    def read(self, statement: Statement) -> pa.Table:
        """Return what the statement says."""

    def close(self) -> None:
        """Forget the tables."""
