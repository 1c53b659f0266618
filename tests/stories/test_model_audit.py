"""Groups are audited, privacy is paid for before it is spent, and people reach the next model."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from tailorbird import auditing, freshening, learning, serving
from tailorbird.app import Tailorbird
from tailorbird.errors import ModelError, UsageError
from tailorbird.learning_texts import WantedModel
from tailorbird.model_data import Past, trainees
from tailorbird.model_targets import MEANINGS
from tailorbird.readings import people
from tailorbird.schema import DAY, HOUR, Body, Consent, PersonId, Purpose
from tailorbird.views import moment

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
    with pytest.raises(UsageError, match="no trait 'nosuch'"):
        auditing.fairness_of(tb.world, MODEL, "nosuch", tb.clock())


def test_a_private_version_is_kept_with_its_cost_and_does_not_serve(tb: Tailorbird) -> None:
    before = serving.version(tb.world, MODEL)
    card = auditing.learn_privately(tb.world, MODEL, tb.clock(), epsilon=2.0)
    assert card.version == before + 1
    assert card.parameters["epsilon"] == pytest.approx(2.0, rel=0.01)
    assert card.measures[0].naive_rule == "without privacy"
    assert "Epsilon 2.00" in card.why
    assert serving.version(tb.world, MODEL) == before


def test_a_private_version_serves_nobody_unless_it_is_clearly_better_than_chance(
    tb: Tailorbird,
) -> None:
    """With so much noise the sign of what was learnt is a draw."""
    cards = [auditing.learn_privately(tb.world, MODEL, tb.clock(), epsilon=0.01) for _ in range(4)]
    for card in cards:
        worth = card.measures[1]
        assert worth.naive_rule == "chance"
        assert worth.naive == 0.5
        assert card.serves == card.scores == (worth.low > 0)
        assert card.why.endswith("or wait for people.") != card.serves


def test_nobody_rolls_back_to_what_scores_nobody(tb: Tailorbird) -> None:
    first, _ = (tb.learn(["engagement"])[0] for _ in range(2))
    assert not first.scores
    with pytest.raises(UsageError, match="nobody could be scored by version 1 of 'engagement'"):
        tb.roll_back("engagement", first.version, reason="it was better", author="ada")


def allowing(folder: Path, epsilon: int) -> Tailorbird:
    """Open a folder whose models, and whose counts, may spend so much in a year."""
    settings = {"TAILORBIRD_PRIVACY__EPSILON_PER_YEAR": str(epsilon)}
    return Tailorbird.open(folder, environment=settings)


def test_a_private_version_serves_once_somebody_has_it_serve(folder: Path) -> None:
    """Noise cannot be seeded: of 40 at this epsilon all were clearly better than chance."""
    with allowing(folder, 200) as tb:
        drawn = (
            auditing.learn_privately(tb.world, MODEL, tb.clock(), epsilon=20.0) for _ in range(10)
        )
        card = next(each for each in drawn if each.scores)
        tb.roll_back(MODEL, card.version, reason="privacy first", author="ada")
        assert serving.version(tb.world, MODEL) == card.version
        assert learning.score(tb.world, tb.clock(), MODEL) > 50


@pytest.fixture
def thrifty(folder: Path) -> Iterator[Tailorbird]:
    """Return a folder with an epsilon of 3 in a year."""
    with allowing(folder, 3) as opened:
        yield opened


def test_a_spent_budget_refuses_before_anything_is_released(thrifty: Tailorbird) -> None:
    now, name = thrifty.clock(), MODEL
    auditing.pay(thrifty.world, name, 2.0, now, "a model")
    with pytest.raises(ModelError, match=r"does not allow epsilon 2: 1 of 3 is left in \d{4}"):
        auditing.learn_privately(thrifty.world, name, now, epsilon=2.0)
    assert thrifty.world.models.latest(name) == 1


@pytest.mark.parametrize("epsilon", [-5.0, 0.0, 1e-9, float("nan"), 100.0])
def test_nothing_is_paid_back_and_nothing_is_free(thrifty: Tailorbird, epsilon: float) -> None:
    with pytest.raises(ModelError, match="epsilon"):
        auditing.pay(thrifty.world, MODEL, epsilon, thrifty.clock(), "a model")
    assert auditing.left(thrifty.world, MODEL, thrifty.clock()) == 3


def test_people_are_counted_so_that_nobody_is_told_apart(thrifty: Tailorbird) -> None:
    world, now = thrifty.world, thrifty.clock()
    thrifty.put("segment", "buyers", "name: buyers\nwhere: {did: purchase}\n")
    truth = thrifty.segment_count("buyers")
    whole = auditing.count_privately(world, "buyers", now, epsilon=1.0)
    (counted,) = whole.groups
    assert counted.group == "buyers"
    assert abs(counted.people - truth) < 60  # 60 scales of the noise: once in e^60
    assert (whole.left, round(whole.within, 1)) == (2.0, 3.0)
    asked = auditing.count_privately(
        world, "buyers", now, epsilon=1.5, by="country", values=["GB", "XX"]
    )
    assert [each.group for each in asked.groups] == ["GB", "XX", auditing.OTHERS]
    assert abs(sum(each.people for each in asked.groups) - truth) < 120
    with pytest.raises(ModelError, match=r"'private counts' does not allow epsilon 1: 0\.5 of 3"):
        auditing.count_privately(world, "buyers", now, epsilon=1.0)
    spent = world.model_record.spends(auditing.COUNTS, moment(now).year)
    assert [each.what for each in spent] == ["buyers", "buyers by country"]


def test_a_private_count_of_nothing_that_is_known_costs_nothing(thrifty: Tailorbird) -> None:
    world, now = thrifty.world, thrifty.clock()
    with pytest.raises(UsageError, match="no segment 'nobody'"):
        auditing.count_privately(world, "nobody", now, epsilon=1.0)
    thrifty.put("segment", "buyers", "name: buyers\nwhere: {did: purchase}\n")
    with pytest.raises(UsageError, match="belong together"):
        auditing.count_privately(world, "buyers", now, epsilon=1.0, by="country")
    with pytest.raises(UsageError, match=r"no trait 'contry'.* did you mean 'country'"):
        auditing.count_privately(world, "buyers", now, epsilon=1.0, by="contry", values=["GB"])
    assert auditing.left(world, auditing.COUNTS, now) == 3


@pytest.mark.parametrize("target", sorted({*MEANINGS} - {"products"}))
def test_nobody_without_a_permit_is_learnt_from_for_any_target(tb: Tailorbird, target: str) -> None:
    name = target if target != "purchase" else "soon"
    names = {"unsubscribe": "unsubscribe_risk"}
    asked = WantedModel(names.get(name, name), target=target)  # type: ignore[arg-type]
    now = tb.clock()
    allowed = trainees(tb.world, now)
    person = Past(tb.world, asked, allowed).features(now)["person"][0].as_py()
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


def test_what_is_no_probability_is_told_between_its_own_ends_in_its_own_unit(
    tb: Tailorbird,
) -> None:
    tb.learn(["next_order", "send_hour"])
    rows = tb.world.facts.read("SELECT MIN(person) AS p FROM scores WHERE model = 'next_order'")
    told = freshening.Scores(tb.world).of(rows["p"][0].as_py(), tb.clock())
    assert told is not None
    found = {each.model: each for each in told}
    assert {name: each.unit for name, each in found.items()} == {
        MODEL: "share", "next_order": "instant", "send_hour": "hour"
    }  # fmt: skip
    page = people.report(tb.world, rows["p"][0].as_py(), tb.clock())
    assert page is not None
    assert {each.model: each.unit for each in page.scores} == {
        name: each.unit for name, each in found.items()
    }
    assert freshening.unit(tb.world, "uplift_of-no-author", 1) == "share"
    assert {each.model for each in told if each.kept} >= {"next_order", "send_hour"}, told
    assert all(each.low <= each.value <= each.high for each in told)
    assert found["send_hour"].high == found["send_hour"].value + 3
    assert found["next_order"].low > tb.clock() / 1_000_000 - 400 * 86_400


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
