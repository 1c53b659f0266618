"""Whatever a system exports is a table: JSON, archives, and the lists that ERPs print."""

from __future__ import annotations

import csv
import gzip
import io
import json
import stat
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailorbird.collect.mapping import parse, shipped
from tailorbird.collect.mapping_schema import Mapping
from tailorbird.collect.sources import archive
from tailorbird.collect.sources.tables import open_table
from tailorbird.errors import DefinitionError, SourceError
from tailorbird.schema import Event, Names

PROSPECTS = """
mapping: prospects
file:
  delimiter: pipe
  encoding: latin-1
  names: [prospect_key, alternate_key, first_name, middle_name, last_name, birth_date,
    marital_status, gender, email, yearly_income, children, children_at_home, education,
    occupation, house_owner, cars, address1, address2, city, state, postcode, phone, salutation,
    unknown]
columns:
  id: {from: prospect_key, type: id, required: true}
  email: {}
  first_name: {}
  last_name: {}
  city: {}
  postcode: {type: id}
  phone: {}
  birthday: {from: birth_date, type: date, formats: "%Y-%m-%d %H:%M:%S.%f"}
  income: {from: yearly_income, type: decimal}
  children: {type: integer}
  owner: {from: house_owner, type: boolean}
customers:
  id: id
  prefix: "crm:"
  traits: {email: email, first_name: first_name, last_name: last_name, city: city,
    postcode: postcode, phone: phone, birthday: birthday, income: income, children: children,
    house_owner: owner}
"""
PEOPLE = """
mapping: people
columns:
  id: {from: [id, person.id], type: id, required: true}
  city: {from: [address.city, city], optional: true}
  opted_out: {type: boolean, optional: true}
customers: {id: id, traits: {city: city}, withdrawn: {email_marketing: opted_out}}
"""


@pytest.fixture
def people() -> Mapping:
    return parse(PEOPLE, "people.yaml")


def events(importing: Any, name: str) -> list[Event]:
    decoded = importing.log.decoded()
    assert decoded.refused == []
    return [event for event in decoded.events if event.name == name]


def traits(importing: Any) -> dict[str, dict[str, Any]]:
    return {event.user_id: event.traits for event in events(importing, Names.IDENTIFY)}


# -- what ERPs print ----------------------------------------------------------------------------


@pytest.mark.shared
def test_a_crm_dump_without_a_header_brings_every_person(shared_data: Path, importing: Any) -> None:
    file = shared_data / "protocol" / "crm" / "prospects.psv"
    report = importing(file, parse(PROSPECTS, "prospects.yaml"))
    lines = file.read_bytes().decode("latin-1").splitlines()
    rows = [line.split("|") for line in lines]
    assert (report.lines, report.taken, report.refused) == (len(rows), len(rows), {})
    found = {event.user_id: event for event in events(importing, Names.IDENTIFY)}
    assert set(found) == {f"crm:{row[0].strip()}" for row in rows}
    for row in rows:
        event = found[f"crm:{row[0].strip()}"]
        # The dump cuts addresses off: what has no top-level domain is marked, and refuses nobody.
        if "." in row[8].partition("@")[2]:
            assert event.email == row[8]
        else:
            assert (event.email, event.traits["email_invalid"]) == ("", True)
        assert event.traits["first_name"] == " ".join(row[2].split())
        assert event.traits["city"] == " ".join(row[18].split())
        assert event.traits["income"] == float(row[9])
        assert event.traits["house_owner"] is (row[14] == "1")
        assert event.traits["birthday"] == row[5][:10]


SAP = """\
Bestandsliste per 01.03.2025                                        Seite 1

|MATNR             |WERKS|LGORT|MAKTX        |      LABST|MEINS|
|------------------------------------------------------------|
|000000000000004711|1000 |0001 |Blaue Tasse  |  1.250,000|ST   |
|000000000000004711|2000 |0001 |Blaue Tasse  |     50,000|ST   |
|000000000000004711|2000 |0002 |Blaue Tasse  |     20,000-|ST   |
|000000000000004712|1000 |0001 |Gruene Tasse |      0,000|ST   |
|------------------------------------------------------------|
"""


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_printed_stock_list_is_read_in_any_encoding(importing: Any, encoding: str) -> None:
    list_of_stock = SAP.replace("Gruene", "Gr\xfcne")
    report = importing(list_of_stock.encode(encoding), "sap_stock")
    assert (report.lines, report.refused, report.products) == (4, {}, 2)
    blue, green = events(importing, Names.PRODUCT_UPDATED)
    assert (blue.item, blue.properties["stock"]) == ("000000000000004711", 1280)
    assert (green.properties["name"], green.properties["stock"]) == ("Gr\xfcne Tasse", 0)


