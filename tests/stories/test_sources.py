"""What a team has, in files and databases, comes in by itself, once, and says how it stands."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable, Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest
from tests.clock import Clock

from tailorbird.app import Tailorbird
from tailorbird.collect.sources.runs import alone
from tailorbird.errors import DefinitionError, SettingsError, SourceError, UsageError
from tailorbird.schema import DAY, HOUR, MINUTE, SECOND, Names
from tailorbird.web.serve import site

NOW = 1_760_000_000_000_000
HEADER = "order_id,order_date,customer_id,email,product_id,quantity,unit_price,currency,status"
SOURCE = """\
source: till
kind: file
path: {path}
mapping: generic_orders
every: 15m
"""


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def tb(tmp_path: Path, clock: Clock) -> Iterator[Tailorbird]:
    environment = {"TILLS": str(tmp_path / "tills"), "DB_PASSWORD": "hunter2"}
    (tmp_path / "tills").mkdir()
    with Tailorbird.open(tmp_path / "data", clock=clock, environment=environment) as opened:
        yield opened


def order(number: int, *, price: str = "5.00", customer: str = "17") -> str:
    who = f"{customer},c{customer}@shop.example"
    return f"{number},2025-03-01T09:30:00Z,{who},MUG-1,2,{price},EUR,paid"


def write(path: Path, *rows: str, at: int = 1_750_000_000) -> Path:
    path.write_text("\n".join([HEADER, *rows]) + "\n")
    os.utime(path, (at, at))
    return path


def facts(tb: Tailorbird, event: str = Names.PURCHASE) -> tuple[int, int]:
    """Return (events, value) of an event."""
    tb.ingest()
    sql = "SELECT count(*) AS n, coalesce(sum(value_minor), 0) AS v FROM facts WHERE event = ?"
    row = tb.world.facts.read(sql, (event,)).to_pylist()[0]
    return row["n"], int(row["v"])


def test_new_files_of_a_folder_are_read_by_schedule_and_once(
    tb: Tailorbird, tmp_path: Path, clock: Clock
) -> None:
    tills = tmp_path / "tills"
    write(tills / "1.csv", order(1), order(2))
    tb.sources.put(SOURCE.format(path="${TILLS}/*.csv"), "till.yaml")
    assert [outcome.source for outcome in tb.sources.run_due()] == ["till"]
    assert facts(tb) == (2, 2000)
    assert tb.sources.run_due() == []  # not due
    write(tills / "2.csv", order(3))
    (tills / "3.csv.part").write_text("half a file")
    clock.now += 15 * MINUTE
    (outcome,) = tb.sources.run_due()
    assert (len(outcome.reports), outcome.unchanged) == (1, 1)
    assert facts(tb) == (3, 3000)
    (status,) = tb.sources.statuses()
    assert (status.standing.files, status.standing.lines, status.standing.appended) == (1, 1, 3)
    assert status.due_at == clock.now + 15 * MINUTE


def test_a_file_that_changes_is_read_again_and_counts_nothing_twice(
    tb: Tailorbird, tmp_path: Path, clock: Clock
) -> None:
    file = write(tmp_path / "tills" / "1.csv", order(1))
    tb.sources.put(SOURCE.format(path=tmp_path / "tills"), "till.yaml")
    tb.sources.run("till")
    write(file, order(1), order(2), at=1_750_000_100)
    tb.sources.run("till")
    assert facts(tb) == (2, 2000)
    os.utime(file, (1_750_000_200, 1_750_000_200))  # touched, not changed
    before = tb.world.log.end()
    assert tb.sources.run("till").reports == ()
    tb.sources.run("till", again=True)
    assert facts(tb) == (2, 2000)
    assert tb.world.log.end() > before


def test_one_broken_file_keeps_no_other_waiting_and_is_tried_again(
    tb: Tailorbird, tmp_path: Path, clock: Clock
) -> None:
    tills = tmp_path / "tills"
    (tills / "1.csv").write_text("a,b\n1,2\n")
    write(tills / "2.csv", order(2), order(3, price="free"))
    tb.sources.put(SOURCE.format(path=f"{tills}/*"), "till.yaml")
    (outcome,) = tb.sources.run_due()
    assert len(outcome.errors) == 1
    assert "the file has no column" in outcome.errors[0]
    assert facts(tb) == (1, 1000)
    (refused,) = (tb.world.folder / "sources" / "refused").glob("till-2.csv-*.csv")
    assert "unit_price is no number" in refused.read_text()
    standing = tb.sources.statuses()[0].standing
    assert (standing.failures, standing.refused) == (1, 1)
    write(tills / "1.csv", order(1), at=1_750_000_300)
    clock.now += MINUTE
    tb.sources.run_due()
    assert facts(tb) == (2, 2000)
    assert tb.sources.statuses()[0].standing.error == ""


def test_a_source_that_cannot_be_parsed_hides_no_other(
    tb: Tailorbird, tmp_path: Path, clock: Clock
) -> None:
    write(tmp_path / "tills" / "1.csv", order(1))
    tb.sources.put(SOURCE.format(path=f"{tmp_path}/tills/*"), "till.yaml")
    # As an older version kept it.
    text = "source: old\nkind: fax\n"
    tb.world.definitions.put("source", "old", text, author="", reason="", now=clock.now)
    old, till = tb.sources.statuses()
    assert (old.kind, old.due_at) == ("unreadable", None)
    assert "old.yaml:2" in old.standing.error
    assert (till.kind, len(tb.sources.run_due()), tb.sources.queues()) == ("file", 1, [])
    with pytest.raises(DefinitionError, match=r"old\.yaml:2"):
        tb.sources.run("old")


def test_a_failing_source_waits_twice_as_long_each_time(tb: Tailorbird, clock: Clock) -> None:
    text = "source: erp\nkind: sql\ndatabase: sqlite\nuri: nowhere.sqlite\nquery: select 1\n"
    tb.sources.put(text + "mapping: generic_orders\nevery: 1m\n", "erp.yaml")
    waits = []
    for _ in range(11):
        tb.sources.run_due()
        (status,) = tb.sources.statuses()
        assert "the database says: unable to open database file" in status.standing.error
        assert status.due_at is not None
        waits.append((status.due_at - clock.now) // MINUTE)
        clock.now = status.due_at
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360]
    clock.now += SECOND
    tb.sources.put(text + "mapping: generic_orders\nevery: 2m\n", "erp.yaml")
    assert tb.sources.statuses()[0].due_at == clock.now  # mended: at once


def test_a_source_is_read_at_its_time_of_day_in_the_zone_of_the_shop(
    tmp_path: Path, clock: Clock
) -> None:
    environment = {"TAILORBIRD_SHOP__ZONE": "Europe/Berlin"}
    with Tailorbird.open(tmp_path / "data", clock=clock, environment=environment) as tb:
        text = f'source: nightly\nkind: file\npath: {tmp_path}\nat: ["03:00", "15:30"]\n'
        tb.sources.put(text, "nightly.yaml")
        dues = []
        for _ in range(4):
            due_at = tb.sources.statuses()[0].due_at
            assert due_at is not None
            dues.append((due_at - NOW // DAY * DAY) / HOUR)
            clock.now = due_at
            assert len(tb.sources.run_due()) == 1
            assert tb.sources.run_due() == []
    assert dues == [13.5, 25.0, 37.5, 49.0]  # 15:30 and 03:00 in Berlin, in summer


def test_sources_are_read_one_at_a_time(tb: Tailorbird, tmp_path: Path) -> None:
    write(tmp_path / "tills" / "1.csv", order(1))
    tb.sources.put(SOURCE.format(path=tmp_path / "tills"), "till.yaml")
    with alone(tb.world.folder) as nobody_else:
        assert nobody_else
        assert tb.sources.run_due() == []
        with pytest.raises(UsageError, match="being read at this moment"):
            tb.sources.run("till")
    assert len(tb.sources.run_due()) == 1


def test_a_server_that_ends_leaves_a_run_where_it_is(
    tb: Tailorbird, tmp_path: Path, clock: Clock
) -> None:
    write(tmp_path / "tills" / "1.csv", *map(order, range(1, 5_000)))
    tb.sources.put(SOURCE.format(path=tmp_path / "tills"), "till.yaml")
    asked = iter([False] * 2)
    assert tb.sources.run_due(lambda: next(asked, True)) == []
    landed = tb.world.log.end()
    assert landed
    assert tb.sources.statuses()[0].standing.failures == 0
    assert len(tb.sources.run_due()) == 1  # at once
    assert facts(tb)[0] == 4_999
    assert tb.world.log.end() > landed


def test_a_running_server_reads_what_is_due(tb: Tailorbird, tmp_path: Path) -> None:
    write(tmp_path / "tills" / "1.csv", order(1))
    tb.sources.put(SOURCE.format(path=tmp_path / "tills"), "till.yaml")

    async def serve() -> None:
        told: list[str] = []

        async def receive() -> dict[str, str]:
            if not told:
                return {"type": "lifespan.startup"}
            while not tb.sources.statuses()[0].standing.succeeded_at:
                await asyncio.sleep(0)
            return {"type": "lifespan.shutdown"}

        async def send(message: MutableMapping[str, Any]) -> None:
            told.append(message["type"])

        await site(tb)({"type": "lifespan", "asgi": {"version": "3.0"}}, receive, send)
        assert told == ["lifespan.startup.complete", "lifespan.shutdown.complete"]

    asyncio.run(serve())
    assert facts(tb) == (1, 1000)


# -- what has no time of its own ----------------------------------------------------------------


STOCK = """
mapping: shelf
columns: {item: {type: id}, stock: {type: integer}}
products: {id: item, stock: stock}
"""


def test_stock_that_goes_there_and_back_is_followed(
    tb: Tailorbird, tmp_path: Path, clock: Clock
) -> None:
    file = tmp_path / "tills" / "stock.json"
    tb.sources.put(STOCK, "shelf.yaml")
    tb.sources.put(
        f"source: shelf\nkind: file\npath: {file}\nmapping: shelf\nevery: 1h\n", "s.yaml"
    )
    for hour, stock in enumerate([5, 0, 5, 7]):
        file.write_text(f'[{{"item": "A", "stock": {stock}}}]')
        at = clock.now // SECOND - 60
        os.utime(file, (at, at))
        assert len(tb.sources.run_due()) == 1, hour
        tb.ingest()
        product = tb.world.facts.products(["A"])["A"]
        assert (product.stock, product.updated_at) == (stock, at * SECOND)
        clock.now += HOUR


PEOPLE = """
mapping: crm
columns:
  id: {type: id}
  city: {optional: true}
  newsletter: {type: boolean, optional: true}
  blocked: {type: boolean, optional: true}
