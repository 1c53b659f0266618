"""The derived store: complete up to its offset, and clear about a folder in use."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tailorbird.errors import StoreError
from tailorbird.schema import Event, Line, Names, Product, ResolvedEvent, Scalar
from tailorbird.stores.duckdb.facts import DuckFacts
from tailorbird.stores.duckdb.rows import number_of, text_of
from tailorbird.ties import Home


@pytest.fixture
def facts() -> Iterator[DuckFacts]:
    store = DuckFacts(None)
    yield store
    store.close()


def resolved(position: int, person: int | None, name: str, **fields: Any) -> ResolvedEvent:
    given: dict[str, Any] = {"at": position * 10, "received_at": position * 10}
    event = Event(
        message_id=str(position), name=name, position=position, source="test", **(given | fields)
    )
    return ResolvedEvent(event, person)


def rows(facts: DuckFacts, sql: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = facts.read(sql).to_pylist()
    return found


def test_facts_and_offset_are_written_together(facts: DuckFacts) -> None:
    lines = (Line("A", quantity=2, price_minor=150), Line("B", price_minor=100))
    bought = resolved(1, 7, "purchase", order_id="o1", value_minor=400, lines=lines)
    facts.append([bought], [], 5)
    assert facts.offset() == 5
    assert rows(facts, "SELECT person, event, order_id, value_minor FROM facts") == [
        {"person": 7, "event": "purchase", "order_id": "o1", "value_minor": 400}
    ]
    assert rows(facts, "SELECT item, quantity, value_minor FROM lines ORDER BY item") == [
        {"item": "A", "quantity": 2, "value_minor": 300},
        {"item": "B", "quantity": 1, "value_minor": 100},
    ]


def test_a_failed_append_leaves_nothing(facts: DuckFacts) -> None:
    facts.append([resolved(1, 1, "page_viewed")], [], 1)
    with pytest.raises(Exception, match=r"INT64|int64|Overflow|too large|range"):
        facts.append([resolved(2, 1, "page_viewed", value_minor=2**63)], [], 2)
    assert facts.offset() == 1
    assert rows(facts, "SELECT COUNT(*) AS n FROM facts") == [{"n": 1}]


def test_personal_fields_never_reach_the_facts(facts: DuckFacts) -> None:
    traits: dict[str, Scalar] = {"first_name": "Annabella", "country": "GB", "visits": 3}
    said = resolved(1, 1, Names.IDENTIFY, traits=traits, email="ann@people.example")
    facts.append([said], [], 1)
    assert rows(facts, "SELECT name, text, number FROM trait_values ORDER BY name") == [
        {"name": "country", "text": "GB", "number": None},
        {"name": "email_invalid", "text": "false", "number": 0},
        {"name": "visits", "text": "3", "number": 3_000_000},
    ]
    assert rows(facts, "SELECT COUNT(*) AS n FROM facts") == [{"n": 0}]


def test_a_merge_moves_history_to_the_survivor(facts: DuckFacts) -> None:
    facts.append([resolved(1, 1, "purchase"), resolved(2, 2, "purchase")], [], 1)
    facts.append([], [Home(1, 1, 3), Home(2, 1, 3)], 2)
    assert rows(facts, "SELECT DISTINCT person FROM facts") == [{"person": 1}]
    assert rows(facts, "SELECT person FROM people") == [{"person": 1}]


def test_the_catalogue_keeps_the_latest_word(facts: DuckFacts) -> None:
    def product(position: int, at: int, price: int, stock: int) -> ResolvedEvent:
        line = Line("A", name="Mug", category="kitchen", price_minor=price)
        return resolved(
            position, None, Names.PRODUCT_UPDATED, at=at, lines=(line,),
            properties={"stock": stock}, currency="EUR",
        )  # fmt: skip

    facts.append([product(1, 100, 500, 3), product(2, 200, 450, 0)], [], 1)
    facts.append([product(3, 50, 999, 9)], [], 2)
    assert facts.products(["A", "absent"]) == {
        "A": Product("A", "Mug", "kitchen", 450, "EUR", stock=0, updated_at=200)
    }


def test_a_product_that_is_no_longer_counted_is_there_again(facts: DuckFacts) -> None:
    def told(position: int, stock: Scalar) -> ResolvedEvent:
        return resolved(
            position, None, Names.PRODUCT_UPDATED, at=position, lines=(Line("A"), Line("B")),
            properties={"stock": stock},
        )  # fmt: skip

    said: list[tuple[Scalar, int | None]] = [(0, 0), ("uncounted", None), (4, 4)]
    for position, (stock, kept) in enumerate(said, 1):
        facts.append([told(position, stock)], [], position)
        assert [facts.products([item])[item].stock for item in ("A", "B")] == [kept, kept]
    facts.append([told(5, 0), told(6, "uncounted")], [], 6)
    assert facts.products(["A"])["A"].stock is None


def test_clear_forgets_everything_and_can_start_again(facts: DuckFacts) -> None:
    facts.append([resolved(1, 1, "purchase")], [], 9)
    facts.clear()
    assert facts.offset() == 0
    assert rows(facts, "SELECT COUNT(*) AS n FROM facts") == [{"n": 0}]
    facts.append([resolved(1, 1, "purchase")], [], 1)
    assert facts.offset() == 1


def test_what_was_appended_survives_reopening(tmp_path: Path) -> None:
    path = tmp_path / "facts.duckdb"
    store = DuckFacts(path)
    store.append([resolved(1, 1, "purchase")], [], 3)
    store.close()
    again = DuckFacts(path)
    assert again.offset() == 3
    again.close()


def test_a_folder_in_use_is_said_plainly(tmp_path: Path) -> None:
    path = tmp_path / "facts.duckdb"
    hold = (
        "import sys, duckdb; c = duckdb.connect(sys.argv[1]); print('held', flush=True); "
        "sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(StoreError, match=r"another Tailorbird process.*stop it"):
            DuckFacts(path)
        other.communicate()


@pytest.mark.parametrize(
    ("value", "number", "text"),
    [
        (1, 1_000_000, "1"),
        (1.5, 1_500_000, "1.5"),
        (0.1, 100_000, "0.1"),
        (True, 1_000_000, "true"),
        ("12", None, "12"),
        (None, None, None),
        (float("nan"), None, "nan"),
        (2.0, 2_000_000, "2"),
        (10**30, None, str(10**30)),
    ],
)
def test_numbers_are_kept_in_millionths(
    value: Scalar, number: int | None, text: str | None
) -> None:
    assert number_of(value) == number
    assert text_of(value) == text


def changed(facts: DuckFacts) -> list[tuple[object, ...]]:
    columns = "item, price_before, price_minor, stock_before, stock"
    sql = f"SELECT {columns} FROM product_changes ORDER BY position, item"
    return [tuple(row.values()) for row in rows(facts, sql)]


def restated(position: int, price: int = 0, stock: Scalar = None, at: int = 0) -> ResolvedEvent:
    said: dict[str, Scalar] = {} if stock is None else {"stock": stock}
    line = (Line("A", price_minor=price),)
    return resolved(position, None, Names.PRODUCT_UPDATED, lines=line, properties=said,
                    **({"at": at} if at else {}))  # fmt: skip


def test_each_word_that_changes_a_price_or_a_stock_is_kept(facts: DuckFacts) -> None:
    words = [
        restated(1, 500, 3),
        restated(2, 500, 3),  # the same again
        restated(3, 450),
        restated(4, 0, 0),
        restated(5, 999, 9, at=5),  # older than what is known
        restated(6, 0, "uncounted"),
        restated(7, 450, "uncounted"),
        restated(8, 0, 2),
    ]
    facts.append(words, [], 1)
    kept = changed(facts)
    assert kept == [
        ("A", None, 500, None, 3),
        ("A", 500, 450, 3, None),
        ("A", 450, None, 3, 0),
        ("A", 450, None, 0, -(2**63)),
        ("A", 450, None, None, 2),
    ]
    one_by_one = DuckFacts(None)
    for offset, word in enumerate(words, 1):
        one_by_one.append([word], [], offset)
    assert changed(one_by_one) == kept
    one_by_one.close()


def of_another_version(path: Path, marker: str) -> DuckFacts:
    """Return the facts opened again after somebody else wrote this marker, and lost a table."""
    store = DuckFacts(path)
    store.append([resolved(1, 7, "purchase")], [], 5)
    store.write([("DROP TABLE scores", ()), (f"UPDATE markers SET value = 3 WHERE {marker}", ())])
    store.close()
    return DuckFacts(path)


def test_facts_of_another_version_are_read_again_from_the_log(tmp_path: Path) -> None:
    store = of_another_version(tmp_path / "facts", "name IN ('schema', 'schema_version')")
    assert store.offset() == 0
    assert rows(store, "SELECT * FROM facts UNION ALL BY NAME SELECT * FROM scores") == []
    store.close()


def test_what_a_version_adds_to_the_facts_is_made_and_nothing_is_lost(tmp_path: Path) -> None:
    store = of_another_version(tmp_path / "facts", "name = 'schema'")
    assert store.offset() == 5
    assert rows(store, "SELECT count(*) AS n FROM facts") == [{"n": 1}]
    assert rows(store, "SELECT * FROM scores") == []
    store.close()


def test_a_death_while_the_tables_are_made_leaves_a_new_file(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tailorbird.stores.duckdb.names.create", lambda _connection: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            DuckFacts(tmp_path / "facts")
    store = DuckFacts(tmp_path / "facts")
    store.append([resolved(1, 7, "purchase")], [], 5)
    assert store.offset() == 5
    store.close()
