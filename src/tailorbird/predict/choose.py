"""Which algorithm serves: tuned and compared on the window before the test, never on the test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tailorbird.errors import ModelError, UsageError
from tailorbird.model_cards import Tried
from tailorbird.predict import measures, tune
from tailorbird.predict.algorithms import Algorithm, Fitted, Outside, Task
from tailorbird.predict.blend import Blend, Stack, mean_of
from tailorbird.predict.boosted import Boosted
from tailorbird.predict.evening import taught
from tailorbird.predict.forest import Forest
from tailorbird.predict.linear import Logistic
from tailorbird.predict.neural import Neural
from tailorbird.predict.propensity import Floats
from tailorbird.predict.tune import Candidate, Purse
from tailorbird.predict.windows import Judging, Snapshot

AUTO: Final = "auto"
RULE: Final = "rule"
"""Asks for the naive rule, and that nothing be trained."""
NEGLIGIBLE: Final = 0.001
"""A gain in AUC (or in the share of variance explained) that is lost on the next window."""
STEADY: Final = 0.003
"""By less than this nothing may outrank the mean of unlike models if that is to serve.

Chosen on one window and asked on the next, eleven times before the last windows of three shops, the
mean of logistic, trees and BG/NBD had an AUC of .8027 where the simplest of about equals had .8013,
and a higher one in each shop.
"""
FEW_OUTCOMES: Final = 200
"""Below this many outcomes only the logistic model is tried: trees have nothing to hold on to."""

TREES: Final = "lightgbm"
FOREST: Final = "random_forest"
"""Trees again, and dear to score and to explain: no part of the mean of unlike models."""

# From the simplest setting to the richest.
GRIDS: Final[dict[str, tuple[Algorithm, ...]]] = {
    "logistic": tuple(Logistic(penalty) for penalty in (300.0, 100.0, 30.0, 10.0, 1.0)),
    TREES: (
        Boosted(60, 4, 60),
        Boosted(120, 7, 40),
        Boosted(200, 15, 40),
        Boosted(400, 31, 20),
    ),
    FOREST: (Forest(100, 31, 40), Forest(150, 128, 15)),
    "neural": (Neural(8, 1.0), Neural(16, 0.1)),
}
PLAN: Final = ("logistic", TREES, FOREST)
"""What `auto` tries while the budget lasts; then means of the leading two, and of unlike ones."""
NAMES: Final = (AUTO, RULE, *GRIDS, "blend", "stack")


@dataclass(frozen=True, slots=True)
class Choice:
    """The algorithm that was chosen, and all that were tried.

    `said` is what it says of the validation window, having learnt of the history alone.
    """

    algorithm: Algorithm
    said: Floats
    figure: float
    tried: tuple[Tried, ...]


def check(name: str | Algorithm) -> None:
    """Return when there is an algorithm of this name.

    Raises:
        UsageError: there is none.
    """
    if isinstance(name, str) and name not in NAMES:
        raise UsageError(f"there is no algorithm {name!r}", mend=f"choose of {', '.join(NAMES)}")


def choose(
    name: str | Algorithm,
    history: Snapshot,
    validation: Snapshot,
    judging: Judging,
    *,
    purse: Purse,
    also: Sequence[Algorithm] = (),
) -> Choice:
    """Return the algorithm that ranks the validation window best, the steadiest of about equals.

    `also` are algorithms of the caller's, tried beside ours by `auto` and in blends.

    Raises:
        ModelError: the algorithm that was asked for needs a library that is not installed.
    """
    trial = Trial(history, validation, judging, purse)
    if not isinstance(name, str):
        return _best([trial.tuned((name,))], [], trial)
    if name in ("blend", "stack"):
        return _forced_blend(name, trial, also)
    if name != AUTO:
        return _best([trial.tuned(GRIDS[name])], [], trial)
    found: list[Candidate] = []
    tried: list[Tried] = []
    for each in _plan(history):
        if found and purse.left < 1:
            tried.append(Tried(each, None, "", "not tried: the budget of fits is spent"))
        else:
            found += _tuned(each, "", GRIDS[each], trial, tried)
    for other in also:
        found += _tuned(other.name, words(other), (other,), trial, tried)
    return _best(found, tried, trial)


def _tuned(
    name: str, settings: str, grid: Sequence[Algorithm], trial: Trial, tried: list[Tried]
) -> list[Candidate]:
    """Return the best setting, [] where none can be fitted: why not is added to `tried`."""
    try:
        return [trial.tuned(grid)]
    except ModelError as error:
        tried.append(Tried(name, None, settings, f"not tried: {error.what}"))
        return []


def _plan(history: Snapshot) -> tuple[str, ...]:
    few = min(history.positives, len(history.outcome) - history.positives) < FEW_OUTCOMES
    return PLAN[:1] if few else PLAN


@dataclass(frozen=True, slots=True)
class Trial:
    """One choice being made: on what is learnt, and on what it is compared."""

    history: Snapshot
    validation: Snapshot
    judging: Judging
    purse: Purse

    def tuned(self, grid: Sequence[Algorithm]) -> Candidate:
        """Return the best setting of one algorithm."""
        return tune.halved(
            grid,
            self.fit,
            self.figure,
            rows=len(self.history.outcome),
            purse=self.purse,
            margin=NEGLIGIBLE,
        )

    def fit(self, algorithm: Algorithm, one_in: int) -> Fitted:
        """Return an algorithm fitted on one in so many rows of the history."""
        part = self.history
        if one_in > 1:
            rng = self.judging.rng("halving")
            rows = len(part.outcome)
            part = part.take(np.sort(rng.choice(rows, rows // one_in, replace=False)))
        rng = self.judging.rng(algorithm.name)
        return taught(algorithm, part, self.judging, rng)

    def figure(self, fitted: Fitted) -> float:
        """Return how well it does on the validation window: AUC, or variance explained."""
        said = fitted.estimates(self.validation.features)
        return figure(said, self.validation.outcome, self.judging.task)


def figure(said: Floats, outcome: Floats, task: Task) -> float:
    """Return AUC for probabilities, the share of variance explained for values."""
    if task == "classification":
        return measures.ranked(said, outcome).auc(np.ones(len(outcome)))
    spread = float(((outcome - outcome.mean()) ** 2).sum())
    return 1 - float(((outcome - said) ** 2).sum()) / spread if spread > 0 else 0.0


def words(algorithm: Algorithm) -> str:
    """Return an algorithm's settings in words."""
    if isinstance(algorithm, Blend | Stack):
        return " + ".join(f"{each.name} ({words(each)})" for each in algorithm.members)
    if isinstance(algorithm, Outside):
        return ""
    fields = getattr(algorithm, "__struct_fields__", ())
    return ", ".join(f"{name} {getattr(algorithm, name)}" for name in fields if name != "name")


