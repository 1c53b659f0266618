"""Who withdraws consent or is forgotten leaves a recommender that is trained already."""

from __future__ import annotations

import io

import numpy as np
import pytest
from tests.clock import Clock
from tests.stories.test_recommendations import (
    buyer,
    clock,
    items,
    newcomer,
    shop,
    take_in,
    train,
    trained,
)

from tailorbird import learning, recommend, records
from tailorbird.app import Tailorbird
from tailorbird.schema import PersonId

__all__ = ["Clock", "clock", "shop", "trained"]


def _held(tb: Tailorbird) -> set[PersonId]:
    """Return whose history the files of the latest model hold."""
    found = tb.world.models.get(learning.RECOMMENDER)
    assert found is not None
    people = np.load(io.BytesIO(found[1]["history.people.npy"]), allow_pickle=False)
    return {int(person) for person in people}


def _kept(tb: Tailorbird) -> recommend.Recommender:
    found = learning.recommender(tb.world)
    assert found is not None
    return found[1]


def test_a_model_without_somebody_knows_nothing_of_her_and_the_same_of_others(
    shop: Tailorbird,
) -> None:
    ada, ben = newcomer(shop, "ada", ("pot-3", 20.0)), newcomer(shop, "ben", ("pot-5", 20.0))
    train(shop)
    now, stranger = shop.clock(), 999_999
    model = _kept(shop)
    assert {*model.top([ada], 2, now=now)["reason_code"].to_pylist()} == {"repeat", "related"}
    left = recommend.load(model.without([ada]).files())
    hers, theirs = (left.top([who], 6, now=now).drop_columns(["person"]) for who in (ada, stranger))
    assert hers.equals(theirs)
    assert set(hers["reason_code"].to_pylist()) == {"popular"}
    assert left.top([ben], 6, now=now).equals(model.top([ben], 6, now=now))
    assert ada not in left.history.people.tolist()
    assert len(left.history.item) == len(model.history.item) - 1
    assert left.without([ada, stranger]).files() == left.files()


@pytest.mark.parametrize("forgotten", [True, False])
def test_who_leaves_is_shown_what_sells_at_once_and_is_not_in_the_next_model(
    shop: Tailorbird, *, forgotten: bool
) -> None:
    ada = newcomer(shop, "ada", ("pot-3", 20.0))
    ben = newcomer(shop, "ben", ("pot-5", 20.0))
    train(shop)
    assert ada in _held(shop)
    assert "tin-3" in items(shop.recommend(ada, 2))
    others = items(shop.recommend(ben, 4))
    if forgotten:
        records.forget_person(
            shop.world, ada, records.Writer("", shop.clock(), bytes, once="forget")
        )
        shop.ingest()
    else:
        no = {"consent": {"categoryPreferences": {"personalisation": False, "training": False}}}
        (told,) = buyer("ada", [])
        at = {"timestamp": shop.clock() / 1_000_000, "messageId": "no"}
        take_in(shop, [told | at | {"context": no}])
    reasons = {each.reason_code for each in shop.recommend(ada, 4).products}
    assert reasons == {"popular"}
    assert items(shop.recommend(ben, 4)) == others
    train(shop)
    assert ada not in _held(shop)
    assert ben in _held(shop)
