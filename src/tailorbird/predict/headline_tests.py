"""Tests of subject lines as pairs: two subjects of a test, which won, and how surely."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Final

import numpy as np

from tailorbird.errors import ModelError
from tailorbird.predict.propensity import Bins, Floats
from tailorbird.predict.wording import plain

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS: Final = ("test", "subject", "people", "wins")
SURE: Final = 2.58
"""|z| of a pair whose test told its subjects apart."""
LEAST_SPREAD: Final = 0.005
"""Variance of true differences in log-odds: subjects of a shop never differ by less."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of subjects that were tested against each other; ties are left out.

    `first` and `second` are places in `subjects`, `test` numbers the tests from 0, `z` is above
    zero where the first won. `gap` and `variance` are of the difference in log-odds.
    """

    subjects: list[str]
    test: Bins
    first: Bins
    second: Bins
    z: Floats
    gap: Floats
    variance: Floats

    @property
    def won(self) -> Floats:
        """Return 1 where the first won, else 0."""
        return (self.z > 0).astype(np.float64)

    @property
    def tests(self) -> int:
        """Return how many tests have a pair."""
        return len(np.unique(self.test))

    def spread(self, use: Bins, told: Floats) -> float:
        """Return the variance of true differences beyond `told`, the pairs at `use` alone seen."""
        beyond = self.gap[use] - (told[self.first[use]] - told[self.second[use]])
        return max(float((beyond**2 - self.variance[use]).mean()), LEAST_SPREAD)

    def ceiling(self) -> Floats:
        """Return each pair's chance that who has the higher true rate also won its test.

        True differences are drawn to zero by how much they vary beyond chance (empirical Bayes).
        """
        if not len(self.z):
            return np.zeros(0)
        spread = self.spread(np.arange(len(self.z)), np.zeros(len(self.subjects)))
        drawn = self.gap * spread / (spread + self.variance)
        error = np.sqrt(spread * self.variance / (spread + self.variance))
        return np.asarray(_normal(np.abs(drawn) / error))


def pairs(tests: pa.Table) -> Pairs:
    """Return the pairs of a table of arms: test, subject, people, wins.

    Arms of one test with the same subject are one. `wins` are the people who opened or clicked.

    Raises:
        ModelError: a column is missing, or more won than there were.
    """
    _check(tests)
    places: dict[str, int] = {}
    rows = [
        (number, _place(places, a[0]), _place(places, b[0]), *compared)
        for number, arms in enumerate(_arms(tests))
        for a, b in combinations(arms, 2)
        if (compared := _compared(a, b))
    ]
    columns = list(zip(*rows, strict=True)) or [()] * 6
    whole = [np.array(column, np.int64) for column in columns[:3]]
    real = [np.array(column, np.float64) for column in columns[3:]]
    return Pairs(list(places), whole[0], whole[1], whole[2], real[0], real[1], real[2])


def _check(tests: pa.Table) -> None:
    missing = [name for name in COLUMNS if name not in tests.column_names]
    if missing:
        raise ModelError(
            f"the column {missing[0]!r} is missing",
            where="tests of subjects",
            mend=f"give {', '.join(COLUMNS)}: one row a subject of a test",
        )
    people, wins = tests["people"].to_numpy(), tests["wins"].to_numpy()
    wrong = np.flatnonzero((wins < 0) | (wins > people))
    if len(wrong):
        raise ModelError(
            f"{wins[wrong[0]]} of {people[wrong[0]]} people won",
            where=f"tests of subjects, row {wrong[0] + 1}",
            mend="count people, not opens: nobody wins twice",
        )


def _arms(tests: pa.Table) -> Iterator[list[tuple[str, int, int]]]:
    """Yield the subjects of each test with their people and winners, in order of appearance."""
    found: dict[object, dict[str, list[int]]] = defaultdict(dict)
    columns = (tests[name].to_pylist() for name in COLUMNS)
    for test, subject, people, wins in zip(*columns, strict=True):
        text = plain(subject or "")
        if text and people:
            counts = found[test].setdefault(text, [0, 0])
            counts[0], counts[1] = counts[0] + people, counts[1] + wins
    for arms in found.values():
        yield [(text, people, wins) for text, (people, wins) in sorted(arms.items())]


def _place(places: dict[str, int], text: str) -> int:
    return places.setdefault(text, len(places))


def _compared(
    first: tuple[str, int, int], second: tuple[str, int, int]
) -> tuple[float, float, float] | None:
    """Return z, gap and variance of two arms; None for a tie."""
    (_, n, a), (_, m, b) = first, second
    rate = (a + b) / (n + m)
    error = (rate * (1 - rate) * (1 / n + 1 / m)) ** 0.5
    if not error or a / n == b / m:
        return None
    gap = np.log((a + 0.5) / (n - a + 0.5)) - np.log((b + 0.5) / (m - b + 0.5))
    variance = sum(1 / (count + 0.5) for count in (a, n - a, b, m - b))
    return (a / n - b / m) / error, float(gap), variance


def folds(
    found: Pairs, count: int, rng: np.random.Generator, *, share_subjects: bool = False
) -> Bins:
    """Return the fold of each pair: a test is whole, and so are tests that share a subject."""
    group = found.test if share_subjects else _joined(found)
    drawn = rng.permutation(int(group.max()) + 1) if len(group) else np.zeros(0, np.int64)
    return np.asarray(drawn[group] % count, np.int64)


def _joined(found: Pairs) -> Bins:
    """Return the number of each pair's group: tests that share subjects are of one group."""
    above: dict[int, int] = {}

    def root(subject: int) -> int:
        while above.get(subject, subject) != subject:
            subject = above[subject]
        return subject

    for a, b in zip(found.first.tolist(), found.second.tolist(), strict=True):
        above[root(a)] = root(b)
    roots: Sequence[int] = [root(subject) for subject in found.first.tolist()]
    return np.unique(np.array(roots, np.int64), return_inverse=True)[1].astype(np.int64)


def _normal(z: Floats) -> Floats:
    from scipy.special import ndtr

    return np.asarray(ndtr(z))
