"""Rules of recommendation in a running shop: what is shown to whom, why, and what changes it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from tests.clock import Clock

from tailorbird import flow, learning, recommend, removing, serving, steering_record
from tailorbird.app import Tailorbird
from tailorbird.cli import run
from tailorbird.errors import ConflictError, DefinitionError, UsageError
from tailorbird.latest import Latest
from tailorbird.model_cards import ModelCard
from tailorbird.readings import recommendations
from tailorbird.recommend import report
from tailorbird.recommend.report import Report
from tailorbird.schema import DAY, HOUR, Body, PersonId
from tailorbird.views.recommendations import Answer

NOW = 20_500 * DAY
PAIRS = 12
AGREED = {"email_marketing": True, "personalisation": True, "training": True}


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a shop where who bought `pot-N` buys `tin-N` a month later, learnt."""
    folder = tmp_path_factory.mktemp("shop") / "data"
    with Tailorbird.open(folder, clock=Clock(NOW), environment={}) as opened:
        rng, said = np.random.default_rng(5), []
        for number in range(PAIRS):
            for name, category in (("pot", "pots"), ("tin", "tins")):
                said.append(
                    product(f"{name}-{number}", category, brand=("own", "fine")[number % 2])
                )
        for number in range(150):
            pair, age = number % PAIRS, float(rng.uniform(2, 110))
            said += buyer(f"p{number}", [(f"pot-{pair}", age)])
            if age > 31:
                said += [bought(f"p{number}", f"tin-{pair}", age - 31)]
        take_in(opened, said)
        train(opened)
    return folder


@pytest.fixture
def shop(trained: Path, tmp_path: Path, clock: Clock) -> Iterator[Tailorbird]:
    """Return a copy of that shop, opened."""
    shutil.copytree(trained, tmp_path / "data")
    with Tailorbird.open(tmp_path / "data", clock=clock, environment={}) as opened:
        yield opened


def product(item: str, category: str, stock: int = 9, **said: object) -> dict[str, Any]:
    words = {"product_id": item, "name": item.replace("-", " "), "category": category}
    properties = {**words, "price": "9.50", "currency": "EUR", "stock": stock, **said}
    return event("product_updated", 200, properties) | {"anonymousId": "the-shop"}


def event(name: str, age: float, properties: dict[str, Any]) -> dict[str, Any]:
    iso = datetime.fromtimestamp((NOW - int(age * DAY)) / 1_000_000, UTC).isoformat()
    return {
        "type": "track", "event": name, "timestamp": iso, "properties": properties,
        "messageId": json.dumps([name, age, properties], sort_keys=True)[:200],
    }  # fmt: skip


def bought(who: str, item: str, age: float) -> dict[str, Any]:
    order = {"order_id": f"{who}-{item}-{age}", "products": [{"product_id": item, "price": 9.5}]}
    return event("Order Completed", age, order) | {"userId": who}


def buyer(who: str, items: Sequence[tuple[str, float]], **agreed: bool) -> list[dict[str, Any]]:
    consent = {"consent": {"categoryPreferences": {**AGREED, **agreed}}}
    traits = {"email": f"{who}@example.org"}
    told = event("", 120, {"who": who}) | {"type": "identify", "userId": who, "traits": traits}
    return [told | {"context": consent}, *(bought(who, item, age) for item, age in items)]


def take_in(tb: Tailorbird, said: list[dict[str, Any]]) -> None:
    for at in range(0, len(said), 500):
        body = msgspec.json.encode({"batch": said[at : at + 500]})
        tb.world.log.append([Body("import", tb.clock(), body)])
    tb.ingest()


def train(tb: Tailorbird) -> None:
    """Fit a model without judging it, so that the tests know which one serves."""
    people = learning.trainees(tb.world, tb.clock())
    history = learning.history(tb.world, people, tb.clock())
    model = recommend.fit(history, now=tb.clock())
    tb.world.models.put(learning.RECOMMENDER, model.files(), b"{}")


def items(answer: Answer) -> list[str]:
    return [each.item for each in answer.products]


def newcomer(tb: Tailorbird, who: str, *bought: tuple[str, float], **agreed: bool) -> PersonId:
    take_in(tb, buyer(who, bought, **agreed))
    return tb.person(who)


def test_what_goes_with_what_was_bought_comes_first_and_says_why(shop: Tailorbird) -> None:
    ada = newcomer(shop, "ada", ("pot-3", 20.0))
    answer = shop.recommend(ada, 3)
    first = answer.products[0]
    assert first.item in ("tin-3", "pot-3")
    assert {each.item: each.reason for each in answer.products}["tin-3"] == "goes with pot 3"
    assert answer.rules_version == 0


