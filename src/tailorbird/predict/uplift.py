"""Whom a mail moves: learners of the effect, judged on people whom they have not seen.

Everything is cross-fitted: who is scored was in no model that scores her. Beside three learners
stand a rule of one trait and a model of who responds. A learner serves only where its Qini is
surely above zero (at a level that allows for their number) and surely above the rule's; then the
rule, where its own is; otherwise nobody is told apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import msgspec
import numpy as np

from tailorbird.model_cards import only_people
from tailorbird.predict import train
from tailorbird.predict.algorithms import Algorithm, Fitted
from tailorbird.predict.boosted import Boosted
from tailorbird.predict.heads import read_head
from tailorbird.predict.linear import Logistic
from tailorbird.predict.measures import ranked
from tailorbird.predict.policy_value import PolicyValue, ips, on_policy
from tailorbird.predict.propensity import PERSON, Bins, Floats
from tailorbird.predict.qini import CurvePoint, Qini, area, better, curve, effects_of, qini
from tailorbird.predict.stored import fitted as read_fitted

if TYPE_CHECKING:
    import pyarrow as pa

    Rng: TypeAlias = np.random.Generator

FOLDS: Final = 5
LEAST_IN_ARM: Final = 100
LEAST_OUTCOMES: Final = 50
MOST_PEOPLE: Final = 200_000
TREATED: Final = "treated"
HEAD: Final = "uplift.json"
LEVEL: Final = 0.95

Learner = Literal["t", "s", "dr"]
Kind = Literal["t", "s", "dr", "rule"]
LEARNERS: Final[tuple[Learner, ...]] = ("t", "s", "dr")
KINDS: Final[tuple[Kind, ...]] = (*LEARNERS, "rule")
ALONE: Final[tuple[Kind, ...]] = ("s", "dr", "rule")
"""What is learnt for its order alone: the two models of T also say what either arm expects."""
NAMES: Final[dict[str, str]] = {
    "t": "two models (T)",
    "s": "one model (S)",
    "dr": "doubly robust (DR)",
    "rule": "rule of one trait",
    "response": "who responds",
}
_LINEAR: Final = Logistic(30.0)
_TREES: Final = Boosted(100, 8, 100)


@dataclass(frozen=True, slots=True)
class Experiment:
    """People of an experiment: their traits before it, who was treated, and what came after.

    `probability` is that with which each was to be treated, as it was drawn; strictly between 0
    and 1. `outcome` is 0 or 1, or an amount.
    """

    features: pa.Table
    treated: Floats
    probability: Floats
    outcome: Floats

    def take(self, at: Bins) -> Experiment:
        """Return some of the people."""
        return Experiment(
            self.features.take(at), self.treated[at], self.probability[at], self.outcome[at]
        )

    @property
    def task(self) -> Literal["classification", "regression"]:
        """Return whether the outcome is a yes, or an amount."""
        return "classification" if np.isin(self.outcome, (0, 1)).all() else "regression"


class Uplift(msgspec.Struct, frozen=True):
    """Says by how much a mail raises each person's outcome."""

    kind: Kind
    parts: tuple[Fitted, ...]

    def uplift(self, features: pa.Table) -> Floats:
        """Return each person's expected gain of being treated, in units of the outcome.

        Raises:
            ModelError: a trait that it was trained on is missing.
        """
        match self.kind:
            case "t":
                with_it, without = (part.estimates(features) for part in self.parts)
                return np.asarray(with_it - without)
            case "s":
                return _of_one_model(self.parts[0], features)
            case "dr" | "rule":
                return np.asarray(self.parts[0].estimates(features))

    def files(self) -> dict[str, bytes]:
        """Return what `load` reads."""
        found = {HEAD: msgspec.json.encode({"kind": self.kind, "parts": len(self.parts)})}
        for at, part in enumerate(self.parts):
            found |= {f"{at}.{name}": content for name, content in part.files().items()}
        return found


class JudgedUplift(msgspec.Struct, frozen=True):
    """One order of people: its Qini with interval, and by how much it is above the rule's."""

    name: str
    qini: Qini
    above_rule: Qini | None = None


class UpliftReport(msgspec.Struct, frozen=True):
    """What an experiment says of whom a mail moves.

    `average` is the effect of treating everybody rather than nobody. `policies` are the values of
    treating everybody, nobody, and those of whom a gain is expected.
    """

    people: int
    treated: int
    average: PolicyValue
    judged: tuple[JudgedUplift, ...]
    policies: dict[str, PolicyValue]
    curve: tuple[CurvePoint, ...]
    serves: str
    """Which order serves, or ''."""
    why: str


def load(files: Mapping[str, bytes]) -> Uplift:
    """Return the model whose `files()` these are.

    Raises:
        ModelError: a file is missing or damaged.
    """
    kept = read_head(files, HEAD, _Head, where="uplift", mend="train it again")
    parts = []
    for at in range(kept.parts):
        mark = f"{at}."
        own = {name[len(mark) :]: text for name, text in files.items() if name.startswith(mark)}
        parts.append(read_fitted(own))
    return Uplift(kept.kind, tuple(parts))


