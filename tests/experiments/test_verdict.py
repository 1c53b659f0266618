"""A reading says what may be concluded, and no more."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest

from tailorbird.errors import UsageError
from tailorbird.experiments import Arm, Effect, Verdict, read

PLAN = {"a": 0.45, "b": 0.45, "holdout": 0.1}
EQUAL = (
    Arm("a", 4500, 1800, 450, 225, 900_000, 900_000_000),
    Arm("b", 4500, 1810, 455, 230, 905_000, 910_000_000),
    Arm("holdout", 1000, 0, 0, 48, 190_000, 190_000_000),
)


def _effect(verdict: Verdict, metric: str, first: str, second: str) -> Effect:
    return next(
        effect
        for effect in verdict.effects
        if (effect.metric, effect.first, effect.second) == (metric, first, second)
    )


def test_no_difference_is_claimed_where_the_interval_contains_zero() -> None:
    verdict = read(EQUAL, expected=PLAN)
    assert not any(effect.told for effect in verdict.effects)
    assert "no difference in buyers can be told yet" in verdict.conclusion
    assert "between the variants no difference can be told yet" in verdict.conclusion
    assert "fixed horizon" in verdict.method


def test_opens_and_clicks_are_never_compared_with_the_holdout() -> None:
    verdict = read(EQUAL, expected=PLAN)
    for effect in verdict.effects:
        assert effect.metric in ("purchase", "revenue") or "holdout" not in (
            effect.first,
            effect.second,
        )


def test_what_the_mails_caused_counts_buyers_and_revenue_beyond_the_holdout() -> None:
    better = (
        msgspec.structs.replace(EQUAL[0], buyers=405, revenue_minor_sum=1_620_000),
        msgspec.structs.replace(EQUAL[1], buyers=405, revenue_minor_sum=1_620_000),
        EQUAL[2],
    )
    verdict = read(better, expected=PLAN)
    both = verdict.caused[0]
    assert (both.arm, both.people) == ("all variants", 9000)
    assert both.buyers == pytest.approx(810 - 9000 * 0.048)
    assert both.revenue_minor == pytest.approx(3_240_000 - 9000 * 190.0)
    assert both.buyers_low > 0
    assert "caused about 378 more buyers" in verdict.conclusion


def test_a_better_subject_is_named() -> None:
    clicked = (EQUAL[0], msgspec.structs.replace(EQUAL[1], human_clickers=600), EQUAL[2])
    verdict = read(clicked, expected=PLAN)
    assert _effect(verdict, "click", "a", "b").told
    assert "'b' is clicked by more people than 'a': 3.33 points" in verdict.conclusion


def test_wrong_arm_sizes_forbid_every_conclusion() -> None:
    lost = (msgspec.structs.replace(EQUAL[0], people=4000), *EQUAL[1:])
    verdict = read(lost, expected=PLAN)
    assert verdict.sample_ratio.alarm
    assert verdict.conclusion.startswith("Nothing may be concluded")


def test_an_arm_that_was_not_planned_raises_the_alarm() -> None:
    verdict = read(EQUAL, expected={"a": 0.5, "b": 0.5, "holdout": 0.0})
    assert verdict.sample_ratio.alarm


def test_without_a_holdout_nothing_is_said_to_be_caused() -> None:
    verdict = read(EQUAL[:2], expected={"a": 1, "b": 1})
    assert verdict.caused == ()
    assert verdict.conclusion.startswith("Without a holdout")


def test_empty_arms_are_compared_with_nothing() -> None:
    verdict = read([Arm("a", 1), Arm("holdout", 0)], expected={"a": 0.5, "holdout": 0.5})
    assert (verdict.effects, verdict.rates, verdict.caused) == ((), verdict.rates, ())


@pytest.mark.parametrize(
    "wrong",
    [
        [Arm("a", 10, human_openers=11)],
        [Arm("a", 10, buyers=-1)],
        [Arm("a", 10), Arm("a", 10)],
        [Arm("b", 10)],
    ],
)
def test_counts_that_cannot_be_are_refused(wrong: list[Arm]) -> None:
    with pytest.raises(UsageError):
        read(wrong, expected={"a": 1.0})


def test_a_verdict_can_be_kept_as_json() -> None:
    verdict = read(EQUAL, expected=PLAN)
    assert msgspec.json.decode(msgspec.json.encode(verdict), type=Verdict) == verdict


def test_equal_arms_are_told_apart_in_at_most_five_percent() -> None:
    rng = np.random.default_rng(5)
    told = 0
    for _ in range(400):
        clicks = rng.binomial(800, 0.1, 3)
        arms = [Arm(name, 800, human_clickers=int(clicks[i])) for i, name in enumerate("abc")]
        verdict = read(arms, expected={"a": 1, "b": 1, "c": 1})
        told += any(effect.told for effect in verdict.effects)
    assert told <= 400 * 0.05 + 3 * (400 * 0.05 * 0.95) ** 0.5


@pytest.mark.shared
def test_hillstrom_reads_as_published(shared_data: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    customers = parquet.read_table(shared_data / "email" / "hillstrom.parquet").to_pydict()
    reference = json.loads((shared_data / "reference" / "hillstrom_results.json").read_text())
    segment, spend = np.array(customers["segment"]), np.array(customers["spend"])
    minor = np.rint(spend * 100).astype(np.int64)
    arms = []
    for name in ("Mens E-Mail", "Womens E-Mail", "No E-Mail"):
        of_arm = segment == name
        arms.append(
            Arm(
                name,
                int(of_arm.sum()),
                human_clickers=int(np.array(customers["visit"])[of_arm].sum()),
                buyers=int(np.array(customers["conversion"])[of_arm].sum()),
                revenue_minor_sum=int(minor[of_arm].sum()),
                revenue_minor_squares=int((minor[of_arm] ** 2).sum()),
            )
        )
    verdict = read(arms, expected=dict.fromkeys((a.name for a in arms), 1), holdout="No E-Mail")
    assert not verdict.sample_ratio.alarm
    for variant in ("Mens E-Mail", "Womens E-Mail"):
        expected = reference["tests"]["shared_part"][f"{variant} vs No E-Mail"]
        bought = _effect(verdict, "purchase", "No E-Mail", variant)
        assert (bought.low, bought.high) == pytest.approx(
            expected["conversion"]["ci95_diff_newcomb"], abs=1e-9
        )
        assert bought.p_value == pytest.approx(expected["conversion"]["chi2"]["p"], rel=1e-6)
        spent = _effect(verdict, "revenue", "No E-Mail", variant)
        interval = [100 * bound for bound in expected["spend"]["welch"]["ci95_diff"]]
        assert (spent.low, spent.high) == pytest.approx(interval, rel=1e-6)
        assert spent.p_value == pytest.approx(expected["spend"]["welch"]["p"], rel=1e-5)
    assert verdict.conclusion.startswith("The mails caused about")
