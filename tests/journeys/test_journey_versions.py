"""Two versions beside each other; who is in flight stays, or is moved where somebody says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tailorbird import as_code, journey_publishing, journeys
from tailorbird.app import Tailorbird
from tailorbird.cli.commands import app
from tailorbird.errors import ConflictError, UsageError
from tailorbird.journeys.versions import compare
from tailorbird.rehearsing import Rehearsal

Begin = Callable[..., Rehearsal]
HEAD = "name: cart\ntrigger: {event: add_to_cart}\nsteps:\n"
FIRST = HEAD + "  - wait: 1h\n  - {wait: 1d, id: rest}\n  - set: {stage: late}\n"


@pytest.fixture
def cart(journey: Begin, tmp_path: Path) -> Rehearsal:
    """Return a journey in which one person stands at its rest."""
    text = tmp_path / "cart.yaml"
    text.write_text(FIRST)
    begun = journey(str(text)).given()
    return begun.when("add_to_cart", product_id="mug").after("2h").expect_at("rest")


def changes(before: str, after: str) -> dict[str, tuple[str, str]]:
    found = compare(journeys.parse_journey(before, "a"), journeys.parse_journey(after, "b"))
    return {each.step: (each.how, each.to) for each in found}


def test_steps_stay_change_go_and_come() -> None:
    second = HEAD + "  - wait: 2h\n  - set: {stage: late}\n  - {exit: done, id: out}\n"
    assert changes(FIRST, second) == {
        "1": ("changed", "1"),
        "rest": ("removed", ""),
        "3": ("removed", "2"),  # no more a third step; the second does what it did
        "2": ("added", "2"),
        "out": ("added", "out"),
    }


def test_another_kind_of_step_under_the_same_name_is_another_step() -> None:
    before = HEAD + "  - wait: 1h\n  - set: {stage: late}\n"
    after = HEAD + "  - wait: 1h\n  - exit: done\n"
    assert changes(before, after) == {"1": ("same", "1"), "2": ("removed", "")}


def test_a_renamed_mail_is_known_by_its_template() -> None:
    mail = "  - {{send: {}, template: cart, subject: {}}}\n"
    found = changes(HEAD + mail.format("a", "One"), HEAD + mail.format("b", "Two"))
    assert found == {"a": ("removed", "b"), "b": ("added", "b")}


def test_who_is_in_flight_stays_on_her_version(cart: Rehearsal) -> None:
    second = FIRST.replace("{wait: 1d, id: rest}", "{wait: 5d, id: pause}")
    cart.tb.put("journey", "cart", second)
    cart.after("1d").expect_trait("stage", "late")


def test_a_removed_step_needs_to_be_mapped(cart: Rehearsal) -> None:
    world = cart.tb.world
    cart.tb.put("journey", "cart", FIRST.replace("{wait: 1d, id: rest}", "{wait: 3h, id: pause}"))
    (stand,) = journey_publishing.where(world, "cart").standing
    assert (stand.step, stand.people, stand.how, stand.to) == ("rest", 1, "removed", "")
    with pytest.raises(UsageError, match=r"1 people stand at steps .* --map rest=STEP"):
        journey_publishing.publish(world, "cart", {}, cart.now, move=True)
    told = journey_publishing.publish(world, "cart", {"rest": "pause"}, cart.now)
    assert told.moved == 1
    cart.expect_at("pause").after("3h").expect_trait("stage", "late")


def test_a_journey_with_people_in_it_is_removed_only_when_their_way_may_end(
    cart: Rehearsal,
) -> None:
    world = cart.tb.world
    with pytest.raises(
        ConflictError, match=r"1 people are in journey 'cart': 1 at rest; say --end"
    ):
        journey_publishing.remove(world, "cart", cart.now)
    cart.expect_at("rest")
    done = journey_publishing.remove(world, "cart", cart.now, end=True, reason="out of season")
    assert (done.version, done.ended) == (1, 1)
    (way,) = cart.enrolments()
    *_, last = world.enrolments.records(way.id)
    assert (way.ended, last.outcome, last.reason) == ("removed", "removed", "out of season")
    assert [each.removed for each in world.definitions.versions("journey", "cart")] == [True, False]
    with pytest.raises(UsageError, match="no journey 'cart'"):
        journey_publishing.remove(world, "cart", cart.now)
    cart.tb.put("journey", "cart", FIRST)
    assert world.enrolments.places() == {}


def test_files_remove_a_journey_only_when_the_ways_through_it_may_end(
    cart: Rehearsal,
) -> None:
    world, none = cart.tb.world, as_code.of_texts({})
    (change,) = as_code.draft(world, none, cart.now, prune=True).plan.ending
    assert (change.name, change.people) == ("cart", 1)
    how: dict[str, Any] = {"author": "ada", "reason": "out of season", "prune": True}
    with pytest.raises(ConflictError, match="journeys that would be removed: 1 in cart"):
        as_code.apply(world, none, cart.now, **how)
    kept = as_code.apply(world, none, cart.now, **how, end=True)
    assert kept is not None
    cart.after("1m")
    (way,) = cart.enrolments()
    *_, last = world.enrolments.records(way.id)
    assert (way.ended, last.reason) == ("removed", "out of season")


def test_the_commands_list_draw_check_keep_and_publish(tmp_path: Path) -> None:
    folder = str(tmp_path / "data")
    Tailorbird.open(folder, environment={}).close()
    file = tmp_path / "cart.yaml"
    file.write_text(FIRST.replace("name: cart\n", "name: cart\nmode: paused\n"))

    def run(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, ["journeys", *words])
        return result.exit_code, result.output

    code, said = run("check", str(file), "--folder", folder)
    assert (code, said) == (0, f"{file}: nothing is wrong\n")
    assert "journey cart, version 1" in run("put", str(file), "--folder", folder)[1]
    assert "1     wait 1h" in run("show", "cart", "--folder", folder)[1]
    assert "journey cart, version 2, is live" in run("publish", "cart", "--folder", folder)[1]
    assert "is paused" in run("pause", "cart", "--folder", folder)[1]
    rows = json.loads(run("list", "--folder", folder, "--json")[1])
    assert [(each["name"], each["mode"]) for each in rows] == [("cart", "paused")]
    file.write_text(FIRST + "  - jump: nobody\n")
    said = run("check", str(file), "--folder", folder)[1]
    assert "error nowhere: step 4: there is no step 'nobody'" in said
    assert "welcome" in run("recipes")[1]
    assert "it is paused" in run("add", "birthday", "--folder", folder)[1]
    assert (
        "version 3, is removed; its versions are kept"
        in run("remove", "cart", "--folder", folder)[1]
    )
    assert run("remove", "cart", "--folder", folder)[0] != 0