class _Head(msgspec.Struct, frozen=True):
    kind: Kind
    parts: int


def learn(kind: Kind, experiment: Experiment, rng: Rng) -> Uplift:
    """Return one learner, taught by everybody of an experiment.

    Raises:
        ModelError: the extra `learn` is not installed.
    """
    match kind:
        case "t":
            return Uplift("t", _two_models(experiment, rng))
        case "s":
            return Uplift("s", (_one_model(experiment, rng),))
        case "dr":
            effect = _cross_fitted_effects(experiment, rng)
            return Uplift("dr", (_of_effects(_LINEAR, experiment.features, effect, rng),))
        case "rule":
            effect = _cross_fitted_effects(experiment, rng)
            name = _best_trait(experiment.features, effect, rng)
            one = experiment.features.select([PERSON, name])
            return Uplift("rule", (_of_effects(_LINEAR, one, effect, rng),))


def judge(experiment: Experiment, *, seed: int = 0) -> tuple[Uplift | None, UpliftReport]:
    """Return what serves, None where nobody can be told apart, and the report that says why."""
    rng = np.random.default_rng(seed)
    if len(experiment.outcome) > MOST_PEOPLE:
        drawn = rng.choice(len(experiment.outcome), MOST_PEOPLE, replace=False)
        experiment = experiment.take(np.sort(drawn))
    refused = _refusal(experiment)
    if refused:
        return None, _refused(experiment, refused)
    scores, effect, fold = _out_of_fold(experiment, rng)
    ranks = {name: _within(score, fold) for name, score in scores.items()}
    found = _judged(ranks, effect, rng)
    serves, why = _verdict(found)
    kind: Kind | None = next((each for each in KINDS if each == serves), None)
    shown = kind or "rule"
    report = UpliftReport(
        people=len(effect),
        treated=int(experiment.treated.sum()),
        average=on_policy(effect),
        judged=found,
        policies=_policies(experiment, scores[shown]),
        curve=curve(ranks[shown], effect),
        serves=serves,
        why=why,
    )
    return (learn(kind, experiment, rng) if kind else None), report


def _refusal(experiment: Experiment) -> str:
    """Return why nothing can be judged, or ''."""
    if not len(experiment.outcome):
        return "Nobody was in the experiment."
    probability = experiment.probability
    if not ((probability > 0) & (probability < 1)).all():
        return "Not everybody could have been held out: only who could teaches whom a mail moves."
    treated = int(experiment.treated.sum())
    smaller = min(treated, len(experiment.treated) - treated)
    if smaller < LEAST_IN_ARM:
        verb = "is" if smaller < 2 else "are"
        return f"{only_people(smaller)} {verb} in the smaller arm, {LEAST_IN_ARM} are needed."
    reached = int((experiment.outcome != 0).sum())
    if reached < LEAST_OUTCOMES:
        return f"{only_people(reached)} had the outcome, {LEAST_OUTCOMES} are needed."
    if not train.columns(experiment.features):
        return "Every trait is the same for everybody."
    return ""


def _refused(experiment: Experiment, why: str) -> UpliftReport:
    nothing = PolicyValue("on policy", 0.0, 0.0, 0.0, 0, 0.0)
    people, treated = len(experiment.outcome), int(experiment.treated.sum())
    return UpliftReport(people, treated, nothing, (), {}, (), "", f"{why} Nobody is told apart.")


def _out_of_fold(experiment: Experiment, rng: Rng) -> tuple[dict[str, Floats], Floats, Bins]:
    """Return each order's score of everybody, her effect, by models without her, and her fold."""
    people = len(experiment.outcome)
    fold = rng.permutation(people) % FOLDS
    scores = {name: np.zeros(people) for name in (*LEARNERS, "rule", "response")}
    with_it, without = np.zeros(people), np.zeros(people)
    for one in range(FOLDS):
        held, rest = np.flatnonzero(fold == one), experiment.take(np.flatnonzero(fold != one))
        unseen = experiment.features.take(held)
        two = Uplift("t", _two_models(rest, rng))
        with_it[held], without[held] = (part.estimates(unseen) for part in two.parts)
        scores["t"][held] = with_it[held] - without[held]
        scores["response"][held] = with_it[held]
        for kind in ALONE:
            scores[kind][held] = learn(kind, rest, rng).uplift(unseen)
    effect = effects_of(
        experiment.treated, experiment.probability, experiment.outcome,
        with_it=with_it, without=without,
    )  # fmt: skip
    return scores, effect, fold


def _within(score: Floats, fold: Bins) -> Floats:
    """Return each score's rank among those of its fold, from 0 to 1, the mean where equal.

    Models of different folds differ in level, and a fold whose effects are large by chance has a
    model that has seen the small ones: ranked together, that alone would look worse than random.
    """
    ranks = np.zeros(len(score))
    for one in range(FOLDS):
        held = np.flatnonzero(fold == one)
        _, place, counts = np.unique(score[held], return_inverse=True, return_counts=True)
        middle = np.cumsum(counts) - (counts - 1) / 2
        ranks[held] = middle[place] / max(len(held), 1)
    return ranks


