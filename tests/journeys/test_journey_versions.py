"""Two versions beside each other; who is in flight stays, or is moved where somebody says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tailorbird import journey_publishing, journeys
from tailorbird.app import Tailorbird
from tailorbird.cli.commands import app
from tailorbird.errors import UsageError
from tailorbird.journeys.versions import compare
from tailorbird.rehearsing import Rehearsal

Begin = Callable[..., Rehearsal]
HEAD = "name: cart\ntrigger: {event: add_to_cart}\nsteps:\n"
FIRST = HEAD + "  - wait: 1h\n  - {wait: 1d, id: rest}\n  - set: {stage: late}\n"


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


def test_who_is_in_flight_stays_on_her_version(journey: Begin, tmp_path: Path) -> None:
    text = tmp_path / "cart.yaml"
    text.write_text(FIRST)
    cart = journey(str(text)).given()
    cart.when("add_to_cart", product_id="mug").after("2h").expect_at("rest")
    second = FIRST.replace("{wait: 1d, id: rest}", "{wait: 5d, id: pause}")
    cart.tb.put("journey", "cart", second)
    cart.after("1d").expect_trait("stage", "late")


def test_a_removed_step_needs_to_be_mapped(journey: Begin, tmp_path: Path) -> None:
    text = tmp_path / "cart.yaml"
    text.write_text(FIRST)
    cart = journey(str(text)).given()
    cart.when("add_to_cart", product_id="mug").after("2h").expect_at("rest")
    world = cart.tb.world
    cart.tb.put("journey", "cart", FIRST.replace("{wait: 1d, id: rest}", "{wait: 3h, id: pause}"))
    (stand,) = journey_publishing.where(world, "cart").standing
    assert (stand.step, stand.people, stand.how, stand.to) == ("rest", 1, "removed", "")
    with pytest.raises(UsageError, match=r"1 people stand at steps .* --map rest=STEP"):
        journey_publishing.publish(world, "cart", {}, cart.now, move=True)
    told = journey_publishing.publish(world, "cart", {"rest": "pause"}, cart.now)
    assert told.moved == 1
    cart.expect_at("pause").after("3h").expect_trait("stage", "late")


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
