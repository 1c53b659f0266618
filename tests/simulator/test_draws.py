"""Keyed draws: the same for the same key, and distributed as promised."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorbird.simulator.draws import Draws

DRAWS = Draws(5)
MANY = np.arange(60_000, dtype=np.uint64)


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=30), st.randoms())
def test_a_draw_depends_on_its_key_and_not_on_its_neighbours(
    keys: list[int], random: object
) -> None:
    together = DRAWS.uniform("x", np.array(keys, dtype=np.uint64), 3).tolist()
    alone = [DRAWS.uniform("x", np.array([key], dtype=np.uint64), 3)[0] for key in keys]
    assert together == alone


def test_seed_stream_and_every_key_matter() -> None:
    base = DRAWS.bits("x", MANY, 1)
    others = [
        Draws(6).bits("x", MANY, 1),
        DRAWS.bits("y", MANY, 1),
        DRAWS.bits("x", MANY, 2),
        DRAWS.bits("x", MANY),
        DRAWS.bits("x", MANY, MANY.astype(np.int64) + 2),
    ]
    for other in others:
        assert not (base == other).any()


def test_a_scalar_key_is_the_same_key_as_in_an_array() -> None:
    ones = np.ones(MANY.size, dtype=np.int64)
    assert (DRAWS.bits("x", MANY, 1) == DRAWS.bits("x", MANY, ones)).all()


def test_a_negative_key_is_the_same_key_as_in_an_array() -> None:
    ones = np.full(MANY.size, -1, dtype=np.int64)
    assert (DRAWS.bits("x", MANY, -1) == DRAWS.bits("x", MANY, ones)).all()


def test_uniforms_fill_the_open_interval_evenly_and_without_memory() -> None:
    drawn = DRAWS.uniform("u", MANY)
    assert drawn.min() > 0
    assert drawn.max() < 1
    counts = np.histogram(drawn, bins=20, range=(0, 1))[0]
    assert ((counts - 3000) ** 2 / 3000).sum() < 50
    assert abs(np.corrcoef(drawn[1:], drawn[:-1])[0, 1]) < 0.02


@pytest.mark.parametrize("shape", [0.4, 1.2, 6.0])
def test_gamma_has_mean_and_variance_of_its_shape(shape: float) -> None:
    drawn = DRAWS.gamma(shape, "g", MANY)
    assert drawn.mean() == pytest.approx(shape, rel=0.03)
    assert drawn.var() == pytest.approx(shape, rel=0.06)


def test_beta_normal_and_exponential_have_their_moments() -> None:
    beta = DRAWS.beta(2, 6, "b", MANY)
    normal = DRAWS.normal("n", MANY)
    assert beta.mean() == pytest.approx(0.25, abs=0.005)
    assert beta.var() == pytest.approx(12 / (64 * 9), rel=0.05)
    assert normal.mean() == pytest.approx(0, abs=0.02)
    assert normal.std() == pytest.approx(1, abs=0.02)
    assert DRAWS.exponential("e", MANY).mean() == pytest.approx(1, abs=0.02)


def test_a_choice_follows_the_weights() -> None:
    counts = np.bincount(DRAWS.choice((5, 3, 2), "c", MANY)) / MANY.size
    assert counts == pytest.approx([0.5, 0.3, 0.2], abs=0.01)