def _judged(scores: Mapping[str, Floats], effect: Floats, rng: Rng) -> tuple[JudgedUplift, ...]:
    level = 1 - (1 - LEVEL) / len(LEARNERS)
    found = []
    for name, score in scores.items():
        own = level if name in LEARNERS else LEVEL
        above = None
        if name in LEARNERS:
            above = better(score, scores["rule"], effect, rng, level=level)
        found.append(JudgedUplift(name, qini(score, effect, rng, level=own), above))
    return tuple(found)


def _verdict(found: tuple[JudgedUplift, ...]) -> tuple[str, str]:
    """Return what serves, and why, in a sentence."""
    by_name = {each.name: each for each in found}
    rule, response = by_name["rule"], by_name["response"]
    best = max((by_name[name] for name in LEARNERS), key=lambda each: each.qini.value)
    told = f"{NAMES[best.name]}: Qini {_span(best.qini)}; {NAMES['rule']}: {_span(rule.qini)}"
    worse = response.qini.high < 0
    note = " Mailing those who respond most is worse than mailing at random." if worse else ""
    above = best.above_rule
    if best.qini.low > 0 and (rule.qini.low <= 0 or (above is not None and above.low > 0)):
        return best.name, f"Whom the mail moves can be told: {told}.{note}"
    if rule.qini.low > 0:
        return "rule", f"A rule of one trait is as good as any learner: {told}.{note}"
    return "", f"Whom the mail moves cannot be told from chance: {told}.{note}"


def _span(found: Qini) -> str:
    return f"{found.value:+.5f} ({found.low:+.5f} to {found.high:+.5f})"


def _policies(experiment: Experiment, score: Floats) -> dict[str, PolicyValue]:
    """Return what treating all, none, and those with an expected gain is worth."""
    done = np.where(experiment.treated == 1, experiment.probability, 1 - experiment.probability)
    found = {}
    for name, would in {
        "everybody": np.ones(len(score)),
        "nobody": np.zeros(len(score)),
        "expected gain": (score > 0).astype(np.float64),
    }.items():
        wanted = np.where(experiment.treated == 1, would, 1 - would)
        found[name] = ips(experiment.outcome, done, wanted)
    return found


def _two_models(experiment: Experiment, rng: Rng) -> tuple[Fitted, Fitted]:
    """Return what is expected of the treated, and of the others."""
    first, second = (
        _LINEAR.fit(part.features, part.outcome, task=experiment.task, rng=rng)
        for part in (experiment.take(np.flatnonzero(experiment.treated == arm)) for arm in (1, 0))
    )
    return first, second


def _one_model(experiment: Experiment, rng: Rng) -> Fitted:
    table = _marked(experiment.features, experiment.treated)
    return _TREES.fit(table, experiment.outcome, task=experiment.task, rng=rng)


def _of_one_model(model: Fitted, features: pa.Table) -> Floats:
    ones = np.ones(features.num_rows)
    with_it = model.estimates(_marked(features, ones))
    return np.asarray(with_it - model.estimates(_marked(features, 0 * ones)))


def _marked(features: pa.Table, treated: Floats) -> pa.Table:
    import pyarrow as pa

    return features.append_column(TREATED, pa.array(treated))


def _of_effects(algorithm: Algorithm, features: pa.Table, effect: Floats, rng: Rng) -> Fitted:
    return algorithm.fit(features, effect, task="regression", rng=rng)


def _cross_fitted_effects(experiment: Experiment, rng: Rng) -> Floats:
    """Return everybody's effect, by models of the two halves that have not seen her."""
    people = len(experiment.outcome)
    half = rng.permutation(people) % 2
    with_it, without = np.zeros(people), np.zeros(people)
    for one in (0, 1):
        held = np.flatnonzero(half == one)
        first, second = _two_models(experiment.take(np.flatnonzero(half != one)), rng)
        unseen = experiment.features.take(held)
        with_it[held], without[held] = first.estimates(unseen), second.estimates(unseen)
    return effects_of(
        experiment.treated, experiment.probability, experiment.outcome,
        with_it=with_it, without=without,
    )  # fmt: skip


def _best_trait(features: pa.Table, effect: Floats, rng: Rng) -> str:
    """Return the trait by which the effects of one half order those of the other best."""
    half = rng.permutation(len(effect)) % 2
    first, second = np.flatnonzero(half == 0), np.flatnonzero(half == 1)
    reached: dict[str, float] = {}
    for name in (column.name for column in train.columns(features)):
        one = features.select([PERSON, name])
        found = 0.0
        for taught, asked in ((first, second), (second, first)):
            model = _of_effects(_LINEAR, one.take(taught), effect[taught], rng)
            score = model.estimates(one.take(asked))
            found += area(ranked(score, effect[asked]), np.ones(len(asked)))
        reached[name] = found
    return max(reached, key=lambda name: reached[name])
