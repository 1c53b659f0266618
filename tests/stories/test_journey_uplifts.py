"""Whom a journey and its mails move: from holdout and split to scores, branches and the arbiter.

Known by construction: two customers in three buy only if nobody writes to them, one in three only
if somebody does. What is learnt is held against that, and refused where the mail does nothing.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.clock import Clock
from tests.drawn import DRAWN
from tests.stories.test_uplifts import SENT_AT, TEMPLATE, bought, iso, joined, regular, tell

from tailorbird import authoring, flow, uplift_draws, uplifts
from tailorbird.app import Tailorbird
from tailorbird.cli import run
from tailorbird.enrolments import NEVER, Entry, Move
from tailorbird.errors import ConflictError, UsageError
from tailorbird.schema import DAY, HOUR, MINUTE, Instant, PersonId

PEOPLE = 900
MOVED = 0.35
"""By how much writing to a regular raises her chance to buy, and lowers the others'."""
CARE = """\
name: care
trigger: {event: visited}
holdout: 0.4
goal: {event: purchase, within: 7d}
steps:
  - split:
      with: {share: 3, steps: [{send: first, template: plain, subject: Hello}]}
      without: {share: 2}
  - wait: 1d
  - send: last
    template: plain
    subject: "Hello again"
"""
OPEN = """\
name: open
trigger: {event: looked}
steps:
  - send: first
    template: plain
    subject: Hello
"""


def visited(number: int, at: Instant, event: str = "visited") -> dict[str, Any]:
    return {
        "type": "track", "event": event, "userId": f"p{number}",
        "messageId": f"{event}-{at}-{number}", "timestamp": iso(at), "properties": {},
    }  # fmt: skip


def drawn_for(tb: Tailorbird, name: str) -> dict[PersonId, bool]:
    return {person: drawn.treated for person, drawn in uplift_draws.draws(tb.world, name)}


def answer(tb: Tailorbird, clock: Clock, name: str, chance: Callable[[int, bool], float]) -> None:
    """Have those who were drawn buy with the chance that their number and their arm give."""
    rng = np.random.default_rng(5)
    numbers = {tb.person(f"p{number}"): number for number in range(PEOPLE)}
    buys = [
        bought(numbers[person], clock.now + HOUR, f"{name}-{clock.now}")
        for person, treated in sorted(drawn_for(tb, name).items())
        if rng.random() < chance(numbers[person], treated)
    ]
    clock.now += 8 * DAY
    tell(tb, clock.now, buys)
    flow.keep_current(tb.world, clock.now)


def gains_or_loses(number: int, treated: bool) -> float:
    return 0.5 + (MOVED if regular(number) == treated else 0.0) - 0.2


def the_same(number: int, treated: bool) -> float:
    return 0.4


def come(tb: Tailorbird, clock: Clock, event: str = "visited") -> None:
    tell(tb, clock.now, [visited(number, clock.now, event) for number in range(PEOPLE)])
    flow.keep_current(tb.world, clock.now)


