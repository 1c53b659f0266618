"""The formulas agree with SciPy's and statsmodels' results on public cases."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from tailorbird.experiments.distributions import (
    chi_square_tail,
    student_quantile,
    student_two_sided,
)
from tailorbird.experiments.frequentist import holm, means, proportions, wilson
from tailorbird.experiments.guard import sample_ratio
from tailorbird.experiments.power import sample_size

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def cases(shared_data: Path) -> dict[str, Any]:
    return dict(json.loads((shared_data / "reference" / "ab_cases.json").read_text()))


def test_proportions_agree_with_the_reference(cases: dict[str, Any]) -> None:
    assert len(cases["two_proportions"]) >= 30
    for case in cases["two_proportions"]:
        xa, na, xb, nb = (case["in"][name] for name in ("xa", "na", "xb", "nb"))
        found = proportions((xa, na), (xb, nb))
        assert (found.low, found.high) == pytest.approx(case["ci95_diff_newcomb"], abs=1e-9)
        if "z_pooled" in case:  # absent where both rates are 1
            assert found.p_value == pytest.approx(case["z_pooled"]["p"], rel=1e-6)
        assert wilson(xa, na) == pytest.approx(case["wilson95_a"], abs=1e-9)
        assert wilson(xb, nb) == pytest.approx(case["wilson95_b"], abs=1e-9)


def test_means_agree_with_the_reference(cases: dict[str, Any]) -> None:
    assert len(cases["two_means"]) >= 10
    for case in cases["two_means"]:
        given, welch = case["in"], case["welch"]
        found = means(
            (given["na"], given["sum_a"], given["sumsq_a"]),
            (given["nb"], given["sum_b"], given["sumsq_b"]),
        )
        assert (found.low, found.high) == pytest.approx(welch["ci95_diff"], rel=1e-6)
        assert found.p_value == pytest.approx(welch["p"], rel=1e-5, abs=1e-300)


def test_sample_ratios_agree_with_the_reference(cases: dict[str, Any]) -> None:
    for case in cases["sample_ratio"]:
        people = {str(arm): count for arm, count in enumerate(case["counts"])}
        found = sample_ratio(people, dict.fromkeys(people, 1.0))
        assert found.chi_square == pytest.approx(case["chi2"], rel=1e-8)
        assert found.p_value == pytest.approx(case["p"], rel=1e-6)
        assert found.alarm == (case["p"] < 0.001)


def test_sample_sizes_agree_with_the_reference(cases: dict[str, Any]) -> None:
    for case in cases["sample_size"]:
        given = case["in"]
        found = sample_size(given["p1"], given["p2"], alpha=given["alpha"], power=given["power"])
        assert found == math.ceil(case["n_per_arm_pooled_null_formula"])


def test_holm_agrees_with_the_reference(cases: dict[str, Any]) -> None:
    given = cases["multiple_testing"]
    assert holm(given["p"]) == pytest.approx(given["holm"], rel=1e-6)


def test_tails_agree_with_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    for degrees in (1, 2, 7, 30, 208.06, 12_461.4):
        for t in (0.01, 0.5, 1.96, 5.7, 30.0):
            expected = 2 * stats.t.sf(t, degrees)
            assert student_two_sided(t, degrees) == pytest.approx(expected, rel=1e-7)
        assert student_quantile(0.975, degrees) == pytest.approx(stats.t.ppf(0.975, degrees))
    for count in (1, 2, 9, 120):
        for x in (0.0, 0.3, 4.0, 60.0, 400.0):
            expected = stats.chi2.sf(x, count)
            assert chi_square_tail(x, count) == pytest.approx(expected, rel=1e-7, abs=1e-13)
