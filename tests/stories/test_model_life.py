"""A model serves because it did not lose, alarms when the world moves, and can be taken back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, cast

import msgspec
import pyarrow as pa
import pytest

from tailorbird import drifting, flow, learning, learning_on, retraining, serving
from tailorbird.app import Tailorbird
from tailorbird.errors import UsageError
from tailorbird.model_cards import Measure, ModelCard
from tailorbird.model_data import Past
from tailorbird.model_record import Turn
from tailorbird.predict import train
from tailorbird.predict.drift import Drift, DriftReport
from tailorbird.predict.propensity import Floats
from tailorbird.readings import models
from tailorbird.schema import DAY, Body, Instant

MODEL = "repeat_purchase"
T = TypeVar("T")


def _turns(tb: Tailorbird, name: str = MODEL) -> list[Turn]:
    return tb.world.model_record.turns(name)


def _versions(tb: Tailorbird, name: str = MODEL) -> set[int]:
    rows = tb.world.facts.read("SELECT DISTINCT version FROM scores WHERE model = ?", (name,))
    return set(rows["version"].to_pylist())


def _aged(tb: Tailorbird, days: int) -> None:
    """Let time pass for the clock alone."""
    clock = tb.clock
    tb.clock = lambda: clock() + days * DAY


def test_what_was_trained_first_serves(tb: Tailorbird) -> None:
    (last,) = _turns(tb)
    assert (last.how, last.version) == ("first", 1)
    assert serving.version(tb.world, MODEL) == 1
    assert serving.version(tb.world, "unheard_of") == 0


def test_a_fresher_version_by_the_same_definition_takes_over(tb: Tailorbird) -> None:
    _aged(tb, 1)
    tb.learn([MODEL])
    last = _turns(tb)[0]
    assert (last.how, last.version, last.challenger) == ("promoted", 2, 1)
    assert "same definition" in last.reason
    assert _versions(tb) == {2}


def test_a_recommender_whose_second_stage_alone_changed_is_not_called_the_same(
    tb: Tailorbird,
) -> None:
    _aged(tb, 1)
    tb.put("model", "recommender", "name: recommender\nsecond_stage: auto\n")
    tb.learn(["recommender"])
    assert _turns(tb, "recommender")[0].reason.startswith("the definition was changed. ")
    _aged(tb, 1)
    tb.learn(["recommender"])
    assert _turns(tb, "recommender")[0].reason.startswith("the same definition, taught by newer")


def test_a_challenger_that_is_surely_worse_is_kept_and_does_not_serve(tb: Tailorbird) -> None:
    now = tb.clock()
    tb.clock = lambda: now
    asked = learning.wanted(tb.world, MODEL)
    past = Past(tb.world, asked, learning.trainees(tb.world, now))
    # A champion that nothing beats: it was taught by the very window that it is held to.
    champion = _taught(tb, past, *drifting.window(past, now), now - 60 * DAY, penalty=1)
    tb.put("model", MODEL, f"name: {MODEL}\nfeatures: [country]\nalgorithm: rule\n")
    tb.learn([MODEL])
    last = _turns(tb)[0]
    assert (last.how, last.version, last.challenger) == ("kept", champion, champion + 1)
    assert "clearly worse" in last.reason
    assert _versions(tb) == {champion}
    found = retraining._verdict(tb.world, MODEL, _measure(-0.2, -0.1), _card(tb), same=False)
    assert found[0] == "kept"
    assert "clearly worse" in found[1]


def _measure(low: float, high: float) -> Measure:
    return Measure("auc", 0.6, 0.7, "champion", low, high)


def _card(tb: Tailorbird) -> ModelCard:
    found = learning.card(tb.world, MODEL)
    assert found is not None
    return found


def test_rolling_back_is_recorded_with_author_and_reason_and_outlives_a_restart(
    tb: Tailorbird, folder: Path
) -> None:
    _aged(tb, 1)
    tb.learn([MODEL])
    kept = tb.roll_back(MODEL, 1, reason="it wrote to the wrong people", author="ada")
    assert (kept.how, kept.version, kept.challenger) == ("rolled back", 1, 2)
    assert _versions(tb) == {1}
    tb.close()
    with Tailorbird.open(folder, environment={}) as again:
        assert serving.version(again.world, MODEL) == 1
        last = _turns(again)[0]
        assert (last.author, last.reason) == ("ada", "it wrote to the wrong people")


def test_what_somebody_rolled_back_to_yields_only_to_a_sure_win(tb: Tailorbird) -> None:
    _aged(tb, 1)
    tb.learn([MODEL])
    tb.roll_back(MODEL, 1, reason="wrong people", author="ada")
    _aged(tb, 1)
    tb.learn([MODEL])
    last = _turns(tb)[0]
    assert (last.how, last.version, last.challenger) == ("kept", 1, 3)
    assert "ada rolled back" in last.reason
    assert _versions(tb) == {1}
    unsure, sure = _measure(-0.01, 0.02), _measure(0.01, 0.03)
    assert retraining._verdict(tb.world, MODEL, unsure, _card(tb), same=True)[0] == "kept"
    assert retraining._verdict(tb.world, MODEL, sure, _card(tb), same=True)[0] == "promoted"


@pytest.mark.parametrize(
    ("version", "reason", "words"),
    [(7, "why not", "no version 7"), (1, "why not", "serves already"), (0, "x", "no version 0")],
)
def test_a_roll_back_to_nothing_is_refused(
    tb: Tailorbird, version: int, reason: str, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        tb.roll_back(MODEL, version, reason=reason)


def test_a_roll_back_without_a_reason_is_refused(tb: Tailorbird) -> None:
    _aged(tb, 1)
    tb.learn([MODEL])
    with pytest.raises(UsageError, match="give a reason"):
        tb.roll_back(MODEL, 1, reason="  ")


def test_another_definition_is_held_to_the_champion_on_the_latest_window(tb: Tailorbird) -> None:
    tb.put("model", MODEL, f"name: {MODEL}\nfeatures: [orders, revenue_minor]\n")
    now = tb.clock()
    asked = learning.wanted(tb.world, MODEL)
    found = retraining.retrain(tb.world, asked, learning.trainees(tb.world, now), now)
    assert found.contest is not None
    assert found.contest.naive_rule == "champion"
    assert found.turn.how == "promoted"  # of both the naive rule serves: nothing tells them apart
    assert "not worse than the champion" in found.turn.reason


def test_a_schedule_trains_anew_and_a_tick_does_nothing_before(tb: Tailorbird) -> None:
    tb.put("model", MODEL, f"name: {MODEL}\nschedule: 7d\n")
    now = _card(tb).trained_at
    assert retraining.run_due(tb.world, now + 2 * DAY) == []
    assert tb.world.models.latest(MODEL) == 1
    assert drifting.looked(tb.world, MODEL) is not None
    assert retraining.run_due(tb.world, now + 8 * DAY) == [MODEL]
    assert tb.world.models.latest(MODEL) == 2
    assert retraining.run_due(tb.world, now + 8 * DAY + 1) == []


class Later:
    """Work that is done behind: its answer is there at the next asking."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}

    def __call__(self, name: str, work: Callable[[], T], *, lane: str = "") -> T | None:
        if self.asked(name):
            return cast("T", self.answers.pop(name))
        self.answers[name] = work()
        return None

    def asked(self, name: str) -> bool:
        return name in self.answers

    def let_in(self, offset: int) -> None:
        pass