def founded(tb: Tailorbird, clock: Clock) -> None:
    """Have people who allow everything, one in three of them a regular, and the journeys."""
    clock.now = SENT_AT - DAY
    said = [joined(number) for number in range(PEOPLE)]
    said += [
        bought(number, SENT_AT - (10 + 9 * order) * DAY, f"b{order}")
        for number in range(PEOPLE)
        for order in range(5 if regular(number) else 1)
    ]
    said += [visited(0, clock.now - DAY, event) for event in ("visited", "looked")]
    tell(tb, clock.now, said)
    flow.keep_current(tb.world, clock.now)
    tb.put("template", "plain", TEMPLATE)
    tb.put("journey", "care", CARE)
    tb.put("journey", "open", OPEN)
    clock.now = SENT_AT


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a shop whose people came, were drawn, and bought as the draw has it."""
    folder, clock = tmp_path_factory.mktemp("journeys") / "shop", Clock(SENT_AT)
    with Tailorbird.open(folder, clock=clock, environment=DRAWN) as tb:
        founded(tb, clock)
        come(tb, clock)
        answer(tb, clock, "care/", gains_or_loses)
        uplifts.train(tb.world, "care/", clock.now)
    return folder


@pytest.fixture
def clock() -> Clock:
    clock = Clock(SENT_AT)
    clock.now = SENT_AT + 8 * DAY
    return clock


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "shop"))


@pytest.fixture
def shop(folder: Path, clock: Clock) -> Iterator[Tailorbird]:
    with Tailorbird.open(folder, clock=clock, environment=DRAWN) as tb:
        yield tb


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[tuple[Tailorbird, Clock]]:
    """Return a shop to whose journeys nobody has come."""
    clock = Clock(SENT_AT)
    with Tailorbird.open(tmp_path / "empty", clock=clock, environment=DRAWN) as tb:
        founded(tb, clock)
        yield tb, clock


def scores(tb: Tailorbird, model: str) -> dict[int, float]:
    rows = tb.world.facts.read("SELECT person, value FROM scores WHERE model = ?", (model,))
    return {row["person"]: row["value"] / 1e6 for row in rows.to_pylist()}


def means(tb: Tailorbird, model: str) -> tuple[float, float]:
    """Return the mean score of regulars, and of the others."""
    found = scores(tb, model)
    regulars = [found[tb.person(f"p{number}")] for number in range(0, PEOPLE, 3)]
    others = [found[tb.person(f"p{number}")] for number in range(1, PEOPLE, 3)]
    return float(np.mean(regulars)), float(np.mean(others))


def test_a_journeys_holdout_tells_who_gains_and_who_loses(shop: Tailorbird) -> None:
    found = uplifts.latest(shop.world, "care/")
    assert found is not None
    assert found.serves, found.why
    assert (found.model, found.outcome, found.window_days) == (
        "uplift_journey_care", "purchase", 7,
    )  # fmt: skip
    assert found.people == PEOPLE - PEOPLE // 20
    # Bounds are four standard errors wide.
    assert found.written_to == pytest.approx(0.6 * found.people, abs=60)
    assert found.average == pytest.approx(-MOVED / 3, abs=0.14)
    gain, loss = means(shop, "uplift_journey_care")
    assert gain == pytest.approx(MOVED, abs=0.22)
    assert loss == pytest.approx(-MOVED, abs=0.2)
    policies = {each.name: each.value for each in found.policies}
    assert policies["expected gain"] > max(policies["everybody"], policies["nobody"])


def test_a_mails_split_tells_whom_it_moves(empty: tuple[Tailorbird, Clock]) -> None:
    shop, clock = empty
    come(shop, clock)
    answer(shop, clock, "care/first", gains_or_loses)
    found = uplifts.train(shop.world, "care/first", clock.now)
    assert found.serves, found.why
    assert found.model == "uplift_journey_care--first"
    # Of those whom the journey let in, the arm with the mail has three in five.
    assert found.people == pytest.approx(0.6 * 0.95 * PEOPLE, abs=60)
    assert found.written_to == pytest.approx(0.6 * found.people, abs=55)
    gain, loss = means(shop, found.model)
    assert gain == pytest.approx(MOVED, abs=0.3)
    assert loss == pytest.approx(-MOVED, abs=0.25)


def test_a_journey_that_does_nothing_tells_nobody_apart(empty: tuple[Tailorbird, Clock]) -> None:
    shop, clock = empty
    come(shop, clock)
    answer(shop, clock, "care/", the_same)
    found = uplifts.train(shop.world, "care/", clock.now)
    assert found.people > 0
    assert not found.serves, found.why
    assert scores(shop, "uplift_journey_care") == {}


def test_without_chance_it_is_refused_and_says_how_to_have_it(shop: Tailorbird) -> None:
    now = shop.clock()
    with pytest.raises(ConflictError, match="holds nobody out") as told:
        uplifts.train(shop.world, "open/", now)
    assert "`holdout: 0.1`" in told.value.mend
    with pytest.raises(ConflictError, match="'first' is kept from it by chance") as told:
        uplifts.train(shop.world, "open/first", now)
    assert "split" in told.value.mend
    assert "`open/`" in told.value.mend
    # Both arms lead to the last mail: by the split nobody is kept from it.
    with pytest.raises(ConflictError, match="'last' is kept from it by chance"):
        uplifts.train(shop.world, "care/last", now)


def test_what_is_meant_is_named(shop: Tailorbird) -> None:
    now = shop.clock()
    for name, why in (
        ("care", "is a journey"), ("care/frist", "no mail 'frist'"), ("cart/", "no journey"),
        ("care/" + "a" * 60, "its scores would be called"),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=why):
            uplifts.train(shop.world, name, now)
        assert uplifts.latest(shop.world, name) is None


def test_scores_of_one_name_are_never_of_two_things(shop: Tailorbird) -> None:
    text = "name: journey_care\naudience: all\ntemplate: plain\nvariants: {a: {subject: A}}\n"
    shop.put("segment", "all", "name: all\nwhere: {trait: orders, at_least: 0}\n")
    shop.put("campaign", "journey_care", text)
    with pytest.raises(ConflictError, match="those of care/"):
        uplifts.train(shop.world, "journey_care", shop.clock())
    assert uplifts.latest(shop.world, "journey_care") is None


def test_in_shadow_nobody_was_written_to(empty: tuple[Tailorbird, Clock]) -> None:
    shop, clock = empty
    shop.put("journey", "care", CARE.replace("trigger", "mode: shadow\ntrigger"))
    come(shop, clock)
    assert len(shop.world.enrolments.draws("care", "")) == PEOPLE
    assert drawn_for(shop, "care/") == drawn_for(shop, "care/first") == {}


def test_a_later_holdout_counts_from_its_first_draw(empty: tuple[Tailorbird, Clock]) -> None:
    shop, clock = empty
    again = CARE.replace("trigger", "reentry: always\ntrigger")
    shop.put("journey", "care", again.replace("holdout: 0.4\n", ""))
    come(shop, clock)
    clock.now += 10 * DAY
    flow.keep_current(shop.world, clock.now)
    shop.put("journey", "care", again)
    come(shop, clock)
    second = clock.now
    clock.now += 8 * DAY
    trial = uplift_draws.find(shop.world, "care/")
    experiment = uplifts.read(shop.world, trial, clock.now)
    assert len(experiment.outcome) == PEOPLE - PEOPLE // 20
    assert set(experiment.probability) == {0.6}
    assert {drawn.at for _, drawn in uplift_draws.draws(shop.world, "care/")} == {second}


def test_each_counts_by_her_first_draw_with_the_shares_of_her_version(
    empty: tuple[Tailorbird, Clock],
) -> None:
    """Who comes again draws the same arm; by which shares somebody else was drawn nobody knows."""
    shop, clock = empty
    store, start = shop.world.enrolments, clock.now
    person, other = shop.person("p1"), shop.person("p2")
    for at, reasons in ((start, ("with 0.6", "with 0.5")), (start + DAY, ("with 0.6",))):
        drawn = zip((person, other), reasons, strict=False)
        for each, reason in drawn:
            entry = Entry(each, "", at, at, NEVER, NEVER, "1")
            (found,) = store.get(store.enter("care", 1, [entry], at))
            last = Move(found.id, found.moves, "", "drew", reason, NEVER, 0, NEVER, b"", "end")
            store.move([last], at)
    told = list(uplift_draws.draws(shop.world, "care/first"))
    assert [(each, drawn.at, drawn.probability) for each, drawn in told] == [
        (person, start, 0.6), (person, start + DAY, 0.6),
    ]  # fmt: skip
    tell(shop, start + 8 * DAY, [bought(1, start + 7 * DAY + HOUR, "late")])
    trial = uplift_draws.find(shop.world, "care/first")
    experiment = uplifts.read(shop.world, trial, start + 9 * DAY)
    assert (experiment.features["person"].to_pylist(), experiment.outcome.tolist()) == (
        [person],
        [0],
    )


def test_who_came_by_what_let_her_in_was_drawn_like_all_others(
    empty: tuple[Tailorbird, Clock],
) -> None:
    """A journey that welcomes: nobody was there before, and each came at an instant of her own."""
    shop, clock = empty
    numbers = [number for number in range(PEOPLE, PEOPLE + 60) if number % 20]
    for number in numbers:
        at = clock.now + (number - PEOPLE) * MINUTE
        joins = joined(number) | {"timestamp": iso(at)}
        tell(shop, at, [joins, visited(number, at)])
    clock.now += HOUR
    flow.keep_current(shop.world, clock.now)
    clock.now += 8 * DAY
    drawn = drawn_for(shop, "care/")
    assert drawn.keys() == {shop.person(f"p{number}") for number in numbers}
    experiment = uplifts.read(shop.world, uplift_draws.find(shop.world, "care/"), clock.now)
    assert experiment.features["person"].to_pylist() == sorted(drawn)
    assert experiment.treated.tolist() == [drawn[person] for person in sorted(drawn)]
    assert set(experiment.features["orders"].to_pylist()) == {0}


def test_branches_and_sends_of_journeys_read_the_scores(shop: Tailorbird, clock: Clock) -> None:
    shop.put("journey", "open", """\
