"""Whom a campaign's mail moves: from its own holdout to scores, segments and the arbiter."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from tests.clock import Clock
from tests.drawn import DRAWN

from tailorbird import authoring, flow, granting, profiles, uplift_draws, uplifts
from tailorbird.app import Tailorbird
from tailorbird.cli import run
from tailorbird.errors import UsageError
from tailorbird.readings import models
from tailorbird.schema import DAY, HOUR, Body, Decision, Instant

SENT_AT = 20_500 * DAY
PEOPLE = 700
TEMPLATE = '<mjml><mj-body><mj-section><mj-column><mj-text>Hello \
<a href="{{ unsubscribe_url }}">leave</a></mj-text></mj-column></mj-section></mj-body></mjml>'
CAMPAIGN = """\
name: {name}
audience: everybody
template: plain
variants: {{short: {{subject: "Hello"}}, long: {{subject: "Hello, it is us"}}}}
holdout: {holdout}
recommendations: 0
attribution_days: 7
{more}
"""


def iso(at: Instant) -> str:
    return datetime.fromtimestamp(at / 1_000_000, UTC).isoformat()


def joined(number: int) -> dict[str, Any]:
    agreed = {"email_marketing": True, "personalisation": True, "training": number % 20 > 0}
    return {
        "type": "identify", "userId": f"p{number}", "messageId": f"i{number}",
        "timestamp": iso(SENT_AT - 400 * DAY),
        "traits": {"email": f"p{number}@mail.example"},
        "context": {"consent": {"categoryPreferences": agreed}},
    }  # fmt: skip


def bought(number: int, at: Instant, order: str) -> dict[str, Any]:
    return {
        "type": "track", "event": "Order Completed", "userId": f"p{number}",
        "messageId": f"{order}-{number}", "timestamp": iso(at),
        "properties": {"order_id": f"{order}-{number}", "total": 20},
    }  # fmt: skip


def tell(tb: Tailorbird, at: Instant, said: list[dict[str, Any]]) -> None:
    tb.world.log.append([Body("server:shop", at, msgspec.json.encode({"batch": said}))])
    tb.ingest()


def regular(number: int) -> bool:
    """Return whether somebody has bought often before: the mail moves those, and nobody else."""
    return number % 3 == 0


def put(tb: Tailorbird, name: str, *, holdout: float = 0.4, more: str = "") -> None:
    tb.put("campaign", name, CAMPAIGN.format(name=name, holdout=holdout, more=more))


def answered(tb: Tailorbird, name: str, clock: Clock) -> None:
    """Have the campaign decided, and people buy as its mail moves them; then the week is over."""
    clock.now = SENT_AT
    tb.decide(name)
    rng = np.random.default_rng(11)
    numbers = {tb.person(f"p{number}"): number for number in range(PEOPLE)}
    buys = []
    for each in tb.world.ledger.decisions(campaign=name, limit=PEOPLE + 1):
        number = numbers[each.person]
        moved = 0.6 if regular(number) and each.verdict == "send" else 0.15
        if rng.random() < moved:
            buys.append(bought(number, SENT_AT + DAY, f"after-{name}"))
    clock.now = SENT_AT + 8 * DAY
    tell(tb, clock.now, buys)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a shop of which a campaign was sent, answered, and learnt from."""
    folder, clock = tmp_path_factory.mktemp("uplift") / "shop", Clock(SENT_AT)
    with Tailorbird.open(folder, clock=clock, environment=DRAWN) as tb:
        said = [joined(number) for number in range(PEOPLE)]
        said += [
            bought(number, SENT_AT - (10 + 9 * order) * DAY, f"b{order}")
            for number in range(PEOPLE)
            for order in range(5 if regular(number) else 1)
        ]
        tell(tb, SENT_AT - DAY, said)
        tb.put("segment", "everybody", "name: everybody\nwhere: {trait: orders, at_least: 0}\n")
        tb.put("template", "plain", TEMPLATE)
        put(tb, "recall")
        tb.refresh()
        answered(tb, "recall", clock)
        uplifts.train(tb.world, "recall", clock.now)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """Return a copy of the shop's folder."""
    return Path(shutil.copytree(made, tmp_path / "shop"))


@pytest.fixture
def clock() -> Clock:
    """Return a clock at the end of the campaign's window."""
    clock = Clock(SENT_AT)
    clock.now = SENT_AT + 8 * DAY
    return clock


@pytest.fixture
def shop(folder: Path, clock: Clock) -> Iterator[Tailorbird]:
    with Tailorbird.open(folder, clock=clock, environment=DRAWN) as tb:
        yield tb


def scores(tb: Tailorbird) -> dict[int, float]:
    rows = tb.world.facts.read("SELECT person, value FROM scores WHERE model = 'uplift_recall'")
    return {row["person"]: row["value"] / 1e6 for row in rows.to_pylist()}


def test_a_campaigns_own_holdout_tells_whom_its_mail_moves(shop: Tailorbird) -> None:
    found = uplifts.latest(shop.world, "recall")
    assert found is not None
    assert found.serves, found.why
    assert found.people == PEOPLE - PEOPLE // 20
    # Bounds are four standard errors wide.
    assert found.average_low < found.average < found.average_high
    assert found.average == pytest.approx(0.45 / 3, abs=0.13)
    given = scores(shop)
    assert len(given) == found.scored == PEOPLE
    regulars = [given[shop.person(f"p{number}")] for number in range(0, PEOPLE, 3)]
    others = [given[shop.person(f"p{number}")] for number in range(1, PEOPLE, 3)]
    assert np.mean(regulars) == pytest.approx(0.42, abs=0.25)
    assert np.mean(others) == pytest.approx(0.0, abs=0.15)