customers: {id: id, prefix: "crm:", traits: {city: city}, consent: {email_marketing: newsletter},
  withdrawn: {email_marketing: blocked}}
"""


def test_a_list_grants_a_consent_once_and_takes_it_back_whenever_it_says_so(
    tb: Tailorbird, tmp_path: Path, clock: Clock
) -> None:
    file = tmp_path / "tills" / "crm.jsonl"
    tb.sources.put(PEOPLE, "crm.yaml")
    tb.sources.put(f"source: crm\nkind: file\npath: {file}\nmapping: crm\nevery: 1d\n", "s.yaml")
    said = ['"newsletter":true', '"blocked":true', '"newsletter":true', '"city":"Cork"']
    states = []
    for day, words in enumerate([*said, '"blocked":true', '"newsletter":true,"city":"Ulm"']):
        file.write_text(f'{{"id": 1, {words}}}\n')
        os.utime(file, (1_750_000_000 + day, 1_750_000_000 + day))
        tb.sources.run_due()
        tb.ingest()
        person = tb.person("crm:1")
        states.append("email_marketing" in tb.world.people.consent_states([person])[person].granted)
        clock.now += DAY
    # A stale list must not bring back what somebody has taken back elsewhere.
    assert states == [True, False, False, False, False, False]


@pytest.mark.parametrize(
    ("brings", "kept"),
    [("stock", ("", 5)), ("products", ("Mug", None)), ("stock, products", ("Mug", 5))],
)
def test_a_list_of_stock_need_not_tell_the_rest_of_the_catalogue(
    tb: Tailorbird, tmp_path: Path, brings: str, kept: tuple[str, int | None]
) -> None:
    (tmp_path / "tills" / "stock.csv").write_text("item,name,stock\nA,Mug,5\n")
    tb.sources.put(
        "mapping: shelf\ncolumns: {item: {type: id}, name: {}, stock: {type: integer}}\n"
        "products: {id: item, name: name, stock: stock}\n",
        "shelf.yaml",
    )
    text = f"source: s\nkind: file\npath: {tmp_path}/tills\nmapping: shelf\nbrings: [{brings}]\n"
    tb.sources.put(text, "s.yaml")
    tb.sources.run("s")
    tb.ingest()
    product = tb.world.facts.products(["A"])["A"]
    assert (product.name, product.stock) == kept


# -- definitions --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("source: X\nkind: file\npath: a\n", "s.yaml:1: 'X' is no name"),
        ("source: x\nkind: file\npath: a\nevery: '5'\n", "s.yaml:4: '5' is no time"),
        ("source: x\nkind: file\npath: a\nat: '25:00'\n", "s.yaml:4: '25:00' is no time of day"),
        ("source: x\nkind: file\npath: a\nevery: 1h\nat: '03:00'\n", "two schedules"),
        ("source: x\nkind: file\npth: a\n", "pth"),
        ("source: x\nkind: sql\ndatabase: sqlite\nuri: a\nquery: b\n", "needs a mapping"),
        (
            "source: x\nkind: sql\ndatabase: sqlite\nuri: a\nquery: b\nmapping: m\ncursor: a;b\n",
            "'a;b' is no column's name",
        ),
        (
            "source: x\nkind: sql\ndatabase: postgresql\nuri: postgresql://a:secret@b/c\n"
            "query: b\nmapping: m\n",
            "a password is written in it",
        ),
    ],
)
def test_a_wrong_source_names_its_line(tb: Tailorbird, text: str, message: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        tb.sources.put(text, "s.yaml")
    assert message in caught.value.sentence()
    assert "secret" not in caught.value.sentence()


def test_a_variable_that_is_not_set_is_named(tb: Tailorbird) -> None:
    tb.sources.put("source: x\nkind: file\npath: ${NOWHERE}/a.csv\n", "x.yaml")
    with pytest.raises(SettingsError, match=r"\$\{NOWHERE\} is not set"):
        tb.sources.run("x")
    assert tb.sources.statuses()[0].standing.failures == 1


def test_a_source_brings_only_what_it_says(tb: Tailorbird, tmp_path: Path) -> None:
    write(tmp_path / "tills" / "1.csv", order(1))
    text = SOURCE.format(path=tmp_path / "tills")
    tb.sources.put(text + "brings: [products]\nsystem: erp\n", "till.yaml")
    outcome = tb.sources.run("till")
    assert (outcome.reports[0].products, outcome.reports[0].orders) == (1, 0)
    assert facts(tb) == (0, 0)
    assert tb.world.people.count() == 0
    (record,) = tb.world.log.read(0, 10)
    assert record.body.source == "import:erp"
    tb.sources.put(text + "brings: [events]\n", "till.yaml")
    write(tmp_path / "tills" / "2.csv", order(2))
    assert "makes no events" in tb.sources.run("till").errors[0]


# -- object storage -----------------------------------------------------------------------------


def test_object_storage_is_read_like_a_folder(tb: Tailorbird, clock: Clock) -> None:
    import fsspec  # type: ignore[import-untyped] # it has no types

    memory = fsspec.filesystem("memory")
    rows = "\n".join([HEADER, order(1)])
    memory.pipe({"/bucket/day/1.csv": rows.encode(), "/bucket/day/.hidden": b"x"})
    tb.sources.put(SOURCE.format(path="memory://bucket/**/*"), "till.yaml")
    assert len(tb.sources.run("till").reports) == 1
    assert tb.sources.run("till").unchanged == 1
    memory.pipe("/bucket/2.csv", "\n".join([HEADER, order(2)]).encode())
    assert len(tb.sources.run("till").reports) == 1
    assert facts(tb) == (2, 2000)
    assert list((tb.world.folder / "sources" / ".downloads").iterdir()) == []
    memory.rm("/bucket", recursive=True)
    assert tb.sources.run("till").notes == ("no file is found at memory://bucket/**/*",)


@pytest.mark.parametrize("when", ["connecting", "listing"])
def test_what_a_file_system_complains_of_shows_no_secret(tb: Tailorbird, when: str) -> None:
    import fsspec

    class Broken(fsspec.AbstractFileSystem):  # type: ignore[misc] # it has no types
        protocol = "broken"
        cachable = False

        def __init__(self, password: str) -> None:
            super().__init__()
            self.password = password
            if when == "connecting":
                raise ConnectionError(f"{password} is wrong")

        def ls(self, path: str, detail: bool = True, **more: Any) -> list[str]:
            raise ConnectionError(f"{self.password} is wrong")

    fsspec.register_implementation("broken", Broken, clobber=True)
    text = SOURCE.format(path="broken://bucket/*.csv")
    tb.sources.put(f"{text}options: {{password: '${{DB_PASSWORD}}'}}\n", "till.yaml")
    with pytest.raises(SourceError, match=r"\*\*\*\*\*\* is wrong; check the URL") as caught:
        tb.sources.run("till")
    assert "hunter2" not in caught.value.sentence() + str(tb.sources.statuses())


def test_a_file_system_that_is_not_installed_is_named(tb: Tailorbird) -> None:
    tb.sources.put(SOURCE.format(path="gs://bucket/*.csv"), "till.yaml")
    with pytest.raises(UsageError, match="gcsfs"):
        tb.sources.run("till")
    tb.sources.put(SOURCE.format(path="nothing://bucket/*.csv"), "till.yaml")
    with pytest.raises(UsageError, match="Protocol not known: nothing"):
        tb.sources.run("till")


# -- databases that are files -------------------------------------------------------------------


ROWS = """
mapping: rows
columns:
  id: {type: id}
  at: {from: sold_at, type: time}
  who: {type: id}
  total: {type: decimal}
