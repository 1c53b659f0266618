"""Which pairs are compared at all: rules chosen from the data, counted before any pair is made."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any, Final, Protocol

from tailorbird.profiles.matching_fields import Kind

EVERY_PAIR_UP_TO: Final = 1_000_000
"""Fewer pairs than this are all compared."""

_PARTS: Final[dict[Kind, tuple[str, ...]]] = {
    "first_name": ("{0}", "left({0}, 2)", "left({0}, 1)"),
    "last_name": ("{0}", "left({0}, 3)", "left({0}, 2)"),
    "name": ("{0}", "left({0}, 6)"),
    "birth_date": ("{0}", "left({0}, 4)", "right({0}, 4)"),
    "email": ("{0}", "split_part({0}, '@', 1)"),
    "phone": ("{0}", "right({0}, 6)"),
    "address": ("{0}", "left({0}, 6)"),
    "postcode": ("{0}", "left({0}, 3)"),
    "city": ("{0}",),
    "identifier": ("{0}",),
    "other": (),
}
"""What of a field two records may have to share, so that they are compared."""


class Connection(Protocol):
    """What is asked of the database in memory that Splink works in."""

    def execute(self, query: str) -> Any:
        """Run a statement and return what answers it."""


def rules(
    connection: Connection, table: str, fields: Mapping[str, Kind], budget: int
) -> list[tuple[str, ...]]:
    """Return what two records must share, rule by rule, so that at most `budget` pairs are made.

    The sharpest rules come first: those that make the fewest pairs. Small tables are compared
    whole; then there is no rule.
    """
    counted = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 - our own name
    people = counted[0] if counted else 0
    if people * (people - 1) // 2 <= EVERY_PAIR_UP_TO:
        return []
    chosen: list[tuple[str, ...]] = []
    made = 0
    for pairs, rule in sorted(_counted(connection, table, fields)):
        if pairs == 0 or any(set(one) <= set(rule) for one in chosen):
            continue
        if made + pairs > budget:
            break
        chosen.append(rule)
        made += pairs
    return [rule for rule in chosen if not any(set(one) < set(rule) for one in chosen)]


def _counted(
    connection: Connection, table: str, fields: Mapping[str, Kind]
) -> list[tuple[int, tuple[str, ...]]]:
    """Return how many pairs share each key, and each two keys of different fields."""
    keys = [
        (field, part.format(f'"{field}"'))
        for field, kind in fields.items()
        for part in _PARTS[kind]
    ]
    wanted: list[tuple[str, ...]] = [(key,) for _, key in keys]
    wanted += [(one, two) for (a, one), (b, two) in combinations(keys, 2) if a != b]
    return [(_pairs(connection, table, rule), rule) for rule in wanted]


def _pairs(connection: Connection, table: str, rule: tuple[str, ...]) -> int:
    there = " AND ".join(f"{key} IS NOT NULL" for key in rule)
    counted = connection.execute(
        "SELECT coalesce(sum(n * (n - 1) // 2), 0)::BIGINT FROM "  # noqa: S608 - names from closed sets
        f"(SELECT count(*) AS n FROM {table} WHERE {there} GROUP BY {', '.join(rule)})"
    ).fetchone()
    return int(counted[0]) if counted else 0
