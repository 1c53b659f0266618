"""Every kind of model: trained on a shop, scored for everybody, never from the future."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tailorbird import freshening, learning, model_data
from tailorbird.app import Tailorbird
from tailorbird.grouping import standing_segments
from tailorbird.learning_texts import LIBRARY, EventTarget, WantedModel
from tailorbird.model_data import Past, Together
from tailorbird.schema import DAY, SECOND, Body, Instant, Names

OF_PEOPLE = [name for name in LIBRARY if name != "recommender"]


def customers(tb: Tailorbird) -> set[int]:
    sql = "SELECT DISTINCT person FROM facts WHERE event = 'purchase' AND person IS NOT NULL"
    return set(tb.world.facts.read(sql)["person"].to_pylist())


@pytest.mark.parametrize("name", OF_PEOPLE)
def test_every_model_that_comes_along_is_trained_and_scores(tb: Tailorbird, name: str) -> None:
    now = tb.clock()
    tb.clock = lambda: now
    (card,) = tb.learn([name])
    assert card.why
    people = learning.trainees(tb.world, tb.clock(), "personalisation")
    told = learning.scored(tb.world, name, people, tb.clock())
    assert told.column_names[:4] == ["person", "value", "low", "high"]
    value, low, high = (told[each].to_numpy() for each in ("value", "low", "high"))
    assert np.isfinite(value).all()
    assert (low <= value + 1e-9).all()
    assert not (high < value - 1e-9).any()
    kept = tb.world.facts.read("SELECT person, value FROM scores WHERE model = ?", (name,))
    assert kept.num_rows == told.num_rows
    order = np.argsort(kept["person"].to_numpy())
    mine = np.argsort(told["person"].to_numpy())
    kept_value = kept["value"].to_numpy()[order] / 1_000_000
    assert kept_value == pytest.approx(value[mine], abs=1e-5)


def test_dates_and_values_are_of_customers_alone(tb: Tailorbird) -> None:
    tb.learn(["value", "next_order"])
    now = tb.clock()
    rows = tb.world.facts.read("SELECT model, person, value FROM scores").to_pylist()
    for name in ("value", "next_order"):
        of = {row["person"]: row["value"] for row in rows if row["model"] == name}
        assert of
        assert of.keys() <= customers(tb)
        if name == "next_order":
            assert min(of.values()) > now
            assert max(of.values()) < now + 20 * 365 * DAY
        else:
            assert min(of.values()) >= 0


def cut(tb: Tailorbird, then: Instant) -> None:
    """Forget everything that happened after an instant, wherever it is kept."""
    tables = tb.world.facts.read(
        "SELECT DISTINCT table_name AS name FROM information_schema.columns "
        "WHERE column_name = 'at' AND table_name IN ('facts', 'lines', 'deeds', 'deed_lines', "
        "'properties', 'trait_values', 'visits', 'scores')"
    )["name"].to_pylist()
    views = {"visits"}
    tb.world.facts.write(
        [
            *(
                (f'DELETE FROM {name} WHERE "at" > ?', (then,))
                for name in tables
                if name not in views
            ),
            ("DELETE FROM people WHERE created_at > ?", (then,)),
        ]
    )


@pytest.mark.parametrize("name", [*OF_PEOPLE, "own"])
def test_what_a_model_is_taught_is_the_same_when_what_came_later_is_gone(
    tb: Tailorbird, name: str
) -> None:
    """As-of joins leak nothing: features and audiences know only what had happened."""
    mailed = name in ("engagement", "unsubscribe_risk", "send_hour")  # mails went out last week
    then = tb.clock() - (7 if mailed else 45) * DAY
    own = WantedModel(
        "own",
        "purchase",
        audience={"did": "product_viewed", "within": "60d"},
        features=(
            "orders", "count(product_viewed, 30d)", "trend(session_started, 7d)",
            "decayed(purchase, 60d)", "rhythm(purchase)", "silence(purchase)", "last_channel",
            "sum(purchase, value_minor, 90d)", "favourite_category", "tier",
        ),
    )  # fmt: skip
    past = Past(tb.world, own if name == "own" else WantedModel(name), everybody(tb))
    before = past.features(then)
    window = past.outcomes(then - 30 * DAY, then)
    cut(tb, then)
    past.latest.clear()
    assert rows(past.features(then)) == rows(before)
    assert past.outcomes(then - 30 * DAY, then).equals(window)
    assert before.num_rows
    assert window.num_rows or name == "unsubscribe_risk"  # nobody left that week


TAUGHT = WantedModel(
    "own",
    "purchase",
    audience={"not": {"list": "staff"}},
    features=(
        "orders", "revenue_minor", "count(purchase, 90d)", "count(product_viewed, 60d)", "tier",
        "share(purchase, garden, 365d)", "favourite_category", "usual_hour", "engagement",
        "count(session_started, 60d)",
    ),
)  # fmt: skip
"""Of declared traits a model reads none: the policy of gaps and the audience can."""


def tell(tb: Tailorbird, people: list[int], then: Instant, **said: object) -> None:
    """Have a message come now of each of these people, told of an instant."""
    when = datetime.fromtimestamp(then / SECOND, UTC).isoformat()
    batch = [
        {"messageId": f"{person}-{then}-{sorted(said)}", "timestamp": when,
         "context": {"personId": person}, **said}
        for person in people
    ]  # fmt: skip
    body = msgspec.json.encode({"batch": batch})
    tb.world.log.append([Body("tracking", tb.clock(), body)])
    tb.ingest()


def taught(tb: Tailorbird, then: Instant, asked: WantedModel = TAUGHT) -> dict[int, str]:
    """Return what a model is taught of each person as of an instant."""
    table = Past(tb.world, asked, everybody(tb)).features(then)
    return {row["person"]: str(row) for row in table.to_pylist()}


def test_what_is_said_later_teaches_nothing_of_before(tb: Tailorbird) -> None:
    """Returns, lists, traits, prices and categories: each counts from when it happened."""
    now, then = tb.clock(), tb.clock() - 45 * DAY
    before, people = taught(tb, then), everybody(tb)
    tell(tb, people, now, type="track", event="list_added", properties={"list": "staff"})
    tell(tb, people, now, type="identify", traits={"country": "NZ", "timezone": "Asia/Tokyo"})
    order = {"order_id": "none", "products": [{"product_id": "x", "price": 9, "quantity": 1}]}
    tell(tb, people, now, type="track", event="Order Refunded", properties=order)
    tb.world.facts.write(
        [("UPDATE products SET category = 'garden', price_minor = 1, stock = 0", ())]
    )
    assert taught(tb, then) == before
    assert taught(tb, now + 1) == {}, "all are staff by now"


def test_a_trait_that_was_declared_later_says_nothing_of_before(tb: Tailorbird) -> None:
    now, then, people = tb.clock(), tb.clock() - 45 * DAY, everybody(tb)
    german = WantedModel("own", "purchase", audience={"trait": "country", "is": "DE"})
    tell(tb, people[:40], then - DAY, type="identify", traits={"country": "DE"})
    before = taught(tb, then, german)
    assert before
    tell(tb, people, now, type="identify", traits={"country": "NZ"})
    assert taught(tb, then, german) == before
    assert taught(tb, now + 1, german) == {}


def test_who_came_later_was_not_there(tb: Tailorbird) -> None:
    """Of nobody's past there is nothing to learn but that she would come."""
    then = tb.clock() - 45 * DAY
    sql = "SELECT person FROM people WHERE created_at > ?"
    later = set(tb.world.facts.read(sql, (then,))["person"].to_pylist())
    everyone = WantedModel("own", EventTarget("purchase"))
    assert later & set(everybody(tb))
    assert not later & taught(tb, then, everyone).keys()
    assert later & taught(tb, tb.clock(), everyone).keys()


