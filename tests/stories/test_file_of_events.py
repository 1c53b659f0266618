"""A file of events goes through in columns; everything else treats them as it treats the others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq
import pytest

from tailorbird.app import Tailorbird
from tailorbird.collect import columns, mending, plan_check
from tailorbird.collect import plan as plan_name
from tailorbird.repair import Which

START = datetime(2025, 3, 1, tzinfo=UTC)
MAPPING = """\
mapping: analytics
columns:
  at: {from: [time], type: time}
  what: {from: [event]}
  who: {from: [customer], type: id}
  sku: {from: [product_id], type: id}
  price: {type: decimal}
customers: {id: who, time: at}
events: {name_column: what, time: at, properties: {product_id: sku, price: price}}
"""
TABLES = ("facts", "lines", "properties", "people", "sessions", "duplicates")


@pytest.fixture
def shop(tmp_path: Path) -> Any:
    (tmp_path / "analytics.yaml").write_text(MAPPING, encoding="utf-8")
    with Tailorbird.open(tmp_path / "data", environment={}) as tb:
        yield tb


def rows(count: int, **changes: Any) -> pa.Table:
    told = {
        "time": pa.array([START + timedelta(minutes=n) for n in range(count)]),
        "event": ["Page Viewed", "Product Viewed", "Order Completed"] * (count // 3),
        "customer": [f"u{n % 5}" for n in range(count)],
        "product_id": [None, "p1", "p2"] * (count // 3),
        "price": [None, 2.5, 19.99] * (count // 3),
    }
    return pa.table(told | changes)


def facts(tb: Tailorbird) -> dict[str, Any]:
    return {
        name: tb.world.facts.read(f"SELECT * FROM {name} ORDER BY ALL").to_pylist()
        for name in TABLES
    }


def take(tb: Tailorbird, table: pa.Table, kind: str = "parquet") -> Any:
    path = tb.world.folder.parent / f"events.{kind}"
    if kind == "csv":
        csv.write_csv(table, path)
    else:
        pq.write_table(table, path)
    tb.import_file(path, str(tb.world.folder.parent / "analytics.yaml"))
    return tb.ingest()


def test_a_file_of_events_reaches_the_facts_and_a_rebuild_gives_the_same(shop: Tailorbird) -> None:
    taken = take(shop, rows(300))
    assert (taken.events, taken.created, taken.refused) == (305, 5, 0)
    records = shop.world.log.read(0, 10)
    assert any(columns.is_columnar(record.body) for record in records)
    before = facts(shop)
    assert (len(before["facts"]), len(before["lines"])) == (300, 200)
    assert sum(row["value_minor"] for row in before["facts"]) == 100 * (250 + 1999)
    shop.rebuild()
    assert facts(shop) == before


def test_rows_that_were_taken_in_columns_are_not_taken_again_row_by_row(shop: Tailorbird) -> None:
    take(shop, rows(60))
    before = facts(shop)
    again = take(shop, rows(90), "csv")
    assert (again.events, again.duplicates) == (30, 65)
    after = facts(shop)
    assert [row for row in after["facts"] if row in before["facts"]] == before["facts"]
    assert len(after["facts"]) == 90
    assert sum(row["events"] for row in after["duplicates"]) == 65


def test_rows_that_were_taken_row_by_row_are_not_taken_again_in_columns(shop: Tailorbird) -> None:
    take(shop, rows(60), "csv")
    again = take(shop, rows(90))
    assert (again.events, again.duplicates) == (30, 65)


def test_a_tracking_plan_judges_each_row(shop: Tailorbird) -> None:
    plan = (
        "tracking_plan: shop\nevents:\n  Order Completed:\n    on_violation: quarantine\n"
        "    properties:\n      coupon: {type: text, required: true}\n"
    )
    shop.put("tracking_plan", plan_name.NAME, plan)
    taken = take(shop, rows(30))
    assert (taken.events, taken.refused) == (25, 10)
    records = shop.quarantine.page().records
    assert {held.code for held in records} == {plan_check.CODE}
    assert b"Order Completed" in shop.quarantine.inspect(records[0].position).record.refused.raw


def test_a_refused_row_is_mended_and_comes_back(shop: Tailorbird) -> None:
    customers = [None if n == 3 else f"u{n % 5}" for n in range(30)]
    taken = take(shop, rows(30, customer=customers))
    assert (taken.events, taken.refused) == (34, 1)
    (held,) = shop.quarantine.page().records
    assert held.code == "no_identifier"
    rule = mending.parse_rule(
        "rule: desk\nwhere: {code: no_identifier}\nchange:\n  - {set: userId, to: u9}\n",
        "desk.yaml",
    )
    assert shop.quarantine.fix_many(rule).passing == 1
    assert shop.quarantine.replay(Which()).replayed == 1
    assert shop.ingest().events == 1
    before = facts(shop)
    assert len(before["facts"]) == 30
    shop.rebuild()
    assert facts(shop) == before
