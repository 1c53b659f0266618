"""Each recipe passes the validator and the lint, and does what its description says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tailorbird import authoring, content, journey_checks, journey_recipes, journeys
from tailorbird.app import Tailorbird
from tailorbird.content.lint import lint_file
from tailorbird.errors import ConflictError, UsageError
from tailorbird.journeys.library import library
from tailorbird.rehearsing import Rehearsal

Begin = Callable[..., Rehearsal]
NOW = 1_772_625_600_000_000


@pytest.mark.parametrize("template", sorted(content.recipes()))
def test_the_lint_finds_nothing_in_a_recipes_templates(template: str) -> None:
    text = content.recipes()[template]
    assert lint_file(f"{template}.mjml", text, content.library()) == []


def test_the_validator_finds_nothing_in_any_recipe(tmp_path: Path) -> None:
    with Tailorbird.open(tmp_path, clock=lambda: NOW, environment={}) as tb:
        tb.install_library()
        for name, text in content.recipes().items():
            tb.put("template", name, text)
        standing = authoring.standing_segments(tb.world)
        for name, text in library().items():
            written = journeys.read_journey(text, f"journeys/{name}.yaml")
            assert journey_checks.look(tb.world, written, standing, NOW) == []


def test_a_recipe_is_added_paused_with_all_that_it_needs(tmp_path: Path) -> None:
    with Tailorbird.open(tmp_path, clock=lambda: NOW, environment={}) as tb:
        kept = journey_recipes.add(tb.world, "sunset", now=NOW)
        assert {("segment", "unengaged"), ("template", "sunset"), ("journey", "sunset")} <= {
            (each.kind, each.name) for each in kept
        }
        assert authoring.find_journey(tb.world, "sunset")[0].mode == "paused"
        with pytest.raises(ConflictError, match="there is a journey 'sunset' already"):
            journey_recipes.add(tb.world, "sunset", now=NOW)
        with pytest.raises(UsageError, match="did you mean 'welcome'"):
            journey_recipes.add(tb.world, "wellcome", now=NOW)


def test_what_is_left_in_a_cart_is_shown_an_hour_and_a_day_later(journey: Begin) -> None:
    cart = journey("abandoned-cart").given(first_name="Ada")
    cart.when("add_to_cart", product_id="mug").after("59m").expect_not_sent("cart-1")
    cart.after("1m").expect_sent("cart-1").after("23h").expect_sent("cart-2")
    assert "Hi Ada," in cart.mail("cart-1")
    assert "mug" in cart.mail("cart-1")
    cart.expect_left()


def test_an_order_stops_the_recovery_of_a_cart(journey: Begin) -> None:
    cart = journey("abandoned-cart").given()
    cart.when("add_to_cart", product_id="mug").after("10m")
    cart.when("purchase", order_id="1", value=9.5).after("2d")
    cart.expect_not_sent("cart-1").expect_left()