def test_what_was_just_bought_is_not_shown_unless_it_is_a_consumable(shop: Tailorbird) -> None:
    ben = newcomer(shop, "ben", ("pot-3", 2.0))
    assert "pot-3" not in items(shop.recommend(ben, 20))
    shop.put("recommendations", "default", "name: default\nconsumables: {categories: [pots]}")
    assert items(shop.recommend(ben, 20))[0] == "pot-3"
    shop.put("recommendations", "default", "name: default\nnot_bought_days: 1")
    assert "pot-3" in items(shop.recommend(ben, 20))


def test_pairs_of_the_author_stand_before_the_model(shop: Tailorbird) -> None:
    cyd = newcomer(shop, "cyd", ("pot-3", 20.0))
    text = "name: default\npairs:\n  - {bought: {items: [pot-3]}, show: [tin-9, pot-8]}"
    shop.put("recommendations", "default", text)
    shown = shop.recommend(cyd, 4).products
    assert [each.item for each in shown[:2]] == ["tin-9", "pot-8"]
    assert (shown[0].reason_code, shown[0].because) == ("pair", "pot-3")
    assert shown[0].reason == "goes with pot 3"


def test_caps_boosts_and_exclusions_hold(shop: Tailorbird) -> None:
    dan = newcomer(shop, "dan", ("pot-3", 20.0))
    text = "name: default\ncaps: {category: 2}\nexclude: {attributes: {brand: own}}"
    shop.put("recommendations", "default", text)
    shown = shop.recommend(dan, 10).products
    assert sorted(each.category for each in shown) == ["pots", "pots", "tins", "tins"]
    assert all(int(each.item.split("-")[1]) % 2 for each in shown)
    text = "name: default\nboosts:\n  - {of: {items: [tin-7]}, by: 100}"
    shop.put("recommendations", "default", text)
    stranger = newcomer(shop, "stranger")
    assert items(shop.recommend(stranger, 3))[0] == "tin-7"


def test_what_is_sold_out_leaves_at_once_and_comes_back_with_its_stock(shop: Tailorbird) -> None:
    eve = newcomer(shop, "eve", ("pot-3", 20.0))
    assert "tin-3" in items(shop.recommend(eve, 3))
    gone = product("tin-3", "tins", stock=0) | event("product_updated", 0.02, {})
    gone["properties"] = {"product_id": "tin-3", "stock": 0}
    take_in(shop, [gone | {"anonymousId": "the-shop"}])
    assert "tin-3" not in items(shop.recommend(eve, 3))
    back = gone | {"messageId": "back", "properties": {"product_id": "tin-3", "stock": 4}}
    take_in(shop, [back])
    assert "tin-3" in items(shop.recommend(eve, 3))


def test_a_product_that_arrives_now_is_shown_without_a_training(shop: Tailorbird) -> None:
    fay = newcomer(shop, "fay", ("pot-3", 20.0))
    version = shop.recommend(fay).model_version
    fresh = product("tin-new", "tins", name="tin 3 in red", brand="fine")
    take_in(shop, [fresh | {"timestamp": event("", 0.01, {})["timestamp"], "messageId": "new"}])
    answer = shop.recommend(fay, 6)
    shown = {each.item: each for each in answer.products}
    assert "tin-new" in shown
    assert "tin 3" in shown["tin-new"].reason
    assert answer.model_version == version
    shop.put("recommendations", "default", "name: default\nonly: {items: [pot-1]}")
    assert items(shop.recommend(fay, 6)) == ["pot-1"]


def test_a_visitor_is_shown_what_goes_with_her_session_once_she_agrees(shop: Tailorbird) -> None:
    nothing = shop.recommendations.of_session("s-1")
    assert "nothing was seen" in nothing.made_of
    for session, agreed in (("s-1", True), ("s-2", False)):
        viewed = event("Product Viewed", 0.05, {"product_id": "pot-5", "in": session})
        said = {"consent": {"categoryPreferences": {"personalisation": agreed}}}
        around = {"sessionId": session, **said}
        take_in(shop, [viewed | {"anonymousId": f"visitor-{session}", "context": around}])
    answer = shop.recommendations.of_session("s-1", 4)
    assert (answer.session, "own history" in answer.made_of) == ("s-1", True)
    assert "tin-5" in items(answer)
    assert "no consent" in shop.recommendations.of_session("s-2", 4).made_of


