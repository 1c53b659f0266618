"""Who is looked at to find the members: those with rows, where nobody else can be one."""

from __future__ import annotations

import pytest
from tests.properties.test_state_after_corrections import lives

from tailorbird import segments
from tailorbird.schema import DAY
from tailorbird.segments import compile as compiler

NOW = 20_000 * DAY


def members(where: str) -> str:
    segment = segments.parse(f"name: s\nwhere: {where}\n", "s.yaml")
    return compiler.members(segment, as_of=NOW).sql


@pytest.mark.parametrize(
    "where",
    [
        "{did: purchase}",
        "{did: purchase, times: {at_least: 3}, within: 30d}",
        "{did: add_to_cart, then_not: purchase, since: 2d}",
        "{trait: recency_days, at_most: 60}",
        "{all: [{did_not: return}, {did: purchase, sum: {of: value_minor, at_least: 100}}]}",
    ],
)
def test_what_nobody_is_without_rows_is_not_asked_of_everybody(where: str) -> None:
    assert '"people"' not in members(where)


@pytest.mark.parametrize(
    "where",
    [
        "{did_not: purchase}",
        "{did: purchase, times: {at_most: 3}}",
        "{any: [{did: purchase}, {did: return}]}",
        "{not: {did: purchase}}",
        "{trait: recency_days, missing: true}",
    ],
)
def test_what_somebody_is_without_rows_is_asked_of_everybody(where: str) -> None:
    assert '"people"' in members(where)


def test_whoever_has_a_fact_is_known_by_then() -> None:
    # What looks at people with rows alone relies on it.
    unknown = (
        "SELECT f.person FROM facts AS f LEFT JOIN people AS p ON p.person = f.person AND "
        'p.created_at <= f."at" WHERE f.person IS NOT NULL AND p.person IS NULL'
    )
    for seed in range(3):
        for facts in lives(seed):
            assert facts.read(unknown).num_rows == 0
