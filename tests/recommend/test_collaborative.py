"""What goes with what, what follows what, and nobody's word counting for many."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

from tailorbird import recommend
from tailorbird.recommend import Parameters, collaborative
from tailorbird.recommend.interactions import encode, history
from tailorbird.schema import Instant

Maker = Callable[..., pa.Table]


@pytest.mark.slow  # the compiled passes are compiled on a machine's first run
def test_the_compiled_ridge_solves_what_the_dense_one_solves(noise: pa.Table, now: Instant) -> None:
    past = history(encode(noise), now)
    rng = np.random.default_rng(0)
    for kind in ("ridge", "cosine"):
        parameters = Parameters(neighbours=kind, penalty=5.0, most_related=299)
        held = collaborative.held(past, 300, parameters, rng)
        dense = collaborative.neighbours(past, 300, parameters, rng)
        assert dense is not None
        compiled = collaborative._near_pairs(held, 299, parameters, threads=2)
        squares = [np.zeros((300, 301), np.float32) for _ in range(4)]
        for square, near, name in zip(
            squares,
            (dense, compiled, dense, compiled),
            ("cosine", "cosine", "ridge", "ridge"),
            strict=True,
        ):
            np.put_along_axis(square, near.source.astype(np.int64), getattr(near, name), axis=1)
        assert np.allclose(squares[0][:, :300], squares[1][:, :300], atol=1e-6)
        assert np.allclose(squares[2][:, :300], squares[3][:, :300], atol=1e-4)


@pytest.mark.slow
def test_in_a_catalogue_of_any_size_the_certain_item_is_found(
    interactions: Maker, now: Instant
) -> None:
    pairs = collaborative.LARGEST_DENSE // 2 + 500
    rng = np.random.default_rng(4)
    rows = []
    for pair in range(pairs):
        for person in range(4):
            number = pair * 4 + person + 1
            rows.append((number, f"first-{pair:05}", 50.0))
            if person:
                rows.append((number, f"then-{pair:05}", 20.0))
            rows.append((number, f"noise-{rng.integers(0, 50):02}", 35.0))
    model = recommend.fit(
        interactions(rows), now=now, parameters=Parameters(penalty=1.0, own_weight=0.0)
    )
    asked = [pair * 4 + 1 for pair in range(0, pairs, 25)]
    top = model.top(asked, 3, now=now)
    found: dict[int, list[str]] = {}
    for person, item in zip(top["person"].to_pylist(), top["item"].to_pylist(), strict=True):
        found.setdefault(person, []).append(item)
    right = sum(f"then-{(person - 1) // 4:05}" in found[person] for person in asked)
    assert right >= 0.97 * len(asked)  # measured: all


def test_what_follows_comes_before_what_went_before(interactions: Maker, now: Instant) -> None:
    rows = []
    for person in range(1, 61):
        rows += [(person, "a crib", 90.0), (person, "pram", 60.0), (person, "z blocks", 30.0)]
    rows.append((99, "pram", 1.0))
    rows += [(other, "a crib", 5.0) for other in range(100, 160)]  # which sells better
    shop = interactions(rows)
    ordered = recommend.fit(
        shop,
        now=now,
        parameters=Parameters(following=4.0, own_weight=0.0, likeness=0.0, fashion=0.0),
    )
    first, second, *_ = ordered.top([99], 3, now=now).to_pylist()
    assert (first["item"], second["item"]) == ("z blocks", "a crib")
    assert (first["reason_code"], first["because"]) == ("related", "pram")
    # Measured: 3.89 against .19; by joint buyers alone .20 against .19.
    assert first["score"] > 5 * second["score"]


def test_visits_are_told_apart_by_their_instant(interactions: Maker, now: Instant) -> None:
    rows = [(7, "a", 9.0), (7, "b", 9.0), (7, "c", 4.0), (7, "a", 2.0), (8, "a", 1.0)]
    coded = encode(interactions(rows))
    past = history(coded, now)
    told = [
        (coded.items[item], visit)
        for item, visit in zip(past.item.tolist(), past.visit.tolist(), strict=True)
    ]
    assert told == [("a", 2), ("a", 0), ("b", 2), ("c", 1), ("a", 0)]


def test_one_actor_makes_nothing_popular(interactions: Maker, now: Instant) -> None:
    honest = [(person, "tea", 3.0) for person in range(1, 7)]
    honest += [(person, "cup", 3.0) for person in range(1, 5)]
    burst = [(999, "junk", age / 40) for age in range(2_000)]  # on each of fifty days
    model = recommend.fit(interactions(honest + burst), now=now)
    assert model.top([12345], 3, now=now)["item"].to_pylist() == ["tea", "cup", "junk"]


def test_one_actor_ties_nothing_to_anything(interactions: Maker, now: Instant) -> None:
    honest = [(person, item, 9.0) for person in range(1, 41) for item in ("tea", "cup")]
    honest += [(person, f"other-{person % 9}", 5.0) for person in range(1, 41)]
    burst = [(999, item, age / 50) for age in range(1_000) for item in ("tea", "junk")]
    model = recommend.fit(
        interactions([*honest, *burst, (50, "tea", 1.0)]),
        now=now,
        parameters=Parameters(penalty=5.0, own_weight=0.0),
    )
    found = model.top([50], 5, now=now)["item"].to_pylist()
    assert found[0] == "cup"
    assert "junk" not in found[:2]


def test_a_shop_of_one_item_is_recommended_it(interactions: Maker, now: Instant) -> None:
    rows = [(person, "tea", 40.0 + person % 30) for person in range(1, 80)]
    model = recommend.fit(interactions(rows), now=now)
    assert model.top([1, 500], 5, now=now)["item"].to_pylist() == ["tea", "tea"]
    _, card = recommend.judge(interactions(rows), now=now)
    assert not card.serves


@pytest.mark.parametrize("kind", ["als", "fused"])
def test_an_author_may_force_factors(followers: pa.Table, now: Instant, kind: str) -> None:
    pytest.importorskip("implicit")
    parameters = Parameters(neighbours=kind, own_weight=0.0)  # type: ignore[arg-type]
    model = recommend.fit(followers, now=now, parameters=parameters)
    again = recommend.load(model.files())
    asked = [int(person) for person in model.history.people[:200]]
    top = again.top(asked, 2, now=now)
    assert top.equals(model.top(asked, 2, now=now))
    followed = top["item"].to_pylist()
    rows = followers.to_pylist()
    firsts = {row["person"]: row["item"] for row in rows if row["item"].startswith("first")}
    right = sum(
        firsts[person].replace("first", "then") in followed[place * 2 : place * 2 + 2]
        for place, person in enumerate(asked)
    )
    assert right >= 190  # measured: 200
