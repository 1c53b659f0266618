"""Windows in time: traits as of an instant, and what happened in the horizon after it."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from tailorbird.predict.algorithms import Task
from tailorbird.predict.propensity import PERSON, Floats, numbers
from tailorbird.schema import DAY, Instant

if TYPE_CHECKING:
    import pyarrow as pa

Features: TypeAlias = "Callable[[Instant], pa.Table]"
"""People and their traits as of an instant: `person` and columns of numbers or text."""
Outcomes: TypeAlias = "Callable[[Instant, Instant], pa.Table]"
"""The people (`person`) with the outcome in (after, until], and its `value` for a regression."""

VALUE: Final = "value"
MOST_ROWS: Final = 100_000


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Traits as of an instant, and the outcome in the horizon after it: 1 or 0, or a value."""

    features: pa.Table
    outcome: Floats

    @property
    def positives(self) -> int:
        """Return how many had the outcome."""
        return int((self.outcome != 0).sum())

    @property
    def one_class(self) -> bool:
        """Return whether the outcome is the same for all."""
        return not len(self.outcome) or bool((self.outcome == self.outcome[0]).all())

    def take(self, rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Snapshot:
        """Return some of the rows."""
        return Snapshot(self.features.take(rows), self.outcome[rows])


@dataclass(frozen=True, slots=True)
class Judging:
    """What one judgement is made with."""

    now: Instant
    horizon_days: int
    seed: int
    task: Task = "classification"
    fair: str = ""
    """The trait whose groups are evened out, '' for none; a column that nothing reads."""

    def after(self, horizons: int) -> Instant:
        """Return the instant this many horizons before now."""
        return self.now - horizons * self.horizon_days * DAY

    def rng(self, purpose: str) -> np.random.Generator:
        """Return the generator for one purpose: what else is drawn changes nothing of it."""
        return np.random.default_rng([self.seed, zlib.crc32(purpose.encode())])


def snapshot(features: Features, outcomes: Outcomes, judging: Judging, back: int) -> Snapshot:
    """Return the window that began `back` horizons before now, sampled where it is large."""
    after, until = judging.after(back), judging.after(back - 1)
    table = features(after)
    outcome = _outcome(table, outcomes(after, until), judging.task)
    return _sampled(Snapshot(table, outcome), judging.rng(f"snapshot {back}"))


def joined(snapshots: Sequence[Snapshot], judging: Judging) -> Snapshot:
    """Return snapshots as one, sampled where there are too many rows."""
    import pyarrow as pa

    table = pa.concat_tables([one.features for one in snapshots], promote_options="permissive")
    outcome = np.concatenate([one.outcome for one in snapshots])
    return _sampled(Snapshot(table, outcome), judging.rng(f"joined {len(snapshots)}"))


def _outcome(table: pa.Table, found: pa.Table, task: Task) -> Floats:
    people = table[PERSON].to_numpy()
    if task == "classification":
        return np.isin(people, found[PERSON].to_numpy()).astype(np.float64)
    who, value = found[PERSON].to_numpy(), numbers(found, VALUE)
    order = np.argsort(who, kind="stable")
    at = np.searchsorted(who[order], people)
    at[at == len(who)] = 0
    known = who[order][at] == people if len(who) else np.zeros(len(people), bool)
    outcome = np.zeros(len(people))
    outcome[known] = np.nan_to_num(value[order][at[known]], nan=0.0, posinf=0.0, neginf=0.0)
    return outcome


def _sampled(one: Snapshot, rng: np.random.Generator) -> Snapshot:
    if len(one.outcome) <= MOST_ROWS:
        return one
    return one.take(np.sort(rng.choice(len(one.outcome), MOST_ROWS, replace=False)))
