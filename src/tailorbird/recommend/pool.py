"""For whom products are chosen and from what, and the candidates that are found for them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from tailorbird.recommend.diversity import Likeness
from tailorbird.recommend.interactions import Flags, Floats, Ints, among, sought
from tailorbird.recommend.recommender import Recommender
from tailorbird.recommend.rules import Catalogue, Compiled
from tailorbird.recommend.scoring import FILL
from tailorbird.schema import DAY, Instant, Names, PersonId

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS: Final = ("person", "item", "score", "reason", "reason_code", "because")


@dataclass(frozen=True, slots=True)
class Known:
    """What a model and the catalogue know of each other, as columns over products."""

    row: Ints
    """Of each of the model's items, -1 where the catalogue lacks it."""
    learnt: Flags
    """Whether the training knew it: others are new."""
    line: Ints
    """The rows in the order in which anybody is shown them: what sells first, then the newest."""
    due_after: Floats
    """Days after which a learnt consumable may be shown again; infinite for other products."""


def known(
    model: Recommender, learnt: Collection[str], gaps: Mapping[str, float], stock: Catalogue
) -> Known:
    """Return what is derived once from a model, the items of its training, and the catalogue.

    `gaps` are the learnt consumables with the usual days between two purchases.
    """
    row = stock.rows(model.items)
    sells = np.zeros(len(stock.items))
    sells[row[row >= 0]] = model.popular[row >= 0]
    return Known(
        row=row,
        line=np.lexsort((-stock.arrived, -sells)),
        learnt=among(stock.items, learnt),
        due_after=np.array([gaps.get(item, np.inf) / 2 for item in stock.items], np.float64),
    )


