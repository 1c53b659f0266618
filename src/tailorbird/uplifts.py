"""Whom mails move: learnt from who was held out by chance, served only where that is sure.

The people of the experiment are those who were drawn for a campaign, a journey, or a mail of one,
or against it; the probability is on record (`uplift_draws`). Their traits are those before the
draw, the outcome is the goal (or a purchase) within its time. Scores are traits:
`uplift_CAMPAIGN`, `uplift_journey_JOURNEY`, `uplift_journey_JOURNEY--STEP`.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from tailorbird import learning, model_data, results, serving, uplift_draws
from tailorbird.errors import ConflictError
from tailorbird.learning_texts import FEATURES
from tailorbird.model_cards import Measure, ModelCard
from tailorbird.predict import uplift
from tailorbird.schema import DAY, Instant, Names, PersonId
from tailorbird.uplift_draws import Drawn, Trial
from tailorbird.views import moment
from tailorbird.views.uplift import CampaignUplift, UpliftOrder, UpliftPoint, UpliftPolicy
from tailorbird.world import World

if TYPE_CHECKING:
    import pyarrow as pa

REPORT: Final = "report.json"
MOST_DAYS: Final = 60
"""Days of draws of which traits are asked, the latest; a campaign mostly has one."""
_PURCHASES: Final = """
SELECT person, "at" FROM facts WHERE event = ? AND "at" <= ? AND person IS NOT NULL
"""
_REACHED: Final = """
SELECT DISTINCT d.person FROM decided AS d JOIN reached AS r ON r.person = d.person
WHERE r."at" > d."at" AND r."at" <= d."at" + CAST(? AS BIGINT)
"""
_SCORED: Final = "SELECT COUNT(*) AS people FROM scores WHERE model = ?"


class Kept(msgspec.Struct, frozen=True):
    """What is kept beside a model: the report, the outcome, and the traits that it read."""

    report: uplift.UpliftReport
    outcome: str
    window_days: float
    features: tuple[str, ...]


def train(world: World, name: str, now: Instant, *, seed: int = 7) -> CampaignUplift:
    """Learn from an experiment, judge, keep, and score everybody where it serves.

    `name` is a campaign, JOURNEY/ for a journey as a whole, or JOURNEY/STEP for one of its mails.
    Where it does not serve, earlier scores are taken away: nothing falls back in silence.

    Raises:
        UsageError: there is none of this name.
        ConflictError: it keeps nobody out by chance; or its scores have the name of others.
        ModelError: `tailorbird[learn]` is not installed.
    """
    trial, model = uplift_draws.find(world, name), uplift_draws.model_of(name)
    _check_name(world, trial, model)
    learnt, report = uplift.judge(read(world, trial, now), seed=seed)
    outcome = trial.goal.event if trial.goal else Names.PURCHASE
    kept = Kept(report, outcome, trial.window / DAY, FEATURES)
    files = (learnt.files() if learnt else {}) | {REPORT: msgspec.json.encode(kept)}
    world.models.put(model, files, msgspec.json.encode(_card(name, model, kept, now)))
    score(world, model, now)
    found = latest(world, name)
    assert found is not None  # noqa: S101 - it was just kept
    return found


def _check_name(world: World, trial: Trial, model: str) -> None:
    """Return when these scores are of nothing else: `a--b/c` and `a/b--c` would share theirs."""
    card = learning.card(world, model)
    if card is not None and card.parameters.get("campaign") != trial.name:
        what = f"the scores {model} are those of {card.parameters.get('campaign', 'another model')}"
        raise ConflictError(what, where=f"uplift of {trial.name}", mend="give it another name")


def read(world: World, trial: Trial, now: Instant) -> uplift.Experiment:
    """Return the experiment: only people with a training permit, whose time is over.

    Each counts by her first draw that might have gone either way, where there are such.
    """
    allowed = set(model_data.trainees(world, now))
    chance: dict[PersonId, Drawn] = {}
    certain: dict[PersonId, Drawn] = {}
    for person, drawn in uplift_draws.draws(world, trial.name):
        if person in allowed and drawn.at <= now - trial.window:
            (chance if 0 < drawn.probability < 1 else certain).setdefault(person, drawn)
    return _experiment(world, trial, chance or certain, now)


def _experiment(
    world: World, trial: Trial, first: dict[PersonId, Drawn], now: Instant
) -> uplift.Experiment:
    import pyarrow as pa

    by_day: dict[int, list[PersonId]] = defaultdict(list)
    for person, drawn in first.items():
        by_day[drawn.at // DAY].append(person)
    tables = []
    for day in sorted(by_day)[-MOST_DAYS:]:
        # Before the first draw of the day: what a mail caused is no trait of whom it moved. Who
        # came after it and was drawn counts as well: the draw knows nothing of what she does.
        as_of = min(first[person].at for person in by_day[day])
        tables.append(model_data.traits_of_all(world, as_of, sorted(by_day[day]), FEATURES))
    features = pa.concat_tables(tables, promote_options="permissive") if tables else _nobody()
    people = features["person"].to_pylist()
    told = np.array([first[person] for person in people], np.float64).reshape(-1, 3)
    reached = _who_reached(world, trial, people, first, now)
    outcome = np.array([person in reached for person in people], np.float64)
    return uplift.Experiment(features, told[:, 1].copy(), told[:, 2].copy(), outcome)


def _nobody() -> pa.Table:
    import pyarrow as pa

    return pa.table({"person": pa.array([], pa.int64())})


def _who_reached(
    world: World, trial: Trial, people: list[PersonId], first: dict[PersonId, Drawn], now: Instant
) -> set[PersonId]:
    """Return who reached the goal, or bought, within the time after her draw."""
    import pyarrow as pa

    if trial.goal is not None:
        reached = results.reached(world, trial.goal, now)
    else:
        reached = world.facts.read(_PURCHASES, (Names.PURCHASE, now))
    at = [first[person].at for person in people]
    decided = pa.table({"person": pa.array(people, pa.int64()), "at": pa.array(at, pa.int64())})
    rows = world.facts.read(_REACHED, (trial.window,), {"decided": decided, "reached": reached})
    return set(rows["person"].to_pylist())


def score(world: World, model: str, now: Instant) -> int:
    """Score everybody by what an experiment has shown; nobody where it does not serve."""
    found = serving.kept(world, model)
    if found is None:
        return 0
    version, files, _ = found
    tables: dict[str, pa.Table] = {}
    statements: list[tuple[str, tuple[str | int, ...]]] = [
        ("DELETE FROM scores WHERE model = ?", (model,))
    ]
    if uplift.HEAD in files:
        tables["scored"] = _scored(world, files, now)
        statements.append((learning.KEEP_SCORES, (model, version, now)))
    world.facts.write(statements, tables)
    return tables["scored"].num_rows if tables else 0


def _scored(world: World, files: dict[str, bytes], now: Instant) -> pa.Table:
    import pyarrow as pa

    kept = msgspec.json.decode(files[REPORT], type=Kept)
    people = model_data.trainees(world, now, "personalisation")
    features = model_data.traits(world, now, people, kept.features)
    value = uplift.load(files).uplift(features)
    return pa.table({"person": features["person"], "value": pa.array(value, pa.float64())})


def rescore(world: World) -> int:
    """Score by every experiment as when it was learnt from, after a rebuild."""
    cards = (each for each in learning.cards(world) if each.kind == "uplift")
    return sum(score(world, each.name, each.trained_at) for each in cards)


def latest(world: World, name: str) -> CampaignUplift | None:
    """Return what the latest training of a name found (as `train`), None where there was none."""
    model = uplift_draws.model_of(name)
    found = serving.kept(world, model)
    if found is None:
        return None
    version, files, content = found
    card = msgspec.json.decode(content, type=ModelCard)
    if card.parameters.get("campaign") != name:
        return None
    kept = msgspec.json.decode(files[REPORT], type=Kept)
    report, average = kept.report, kept.report.average
    scored = world.facts.read(_SCORED, (model,)).to_pylist()[0]["people"]
    return CampaignUplift(
        campaign=name,
        model=model,
        version=version,
        trained_at=moment(card.trained_at),
        people=report.people,
        written_to=report.treated,
        outcome=kept.outcome,
        window_days=kept.window_days,
        average=average.value,
        average_low=average.low,
        average_high=average.high,
        orders=tuple(_order(each) for each in report.judged),
        policies=tuple(
            UpliftPolicy(policy, each.value, each.low, each.high)
            for policy, each in report.policies.items()
        ),
        curve=tuple(UpliftPoint(each.share, each.gain, each.random) for each in report.curve),
        serves=bool(report.serves),
        served_by=uplift.NAMES.get(report.serves, ""),
        features=card.features,
        why=report.why,
        scored=scored,
    )


def _order(judged: uplift.JudgedUplift) -> UpliftOrder:
    own, above = judged.qini, judged.above_rule
    title = uplift.NAMES[judged.name]
    if above is None:
        return UpliftOrder(judged.name, title, own.value, own.low, own.high)
    return UpliftOrder(
        judged.name, title, own.value, own.low, own.high, above.value, above.low, above.high
    )


def _card(name: str, model: str, kept: Kept, now: Instant) -> ModelCard:
    report = kept.report
    measures = tuple(
        Measure(f"qini, {uplift.NAMES[each.name]}", each.qini.value, 0.0, "random order",
                each.qini.low, each.qini.high)
        for each in report.judged
    )  # fmt: skip
    return ModelCard(
        name=model,
        kind="uplift",
        version=0,
        trained_at=now,
        train_window=(0, now),
        test_window=(0, now),
        people=report.people,
        features=kept.features,
        parameters={"campaign": name, "window_days": kept.window_days},
        measures=measures,
        serves=bool(report.serves),
        why=report.why,
        algorithm=report.serves,
    )
