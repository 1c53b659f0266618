"""Who is on a list, by whatever legal way the facts came into the store."""

from __future__ import annotations

import random

import pytest

from tailorbird import segments
from tailorbird.schema import DAY, HOUR, Event, Names, ResolvedEvent
from tailorbird.segments import compile as compiler
from tailorbird.stores.duckdb import state
from tailorbird.stores.duckdb.facts import DuckFacts
from tailorbird.ties import Home

NOW = 20_000 * DAY
VIP = segments.parse("name: vip\nwhere: {list: vip}\n", "vip.yaml")


@pytest.fixture(autouse=True)
def _put_in_order_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "LOOSE", 3)


def told(seed: int) -> list[ResolvedEvent]:
    """Return people put on lists and taken off again: late, at once, on other lists too."""
    rng = random.Random(seed)
    return [
        ResolvedEvent(
            Event(
                message_id="", name=rng.choice((Names.LIST_ADDED, Names.LIST_REMOVED)),
                at=NOW - rng.randrange(5) * HOUR, received_at=NOW, position=offset << 20,
                source="test", properties={"list": rng.choice(("vip", "vip", "other"))},
            ),
            1 + rng.randrange(5),
        )
        for offset in range(1, 40)
    ]  # fmt: skip


def on_it(events: list[ResolvedEvent]) -> list[int]:
    """Return whose last word about the list, by instant and then by position, is that she is on."""
    last: dict[int, tuple[int, int, bool]] = {}
    for each in events:
        if each.event.properties["list"] == "vip":
            key = (each.event.at, each.event.position, each.event.name == Names.LIST_ADDED)
            last[each.person or 0] = max(last.get(each.person or 0, key), key)
    return sorted(person for person, (_, _, on) in last.items() if on)


def people(facts: DuckFacts) -> list[list[int]]:
    """Return who is on the list: by state, by facts, and as it stands."""
    segments.refresh(facts, [VIP], now=NOW)
    found = []
    for from_state in (True, False):
        statement = compiler.members(VIP, as_of=NOW, state=from_state)
        rows = facts.read(statement.sql, statement.parameters, statement.tables)
        found.append(rows["person"].to_pylist())
    return [*found, segments.members(facts, "vip")]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("at_once", [1, 4, 100], ids=["one by one", "some", "all at once"])
def test_batches_of_any_size_give_the_same_list(seed: int, at_once: int) -> None:
    facts, events = DuckFacts(None), told(seed)
    for start in range(0, len(events), at_once):
        some = events[start : start + at_once]
        facts.append(some, [], some[-1].event.position >> 20)
        if start % 3 == 0:
            segments.refresh(facts, [VIP], now=NOW)
    assert people(facts) == [on_it(events)] * 3
    facts.renew_state()
    assert people(facts) == [on_it(events)] * 3
    facts.close()


@pytest.mark.parametrize("seed", range(4))
def test_who_is_merged_brings_her_lists_and_who_leaves_takes_them(seed: int) -> None:
    facts, events = DuckFacts(None), told(seed)
    facts.append(events, [], 40)
    merged = [ResolvedEvent(e.event, 1 if e.person == 2 else e.person) for e in events]
    facts.append([], [Home(1, 1, 41 << 20), Home(2, 1, 41 << 20)], 41)
    assert people(facts) == [on_it(merged)] * 3
    facts.append([], [Home(1, 1, 42 << 20), Home(2, 2, 42 << 20)], 42)
    assert people(facts) == [on_it(events)] * 3
    facts.close()


@pytest.mark.parametrize("seed", range(2))
def test_a_list_read_again_from_the_log_is_the_same(seed: int) -> None:
    facts, events = DuckFacts(None), told(seed)
    facts.append(events, [], 40)
    facts.clear()
    for each in events:
        facts.append([each], [], each.event.position >> 20)
    assert people(facts) == [on_it(events)] * 3
    facts.close()
