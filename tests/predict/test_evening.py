"""A model taught evenly brings the groups closer, reads no group, and beats its rule or yields."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tailorbird import predict
from tailorbird.model_cards import ModelCard
from tailorbird.predict.stored import Scorer
from tailorbird.schema import Instant

Worlds = Callable[..., Any]


def _judged(world: Any, now: Instant, fair: str) -> tuple[Scorer, ModelCard]:
    return predict.judge(
        lambda at: _telling(world.features(at)), world.outcomes, now=now, algorithm="logistic",
        budget=2, fair=fair,
    )  # fmt: skip


def _telling(table: Any) -> Any:
    """Return the traits with one that tells of the country without naming it."""
    british = np.array([each == "GB" for each in table["country"].to_pylist()])
    told = british + np.random.default_rng(5).normal(0, 0.5, table.num_rows)
    return table.append_column("parcels", [told])


def test_groups_are_chosen_more_alike_and_the_card_says_by_how_much(
    world: Worlds, now: Instant
) -> None:
    scorer, card = _judged(world(weights=(-0.5, 1.5, 1.5)), now, "country")
    found = card.evened
    assert found is not None
    assert found.trait == "country"
    assert found.ratio > found.ratio_before + 0.1, found  # measured: .66 and .83
    assert sum(each.people for each in found.groups) == card.people
    before = sum(each.people * each.chosen_before for each in found.groups)
    assert round(before) == round(sum(each.people * each.chosen for each in found.groups))
    assert f"{found.ratio:.2f} times" in found.why
    assert card.serves
    assert "country" not in scorer.reads
    without = _telling(world().features(now)).drop_columns(["country"])
    assert len(scorer.estimates(without)) == 1500


def test_a_model_that_is_fair_but_beats_no_rule_does_not_serve(world: Worlds, now: Instant) -> None:
    plain, fair = (_judged(world(weights=(0, 0, 3.0)), now, by)[1] for by in ("", "country"))
    assert plain.serves
    assert plain.evened is None
    assert not fair.serves
    assert fair.evened is not None


def test_where_all_are_in_one_group_there_is_nothing_to_even_out(
    world: Worlds, now: Instant
) -> None:
    nowhere = world()
    features = nowhere.features

    def alike(at: Instant) -> Any:
        table = features(at)
        return table.append_column("shop", [["one"] * table.num_rows])

    nowhere.features = alike
    _, card = _judged(nowhere, now, "shop")
    assert card.serves
    assert card.evened is not None
    assert (card.evened.ratio, len(card.evened.groups)) == (1.0, 1)
    assert "one group of shop" in card.evened.why