@dataclass(frozen=True, slots=True)
class Asking:
    """For whom products are chosen, by which rules, from what.

    `people` are distinct and sorted, `history` what they did, `known` what the model and the
    catalogue know of each other; `within` narrows what rules allow.
    """

    model: Recommender
    rules: Compiled
    stock: Catalogue
    likeness: Likeness
    people: Ints
    history: pa.Table
    known: Known
    now: Instant
    within: Flags | None = None
    groups: Mapping[PersonId, str] | None = None
    """Where strangers come from."""

    @property
    def allowed(self) -> Flags:
        """Return what may be shown."""
        return self.rules.allowed if self.within is None else self.rules.allowed & self.within

    def modelled(self, rows: Flags) -> Flags:
        """Return which items of the model these products are."""
        return np.asarray(np.append(rows, False)[self.known.row])

    def of_products(self, column: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return a column over the model's items as one over products; 0 for what it has not."""
        found = np.zeros(len(self.stock.items), column.dtype)
        there = self.known.row >= 0
        found[self.known.row[there]] = column[there]
        return found

    @property
    def width(self) -> int:
        """Return how many products there are."""
        return len(self.stock.items)

    def popularity(self) -> Floats:
        """Return what popularity adds to the score of each product, for everybody."""
        return FILL * self.of_products(self.model.popular)

    def barred(self) -> Recent:
        """Return what each person bought too lately to be shown it again."""
        days = self.rules.rules.not_bought_days
        if not days:
            return Recent(np.zeros(0, np.int64), np.zeros(0), self.width)
        return bought_since(self, days)


@dataclass(frozen=True, slots=True)
class Recent:
    """What was bought of late, as sorted keys (place of the person, row), with the day of it."""

    keys: Ints
    day: Floats
    width: int

    def has(self, place: Ints, row: Ints) -> Flags:
        """Return whether each was bought of late."""
        return sought(self.keys, place * self.width + row)[1]

    def most(self) -> int:
        """Return of how many products this holds for one person at most."""
        return int(np.bincount(self.keys // max(self.width, 1)).max(initial=0))


@dataclass(frozen=True, slots=True)
class Pool:
    """The candidates of each person, people x candidates: the best first, then what rules add."""

    table: pa.Table
    """A row a candidate, as `COLUMNS`."""
    row: Ints
    """Of the catalogue, -1 where there is none."""
    score: Floats
    at: Ints
    """The row of `table`."""
    spare: Flags
    """Whether it may only be shown where a place is kept for its like."""

    def joined(self, place: Ints, row: Ints, added: pa.Table, *, spare: bool = False) -> Pool:
        """Return it with more candidates: rows of `added`, each person's place given, rising."""
        import pyarrow as pa

        cells, width = _pivot(place, len(self.row))
        shape = (len(self.row), width)
        rows, at = np.full(shape, -1, np.int64), np.full(shape, -1, np.int64)
        score = np.full(shape, -np.inf)
        rows[cells], score[cells] = row, added.column("score").to_numpy()
        at[cells] = self.table.num_rows + np.arange(added.num_rows)
        return Pool(
            pa.concat_tables([self.table, added]),
            np.column_stack([self.row, rows]),
            np.column_stack([self.score, score]),
            np.column_stack([self.at, at]),
            np.column_stack([self.spare, np.full(shape, spare)]),
        )

    def worth(self, factor: Floats) -> Floats:
        """Return the scores with what rules make of them."""
        return np.where(self.row >= 0, self.score * factor[self.row], -np.inf)


def empty_pool(people: int) -> Pool:
    """Return a pool in which nobody has a candidate."""
    none = np.zeros((people, 0), np.int64)
    bare = nothing().drop_columns(["rank"])
    return Pool(bare, none, none.astype(np.float64), none, none.astype(bool))


def nothing() -> pa.Table:
    """Return the table of nobody's products."""
    import pyarrow as pa

    kinds = (pa.int64(), pa.string(), pa.float64(), pa.string(), pa.string(), pa.string())
    columns = {name: pa.array([], kind) for name, kind in zip(COLUMNS, kinds, strict=True)}
    return pa.table({**columns, "rank": pa.array([], pa.int64())})


def told(
    people: Ints,
    items: list[str],
    score: Floats,
    reason: list[str],
    code: str | list[str],
    because: list[str | None] | list[str],
) -> pa.Table:
    """Return candidates that no model proposed, with the columns of those that one did."""
    import pyarrow as pa

    text, codes = pa.string(), [code] * len(items) if isinstance(code, str) else code
    columns = (
        pa.array(people, pa.int64()), pa.array(items, text), pa.array(score, pa.float64()),
        pa.array(reason, text), pa.array(codes, text), pa.array(because, text),
    )  # fmt: skip
    return pa.table(dict(zip(COLUMNS, columns, strict=True)))


def bought_since(asking: Asking, days: float) -> Recent:
    """Return what was bought within so many days, as a model counts them: by the day."""
    import pyarrow.compute as pc

    table, width = asking.history, len(asking.stock.items)
    since = int((asking.now / DAY - days) // 1 * DAY)
    some = table.filter(
        pc.and_(pc.equal(table["kind"], Names.PURCHASE), pc.greater_equal(table["at"], since))
    )
    place, asked = place_of(asking, some)
    rows = rows_of(asking.stock, some["item"])
    asked &= rows >= 0
    keys, at = (column[asked] for column in (place * width + rows, some["at"].to_numpy()))
    order = np.lexsort((-at, keys))
    keys, first = np.unique(keys[order], return_index=True)
    return Recent(keys, at[order][first] / DAY, width)


def place_of(asking: Asking, some: pa.Table) -> tuple[Ints, Flags]:
    """Return the place of each row's person, and whether she is asked about at all."""
    return sought(asking.people, some["person"].to_numpy())


def name_of(asking: Asking, item: str) -> str:
    """Return the name of a product, its id where it has none."""
    row = asking.stock.place.get(item, -1)
    return (asking.stock.names[row] if row >= 0 else "") or item


def rows_of(stock: Catalogue, items: pa.ChunkedArray) -> Ints:
    """Return the rows of a column of items, -1 for what the catalogue does not have."""
    coded = items.combine_chunks().dictionary_encode()
    known = stock.rows(coded.dictionary.to_pylist())
    return np.asarray(known[coded.indices.to_numpy()] if len(known) else np.zeros(0, np.int64))


def _pivot(place: Ints, people: int) -> tuple[tuple[Ints, Ints], int]:
    """Return where each candidate stands among people x candidates, and how wide that is."""
    counts = np.bincount(place, minlength=people)
    column = np.arange(len(place)) - np.repeat(np.cumsum(counts) - counts, counts)
    return (place, column), int(counts.max(initial=0))
