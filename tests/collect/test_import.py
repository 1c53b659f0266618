"""Files go into the log once, and what is refused says why."""

from __future__ import annotations

import csv
import gzip
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tailorbird.collect.choice import choose_mapping
from tailorbird.collect.mapping import parse
from tailorbird.errors import DefinitionError, SourceError, StoreError, TailorbirdError, UsageError
from tailorbird.schema import ConsentClaim, Event, Line, Names

HEADER = (
    "order_id,date,customer_id,email,country,sku,product_name,category,qty,price,currency,status,"
    "newsletter"
)
ORDERS = f"""\
{HEADER}
1001,2025-03-01T09:30:00Z,17.0,Ann@example.com,Ireland,MUG-1,Blue mug,kitchen,2,7.50,EUR,paid,yes
1001,2025-03-01T09:31:00Z,17.0,Ann@example.com,Ireland,BAG-4,Jute bag,bags,1,12.00,EUR,paid,yes
1003,2025-03-05T10:00:00Z,,,,MUG-1,Blue mug,kitchen,1,8.00,EUR,paid,
1002,2025-03-04T18:02:00Z,17.0,Ann@example.com,Germany,MUG-1,Blue mug,kitchen,1,7.50,EUR,refunded,
"""


def events_of(importing: Any, name: str) -> list[Event]:
    decoded = importing.log.decoded()
    assert decoded.refused == []
    return [event for event in decoded.events if event.name == name]


def refused_rows(importing: Any) -> list[dict[str, str]]:
    with importing.errors.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_lines_become_orders_returns_people_and_products(importing: Any) -> None:
    report = importing(ORDERS)
    assert (report.lines, report.taken, report.refused) == (4, 4, {})
    assert (report.orders, report.guest_orders, report.returns) == (3, 1, 1)
    assert (report.customers, report.products) == (1, 2)
    order, given_back, guest = events_of(importing, Names.PURCHASE)
    assert order.lines == (Line("MUG-1", "", "kitchen", 2, 750), Line("BAG-4", "", "bags", 1, 1200))
    assert (order.order_id, order.user_id, order.value_minor) == ("1001", "17", 2700)
    assert order.at == 1_740_821_400_000_000
    assert (guest.order_id, guest.user_id, guest.value_minor) == ("1003", "", 800)
    (back,) = events_of(importing, Names.RETURN)
    assert (back.order_id, back.value_minor, back.lines) == ("1002", 750, given_back.lines)


def test_an_order_may_come_back_in_part(importing: Any) -> None:
    importing(ORDERS.replace("12.00,EUR,paid", "12.00,EUR,returned"))
    orders, returns = (events_of(importing, name) for name in (Names.PURCHASE, Names.RETURN))
    worth = {event.order_id: event.value_minor for event in orders}
    assert worth == {"1001": 2700, "1002": 750, "1003": 800}
    assert {event.order_id: event.value_minor for event in returns} == {"1001": 1200, "1002": 750}


def test_returns_may_be_rows_of_their_own(importing: Any) -> None:
    mapping = parse(
        "mapping: m\ncolumns:\n  id: {}\n  at: {type: time}\n  sku: {type: id}\n"
        "  n: {type: integer}\n  price: {type: decimal}\n"
        "orders: {id: id, time: at, product: sku, quantity: n, price: price,"
        " returns: {column: n, below: 0}}\nproducts: {id: sku, price: price, time: at}\n",
        "m.yaml",
    )
    importing("id,at,sku,n,price\n1,2025-01-01,A,3,5\n1,2025-01-02,A,-1,4\n", mapping)
    (order,) = events_of(importing, Names.PURCHASE)
    (back,) = events_of(importing, Names.RETURN)
    assert (order.value_minor, order.quantity) == (1500, 3)
    assert (back.value_minor, back.quantity) == (400, 1)
    assert back.at > order.at
    (product,) = events_of(importing, Names.PRODUCT_UPDATED)
    assert product.lines[0].price_minor == 500


def test_what_is_said_of_people_changes_when_the_file_says_so(importing: Any) -> None:
    importing(ORDERS)
    first, second = events_of(importing, Names.IDENTIFY)
    assert (first.user_id, first.email) == ("17", "Ann@example.com")
    assert first.traits == {"country": "IE"}
    assert first.consents == (
        ConsentClaim("email_marketing", True, "", "import with mapping generic_orders"),
    )
    assert second.traits == {"country": "DE"}
    assert second.consents == ()


