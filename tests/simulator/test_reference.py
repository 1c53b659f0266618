"""The page about the simulator says the numbers that the code uses."""

from __future__ import annotations

import re
from ast import literal_eval
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tailorbird.schema import DAY, HOUR, MINUTE
from tailorbird.simulator.potential import Effects

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "simulator.md"
ROW = re.compile(r"^\| .+ \| (.+) \| `(\w+)\.([\w.]+)` \|$", re.MULTILINE)
UNITS = {"%": 0.01, "min": MINUTE, "h": HOUR, "d": DAY}
ROWS = ROW.findall(PAGE.read_text(encoding="utf-8"))


def meant(cell: str) -> Any:
    number, _, unit = cell.partition(" ") if cell[0] != "(" else (cell, "", "")
    return literal_eval(number) * UNITS[unit] if unit else literal_eval(number)


@pytest.mark.parametrize(("cell", "module", "name"), ROWS)
def test_every_number_of_the_page_is_the_codes(cell: str, module: str, name: str) -> None:
    if name.startswith("Effects."):
        value = getattr(Effects(), name.removeprefix("Effects."))
    else:
        value = getattr(import_module(f"tailorbird.simulator.{module}"), name)
    assert value == pytest.approx(meant(cell))


def test_the_page_has_its_tables() -> None:
    assert len(ROWS) > 70
