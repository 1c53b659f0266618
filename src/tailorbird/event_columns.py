"""Events column by column, those of one record of the log: before and after they have people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tailorbird.schema import Event, Instant, Refused, ResolvedEvent

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa


class EventColumns(msgspec.Struct, frozen=True):
    """The events of one record of the log column by column; texts are dictionaries.

    `facts`: position, user_id (null for a guest), event, at, order_id, item, category, quantity,
    value_minor, currency, utc_offset; key_at and key are the message id. `lines`: row (counts the
    facts), item, category, quantity, value_minor. `properties`: (name, a table of row, text,
    number in millionths). Rows that are not plain are `others`, or refused.
    """

    offset: int
    source: str
    received_at: Instant
    facts: pa.Table
    lines: pa.Table
    properties: list[tuple[str, pa.Table]]
    others: list[Event]
    refused: list[Refused]


class ResolvedColumns(msgspec.Struct, frozen=True):
    """`EventColumns` with their people: numbers beside the facts, 0 for a guest."""

    columns: EventColumns
    fresh: npt.NDArray[np.bool_]
    """Which of the facts are first sights."""
    people: npt.NDArray[np.int64]
    owners: npt.NDArray[np.int64]
    """As numbered at first."""
    others: list[ResolvedEvent]