def test_who_does_not_agree_gets_what_is_popular(shop: Tailorbird) -> None:
    gus = newcomer(shop, "gus", ("pot-3", 20.0), personalisation=False)
    answer = shop.recommend(gus, 4)
    assert "no consent" in answer.made_of
    assert {each.reason_code for each in answer.products} == {"popular"}


def test_an_answer_is_kept_until_she_does_something_or_an_hour_is_over(
    shop: Tailorbird, clock: Clock
) -> None:
    hal = newcomer(shop, "hal", ("pot-3", 20.0))
    first = shop.recommend(hal)
    take_in(shop, buyer("ida", [("pot-4", 1.0)]))
    assert shop.recommend(hal) is first
    take_in(shop, [bought("hal", "pot-6", 0.1)])
    second = shop.recommend(hal)
    assert second is not first
    assert "tin-6" in items(second)
    assert "pot-6" not in items(second)
    clock.now += HOUR
    assert shop.recommend(hal) is not second


def test_a_mistake_is_told_and_rules_that_are_used_stay(shop: Tailorbird) -> None:
    with pytest.raises(DefinitionError, match="no product has 'colour'"):
        shop.put("recommendations", "default", "name: default\ncaps: {colour: 2}")
    with pytest.raises(UsageError, match="no rules of recommendation 'other'"):
        shop.recommend("p1", rules="other")
    with pytest.raises(UsageError, match="nobody is known"):
        shop.recommend("nobody")


def test_a_mail_is_made_by_its_own_rules_and_the_ledger_says_why(shop: Tailorbird) -> None:
    shop.install_library()
    shop.put("recommendations", "tins", "name: tins\nonly: {categories: [tins]}")
    shop.put("segment", "all", "name: all\nwhere: {trait: orders, at_least: 1}")
    campaign = """
name: spring
audience: all
template: win_back
holdout: 0
recommendations: 3
recommended_by: tins
variants:
  only: {share: 1, subject: Hello}
"""
    shop.put("campaign", "spring", campaign)
    shop.refresh()
    shop.decide("spring")
    person = shop.person("p10")
    (decided,) = shop.world.ledger.decisions(campaign="spring", person=person)
    kept = msgspec.json.decode(decided.inputs)
    assert kept["recommended_by"] == "tins@1"
    assert {each["category"] for each in kept["recommendations"]} == {"tins"}
    assert all(each["reason"] and each["reason_code"] for each in kept["recommendations"])
    told = shop.readings.why(person, "spring", NOW)
    assert told is not None
    assert told.made_of is not None
    assert told.made_of.recommended_by == "tins@1"
    assert [each.reason for each in told.made_of.picks] == [
        each["reason"] for each in kept["recommendations"]
    ]
    with pytest.raises(ConflictError, match="spring"):
        removing.remove(shop.world, "recommendations", "tins", now=NOW)


def test_what_is_lifted_is_told_in_the_answer_and_the_audit(shop: Tailorbird) -> None:
    text = "name: {0}\nexposure: [{{by: brand, shares: {{own: 0.8}}, at_least: 0.9, steer: {1}}}]"
    for name, steer in (("still", "false"), ("lifted", "true")):
        shop.put("recommendations", name, text.format(name, steer))
    still, lifted = (shop.recommendations.exposure(name) for name in ("still", "lifted"))
    own, before = (
        next(s for s in told.audits[0].shares if s.value == "own") for told in (lifted, still)
    )
    assert (before.share, before.too_little, still.ndcg) == (before.before, True, 1.0)
    assert (own.before, own.too_little) == (before.share, False)
    assert own.share >= 0.9 * 0.8
    assert lifted.ndcg < 1
    brand = {item: ("own", "fine")[int(item.split("-")[1]) % 2] for item in shop_items()}
    unmoved, moved = (
        [shop.recommend(f"p{n}", 4, rules=name).products for n in range(30)]
        for name in ("still", "lifted")
    )
    codes = {each.reason_code for one in moved for each in one if brand[each.item] == "own"}
    assert "exposure" in codes
    assert not any(each.reason_code == "exposure" for one in unmoved for each in one)
    assert {brand[e.item] for one in moved for e in one if e.reason_code == "exposure"} == {"own"}


LIFTED = "name: lifted\nexposure: [{by: brand, shares: {own: 0.8}, at_least: 0.9, steer: true}]"


def lifted(shop: Tailorbird, number: int = 4) -> list[str]:
    """Return what thirty people are shown for the sake of exposure, as a request would tell."""
    shown = (shop.recommend(f"p{n}", number, rules="lifted").products for n in range(30))
    return [each.item for one in shown for each in one if each.reason_code == "exposure"]


