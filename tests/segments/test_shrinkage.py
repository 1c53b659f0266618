"""Rates of few trials: drawn towards the mean by as much as people really differ."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import pytest

from tailorbird.schema import DAY, Instant
from tailorbird.segments.shrinkage import mail_rates, prior
from tailorbird.stores.duckdb.facts import DuckFacts

Happen: TypeAlias = Callable[..., int]


@pytest.mark.parametrize(("alpha", "beta"), [(3.0, 9.0), (1.0, 4.0), (20.0, 30.0)])
def test_the_prior_that_made_the_rates_is_found_again(alpha: float, beta: float) -> None:
    rng = np.random.default_rng(4)
    truth = rng.beta(alpha, beta, 20_000)
    trials = rng.integers(1, 15, 20_000)
    found = prior(rng.binomial(trials, truth), trials)
    assert found.mean == pytest.approx(alpha / (alpha + beta), abs=0.01)
    assert found.strength == pytest.approx(alpha + beta, rel=0.1)


def test_shrunken_rates_are_nearer_to_the_truth_than_raw_ones() -> None:
    rng = np.random.default_rng(5)
    truth = rng.beta(3, 9, 5_000)
    trials = rng.integers(1, 8, 5_000)
    hits = rng.binomial(trials, truth)
    found = prior(hits, trials)
    shrunken = ((found.shrunken(hits, trials) - truth) ** 2).mean()
    raw = ((hits / trials - truth) ** 2).mean()
    mean = ((found.mean - truth) ** 2).mean()
    assert shrunken < 0.85 * mean
    assert shrunken < 0.4 * raw


def test_where_nobody_differs_beyond_chance_everybody_is_at_the_mean() -> None:
    rng = np.random.default_rng(1)
    trials = np.full(400, 10)
    found = prior(np.repeat([2, 3], 200), trials)
    assert math.isinf(found.strength)
    assert found.shrunken(np.array([0, 10]), np.array([10, 10])).tolist() == [0.25, 0.25]
    once = prior(rng.integers(0, 2, 50), np.ones(50, np.int64))
    assert math.isinf(once.strength)
    assert once.own_weight(np.array([1])).tolist() == [0.0]


def test_nothing_sent_gives_no_rate() -> None:
    nothing = np.zeros(3, np.int64)
    found = prior(nothing, nothing)
    assert (found.mean, found.shrunken(nothing, nothing).tolist()) == (0.0, [0.0, 0.0, 0.0])


def test_a_mail_counts_once_and_machines_do_not_open(
    facts: DuckFacts, happen: Happen, now: Instant
) -> None:
    for person in (1, 2, 3):
        for mail in range(person):
            happen(person, "email_sent", now, send_id=f"{person}-{mail}")
    for _ in range(3):
        happen(1, "email_opened", now, send_id="1-0")
    happen(2, "email_opened", now, send_id="2-0", machine=True)
    happen(3, "email_opened", now + DAY, send_id="3-0")
    _, today = mail_rates(facts, [1, 2, 3, 4], of="opened", as_of=now)
    assert today["sent"].to_pylist() == [1, 2, 3]
    assert today["hits"].to_pylist() == [1, 0, 0]
    found, tomorrow = mail_rates(facts, [1, 2, 3], of="opened", as_of=now + DAY)
    assert tomorrow["hits"].to_pylist() == [1, 0, 1]
    assert found.mean == pytest.approx(2 / 6)
    drawn = tomorrow["shrunken"].to_pylist()
    assert drawn[0] < 1.0
    assert drawn[1] > 0.0
