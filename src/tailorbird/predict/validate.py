"""Judges a model against the naive rules on windows in time, and lets the winner serve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np

from tailorbird.model_cards import Evened, ModelCard, Validation, only_people
from tailorbird.predict import (
    calibrate,
    choose,
    cross_validation,
    evening,
    figures,
    measures,
    train,
    tune,
    verdict,
)
from tailorbird.predict.algorithms import Algorithm, Fitted, Outside, Task, one_thread
from tailorbird.predict.calibrate import Calibration
from tailorbird.predict.choose import Choice
from tailorbird.predict.propensity import Floats, numbers
from tailorbird.predict.rules import RFM, Recency, Rfm
from tailorbird.predict.stored import Scorer, served
from tailorbird.predict.verdict import Said
from tailorbird.predict.windows import Features, Judging, Outcomes, Snapshot, joined, snapshot
from tailorbird.schema import Instant, Scalar

LEAST_POSITIVES: Final = 50
LEAST_PEOPLE: Final = 50
"""Of fewer people, all windows together, not even one rate is told: nobody is scored."""
SNAPSHOTS: Final = 3
RECENCY: Final = "recency_days"
ASKED: Final = "The naive rule was asked for, so nothing was trained."
FEW: Final = (
    f"fewer than {LEAST_PEOPLE} people are known even for the naive rule, so nobody is scored"
)
WORTH_CELLS: Final = 0.005
"""By how much cells must rank the validation window better before they are the naive rule."""


@one_thread()
def judge(
    features: Features,
    outcomes: Outcomes,
    *,
    now: Instant,
    horizon_days: int = 30,
    seed: int = 0,
    name: str = "propensity",
    recency: str = RECENCY,
    rfm: tuple[str, ...] = RFM,
    task: Task = "classification",
    algorithm: str | Algorithm = choose.AUTO,
    budget: float = tune.BUDGET,
    budget_seconds: float | None = None,
    also: Sequence[Algorithm] = (),
    fair: str = "",
) -> tuple[Scorer, ModelCard]:
    """Return the model that serves from `now` on, and the card that judges it.

    Snapshots lie a horizon apart: the last is the test, the one before chooses among algorithms and
    settings (of `algorithm`, and the caller's own in `also`) for `budget` fits, or about as many as
    CPU seconds pay for; up to `SNAPSHOTS` earlier ones train. `algorithm` may be one with its
    settings, or an `Outside` that is judged as it is. Nothing after `now` is ever asked for.
    Groups of the column `fair` are evened out by weighing rows; nothing else reads that column.

    The model serves only where its AUC (of a regression the variance explained) is surely higher
    than that of every naive rule; otherwise the best of those serves, and `card.why` says so. Where
    fewer than `LEAST_PEOPLE` are known for a rule, `card.scores` says that nobody is to be scored.

    Raises:
        UsageError: there is no such algorithm.
        ModelError: a library that it needs is not installed.
    """
    choose.check(algorithm)
    trial = _trial(features, outcomes, name, recency, Judging(now, horizon_days, seed, task, fair))
    naive = _naive_rules(recency, rfm, trial.test)
    if refused := _asked(trial) if algorithm == choose.RULE else _refusal(trial):
        return _ruled(naive[0], trial, refused)
    purse = tune.Purse(budget, budget_seconds)
    return _chosen(algorithm, trial, naive, purse, also)


def _asked(trial: Trial) -> str:
    return ASKED if trial.enough else f"{ASKED} But {FEW}."


@dataclass(frozen=True, slots=True)
class Trial:
    """The windows of one judgement: the last, on which is judged, and the others, latest first."""

    name: str
    test: Snapshot
    earlier: list[Snapshot]
    recency: str
    judging: Judging

    @property
    def usable(self) -> list[Snapshot]:
        """Return the windows before the test in which somebody had the outcome."""
        return [one for one in self.earlier if one.positives]

    @property
    def enough(self) -> bool:
        """Return whether enough people were there for a rule."""
        return sum(len(one.outcome) for one in (self.test, *self.usable)) >= LEAST_PEOPLE


@dataclass(frozen=True, slots=True)
class Held:
    """A naive rule, how well it did on the validation window, and where a yes begins."""

    algorithm: Algorithm
    figure: float
    threshold: float


def _trial(
    features: Features, outcomes: Outcomes, name: str, recency: str, judging: Judging
) -> Trial:
    test, *earlier = (
        snapshot(features, outcomes, judging, back) for back in range(1, SNAPSHOTS + 3)
    )
    return Trial(name, test, earlier, recency, judging)


def _ruled(rule: Algorithm, trial: Trial, why: str) -> tuple[Scorer, ModelCard]:
    """Return a rule that nothing was held to, and the card that says why."""
    fitted = _fitted(rule, [trial.test, *trial.usable], trial.judging)
    card = _card(trial.name, trial.judging, trial.test, why)
    return _served(fitted, trial.judging), msgspec.structs.replace(card, scores=trial.enough)


def _chosen(
    algorithm: str | Algorithm,
    trial: Trial,
    naive: tuple[Algorithm, ...],
    purse: tune.Purse,
    also: Sequence[Algorithm],
) -> tuple[Scorer, ModelCard]:
    """Return what serves and its card, once an algorithm was chosen on the window before."""
    validation, *before = trial.usable
    history = joined(before, trial.judging)
    purse.counted(len(history.outcome))
    chosen = choose.choose(algorithm, history, validation, trial.judging, purse=purse, also=also)
    rules = tuple(_held(each, history, validation, trial.judging) for each in naive)
    return _judged(trial, chosen, rules)


def _judged(trial: Trial, chosen: Choice, rules: tuple[Held, ...]) -> tuple[Scorer, ModelCard]:
    """Return what serves, and the card of what was chosen."""
    judging, test = trial.judging, trial.test
    best = max(rules[1:], key=lambda one: one.figure, default=rules[0])
    first = best if best.figure > rules[0].figure + WORTH_CELLS else rules[0]
    calibration, calibrated = _calibration(chosen, trial)
    model = _fitted(chosen.algorithm, trial.usable, judging)
    ours = _said(model, calibration, test, _chosen_threshold(chosen, calibration, trial))
    fitted = {held: _fitted(held.algorithm, trial.usable, judging) for held in rules}
    naive = {
        each.rule: _ranked(_said(each, None, test, held.threshold), each, trial)
        for held, each in fitted.items()
    }
    found = verdict.compared(ours, naive, fitted[first].rule, test.outcome, judging)
    serves = verdict.wins(found, judging.task)
    everything = [test, *trial.usable]
    winner = chosen.algorithm if serves else first.algorithm
    final = _fitted(winner, everything, judging)
    kept = _served(final, judging, calibration if serves else None)
    card = _card(trial.name, judging, test, verdict.why(found, kept.rule, serves, judging.task))
    return kept, msgspec.structs.replace(
        card,
        measures=found,
        serves=serves,
        features=kept.reads,
        parameters=card.parameters | _parameters(chosen, kept),
        algorithm=chosen.algorithm.name,
        tried=chosen.tried,
        threshold=ours.threshold if judging.task == "classification" else None,
        calibration=calibrated,
        reliability=figures.reliability(ours.estimates, test.outcome),
        lift=figures.lift(ours.rank, test.outcome),
        importances=figures.importances(model, test.features),
        validations=_validations(chosen, ours, trial),
        evened=_evened(chosen, ours, trial),
    )


def _evened(chosen: Choice, ours: Said, trial: Trial) -> Evened | None:
    """Return the groups of the test beside those by the same algorithm and rows counting alike."""
    judging = trial.judging
    if not judging.fair:
        return None
    rng = judging.rng(chosen.algorithm.name)
    rows = joined(trial.usable, judging)
    plainly = evening.taught(chosen.algorithm, rows, judging, rng, evenly=False)
    before = plainly.estimates(trial.test.features)
    return evening.told(judging, trial.test, ours.estimates, before, ours.threshold)


def _parameters(chosen: Choice, kept: Scorer) -> dict[str, Scalar]:
    return {"rule": kept.rule, "settings": choose.words(chosen.algorithm)}


def _validations(chosen: Choice, ours: Said, trial: Trial) -> tuple[Validation, ...]:
    """Return the figure in time beside those in folds; a model from outside has no folds."""
    if isinstance(chosen.algorithm, Outside):
        return ()
    judging = trial.judging
    return cross_validation.side_by_side(
        chosen.algorithm,
        joined(trial.usable, judging),
        chosen.figure,
        choose.figure(ours.rank, trial.test.outcome, judging.task),
        judging,
    )


def _naive_rules(recency: str, rfm: tuple[str, ...], test: Snapshot) -> tuple[Algorithm, ...]:
    """Return the rules that a model must beat: recency (or one rate), and cells where they fit."""
    cells = Rfm(rfm)
    return (Recency(recency), cells) if cells.fits(test.features) else (Recency(recency),)


def _held(rule: Algorithm, history: Snapshot, validation: Snapshot, judging: Judging) -> Held:
    """Return a naive rule with what the validation window says of it."""
    fitted = rule.fit(history.features, history.outcome, task=judging.task, rng=judging.rng("rule"))
    said = fitted.estimates(validation.features)
    figure = choose.figure(said, validation.outcome, judging.task)
    return Held(rule, figure, _threshold(said, validation, judging))


def _chosen_threshold(chosen: Choice, calibration: Calibration | None, trial: Trial) -> float:
    """Return where a yes begins by the validation window, after calibration."""
    mended = chosen.said if calibration is None else calibration.mend(chosen.said)
    return _threshold(mended, trial.usable[0], trial.judging)


def _threshold(said: Floats, validation: Snapshot, judging: Judging) -> float:
    if judging.task == "regression":
        return 0.0
    return measures.best_threshold(said, validation.outcome)


def _calibration(chosen: Choice, trial: Trial) -> tuple[Calibration | None, str]:
    """Return a calibration where those learnt on earlier windows mend later ones, twice."""
    if trial.judging.task == "regression":
        return None, ""
    usable = trial.usable
    if len(usable) < 4 or any(one.one_class for one in usable):
        return None, "none: too few windows to tell whether it helps"
    held = [(chosen.said, usable[0].outcome)]
    for back in (1, 2):
        before = _fitted(chosen.algorithm, usable[back + 1 :], trial.judging)
        held.append((before.estimates(usable[back].features), usable[back].outcome))
    return calibrate.chosen(held)


def _fitted(algorithm: Algorithm, snapshots: Sequence[Snapshot], judging: Judging) -> Fitted:
    rows = joined(snapshots, judging)
    rng = judging.rng(algorithm.name)
    return evening.taught(algorithm, rows, judging, rng)


def _served(found: Fitted, judging: Judging, calibration: Calibration | None = None) -> Scorer:
    return served(
        found,
        horizon_days=judging.horizon_days,
        now=judging.now,
        task=judging.task,
        calibration=calibration,
    )


def _said(
    fitted: Fitted, calibration: Calibration | None, test: Snapshot, threshold: float
) -> Said:
    said = fitted.estimates(test.features)
    mended = said if calibration is None else calibration.mend(said)
    return Said(mended, said, threshold)


def _ranked(said: Said, rule: Fitted, trial: Trial) -> Said:
    """Return a rule by recency with people ranked by recency itself, which tells more than bins."""
    if rule.rule not in ("recency", "recency average"):
        return said
    recency = np.nan_to_num(numbers(trial.test.features, trial.recency), nan=np.inf)
    known = np.isfinite(recency)
    order = np.where(known, recency, recency[known].max(initial=0) + 1)
    rises = np.corrcoef(order, said.estimates)[0, 1] > 0
    return Said(said.estimates, order if rises else -order, said.threshold)


def _refusal(trial: Trial) -> str:
    """Return why nothing can be judged, or ''."""
    test, earlier, usable = trial.test, trial.earlier, trial.usable
    judging = trial.judging
    fewest = min(test.positives, sum(one.positives for one in usable[1:]), earlier[0].positives)
    rule = "the naive rule serves" if trial.enough else FEW
    if fewest < LEAST_POSITIVES:
        return (
            f"{only_people(fewest)} had the outcome in a window of {judging.horizon_days} days, "
            f"{LEAST_POSITIVES} are needed to train, validate and test: {rule}."
        )
    if test.one_class or any(one.one_class for one in usable):
        return f"Everybody had the outcome, so there is nothing to tell apart: {rule}."
    if not train.columns(usable[-1].features):
        return f"Every trait is the same for everybody: {rule}."
    return ""


def _card(name: str, judging: Judging, test: Snapshot, why: str) -> ModelCard:
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
        measures=(),
        serves=False,
        why=why,
        outcomes=test.positives,
        seed=judging.seed,
        libraries=figures.libraries(),
    )
