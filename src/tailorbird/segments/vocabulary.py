"""The names that a definition may use here, as the facts know them."""

from __future__ import annotations

from collections.abc import Iterable

from tailorbird.ports import Facts
from tailorbird.segments.reader import Vocabulary


def vocabulary(facts: Facts, segments: Iterable[str] = ()) -> Vocabulary:
    """Return the events and declared traits that have happened, and these segments."""
    return Vocabulary(
        events=_names(facts, "SELECT DISTINCT event AS name FROM facts"),
        traits=_names(facts, "SELECT DISTINCT name FROM trait_values"),
        segments=frozenset(segments),
    )


def _names(facts: Facts, sql: str) -> frozenset[str]:
    return frozenset(facts.read(sql)["name"].to_pylist())
