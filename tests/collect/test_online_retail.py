"""The real file, beside facts that plain SQL computes from it."""

from __future__ import annotations

import zipfile
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tailorbird.collect.choice import choose_mapping
from tailorbird.collect.mapping import shipped
from tailorbird.schema import Event, Names

GOOD = """
CREATE VIEW rows AS SELECT DISTINCT * FROM read_parquet(?);
CREATE TABLE good AS SELECT *, starts_with(invoice_no, 'C') AS back,
    round(unit_price * 1000)::HUGEINT * abs(quantity) AS thousandths,
    upper(stock_code) AS code, regexp_matches(stock_code, '^[0-9]{5}') AS product
FROM rows WHERE NOT starts_with(invoice_no, 'A') AND unit_price >= 0
    AND (quantity > 0 OR starts_with(invoice_no, 'C'))
"""


class Facts:
    """Answers of plain SQL over the file."""

    def __init__(self, file: Path) -> None:
        self.connection = duckdb.connect()
        view, table, *_ = GOOD.split(";")
        self.connection.execute(view.replace("?", f"'{file}'"))
        self.connection.execute(table)

    def __call__(self, query: str) -> Any:
        return self.connection.execute(query).fetchall()

    def one(self, query: str) -> Any:
        return self(query)[0][0]


@pytest.mark.shared
def test_the_import_reaches_the_facts_of_the_file(shared_data: Path, importing: Any) -> None:
    file = shared_data / "commerce" / "online_retail.parquet"
    facts = Facts(file)
    report = importing(file, choose_mapping(file))
    decoded = importing.log.decoded()
    assert decoded.refused == []
    assert len(decoded.events) == report.events == report.appended
    assert len({event.message_id for event in decoded.events}) == report.events
    by_name: dict[str, list[Event]] = defaultdict(list)
    for event in decoded.events:
        by_name[event.name].append(event)
    check_lines(facts, report, file)
    check_orders(facts, by_name[Names.PURCHASE], by_name[Names.RETURN])
    check_people(facts, by_name)
    check_products(facts, by_name)


def check_lines(facts: Facts, report: Any, file: Path) -> None:
    total = facts.one(f"SELECT count(*) FROM read_parquet('{file}')")
    assert report.lines == total == 370_931
    assert report.duplicates == total - facts.one("SELECT count(*) FROM rows")
    assert report.taken == facts.one("SELECT count(*) FROM good")
    assert report.refused == {
        "a bad-debt adjustment, no sale": facts.one(
            "SELECT count(*) FROM rows WHERE starts_with(invoice_no, 'A')"
        ),
        "negative quantity outside a cancellation (a stock adjustment)": facts.one(
            "SELECT count(*) FROM rows WHERE quantity < 0 AND NOT starts_with(invoice_no, 'C')"
        ),
    }


def check_orders(facts: Facts, orders: list[Event], returns: list[Event]) -> None:
    for events, back in ((orders, False), (returns, True)):
        expected = facts(
            "SELECT invoice_no, coalesce(customer_id::VARCHAR, ''), (sum(thousandths) + 5) // 10,"
            " coalesce(sum(abs(quantity)) FILTER (product), 0),"
            " epoch_us(timezone('Europe/London', min(invoice_date)))"
            f" FROM good WHERE back = {back} GROUP BY ALL ORDER BY ALL"
        )
        found = [(e.order_id, e.user_id, e.value_minor, e.quantity, e.at) for e in events]
        assert sorted(found) == expected
        assert [event.at for event in events] == sorted(event.at for event in events)
        assert {event.currency for event in events} == {"GBP"}


def check_people(facts: Facts, by_name: dict[str, list[Event]]) -> None:
    said = by_name[Names.IDENTIFY]
    customers = {row[0] for row in facts("SELECT DISTINCT customer_id::VARCHAR FROM good")} - {None}
    assert {event.user_id for event in said} == customers
    movers = facts.one(
        "SELECT count(*) FROM (SELECT customer_id FROM good WHERE customer_id IS NOT NULL"
        " GROUP BY 1 HAVING count(DISTINCT country) > 1)"
    )
    moved = Counter(event.user_id for event in said)
    assert sum(times > 1 for times in moved.values()) == movers
    germans = {row[0] for row in facts(
        "SELECT customer_id::VARCHAR FROM good WHERE customer_id IS NOT NULL GROUP BY 1"
        " HAVING bool_and(country = 'Germany')"
    )}  # fmt: skip
    only_german = {event.user_id for event in said if event.traits == {"country": "DE"}}
    assert germans <= only_german


def check_products(facts: Facts, by_name: dict[str, list[Event]]) -> None:
    products = {event.item: event for event in by_name[Names.PRODUCT_UPDATED]}
    expected = dict(facts("SELECT code, count(*) FROM good WHERE product GROUP BY 1"))
    assert set(products) == set(expected)
    sold = Counter[str]()
    for event in by_name[Names.PURCHASE] + by_name[Names.RETURN]:
        sold.update(line.item for line in event.lines)
    assert dict(sold) == expected
    heart = products["85123A"]
    assert heart.lines[0].name == "WHITE HANGING HEART T-LIGHT HOLDER"
    assert heart.category == "lights"
    latest = facts.one(
        "SELECT arg_max(unit_price, invoice_date) FROM good"
        " WHERE code = '85123A' AND NOT back AND unit_price > 0"
    )
    assert heart.lines[0].price_minor == pytest.approx(latest * 100)
    named = [event for event in products.values() if event.lines[0].name]
    assert sum(event.category != "other" for event in named) > 0.8 * len(named)


@pytest.mark.shared
def test_a_day_as_csv_is_the_same_day_as_parquet(
    shared_data: Path, importing: Any, tmp_path: Path
) -> None:
    folder = shared_data / "commerce"
    with zipfile.ZipFile(folder / "online_retail_raw_days.zip") as archive:
        (tmp_path / "day.csv").write_bytes(archive.read("2011-09-01.csv"))
    importing(tmp_path / "day.csv", "online_retail")
    day = orders_by_id(importing)
    duckdb.execute(
        f"COPY (SELECT * FROM '{folder / 'online_retail.parquet'}' WHERE invoice_date::DATE ="
        f" '2011-09-01') TO '{tmp_path / 'day.parquet'}'"
    )
    importing.log.bodies.clear()
    importing(tmp_path / "day.parquet", shipped()["online_retail"])
    assert len(day) > 50
    assert orders_by_id(importing) == day


def orders_by_id(importing: Any) -> dict[str, Event]:
    events = importing.log.decoded().events
    return {e.message_id: e.name for e in events if e.name in (Names.PURCHASE, Names.RETURN)}