def test_a_training_behind_is_told_as_soon_as_it_is_done(tb: Tailorbird) -> None:
    tb.put("model", MODEL, f"name: {MODEL}\nschedule: 7d\n")
    now, work = _card(tb).trained_at + 8 * DAY, Later()
    assert retraining.run_due(tb.world, now, work) == []
    assert tb.world.models.latest(MODEL) == 2
    assert retraining.run_due(tb.world, now + 1, work) == [MODEL]
    assert retraining.run_due(tb.world, now + 2, work) == []
    assert work.asked(f"drift:{MODEL}")
    assert retraining.run_due(tb.world, now + 3, work) == []
    assert work.answers == {}
    assert tb.world.models.latest(MODEL) == 2


def test_without_a_schedule_nothing_is_trained_by_itself(tb: Tailorbird) -> None:
    assert retraining.run_due(tb.world, tb.clock() + 400 * DAY) == []


def test_a_look_at_drift_is_kept_and_names_nobody(tb: Tailorbird) -> None:
    found = drifting.look(tb.world, MODEL, tb.clock())
    assert not found.report.alarm
    assert drifting.looked(tb.world, MODEL) == found
    files = serving.served(tb.world, MODEL)
    assert files is not None
    for name, content in files[1].items():
        assert b'"person"' not in content, name


