"""Whom a campaign's mail moves: learnt from its own holdout, served only where that is sure.

The people of the experiment are those who were decided about: each was written to or held out by a
draw whose probability is in the ledger. Their traits are those before the decision, the outcome is
the campaign's goal (or a purchase) within its window. Scores are traits: `uplift_CAMPAIGN`.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from tailorbird import authoring, journeys, learning, letters, model_data, results, serving
from tailorbird.errors import UsageError
from tailorbird.learning_texts import FEATURES
from tailorbird.letters.campaigns import BETWEEN
from tailorbird.model_cards import Measure, ModelCard
from tailorbird.predict import uplift
from tailorbird.schema import DAY, Decision, Instant, Names, PersonId
from tailorbird.views import moment
from tailorbird.views.uplift import CampaignUplift, UpliftOrder, UpliftPoint, UpliftPolicy
from tailorbird.world import World

if TYPE_CHECKING:
    import pyarrow as pa

MODEL: Final = "uplift_"
"""Starts the names of models and scores; the campaign's name follows."""
REPORT: Final = "report.json"
MOST_DAYS: Final = 60
"""Days of decisions of which traits are asked, the latest; a campaign mostly has one."""
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
    window_days: int
    features: tuple[str, ...]


def model_of(campaign: str) -> str:
    """Return the name under which a campaign's expected uplift is kept."""
    return MODEL + campaign


def train(world: World, name: str, now: Instant, *, seed: int = 7) -> CampaignUplift:
    """Learn from a campaign's experiment, judge, keep, and score everybody where it serves.

    Where it does not, earlier scores are taken away: nothing falls back in silence.

    Raises:
        UsageError: there is no such campaign, or it is the send of a journey.
        ModelError: `tailorbird[learn]` is not installed.
    """
    campaign = _campaign(world, name)
    experiment = read(world, campaign, now)
    model, report = uplift.judge(experiment, seed=seed)
    outcome = campaign.goal.event if campaign.goal else Names.PURCHASE
    kept = Kept(report, outcome, campaign.attribution_days, FEATURES)
    files = (model.files() if model else {}) | {REPORT: msgspec.json.encode(kept)}
    world.models.put(model_of(name), files, msgspec.json.encode(_card(name, kept, now)))
    score(world, name, now)
    found = latest(world, name)
    assert found is not None  # noqa: S101 - it was just kept
    return found


def _campaign(world: World, name: str) -> journeys.Campaign:
    if BETWEEN in name:
        raise UsageError(
            f"{name!r} is the send of a journey", where="uplift",
            mend="a journey holds out whole people: give a campaign with a holdout",
        )  # fmt: skip
    return authoring.find_campaign(world, name)[0]


def read(world: World, campaign: journeys.Campaign, now: Instant) -> uplift.Experiment:
    """Return a campaign's experiment: only people with a training permit, whose window is over."""
    allowed = set(model_data.trainees(world, now))
    over = now - campaign.attribution_days * DAY
    shares: dict[int, float] = {}
    first: dict[PersonId, tuple[Instant, float, float]] = {}
    for each in sorted(results.decisions(world, campaign.name), key=lambda one: one.at):
        drawn = each.verdict != "refused" and each.person in allowed and each.person not in first
        if drawn and each.at <= over:
            held = _held_out(world, each, shares)
            first[each.person] = (each.at, float(each.verdict == "send"), 1 - held)
    return _experiment(world, campaign, first, now)


def _held_out(world: World, decision: Decision, shares: dict[int, float]) -> float:
    """Return the probability with which a person was to be held out, as it was drawn."""
    if decision.verdict == "holdout":
        return decision.probability
    version = decision.campaign_version
    if version not in shares:
        found = letters.campaigns.find(world, decision.campaign, version)
        shares[version] = found[0].holdout if found else 0.0
    return shares[version]


