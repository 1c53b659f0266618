"""Probabilistic record linkage: which records are one person, how surely, and why.

Splink makes and compares the pairs, in a database in memory that never writes to disk. The weights
are learned here, without labels (`matching_weights`). Splink is the extra `match`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from tailorbird.errors import UsageError
from tailorbird.profiles.matching_blocks import Connection, rules
from tailorbird.profiles.matching_fields import (
    DIFFERENT,
    KINDS,
    PLACES,
    Comparison,
    Kind,
    comparisons,
    normal,
)
from tailorbird.profiles.matching_groups import groups
from tailorbird.profiles.matching_weights import (
    Levels,
    Patterns,
    Weights,
    learn,
    probability,
    rarity,
    scores,
)

if TYPE_CHECKING:
    import pyarrow as pa

SURE: Final = 0.99
"""From this probability on a pair is one person. See `docs/how-to/find-double-people.md`."""
UNSURE: Final = 0.5
"""From this probability on a pair is worth a look."""
BUDGET_PER_RECORD: Final = 200
LARGEST_BUDGET: Final = 8_000_000
"""Pairs beyond this are not compared, however many records there are."""
SAMPLE: Final = 200_000
"""Random pairs from which we learn how strangers agree."""
KNOWN_BITS: Final = 5.0
"""Pairs of this weight are taken for one person while values are counted by people."""
COUNTINGS: Final = 2
EMPTY: Final = -1
"""The level of a field that says nothing."""


@dataclass(frozen=True, slots=True)
class Found:
    """Scored pairs: `one` and `two` are rows of the table, `one` below `two`."""

    comparisons: list[Comparison]
    one: npt.NDArray[np.int64]
    two: npt.NDArray[np.int64]
    levels: Levels
    """Pairs x fields."""
    field_weights: Weights
    """Pairs x fields, in bits; their sum, what is known beforehand, and `taken` make `weight`."""
    weight: Weights
    taken: Weights
    """What joint agreement of places takes off, in bits."""

    @property
    def probability(self) -> Weights:
        """Return how probably each pair is one person."""
        return probability(self.weight)

    def likelihood(self, pair: int) -> float:
        """Return how probably one pair is one person."""
        return float(probability(self.weight[pair : pair + 1])[0])

    def evidence(self, pair: int) -> dict[str, tuple[str, float]]:
        """Return, for each field that says something, how alike it is and how many bits it adds."""
        found = {}
        for column, comparison in enumerate(self.comparisons):
            level = int(self.levels[pair, column])
            if level >= 0:
                bits = round(float(self.field_weights[pair, column]), 2)
                found[comparison.field] = (comparison.labels[level], bits)
        return found

    def rows(self, least: float) -> npt.NDArray[np.int64]:
        """Return the pairs of at least this probability, the most probable first."""
        order = np.argsort(-self.weight, kind="stable")
        return np.asarray(order[self.probability[order] >= least])

    def held(self) -> npt.NDArray[np.bool_]:
        """Return which pairs have no name in common: twins, households, neighbours.

        The first name tells, and the last where there is no first. An address or a number of their
        own that both share says that they are one after all.
        """
        if {"first_name", "last_name", "name"}.isdisjoint(c.kind for c in self.comparisons):
            return np.zeros(len(self.weight), dtype=np.bool_)
        first, last = self._levels_of("first_name"), self._levels_of("last_name")
        named = (first > 0) | ((first == EMPTY) & (last > 0)) | (self._levels_of("name") > 0)
        return np.asarray(~named & ~self._is_same("email") & ~self._is_same("identifier"))

    def twins(self) -> npt.NDArray[np.bool_]:
        """Return which of the held pairs are probably one, but for the first name.

        Their last names do not differ and they were born on one day, as far as known. Nobody may be
        found in both.
        """
        named = (self._levels_of("first_name") == 0) & (self._levels_of("last_name") != 0)
        born = self._is_same("birth_date") | (self._levels_of("birth_date") == EMPTY)
        return np.asarray(self.held() & named & born & (self.probability >= UNSURE))

    def _levels_of(self, kind: Kind) -> npt.NDArray[np.int16]:
        for column, comparison in enumerate(self.comparisons):
            if comparison.kind == kind:
                return self.levels[:, column]
        return np.full(len(self.weight), EMPTY, dtype=np.int16)

    def _is_same(self, kind: Kind) -> npt.NDArray[np.bool_]:
        same = np.zeros(len(self.weight), dtype=np.bool_)
        for column, comparison in enumerate(self.comparisons):
            if comparison.kind == kind:
                same |= self.levels[:, column] == len(comparison.labels) - 1
        return same


def find(
    table: pa.Table, fields: Mapping[str, Kind], *, seed: int = 1, budget: int | None = None
) -> Found:
    """Return the pairs of records that may be one person, scored.

    `fields` names columns of text and what each holds; other columns are ignored. At most `budget`
    pairs are compared; 200 for each record, 8 million in all, when it is left out. Nothing is
    written to disk.

    Raises:
        UsageError: Splink is not installed, a field is not in the table or of no known kind.
    """
    _check(table, fields)
    compared = comparisons(fields)
    rows = table.num_rows
    if rows < 2 or not fields:
        return _nothing(compared)
    splink = _Splink(table, fields, compared)
    allowed = budget or min(BUDGET_PER_RECORD * rows, LARGEST_BUDGET)
    chosen = rules(splink.connection, splink.table, fields, allowed)
    one, two, levels = splink.candidates(chosen)
    whole = len(one) == rows * (rows - 1) // 2
    candidates = Patterns.of(levels)
    strangers = candidates if whole else Patterns.of(splink.levels_of(*_sample(rows, seed)))
    model, taken = learn(
        candidates,
        strangers,
        [len(comparison.labels) for comparison in compared],
        people=rows,
        together=[n for n, each in enumerate(compared) if each.kind in PLACES],
    )
    by_level = [bits[levels[:, n]] for n, bits in enumerate(model.weights())]
    plain = scores(candidates, model, taken)
    added = _rarities(splink, compared, (one, two), levels, plain, [u[-1] for u in model.others])
    field_weights = np.stack(by_level, axis=1) + added
    weight = plain + added.sum(axis=1)
    return Found(compared, one, two, levels, field_weights, weight, taken[candidates.of_pair])


def sure_groups(
    found: Found, rows: int, *, least: float = SURE, apart: Sequence[tuple[int, int]] = ()
) -> tuple[npt.NDArray[np.int64], list[int]]:
    """Return the group of each row, and the pairs that made the groups.

    Only pairs of at least this probability join, surest first: none that is `held`, and nothing
    that would bring `twins`, or the two of a pair in `apart`, into one group.
    """
    held, twins = found.held(), found.twins()
    chosen = [int(pair) for pair in found.rows(least) if not held[pair]]
    foes = zip(found.one[twins].tolist(), found.two[twins].tolist(), strict=True)
    pairs = [(int(found.one[pair]), int(found.two[pair])) for pair in chosen]
    grouped, joined = groups(rows, pairs, [*foes, *apart])
    return grouped, [pair for pair, is_joined in zip(chosen, joined, strict=True) if is_joined]


class _Splink:
    """A table of records in memory, and Splink over it."""

    def __init__(
        self, table: pa.Table, fields: Mapping[str, Kind], compared: Sequence[Comparison]
    ) -> None:
        try:
            from splink import DuckDBAPI
        except ImportError:
            raise UsageError(
                "matching people needs Splink, which is not installed",
                mend="install it: pip install 'tailorbird[match]'",
            ) from None
        self._api = DuckDBAPI(":memory:")
        self._compared = compared
        self.connection: Connection = self._api.duckdb_con
        # What is compared is personal: not even what does not fit into memory may go to disk.
        self.connection.execute("SET temp_directory = ''")
        self._api.duckdb_con.register("given", table.select(list(fields)))
        spelled = ", ".join(normal(field, kind) for field, kind in fields.items())
        self.table = "records"
        self.connection.execute(
            f"CREATE TABLE records AS SELECT row_number() OVER () - 1 AS row, {spelled} FROM given"  # noqa: S608 - quoted names
        )
        self._records = self._api.register(self.connection.execute("FROM records").to_arrow_table())

    def candidates(
        self, chosen: Sequence[tuple[str, ...]]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Levels]:
        """Return both rows of each pair that a rule makes, and its levels; every pair without."""
        from splink import block_on

        rules: list[Any] = [block_on(*rule) for rule in chosen] or ["1=1"]
        return self._predicted(self._linker(rules))

    def levels_of(self, one: npt.NDArray[np.int64], two: npt.NDArray[np.int64]) -> Levels:
        """Return the levels of these pairs of rows."""
        import pyarrow as pa

        linker = self._linker(["1=1"])
        pairs = {"match_key": ["0"] * len(one), "join_key_l": one, "join_key_r": two}
        linker.table_management.register_blocked_pairs_for_predict(
            self._api.register(pa.table(pairs))
        )
        return self._predicted(linker)[2]

    def values(self, field: str) -> npt.NDArray[np.int64]:
        """Return for each row the number of its value, -1 where the field is empty."""
        found = self.connection.execute(
            f'SELECT CASE WHEN "{field}" IS NULL THEN -1 ELSE '  # noqa: S608 - the name of a column
            f'dense_rank() OVER (ORDER BY "{field}") - 1 END AS number FROM records ORDER BY row'
        ).fetchnumpy()
        return np.asarray(found["number"], dtype=np.int64)

    def _linker(self, rules: list[Any]) -> Any:
        from splink import Linker, SettingsCreator

        settings = SettingsCreator(
            link_type="dedupe_only",
            unique_id_column_name="row",
            comparisons=[comparison.setting() for comparison in self._compared],
            blocking_rules_to_generate_predictions=rules,
        )
        return Linker(self._records, settings, log_level=None)

    def _predicted(
        self, linker: Any
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Levels]:
        names = [f"gamma_{comparison.field}".replace(" ", "_") for comparison in self._compared]
        relation = linker.inference.predict(warning_mode="never").as_duckdbpyrelation()
        quoted = ", ".join(f'"{name}"' for name in names)
        found = relation.select(f"row_l, row_r, {quoted}").order("row_l, row_r").fetchnumpy()
        levels = np.stack([np.asarray(found[name], dtype=np.int16) for name in names], axis=1)
        one, two = (np.asarray(found[name], dtype=np.int64) for name in ("row_l", "row_r"))
        return np.minimum(one, two), np.maximum(one, two), levels


def _sample(rows: int, seed: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, rows, size=(2, SAMPLE))
    drawn = drawn[:, drawn[0] != drawn[1]]
    return drawn.min(axis=0), drawn.max(axis=0)


def _rarities(
    splink: _Splink,
    compared: Sequence[Comparison],
    pairs: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]],
    levels: Levels,
    plain: Weights,
    usual: Sequence[float],
) -> Weights:
    """Return what the rarity of values adds: pairs x fields, in bits."""
    values = [splink.values(comparison.field) for comparison in compared]
    rows = len(values[0])
    added = np.zeros(levels.shape)
    for _ in range(COUNTINGS):
        known = plain + added.sum(axis=1) >= KNOWN_BITS
        people, _ = groups(rows, zip(pairs[0][known], pairs[1][known], strict=True), ())
        for column, comparison in enumerate(compared):
            bits = rarity(values[column], people, usual[column])
            same = levels[:, column] == len(comparison.labels) - 1
            added[same, column] = bits[values[column][pairs[0][same]]]
    return added


def _check(table: pa.Table, fields: Mapping[str, Kind]) -> None:
    for name, kind in fields.items():
        if name not in table.column_names:
            raise UsageError(f"there is no column {name!r} to compare")
        if kind not in KINDS:
            raise UsageError(f"{kind!r} is no kind of field", mend=f"one of {', '.join(KINDS)}")


def _nothing(compared: list[Comparison]) -> Found:
    none, empty = np.zeros(0, dtype=np.int64), np.zeros(0)
    levels = np.zeros((0, len(compared)), dtype=np.int16)
    return Found(compared, none, none, levels, np.zeros(levels.shape), empty, empty)


__all__ = ["DIFFERENT", "SURE", "UNSURE", "Found", "Kind", "find", "sure_groups"]