def test_what_is_lifted_is_learnt_behind_requests_and_never_in_one(
    shop: Tailorbird, clock: Clock
) -> None:
    shop.put("recommendations", "lifted", LIFTED)
    assert not lifted(shop)  # as in a folder of a version that kept nothing
    assert steering_record.learnt(shop.world, "lifted") is None
    flow.keep_current(shop.world, shop.clock())
    first, shown = steering_record.learnt(shop.world, "lifted"), lifted(shop)
    assert first is not None
    assert {*first.shares} == {*steering_record.LENGTHS}
    assert shown
    clock.now += DAY
    assert lifted(shop) == shown  # by what was learnt the day before
    assert steering_record.learnt(shop.world, "lifted") == first
    flow.keep_current(shop.world, shop.clock())
    second = steering_record.learnt(shop.world, "lifted")
    assert second is not None
    assert (second.at, second.version) == (clock.now, first.version)
    clock.now += HOUR
    flow.keep_current(shop.world, shop.clock())
    assert steering_record.learnt(shop.world, "lifted") == second


def test_the_audit_says_that_what_is_lifted_is_not_worked_out_yet(shop: Tailorbird) -> None:
    def waits() -> str:
        return recommendations.exposure(shop.world, shop.clock(), "lifted").waits

    shop.put("recommendations", "lifted", LIFTED)
    assert "not been worked out yet" in waits()
    flow.keep_current(shop.world, shop.clock())
    assert waits() == ""
    shop.put("recommendations", "lifted", LIFTED.replace("0.9", "0.7"))
    assert "before the rules or the model changed" in waits()


def test_a_version_that_ceases_to_serve_while_it_is_read_is_not_taken_for_another(
    shop: Tailorbird,
) -> None:
    class Turning(Latest):
        """Another version serves as soon as the number of the first is known."""

        def of(self, name: str, stamp: Hashable, make: Callable[[], Any]) -> Any:
            train(shop)
            return super().of(name, stamp, make)

    shop.world.models.put(learning.RECOMMENDER, {"other": b"1"}, b"{}")
    assert serving.version(shop.world, learning.RECOMMENDER) == 2
    world = replace(shop.world, latest=Turning())
    assert serving.loaded(world, learning.RECOMMENDER)[0] == 2
    assert serving.version(world, learning.RECOMMENDER) == 3


def test_a_length_that_was_not_learnt_takes_the_nearest_until_it_is(shop: Tailorbird) -> None:
    shop.put("recommendations", "lifted", LIFTED)
    flow.keep_current(shop.world, shop.clock())
    first = steering_record.learnt(shop.world, "lifted")
    assert first is not None
    assert first.nearest(5) == first.shares[4]
    assert lifted(shop, 5)
    flow.keep_current(shop.world, shop.clock())
    second = steering_record.learnt(shop.world, "lifted")
    assert second is not None
    assert {*second.shares} == {4, 5, 8}
    assert {each: second.shares[each] for each in first.shares} == first.shares


def test_what_is_lifted_is_learnt_anew_when_the_rules_or_the_model_change(
    shop: Tailorbird, clock: Clock
) -> None:
    def learnt() -> tuple[int, int]:
        flow.keep_current(shop.world, shop.clock())
        found = steering_record.learnt(shop.world, "lifted")
        assert found is not None
        return found.version, found.rules_version

    shop.put("recommendations", "lifted", LIFTED)
    assert learnt() == (1, 1)
    shop.put("recommendations", "lifted", LIFTED.replace("0.9", "0.7"))
    assert learnt() == (1, 2)
    clock.now += 1
    train(shop)
    assert learnt() == (2, 2)


def test_a_training_learns_what_is_lifted(shop: Tailorbird) -> None:
    shop.put("recommendations", "lifted", LIFTED)
    shop.learn([learning.RECOMMENDER])
    found = steering_record.learnt(shop.world, "lifted")
    assert found is not None
    assert found.version == serving.version(shop.world, learning.RECOMMENDER)
    assert any(each.share for each in found.shares[4])


def shop_items() -> list[str]:
    return [f"{name}-{number}" for name in ("pot", "tin") for number in range(PAIRS)]


