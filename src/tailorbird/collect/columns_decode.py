"""From columns to events, thousands at a time: what `decode` would say of each, bit for bit.

Only what is plain is read in bulk. A row that is not (an amount in words, nobody who did it) is
written out as the message that it stands for, and read as every other message; a body of which the
names mean more than that something happened is read so as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from tailorbird.collect import columns
from tailorbird.collect.bodies import BodyError
from tailorbird.collect.columns import Columns
from tailorbird.collect.columns_order import Orders, orders_of
from tailorbird.collect.columns_said import Said, Unplain, said_of
from tailorbird.collect.commerce import ORDERS
from tailorbird.collect.context_place import utc_offset
from tailorbird.collect.conversion import ID_LIMIT
from tailorbird.collect.decode import Decoded, House, decode_messages
from tailorbird.collect.fields import PLACEHOLDERS, Refusal, text
from tailorbird.collect.messages import EARLIEST
from tailorbird.collect.names import NAME_LIMIT, canonical
from tailorbird.event_columns import EventColumns
from tailorbird.schema import (
    DAY,
    MINUTE,
    LogRecord,
    Names,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Mask = npt.NDArray[np.bool_]
    Numbers = npt.NDArray[np.int64]

ORDINARY: Final = frozenset(
    {
        Names.ADD_TO_CART, Names.CART_VIEWED, Names.CHECKOUT_STARTED, Names.COUPON_APPLIED,
        Names.PAGE_VIEWED, Names.PRODUCTS_SEARCHED, Names.PRODUCT_LIST_VIEWED,
        Names.PRODUCT_VIEWED, Names.PURCHASE, Names.REMOVE_FROM_CART, Names.RETURN,
        Names.SCREEN_VIEWED, Names.WISHLIST_ADDED, Names.WISHLIST_REMOVED,
    }
)  # fmt: skip
"""Names of ours that mean no more than that it happened; a shop's own names mean no more either."""
TELLING: Final = frozenset(value for key, value in vars(Names).items() if key.isupper()) - ORDINARY
PLAIN_USER: Final = r"^[!-~]+$"
NOBODY: Final = r"^[0-]*$"
CLOCK: Final = 15 * MINUTE
"""Clocks are changed on the quarter of an hour."""


def read_columns(record: LogRecord, house: House) -> EventColumns | None:
    """Return the events of a body of columns, None where it must be read message by message."""
    try:
        return _Body(record, columns.read(record.body.content), house).events()
    except (Unplain, BodyError):
        return None