def test_a_merge_that_came_later_teaches_nothing_of_before(tb: Tailorbird) -> None:
    """Nobody knew then that two were one: of them the one counts who had bought more."""
    then = tb.clock() - 45 * DAY
    before = taught(tb, then)
    sql = """SELECT person FROM facts WHERE event = 'purchase' AND "at" <= ? AND person IS NOT NULL
        GROUP BY person ORDER BY COUNT(*) DESC, person"""
    bought = [p for p in tb.world.facts.read(sql, (then,))["person"].to_pylist() if p in before]
    more, less = bought[:8], sorted(bought[len(bought) // 2 :])[:8]
    for one, other in zip(more, less, strict=True):
        survivor = tb.merge(str(one), str(other), reason="one telephone")
        assert survivor == min(one, other)
    assert any(one > other for one, other in zip(more, less, strict=True))
    now = tb.clock() + 1
    for one, other in zip(more, less, strict=True):
        mine, hers = before.pop(one), min(one, other)
        before.pop(other)
        before[hers] = mine.replace(f"'person': {one},", f"'person': {hers},")
    assert taught(tb, then) == before
    together = taught(tb, now)
    assert together[min(more[0], less[0])] != before[min(more[0], less[0])]


def test_what_we_heard_of_late_counts_from_when_it_happened(tb: Tailorbird) -> None:
    """A history that is imported was all heard of at once, and is no less a history."""
    then = tb.clock() - 45 * DAY
    person = min(taught(tb, then))
    asked = WantedModel("own", "purchase", features=("count(product_viewed, 60d)",))
    before = taught(tb, then, asked)
    seen = {"product_id": "x"}
    tell(tb, [person], then - DAY, type="track", event="Product Viewed", properties=seen)
    assert taught(tb, then, asked)[person] != before[person]


def everybody(tb: Tailorbird) -> list[int]:
    return learning.trainees(tb.world, tb.clock())


def rows(table: pa.Table) -> list[str]:
    return sorted(str(row) for row in table.to_pylist())


def test_training_asks_for_nothing_after_now(tb: Tailorbird) -> None:
    """A model of a past instant is the same, whatever came after it."""
    then = tb.clock() - 30 * DAY
    asked, people = WantedModel("churn", algorithm="logistic"), everybody(tb)
    first = learning.train(tb.world, asked, people, then)
    cut(tb, then)
    second = learning.train(tb.world, asked, people, then)
    assert first[1].measures
    assert first[1].measures == second[1].measures
    assert first[0].keys() == second[0].keys()
    assert {k: v for k, v in first[0].items() if k.endswith(".json")} == {
        k: v for k, v in second[0].items() if k.endswith(".json")
    }


def test_churn_is_silence_by_ones_own_rhythm(tb: Tailorbird) -> None:
    past = Past(tb.world, WantedModel("churn"), everybody(tb))
    after = tb.clock() - 60 * DAY
    gone = set(past.silent(after, after + 60 * DAY)["person"].to_pylist())
    came = past.firsts(after, after + 60 * DAY)
    days = dict(zip(came["person"].to_pylist(), came["days"].to_pylist(), strict=True))
    table = past.features(after)
    assert gone
    assert gone <= set(table["person"].to_pylist())
    quick = {person for person, each in days.items() if each <= 7}
    assert quick & set(table["person"].to_pylist())
    assert not gone & quick
    assert set(table["person"].to_pylist()) - set(days) <= gone


def test_only_of_whom_is_asked_anything_is_read(tb: Tailorbird) -> None:
    allowed = set(everybody(tb))
    assert allowed
    past = Past(tb.world, WantedModel("value"), sorted(allowed)[:5])
    read = set(past.features(tb.clock())["person"].to_pylist())
    assert read
    assert read <= set(sorted(allowed)[:5])


@pytest.mark.parametrize("bought", [True, False])
def test_models_that_are_asked_together_read_what_each_reads_alone(
    tb: Tailorbird, bought: bool
) -> None:
    now, buyers = tb.clock(), customers(tb)
    person = next(each for each in everybody(tb) if (each in buyers) == bought)
    asked = [WantedModel(name) for name in ("churn", "first_purchase", "next_order", "value")]
    together = Together(tb.world, [person], asked)
    for each in asked:
        alone = Past(tb.world, each, [person]).features(now)
        assert together.nobody(each, now) == (alone.num_rows == 0)
        if alone.num_rows:
            assert Past(tb.world, each, [person], together=together).features(now).equals(alone)


def test_what_is_read_of_one_person_is_what_is_read_of_her_among_many(tb: Tailorbird) -> None:
    now, people = tb.clock(), everybody(tb)
    models = (WantedModel(name) for name in ("churn", "first_purchase", "value"))
    names = [*dict.fromkeys(name for each in models for name in each.read())]
    traits = model_data.traits(tb.world, now, people, names)
    history = learning.history(tb.world, people, now)
    for person in people[::200]:
        hers = model_data.traits(tb.world, now, [person], names)
        assert hers.equals(traits.filter(pc.equal(traits["person"], person)))
        done = learning.history(tb.world, [person], now)
        assert rows(done) == rows(history.filter(pc.equal(history["person"], person)))


def test_of_a_segment_only_its_members_are_scored(tb: Tailorbird) -> None:
    tb.put("segment", "lookers", "name: lookers\nwhere: {did: product_viewed, within: 20d}\n")
    tb.put("model", "mine", "name: mine\ntarget: purchase\naudience: lookers\n")
    tb.learn(["mine"])
    scored = tb.world.facts.read("SELECT person FROM scores WHERE model = 'mine'")
    assert set(scored["person"].to_pylist()) <= set(tb.segment_people("lookers"))
    assert scored.num_rows


def test_what_never_happened_is_refused_with_the_reason(tb: Tailorbird) -> None:
    tb.put("model", "odd", "name: odd\ntarget: {event: review_submitted}\n")
    (card,) = tb.learn(["odd"])
    assert not card.serves
    assert "Nobody had the outcome" in card.why
    told = learning.scored(tb.world, "odd", everybody(tb), tb.clock())
    assert told.num_rows
    (reason,) = set(told["top_reason"].to_pylist())
    assert reason == "everybody has the same score: no trait moves it"
    assert model_data.trainees(tb.world, tb.clock())


def test_where_nobody_could_have_the_outcome_nobody_is_scored(tb: Tailorbird) -> None:
    """The first mails have just left: whoever got one was in no window that is over."""
    (card,) = tb.learn(["unsubscribe_risk"])
    assert (card.serves, card.scores) == (False, False)
    assert card.why.endswith("so nobody is scored.")
    people = learning.trainees(tb.world, tb.clock(), "personalisation")
    assert learning.scored(tb.world, "unsubscribe_risk", people, tb.clock()).num_rows == 0
    kept = "SELECT COUNT(*) AS n FROM scores WHERE model = 'unsubscribe_risk'"
    assert tb.world.facts.read(kept)["n"][0].as_py() == 0
    assert freshening.reasons(tb.world, "unsubscribe_risk", people[0], tb.clock()) == ()
    tb.put("segment", "risky", "name: risky\nwhere: {model: unsubscribe_risk, at_least: 0}\n")
    assert tb.segment_count("risky") == 0


def test_dates_values_and_hours_are_traits(tb: Tailorbird) -> None:
    now = tb.clock()
    tb.clock = lambda: now
    tb.learn(["next_order", "value", "send_hour"])
    soon = "name: soon\nwhere: {trait: next_order_expected_at, days_ahead: {at_most: 30}}\n"
    rich = "name: rich\nwhere: {trait: value_expected_minor, at_least: 5000}\n"
    risky = "name: early\nwhere: {trait: best_send_hour, less_than: 12}\n"
    for name, text in (("soon", soon), ("rich", rich), ("early", risky)):
        tb.put("segment", name, text)
    kept = tb.world.facts.read("SELECT model, person, value FROM scores").to_pylist()
    of = {
        name: {row["person"]: row["value"] for row in kept if row["model"] == name}
        for name in ("next_order", "value", "send_hour")
    }
    members = {name: set(tb.segment_people(name)) for name in ("soon", "rich", "early")}
    assert members["rich"] == {p for p, v in of["value"].items() if v // 10**6 >= 5000}
    assert members["early"] == {p for p, v in of["send_hour"].items() if v < 12 * 10**6}
    within = {p for p, v in of["next_order"].items() if v <= now + 29 * DAY}
    assert within <= members["soon"] <= {p for p, v in of["next_order"].items() if v}
    assert members["soon"]


def test_hours_are_counted_of_whom_is_asked_about(tb: Tailorbird) -> None:
    now = tb.clock()
    everyone = Past(tb.world, WantedModel("send_hour"), everybody(tb))
    earlier, later = everyone.hours(now, 0, 180)
    opened = "SELECT COUNT(*) AS n FROM facts WHERE event IN (?, ?) AND NOT machine AND person IN "
    opened += f"({', '.join(map(str, everyone.people))})"
    found = tb.world.facts.read(opened, (Names.EMAIL_OPENED, Names.EMAIL_CLICKED))
    assert earlier.sum() == found["n"][0].as_py() > 0
    assert later.sum() == 0
    backwards = Past(tb.world, WantedModel("send_hour"), everyone.people[::-1])
    assert (backwards.hours(now, 0, 180)[0] == earlier[::-1]).all()
    assert Past(tb.world, WantedModel("send_hour"), []).hours(now, 0, 180)[0].shape == (0, 24)


def test_a_group_of_a_list_can_be_an_audience(tb: Tailorbird) -> None:
    groups = "groups: [{name: often, where: {trait: orders, at_least: 3}}]\n"
    tb.put("groups", "buyers", f"name: buyers\n{groups}rest: others\n")
    group = next(each.name for each in standing_segments(tb.world) if each.name.endswith("often"))
    tb.put("model", "grouped", f"name: grouped\ntarget: purchase\naudience: {group}\n")
    (card,) = tb.learn(["grouped"])
    assert card.why
