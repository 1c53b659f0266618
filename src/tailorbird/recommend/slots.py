"""Places kept for new items: alone on their scores they would never be seen."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tailorbird.recommend.interactions import Flags
from tailorbird.recommend.scoring import Ranked


def with_new(ranked: Ranked, new: Ranked, fresh: Flags) -> Ranked:
    """Return a ranking whose last places hold the best new items, as many as `new` is wide.

    Only new items to which something leads the person, and that are not listed already.
    """
    wide, few = ranked.item.shape[1], new.item.shape[1]
    there = (ranked.item >= 0) & fresh[ranked.item]
    listed = (new.item[:, :, None] == ranked.item[:, None, :]).any(axis=2)
    worthy = (new.item >= 0) & (new.related > 0) & ~listed
    wanted = np.maximum(few - there.sum(axis=1), 0)
    worthy &= np.cumsum(worthy, axis=1) <= wanted[:, None]
    count = worthy.sum(axis=1)
    # What leaves is the last that is not new itself; what comes takes the last places, best first.
    old = ~there
    after = np.cumsum(old[:, ::-1], axis=1)[:, ::-1]
    stays = ~(old & (after <= count[:, None]))
    order = np.argsort(~np.concatenate([stays, worthy], axis=1), axis=1, kind="stable")[:, :wide]

    def merged(name: str) -> npt.NDArray[Any]:
        both = np.concatenate([getattr(ranked, name), getattr(new, name)], axis=1)
        return np.take_along_axis(both, order, axis=1)

    names = ("item", "score", "own", "related", "bought", "because")
    return Ranked(people=ranked.people, **{name: merged(name) for name in names})
