"""Sessions of people whose new facts reach no session that is there: counted without a look back.

The rule is that of `sessions.sql`, for facts whose senders name no session and no page.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Final

from tailorbird.schema import MINUTE, Names

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Numbers = npt.NDArray[np.int64]

PAUSE: Final = 30 * MINUTE
SHOWN: Final = (Names.PAGE_VIEWED, Names.SCREEN_VIEWED)
WORTH: Final = 10_000
"""Facts from which on it is worth the while."""


def is_bulk(facts: pa.Table | None) -> bool:
    """Return whether new facts are many, and name neither sessions nor pages."""
    if facts is None or len(facts) < WORTH:
        return False
    return all(facts[name].null_count == len(facts) for name in ("session_id", "page"))


def sessions_of(
    facts: pa.Table, acts: Sequence[str], others: Collection[int], names: Sequence[str]
) -> pa.Table:
    """Return the sessions of the people who are not among `others`, with these columns."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    person = pc.fill_null(facts["person"], 0).to_numpy()
    visible = pc.and_not(pc.is_in(facts["event"], pa.array(acts)), facts["machine"]).to_numpy()
    visible = visible & (person > 0) & ~np.isin(person, np.fromiter(others, np.int64))
    rows = np.flatnonzero(visible)
    at, position = facts["at"].to_numpy(), facts["position"].to_numpy()
    rows = rows[np.lexsort((position[rows], at[rows], person[rows]))]
    same = person[rows[1:]] == person[rows[:-1]]
    goes_on = same & (at[rows[1:]] - at[rows[:-1]] < PAUSE)
    begins = np.flatnonzero(np.concatenate([[True], ~goes_on])) if len(rows) else rows
    ends = np.append(begins[1:], len(rows)) - 1
    shown = pc.is_in(facts["event"], pa.array(SHOWN)).to_numpy().astype(np.int64)
    firsts, lasts = rows[begins], rows[ends] if len(rows) else rows
    counted: dict[str, Any] = {
        "session_id": pa.repeat("", len(firsts)),
        "until": at[lasts],
        "last_position": position[lasts],
        "events": ends - begins + 1 if len(rows) else rows,
        "pages": np.add.reduceat(shown[rows], begins) if len(rows) else rows,
    }
    told = facts.select([name for name in names if name not in counted]).take(pa.array(firsts))
    return pa.table(counted | {name: told[name] for name in told.column_names})
