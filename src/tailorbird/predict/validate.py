"""Judges a propensity model against recency on windows in time, and lets the winner serve."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec
import numpy as np

from tailorbird.model_cards import Measure, ModelCard
from tailorbird.predict import measures, train
from tailorbird.predict.propensity import PERSON, Floats, Propensity, numbers
from tailorbird.schema import DAY, Instant

if TYPE_CHECKING:
    import pyarrow as pa

Features: TypeAlias = "Callable[[Instant], pa.Table]"
"""People and their traits as of an instant: `person` and columns of numbers or text."""
Outcomes: TypeAlias = "Callable[[Instant, Instant], pa.Table]"
"""The people (`person`) with the outcome in (after, until]."""

Weighed: TypeAlias = "Callable[[Floats], float]"
"""A measure, given how often each person counts."""

LEAST_POSITIVES: Final = 50
SNAPSHOTS: Final = 3
MOST_ROWS: Final = 100_000
PENALTIES: Final = (1.0, 10.0, 30.0, 100.0, 300.0)
NEGLIGIBLE_AUC: Final = 0.001
RECENCY: Final = "recency_days"
AUC: Final = "auc"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Traits as of an instant, and 1 for those who had the outcome in the horizon after it."""

    features: pa.Table
    outcome: Floats

    @property
    def positives(self) -> int:
        """Return how many had the outcome."""
        return int(self.outcome.sum())

    @property
    def one_class(self) -> bool:
        """Return whether everybody or nobody had it."""
        return self.positives in (0, len(self.outcome))


@dataclass(frozen=True, slots=True)
class Judging:
    """What one judgement is made with."""

    now: Instant
    horizon_days: int
    recency: str
    rng: np.random.Generator

    def after(self, horizons: int) -> Instant:
        """Return the instant this many horizons before now."""
        return self.now - horizons * self.horizon_days * DAY


def judge(
    features: Features,
    outcomes: Outcomes,
    *,
    now: Instant,
    horizon_days: int = 30,
    seed: int = 0,
    name: str = "propensity",
    recency: str = RECENCY,
) -> tuple[Propensity, ModelCard]:
    """Return the propensity that serves from `now` on, and the card that judges it.

    Snapshots lie a horizon apart: the last is the test, the one before chooses the penalty, up to
    `SNAPSHOTS` earlier ones train. Nothing after `now` is ever asked for. Measures are AUC, average
    precision, calibration error and Brier score (lower is better for the last two) beside the rule
    that ranks by recency. The model serves only where its AUC is surely higher, and above chance;
    otherwise recency as calibrated frequencies serves (or, without that trait, one rate for all),
    and `card.why` says so.
    """
    judging = Judging(now, horizon_days, recency, np.random.default_rng(seed))
    test = _snapshot(features, outcomes, judging, 1)
    earlier = [_snapshot(features, outcomes, judging, back) for back in range(2, SNAPSHOTS + 3)]
    usable = [snapshot for snapshot in earlier if snapshot.positives]
    refused = _refusal(test, earlier, usable, horizon_days)
    if refused:
        return _naive([test, *usable], judging), _card(name, judging, test, (), refused)
    penalty = _penalty(usable, judging)
    model, rule = _logistic(usable, penalty, judging), _naive(usable, judging)
    found = _measures(model, rule, test, judging)
    serves = all(measure.low > 0 for measure in found if measure.name == AUC)
    everything = [test, *usable]
    served = _logistic(everything, penalty, judging) if serves else _naive(everything, judging)
    card = _card(name, judging, test, found, _why(found, served.rule, serves))
    traits = tuple(column.name for column in served.columns)
    parameters = {"penalty": penalty, "rule": served.rule, "horizon_days": horizon_days}
    return served, msgspec.structs.replace(
        card, serves=serves, features=traits, parameters=parameters
    )


def _snapshot(features: Features, outcomes: Outcomes, judging: Judging, back: int) -> Snapshot:
    after, until = judging.after(back), judging.after(back - 1)
    table = features(after)
    people = table[PERSON].to_numpy()
    happened = np.isin(people, outcomes(after, until)[PERSON].to_numpy())
    if table.num_rows > MOST_ROWS:
        drawn = np.sort(judging.rng.choice(table.num_rows, MOST_ROWS, replace=False))
        table, happened = table.take(drawn), happened[drawn]
    return Snapshot(table, happened.astype(np.float64))


def _joined(snapshots: list[Snapshot], rng: np.random.Generator) -> Snapshot:
    """Return snapshots as one, sampled where there are too many rows."""
    import pyarrow as pa

    table = pa.concat_tables([one.features for one in snapshots], promote_options="permissive")
    outcome = np.concatenate([one.outcome for one in snapshots])
    if len(outcome) > MOST_ROWS:
        drawn = np.sort(rng.choice(len(outcome), MOST_ROWS, replace=False))
        table, outcome = table.take(drawn), outcome[drawn]
    return Snapshot(table, outcome)


