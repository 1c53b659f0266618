"""The mapping language, and what it says about mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tailorbird.collect.mapping import find_mapping, load, parse, shipped
from tailorbird.errors import DefinitionError

GOOD = """\
mapping: mine
columns:
  order: {from: [Order No], type: id}
  time: {type: time, formats: ["%d.%m.%Y"], zone: Europe/Berlin}
  price: {type: decimal, decimal: ","}
  who: {type: id, optional: true}
orders:
  id: order
  time: time
  price: price
customers:
  id: who
"""


def complaint(text: str) -> str:
    with pytest.raises(DefinitionError) as caught:
        parse(text, "mine.yaml")
    return str(caught.value)


def test_a_mapping_says_what_it_is() -> None:
    mapping = parse(GOOD, "mine.yaml")
    assert mapping.name == "mine"
    assert mapping.column("time").zone == "Europe/Berlin"
    assert mapping.orders is not None
    assert mapping.orders.price == "price"


def test_what_makes_an_order_must_be_there() -> None:
    required = {column.name for column in parse(GOOD, "mine.yaml").columns if column.required}
    assert required == {"order", "time"}


@pytest.mark.parametrize(
    ("change", "to", "message"),
    [
        (
            "type: id}",
            "typ: id}",
            "mine.yaml:3: column order has no key 'typ'; did you mean 'type'?",
        ),
        ("type: time", "type: tme", "mine.yaml:4: a type cannot be 'tme'; did you mean 'time'?"),
        ("Europe/Berlin", "Berlin", "mine.yaml:4: there is no zone 'Berlin'; write UTC or "),
        ("id: order", "id: ordr", "mine.yaml:8: a column cannot be 'ordr'; did you mean 'order'?"),
        ("  price: price\n", "", "mine.yaml:8: an order has no value; give a price column, or a "),
        ("price: price", "price: who", "mine.yaml:10: column who is of type id; say type: decimal"),
        ("id: who", "id: price", "mine.yaml:12: column price is of type decimal; say type: id"),
        ("customers:\n  id: who", "other: 1", "mine.yaml:11: a mapping has no key 'other'; "),
        ("optional: true", "optional: 3", "mine.yaml:6: optional is '3'; write true or "),
        ("mapping: mine\n", "", "mine.yaml:1: a mapping needs 'mapping'; add `mapping:`"),
        ("columns:", "columns: [", "mine.yaml:4: not valid YAML: "),
        ("  time: time", "  id: order", "mine.yaml:9: 'id' is there twice; keep one of them"),
        ("mapping: mine", "mapping: *x", "mine.yaml: it uses a YAML alias (*); write it out"),
    ],
)
def test_a_mistake_is_shown_with_its_line_and_its_mend(change: str, to: str, message: str) -> None:
    assert change in GOOD
    assert complaint(GOOD.replace(change, to)).startswith(message)


@pytest.mark.parametrize(
    ("refuse", "message"),
    [
        ("{reason: x}", "a refusal needs 'when'; add `when:`"),
        ("{when: {column: price}, reason: x}", "a condition has one test; add one of above, "),
        ("{when: {column: price, below: x}, reason: x}", "below is no number: 'x'; write a number"),
        ("{when: {column: who, below: 1}, reason: x}", "column who is no number; say type: "),
        ("{when: {column: price, matches: x}, reason: x}", "column price is no text; "),
        ("{when: {column: who, matches: '['}, reason: x}", "'[' is no regular expression: "),
        ("{when: {column: time, equals: 1}, reason: x}", "a time can only be present; "),
        ("{when: {column: who, matchs: x}, reason: x}", "a condition has no key 'matchs'; did you"),
    ],
)
def test_a_condition_that_cannot_be_is_shown(refuse: str, message: str) -> None:
    assert complaint(f"{GOOD}refuse: {refuse}\n").startswith(f"mine.yaml:13: {message}")


@pytest.mark.parametrize("text", ["", "- 1", "3", "a: &x [*x]", "\x00", "{" * 1100])
def test_no_text_is_a_stack_trace(text: str) -> None:
    assert complaint(text).startswith("mine.yaml")


def test_a_mapping_that_is_not_there_names_the_shipped_ones(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match="generic_orders, online_retail"):
        load(tmp_path / "none.yaml")


def test_the_shipped_mapping_is_found_by_the_columns_of_the_file() -> None:
    capitals = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
    snake = "invoice_no,stock_code,description,quantity,invoice_date,unit_price,customer_id,country"
    second = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country"
    for header in (capitals, snake, second):
        assert find_mapping(header.split(",")) == "online_retail"
    assert find_mapping(["Order ID", "Date", "SKU", "Qty", "Price"]) == "generic_orders"
    assert find_mapping(["name", "phone"]) is None


def test_every_shipped_mapping_says_what_it_is_for() -> None:
    assert set(shipped()) == {"generic_orders", "online_retail", "sap_stock"}
    assert all(mapping.about for mapping in shipped().values())