def test_the_catalogue_has_the_usual_name_and_the_latest_price(importing: Any) -> None:
    importing(ORDERS)
    products = {event.item: event for event in events_of(importing, Names.PRODUCT_UPDATED)}
    assert products["MUG-1"].lines == (Line("MUG-1", "Blue mug", "kitchen", 1, 800),)
    assert products["MUG-1"].currency == "EUR"


def test_the_log_holds_products_then_people_then_orders_by_time(importing: Any) -> None:
    importing(ORDERS)
    decoded = importing.log.decoded().events
    names = [event.name for event in decoded]
    assert names == [Names.PRODUCT_UPDATED] * 2 + [Names.IDENTIFY] * 2 + [
        Names.PURCHASE,
        Names.PURCHASE,
        Names.RETURN,
        Names.PURCHASE,
    ]


def test_refused_rows_are_written_with_reason_and_mend(importing: Any) -> None:
    bad = (
        "1004,soon,17,a@b.example,,MUG-1,,,1,1,EUR,paid,\n"
        "1005,2025-03-01,17,a@b.example,,MUG-1,,,two,1,EUR,paid,\n"
        "1006,2025-03-01,17,a@b.example,,MUG-1,,,1,-1,EUR,paid,\n"
        "1007,2035-03-01,17,a@b.example,,MUG-1,,,1,1,EUR,paid,\n"
        ",2025-03-01,17,a@b.example,,MUG-1,,,1,1,EUR,paid,\n"
        "1008,2025-03-01,17,a@b.example,,MUG-1,,,1,1,EUR\n"
    )
    report = importing(ORDERS + bad + ORDERS.splitlines()[1] + "\n")
    assert report.lines == 11 == report.taken + sum(report.refused.values()) + report.duplicates
    assert report.duplicates == 1
    assert [(row["line"], row["reason"]) for row in refused_rows(importing)] == [
        ("6", "order_date is no time in the formats of the mapping"),
        ("7", "quantity is no whole number"),
        ("8", "negative price"),
        ("9", "a time before 1990 or in the future"),
        ("10", "order_id is empty"),
        ("11", "11 cells where the header has 13"),
        ("12", "duplicate of line 2"),
    ]
    assert all(row["mend"] for row in refused_rows(importing))
    assert refused_rows(importing)[0]["date"] == "soon"
    assert report.errors_file == str(importing.errors)


def test_a_mended_file_leaves_no_error_file_behind(importing: Any) -> None:
    importing(ORDERS + "1004,soon,,,,M,,,1,1,,,\n")
    assert importing.errors.exists()
    assert importing(ORDERS).errors_file == ""
    assert not importing.errors.exists()


def test_mended_rows_can_be_imported_from_the_error_file(importing: Any) -> None:
    importing(ORDERS + "1004,soon,,,,MUG-1,,,1,1,,,\n")
    mended = importing.errors.read_text().replace("soon", "2025-03-07")
    importing.errors.write_text(mended)
    with pytest.raises(UsageError, match="would replace the file itself"):
        importing(importing.errors)
    report = importing(importing.errors, errors_to=importing.folder / "again.csv")
    assert (report.taken, report.orders, report.refused) == (1, 1, {})


def test_a_dry_run_writes_nothing(importing: Any) -> None:
    content = ORDERS + "1004,soon,,,,M,,,1,1,,,\n"
    report = importing(content, dry_run=True)
    assert importing.log.bodies == []
    assert importing.log.kept == {}
    assert sorted(path.name for path in importing.folder.iterdir()) == ["file.csv"]
    assert report.appended == 0
    real = importing(content)
    same = ("lines", "taken", "events", "orders", "returns", "customers", "products", "refused")
    assert [getattr(report, name) for name in same] == [getattr(real, name) for name in same]


def test_the_same_file_again_adds_nothing(importing: Any) -> None:
    assert importing(ORDERS).appended == 8
    before = list(importing.log.bodies)
    again = importing(ORDERS)
    assert (again.events, again.appended) == (8, 0)
    assert importing.log.bodies == before