def _refusal(
    test: Snapshot, earlier: list[Snapshot], usable: list[Snapshot], horizon_days: int
) -> str:
    """Return why nothing can be judged, or ''."""
    fewest = min(test.positives, sum(one.positives for one in usable[1:]), earlier[0].positives)
    rule = "the naive rule serves"
    if fewest < LEAST_POSITIVES:
        return (
            f"Only {fewest} people had the outcome in a window of {horizon_days} days, "
            f"{LEAST_POSITIVES} are needed to train, validate and test: {rule}."
        )
    if test.one_class or any(one.one_class for one in usable):
        return f"Everybody had the outcome, so there is nothing to tell apart: {rule}."
    if not train.columns(usable[-1].features):
        return f"Every trait is the same for everybody: {rule}."
    return ""


def _penalty(usable: list[Snapshot], judging: Judging) -> float:
    """Return the largest penalty that ranks the latest of `usable` about as well as the best does.

    Windows differ, so what a small penalty gains on one of them is often lost on the next.
    """
    validation, history = usable[0], usable[1:]
    once = np.ones(len(validation.outcome))
    reached = {}
    for penalty in PENALTIES:
        model = _logistic(history, penalty, judging)
        score = model.probabilities(validation.features)
        reached[penalty] = measures.ranked(score, validation.outcome).auc(once)
    enough = max(reached.values()) - NEGLIGIBLE_AUC
    return max(penalty for penalty, auc in reached.items() if auc >= enough)


def _logistic(snapshots: list[Snapshot], penalty: float, judging: Judging) -> Propensity:
    joined = _joined(snapshots, judging.rng)
    return train.logistic(
        train.columns(joined.features),
        joined.features,
        joined.outcome,
        penalty=penalty,
        horizon_days=judging.horizon_days,
        now=judging.now,
    )


def _naive(snapshots: list[Snapshot], judging: Judging) -> Propensity:
    """Return recency as calibrated frequencies, or one rate where that trait tells nothing."""
    joined = _joined(snapshots, judging.rng)
    horizon_days, now = judging.horizon_days, judging.now
    known = [one for one in train.columns(joined.features) if one.name == judging.recency]
    if not known:
        return train.base_rate(joined.outcome, horizon_days=horizon_days, now=now)
    return train.recency_rule(
        known[0], joined.features, joined.outcome, horizon_days=horizon_days, now=now
    )


def _recency_score(test: Snapshot, judging: Judging) -> Floats:
    """Return minus the recency, people without one last; all equal where the trait is missing."""
    if judging.recency not in test.features.column_names:
        return np.zeros(len(test.outcome))
    return np.nan_to_num(-numbers(test.features, judging.recency), nan=-np.inf)


def _measures(
    model: Propensity, rule: Propensity, test: Snapshot, judging: Judging
) -> tuple[Measure, ...]:
    ours, theirs = model.probabilities(test.features), rule.probabilities(test.features)
    first = measures.ranked(ours, test.outcome)
    second = measures.ranked(_recency_score(test, judging), test.outcome)
    pairs: dict[str, tuple[Weighed, Weighed]] = {
        AUC: (first.auc, second.auc),
        "average precision": (first.average_precision, second.average_precision),
        "calibration error": (
            lambda weight: measures.calibration_error(ours, test.outcome, weight),
            lambda weight: measures.calibration_error(theirs, test.outcome, weight),
        ),
        "brier": (
            lambda weight: measures.brier(ours, test.outcome, weight),
            lambda weight: measures.brier(theirs, test.outcome, weight),
        ),
    }
    people = len(test.outcome)
    found = [_measure(name, pair, rule.rule, people, judging.rng) for name, pair in pairs.items()]
    chance = _measure(AUC, (first.auc, lambda _: 0.5), "chance", people, judging.rng)
    return (*found, chance)


def _measure(
    name: str, pair: tuple[Weighed, Weighed], rule: str, people: int, rng: np.random.Generator
) -> Measure:
    ours, theirs = pair
    once = np.ones(people)
    low, high = measures.interval(lambda weight: ours(weight) - theirs(weight), people, rng)
    return Measure(name, ours(once), theirs(once), rule, low, high)


def _why(found: tuple[Measure, ...], serving: str, serves: bool) -> str:
    auc = min((measure for measure in found if measure.name == AUC), key=lambda one: one.low)
    figures = (
        f"AUC {auc.model:.3f} against {auc.naive:.3f} of {_title(auc.naive_rule)} "
        f"(95 % interval of the difference {auc.low:+.3f} to {auc.high:+.3f})"
    )
    if serves:
        return f"It beats the naive rule on the last window: {figures}."
    return f"It does not surely win, so the rule '{serving}' serves: {figures}."


def _title(rule: str) -> str:
    return rule if rule == "chance" else f"the rule '{rule}'"


def _card(
    name: str, judging: Judging, test: Snapshot, found: tuple[Measure, ...], why: str
) -> ModelCard:
    return ModelCard(
        name=name,
        kind="propensity",
        version=0,
        trained_at=judging.now,
        train_window=(judging.after(SNAPSHOTS + 2), judging.now),
        test_window=(judging.after(1), judging.now),
        people=len(test.outcome),
        features=(),
        parameters={"horizon_days": judging.horizon_days},
        measures=found,
        serves=False,
        why=why,
    )
