"""What a model does to groups of people, and what it would cost to hide every single one of them.

Both look at the latest window whose outcomes are known. A private model is paid for from its
model's budget of the year before anything is released, and is kept as a version like any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from tailorbird import drifting, learning, model_data, serving
from tailorbird.errors import ModelError, UsageError
from tailorbird.model_cards import Measure, ModelCard
from tailorbird.model_data import Past, trainees
from tailorbird.model_record import MILLION, Spend
from tailorbird.predict import fairness, measures, private
from tailorbird.predict.propensity import Floats
from tailorbird.schema import DAY, Instant
from tailorbird.views import moment
from tailorbird.world import World

if TYPE_CHECKING:
    import pyarrow as pa

SNAPSHOTS: Final = 3
YEARLY: Final = 12.0
"""Epsilon that a model may spend in a year where nobody says otherwise: one a month."""
PRIVATELY: Final = "private"


def fairness_of(world: World, name: str, trait: str, now: Instant) -> fairness.Fairness:
    """Return what the serving version does to each group of a trait, at its card's threshold.

    Raises:
        UsageError: it was never trained, foretells no yes or no, or there is no such trait.
        ModelError: the extra `fair` is missing, or there is only one group.
    """
    past, files, card = _serving(world, name, now)
    features, outcome = drifting.window(past, now)
    begins = now - past.asked.horizon * DAY
    people = features["person"].to_pylist()
    group = model_data.traits(world, begins, people, [trait])
    said = drifting.scorer(world, files, now).estimates(features)
    threshold = card.threshold
    if threshold is None:
        threshold = float(np.quantile(said, 1 - outcome.mean())) if len(said) else 0.5
    named = [None if each is None else str(each) for each in group[trait].to_pylist()]
    return fairness.audit(trait, named, said, outcome, threshold)


def learn_privately(
    world: World, name: str, now: Instant, *, epsilon: float, per_year: float = YEARLY
) -> ModelCard:
    """Train a differentially private version, keep it, and return its card with what it cost.

    It is taught by the windows before the latest, and judged on that one. It serves once somebody
    has it serve (`roll_back`): it is meant for where privacy outweighs its cost in AUC.

    Raises:
        UsageError: the model was never trained, or foretells no yes or no.
        ModelError: this year's budget is spent, the extra `privacy` is missing, or nobody had the
            outcome.
    """
    past, _, card = _serving(world, name, now)
    rows, outcome = _before_latest(past, now)
    if not 0 < outcome.sum() < len(outcome):
        raise ModelError("nobody had the outcome, or everybody", where=name, mend="wait for more")
    pay(world, name, epsilon, per_year, now, f"a model of {past.asked.horizon} days ahead")
    even = past.asked.fair.by if past.asked.fair else ""
    names = [each for each in past.asked.read() if each in rows.column_names and each != even]
    rng = np.random.default_rng(past.asked.seed)
    found = private.private_logistic(
        names, rows, outcome, epsilon=epsilon, rng=rng, horizon_days=past.asked.horizon, now=now
    )
    measured = _cost(past, found, now, rng)
    return _kept(world, past, found, card, measured, now)


def pay(world: World, name: str, epsilon: float, per_year: float, now: Instant, what: str) -> None:
    """Take epsilon from a model's budget of this year, durably, before anything is released.

    Raises:
        ModelError: that much is not left.
    """
    year = moment(now).year
    asked = Spend(name, year, round(epsilon * MILLION), now, what)
    if not world.model_record.spend(asked, round(per_year * MILLION)):
        spent = sum(each.epsilon for each in world.model_record.spends(name, year))
        left = f"{max(per_year - spent, 0):g} of {per_year:g} is left in {year}"
        raise ModelError(
            f"the privacy budget of {name!r} does not allow epsilon {epsilon:g}: {left}",
            where="privacy",
            mend="ask for less, or wait for the next year",
        )


def _serving(world: World, name: str, now: Instant) -> tuple[Past, dict[str, bytes], ModelCard]:
    found, card = serving.served(world, name), learning.serving_card(world, name)
    if found is None or card is None:
        raise UsageError(f"no model {name!r} was trained", mend=f"`tailorbird models train {name}`")
    asked = learning.asked_of(world, name, found[1])
    if not drifting.comparable(asked):
        what = f"{name!r} foretells no yes or no"
        raise UsageError(what, mend="choose a model of a probability")
    return Past(world, asked, trainees(world, now)), found[1], card


def _before_latest(past: Past, now: Instant) -> tuple[pa.Table, Floats]:
    """Return the rows of the windows before the latest, the older ones last."""
    import pyarrow as pa

    horizon = past.asked.horizon * DAY
    found = [drifting.window(past, now - horizon * back) for back in range(1, SNAPSHOTS + 1)]
    table = pa.concat_tables([each for each, _ in found], promote_options="permissive")
    return table, np.concatenate([outcome for _, outcome in found])


def _cost(
    past: Past,
    found: private.Private,
    now: Instant,
    rng: np.random.Generator,
) -> Measure:
    """Return the private model's AUC on the latest window beside that of the plain logistic one.

    The plain one is taught by the same rows, one a person, without noise.
    """
    rows, outcome = _before_latest(past, now)
    features, happened = drifting.window(past, now)
    names = [column.name for column in found.model.columns]
    without = private.plain_logistic(names, rows, outcome, rng=rng)
    ours = measures.ranked(found.model.probabilities(features), happened)
    theirs = measures.ranked(without.probabilities(features), happened)
    once = np.ones(len(happened))
    low, high = measures.interval(
        lambda weight: ours.auc(weight) - theirs.auc(weight), len(happened), rng
    )
    return Measure("auc", ours.auc(once), theirs.auc(once), "without privacy", low, high)


def _kept(
    world: World, past: Past, found: private.Private, card: ModelCard, cost: Measure, now: Instant
) -> ModelCard:
    files = found.model.files() | {learning.ASKED: msgspec.json.encode(past.asked)}
    why = (
        f"Epsilon {found.epsilon:.2f} at delta {found.delta:g} among {found.people:,} people: "
        f"AUC {cost.model:.3f} against {cost.naive:.3f} without privacy on the latest window."
    )
    mine = msgspec.structs.replace(
        card,
        trained_at=now,
        people=found.people,
        features=tuple(column.name for column in found.model.columns),
        parameters={
            "rule": PRIVATELY, "epsilon": found.epsilon, "delta": found.delta,
            "noise": found.scale, "horizon_days": past.asked.horizon,
        },
        measures=(cost,),
        why=why,
        algorithm="private logistic",
        tried=(), reliability=(), lift=(), validations=(), importances=(), calibration="",
    )  # fmt: skip
    if serving.version(world, past.asked.name) == world.models.latest(past.asked.name):
        _hold(world, past.asked.name, now)
    return learning.keep(world, past.asked.name, files, mine)


def _hold(world: World, name: str, now: Instant) -> None:
    """Have what serves go on serving, where nobody has said so: the newest would take its place."""
    if not world.model_record.turns(name, 1):
        number = world.models.latest(name)
        serving.turn(world, name, number, "first", "it served already", now)
