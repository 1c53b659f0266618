"""What an author may want of a model, and what is refused with its line and the mend."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from tailorbird import learning, learning_on
from tailorbird.app import Tailorbird
from tailorbird.cli.model_commands import card_lines, interval
from tailorbird.errors import DefinitionError, UsageError
from tailorbird.learning_texts import LIBRARY, WantedModel, parse_model
from tailorbird.model_targets import MEANINGS
from tailorbird.schema import DAY, Body, Instant, Names
from tailorbird.views.models import PersonScore

GARDEN = """\
name: garden
target:
  event: add_to_cart
  where: {category: garden}
  within: 20d
audience: {did: product_viewed}
features: [orders, recency_days, "count(product_viewed, 30d)"]
"""


def test_names_that_come_along_need_nothing_more() -> None:
    for name, target in LIBRARY.items():
        found = parse_model(f"name: {name}\n", f"models/{name}.yaml")
        assert found.foretells == target
        assert found.horizon == MEANINGS[target].horizon_days


def test_an_event_of_ones_own_can_be_foretold() -> None:
    found = parse_model(GARDEN, "models/garden.yaml")
    assert found.horizon == 20
    assert "since(add_to_cart)" in found.read()


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("name: mine\n", 1, "say what it predicts"),
        ("name: churn\ntarget: value\n", 2, "give it another name"),
        ("name: mine\ntarget: products\n", 2, "one recommender"),
        ("name: mine\ntarget: purchases\n", 2, "did you mean 'purchase'?"),
        ("name: churn\nhorizon_days: 0\n", 2, "write a whole number from 1 to 730"),
        ("name: churn\nlearns_on: maybe\n", 2, "write true or false"),
        ("name: mine\ntarget: {event: x, within: 12h}\n", 2, "whole days"),
        ("name: mine\ntarget: {event: x, within: 9000d}\n", 2, "whole days"),
        ("name: mine\ntarget: {event: x}\nhorizon_days: 3\n", 3, "`within`"),
        ("name: mine\ntarget: {event: product_updated}\n", 2, "nobody's deed"),
        ("name: mine\ntarget: {event: x, after: 2099-01-01}\n", 2, "unknown field 'after'"),
        ("name: mine\ntarget: {event: x, within: -9d}\n", 2, "whole days"),
        ("name: mine\ntarget:\n  event: x\n  where: {a: {nope: 1}}\n", 4, "unknown key"),
        ("name: churn\nfeatures:\n- orders\n- purchase_score\n", 4, "nobody knew"),
        ("name: churn\nfeatures:\n- orders\n- last_order_at\n", 4, "is an instant"),
        ("name: churn\nfeatures:\n- count(orders)\n", 3, "with parameters: count"),
        ("name: churn\nfeatures: []\n", 2, "name 1 to 40"),
        ("name: recommender\nfeatures: [orders]\n", 2, "leave the features out"),
        ("name: recommender\naudience: gold\n", 2, "leave it out"),
        ("name: recommender\nalgorithm: lightgbm\n", 2, "known: als, auto, cosine, fused, ridge"),
        ("name: churn\nalgorithm: magic\n", 2, "known: auto"),
        ("name: churn\nalgorithm: als\n", 2, "known: auto, bg_nbd"),
        ("name: churn\nfair: {by: orders}\n", 2, "makes no groups"),
        ("name: churn\nfair:\n  by: contry\n  most: 2\n", 4, "unknown field 'most'"),
        ("name: churn\nfair:\n  by: country\nfeatures: [country]\n", 3, "would read 'country'"),
        ("name: churn\nfair: {by: country}\nalgorithm: bg_nbd\n", 3, "counts all people alike"),
        ("name: value\nlearns_on: true\n", 2, "no yes or no"),
        ("name: churn\nalgorithm: lightgbm\nlearns_on: true\n", 3, "no weights"),
        ("name: churn\nfair: {by: country}\nlearns_on: true\n", 3, "would undo"),
        ("name: value\nfair: {by: country}\n", 2, "is no probability"),
        ("name: churn\nschedule: sometimes\n", 2, "such as 30d"),
        ("name: churn\naudience: {model: value, at_least: 3}\n", 2, "nothing of the past"),
        ("name: churn\naudience: {all: [{segmnt: x}]}\n", 2, "no condition starts with"),
        ("name: churn\ntrains: no\n", 2, "unknown field"),
        ("name: a b\ntarget: churn\n", 1, "cannot be a name"),
    ],
)
def test_what_no_model_can_be_is_refused_with_its_line(text: str, line: int, words: str) -> None:
    with pytest.raises(DefinitionError) as refused:
        parse_model(text, "models/mine.yaml")
    assert str(refused.value).startswith(f"models/mine.yaml:{line}: "), str(refused.value)
    assert words in str(refused.value)


def test_a_model_of_an_unknown_segment_is_refused(tb: Tailorbird) -> None:
    with pytest.raises(DefinitionError, match="no segment 'nobody'"):
        tb.put("model", "churn", "name: churn\naudience: nobody\n")
    with pytest.raises(UsageError, match="no model 'chrun'; did you mean 'churn'"):
        tb.learn(["chrun"])


def test_an_interval_that_nobody_can_tell_now_is_not_told_as_certainty() -> None:
    """So it is of a value by LightGBM where that is not installed."""
    said = PersonScore(
        "value", 1, 500.0, datetime(2026, 1, 1, tzinfo=UTC), True, "", 500.0, 500.0, "money"
    )
    assert interval(said, "EUR") == "not known now"
    assert interval(msgspec.structs.replace(said, low=0.0), "EUR") == "0.00 EUR to 5.00 EUR"


def test_groups_by_a_trait_that_nobody_ever_said_are_refused(tb: Tailorbird) -> None:
    """Else a model would be called fair that evens nothing out."""
    with pytest.raises(DefinitionError, match=r"nobody has ever said 'contry'; did you mean"):
        tb.put("model", "even", "name: even\ntarget: purchase\nfair: {by: contry}\n")
    tb.put("model", "even", "name: even\ntarget: purchase\nfair: {by: country}\n")


def test_any_number_of_models_is_trained_and_scores(tb: Tailorbird) -> None:
    tb.put("model", "garden", GARDEN)
    tb.put("model", "soon", "name: soon\ntarget: purchase\nhorizon_days: 14\n")
    cards = {card.name: card for card in tb.learn(["garden", "soon", "churn"])}
    assert set(cards) == {"garden", "soon", "churn"}
    rows = tb.world.facts.read("SELECT model, COUNT(*) AS n FROM scores GROUP BY model").to_pylist()
    scored = {row["model"]: row["n"] for row in rows}
    assert scored.keys() >= {"garden", "soon", "churn"}
    viewed = "SELECT COUNT(DISTINCT person) AS n FROM facts WHERE event = ?"
    viewers = tb.world.facts.read(viewed, (Names.PRODUCT_VIEWED,)).to_pylist()[0]["n"]
    assert 0 < scored["garden"] <= viewers
    tb.put("segment", "likely", "name: likely\nwhere: {model: soon, at_least: 0.0}\n")
    assert len(tb.segment_people("likely")) == scored["soon"]


@pytest.fixture
def followers(tmp_path: Path) -> Iterator[Tailorbird]:
    """Return a shop where everybody buys, 31 days after a first item, the one that follows it."""
    rng, now = np.random.default_rng(1), 20_000 * DAY
    agreed = {"training": True, "personalisation": True}
    said: list[dict[str, Any]] = []
    for person in range(600):
        pair, age = int(rng.integers(0, 20)), float(rng.uniform(1, 180))
        said.append(
            {
                "type": "identify", "userId": f"p{person}", "messageId": f"i{person}",
                "timestamp": _iso(now - 200 * DAY),
                "context": {"consent": {"categoryPreferences": agreed}},
            }
        )  # fmt: skip
        for item, days in ((f"first-{pair:02}", age), (f"then-{pair:02}", age - 31)):
            if days > 0:
                said.append(
                    {
                        "type": "track", "event": "Order Completed", "userId": f"p{person}",
                        "messageId": f"{item}-{person}", "timestamp": _iso(now - int(days * DAY)),
                        "properties": {
                            "order_id": f"{item}-{person}",
                            "products": [{"product_id": item, "price": 5, "quantity": 1}],
                        },
                    }
                )  # fmt: skip
    with Tailorbird.open(tmp_path / "followers", clock=lambda: now, environment={}) as opened:
        body = Body("server:shop", now, msgspec.json.encode({"batch": said}))
        opened.world.log.append([body])
        opened.ingest()
        yield opened


def _iso(at: Instant) -> str:
    return datetime.fromtimestamp(at / 1_000_000, UTC).isoformat()


def test_a_kind_of_recommender_is_forced(followers: Tailorbird) -> None:
    (ours,) = followers.learn(["recommender"])
    assert (ours.serves, ours.parameters["neighbours"]) == (True, "ridge"), ours.why
    followers.put("model", "recommender", "name: recommender\nalgorithm: cosine\n")
    (card,) = followers.learn(["recommender"])
    assert (card.serves, card.parameters["neighbours"]) == (True, "cosine"), card.why


def test_a_forced_kind_of_recommender_still_has_to_win(tb: Tailorbird) -> None:
    tb.put("model", "recommender", "name: recommender\nalgorithm: cosine\n")
    (card,) = tb.learn(["recommender"])
    assert (card.serves, card.parameters["neighbours"]) == (False, "none"), card.why


def test_what_was_trained_before_is_trained_again_with_the_rest(tb: Tailorbird) -> None:
    assert learning.standing(tb.world) == ["recommender", "repeat_purchase"]
    tb.put("model", "garden", GARDEN)
    tb.learn(["first_purchase"])
    named = {"recommender", "repeat_purchase", "garden", "first_purchase"}
    assert set(learning.standing(tb.world)) == named


def test_the_wanted_model_is_kept_with_the_trained_one(tb: Tailorbird) -> None:
    tb.put("model", "garden", GARDEN)
    tb.learn(["garden"])
    before = tb.world.facts.read("SELECT person, value FROM scores WHERE model = 'garden'")
    assert before.num_rows
    changed = GARDEN.replace("[orders, recency_days, ", "[returns, ")
    tb.put("model", "garden", changed)
    learning.score(tb.world, tb.clock(), "garden")
    after = tb.world.facts.read("SELECT person, value FROM scores WHERE model = 'garden'")
    assert sorted(after.to_pylist(), key=str) == sorted(before.to_pylist(), key=str)


def test_a_definition_without_a_target_still_means_what_it_meant() -> None:
    assert WantedModel("repeat_purchase").read()[:2] == ("orders", "orders_365d")


def test_a_fair_model_is_taught_by_the_groups_and_scores_everybody(tb: Tailorbird) -> None:
    name = "buys-soon"
    tb.put(
        "model", name, f"name: {name}\ntarget: purchase\nhorizon_days: 90\nfair: {{by: country}}\n"
    )
    (card,) = tb.learn([name])
    assert card.evened is not None, card.why
    assert card.evened.trait == "country"
    assert "country" not in card.features
    assert card.evened.why in "".join(card_lines(card))
    assert learning.score(tb.world, tb.clock(), name) > 50
    with pytest.raises(UsageError, match="fair by weighing rows"):
        learning_on.learn_on(tb.world, name, tb.clock() + DAY)