def test_lines_that_an_erp_adds_are_refused_not_lost(importing: Any) -> None:
    report = importing((SAP + "*** 4 Saetze ***\n").encode(), "sap_stock")
    assert (report.lines, report.taken) == (5, 4)
    assert report.refused == {"another number of cells than the header": 1}
    assert "1 cells where the header has 8" in importing.errors.read_text()


def test_a_mapping_says_what_a_file_cannot_show(importing: Any) -> None:
    mapping = parse(
        'mapping: m\nfile: {delimiter: "~|~", skip: 2, names: [id, town], quotes: false}\n'
        "columns: {id: {type: id}, city: {from: town}}\n"
        "customers: {id: id, traits: {city: city}}\n",
        "m.yaml",
    )
    report = importing('export\nof today\n1~|~"Cork\n2~|~Dublin|West\n', mapping)
    assert (report.lines, report.refused) == (2, {})
    assert {user: said["city"] for user, said in traits(importing).items()} == {
        "1": '"Cork',
        "2": "Dublin|West",
    }


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("{encoding: utf-9}", "there is no encoding 'utf-9'"),
        ("{delimiter: ''}", "a delimiter cannot be empty"),
        ("{skip: 1.5}", "skip is no number of lines"),
        ("{names: [a, a]}", "a column is named twice"),
        ("{separator: x}", "file has no key 'separator'"),
    ],
)
def test_a_wrong_layout_names_its_line(section: str, message: str) -> None:
    with pytest.raises(DefinitionError, match=message) as caught:
        parse(
            f"mapping: m\nfile: {section}\ncolumns: {{id: {{}}}}\ncustomers: {{id: id}}\n", "m.yaml"
        )
    assert caught.value.where == "m.yaml:2"


def test_excels_own_first_line_and_a_title_are_no_header(importing: Any, people: Mapping) -> None:
    assert importing("sep=^\nid^city\n1^Cork\n", people).taken == 1
    assert importing("Report of May;;\n\nid;address.city;opted_out\n2;Cork;1\n", people).taken == 1
    assert traits(importing)["2"]["city"] == "Cork"


# -- JSON ---------------------------------------------------------------------------------------


def test_nested_objects_become_dotted_columns(importing: Any, people: Mapping) -> None:
    lines = [
        {"person": {"id": 1}, "address": {"city": "Cork", "geo": {"lat": 51.9}}},
        {"person": {"id": "2"}, "tags": ["a", "b"], "address": {}},
        {"person": {"id": 3}, "address": {"city": None}, "opted_out": True},
    ]
    text = "\n\n".join(map(json.dumps, lines))
    assert importing(text, people).taken == 3
    assert traits(importing)["1"] == {"city": "Cork"}
    (event,) = [e for e in events(importing, Names.IDENTIFY) if e.consents]
    assert (event.user_id, event.consents[0].granted) == ("3", False)


@pytest.mark.parametrize(
    "shape", ["[{}]", '{{"records": [{}], "done": true}}', '{{\n"data": [{}]}}', "{}"]
)
def test_a_list_of_objects_is_a_table_too(importing: Any, people: Mapping, shape: str) -> None:
    one = '{"id": 1, "address": {"city": "Cork"}}'
    assert importing(shape.format(one).encode("utf-8-sig"), people).taken == 1
    assert traits(importing) == {"1": {"city": "Cork"}}


