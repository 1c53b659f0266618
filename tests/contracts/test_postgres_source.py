"""A query of a real PostgreSQL: everything once, whatever commits late, and nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.clock import Clock
from tests.postgres import Server, running

from tailorbird.app import Tailorbird
from tailorbird.errors import SourceError
from tailorbird.schema import HOUR, MINUTE, Names

READER = "postgresql://reader:${{ERP_PASSWORD}}@127.0.0.1:{}/postgres"
NOW = 1_760_000_000_000_000
"""2025-10-09T08:53:20Z."""
SCHEMA = """
CREATE TABLE customers (id int PRIMARY KEY, email text, city text, newsletter boolean,
    changed timestamptz NOT NULL);
CREATE TABLE orders (id int, customer int, placed timestamptz, item text, pieces int,
    price numeric(12,2), changed timestamptz NOT NULL, PRIMARY KEY (id, item));
CREATE TABLE shelf (item text, place text, pieces int, PRIMARY KEY (item, place));
CREATE ROLE reader LOGIN PASSWORD 'hunter2';
GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader;
"""
ORDERS = """
mapping: erp_orders
columns:
  id: {type: id}
  customer: {type: id}
  placed: {type: time}
  item: {type: id}
  pieces: {type: integer}
  price: {type: decimal}
currency: EUR
customers: {id: customer, prefix: "erp:"}
orders: {id: id, time: placed, product: item, quantity: pieces, price: price}
products: {id: item, price: price, time: placed}
"""
PEOPLE = """
mapping: erp_people
columns:
  id: {type: id}
  email: {}
  city: {}
  newsletter: {type: boolean}
  changed: {type: time}
customers: {id: id, prefix: "erp:", time: changed, traits: {email: email, city: city},
  consent: {email_marketing: newsletter}}
"""
STOCK = """
mapping: erp_stock
columns: {item: {type: id}, stock: {type: integer}}
products: {id: item, stock: stock}
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as made:
        made.run(*filter(str.strip, SCHEMA.split(";")))
        yield made


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def erp(server: Server, tmp_path: Path, clock: Clock) -> Iterator[Tailorbird]:
    server.run("TRUNCATE customers, orders, shelf")
    environment = {"ERP_PASSWORD": "hunter2"}
    with Tailorbird.open(tmp_path / "data", clock=clock, environment=environment) as tb:
        for mapping in (ORDERS, PEOPLE, STOCK):
            tb.sources.put(mapping, "mapping.yaml")
        yield tb


def source(server: Server, name: str, query: str, *more: str) -> str:
    lines = [
        f"source: {name}", "kind: sql", "database: postgresql",
        f"uri: {READER.format(server.port)}",
        f"query: {query}", f"mapping: erp_{name}", "every: 15m", *more,
    ]  # fmt: skip
    return "\n".join(lines)


ALL_ORDERS = "select * from orders"


def counted(tb: Tailorbird, event: str = Names.PURCHASE) -> tuple[int, int]:
    tb.ingest()
    sql = "SELECT count(*) AS n, coalesce(sum(value_minor), 0) AS v FROM facts WHERE event = ?"
    row = tb.world.facts.read(sql, (event,)).to_pylist()[0]
    return row["n"], int(row["v"])


def orders(first: int, last: int, changed: str) -> str:
    return (
        "INSERT INTO orders SELECT i, i % 100, '2025-10-01 10:00+00', item, 2, 1.50,"
        f" {changed} FROM generate_series({first}, {last}) AS i, (VALUES ('A'), ('B')) AS x(item)"
    )


