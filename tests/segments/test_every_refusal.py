"""Every form of condition, provoked: each error says what is wrong, where, and how to mend it.

The golden file holds blocks of a condition and, behind `=>`, the error that it must give. Another
wording is written into it by hand, so that somebody has read it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tailorbird import segments
from tailorbird.errors import DefinitionError
from tailorbird.segments import Vocabulary

GOLDEN = Path(__file__).parents[1] / "golden" / "segments" / "refusals.txt"
HERE = Vocabulary(
    events=frozenset({"quiz_taken"}),
    traits=frozenset({"shoe_size", "country"}),
    segments=frozenset({"vip", "gold"}),
    models=frozenset({"churn"}),
    lists=frozenset({"press"}),
    properties=frozenset({"items", "colour"}),
    circles={"gold": "s -> gold -> s"},
)


def blocks() -> Iterator[tuple[str, str]]:
    """Yield each condition with its error."""
    for block in GOLDEN.read_text(encoding="utf-8").split("\n\n"):
        condition, arrow, error = block.partition("\n=> ")
        if arrow:
            yield condition, error.strip()


def refusal(condition: str) -> str:
    """Return the error of a segment with this condition."""
    inner = "\n".join(f"  {line}" for line in condition.splitlines())
    try:
        segments.parse(f"name: s\nwhere:\n{inner}\n", "s.yaml", vocabulary=HERE)
    except DefinitionError as error:
        return str(error) if error.mend else f"{error} without a mend"
    return "nothing is wrong"


@pytest.mark.parametrize(("condition", "told"), list(blocks()))
def test_each_mistake_is_told_as_it_is_written_down(condition: str, told: str) -> None:
    assert refusal(condition) == told


def test_there_are_many_and_each_has_its_place() -> None:
    told = [error for _, error in blocks()]
    assert len(told) > 100
    assert all(error.split(": ")[0].count(":") == 2 for error in told)


@pytest.mark.parametrize("name", ["items", "colour", "anything_else", "context.browser"])
def test_a_property_that_has_come_is_no_slip_of_another(name: str) -> None:
    assert refusal(f"did: purchase\nwhere: {{{name}: x}}") == "nothing is wrong"