def _best(found: list[Candidate], untried: list[Tried], trial: Trial) -> Choice:
    """Return the mean of unlike models, or what outranks it by more than windows differ."""
    kinds = _kinds(found)
    unlike = [each for name, each in kinds.items() if name != FOREST or TREES not in kinds]
    leading = sorted(kinds.values(), key=lambda each: -each.figure)[:2]
    groups = (unlike,) if set(map(id, leading)) == set(map(id, unlike)) else (leading, unlike)
    means = [_mean(members, trial) for members in groups if len(members) > 1]
    every = [*found, *means]
    best = tune.simplest(every, NEGLIGIBLE)
    if len(unlike) > 1 and means[-1].figure > best.figure - STEADY:
        best = means[-1]
    return _chosen(best, every, untried, trial)


def _kinds(found: Sequence[Candidate]) -> dict[str, Candidate]:
    """Return the best of what was tuned of each name."""
    kinds: dict[str, Candidate] = {}
    for each in found:
        best = kinds.setdefault(each.algorithm.name, each)
        if each.figure > best.figure:
            kinds[each.algorithm.name] = each
    return kinds


def _mean(members: Sequence[Candidate], trial: Trial) -> Candidate:
    """Return the mean of what was tuned as a candidate of its own."""
    mean = mean_of(tuple(each.fitted for each in members), trial.judging.task)
    return Candidate(Blend(tuple(each.algorithm for each in members)), mean, trial.figure(mean))


def _chosen(best: Candidate, found: list[Candidate], untried: list[Tried], trial: Trial) -> Choice:
    """Return the choice of one among those that were tried."""
    tried = [
        Tried(each.algorithm.name, each.figure, words(each.algorithm), "", each is best)
        for each in found
    ]
    said = best.fitted.estimates(trial.validation.features)
    return Choice(best.algorithm, said, best.figure, (*tried, *untried))


def _forced_blend(name: str, trial: Trial, also: Sequence[Algorithm]) -> Choice:
    """Return a blend or a stack of the tuned logistic, the tuned trees and what is given."""
    found = [trial.tuned(GRIDS["logistic"]), trial.tuned(GRIDS["lightgbm"])]
    found += [trial.tuned((each,)) for each in also]
    members = tuple(each.algorithm for each in found)
    algorithm: Algorithm = Blend(members) if name == "blend" else Stack(members)
    fitted = (
        mean_of(tuple(each.fitted for each in found), trial.judging.task)
        if name == "blend"
        else trial.fit(algorithm, 1)
    )
    last = Candidate(algorithm, fitted, trial.figure(fitted))
    return _chosen(last, [*found, last], [], trial)
