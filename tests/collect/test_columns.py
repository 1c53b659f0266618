"""Files of events go into the log as columns, and say there what they would say row by row."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tailorbird.collect import columns
from tailorbird.collect.mapping import parse
from tailorbird.collect.mapping_schema import Mapping
from tailorbird.collect.sources import columns as by_column
from tailorbird.collect.sources.rows import Table
from tailorbird.schema import Event, Names

START = datetime(2025, 3, 1, tzinfo=UTC)
COLUMNS = """\
mapping: analytics
columns:
  at: {from: [time], type: time}
  what: {from: [event]}
  who: {from: [customer], type: id}
  sku: {from: [product_id], type: id, optional: true, case: upper}
  price: {type: decimal, optional: true}
  quantity: {type: integer, optional: true}
  vip: {type: boolean, optional: true}
  seen: {type: time, optional: true}
  page: {optional: true}
missing: [NULL]
"""
EVENTS = """\
customers: {id: who, time: at}
refuse:
  - {when: {column: price, below: 0}, reason: negative price}
events:
  name_column: what
  time: at
  properties: {product_id: sku, price: price, quantity: quantity, vip: vip, seen: seen, page: page}
"""
MAPPING = parse(COLUMNS + EVENTS, "analytics.yaml")
FITS = by_column.fits


def never(_table: Table, _mapping: Mapping) -> bool:
    """Stand for `fits` where everything shall go row by row."""
    return False


@pytest.fixture
def chunks_of_eight(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a body hold eight events, so that small files have several."""
    monkeypatch.setattr(by_column, "ROWS", 8)


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Return a maker of Parquet files."""

    def write_rows(rows: int, **columns_of: Any) -> Path:
        told = {
            "time": pa.array([START + timedelta(minutes=n) for n in range(rows)]),
            "event": ["Page Viewed", "Product Viewed"] * (rows // 2) + ["Page Viewed"] * (rows % 2),
            "customer": [f"u{n % 3}" for n in range(rows)],
        }
        path = tmp_path / "events.parquet"
        pq.write_table(pa.table(told | columns_of), path)
        return path

    return write_rows


def both(
    importing: Any, path: Path, monkeypatch: pytest.MonkeyPatch, mapping: Mapping = MAPPING
) -> tuple[Any, Any, list[Event], list[Event]]:
    """Import by column and by row; return the reports and the events, but for their places."""
    reports, events = [], []
    for fits in (FITS, never):
        monkeypatch.setattr(by_column, "fits", fits)
        importing.log.bodies.clear()
        importing.log.kept.clear()
        report = importing(path, mapping)
        reports.append(msgspec.structs.replace(report, seconds=0.0))
        assert is_columnar(importing) == (fits is FITS)
        assert importing.log.decoded().refused == []
        told = importing.log.decoded().events
        people = [event for event in told if event.name == Names.IDENTIFY]
        others = [event for event in told if event.name != Names.IDENTIFY]
        events.append([msgspec.structs.replace(e, position=0) for e in [*people, *others]])
    return reports[0], reports[1], events[0], events[1]


def is_columnar(importing: Any) -> bool:
    return any(columns.is_columnar(body) for body in importing.log.bodies)


@pytest.mark.usefixtures("chunks_of_eight")
def test_a_file_says_the_same_by_column_and_by_row(
    importing: Any, write: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = 30
    path = write(
        rows,
        product_id=["p-1", " P-2", "17.0", None, "NULL", "Ü 3"] * 5,
        price=[1.25, 0.1 + 0.2, None, 1e-7, 3.0, 12345.678901] * 5,
        quantity=pa.array([1, 2, None, 3, 10**12, 0] * 5, pa.int64()),
        vip=[True, None, False] * 10,
        seen=pa.array([START.replace(tzinfo=None)] * rows, pa.timestamp("ms")),
        page=["/a", "ann@shop.example", "", "  two  words ", "x" * 90, None] * 5,
    )
    column_report, row_report, by_columns, by_rows = both(importing, path, monkeypatch)
    assert column_report == row_report
    assert column_report.taken == rows
    assert by_columns == by_rows


@pytest.mark.parametrize(
    "cells",
    [
        pa.array(["1.50", "2", "", "3.25"] * 5),
        pa.array([Decimal("1.5000"), None] * 10, pa.decimal128(12, 4)),
        pa.array([1, 2, 3, None] * 5, pa.int16()),
        pa.array([1.5, 0.1, None, 1e8] * 5, pa.float32()),
        pa.array(["1.50", "2"] * 10).dictionary_encode(),
    ],
    ids=["text", "decimal", "integer", "float32", "dictionary"],
)
def test_a_price_may_be_of_any_type(
    importing: Any, write: Any, monkeypatch: pytest.MonkeyPatch, cells: pa.Array
) -> None:
    path = write(20, price=cells, product_id=["P"] * 20)
    column_report, row_report, by_columns, by_rows = both(importing, path, monkeypatch)
    assert column_report == row_report
    assert by_columns == by_rows


@pytest.mark.usefixtures("chunks_of_eight")
def test_a_file_out_of_order_is_told_in_the_order_of_time(
    importing: Any, write: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    minutes = [(n * 7) % 20 for n in range(20)]
    path = write(20, time=pa.array([START + timedelta(minutes=n) for n in minutes]))
    _, _, by_columns, by_rows = both(importing, path, monkeypatch)
    assert by_columns == by_rows
    at = [event.at for event in by_columns if event.name != Names.IDENTIFY]
    assert at == sorted(at)


@pytest.mark.usefixtures("chunks_of_eight")
def test_refused_and_repeated_rows_are_written_as_ever(
    importing: Any, write: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    price: list[float | None] = [1.0, -2.0, 1.0, None] * 5
    times: list[datetime | None] = [START + timedelta(minutes=n // 4) for n in range(20)]
    times[4] = None
    times[5] = datetime(1980, 1, 1, tzinfo=UTC)
    customers = ["u1", "u1", "u1", "u2"] * 5
    path = write(20, time=pa.array(times), price=price, customer=customers, event=["seen"] * 20)
    errors = []
    reports = both(importing, path, monkeypatch)[:2]
    for fits in (FITS, never):
        monkeypatch.setattr(by_column, "fits", fits)
        importing.log.kept.clear()
        importing(path, MAPPING)
        with importing.errors.open(encoding="utf-8", newline="") as file:
            errors.append(list(csv.DictReader(file)))
    assert reports[0] == reports[1]
    assert reports[0].refused
    assert reports[0].duplicates == 4
    assert errors[0] == errors[1]


@pytest.mark.usefixtures("chunks_of_eight")
def test_rows_of_one_instant_are_repeats_across_chunks(
    importing: Any, write: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(40, time=pa.array([START] * 40), customer=["u1"] * 40)
    column_report, row_report, by_columns, by_rows = both(importing, path, monkeypatch)
    assert (column_report.taken, column_report.duplicates) == (2, 38)
    assert column_report == row_report
    assert by_columns == by_rows


@pytest.mark.usefixtures("chunks_of_eight")
def test_a_killed_import_goes_on_where_the_log_ends(importing: Any, write: Any) -> None:
    path = write(40)
    importing.log.appends_left = 2
    with pytest.raises(KeyboardInterrupt):
        importing(path, MAPPING)
    importing.log.appends_left = None
    report = importing(path, MAPPING)
    assert 0 < report.appended < report.events
    ids = [event.message_id for event in importing.log.decoded().events]
    assert len(ids) == len(set(ids)) == report.events
    assert importing(path, MAPPING).appended == 0


def test_a_dry_run_finds_all_and_writes_nothing(importing: Any, write: Any) -> None:
    report = importing(write(10), MAPPING, dry_run=True)
    assert (report.taken, report.customers, report.appended) == (10, 3, 0)
    assert importing.log.bodies == []


@pytest.mark.parametrize(
    "mapping",
    [
        COLUMNS + EVENTS.replace("time: at}", "time: at, traits: {vip: vip}}"),
        COLUMNS + EVENTS + "products: {id: sku, price: price}\n",
        COLUMNS.replace("type: time}", "type: time, formats: ['%Y']}") + EVENTS,
    ],
    ids=["traits", "products", "formats"],
)
def test_what_takes_the_whole_file_to_say_is_told_row_by_row(
    importing: Any, write: Any, mapping: str
) -> None:
    importing(write(10, vip=[True] * 10, product_id=["p"] * 10), parse(mapping, "m.yaml"))
    assert not is_columnar(importing)


def test_columns_of_strangers_are_no_columns(importing: Any, write: Any, decoding: Any) -> None:
    importing(write(10), MAPPING)
    (body,) = [body for body in importing.log.bodies if columns.is_columnar(body)]
    assert len(decoding(body.content, "import").events) == 10
    for source in ("web:key", "server:key", "shopify"):
        decoded = decoding(body.content, source)
        assert (decoded.events, [each.code for each in decoded.refused]) == ([], ["bad_body"])


def test_a_damaged_body_is_held_whole(importing: Any, write: Any, decoding: Any) -> None:
    importing(write(10), MAPPING)
    (body,) = [body for body in importing.log.bodies if columns.is_columnar(body)]
    for damaged in (body.content[:-40], columns.MAGIC, columns.MAGIC + b"nothing"):
        decoded = decoding(damaged, "import")
        assert (decoded.events, [each.code for each in decoded.refused]) == ([], ["bad_body"])
