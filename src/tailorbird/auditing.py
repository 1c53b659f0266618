"""What a model does to groups of people, and what it would cost to hide every single one of them.

Both look at the latest window whose outcomes are known. A private model is paid for from its
model's budget of the year before anything is released, and is kept as a version like any other.
Counts of people are paid for likewise, from one budget for all of them.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from tailorbird import drifting, grouping, learning, model_data, segments, serving
from tailorbird.errors import BudgetError, ModelError, UsageError
from tailorbird.model_cards import FairnessReport, Measure, ModelCard
from tailorbird.model_data import Past, trainees
from tailorbird.model_record import MILLION, Spend
from tailorbird.predict import fairness, private
from tailorbird.predict.propensity import Floats
from tailorbird.schema import DAY, Instant, PersonId
from tailorbird.traits.registry import TRAITS, computed
from tailorbird.views import moment
from tailorbird.world import World
from tailorbird.yaml_text import nearest

if TYPE_CHECKING:
    import pyarrow as pa

SNAPSHOTS: Final = 3
COUNTS: Final = "private counts"
"""Under this name is kept what counts have cost; no model can be called so."""
OTHERS: Final = "all others"
PRIVATELY: Final = "private"


class GroupCount(msgspec.Struct, frozen=True):
    """One group and how many people are in it, near enough."""

    group: str
    people: int


class PrivateCount(msgspec.Struct, frozen=True):
    """How many people there are, near enough to hide whether any one of them is among them."""

    segment: str
    by: str
    groups: tuple[GroupCount, ...]
    """Each group that was asked for and how many are in it; of no trait one, the whole segment."""
    epsilon: float
    within: float
    """So near is each count to the truth in 95 of 100 cases."""
    left: float
    """Epsilon that counts may still cost this year."""


def fairness_of(world: World, name: str, trait: str, now: Instant) -> FairnessReport:
    """Return what the serving version does to each group of a trait, at its card's threshold.

    Raises:
        UsageError: it was never trained, foretells no yes or no, or there is no such trait.
        ModelError: the extra `fair` is missing, there is only one group, or nobody is scored.
    """
    _check_trait(world, trait)
    past, files, card = _serving(world, name, now)
    if not card.scores:
        mend = "train it again when there is more to learn from"
        raise ModelError("nobody is scored by it", where=name, mend=mend)
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


def learn_privately(world: World, name: str, now: Instant, *, epsilon: float) -> ModelCard:
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
    private.ready()
    pay(world, name, epsilon, now, f"a model of {past.asked.horizon} days ahead")
    even = past.asked.fair.by if past.asked.fair else ""
    names = [each for each in past.asked.read() if each in rows.column_names and each != even]
    rng = np.random.default_rng(past.asked.seed)
    found = private.private_logistic(
        names, rows, outcome, epsilon=epsilon, rng=rng, horizon_days=past.asked.horizon, now=now
    )
    cost, worth = _judged(past, found, rows, outcome, now, rng)
    return _kept(world, past, found, card, (cost, worth), now)


def count_privately(
    world: World,
    segment: str,
    now: Instant,
    *,
    epsilon: float,
    by: str = "",
    values: Sequence[str] = (),
    once: str = "",
) -> PrivateCount:
    """Return how many people are in a segment, or in it by the values of a trait, with noise.

    The values are named beforehand, for a list of those that people have would tell of them; who
    has none of them counts among all others. Paid for, durably, before anything is told. The same
    question under the same `once` is told the same for a day, and pays once.

    Raises:
        UsageError: there is no such segment or trait, or a trait without values, or values without
            a trait.
        ModelError: this year's budget is spent, or the extra `privacy` is missing.
    """
    if once:
        question = msgspec.json.encode((once, segment, epsilon, by, tuple(values)))
        once = blake2b(question, digest_size=16).hexdigest()
    told = world.model_record.answer(COUNTS, once, now - DAY)
    if told is None:
        private.check(epsilon)
        _afford(world, COUNTS, epsilon, now)
        found = _counted(world, segment, now, epsilon, by, values)
        told = msgspec.json.encode(found)
        pay(world, COUNTS, epsilon, now, f"{segment} by {by}" if by else segment, once, told)
    kept = msgspec.json.decode(told, type=PrivateCount)
    return msgspec.structs.replace(kept, left=left(world, COUNTS, now))


def _counted(
    world: World, segment: str, now: Instant, epsilon: float, by: str, values: Sequence[str]
) -> PrivateCount:
    """Return counts with noise; `left` is not known yet."""
    standing = {each.name: each for each in grouping.standing_segments(world, now)}
    if segment not in standing:
        raise UsageError(f"no segment {segment!r}", mend=nearest(segment, list(standing)))
    if bool(by) != bool(values):
        mend = "name the trait, and the values of which you want counts"
        raise UsageError("a trait and its values belong together", mend=mend)
    if by:
        _check_trait(world, by)
    people = segments.people(world.facts, standing[segment], list(standing.values()), as_of=now)
    names = (*dict.fromkeys(values), OTHERS) if by else (segment,)
    counts = Counter(
        _groups(world, now, people, by, set(values)) if by else [segment] * len(people)
    )
    noisy, paid = private.private_counts([counts[each] for each in names], epsilon=epsilon)
    told = tuple(GroupCount(name, max(count, 0)) for name, count in zip(names, noisy, strict=True))
    return PrivateCount(segment, by, told, paid, within=math.log(1 / 0.05) / epsilon, left=0.0)


def _check_trait(world: World, name: str) -> None:
    """Return when groups can be told apart by a trait of this name.

    Raises:
        UsageError: it is neither computed, nor has anybody ever said it.
    """
    if computed(name) is not None:
        return
    declared = segments.vocabulary(world.facts).traits
    if name not in declared:
        raise UsageError(f"no trait {name!r}", mend=nearest(name, sorted({*TRAITS, *declared})))


def _groups(
    world: World, now: Instant, people: Sequence[PersonId], by: str, values: set[str]
) -> list[str]:
    found = model_data.traits(world, now, people, [by])[by].to_pylist()
    return [str(each) if str(each) in values else OTHERS for each in found]


def left(world: World, name: str, now: Instant) -> float:
    """Return how much epsilon a name may still spend this year."""
    spent = sum(each.epsilon for each in world.model_record.spends(name, moment(now).year))
    return max(world.settings.privacy.epsilon_per_year - spent, 0.0)


def pay(
    world: World,
    name: str,
    epsilon: float,
    now: Instant,
    what: str,
    once: str = "",
    answer: bytes = b"",
) -> None:
    """Take epsilon from the budget that a name has this year, durably, before anything is released.

    What was paid for is kept with it, for a repeat of the same request.

    Raises:
        BudgetError: that much is not left.
        ModelError: it protects nobody or leaves nothing.
    """
    private.check(epsilon)
    micro, most = round(epsilon * MILLION), world.settings.privacy.epsilon_per_year
    asked = Spend(name, moment(now).year, micro, now, what, once, answer)
    if not world.model_record.spend(asked, round(most * MILLION)):
        raise _overspent(world, name, epsilon, now)


def _afford(world: World, name: str, epsilon: float, now: Instant) -> None:
    """Return when this much is left, so that nothing is reckoned for who cannot pay.

    Raises:
        BudgetError: it is not.
    """
    if round(epsilon * MILLION) > round(left(world, name, now) * MILLION):
        raise _overspent(world, name, epsilon, now)


def _overspent(world: World, name: str, epsilon: float, now: Instant) -> BudgetError:
    year, per_year = moment(now).year, world.settings.privacy.epsilon_per_year
    rest = f"{left(world, name, now):g} of {per_year:g} is left in {year}"
    return BudgetError(
        f"the privacy budget of {name!r} does not allow epsilon {epsilon:g}: {rest}",
        where="privacy",
        mend="ask for less, wait for the next year, or set `privacy.epsilon_per_year`",
    )


def _serving(world: World, name: str, now: Instant) -> tuple[Past, dict[str, bytes], ModelCard]:
    found = serving.trained(world, name)
    asked = learning.asked_of(world, name, found[1])
    if not asked.yes_or_no:
        what = f"{name!r} predicts no yes or no"
        raise UsageError(what, mend="choose a model of a probability")
    return Past(world, asked, trainees(world, now)), found[1], learning.card_of(found[0], found[2])


def _before_latest(past: Past, now: Instant) -> tuple[pa.Table, Floats]:
    """Return the rows of the windows before the latest, the older ones last."""
    import pyarrow as pa

    horizon = past.asked.horizon * DAY
    found = [drifting.window(past, now - horizon * back) for back in range(1, SNAPSHOTS + 1)]
    table = pa.concat_tables([each for each, _ in found], promote_options="permissive")
    return table, np.concatenate([outcome for _, outcome in found])


def _judged(
    past: Past,
    found: private.Private,
    rows: pa.Table,
    outcome: Floats,
    now: Instant,
    rng: np.random.Generator,
) -> tuple[Measure, Measure]:
    """Return the private model's AUC on the latest window beside the plain one's, and by chance.

    The plain one is a logistic model taught by the same rows, one a person, without noise.
    """
    features, happened = drifting.window(past, now)
    names = [column.name for column in found.model.columns]
    without = private.plain_logistic(names, rows, outcome, rng=rng)
    ours, theirs = found.model.probabilities(features), without.probabilities(features)
    return (
        drifting.compared(ours, theirs, happened, "without privacy", rng),
        drifting.compared(ours, np.full(len(ours), 0.5), happened, "chance", rng),
    )


def _kept(
    world: World,
    past: Past,
    found: private.Private,
    card: ModelCard,
    measured: tuple[Measure, Measure],
    now: Instant,
) -> ModelCard:
    files = found.model.files() | {learning.ASKED: msgspec.json.encode(past.asked)}
    cost, worth = measured
    why = (
        f"Epsilon {found.epsilon:.2f} at delta {found.delta:g} among {found.people:,} people: "
        f"AUC {cost.model:.3f} against {cost.naive:.3f} without privacy on the latest window."
    )
    useless = " It is not clearly better than chance: spend a larger epsilon, or wait for people."
    mine = msgspec.structs.replace(
        card,
        trained_at=now,
        people=found.people,
        features=tuple(column.name for column in found.model.columns),
        parameters={
            "rule": PRIVATELY, "epsilon": found.epsilon, "delta": found.delta,
            "noise": found.scale, "horizon_days": past.asked.horizon,
        },
        measures=measured,
        serves=worth.low > 0,
        scores=worth.low > 0,
        why=why if worth.low > 0 else why + useless,
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
