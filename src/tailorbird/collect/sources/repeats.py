"""Rows that repeat an earlier row in every cell, in a file that is read in the order of time.

Equal rows have equal times and keys, so that a row is compared with few others: those of its chunk
and those of the same instant before. Refused rows, of which the time may be unknown, are compared
with every refused row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from tailorbird.collect.sources.judge import TAKEN, Judged
from tailorbird.collect.sources.parquet import Rows
from tailorbird.collect.sources.rows import texts

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Keys = npt.NDArray[np.uint64]
    Places = npt.NDArray[np.int64]
    Mask = npt.NDArray[np.bool_]

REMEMBERED: Final = 1 << 20
"""Refused rows, and rows of one instant, that are compared. A repeat that is farther away
is told as what it is otherwise; it has the id of the row before, and counts once all the same."""


class Repeats:
    """What has been read of one file."""

    def __init__(self, time: str, *, keep: bool) -> None:
        self._time = time
        self._keep = keep
        self._refused: dict[bytes, int] = {}
        self._latest: int | None = None
        self._before: list[tuple[Keys, Rows]] = []
        """Keys and rows of the latest instant."""

    def found(self, judged: Judged) -> dict[int, int]:
        """Return which rows of a chunk repeat another: place in it -> line of the first."""
        import numpy as np

        if self._keep:
            return {}
        taken = judged.rules == TAKEN
        repeated = self._among_refused(judged.rows, np.flatnonzero(~taken))
        places = np.flatnonzero(taken)
        if len(places):
            at = judged.values[self._time].to_numpy(zero_copy_only=False)[places].astype(np.int64)
            repeated |= self._among_taken(judged, places, at)
        return repeated

    def _among_refused(self, rows: Rows, places: Places) -> dict[int, int]:
        repeated: dict[int, int] = {}
        if not len(places):
            return repeated
        for place, cells in zip(places.tolist(), cells_of(rows, places), strict=True):
            line = int(rows.lines[place])
            digest = _digest(cells)
            first = self._refused.get(digest)
            if first is not None:
                repeated[place] = first
            elif len(self._refused) < REMEMBERED:
                self._refused[digest] = line
        return repeated

    def _among_taken(self, judged: Judged, places: Places, at: Places) -> dict[int, int]:
        import numpy as np

        keys = judged.keys[places]
        in_order = np.sort(keys)
        twice = in_order[1:][in_order[1:] == in_order[:-1]]
        suspects = np.isin(keys, twice) if len(twice) else np.zeros(len(keys), np.bool_)
        before = self._of_latest(keys, at, suspects)
        repeated: dict[int, int] = {}
        if suspects.any():
            there = places[suspects]
            for place, cells in zip(there.tolist(), cells_of(judged.rows, there), strict=True):
                line = int(judged.rows.lines[place])
                first = before.setdefault(_digest(cells), line)
                if first != line:
                    repeated[place] = first
        self._remember(judged, places, keys, at)
        return repeated

    def _of_latest(
        self, keys: Keys, at: Places, suspects: npt.NDArray[np.bool_]
    ) -> dict[bytes, int]:
        """Mark what may repeat a row of the latest instant; return those rows by their digests."""
        import numpy as np

        lines: dict[bytes, int] = {}
        same = at == self._latest if self._latest is not None else np.zeros(len(at), np.bool_)
        if not same.any():
            return lines
        for known, rows in self._before:
            suspects |= same & np.isin(keys, known)
            asked = np.flatnonzero(np.isin(known, keys[same]))
            for place, cells in zip(asked.tolist(), cells_of(rows, asked), strict=True):
                lines.setdefault(_digest(cells), int(rows.lines[place]))
        return lines

    def _remember(self, judged: Judged, places: Places, keys: Keys, at: Places) -> None:
        """Keep the rows of the latest instant."""
        import pyarrow as pa

        latest = int(at[-1])
        if latest != self._latest:
            self._latest, self._before = latest, []
        last = places[at == latest]
        if sum(len(known) for known, _ in self._before) + len(last) > REMEMBERED:
            self._before = []
        asked = pa.array(last)
        rows = Rows(judged.rows.lines[last], [cells.take(asked) for cells in judged.rows.cells])
        self._before.append((keys[at == latest], rows))


def cells_of(rows: Rows, places: Places | Sequence[int]) -> list[list[str]]:
    """Return some rows as a CSV would hold them."""
    import pyarrow as pa

    asked = pa.array(places, pa.int64())
    columns = [texts(cells.take(asked)).to_pylist() for cells in rows.cells]
    return [list(row) for row in zip(*columns, strict=True)]


def _digest(cells: Sequence[str]) -> bytes:
    told = "\x1f".join(f"{len(cell)}:{cell}" for cell in cells).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(told, digest_size=16).digest()
