"""Whom a mail moves: a drawn truth is found, noise is refused, and real experiments are honest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tailorbird.errors import ModelError
from tailorbird.predict import policy_value, uplift
from tailorbird.predict.qini import better, curve, effects_of, qini
from tailorbird.predict.uplift import Experiment, judge, learn

Floats = np.ndarray[tuple[int], np.dtype[np.float64]]


def drawn(people: int, *, moves: float = 0.2, seed: int = 0) -> tuple[Experiment, Floats]:
    """Return an experiment in which the mail moves members only, by this much; and the truth."""
    rng = np.random.default_rng(seed)
    member, habit = rng.random(people) < 0.4, rng.normal(size=people)
    probability = np.where(rng.random(people) < 0.5, 0.5, 0.8)
    treated = (rng.random(people) < probability).astype(np.float64)
    truth = np.where(member, moves, 0.0)
    rate = np.clip(0.15 + 0.1 * (habit > 0) - 0.05 * member + treated * truth, 0, 1)
    outcome = (rng.random(people) < rate).astype(np.float64)
    features = pa.table({"person": np.arange(people), "member": member, "habit": habit})
    return Experiment(features, treated, probability, outcome), truth


@pytest.mark.parametrize("kind", ["t", "s", "dr", "rule"])
def test_every_learner_finds_a_drawn_effect(kind: uplift.Kind) -> None:
    experiment, truth = drawn(6_000)
    found = learn(kind, experiment, np.random.default_rng(1)).uplift(experiment.features)
    assert found[truth > 0].mean() == pytest.approx(0.2, abs=0.05)
    assert found[truth == 0].mean() == pytest.approx(0.0, abs=0.05)


def test_a_drawn_effect_serves_by_its_simplest_rule() -> None:
    experiment, truth = drawn(6_000)
    model, report = judge(experiment)
    assert model is not None
    assert report.serves == "rule"
    assert "as good as any learner" in report.why
    assert model.uplift(experiment.features)[truth > 0].min() > 0.1
    average = report.average
    assert average.low < truth.mean() < average.high
    by_name = {each.name: each.qini for each in report.judged}
    assert by_name["rule"].low > 0
    assert by_name["rule"].value == pytest.approx(0.2 * 0.4 * 0.6 / 2, abs=0.01)


def test_where_the_mail_moves_all_alike_nobody_is_told_apart() -> None:
    rng = np.random.default_rng(3)
    experiment, _ = drawn(3_000, moves=0.0)
    alike = experiment.outcome + experiment.treated * (rng.random(3_000) < 0.1)
    model, report = judge(
        Experiment(experiment.features, experiment.treated, experiment.probability, alike)
    )
    assert model is None
    assert "cannot be told from chance" in report.why
    assert report.average.low > 0


def test_a_model_of_response_puts_those_first_who_would_have_bought_anyway() -> None:
    experiment, _ = drawn(8_000)
    _, report = judge(experiment)
    by_name = {each.name: each.qini.value for each in report.judged}
    assert by_name["response"] < by_name["dr"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"probability": np.ones(400)}, "Not everybody could have been held out"),
        ({"treated": np.ones(400)}, "Nobody is in the smaller arm"),
        ({"treated": np.arange(400) > 0}, "Only 1 person is in the smaller arm"),
        ({"outcome": np.zeros(400)}, "had the outcome"),
    ],
)
def test_what_teaches_nothing_is_refused_in_a_sentence(change: dict[str, Floats], why: str) -> None:
    whole, _ = drawn(400)
    fields = {"treated": whole.treated, "probability": whole.probability, "outcome": whole.outcome}
    model, report = judge(Experiment(whole.features, **(fields | change)))
    assert model is None
    assert why in report.why
    assert not report.judged


def test_constant_traits_and_nobody_are_refused() -> None:
    whole, _ = drawn(1_000)
    flat = pa.table({"person": np.arange(1_000), "one": np.ones(1_000)})
    constant = Experiment(flat, whole.treated, whole.probability, whole.outcome)
    assert "the same for everybody" in judge(constant)[1].why
    assert "Nobody was in" in judge(whole.take(np.zeros(0, np.int64)))[1].why


@pytest.mark.parametrize("kind", ["t", "s", "dr", "rule"])
def test_a_learner_is_read_back_as_it_was(kind: uplift.Kind) -> None:
    experiment, _ = drawn(1_500)
    model = learn(kind, experiment, np.random.default_rng(1))
    again = uplift.load(model.files())
    assert np.allclose(again.uplift(experiment.features), model.uplift(experiment.features))
    with pytest.raises(ModelError, match="train it again"):
        uplift.load({})


def test_qini_is_the_area_that_is_worked_out_by_hand() -> None:
    """Two of four moved by one each, ranked first: 1/4 a person more than at random on average."""
    effect, first = np.array([1.0, 1.0, 0.0, 0.0]), np.array([4.0, 4.0, 2.0, 2.0])
    rng = np.random.default_rng(0)
    assert qini(first, effect, rng).value == pytest.approx(0.125)
    assert qini(-first, effect, rng).value == pytest.approx(-0.125)
    assert qini(np.zeros(4), effect, rng).value == pytest.approx(0.0)
    assert better(first, -first, effect, rng).value == pytest.approx(0.25)
    points = curve(first, effect)
    assert (points[0].gain, points[-1].gain, points[-1].random) == (0.0, 0.5, 0.5)
    assert points[10].gain == 0.5


def test_effects_are_unbiased_whatever_was_expected() -> None:
    experiment, truth = drawn(20_000)
    told = experiment.treated, experiment.probability, experiment.outcome
    wrong = np.full(20_000, 0.9), np.full(20_000, 0.1)
    for effect in (effects_of(*told), effects_of(*told, with_it=wrong[0], without=wrong[1])):
        error = effect.std() / np.sqrt(len(effect))
        assert effect.mean() == pytest.approx(truth.mean(), abs=3.5 * error)


def test_a_policy_is_worth_what_following_it_was_worth() -> None:
    """Three actions with known rates; the log drew them by chance, the policy prefers the best."""
    rng = np.random.default_rng(5)
    rates, logged_by, wanted_by = np.array([0.1, 0.3, 0.5]), np.full(3, 1 / 3), [0.1, 0.2, 0.7]
    action = rng.integers(0, 3, 6_000)
    reward = (rng.random(6_000) < rates[action]).astype(np.float64)
    logged, wanted = logged_by[action], np.array(wanted_by)[action]
    truth = float(rates @ wanted_by)
    wrong = np.full(6_000, 0.2)
    found = [
        policy_value.ips(reward, logged, wanted),
        policy_value.self_normalised(reward, logged, wanted),
        policy_value.doubly_robust(reward, logged, wanted, expected=wrong, expected_done=wrong),
        policy_value.doubly_robust(
            reward, logged, wanted, expected=np.full(6_000, truth), expected_done=rates[action]
        ),
    ]
    assert all(each.low < truth < each.high for each in found)
    assert found[3].high - found[3].low < found[0].high - found[0].low
    assert found[0].like < 6_000


def test_probabilities_that_cannot_be_are_refused() -> None:
    with pytest.raises(ModelError, match="outside"):
        policy_value.ips(np.ones(2), np.array([0.0, 0.5]), np.ones(2))
    with pytest.raises(ModelError, match="log is empty"):
        policy_value.ips(np.ones(0), np.ones(0), np.ones(0))
    with pytest.raises(ModelError, match="nothing that this policy would do"):
        policy_value.self_normalised(np.ones(2), np.ones(2), np.zeros(2))


def hillstrom(shared_data: Path, outcome: str) -> Experiment:
    """Return the experiment of the women's mail against none."""
    table = pq.read_table(shared_data / "email" / "hillstrom.parquet")
    segment = np.array(table["segment"].to_pylist())
    kept = np.isin(segment, ["Womens E-Mail", "No E-Mail"])
    traits = ["recency", "history", "mens", "womens", "zip_code", "newbie", "channel"]
    people = pa.array(np.arange(len(segment)))
    features = table.select(traits).append_column("person", people).filter(pa.array(kept))
    happened = np.array(table[outcome].to_pylist(), np.float64)[kept]
    treated = (segment[kept] == "Womens E-Mail").astype(np.float64)
    return Experiment(features, treated, np.full(len(treated), 0.5), happened)


