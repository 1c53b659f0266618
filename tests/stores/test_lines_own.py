"""Which products the facts say themselves, told alike by events one by one and in columns."""

from __future__ import annotations

from tailorbird.schema import Event, Line, Names, ResolvedEvent
from tailorbird.stores.duckdb.facts import DuckFacts


def bought(position: int, lines: tuple[Line, ...], item: str = "", category: str = "") -> Event:
    return Event(
        message_id="", name=Names.PURCHASE, at=1, received_at=1, position=position, source="test",
        item=item, category=category, lines=lines,
    )  # fmt: skip


def own(facts: DuckFacts, table: str) -> list[bool]:
    found = facts.read(f"SELECT own FROM {table} ORDER BY position, item")["own"]
    return [bool(each) for each in found.to_pylist()]


def test_a_product_that_its_fact_says_too_is_its_own() -> None:
    facts = DuckFacts(None)
    one, other = Line("i1", category="a"), Line("i2", category="b")
    events = [
        bought(1, (one,), "i1", "a"),
        bought(2, (one, other)),
        bought(3, (one,), "i1", "b"),
        bought(4, (Line("i3"),), "i3"),
    ]
    facts.append([ResolvedEvent(each, 7) for each in events], [], 4)
    for table in ("lines", "deed_lines"):
        assert own(facts, table) == [True, False, False, False, True]
    facts.renew_state()
    assert own(facts, "deed_lines") == [True, False, False, False, True]
    facts.close()