currency: EUR
customers: {id: who}
orders: {id: id, time: at, total: total}
"""


def sql_source(kind: str, path: Path, *more: str) -> str:
    if kind == "adbc":
        kind = "adbc\ndriver: adbc_driver_duckdb"
    head = f"source: erp\nkind: sql\ndatabase: {kind}\nuri: {path}\nmapping: rows\nevery: 15m\n"
    return head + "query: select * from sold;\ncursor: sold_at\n" + "\n".join(more)


class Sold:
    """A table of orders in a database file."""

    def __init__(self, connect: Callable[[str], Any], path: Path) -> None:
        self.connect = connect
        self.path = path
        self("CREATE TABLE sold (id INTEGER, sold_at TIMESTAMP, who TEXT, total DOUBLE)")

    def __call__(self, sql: str) -> None:
        connection = self.connect(str(self.path))
        connection.execute(sql)
        connection.commit()
        connection.close()

    def sell(self, *numbers: int, minute: int) -> None:
        for number in numbers:
            at = f"2025-10-08 10:{minute:02}:00"
            self(f"INSERT INTO sold VALUES ({number}, '{at}', 'w{number}', 2.5)")


@pytest.mark.parametrize("kind", ["sqlite", "duckdb", "adbc"])
def test_a_database_file_is_read_by_its_cursor(
    tb: Tailorbird, tmp_path: Path, clock: Clock, kind: str
) -> None:
    import duckdb

    path = tmp_path / f"erp.{kind}"
    sold = Sold(sqlite3.connect if kind == "sqlite" else duckdb.connect, path)
    sold.sell(1, 2, minute=10)
    tb.sources.put(ROWS, "rows.yaml")
    tb.sources.put(sql_source(kind, path), "erp.yaml")
    assert tb.sources.run("erp").reports[0].orders == 2
    sold.sell(3, minute=4)  # late, within the overlap of ten minutes
    sold.sell(4, minute=30)
    sold.sell(5, minute=50)
    sold("UPDATE sold SET sold_at = NULL WHERE id = 5")
    report = tb.sources.run("erp").reports[0]
    assert (report.orders, report.appended) == (4, 4)  # two orders, two people
    assert tb.sources.statuses()[0].cursor.replace("T", " ") == "2025-10-08 10:30:00"
    assert facts(tb) == (4, 1000)
    again = tb.sources.run("erp", again=True)
    assert again.notes == ("1 rows have no sold_at: it must be filled",)
    assert again.reports[0].refused == {"sold_at is empty": 1}
    assert facts(tb) == (4, 1000)


def test_a_query_cannot_write_to_a_database_file(tb: Tailorbird, tmp_path: Path) -> None:
    path = tmp_path / "erp.sqlite"
    sold = Sold(sqlite3.connect, path)
    sold.sell(1, minute=1)
    tb.sources.put(ROWS, "rows.yaml")
    text = sql_source("sqlite", path).replace("select * from sold;", "delete from sold returning *")
    tb.sources.put(text, "erp.yaml")
    with pytest.raises(SourceError, match="the database says"):
        tb.sources.run("erp")
    assert sqlite3.connect(path).execute("SELECT count(*) FROM sold").fetchone() == (1,)