def test_the_report_is_of_the_version_that_serves(shop: Tailorbird) -> None:
    found = learning.recommender(shop.world)
    assert found is not None
    told = msgspec.json.encode(Report(NOW - 30 * DAY, NOW, 40, ()))
    for why in ("the earlier", "the later"):
        card = ModelCard("recommender", "recommender", 0, NOW, (0, NOW), (0, NOW), 40, (), {}, (),
                         serves=True, why=why)  # fmt: skip
        files = {**found[1].files(), report.FILE: told}
        shop.world.models.put(learning.RECOMMENDER, files, msgspec.json.encode(card))
    assert shop.recommendations.report().why == "the later"
    shop.roll_back(learning.RECOMMENDER, 2, reason="it sold more")
    worth = shop.recommendations.report()
    assert (worth.version, worth.why) == (2, "the earlier")


def test_the_commands_show_rules_products_and_exposure(
    shop: Tailorbird, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = ["--folder", str(shop.world.folder)]
    shop.close()
    rules = tmp_path / "calm.yaml"
    rules.write_text("name: calm\ncaps: {category: 1}\n", encoding="utf-8")
    assert run(["recommendations", "add", str(rules), "--reason", "try", *folder]) == 0
    assert run(["recommendations", "list", *folder]) == 0
    assert "at most 1 of one category" in capsys.readouterr().out
    assert run(["recommend", "p3", "--rules", "calm", "--json", *folder]) == 0
    told = json.loads(capsys.readouterr().out)
    assert len(told["products"]) == 2
    assert run(["recommendations", "exposure", "calm", *folder]) == 0
    assert "Gini" in capsys.readouterr().out
    rules.write_text("name: calm\ndiversity: -1\n", encoding="utf-8")
    assert run(["recommendations", "add", str(rules), *folder]) == 1
    assert "calm.yaml:2: 'diversity' is -1, but it must be" in capsys.readouterr().err
    assert run(["recommend", *folder]) == 2
    assert run(["recommendations", "remove", "calm", *folder]) == 0


def test_what_rules_name_and_the_catalogue_lacks_is_told_and_kept(
    shop: Tailorbird, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = tmp_path / "calm.yaml"
    rules.write_text(
        "name: calm\npairs: [{bought: {items: [pott-3]}, show: [tin-99, tin-1, xyz]}]\n"
        "exclude: {items: [pot-1], categories: [tinns]}\n"
        "exposure: [{by: category, shares: {potts: 0.5}}]\n"
    )
    shop.close()
    assert run(["recommendations", "add", str(rules), "-C", str(tmp_path / "data")]) == 0
    said = capsys.readouterr()
    assert said.out == "recommendations calm, version 1\n"
    assert said.err.splitlines() == [
        "note: the catalogue has no item 'pott-3' yet: did you mean 'pot-3'?",
        "note: the catalogue has no item 'tin-99' yet: did you mean 'tin-9'?",
        "note: the catalogue has no item 'xyz' yet: nothing there is called alike",
        "note: the catalogue has no category 'tinns' yet: did you mean 'tins'?",
        "note: the catalogue has no category 'potts' yet: did you mean 'pots'?",
    ]


def test_nothing_to_show_says_why_and_what_to_do(shop: Tailorbird) -> None:
    ada = shop.person("p3")
    assert "history." in shop.recommend(ada).made_of
    missing = shop.recommend(ada, category="pott")
    assert missing.products == ()
    assert missing.made_of.endswith("No product is of category 'pott': did you mean 'pots'?")
    shop.put("recommendations", "default", "name: default\nprice_minor: {at_least: 9000}")
    assert shop.recommend(ada).made_of.endswith(
        "The rules 'default' let none of 24 products pass: change them."
    )


def test_a_shop_without_a_catalogue_is_told_so(tmp_path: Path, clock: Clock) -> None:
    with Tailorbird.open(tmp_path / "data", clock=clock, environment={}) as tb:
        take_in(tb, buyer("ada", []))
        answer = tb.recommend("ada")
        assert answer.products == ()
        assert answer.made_of.startswith(
            "No recommender has been trained yet. The catalogue is empty: connect the shop"
        )
        take_in(tb, [product("pot-1", "pots")])
        assert "`tailorbird models train recommender`" in tb.recommend("ada").made_of


@pytest.mark.parametrize(
    ("new_products", "said"),
    [
        ("{places: 2}", "the last places of a list are for new products: 2"),
        ("false", "no new products"),
    ],
)
def test_places_for_new_products_are_told_in_words(
    shop: Tailorbird, new_products: str, said: str
) -> None:
    shop.put("recommendations", "default", f"name: default\nnew_products: {new_products}")
    assert said in shop.recommendations.rules()[0].says
