"""Drift: whether people, outcomes or probabilities are still those that a model was judged on.

Three questions of two windows: do the traits lie as they did (population stability index), does the
outcome come as often, and do probabilities still say how often. Each alarms only where the change
is large and more than chance.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from statistics import NormalDist
from typing import TYPE_CHECKING, Final, Literal

import msgspec
import numpy as np

from tailorbird.predict import train
from tailorbird.predict.heads import read_head
from tailorbird.predict.measures import calibration_error
from tailorbird.predict.propensity import Bins, Column, Floats
from tailorbird.traits.registry import about

if TYPE_CHECKING:
    import pyarrow as pa

DriftKind = Literal["trait", "score", "label", "calibration"]
PSI_ALARM: Final = 0.25
"""The trade's limit of a major shift; .1 is a minor one."""
RATE_ALARM: Final = 1.5
"""An outcome this many times as frequent, or as rare, is another outcome."""
CALIBRATION_ALARM: Final = 0.05
"""How far the expected calibration error may rise."""
SURE: Final = NormalDist().inv_cdf(1 - 1e-4 / 2)
"""Standard errors beyond which a change is no chance: one false alarm in 10,000 looks."""
SCORE: Final = "score"
FILE: Final = "drift.json"
LEAST_PEOPLE: Final = 100


class Lain(msgspec.Struct, frozen=True):
    """How many people lay in each bin of a trait."""

    column: Column
    counts: tuple[int, ...]


class Baseline(msgspec.Struct, frozen=True):
    """What a window was like: kept beside the model that was judged on it, without any person."""

    people: int
    positives: int
    calibration_error: float
    """Of the model's probabilities on that window."""
    traits: tuple[Lain, ...]
    score: Lain | None = None

    def files(self) -> dict[str, bytes]:
        """Return what `load_baseline` reads: one JSON file."""
        return {FILE: msgspec.json.encode(self)}


class Drift(msgspec.Struct, frozen=True):
    """One answer: how far something moved, the limit of alarm, and in words."""

    kind: DriftKind
    name: str
    value: float
    """PSI of a trait, as far as it is read, or of the score; ratio of rates; rise of the error."""
    limit: float
    """What `value` must reach; for a ratio of rates, or its inverse must."""
    alarm: bool
    says: str


class DriftReport(msgspec.Struct, frozen=True):
    """All answers about one window, alarms first, then the farthest moved."""

    people: int
    drifts: tuple[Drift, ...]
    why: str
    """One sentence: what alarms, or why nothing does."""

    @property
    def alarm(self) -> bool:
        """Return whether anything alarms."""
        return any(drift.alarm for drift in self.drifts)


def baseline(
    features: pa.Table,
    outcome: Floats | None = None,
    probability: Floats | None = None,
) -> Baseline:
    """Return what a window is like: traits in bins of their quantiles, outcomes, probabilities."""
    traits = tuple(_lain(column, features) for column in train.columns(features))
    error = 0.0
    if outcome is not None and probability is not None and len(outcome):
        error = calibration_error(probability, outcome, np.ones(len(outcome)))
    return Baseline(
        people=features.num_rows,
        positives=int(outcome.sum()) if outcome is not None else 0,
        calibration_error=error,
        traits=traits,
        score=None if probability is None else _scores(probability),
    )


def drift(
    before: Baseline,
    features: pa.Table,
    outcome: Floats | None = None,
    probability: Floats | None = None,
    *,
    read: Mapping[str, float] | None = None,
) -> DriftReport:
    """Return how a window differs from a baseline; without outcomes, only who the people are.

    `read`: how much the model makes of each trait, from 0 to 1: its index counts that much, so that
    tenure, of which little is made, may grow with the shop without alarm. Without it, all in full.
    """
    if min(features.num_rows, before.people) < LEAST_PEOPLE:
        why = f"Fewer than {LEAST_PEOPLE} people on one side: nothing can be said of drift."
        return DriftReport(features.num_rows, (), why)
    found = [
        _moved("trait", lain, lain.column.bins(features), before.people, read)
        for lain in before.traits
        if lain.column.name in features.column_names
    ]
    if probability is not None and before.score is not None:
        now = before.score.column.bins(_table(probability))
        found.append(_moved("score", before.score, now, before.people, None))
    if outcome is not None:
        found.append(_label(before, outcome))
        if probability is not None and before.score is not None:
            found.append(_calibration(before, outcome, probability))
    found.sort(key=lambda one: (not one.alarm, -one.value / one.limit))
    return DriftReport(features.num_rows, tuple(found), _why(found))