def many_orders(count: int) -> str:
    rows = (
        f"{n},2025-03-{1 + n % 28:02d},{n % 40},,,SKU-{n % 90},Thing {n % 90},,1,{n % 7}.25,EUR,,\n"
        for n in range(count)
    )
    return f"{HEADER}\n{''.join(rows)}"


@pytest.mark.parametrize("appends", [0, 1, 2, 3])
def test_a_kill_at_any_append_and_the_same_call_again_add_everything_once(
    importing: Any, tmp_path: Path, appends: int
) -> None:
    content = many_orders(1000)
    importing(content, chunk=30)
    whole = list(importing.log.bodies)
    assert len(whole) > 8 * 4
    importing.log.__init__()
    importing.log.appends_left = appends
    with pytest.raises(KeyboardInterrupt):
        importing(content, chunk=30)
    assert len(importing.log.bodies) == 8 * appends
    importing.log.appends_left = None
    importing(content, chunk=30)
    assert importing.log.bodies == whole


def test_files_that_overlap_say_the_same_order_under_the_same_id(importing: Any) -> None:
    lines = many_orders(100).splitlines(keepends=True)
    importing("".join(lines[:80]))
    first = {event.message_id for event in events_of(importing, Names.PURCHASE)}
    importing.log.bodies.clear()
    importing("".join(lines[:1] + lines[41:]))
    second = {event.message_id for event in events_of(importing, Names.PURCHASE)}
    assert (len(first), len(second), len(first & second)) == (79, 60, 39)


def test_progress_goes_up_to_the_end(importing: Any) -> None:
    seen: list[tuple[int, int]] = []
    importing(many_orders(300), on_progress=lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1]


@pytest.mark.parametrize(
    ("encode", "delimiter"),
    [("utf-8", ","), ("utf-8-sig", ";"), ("cp1252", "\t"), ("utf-16", "|"), ("cp1252", ";")],
)
def test_csv_comes_in_every_dialect(importing: Any, encode: str, delimiter: str) -> None:
    text = ORDERS.replace("Blue mug", "Blåe Tasse").replace(",", delimiter).replace("\n", "\r\n")
    importing(text.encode(encode))
    names = [event.lines[0].name for event in events_of(importing, Names.PRODUCT_UPDATED)]
    assert "Blåe Tasse" in names
    assert len(events_of(importing, Names.PURCHASE)) == 3


def test_quoted_cells_may_hold_anything(importing: Any) -> None:
    text = ORDERS.replace("Blue mug", '"Blue ""mug"", \n large"') + "\n , ,\n1009,,,,,,,,,,,,\n"
    importing(text)
    names = [event.lines[0].name for event in events_of(importing, Names.PRODUCT_UPDATED)]
    assert 'Blue "mug", large' in names
    assert [row["line"] for row in refused_rows(importing)] == ["10", "11"]


def test_a_parquet_file_says_what_the_csv_says(importing: Any, tmp_path: Path) -> None:
    importing(ORDERS)
    expected = {event.message_id for event in importing.log.decoded().events}
    rows = list(csv.DictReader(ORDERS.splitlines()))
    columns: dict[str, pa.Array] = {
        name: pa.array([row[name] or None for row in rows]) for name in rows[0]
    }
    columns["date"] = pa.array([row["date"].rstrip("Z") for row in rows]).cast(pa.timestamp("ns"))
    columns["customer_id"] = columns["customer_id"].cast(pa.float64())
    columns["qty"] = columns["qty"].cast(pa.int32())
    columns["price"] = columns["price"].cast(pa.float64())
    pq.write_table(pa.table(columns), tmp_path / "orders.parquet")
    importing.log.__init__()
    importing(tmp_path / "orders.parquet")
    assert {event.message_id for event in importing.log.decoded().events} == expected


def workbook(path: Path, rows: list[list[object]]) -> None:
    """Write the smallest workbook that Excel would open; dates as serial numbers."""
    cells = "".join(f"<row>{''.join(map(_cell, row))}</row>" for row in rows)
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="xml" '
        'ContentType="application/xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="a" '
        'sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{office}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{main}"><cellXfs count="2"><xf numFmtId="0"/>'
        '<xf numFmtId="22"/></cellXfs></styleSheet>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{cells}</sheetData>'
        "</worksheet>",
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)


