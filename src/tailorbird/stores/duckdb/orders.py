"""Orders that the state may know: asked before its rows are searched for the orders that came.

A Bloom filter (Bloom 1970): what was never added is nearly always told from what was, and what was
added is never missed. Orders that were rolled back or taken back stay in it: then the rows are
searched in vain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Numbers = npt.NDArray[np.int64]

LEAST_ROOM: Final = 1 << 16
BITS: Final = 24
"""For each order; with so many probes one in four thousand is taken for known."""
PROBES: Final = 5


class KnownOrders:
    """Orders by numbers that are spread evenly over 63 bits."""

    def __init__(self) -> None:
        self._room = 0
        self._many = 0
        self._bits = np.empty(0, np.uint8)

    def has_room_for(self, more: int) -> bool:
        """Return whether so many more can be told apart; never before `fill`."""
        return self._many + more <= self._room

    def fill(self, orders: Numbers, more: int) -> None:
        """Know these alone, with room for more."""
        self._room = max(LEAST_ROOM, 2 * (len(orders) + more))
        self._many = 0
        self._bits = np.zeros(1 << (self._room * BITS // 8 - 1).bit_length(), np.uint8)
        self.add(orders)

    def add(self, orders: Numbers) -> None:
        """Know these too."""
        for place in self._places(orders):
            np.bitwise_or.at(self._bits, place >> 3, (1 << (place & 7)).astype(np.uint8))
        self._many += len(orders)

    def may_know(self, orders: Numbers) -> npt.NDArray[np.bool_]:
        """Return of each whether it may have been added; false is sure."""
        found = np.ones(len(orders), np.bool_)
        for place in self._places(orders):
            found &= (self._bits[place >> 3] >> (place & 7)) & 1 == 1
        return found

    def _places(self, orders: Numbers) -> list[Numbers]:
        """Return the bits of each order: steps of one half of its number, from the other half."""
        last = len(self._bits) * 8 - 1
        start, step = orders & 0x7FFF_FFFF, (orders >> 31) | 1
        return [(start + step * probe) & last for probe in range(PROBES)]