class _Body:
    """One body, being read."""

    def __init__(self, record: LogRecord, told: Columns, house: House) -> None:
        import numpy as np

        self._record = record
        self._told = told
        self._house = house
        self._odd = np.zeros(len(told), np.bool_)
        self._at = told.at.to_numpy()

    def events(self) -> EventColumns:
        """Return the events.

        Raises:
            Unplain: they mean more than can be told in bulk.
        """
        import numpy as np

        names, codes = self._names()
        said = said_of(self._told, self._odd)
        self._check_users(np.array([name in ORDERS for name in names], np.bool_)[codes])
        received = self._record.body.received_at
        self._odd |= (self._at < EARLIEST) | (self._at > received + DAY)
        orders = orders_of(names, codes, said, self._house.currency, self._odd)
        kept = ~self._odd
        others = self._others()
        return EventColumns(
            offset=self._record.offset,
            source=self._record.body.source,
            received_at=received,
            facts=self._facts(names, codes, orders, kept),
            lines=_lines(orders, kept),
            properties=_properties(said, orders, kept),
            others=others.events,
            refused=others.refused,
        )

    def _names(self) -> tuple[list[str], Numbers]:
        """Return our names of what happened, and which of them each event has."""
        import numpy as np

        names = [_name(word) for word in self._told.event.dictionary.to_pylist()]
        if not TELLING.isdisjoint(names):
            raise Unplain
        codes = self._told.event.indices.to_numpy()
        self._odd |= np.array([not name for name in names], np.bool_)[codes]
        return names, codes

    def _check_users(self, open_to_guests: Mask) -> None:
        """Mark the events of guests, where these must not be, and of users who are hard to read."""
        import pyarrow as pa
        import pyarrow.compute as pc

        users = self._told.user.dictionary
        placeholders = pa.array(sorted(PLACEHOLDERS), pa.string())
        plain = pc.and_(
            pc.match_substring_regex(users, PLAIN_USER),
            pc.less_equal(pc.utf8_length(users), ID_LIMIT),
        )
        plain = pc.and_not(plain, pc.is_in(pc.utf8_lower(users), placeholders))
        plain = pc.and_not(plain, pc.match_substring_regex(users, NOBODY))
        known = plain.take(self._told.user.indices)
        guest = self._told.user.is_null().to_numpy(zero_copy_only=False)
        plain_user = pc.fill_null(known, False).to_numpy(zero_copy_only=False)
        self._odd |= ~plain_user & ~(guest & open_to_guests)

    def _others(self) -> Decoded:
        """Return the events that are not plain, read one by one."""
        import numpy as np

        rows = np.flatnonzero(self._odd).tolist()
        first = self._record.offset << 20
        told = zip((first + row for row in rows), columns.messages(self._told, rows), strict=True)
        return decode_messages(self._record.body, told, self._house)

    def _facts(self, names: Sequence[str], codes: Numbers, orders: Orders, kept: Mask) -> pa.Table:
        import numpy as np
        import pyarrow as pa

        mask = pa.array(kept)
        received = self._record.body.received_at
        rows = np.flatnonzero(kept)
        at = np.minimum(self._at[kept], received)
        return pa.table(
            {
                "position": pa.array((self._record.offset << 20) + rows),
                "user_id": self._told.user.filter(mask),
                "event": pa.DictionaryArray.from_arrays(pa.array(codes[kept]), pa.array(names)),
                "at": pa.array(at),
                "order_id": orders.order_id.filter(mask),
                "item": orders.item.filter(mask),
                "category": orders.category.filter(mask),
                "quantity": pa.array(orders.quantity[kept]),
                "value_minor": pa.array(orders.value_minor[kept]),
                "currency": orders.currency.filter(mask),
                "utc_offset": pa.array(self._offsets(at)),
                "key_at": pa.array(self._at[kept]),
                "key": self._told.keys.filter(mask),
            }
        )

    def _offsets(self, at: Numbers) -> Numbers:
        """Return by how many minutes the shop's clocks were ahead of UTC."""
        import numpy as np

        zone = self._house.around.zone
        if zone == "UTC":
            return np.zeros(len(at), np.int64)
        quarters, codes = np.unique(at // CLOCK, return_inverse=True)
        return np.array([utc_offset(zone, int(q) * CLOCK) for q in quarters], np.int64)[codes]


def _name(word: str) -> str:
    """Return our name of an event, '' for what is none."""
    try:
        return canonical(text(word, "event", NAME_LIMIT))
    except Refusal:
        return ""


def _lines(orders: Orders, kept: Mask) -> pa.Table:
    """Return a row for each product; `row` counts the facts."""
    import numpy as np
    import pyarrow as pa

    single = orders.single & kept
    mask = pa.array(single)
    return pa.table(
        {
            "row": pa.array(np.cumsum(kept)[single] - 1),
            "item": orders.item.filter(mask),
            "category": orders.category.filter(mask),
            "quantity": pa.array(orders.quantity[single]),
            "value_minor": pa.array(orders.quantity[single] * orders.price_minor[single]),
        }
    )


def _properties(said: dict[str, Said], orders: Orders, kept: Mask) -> list[tuple[str, pa.Table]]:
    """Return (name, a row for each event that has it); `row` counts the facts."""
    import numpy as np
    import pyarrow as pa

    rows = np.cumsum(kept) - 1
    found = []
    for name, told in said.items():
        which = told.there & kept
        if name in orders.gone:
            which &= ~orders.gone[name]
        if which.any():
            columns_of = {
                "row": pa.array(rows[which]),
                "text": told.texts(which),
                "number": told.numbers_of(which),
            }
            found.append((name, pa.table(columns_of)))
    return found


def in_runs(
    records: Sequence[LogRecord], house: House, *, in_bulk: bool = True
) -> Iterator[tuple[list[LogRecord], list[EventColumns]]]:
    """Yield the records in runs: those that were read by columns with these, others with none.

    A body of columns that must be read message by message is a run of its own: it is large.
    """
    waiting: list[LogRecord] = []
    laid_out: list[EventColumns] = []
    for record in records:
        columnar = columns.is_columnar(record.body)
        found = read_columns(record, house) if columnar and in_bulk else None
        alone = columnar and found is None
        if waiting and (alone or bool(laid_out) != (found is not None)):
            yield waiting, laid_out
            waiting, laid_out = [], []
        waiting.append(record)
        if found is not None:
            laid_out.append(found)
        elif alone:
            yield waiting, []
            waiting = []
    if waiting:
        yield waiting, laid_out
