"""Rankings as tables: items by name, with the reason of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from tailorbird.recommend.interactions import Ints
from tailorbird.recommend.scoring import Ranked

if TYPE_CHECKING:
    import pyarrow as pa

REASONS: Final = ("repeat", "viewed", "popular", "related")
_SENTENCES: Final = ("you bought it before", "you looked at it", "popular now")
_REPEAT, _VIEWED, _POPULAR, _RELATED = range(4)


def table(items: Sequence[str], names: Mapping[str, str], people: Ints, ranked: Ranked) -> pa.Table:
    """Return person, rank, item, score, reason, reason_code, because: the columns of `top`."""
    import pyarrow as pa

    filled = ranked.item >= 0
    row, column = np.nonzero(filled)
    code, because = (column[filled] for column in _reasons(ranked))
    item, sourced = ranked.item[filled], because >= 0
    used = np.zeros(len(items), bool)
    used[item] = used[because[sourced]] = True
    place = np.cumsum(used) - 1
    words = pa.array([items[each] for each in np.flatnonzero(used).tolist()], pa.string())
    source = words.take(pa.array(place[because], mask=~sourced))
    return pa.table(
        {
            "person": people[row],
            "rank": (column + 1).astype(np.int32),
            "item": words.take(pa.array(place[item])),
            "score": ranked.score[filled],
            "reason": _sentences(items, names, code, because),
            "reason_code": pa.array(REASONS).take(pa.array(code)),
            "because": source,
        }
    )


def _reasons(part: Ranked) -> tuple[Ints, Ints]:
    """Return (index into REASONS, source item or -1) of every cell."""
    own = np.where(part.bought, _REPEAT, _VIEWED)
    related = (part.related > part.own) & (part.because >= 0)
    code = np.where(related, _RELATED, np.where(part.own > 0, own, _POPULAR))
    return code, np.where(related, part.because, -1)


def _sentences(
    items: Sequence[str], names: Mapping[str, str], code: Ints, because: Ints
) -> pa.Array:
    import pyarrow as pa

    related = code == _RELATED
    used = np.flatnonzero(np.bincount(because[related]))
    goes = [f"goes with {names.get(items[each], items[each])}" for each in used.tolist()]
    place = np.zeros(len(items), np.int64)
    place[used] = len(_SENTENCES) + np.arange(len(used))
    words = pa.array([*_SENTENCES, *goes], pa.string())
    return words.take(pa.array(np.where(related, place[because], code)))
