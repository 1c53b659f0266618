"""Strangers are shown what sells in their own group only where that surely beats what sells."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tailorbird import recommend
from tailorbird.recommend import like_people
from tailorbird.recommend.interactions import encode
from tailorbird.schema import DAY, Instant, PersonId

Maker = Callable[..., pa.Table]
RETAIL_END = 15_248 * DAY  # 2011-10-01


def _groups(of: dict[PersonId, str]) -> pa.Table:
    people, names = pa.array([*of], pa.int64()), pa.array([*of.values()], pa.string())
    return pa.table({"person": people, "group": names})


@pytest.fixture
def shop(interactions: Maker) -> pa.Table:
    """Return a shop where people with even numbers buy one half of the items, odd ones the other.

    Those above 800 buy anything.
    """
    rng = np.random.default_rng(4)
    rows = []
    for person in range(1, 1201):
        items = rng.permutation(15) * 2 + person % 2 if person <= 800 else rng.permutation(30)
        rows += [(person, f"item-{item:02}", float(rng.uniform(0, 120))) for item in items[:6]]
    return interactions(rows)


def _of(person: PersonId) -> str:
    return ("even", "odd")[person % 2] if person <= 800 else ("this", "that")[person % 2]


def test_only_groups_that_have_a_taste_of_their_own_are_told_apart(
    shop: pa.Table, now: Instant
) -> None:
    groups = _groups({person: _of(person) for person in range(1, 1201)})
    model, card = recommend.judge(shop, now=now, groups=groups)
    assert model.groups.names == ("even", "odd")
    assert card.parameters["groups_with_own_popularity"] == "even, odd"
    told = next(each for each in card.measures if each.name == like_people.MEASURE)
    assert told.low > 0.05
    asked = {5001: "odd", 5002: "this", 5003: ""}
    top = model.top([*asked], 10, now=now, groups=asked)["item"].to_pylist()
    assert {int(item[-2:]) % 2 for item in top[:10]} == {1}
    assert top[10:20] == top[20:]


def test_groups_without_a_taste_of_their_own_get_what_sells(noise: pa.Table, now: Instant) -> None:
    groups = _groups({person: f"group {person % 4}" for person in range(1, 801)})
    model, card = recommend.judge(noise, now=now, groups=groups)
    assert model.groups.names == ()
    assert card.parameters["groups_with_own_popularity"] == "none"


def test_small_groups_are_judged_together_and_too_few_people_not_at_all(
    shop: pa.Table, now: Instant
) -> None:
    few = {person: f"{_of(person)} {person // 40}" for person in range(1, 801)}
    window, coded = (now - 30 * DAY, now), encode(shop)
    told = like_people.judged(coded, _groups(few), window, 14.0, 0)
    assert len(told.names) == told.of == 41
    some = {person: of for person, of in few.items() if person < 20}
    assert like_people.judged(coded, _groups(some), window, 14.0, 0) == like_people.Worth()


def test_the_report_holds_strangers_to_groups_that_had_won_before(
    shop: pa.Table, now: Instant
) -> None:
    late = pc.and_(pc.greater(shop["person"], 700), pc.less(shop["at"], now - 30 * DAY))
    known = shop.filter(pc.invert(late))  # those above 700 are strangers before the last window
    groups = _groups({person: _of(person) for person in range(1, 801)})
    found = recommend.prove(recommend.fit(known, now=now), known, now=now, groups=groups)
    (section,) = [each for each in found.report.sections if "history" in each.by]
    figures = {figure.name: figure.beside[0] for figure in section.figures}
    assert figures["recall@10"].low > 0


@pytest.mark.shared
def test_small_countries_have_a_taste_of_their_own(
    shared_data: Path, online_retail: pa.Table
) -> None:
    lines = pq.read_table(shared_data / "commerce" / "online_retail.parquet")
    lines = lines.filter(pc.is_valid(lines["customer_id"]))
    columns = (lines["customer_id"].cast(pa.int64()).to_pylist(), lines["country"].to_pylist())
    groups = _groups(dict(zip(*columns, strict=True)))
    window = (RETAIL_END - 30 * DAY, RETAIL_END)
    found = like_people.judged(encode(online_retail), groups, window, 14.0, 0)
    assert found.measure is not None
    # Measured: .111 against .107, difference +.000 to +.007; in August and July it did not win.
    assert found.measure.model > found.measure.naive
    assert "Belgium" in found.names
    assert "United Kingdom" not in found.names