def _cell(value: object) -> str:
    match value:
        case ("date", serial):
            return f'<c s="1"><v>{serial}</v></c>'
        case str():
            return f'<c t="inlineStr"><is><t>{value}</t></is></c>'
        case None:
            return "<c/>"
        case _:
            return f"<c><v>{value}</v></c>"


def test_a_workbook_has_typed_cells(importing: Any, tmp_path: Path) -> None:
    header: list[object] = list(HEADER.split(",")[:10])
    noon = ("date", 45717.5)  # 2025-03-01 12:00
    workbook(
        tmp_path / "orders.xlsx",
        [
            header,
            [1001, noon, 17.0, None, "Ireland", 22423, "Mug", "kitchen", 2, 7.55],
            [1001, noon, 17.0, None, "Ireland", "BAG-4", "Bag", "bags", 1, 12],
        ],
    )
    importing(tmp_path / "orders.xlsx")
    (order,) = events_of(importing, Names.PURCHASE)
    assert (order.order_id, order.user_id, order.value_minor) == ("1001", "17", 2710)
    assert order.at == 1_740_830_400_000_000
    assert [line.item for line in order.lines] == ["22423", "BAG-4"]


def test_an_id_that_stands_for_nobody_makes_a_guest(importing: Any) -> None:
    report = importing(ORDERS.replace(",17.0,Ann@example.com,", ",0,,"))
    assert (report.customers, report.guest_orders) == (0, 3)
    assert events_of(importing, Names.IDENTIFY) == []


def test_the_format_of_a_date_is_the_one_that_fits_the_whole_file(importing: Any) -> None:
    mapping = parse(
        "mapping: m\ncolumns:\n  id: {}\n  at: {type: time, formats: ['%d/%m/%Y', '%m/%d/%Y'],"
        " zone: Europe/London}\n  sum: {type: decimal}\norders: {id: id, time: at, total: sum}\n",
        "m.yaml",
    )
    clear = importing("id,at,sum\n1,4/3/2025,5\n2,4/13/2025,6.50\n", mapping)
    assert clear.notes == ()
    first, second = events_of(importing, Names.PURCHASE)
    assert (first.at, second.at) == (1_743_634_800_000_000, 1_744_498_800_000_000)
    assert (first.value_minor, second.value_minor) == (500, 650)
    either = importing("id,at,sum\n1,4/3/2025,5\n", mapping)
    assert either.notes == ("at fits %d/%m/%Y and %m/%d/%Y: read as %d/%m/%Y",)


def test_a_time_can_be_seconds_milliseconds_or_as_in_a_mail(importing: Any) -> None:
    mapping = parse(
        "mapping: m\ncolumns:\n  id: {}\n  at: {type: time, formats: [epoch, epoch_ms, rfc2822]}\n"
        "  sum: {type: decimal}\norders: {id: id, time: at, total: sum}\n",
        "m.yaml",
    )
    for written in ("1743634800", "1743634800000", '"Thu, 03 Apr 2025 00:00:00 +0100"'):
        importing(f"id,at,sum\n1,{written},5\n", mapping)
        assert events_of(importing, Names.PURCHASE)[-1].at == 1_743_634_800_000_000


def test_other_events_and_catalogues_can_be_mapped(importing: Any) -> None:
    mapping = parse(
        "mapping: m\ncolumns:\n  who: {type: id}\n  at: {type: time}\n  what: {}\n"
        "  sku: {type: id}\n  stock: {type: integer}\n  vip: {type: boolean}\n"
        "customers: {id: who, time: at, traits: {vip: vip}}\n"
        "events: {name_column: what, time: at, properties: {product_id: sku}}\n"
        "products: {id: sku, stock: stock}\n",
        "m.yaml",
    )
    importing(
        "who,at,what,sku,stock,vip\n7,2025-03-01,Product Viewed,P1,3,yes\n"
        "7,2025-02-01,Coupon Used,,,\n",
        mapping,
    )
    events = importing.log.decoded().events
    assert [(event.name, event.user_id, event.item) for event in events] == [
        (Names.PRODUCT_UPDATED, "", "P1"),
        (Names.IDENTIFY, "7", ""),
        (Names.IDENTIFY, "7", ""),
        ("coupon_used", "7", ""),
        (Names.PRODUCT_VIEWED, "7", "P1"),
    ]
    assert events[0].properties == {"stock": 3}
    assert events[2].traits == {"vip": True}