def test_an_alarm_has_a_scheduled_model_trained_anew_before_its_time(tb: Tailorbird) -> None:
    tb.put("model", MODEL, f"name: {MODEL}\nschedule: 365d\n")
    now = tb.clock() + DAY
    report = DriftReport(500, (_alarm(),), "Drift: everything moved.")
    drifting.keep(tb.world, MODEL, drifting.Looked(now, 1, report))
    assert retraining.run_due(tb.world, now + 1) == [MODEL]
    assert retraining.run_due(tb.world, now + 2) == []


def _alarm() -> Drift:
    return Drift("score", "score", 1.0, 0.25, True, "scores lie otherwise")


def test_a_model_without_a_window_says_so(tb: Tailorbird) -> None:
    with pytest.raises(UsageError, match="keeps no window"):
        drifting.look(tb.world, "recommender", tb.clock())
    with pytest.raises(UsageError, match="no model 'chrun' was trained; did you mean 'churn'"):
        drifting.look(tb.world, "chrun", tb.clock())


def test_turns_are_plain_enough_to_be_shown(tb: Tailorbird) -> None:
    assert msgspec.json.decode(msgspec.json.encode(_turns(tb)))[0]["how"] == "first"


def _logistic_since(tb: Tailorbird, days: int, turned: bool) -> int:
    """Have a logistic model serve that was trained so long ago, perhaps of a world turned round."""
    now = tb.clock() - days * DAY
    asked = learning.wanted(tb.world, MODEL)
    past = Past(tb.world, asked, learning.trainees(tb.world, now))
    features, outcome = drifting.window(past, now)
    outcome = 1 - outcome if turned else outcome
    return _taught(tb, past, features, outcome, now, penalty=10)


def _taught(
    tb: Tailorbird, past: Past, features: pa.Table, outcome: Floats, at: Instant, *, penalty: float
) -> int:
    """Have a logistic model of these rows serve that says it was trained at this instant."""
    model = train.logistic(train.columns(features), features, outcome, penalty=penalty)
    card = msgspec.structs.replace(_card(tb), trained_at=at)
    files = model.files() | {learning.ASKED: msgspec.json.encode(past.asked)}
    kept = learning.keep(tb.world, MODEL, files, card)
    serving.turn(tb.world, MODEL, kept.version, "promoted", "for the test", at)
    return kept.version


def test_where_the_world_has_turned_learning_on_wins_and_serves(tb: Tailorbird) -> None:
    before = _logistic_since(tb, 30, turned=True)
    found = learning_on.learn_on(tb.world, MODEL, tb.clock())
    assert found.measure.high < 0
    assert found.version == before + 1 == serving.version(tb.world, MODEL)
    assert "predicting each first" in _turns(tb)[0].reason
    assert _versions(tb) == {found.version}


def test_learning_on_serves_only_where_it_surely_wins(tb: Tailorbird) -> None:
    before = _logistic_since(tb, 30, turned=False)
    found = learning_on.learn_on(tb.world, MODEL, tb.clock())
    assert found.learnt > 100
    assert (found.version > 0) == (found.measure.high < 0)
    assert serving.version(tb.world, MODEL) == (found.version or before)


def test_learning_on_asks_each_day_of_those_whose_day_it_is(tb: Tailorbird) -> None:
    now = tb.clock()
    asked = learning.wanted(tb.world, MODEL)
    past = Past(tb.world, asked, learning.trainees(tb.world, now))
    horizon = asked.horizon
    begins = now - 3 * DAY
    days = [*learning_on._days(past, begins, now)]
    assert len(days) == 3
    for day, (features, outcome) in enumerate(days, 1):
        everybody, happened = drifting.window(past, begins + day * DAY)
        whose = everybody["person"].to_numpy() % horizon == day % horizon
        assert features.equals(everybody.filter(whose))
        assert outcome.tolist() == happened[whose].tolist()
        assert 0 < len(outcome) < len(happened)


def test_who_rolled_back_is_not_overruled_by_learning_on(tb: Tailorbird) -> None:
    _logistic_since(tb, 30, turned=True)
    tb.roll_back(MODEL, 1, reason="as it was", author="ada")
    with pytest.raises(UsageError, match="somebody rolled back"):
        learning_on.learn_on(tb.world, MODEL, tb.clock())