def test_each_element_of_a_list_is_a_row(importing: Any) -> None:
    mapping = parse(
        "mapping: m\nfile: {each: order.lines}\n"
        "columns:\n  id: {from: order.id, type: id}\n  at: {from: order.at, type: time}\n"
        "  sku: {from: order.lines.sku, type: id, optional: true}\n"
        "  price: {from: order.lines.price, type: decimal, optional: true}\n"
        "  total: {from: order.total, type: decimal, optional: true}\n"
        "orders: {id: id, time: at, product: sku, price: price, total: total}\n",
        "m.yaml",
    )
    orders = [
        {"order": {"id": 7, "at": "2025-03-01T09:30:00Z", "total": 12.5, "lines": [
            {"sku": "A", "price": 5}, {"sku": "B", "price": 7.5}]}},
        {"order": {"id": 8, "at": "2025-03-01T09:30:00Z", "total": 3, "lines": []}},
    ]  # fmt: skip
    report = importing("\n".join(map(json.dumps, orders)), mapping)
    assert (report.lines, report.orders, report.refused) == (3, 2, {})
    first, second = events(importing, Names.PURCHASE)
    assert ([line.item for line in first.lines], first.value_minor) == (["A", "B"], 1250)
    assert (second.lines, second.value_minor) == ((), 300)


def test_a_line_that_is_no_object_is_refused_alone(importing: Any, people: Mapping) -> None:
    report = importing('{"id": 1}\n{"id": \n[2]\n{"id": 3}\n', people)
    assert (report.lines, report.taken) == (4, 2)
    assert report.refused == {"it is no JSON object": 2}


