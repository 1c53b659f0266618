"""Places of a list that are kept: for new products, and for values that are seen too little."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tailorbird.recommend.interactions import Flags, Floats, Ints

_ENOUGH = 1e-9


def weights(k: int) -> Floats:
    """Return what share of a list's exposure each of its places has: 1 / log2(rank + 1) of all.

    >>> weights(3).round(2).tolist()
    [0.47, 0.3, 0.23]
    """
    each = 1 / np.log2(np.arange(2, k + 2))
    return np.asarray(each / each.sum())


@dataclass(frozen=True, slots=True)
class Kept:
    """People x places: the number of the value that a place is kept for, -1: for none.

    `member` (values x products) says what is of each value.
    """

    wanted: Ints
    member: Flags


@dataclass(frozen=True, slots=True)
class Places:
    """What may stand in which place, for the candidates (people x candidates) of a choice."""

    spare: Flags
    """Shown only in a place kept for its value, or where nothing else is left."""
    fresh: Flags | None = None
    """New products, for which the last `few` places are kept."""
    few: int = 0
    kept: Kept | None = None

    def piece(self, some: slice) -> Places:
        """Return the places of some people."""
        fresh = None if self.fresh is None else self.fresh[some]
        kept = None if self.kept is None else Kept(self.kept.wanted[some], self.kept.member)
        return Places(self.spare[some], fresh, self.few, kept)

    def usable(self, rows: Ints, alive: Flags, found: Ints, step: int) -> Flags:
        """Return which candidates may take the place of this step; `found` are the columns before.

        A place is only kept where there is a candidate for it.
        """
        usable = np.asarray(alive & ~self.spare)
        usable = np.where(usable.any(axis=1, keepdims=True), usable, alive)
        must = np.zeros((len(rows), 1), bool)
        if self.fresh is not None:
            fresh = np.asarray(alive & self.fresh)
            shown = _among(self.fresh, found[:, :step]).sum(axis=1)
            needed = np.minimum(self.few - shown, fresh.sum(axis=1))
            must = np.asarray((needed > 0) & (needed >= found.shape[1] - step))[:, None]
            usable = np.where(must, fresh, usable)
        if self.kept is not None:
            like = np.asarray(_lacking(self.kept, rows, found, step) & alive)
            usable = np.where(~must & like.any(axis=1, keepdims=True), like, usable)
        return usable


def _among(flags: Flags, columns: Ints) -> Flags:
    """Return the flags of these columns of each row, False for -1."""
    return np.asarray(np.take_along_axis(flags, columns, axis=1) & (columns >= 0))


def _lacking(kept: Kept, rows: Ints, found: Ints, step: int) -> Flags:
    """Return the candidates of the value that this place is kept for, where it is still needed.

    Its products in earlier places count: it is lacking while they have less exposure than the
    places kept for it so far.
    """
    part, wanted = weights(found.shape[1]), kept.wanted[:, step]
    before = found[:, :step]
    shown = np.take_along_axis(rows, before, axis=1)
    has = (kept.member[wanted[:, None], shown] & (before >= 0)) @ part[:step]
    due = (kept.wanted[:, : step + 1] == wanted[:, None]) @ part[: step + 1]
    lacks = (wanted >= 0) & (has < due - _ENOUGH)
    return np.asarray(kept.member[wanted[:, None], rows] & lacks[:, None])
