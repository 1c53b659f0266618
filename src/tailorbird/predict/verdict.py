"""What the last window says of a model beside the naive rules, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from tailorbird.model_cards import Measure
from tailorbird.predict import measures
from tailorbird.predict.algorithms import Task
from tailorbird.predict.propensity import Floats
from tailorbird.predict.windows import Judging

Weighed: TypeAlias = "Callable[[Floats], float]"
"""A measure, given how often each person counts."""

AUC: Final = "auc"
EXPLAINED: Final = "variance explained"
CHANCE: Final = "chance"
DECIDES: Final[dict[Task, str]] = {"classification": AUC, "regression": EXPLAINED}
"""The measure by which a model must surely win."""


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody says of the people of the test window, and how they rank them.

    `threshold` is where a yes begins, chosen on the window before.
    """

    estimates: Floats
    rank: Floats
    threshold: float = 0.5


def compared(
    ours: Said, naive: Mapping[str, Said], first: str, outcome: Floats, judging: Judging
) -> tuple[Measure, ...]:
    """Return the measures beside the rule `first`, and the deciding one beside every other."""
    decides = DECIDES[judging.task]
    mine = _measured(ours, outcome, judging.task)
    theirs = {name: _measured(said, outcome, judging.task) for name, said in naive.items()}
    found = [
        _measure(name, (mine[name], theirs[first][name]), first, len(outcome), judging)
        for name in mine
    ]
    others = {name: each[decides] for name, each in theirs.items() if name != first}
    if judging.task == "classification":
        others[CHANCE] = lambda _: 0.5
    found += [
        _measure(decides, (mine[decides], other), name, len(outcome), judging)
        for name, other in others.items()
    ]
    return tuple(found)


def wins(found: tuple[Measure, ...], task: Task) -> bool:
    """Return whether the model surely beats every naive rule."""
    return all(measure.low > 0 for measure in found if measure.name == DECIDES[task])


def why(found: tuple[Measure, ...], serving: str, serves: bool, task: Task) -> str:
    """Return the verdict as one sentence, by the rule that came nearest."""
    decides = DECIDES[task]
    worst = min((each for each in found if each.name == decides), key=lambda one: one.low)
    title = "AUC" if decides == AUC else decides
    rule = CHANCE if worst.naive_rule == CHANCE else f"the rule '{worst.naive_rule}'"
    figures = f"{title} {worst.model:.3f} against {worst.naive:.3f} of {rule} ({worst.interval()})"
    if serves:
        return f"It beats the naive rule on the last window: {figures}."
    return f"It is not clearly better, so the rule '{serving}' serves: {figures}."


def _measured(said: Said, outcome: Floats, task: Task) -> dict[str, Weighed]:
    if task == "regression":
        return {
            EXPLAINED: lambda w: measures.explained(said.estimates, outcome, w),
            "mean absolute error": measures.mean(np.abs(said.estimates - outcome)),
            "total error": lambda w: measures.total_error(said.estimates, outcome, w),
            "value of the top tenth": measures.top_share(said.rank, outcome),
        }
    ranked = measures.ranked(said.rank, outcome)
    return {
        AUC: ranked.auc,
        "average precision": ranked.average_precision,
        "f1": measures.f1(said.estimates >= said.threshold, outcome),
        "calibration error": measures.calibration(said.estimates, outcome),
        "brier": measures.brier(said.estimates, outcome),
    }


def _measure(
    name: str, pair: tuple[Weighed, Weighed], rule: str, people: int, judging: Judging
) -> Measure:
    ours, theirs = pair
    once = np.ones(people)
    rng = judging.rng(f"interval {name} {rule}")
    low, high = measures.interval(lambda weight: ours(weight) - theirs(weight), people, rng)
    return Measure(name, ours(once), theirs(once), rule, low, high)