def test_broken_json_says_so(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('[{"a": 1}, {"a"')
    with pytest.raises(SourceError, match="no readable JSON"):
        open_table(tmp_path / "x.json")
    (tmp_path / "y.json").write_text("[1, 2]")
    with pytest.raises(SourceError, match="no JSON object"):
        open_table(tmp_path / "y.json")


# -- archives -----------------------------------------------------------------------------------


def packed(path: Path, members: dict[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive_of_days:
        for name, text in members.items():
            archive_of_days.writestr(name, text)
    return path


def test_a_gzip_is_read_as_what_it_holds(importing: Any, people: Mapping) -> None:
    assert importing(gzip.compress(b"id,city\n1,Cork\n"), people).taken == 1
    assert importing(gzip.compress(b'{"id": 2, "city": "Cork"}'), people).taken == 1
    assert set(traits(importing)) == {"1", "2"}


def test_daily_files_are_one_table_and_a_refusal_names_its_file(
    importing: Any, people: Mapping, tmp_path: Path
) -> None:
    days = packed(
        tmp_path / "days.zip",
        {
            "2.csv": "city,id\nDublin,2\n,\nx,y,z\n",
            "1.csv": "id,city\n1,Cork\n",
            "__MACOSX/._1.csv": "junk",
            "3.jsonl": '{"id": 3, "city": "Galway"}',
        },
    )
    report = importing(days, people)
    assert (report.lines, report.taken) == (4, 3)
    assert {user: said["city"] for user, said in traits(importing).items()} == {
        "1": "Cork", "2": "Dublin", "3": "Galway",
    }  # fmt: skip
    rows = list(csv.DictReader(io.StringIO(importing.errors.read_text())))
    assert [row["line"] for row in rows] == ["2.csv:4"]


@pytest.mark.shared
def test_the_zip_of_days_gives_what_plain_loops_count(shared_data: Path, importing: Any) -> None:
    file = shared_data / "commerce" / "online_retail_raw_days.zip"
    report = importing(file, "online_retail")
    rows = list(days_of(file))
    assert report.lines == len(rows)
    seen: set[tuple[str, ...]] = set()
    bought: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    returned: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in rows:
        invoice, quantity, price = row[0], int(row[3]), Decimal(row[5])
        if tuple(row) in seen or invoice.startswith("A") or price < 0 or quantity == 0:
            continue
        seen.add(tuple(row))
        if quantity < 0 and not invoice.startswith("C"):
            continue
        target = returned if invoice.startswith("C") else bought
        target[invoice, row[6].removesuffix(".0")] += quantity * price
    assert (report.orders, report.returns) == (len(bought), len(returned))
    orders = {e.order_id: e.value_minor for e in events(importing, Names.PURCHASE)}
    assert len(orders) == len(bought)
    for (invoice, _), value in bought.items():
        assert abs(orders[invoice] - value * 100) <= 1
    people_who_bought = {who for _, who in [*bought, *returned] if who}
    assert {e.user_id for e in events(importing, Names.IDENTIFY)} == people_who_bought


def days_of(file: Path) -> Iterator[list[str]]:
    with zipfile.ZipFile(file) as days:
        for name in sorted(days.namelist()):
            text = days.read(name).decode("utf-8")
            yield from list(csv.reader(io.StringIO(text)))[1:]


def test_an_archive_that_leads_outside_is_refused(tmp_path: Path) -> None:
    for name in ("../x.csv", "/x.csv", "a/../../x.csv", "C:x.csv", "..\\x.csv"):
        with pytest.raises(SourceError, match="leads outside"):
            open_table(packed(tmp_path / "x.zip", {name: "id\n1\n"}))
    link = zipfile.ZipInfo("link.csv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as linked:
        linked.writestr(link, "/secret")
    with pytest.raises(SourceError, match="it is a link"):
        open_table(tmp_path / "link.zip")
    assert (
        list(tmp_path.iterdir()) == [tmp_path / "x.zip", tmp_path / "link.zip"]
        or len(list(tmp_path.iterdir())) == 2
    )


def test_a_bomb_is_refused(
    tmp_path: Path, importing: Any, people: Mapping, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "SMALL_BYTES", 100_000)
    bomb = b"id,city\n" + b"1,Cork\n" * 1_000_000
    with pytest.raises(SourceError, match="it unpacks to 7,000,008 bytes"):
        importing(packed(tmp_path / "bomb.zip", {"a.csv": bomb}), people)
    with pytest.raises(SourceError, match="more than 200 times its size"):
        importing(gzip.compress(bomb), people)
    assert importing.log.bodies == []


def test_files_that_do_not_fit_together_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="its columns differ: id, town") as caught:
        open_table(
            packed(tmp_path / "x.zip", {"1.csv": "id,city\n1,a\n", "2.csv": "id,town\n1,a\n"})
        )
    assert caught.value.where.endswith("x.zip/2.csv")
    inner = packed(tmp_path / "in.zip", {"1.csv": "id\n1\n"}).read_bytes()
    with pytest.raises(SourceError, match="packed twice"):
        open_table(packed(tmp_path / "x.zip", {"1.zip": inner}))


def test_every_shipped_mapping_parses() -> None:
    assert {"generic_orders", "online_retail", "sap_stock"} <= set(shipped())


# -- whatever comes -----------------------------------------------------------------------------


def zipped(text: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as members:
        members.writestr("a.csv", text)
    return file.getvalue()


TEXT = b'id,city\n1,Cork\n2,"Du\nblin"\n'
SEEDS = [
    TEXT, TEXT.decode().encode("utf-16"), zipped(TEXT), gzip.compress(TEXT), SAP.encode(),
    b'{"id":1,"a":{"b":[1,2]}}\n{"id":2}\n', b'{"records":[{"id":1},{"id":2}]}',
]  # fmt: skip
SPICES = [b"\x00", b'"', b"{", b"]", b"\n", b"\xff\xfe", b"PK\x03\x04", b"\xed\xa0\x80", b"\\ud800"]


@settings(max_examples=300)
@given(
    seed=st.sampled_from(SEEDS),
    changes=st.lists(
        st.tuples(
            st.floats(0, 1), st.integers(0, 8), st.sampled_from(SPICES) | st.binary(max_size=3)
        ),
        min_size=1,
        max_size=6,
    ),
)
def test_a_broken_file_is_a_table_or_refused(
    tmp_path_factory: pytest.TempPathFactory, seed: bytes, changes: list[tuple[float, int, bytes]]
) -> None:
    content = bytearray(seed)
    for share, cut, spice in changes:
        place = int(share * len(content))
        content[place : place + cut] = spice
    path = tmp_path_factory.getbasetemp() / "broken"
    path.write_bytes(bytes(content))
    try:
        table = open_table(path, ["id", "city"])
        chunks = list(table.chunks())
    except SourceError:
        return
    for chunk in chunks:
        assert {len(column) for column in chunk.cells} == {len(chunk.lines)}
        assert len(chunk.cells) == len(table.columns)
