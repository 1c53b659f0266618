"""A pytest fixture that plays a journey with a clock of its own, through the real engine.

def test_a_purchase_stops_the_mail(journey):
    cart = journey("abandoned-cart").given(first_name="Ada")
    cart.when("add_to_cart", product_id="mug").after("59m").expect_not_sent("cart-1")
    cart.when("purchase", order_id="1").after("1d").expect_left().expect_not_sent("cart-1")

A journey is named by its file (`journeys/cart.yaml`), by its name in the folder of definitions
(the ini option `tailorbird_definitions`, else the root of the tests), or as one of the recipes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tailorbird.rehearsing import Rehearsal

INI = "tailorbird_definitions"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let `pytest.ini` say where segments, templates and journeys are."""
    parser.addini(INI, "the folder with segments/, templates/ and journeys/", default="")


@pytest.fixture
def journey(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Rehearsal]]:
    """Return what begins to play a journey, by its name or its file: `journey("cart")`."""
    from tailorbird.rehearsing import Rehearsal

    said = request.config.getini(INI)
    definitions = request.config.rootpath / str(said) if said else request.config.rootpath
    begun: list[Rehearsal] = []

    def begin(name: str, *, at: str = "2026-03-02 10:00", **settings: str) -> Rehearsal:
        folder = tmp_path_factory.mktemp("journey")
        begun.append(Rehearsal(name, folder, Path(definitions), at, settings))
        return begun[-1]

    yield begin
    for each in begun:
        each.close()