def test_expected_gain_is_a_trait_of_segments_and_cards(shop: Tailorbird) -> None:
    text = "name: worth-it\nwhere: {model: uplift_recall, at_least: 0.15}\n"
    shop.put("segment", "worth-it", text)
    found = flow.count(shop.world, authoring.find_segment(shop.world, "worth-it"), shop.clock())
    assert found == pytest.approx(len(range(0, PEOPLE, 3)), abs=80)
    card = next(each for each in shop.model_cards() if each.name == "uplift_recall")
    assert (card.kind, card.serves) == ("uplift", True)
    assert {each.naive_rule for each in card.measures} == {"random order"}
    assert {each.name: each.target for each in models.rows(shop.world)}[card.name] == "uplift"


def test_where_priorities_are_equal_the_mail_that_gains_more_wins(shop: Tailorbird) -> None:
    limit = "cap: {messages: 1, days: 1}"
    put(shop, "aardvark", holdout=0, more=limit)
    put(shop, "zebra", holdout=0, more=f"{limit}\nuplift: uplift_recall")
    given = scores(shop)
    decided = shop.world.ledger.decisions(campaign="recall", limit=PEOPLE)
    free = [each.person for each in decided if each.verdict == "holdout"]
    gains = max(free, key=lambda person: given[person])
    loses = min(free, key=lambda person: given[person])
    asked = [
        granting.Proposal(name, 1, "1", person)
        for name in ("aardvark", "zebra")
        for person in (gains, loses)
    ]
    answers = granting.Granting(shop.world, shop.clock() + HOUR).judge(asked)
    won = {
        (each.campaign, each.person)
        for each in answers.values()
        if isinstance(each, Decision) and each.verdict == "send"
    }
    by_name = "zebra" if given[loses] > 0 else "aardvark"
    assert given[gains] > 0.15
    assert won == {("zebra", gains), (by_name, loses)}


def test_what_was_learnt_outlives_a_rebuild(shop: Tailorbird) -> None:
    before = scores(shop)
    assert len(before) == PEOPLE
    shop.rebuild()
    assert scores(shop) == pytest.approx(before)


def test_without_a_holdout_nobody_is_told_apart(shop: Tailorbird, clock: Clock) -> None:
    put(shop, "all", holdout=0)
    answered(shop, "all", clock)
    found = uplifts.train(shop.world, "all", clock.now)
    assert not found.serves
    assert "could have been held out" in found.why
    assert found.scored == 0


def test_a_later_holdout_teaches_by_its_own_draws(shop: Tailorbird, clock: Clock) -> None:
    clock.now = SENT_AT + 9 * DAY
    put(shop, "twice", holdout=0)
    shop.decide("twice")
    clock.now += DAY
    put(shop, "twice")
    shop.decide("twice", occurrence="2")
    clock.now += 8 * DAY
    experiment = uplifts.read(shop.world, uplift_draws.find(shop.world, "twice"), clock.now)
    assert len(experiment.outcome) == PEOPLE - PEOPLE // 20
    assert set(experiment.probability) == {0.6}
    assert 0 < experiment.treated.sum() < len(experiment.treated)


def test_of_an_open_window_and_of_nobody_nothing_is_learnt(shop: Tailorbird, clock: Clock) -> None:
    early = uplifts.train(shop.world, "recall", SENT_AT + 2 * DAY)
    assert "Nobody was in the experiment" in early.why
    with pytest.raises(UsageError, match="no campaign"):
        uplifts.train(shop.world, "never-written", clock.now)


def test_a_card_that_no_longer_serves_takes_its_scores_along(
    shop: Tailorbird, clock: Clock
) -> None:
    before = len(scores(shop))
    uplifts.train(shop.world, "recall", SENT_AT + 2 * DAY)
    assert (before, len(scores(shop))) == (PEOPLE, 0)
    uplifts.train(shop.world, "recall", clock.now)
    assert len(scores(shop)) == PEOPLE


def test_the_command_says_what_was_found(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["uplift", "recall", "--show", "-C", str(folder), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["serves"]
    assert run(["uplift", "recall", "--show", "-C", str(folder)]) == 0
    assert "rule of one trait" in capsys.readouterr().out
    assert run(["uplift", "nothing-sent", "--show", "-C", str(folder)]) == 2


def test_the_list_of_models_says_that_nobody_is_scored_where_no_rule_would(
    folder: Path, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["models", "list", "-C", str(folder)]) == 0
    assert "the model" in line_of("uplift_recall", capsys.readouterr().out)
    with Tailorbird.open(folder, clock=clock, environment=DRAWN) as tb:
        uplifts.train(tb.world, "recall", SENT_AT + 2 * DAY)
        (row,) = (each for each in models.rows(tb.world) if each.name == "uplift_recall")
    assert row.card
    assert not row.card.scores
    assert run(["models", "list", "-C", str(folder)]) == 0
    assert "nobody is scored" in line_of("uplift_recall", capsys.readouterr().out)
    assert run(["models", "show", "uplift_recall", "-C", str(folder)]) == 0
    assert "nobody is scored" in capsys.readouterr().out


def line_of(name: str, text: str) -> str:
    """Return the line of a table that is of this name."""
    (found,) = (line for line in text.splitlines() if line.startswith(name))
    return found


def test_traits_are_those_before_the_decision(shop: Tailorbird) -> None:
    """The order that the mail caused is no trait of whom it moved."""
    trial = uplift_draws.find(shop.world, "recall")
    experiment = uplifts.read(shop.world, trial, SENT_AT + 8 * DAY)
    people = experiment.features["person"].to_pylist()
    before = profiles.table(shop.world.facts, ["orders"], as_of=SENT_AT, people=people)
    assert experiment.features["orders"].to_pylist() == before["orders"].to_pylist()
    assert set(before["orders"].to_pylist()) == {1, 5}