def _experiment(
    world: World,
    campaign: journeys.Campaign,
    first: dict[PersonId, tuple[Instant, float, float]],
    now: Instant,
) -> uplift.Experiment:
    import pyarrow as pa

    by_day: dict[int, list[PersonId]] = defaultdict(list)
    for person, (at, _, _) in first.items():
        by_day[at // DAY].append(person)
    tables = []
    for day in sorted(by_day)[-MOST_DAYS:]:
        # Before the first decision of the day: what a mail caused is no trait of whom it moved.
        as_of = min(first[person][0] for person in by_day[day])
        tables.append(model_data.traits(world, as_of, sorted(by_day[day]), FEATURES))
    features = pa.concat_tables(tables, promote_options="permissive") if tables else _nobody()
    people = features["person"].to_pylist()
    told = np.array([first[person] for person in people], np.float64).reshape(-1, 3)
    reached = _who_reached(world, campaign, people, first, now)
    outcome = np.array([person in reached for person in people], np.float64)
    return uplift.Experiment(features, told[:, 1].copy(), told[:, 2].copy(), outcome)


def _nobody() -> pa.Table:
    import pyarrow as pa

    return pa.table({"person": pa.array([], pa.int64())})


def _who_reached(
    world: World,
    campaign: journeys.Campaign,
    people: list[PersonId],
    first: dict[PersonId, tuple[Instant, float, float]],
    now: Instant,
) -> set[PersonId]:
    """Return who reached the goal, or bought, within the campaign's window after her decision."""
    import pyarrow as pa

    if campaign.goal is not None:
        reached = results.reached(world, campaign.goal, now)
    else:
        reached = world.facts.read(_PURCHASES, (Names.PURCHASE, now))
    at = [first[person][0] for person in people]
    decided = pa.table({"person": pa.array(people, pa.int64()), "at": pa.array(at, pa.int64())})
    bound = (campaign.attribution_days * DAY,)
    rows = world.facts.read(_REACHED, bound, {"decided": decided, "reached": reached})
    return set(rows["person"].to_pylist())


def score(world: World, name: str, now: Instant) -> int:
    """Score everybody by what a campaign's experiment has shown; none where it does not serve."""
    found = serving.kept(world, model_of(name))
    if found is None:
        return 0
    version, files, _ = found
    tables: dict[str, pa.Table] = {}
    statements: list[tuple[str, tuple[str | int, ...]]] = [
        ("DELETE FROM scores WHERE model = ?", (model_of(name),))
    ]
    if uplift.HEAD in files:
        tables["scored"] = _scored(world, files, now)
        statements.append((learning.KEEP_SCORES, (model_of(name), version, now)))
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
    """Score by every campaign's experiment as when it was trained, after a rebuild."""
    total = 0
    for model in world.models.names():
        card = learning.card(world, model) if model.startswith(MODEL) else None
        if card is not None:
            total += score(world, model.removeprefix(MODEL), card.trained_at)
    return total


def latest(world: World, name: str) -> CampaignUplift | None:
    """Return what a campaign's latest training found, None where there was none."""
    found = serving.kept(world, model_of(name)) if BETWEEN not in name else None
    if found is None:
        return None
    version, files, content = found
    kept = msgspec.json.decode(files[REPORT], type=Kept)
    card = msgspec.json.decode(content, type=ModelCard)
    report, average = kept.report, kept.report.average
    scored = world.facts.read(_SCORED, (model_of(name),)).to_pylist()[0]["people"]
    return CampaignUplift(
        campaign=name,
        model=model_of(name),
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


def _card(name: str, kept: Kept, now: Instant) -> ModelCard:
    report = kept.report
    measures = tuple(
        Measure(f"qini, {uplift.NAMES[each.name]}", each.qini.value, 0.0, "random order",
                each.qini.low, each.qini.high)
        for each in report.judged
    )  # fmt: skip
    return ModelCard(
        name=model_of(name),
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
