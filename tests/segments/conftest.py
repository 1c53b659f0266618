"""A real store in memory, and a short way to make things happen in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import pytest

from tailorbird import segments
from tailorbird.schema import DAY, Event, Instant, Line, ResolvedEvent
from tailorbird.segments import Segment
from tailorbird.stores.duckdb.facts import DuckFacts

Happen: TypeAlias = Callable[..., int]
Define: TypeAlias = Callable[..., Segment]
NOW = 20_000 * DAY


@pytest.fixture
def now() -> Instant:
    """Return the instant at which the tests play."""
    return NOW


@pytest.fixture
def facts() -> Iterator[DuckFacts]:
    """Return an empty store."""
    store = DuckFacts(None)
    yield store
    store.close()


@pytest.fixture
def happen(facts: DuckFacts) -> Happen:
    """Return `happen(person, event, at, **fields)`, which appends an event; it gives its position.

    `category` becomes one line of one piece, as the collector makes it.
    """

    def append(person: int, event: str, at: Instant, **fields: Any) -> int:
        offset = facts.offset() + 1
        if fields.get("category") or fields.get("item"):
            item, category = fields.get("item", "i1"), fields.get("category", "")
            line = Line(item, "", category, 1, fields.get("value_minor", 0))
            fields = {"lines": (line,), "item": item, "category": category} | fields
        happened = Event("", event, at, at, offset << 20, "test", **fields)
        facts.append([ResolvedEvent(happened, person)], [], offset)
        return offset << 20

    return append


@pytest.fixture
def define() -> Define:
    """Return `define(where, name)`, which parses the YAML of a condition."""

    def parsed(where: str, name: str = "s") -> Segment:
        inner = "\n".join(f"  {line}" for line in where.strip("\n").splitlines())
        return segments.parse(f"name: {name}\nwhere:\n{inner}\n", f"{name}.yaml")

    return parsed