def test_a_column_that_the_file_lacks_lists_those_it_has(importing: Any) -> None:
    with pytest.raises(DefinitionError) as caught:
        importing("order_id,datum\n1,2025-01-01\n")
    message = str(caught.value)
    assert message.startswith("generic_orders.yaml:")
    assert "the file has no column order_date or date or created_at" in message
    assert "it has order_id, datum" in message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty; export it again"),
        (b"\n\n", "the file holds blank lines only; "),
        (HEADER.encode(), "the file has a header and no row; "),
        (b"PAR1 and no more", "it is no readable Parquet file: "),
        (b"PK\x03\x04 and no more", "it cannot be unpacked: "),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 no more", "it is no readable workbook: "),
        (gzip.compress(gzip.compress(b"a,b")), "it is packed twice, or no text; unpack it"),
        (gzip.compress(b"a,b" * 999)[:-9], "it cannot be unpacked: "),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "it is no CSV, JSON, XLSX or Parquet file; "),
        (f'{HEADER}\n1,"{"x" * 200_000}'.encode(), "the row that starts here cannot be read: "),
    ],
    ids=range(10),
)
def test_a_file_that_cannot_be_read_says_what_where_and_how_to_mend_it(
    importing: Any, content: bytes, message: str
) -> None:
    with pytest.raises(SourceError) as caught:
        importing(content)
    assert caught.value.where.startswith(str(importing.folder / "file.csv"))
    assert caught.value.sentence().partition(": ")[2].startswith(message)
    assert caught.value.mend
    assert importing.log.bodies == []


def test_a_machine_that_is_full_is_told_so(importing: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StoreError, match="the refused rows cannot be written"):
        importing(ORDERS + "1004,soon,,,,M,,,1,1,,,\n", errors_to=tmp_path / "file" / "x.csv")
    with pytest.raises(StoreError, match="no room to lay the file out"):
        importing(many_orders(20_000), errors_to=tmp_path / "file" / "x.csv", memory_limit="1MB")
    assert importing.log.bodies == []


def test_an_empty_archive_a_folder_and_nothing_are_no_files(importing: Any, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "days.zip", "w") as archive:
        archive.writestr("days/", "")
    for path, what in [
        (tmp_path / "days.zip", "the archive holds no file"),
        (tmp_path, "it is a folder"),
        (tmp_path / "none.csv", "there is no such file"),
    ]:
        with pytest.raises(SourceError, match=what):
            importing(path)


def test_a_file_that_no_mapping_fits_names_its_columns(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("name;phone\nAnn;1\n")
    with pytest.raises(SourceError, match="name, phone"):
        choose_mapping(tmp_path / "x.csv")


def test_a_pattern_that_only_python_knows_is_shown(importing: Any) -> None:
    mapping = parse(
        "mapping: m\ncolumns:\n  id: {}\n  at: {type: time}\n  sum: {type: decimal}\n"
        "orders: {id: id, time: at, total: sum, returns: {column: id, matches: '(?=C)'}}\n"
        "refuse: {when: {column: id, matches: '(?=C)'}, reason: x}\n",
        "m.yaml",
    )
    with pytest.raises(TailorbirdError, match="without look-around"):
        importing("id,at,sum\n1,2025-01-01,5\n", mapping)


@pytest.mark.parametrize(("once", "counted"), [("true", 1), ("false", 2)])
def test_an_order_that_is_changed_later_counts_once_where_the_mapping_says_so(
    importing: Any, once: str, counted: int
) -> None:
    mapping = parse(
        "mapping: m\ncolumns:\n  id: {}\n  at: {type: time}\n  sum: {type: decimal}\n"
        f"orders: {{id: id, time: at, total: sum, once: {once}}}\n",
        "m.yaml",
    )
    importing("id,at,sum\n1,2025-01-01,5\n", mapping)
    importing("id,at,sum\n1,2025-01-02,6\n", mapping)
    found = {event.message_id for event in events_of(importing, Names.PURCHASE)}
    assert len(found) == counted
