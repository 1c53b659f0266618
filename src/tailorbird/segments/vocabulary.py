"""The names that a definition may use here, as the facts know them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from tailorbird.ports import Facts
from tailorbird.segments.conditions import Segment, named
from tailorbird.segments.reader import Vocabulary

MOST_PROPERTIES: Final = 10_000
"""Of more, nobody is told that one is a slip of another."""
_SAID: Final = "SELECT name FROM names WHERE kind = $1 AND said > 0"
_PROPERTIES: Final = f"{_SAID} LIMIT {MOST_PROPERTIES + 1}"


def vocabulary(facts: Facts, segments: Iterable[str] = ()) -> Vocabulary:
    """Return the events, declared traits and properties that have come, and these segments."""
    properties = _names(facts, _PROPERTIES, "property")
    return Vocabulary(
        properties=properties if len(properties) <= MOST_PROPERTIES else None,
        events=_names(facts, _SAID, "event"),
        traits=_names(facts, _SAID, "trait"),
        segments=frozenset(segments),
        models=_names(facts, "SELECT DISTINCT model AS name FROM scores"),
    )


def circles(name: str, among: Sequence[Segment]) -> dict[str, str]:
    """Return the segments that lead to this one, itself among them, each with its circle."""
    said = {each.name: named(each.condition) for each in among if each.name != name}
    ways: dict[str, tuple[str, ...]] = {name: (name,)}
    waiting = [name]
    while waiting:
        reached = waiting.pop(0)
        for each in sorted(said):
            if reached in said[each] and each not in ways:
                ways[each] = (each, *ways[reached])
                waiting.append(each)
    return {each: " -> ".join((name, *way)) for each, way in ways.items()}


def _names(facts: Facts, sql: str, *bound: str) -> frozenset[str]:
    return frozenset(facts.read(sql, bound)["name"].to_pylist())
