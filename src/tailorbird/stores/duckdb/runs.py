"""Runs of one person's visible acts among new facts: what begins sessions, or goes on with some.

The rule is that of `sessions.sql`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Final

from tailorbird.schema import MINUTE, Names

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Mask = npt.NDArray[np.bool_]
    Numbers = npt.NDArray[np.int64]

PAUSE: Final = 30 * MINUTE
SHOWN: Final = (Names.PAGE_VIEWED, Names.SCREEN_VIEWED)


def runs_of(
    facts: pa.Table, acts: Sequence[str], others: Collection[int], names: Sequence[str]
) -> pa.Table:
    """Return the runs of the people who are not among `others`, as sessions with these columns.

    They are in order of person and session id, and in each of time.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    ids = pc.fill_null(facts["session_id"], "").combine_chunks().dictionary_encode()
    person, named = pc.fill_null(facts["person"], 0).to_numpy(), np.asarray(ids.indices)
    rows = np.flatnonzero(_visible(facts, acts) & (person > 0) & ~_among(person, others))
    at, position = facts["at"].to_numpy(), facts["position"].to_numpy()
    rows = rows[np.lexsort((position[rows], at[rows], named[rows], person[rows]))]
    same = (person[rows[1:]] == person[rows[:-1]]) & (named[rows[1:]] == named[rows[:-1]])
    goes_on = same & (at[rows[1:]] - at[rows[:-1]] < PAUSE)
    begins = np.flatnonzero(np.concatenate([[True], ~goes_on])) if len(rows) else rows
    ends = np.append(begins[1:], len(rows)) - 1
    shown = pc.is_in(facts["event"], pa.array(SHOWN)).to_numpy().astype(np.int64)
    firsts, lasts = rows[begins], rows[ends] if len(rows) else rows
    counted: dict[str, Any] = {
        "session_id": ids.dictionary.take(pa.array(named[firsts])),
        "until": at[lasts],
        "last_position": position[lasts],
        "events": ends - begins + 1 if len(rows) else rows,
        "pages": np.add.reduceat(shown[rows], begins) if len(rows) else rows,
    }
    told = facts.select([name for name in names if name not in counted]).take(pa.array(firsts))
    return pa.table(counted | {name: told[name] for name in told.column_names})


def plain(runs: pa.Table, reached: pa.Table) -> tuple[Mask, Numbers]:
    """Return of which runs no more is to be said than that, and when the session of each began.

    `reached`: by number of the run, how many sessions it reaches, when the last of them began and
    ended. That is -1 where a session begins. No run is plain whose person has one, under the same
    session id, that joins sessions or comes before what is there.
    """
    import numpy as np

    began = np.full(runs.num_rows, -1, np.int64)
    crossing = np.zeros(runs.num_rows, np.bool_)
    number = reached["run"].to_numpy()
    began[number] = reached["began"].to_numpy()
    starts = runs["at"].to_numpy()[number]
    crossing[number] = (reached["reaches"].to_numpy() > 1) | (starts < reached["before"].to_numpy())
    person, ids = runs["person"].to_numpy(), runs["session_id"].to_numpy(zero_copy_only=False)
    other = (person[1:] != person[:-1]) | (ids[1:] != ids[:-1])
    whose = np.cumsum(np.concatenate([[False], other])) if runs.num_rows else person
    return ~np.isin(whose, whose[crossing]), began


def _visible(facts: pa.Table, acts: Sequence[str]) -> Mask:
    """Return which facts happened before somebody's eyes."""
    import pyarrow as pa
    import pyarrow.compute as pc

    told = pc.or_(pc.is_valid(facts["session_id"]), pc.is_valid(facts["page"]))
    seen = pc.or_(told, pc.is_in(facts["event"], pa.array(acts)))
    visible: Mask = pc.and_not(seen, facts["machine"]).to_numpy()
    return visible


def _among(person: Numbers, others: Collection[int]) -> Mask:
    import numpy as np

    return np.isin(person, np.fromiter(others, np.int64, len(others)))