@pytest.mark.shared
@pytest.mark.slow
def test_on_hillstrom_a_rule_of_one_trait_is_as_good_as_any_learner(shared_data: Path) -> None:
    """Measured, visits: T .0071, DR .0070, S .0069, "women's buyers first" .0065 (.0044 to .0086);
    no learner is surely above the rule. Who responds: .0049."""
    model, report = judge(hillstrom(shared_data, "visit"))
    assert model is not None
    assert report.serves == "rule"
    assert model.parts[0].reads == ("womens",)
    by_name = {each.name: each for each in report.judged}
    assert by_name["rule"].qini.low > 0.002
    for name in uplift.LEARNERS:
        above = by_name[name].above_rule
        assert above is not None
        assert above.low < 0
    assert by_name["response"].qini.value < by_name["rule"].qini.value
    assert 0.035 < report.average.value < 0.06


@pytest.mark.shared
def test_values_of_open_bandit_policies_meet_the_truth(shared_data: Path) -> None:
    """Thompson sampling from the log of the random policy: .0057 (.0029 to .0084) where following
    it gave .0069; the random one from Thompson's log: .0034 (.0018 to .0050), and it gave .0046."""
    thompson, random = (_bandit(shared_data, name) for name in ("bts", "random"))
    chosen = np.full((4, 34), 1 / 34)
    np.add.at(chosen, (thompson["position"].astype(int), thompson["item_id"].astype(int)), 1)
    chosen /= chosen.sum(axis=1, keepdims=True)
    place, item = random["position"].astype(int), random["item_id"].astype(int)
    truth = policy_value.on_policy(thompson["click"])
    logged = random["propensity_score"]
    for found in (
        policy_value.ips(random["click"], logged, chosen[place, item]),
        policy_value.self_normalised(random["click"], logged, chosen[place, item]),
        _robust(random, chosen[place]),
    ):
        assert found.low < truth.value < found.high
    back = _robust(thompson, np.full((len(thompson["click"]), 34), 1 / 34))
    assert back.low < policy_value.on_policy(random["click"]).value < back.high


def _bandit(shared_data: Path, name: str) -> dict[str, Floats]:
    table = pq.read_table(shared_data / "commerce" / "open_bandit" / f"men_{name}.parquet")
    names = ("item_id", "position", "click", "propensity_score")
    return {each: table[each].to_numpy().astype(np.float64) for each in names}


def _robust(log: dict[str, Floats], policy: Floats) -> policy_value.PolicyValue:
    """Return the doubly robust value, by each item's rate in the other half of the log."""
    item, click = log["item_id"].astype(int), log["click"]
    half = np.random.default_rng(0).permutation(len(item)) % 2
    rates = np.zeros((2, 34))
    for one in (0, 1):
        other = half != one
        shown = np.bincount(item[other], minlength=34)
        clicked = np.bincount(item[other], click[other], minlength=34)
        rates[one] = (clicked + 200 * click.mean()) / (shown + 200)
    rows = np.arange(len(item))
    return policy_value.doubly_robust(
        click,
        log["propensity_score"],
        policy[rows, item],
        expected=(policy * rates[half]).sum(axis=1),
        expected_done=rates[half, item],
    )
