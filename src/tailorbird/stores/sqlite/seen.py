"""Which message ids were seen before, and where first: rows for events, one row for a body of them.

A body of columns keeps the last 8 bytes of its ids in one value, in the order of its events, with
the instants between which they lie (the first 8 bytes of an id are its instant). A body is compared
with those alone whose time touches its own: files that do not overlap cost nothing, whatever their
number. A tree of the single ids would take 1.5 GB and a random write for each of 50 million.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from tailorbird.schema import Position
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.statements import load

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Keys = npt.NDArray[np.uint64]
    Mask = npt.NDArray[np.bool_]
    Numbers = npt.NDArray[np.int64]

SQL = load("seen")
ROW_IDS: Final = (b"\x00\x02", b"\x00\x11")
"""Between these, the instants of 1990 and later, begin the ids that are an instant and a hash."""


class Seen:
    """Remembers message ids, inside the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def first(self, keys: Sequence[tuple[bytes, Position]]) -> list[bool]:
        """Return for each (message key, position) whether that position was its first sight."""
        with self._database.write() as connection:
            connection.execute(SQL["make_asked"])
            connection.execute(SQL["clear_asked"])
            connection.executemany(SQL["ask"], keys)
            firsts = [True] * len(keys)
            if connection.execute(SQL["remember"]).rowcount < len(keys):
                for (row,) in connection.execute(SQL["seconds"]):
                    firsts[row - 1] = False
        low, high = ROW_IDS
        rows = [number for number, (key, _) in enumerate(keys) if low <= key[:2] < high]
        if rows:
            self._after_columns(keys, rows, firsts)
        return firsts

    def first_of_columns(self, offset: int, rows: Numbers, at: Numbers, keys: Keys) -> Mask:
        """Return which events of a body of columns are seen there first.

        `rows` are their places in the body; `at` and `keys` are their ids.
        """
        import numpy as np

        if not len(rows):
            return np.zeros(0, np.bool_)
        first, last = int(at.min()), int(at.max())
        with self._database.write() as connection:
            whole = np.zeros(int(rows[-1]) + 1, np.uint64)
            whole[rows] = keys
            connection.execute(SQL["remember_columns"], (offset, first, last, whole.tobytes()))
            fresh = ~_repeated(keys)
            for _, earlier in connection.execute(SQL["columns_between"], (offset, last, first)):
                fresh &= ~np.isin(keys, np.frombuffer(earlier, np.uint64))
            between = (_key(first, 0), _key(last + 1, 0), (offset + 1) << 20)
            single = dict(connection.execute(SQL["rows_between"], between).fetchall())
        if single:
            positions = ((offset << 20) + rows).tolist()
            told = zip(at.tolist(), keys.tolist(), positions, strict=True)
            fresh &= np.array([p <= single.get(_key(a, key), p) for a, key, p in told], np.bool_)
        return fresh

    def _after_columns(
        self, keys: Sequence[tuple[bytes, Position]], rows: Sequence[int], firsts: list[bool]
    ) -> None:
        """Mark the ids that a body of columns held before."""
        import numpy as np

        at = [int.from_bytes(keys[row][0][:8]) for row in rows]
        hashes = np.array([int.from_bytes(keys[row][0][8:]) for row in rows], np.uint64)
        until = max(keys[row][1] for row in rows) >> 20
        asked = (until + 1, max(at), min(at))
        for offset, body in self._database.current().execute(SQL["columns_between"], asked):
            known = np.frombuffer(body, np.uint64)
            for number in np.flatnonzero(np.isin(hashes, known)).tolist():
                place = int(np.flatnonzero(known == hashes[number])[0])
                if (offset << 20) + place < keys[rows[number]][1]:
                    firsts[rows[number]] = False


def _repeated(keys: Keys) -> Mask:
    """Return which keys stand earlier in the same body."""
    import numpy as np

    repeated = np.zeros(len(keys), np.bool_)
    in_order = np.sort(keys)
    if (in_order[1:] == in_order[:-1]).any():
        _, firsts = np.unique(keys, return_index=True)
        repeated[:] = True
        repeated[firsts] = False
    return repeated


def _key(at: int, key: int) -> bytes:
    return at.to_bytes(8) + key.to_bytes(8)
