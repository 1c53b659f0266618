"""The compiled ranking and the one with NumPy are the same ranking."""

from __future__ import annotations

import importlib.util

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tailorbird import recommend
from tailorbird.recommend import Parameters, Recommender, compiled, scoring
from tailorbird.recommend.scoring import Ranked
from tailorbird.schema import DAY, Instant

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("numba") is None, reason="numba is not installed"
)


def _both(model: Recommender, now: Instant, threads: int, bar_after: float) -> list[Ranked]:
    rng = np.random.default_rng(9)
    people = np.append(np.arange(len(model.history.people)), [-1, 0, -1])
    scorer = scoring.prepare(model.parameters, model.related, model.following, model.popular)
    allowed = rng.random(len(model.items)) < 0.8
    found = []
    for compile_it in (False, True):
        parts = compiled.ranked(
            scorer,
            model.history,
            people,
            10,
            today=now // DAY,
            allowed=allowed,
            bar_after=bar_after,
            compile_it=compile_it,
            threads=threads,
        )
        found.append(scoring.joined(list(parts)))
    return found


@pytest.mark.parametrize("neighbours", ["ridge", "cosine", "none"])
@pytest.mark.parametrize(("threads", "recent_days"), [(1, None), (2, 20)])
def test_both_rank_alike(
    noise: pa.Table, now: Instant, neighbours: str, threads: int, recent_days: int | None
) -> None:
    parameters = Parameters(neighbours=neighbours, penalty=5.0)  # type: ignore[arg-type]
    model = recommend.fit(noise, now=now, parameters=parameters)
    bar_after = np.inf if recent_days is None else now / DAY - recent_days
    plain, fast = _both(model, now, threads, bar_after)
    assert np.allclose(plain.score, fast.score)
    gap = np.abs(np.diff(plain.score, axis=1, prepend=np.inf, append=-np.inf))
    clear = (gap[:, 1:] > 1e-6) & (gap[:, :-1] > 1e-6)  # no tie with a neighbour
    assert clear.mean() > 0.5
    for name in ("item", "bought", "because"):
        assert (getattr(plain, name) == getattr(fast, name))[clear].all()
    for name in ("own", "related"):
        assert np.allclose(getattr(plain, name)[clear], getattr(fast, name)[clear], atol=1e-6)


def test_a_catalogue_smaller_than_k_is_ranked_whole(followers: pa.Table, now: Instant) -> None:
    few = followers.filter(pc.is_in(followers["item"], pa.array(["first-00", "then-00"])))
    plain, fast = _both(recommend.fit(few, now=now), now, 1, np.inf)
    assert np.allclose(plain.score, fast.score)
    assert plain.item.shape == fast.item.shape
