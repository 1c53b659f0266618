"""What is recommended, in which order, and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tailorbird import recommend
from tailorbird.errors import ModelError, UsageError
from tailorbird.recommend import Parameters, Recommender
from tailorbird.schema import DAY, Instant

Maker = Callable[..., pa.Table]

# Twenty people bought tea and then a cup, thirty bought soap alone, one bought only tea.
SHOP = (
    [(person, "tea", 50.0) for person in range(1, 21)]
    + [(person, "cup", 40.0) for person in range(1, 21)]
    + [(person, "soap", 60.0) for person in range(21, 51)]
    + [(51, "tea", 20.0)]
)
STRANGER = 999


def _rows(model: Recommender, person: int, k: int, now: Instant, **limits: Any) -> list[Any]:
    return list(model.top([person], k, now=now, **limits).to_pylist())


@pytest.fixture
def shop(interactions: Maker, now: Instant) -> Recommender:
    return recommend.fit(
        interactions(SHOP), now=now, parameters=Parameters(penalty=1.0, own_weight=0.5)
    )


def test_the_item_that_others_bought_with_it_comes_first(shop: Recommender, now: Instant) -> None:
    first, second, third = _rows(shop, 51, 3, now)
    assert (first["item"], first["rank"], first["reason"]) == ("cup", 1, "goes with tea")
    assert (first["reason_code"], first["because"]) == ("related", "tea")
    assert (second["item"], second["reason"]) == ("tea", "you bought it before")
    assert (third["item"], third["reason"], third["because"]) == ("soap", "popular now", None)


def test_what_was_bought_lately_can_be_left_out(shop: Recommender, now: Instant) -> None:
    assert [row["item"] for row in _rows(shop, 51, 3, now, exclude_recent_days=30)] == [
        "cup",
        "soap",
    ]
    assert len(_rows(shop, 51, 3, now, exclude_recent_days=10)) == 3


def test_only_items_in_stock_are_recommended(shop: Recommender, now: Instant) -> None:
    assert [row["item"] for row in _rows(shop, 51, 3, now, within={"soap", "moon"})] == ["soap"]
    assert _rows(shop, 51, 3, now, within=set()) == []


def test_a_stranger_gets_what_sells_now(interactions: Maker, now: Instant) -> None:
    old = [(person, "once loved", 300.0) for person in range(1, 30)]
    new = [(person, "new", 2.0) for person in range(30, 40)]
    model = recommend.fit(interactions(old + new), now=now)
    rows = _rows(model, STRANGER, 2, now)
    assert [row["item"] for row in rows] == ["new", "once loved"]
    assert {row["reason"] for row in rows} == {"popular now"}


def test_people_come_back_in_the_order_given(shop: Recommender, now: Instant) -> None:
    rows = shop.top([51, STRANGER, 1, 51], 2, now=now)
    assert rows["person"].to_pylist() == [51, 51, STRANGER, STRANGER, 1, 1, 51, 51]
    assert rows["rank"].to_pylist() == [1, 2] * 4
    alone = [shop.top([person], 2, now=now) for person in (51, STRANGER, 1, 51)]
    assert rows.equals(pa.concat_tables(alone))


def test_nobody_asked_gives_an_empty_table(shop: Recommender, now: Instant) -> None:
    assert shop.top([], 2, now=now).num_rows == 0


def test_the_catalogue_bounds_and_names_what_is_recommended(
    interactions: Maker, now: Instant
) -> None:
    items = pa.table({"item": ["tea", "cup", "unsold"], "name": ["Green tea", "Cup", "Dust"]})
    model = recommend.fit(interactions(SHOP), items, now=now)
    rows = _rows(model, 51, 5, now)
    assert {row["item"] for row in rows} == {"tea", "cup"}
    assert next(row for row in rows if row["item"] == "cup")["reason"] == "goes with Green tea"


def test_what_was_only_looked_at_says_so(interactions: Maker, now: Instant) -> None:
    looked = interactions([(51, "soap", 1.0)], kind="product_viewed")
    model = recommend.fit(pa.concat_tables([interactions(SHOP), looked]), now=now)
    row = next(row for row in _rows(model, 51, 3, now) if row["item"] == "soap")
    assert row["reason"] == "you looked at it"


def test_what_was_given_back_leaves_no_trace(interactions: Maker, now: Instant) -> None:
    back = interactions([(51, "tea", 10.0)], kind="return", quantity=-1)
    model = recommend.fit(pa.concat_tables([interactions(SHOP), back]), now=now)
    assert _rows(model, 51, 2, now) == [
        dict(row, person=51) for row in _rows(model, STRANGER, 2, now)
    ]


def test_giving_some_back_keeps_the_rest(interactions: Maker, now: Instant) -> None:
    two = interactions([(51, "tea", 21.0)], quantity=2)
    back = interactions([(51, "tea", 10.0)], kind="return", quantity=1)
    model = recommend.fit(pa.concat_tables([interactions(SHOP), two, back]), now=now)
    assert "tea" in [row["item"] for row in _rows(model, 51, 2, now)]


def test_guests_and_other_events_are_left_out(interactions: Maker, now: Instant) -> None:
    guest = interactions([(0, "cup", 1.0)] * 50)
    guest = guest.set_column(0, "person", pa.nulls(50, pa.int64()))
    other = interactions([(51, "soap", 1.0)], kind="email_opened")
    model = recommend.fit(pa.concat_tables([interactions(SHOP), guest, other]), now=now)
    assert model.files() == recommend.fit(interactions(SHOP), now=now).files()


def test_the_future_is_not_known(interactions: Maker, now: Instant) -> None:
    later = interactions([(51, "soap", -1.0), (7, "soap", -5.0)])
    model = recommend.fit(pa.concat_tables([interactions(SHOP), later]), now=now)
    assert model.files() == recommend.fit(interactions(SHOP), now=now).files()


def test_no_history_at_all_recommends_nothing(interactions: Maker, now: Instant) -> None:
    model = recommend.fit(interactions(SHOP).slice(0, 0), now=now)
    assert model.top([1, 2], 5, now=now).num_rows == 0


def test_a_recommender_survives_its_files(shop: Recommender, now: Instant) -> None:
    files = shop.files()
    again = recommend.load(files)
    assert again.files() == files
    assert again.top([51, 1], 3, now=now).equals(shop.top([51, 1], 3, now=now))


def _objects() -> bytes:
    import io

    buffer = io.BytesIO()
    np.save(buffer, np.array([{}], dtype=object), allow_pickle=True)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "change",
    [
        {"recommender.json": b"{}"},
        {"popular.npy": b"not an array"},
        {"popular.npy": _objects()},
        {"recommender.json": None},
    ],
)
def test_damaged_files_are_refused(shop: Recommender, change: Mapping[str, bytes | None]) -> None:
    files = {
        name: content for name, content in {**shop.files(), **change}.items() if content is not None
    }
    with pytest.raises(ModelError, match="train it again"):
        recommend.load(files)


def test_files_of_an_old_format_are_refused_with_the_mend(shop: Recommender) -> None:
    files = shop.files()
    head = files["recommender.json"].replace(b'"format":2', b'"format":1')
    assert head != files["recommender.json"]
    with pytest.raises(ModelError, match=r"format 1 is not 2.*train it again"):
        recommend.load({**files, "recommender.json": head})


def _array(values: Any, kind: str) -> bytes:
    import io

    buffer = io.BytesIO()
    np.save(buffer, np.array(values, dtype=kind), allow_pickle=False)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("related.source", _array([99, 0], "i4")),
        ("related.start", _array([0, 5, 1, 2], "i8")),
        ("history.item", _array([-1], "i4")),
        ("popular", _array([1.0], "f8")),
        ("following.weight", _array([1.0] * 999, "f4")),
    ],
)
def test_arrays_that_point_outside_each_other_are_refused(
    shop: Recommender, name: str, content: bytes
) -> None:
    # The compiled ranking would follow them into memory that is not its own.
    with pytest.raises(ModelError, match="train it again"):
        recommend.load({**shop.files(), f"{name}.npy": content})


def test_an_erased_person_is_a_stranger_again(shop: Recommender, now: Instant) -> None:
    without = recommend.load(shop.without({51}).files())
    assert 51 not in without.history.people
    assert len(without.history.item) == len(shop.history.item) - 1
    assert [row["item"] for row in _rows(without, 51, 2, now)] == [
        row["item"] for row in _rows(without, STRANGER, 2, now)
    ]
    assert _rows(without, 50, 3, now) == _rows(shop, 50, 3, now)


def test_a_new_purchase_counts_without_a_new_fit(
    shop: Recommender, interactions: Maker, now: Instant
) -> None:
    bought = interactions([(STRANGER, "tea", 0.5), (STRANGER, "novelty", 0.5)])
    fresh = shop.with_history(pa.concat_tables([interactions(SHOP), bought]), now=now)
    assert _rows(fresh, STRANGER, 1, now)[0]["reason"] == "goes with tea"
    assert _rows(fresh, 51, 3, now) == _rows(shop, 51, 3, now)


def test_scores_do_not_depend_on_when_they_are_asked(shop: Recommender, now: Instant) -> None:
    assert _rows(shop, 51, 3, now) == _rows(shop, 51, 3, now + 500 * DAY)


def test_wrong_questions_are_refused(shop: Recommender, interactions: Maker, now: Instant) -> None:
    with pytest.raises(UsageError, match="at least one"):
        shop.top([1], 0, now=now)
    with pytest.raises(ModelError, match="kind"):
        recommend.fit(interactions(SHOP).drop_columns(["kind"]), now=now)


@given(seed=st.integers(0, 2**32 - 1), listed=st.booleans())
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_flags_bound_items_as_their_names_do(
    noise: pa.Table, now: Instant, seed: int, listed: bool
) -> None:
    rng = np.random.default_rng(seed)
    table = noise.take(rng.permutation(noise.num_rows)[:400])
    some = pa.table({"item": [f"item-{n:03}" for n in rng.permutation(300)[:200]]})
    model = recommend.fit(table, some if listed else None, now=now)
    flags = rng.random(len(model.items)) < rng.random()
    names = {item for item, flag in zip(model.items, flags, strict=True) if flag}
    people = [*np.unique(table["person"].to_numpy())[:20].tolist(), 10**6]
    for made in (model, model.with_history(table.slice(0, 200), now=now)):
        by_flag, by_name = (made.top(people, 5, now=now, within=each) for each in (flags, names))
        assert by_flag == by_name
        assert {*by_flag["item"].to_pylist()} <= names