name: open
trigger: {event: looked}
steps:
  - if: {is: {model: uplift_journey_care, at_least: 0.1}}
    then: [{send: first, template: plain, subject: Hello, uplift: uplift_journey_care}]
    else: [{exit: leave her alone}]
""")  # fmt: skip
    come(shop, clock, "looked")
    written = {
        each.person for each in shop.world.ledger.decisions(campaign="open/first", limit=PEOPLE)
    }
    regulars = {shop.person(f"p{number}") for number in range(PEOPLE) if regular(number)}
    assert len(written & regulars) > 0.9 * len(regulars)
    assert len(written - regulars) < 0.1 * PEOPLE
    shop.put("segment", "gain", "name: gain\nwhere: {model: uplift_journey_care, at_least: 0.1}\n")
    found = flow.count(shop.world, authoring.find_segment(shop.world, "gain"), clock.now)
    assert found == pytest.approx(len(regulars), abs=80)


def test_what_was_learnt_of_a_journey_outlives_a_rebuild(shop: Tailorbird) -> None:
    before = scores(shop, "uplift_journey_care")
    assert len(before) == PEOPLE
    shop.rebuild()
    assert scores(shop, "uplift_journey_care") == pytest.approx(before)


def test_the_command_tells_of_a_journey(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["uplift", "care/", "--show", "-C", str(folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["campaign"] == "care/"
    assert run(["uplift", "care/", "--show", "-C", str(folder)]) == 0
    assert "of them let in; outcome: purchase within 7 days" in capsys.readouterr().out
    assert run(["uplift", "open/", "-C", str(folder)]) == 1
    assert run(["uplift", "care", "-C", str(folder)]) == 2