def test_a_model_that_learns_on_is_looked_at_daily_and_serves_where_it_wins(
    tb: Tailorbird,
) -> None:
    before = _logistic_since(tb, 30, turned=True)
    now = tb.clock()
    assert learning_on.run_due(tb.world, now) == []  # nobody asked for it
    tb.put("model", MODEL, f"name: {MODEL}\nlearns_on: true\n")
    assert learning_on.run_due(tb.world, now) == [MODEL]
    assert learning_on.run_due(tb.world, now + 1) == []
    found = learning_on.looked(tb.world, MODEL)
    assert found is not None
    assert (found.version, serving.version(tb.world, MODEL)) == (before + 1, before + 1)
    assert found.learnt > 100
    assert "log loss" in found.why
    detail = models.detail(tb.world, MODEL, now)
    assert detail is not None
    assert detail.learnt_on is not None
    assert detail.learnt_on.version == found.version
    # No outcome is learnt twice: the next day begins where this one ended.
    card = learning.serving_card(tb.world, MODEL)
    assert card is not None
    assert card.learnt_until == now
    assert learning_on.run_due(tb.world, now + DAY) == [MODEL]
    again = learning_on.looked(tb.world, MODEL)
    assert again is not None
    assert again.learnt < found.learnt / 2


def test_a_scheduled_learning_on_that_cannot_be_says_why_and_keeps_what_serves(
    tb: Tailorbird,
) -> None:
    _logistic_since(tb, 30, turned=True)
    tb.roll_back(MODEL, 1, reason="as it was", author="ada")
    tb.put("model", MODEL, f"name: {MODEL}\nlearns_on: true\n")
    assert learning_on.run_due(tb.world, tb.clock() + DAY) == [MODEL]
    found = learning_on.looked(tb.world, MODEL)
    assert found is not None
    assert (found.learnt, found.version) == (0, 0)
    assert "somebody rolled back" in found.why
    assert serving.version(tb.world, MODEL) == 1


def test_a_burst_by_one_person_moves_nobody_elses_score(tb: Tailorbird) -> None:
    """Traits are read in bins, and a person has one row a window, whatever she does."""
    person = learning.trainees(tb.world, tb.clock())[0]
    now = tb.clock()
    tb.learn([MODEL])
    before = _scores(tb)
    iso = datetime.fromtimestamp((now - DAY) // 1_000_000, UTC).isoformat()
    batch = [
        {
            "type": "track", "event": "Order Completed", "messageId": f"burst-{number}",
            "timestamp": iso, "context": {"personId": person},
            "properties": {
                "order_id": f"burst-{number}", "total": 9e6, "currency": "GBP",
                "products": [{"product_id": "x", "price": 9e6, "quantity": 1}],
            },
        }
        for number in range(500)
    ]  # fmt: skip
    tb.world.log.append([Body("groups", now, msgspec.json.encode({"batch": batch}))])
    tb.ingest()
    rows = tb.world.facts.read("SELECT COUNT(*) AS n FROM facts WHERE person = ?", (person,))
    assert rows["n"][0].as_py() >= 500
    tb.learn([MODEL])
    after = _scores(tb)
    moved = [abs(after[each] - before[each]) for each in before if each != person]
    assert max(moved) < 0.1, max(moved)  # measured: .013


def _scores(tb: Tailorbird) -> dict[int, float]:
    rows = tb.world.facts.read("SELECT person, value FROM scores WHERE model = ?", (MODEL,))
    values = (value / 1_000_000 for value in rows["value"].to_pylist())
    return dict(zip(rows["person"].to_pylist(), values, strict=True))


def test_a_model_whose_files_were_changed_does_not_serve_is_told_and_can_be_trained_anew(
    tb: Tailorbird,
) -> None:
    (manifest,) = tb.world.folder.glob(f"models/{MODEL}/*.json")
    manifest.write_bytes(manifest.read_bytes().replace(b'"signature":"', b'"signature":"0'))
    world = tb.world
    assert serving.served(world, MODEL) is None
    (told,) = learning.troubles(world)
    assert "has not signed" in told
    assert "train the model again" in told
    assert flow.keep_current(world, tb.clock()).troubles == (told,)
    flow.rebuild(world, tb.clock())
    (card,) = tb.learn([MODEL])
    assert card.version == 2
    assert learning.troubles(world) == []
    assert _versions(tb) == {2}