def test_new_rows_come_by_their_cursor_and_what_commits_late_is_not_lost(
    server: Server, erp: Tailorbird, clock: Clock
) -> None:
    server.run(orders(1, 12_000, "'2025-10-09 08:00+00'::timestamptz + i * interval '0.25 s'"))
    erp.sources.put(source(server, "orders", ALL_ORDERS, "cursor: changed"), "s.yaml")
    (outcome,) = erp.sources.run_due()
    assert outcome.reports[0].lines == 24_000
    assert counted(erp) == (12_000, 12_000 * 600)
    assert erp.sources.statuses()[0].cursor == "2025-10-09T08:50:00+00:00"

    # A transaction that began before the last run, and commits after it.
    with server.connect() as late, late.cursor() as cursor:
        cursor.execute(orders(12_001, 12_010, "'2025-10-09 08:49:30+00'"))
        server.run(orders(12_011, 12_020, "'2025-10-09 08:52+00'"))
        clock.now += 15 * MINUTE
        assert erp.sources.run_due()[0].reports[0].appended == 10
        late.commit()
    clock.now += 15 * MINUTE
    (outcome,) = erp.sources.run_due()
    assert counted(erp) == (12_020, 12_020 * 600)
    assert outcome.reports[0].lines < 10_000  # the overlap, not everything
    before = erp.world.log.end()
    clock.now += 15 * MINUTE
    assert erp.sources.run_due()[0].reports[0].appended == 0
    assert erp.world.log.end() == before


def test_a_date_in_the_future_does_not_end_the_sync(
    server: Server, erp: Tailorbird, clock: Clock
) -> None:
    server.run(orders(1, 1, "'2099-01-01'"))
    erp.sources.put(source(server, "orders", ALL_ORDERS, "cursor: changed"), "s.yaml")
    erp.sources.run_due()
    server.run(orders(2, 2, "'2025-10-09 08:53+00'"))
    clock.now += HOUR
    erp.sources.run_due()
    assert counted(erp) == (2, 1200)


def test_people_and_their_consent_follow_the_database(
    server: Server, erp: Tailorbird, clock: Clock
) -> None:
    server.run(
        "INSERT INTO customers VALUES (7, 'ann@shop.example', 'Cork', true, '2025-10-01 10:00+00'),"
        " (8, 'ben@shop.example', NULL, NULL, '2025-10-01 10:00+00')"
    )
    erp.sources.put(source(server, "people", "table customers", "cursor: changed"), "s.yaml")
    erp.sources.run_due()
    server.run(
        "UPDATE customers SET city='Galway', newsletter=false, changed='2025-10-08' WHERE id=7"
    )
    clock.now += 15 * MINUTE
    erp.sources.run_due()
    erp.ingest()
    person = erp.person("erp:7")
    assert erp.person("ann@shop.example") == person
    assert erp.world.people.profiles([person])[person].traits["city"] == "Galway"
    assert "email_marketing" in erp.world.people.consent_states([person])[person].withdrawn
    assert erp.world.people.count() == 2


def test_stock_follows_the_database_there_and_back(
    server: Server, erp: Tailorbird, clock: Clock
) -> None:
    query = "select item, sum(pieces) as stock from shelf group by item"
    erp.sources.put(source(server, "stock", query), "s.yaml")
    server.run("INSERT INTO shelf VALUES ('A', 'x', 3), ('A', 'y', 2), ('B', 'x', 1)")
    for pieces, told in [(3, 2), (3, 0), (0, 1), (3, 1)]:
        server.run(f"UPDATE shelf SET pieces = {pieces} WHERE item = 'A' AND place = 'x'")
        (outcome,) = erp.sources.run_due()
        assert outcome.reports[0].appended == told
        erp.ingest()
        assert erp.world.facts.products(["A"])["A"].stock == pieces + 2
        clock.now += 15 * MINUTE


def test_a_source_can_write_nothing_and_shows_no_password(
    server: Server, erp: Tailorbird, clock: Clock
) -> None:
    server.run("GRANT ALL ON shelf TO reader")
    for query in (
        "with gone as (delete from shelf returning *) select item, 1 as stock from gone",
        "select item, 1 as stock from shelf) as s; delete from shelf; --",
        "select item, 1 as stock from nothing",
    ):
        erp.sources.put(source(server, "stock", f'"{query}"'), "s.yaml")
        with pytest.raises(SourceError, match="stock: the database says: ") as caught:
            erp.sources.run("stock")
        assert "hunter2" not in caught.value.sentence()
    erp.sources.put(source(server, "stock", ALL_ORDERS).replace("127.0.0.1", "127.0.0.2"), "s.yaml")
    with pytest.raises(SourceError) as caught:
        erp.sources.run("stock")
    assert "hunter2" not in caught.value.sentence()
    assert "hunter2" not in str(erp.sources.statuses())
    clock.now += HOUR
    assert server_rows(server, "shelf") == 0


def server_rows(server: Server, table: str) -> int:
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return int(cursor.fetchone()[0])
