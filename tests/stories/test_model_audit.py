"""Groups are audited, privacy is paid for before it is spent, and people reach the next model."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from tailorbird import auditing, freshening, learning, serving
from tailorbird.app import Tailorbird
from tailorbird.errors import ModelError, UsageError
from tailorbird.learning_texts import WantedModel
from tailorbird.model_data import Past, trainees
from tailorbird.model_targets import MEANINGS
from tailorbird.schema import DAY, HOUR, Body, Consent, PersonId, Purpose

MODEL = "repeat_purchase"


def _withdraw(tb: Tailorbird, person: PersonId, purpose: Purpose) -> None:
    said = Consent(person, purpose, granted=False, at=tb.clock(), source="test")
    with tb.world.people.transaction():
        tb.world.people.add_consents([said])


def test_what_a_model_does_to_each_group_is_told(tb: Tailorbird) -> None:
    found = auditing.fairness_of(tb.world, MODEL, "country", tb.clock())
    assert sum(each.people for each in found.groups) > 50
    assert 0 <= found.selection_ratio <= 1
    assert found.why.startswith("Groups of country")
    with pytest.raises(UsageError, match="no yes or no"):
        auditing.fairness_of(tb.world, "recommender", "country", tb.clock())


def test_a_private_version_is_kept_with_its_cost_and_does_not_serve(tb: Tailorbird) -> None:
    before = serving.version(tb.world, MODEL)
    card = auditing.learn_privately(tb.world, MODEL, tb.clock(), epsilon=2.0)
    assert card.version == before + 1
    assert card.parameters["epsilon"] == pytest.approx(2.0, rel=0.01)
    assert card.measures[0].naive_rule == "without privacy"
    assert "Epsilon 2.00" in card.why
    assert serving.version(tb.world, MODEL) == before
    tb.roll_back(MODEL, card.version, reason="privacy first", author="ada")
    assert learning.score(tb.world, tb.clock(), MODEL) > 50


def test_a_spent_budget_refuses_before_anything_is_released(tb: Tailorbird) -> None:
    now, name = tb.clock(), MODEL
    auditing.pay(tb.world, name, 2.0, 3.0, now, "a model")
    with pytest.raises(ModelError, match=r"does not allow epsilon 2: 1 of 3 is left in \d{4}"):
        auditing.learn_privately(tb.world, name, now, epsilon=2.0, per_year=3.0)
    assert tb.world.models.latest(name) == 1


@pytest.mark.parametrize("target", sorted({*MEANINGS} - {"products"}))
def test_nobody_without_a_permit_is_learnt_from_for_any_target(tb: Tailorbird, target: str) -> None:
    name = target if target != "purchase" else "soon"
    names = {"unsubscribe": "unsubscribe_risk"}
    asked = WantedModel(names.get(name, name), target=target)  # type: ignore[arg-type]
    now = tb.clock()
    allowed = trainees(tb.world, now)
    person = allowed[0]
    _withdraw(tb, person, "training")
    after = trainees(tb.world, now)
    assert person not in after
    assert set(after) == set(allowed) - {person}
    past = Past(tb.world, asked, after)
    for back in (0, 40, 80):
        rows = past.features(now - back * DAY)
        assert person not in rows["person"].to_pylist()


def test_who_did_something_is_scored_anew_between_scorings(tb: Tailorbird) -> None:
    tb.put("model", MODEL, f"name: {MODEL}\nstreaming: true\n")
    learning.score(tb.world, tb.clock(), MODEL)
    person = int(
        tb.world.facts.read("SELECT MIN(person) AS p FROM scores WHERE model = ?", (MODEL,))
        .column("p")[0].as_py()
    )  # fmt: skip
    assert freshening.freshen(tb.world, tb.clock() + HOUR).people == 0
    said = freshening.Scores(tb.world)
    before = said.of(person, tb.clock())
    assert before is not None
    assert [each.kept for each in before] == [True]
    # A kept score's interval is what the model would say of it, though no trait is read for it.
    row = learning.scored(tb.world, MODEL, [person], before[0].at).to_pylist()[0]
    assert (before[0].low, before[0].high) == pytest.approx((row["low"], row["high"]), abs=1e-6)
    assert 0 <= before[0].low <= before[0].value <= before[0].high <= 1
    _buys(tb, person)
    now = tb.clock() + HOUR
    anew = said.of(person, now)
    assert anew is not None
    assert [each.kept for each in anew] == [False]
    assert before[0].low < before[0].high
    assert anew[0].low <= anew[0].value <= anew[0].high
    assert freshening.freshen(tb.world, now).people == 1
    kept = said.of(person, now)
    assert kept is not None
    assert freshening.freshen(tb.world, now + HOUR).people == 0
    rows = tb.world.facts.read(
        "SELECT value FROM scores WHERE model = ? AND person = ?", (MODEL, person)
    ).to_pylist()
    assert rows[0]["value"] / 1_000_000 == pytest.approx(anew[0].value, abs=1e-6)
    assert not np.isclose(anew[0].value, before[0].value, atol=1e-6)


def _buys(tb: Tailorbird, person: PersonId) -> None:
    at = tb.clock() // 1_000_000
    iso = datetime.fromtimestamp(at, UTC).isoformat()
    event = (
        f'{{"type": "track", "event": "Order Completed", "messageId": "buys-{person}",'
        f' "timestamp": "{iso}", "context": {{"personId": {person}}},'
        f' "properties": {{"order_id": "o-{person}", "total": 12.5, "currency": "GBP",'
        f' "products": [{{"product_id": "x", "price": 12.5, "quantity": 1}}]}}}}'
    )
    tb.world.log.append([Body("groups", tb.clock(), event.encode())])
    tb.ingest()


def test_of_nobody_and_of_who_does_not_agree_nothing_is_said(tb: Tailorbird) -> None:
    said = freshening.Scores(tb.world)
    assert said.of(10**9, tb.clock()) is None
    person = trainees(tb.world, tb.clock(), "personalisation")[0]
    _withdraw(tb, person, "personalisation")
    assert said.of(person, tb.clock()) == ()
