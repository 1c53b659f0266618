"""Models that are taught evenly: rows weighed so that a group and the outcome are independent.

The trait that tells the groups apart is known in training and read by nobody: scoring needs none of
it. Naive rules stay as they are, and a model so taught has to beat them like any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tailorbird.model_cards import Evened, EvenedGroup
from tailorbird.predict.fairness import by_size, grouped, reweighed
from tailorbird.predict.rules import Average, Recency, Rfm

if TYPE_CHECKING:
    import numpy.typing as npt

    from tailorbird.predict.algorithms import Algorithm, Fitted, Generator
    from tailorbird.predict.propensity import Floats
    from tailorbird.predict.windows import Judging, Snapshot

    Chosen = npt.NDArray[np.bool_]


def taught(
    algorithm: Algorithm, rows: Snapshot, judging: Judging, rng: Generator, *, evenly: bool = True
) -> Fitted:
    """Return an algorithm fitted on rows, which are weighed where the judgement asks for it."""
    features, weights = rows.features, None
    if judging.fair and not isinstance(algorithm, Average | Recency | Rfm):
        weights = reweighed(groups(rows, judging), rows.outcome) if evenly else None
        features = features.drop_columns([judging.fair])
    return algorithm.fit(features, rows.outcome, task=judging.task, rng=rng, weights=weights)


def groups(rows: Snapshot, judging: Judging) -> list[str | None]:
    """Return everybody's group, None where it is not known."""
    found = rows.features[judging.fair].to_pylist()
    return [None if each is None else str(each) for each in found]


def told(
    judging: Judging, test: Snapshot, said: Floats, before: Floats, threshold: float
) -> Evened:
    """Return what a model does to each group beside what it would do, taught by rows as they are.

    `said` reaches the threshold or not; as many of `before` are chosen, the highest.
    """
    named = grouped(groups(test, judging))
    chosen = said >= threshold
    without = np.zeros(len(said), np.bool_)
    without[np.argsort(-before, kind="stable")[: int(chosen.sum())]] = True
    found = tuple(
        _group(each, named == each, test.outcome, without, chosen) for each in by_size(named)
    )
    first, last = _ratio([g.chosen_before for g in found]), _ratio([g.chosen for g in found])
    return Evened(judging.fair, found, first, last, _why(judging.fair, found, first, last))


def _group(name: str, rows: Chosen, outcome: Floats, before: Chosen, after: Chosen) -> EvenedGroup:
    having = rows & (outcome > 0)
    shares = [float(each[having].mean()) if having.any() else None for each in (before, after)]
    return EvenedGroup(
        group=name,
        people=int(rows.sum()),
        outcome_rate=float(outcome[rows].mean()),
        chosen_before=float(before[rows].mean()),
        chosen=float(after[rows].mean()),
        found_before=shares[0],
        found=shares[1],
    )


def _ratio(shares: list[float]) -> float:
    return min(shares) / max(shares) if shares and max(shares) > 0 else 1.0


def _why(trait: str, found: tuple[EvenedGroup, ...], before: float, after: float) -> str:
    if len(found) < 2:
        return f"Everybody is in one group of {trait}: there was nothing to even out."
    return (
        f"Rows are weighed so that {trait} and the outcome are independent: the least chosen group "
        f"is chosen {after:.2f} times as often as the most chosen one, {before:.2f} without."
    )