def load_baseline(files: Mapping[str, bytes]) -> Baseline | None:
    """Return the baseline among a model's files, None where it has none.

    Raises:
        ModelError: the file is damaged.
    """
    if FILE not in files:
        return None
    return read_head(files, FILE, Baseline, FILE, where="drift", mend="train it again")


def psi(before: Floats, after: Floats) -> float:
    """Return the population stability index of two histograms (counts of the same bins).

    Half a person is added to every bin, so that an empty one counts as rare.

    >>> import numpy as np
    >>> round(psi(np.array([500.0, 500.0]), np.array([700.0, 300.0])), 3)
    0.169
    """
    bins = len(before)
    one = (before + 0.5) / (before.sum() + bins / 2)
    two = (after + 0.5) / (after.sum() + bins / 2)
    return float(((two - one) * np.log(two / one)).sum())


def _lain(column: Column, features: pa.Table) -> Lain:
    return Lain(column, _counts(column, column.bins(features)))


def _counts(column: Column, bins: Bins) -> tuple[int, ...]:
    return tuple(np.bincount(bins, minlength=column.size).tolist())


def _scores(probability: Floats) -> Lain | None:
    found = train.columns(_table(probability))
    return _lain(found[0], _table(probability)) if found else None


def _table(probability: Floats) -> pa.Table:
    import pyarrow as pa

    return pa.table({SCORE: probability})


def _moved(
    kind: DriftKind, lain: Lain, bins: Bins, people: int, read: Mapping[str, float] | None
) -> Drift:
    """Return how far a trait moved; bins that neither window has do not count."""
    column = lain.column
    before, after = np.array(lain.counts, float), np.array(_counts(column, bins), float)
    some = (before + after) > 0
    found = psi(before[some], after[some])
    # Without any change, PSI is about chi-squared times (1/n + 1/m) (Yurdakul 2018).
    degrees = max(int(some.sum()) - 1, 1)
    chance = (degrees + SURE * math.sqrt(2 * degrees)) * (1 / people + 1 / max(len(bins), 1))
    limit = max(PSI_ALARM, chance)
    counts = 1.0 if read is None else read.get(column.name, 0.0)
    what = f"{column.name} ({about(column.name)})" if kind == "trait" else column.name
    says = f"{what} is spread otherwise than in training (PSI {found:.2f}"
    says += ")" if counts == 1.0 else f", of which the model makes {counts:.2f})"
    return Drift(kind, column.name, found * counts, limit, found * counts >= limit, says)


def _label(before: Baseline, outcome: Floats) -> Drift:
    n, m = before.people, len(outcome)
    was, now = (before.positives + 0.5) / (n + 1), (float(outcome.sum()) + 0.5) / (m + 1)
    pooled = (before.positives + float(outcome.sum()) + 1) / (n + m + 2)
    error = math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    ratio = max(now / was, was / now)
    alarm = ratio >= RATE_ALARM and abs(now - was) > SURE * error
    says = f"the outcome came to {now:.1%} of people, to {was:.1%} in training"
    return Drift("label", "outcome", ratio, RATE_ALARM, alarm, says)


def _calibration(before: Baseline, outcome: Floats, probability: Floats) -> Drift:
    people = len(outcome)
    error = calibration_error(probability, outcome, np.ones(people))
    rise = error - before.calibration_error
    # The mean gap of ten bins, each estimated from a tenth of the people.
    spread = float(np.sqrt((probability * (1 - probability)).mean() * 10 / people))
    limit = max(CALIBRATION_ALARM, spread * SURE / math.sqrt(10))
    says = f"calibration error {error:.3f}, {before.calibration_error:.3f} in training"
    return Drift("calibration", "calibration error", rise, limit, rise >= limit, says)


def _why(found: list[Drift]) -> str:
    alarms = [one.says for one in found if one.alarm]
    if alarms:
        more = f", and {len(alarms) - 3} more" if len(alarms) > 3 else ""
        return f"Drift: {'; '.join(alarms[:3])}{more}."
    if not found:
        return "Nothing can be compared: the model read no trait that is still there."
    return f"No drift: the farthest is that {found[0].says}."
