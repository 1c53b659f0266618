"""Salesforce's records become people, deals, orders and products, pushed or exported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tailorbird.collect.mapping import parse
from tailorbird.collect.sources.landing import ImportReport, Terms
from tailorbird.collect.sources.salesforce import translate
from tailorbird.collect.sources.salesforce_export import import_export
from tailorbird.collect.sources.shop_messages import Unreadable
from tailorbird.collect.sources.soap import BadSoap, outbound
from tailorbird.schema import SECOND, Event, Names

NOW = 1_760_000_000_000_000
LISTED = 1_759_000_000 * SECOND
ANN = "0035g00000AbCdEAAV"
ANN_AS = "salesforce:0035g00000AbCdE"
BEN = "0035g00000BenBeAAV"
LEAD = "00Q5g00000LeadLEAV"
DEAL = "0065g00000DealDEAV"
EBIKES = """
mapping: ebikes
columns:
  name: {from: Name, type: id, required: true}
  family: {from: Product_Family__c, optional: true}
  price: {from: MSRP__c, type: decimal}
  category: {from: Category__c}
  picture: {from: Picture_URL__c}
currency: USD
products: {id: name, name: name, price: price, category: category, image_url: picture}
"""


class Exporting:
    """Imports exports into the log of `importing`."""

    def __init__(self, importing: Any) -> None:
        self.importing = importing
        self.terms = Terms(NOW, importing.errors)

    def __call__(self, content: str | Path, kind: str = "", **options: Any) -> ImportReport:
        path = content if isinstance(content, Path) else self.importing.folder / "export"
        if not isinstance(content, Path):
            path.write_text(content)
        return import_export(
            path, self.importing.log, self.terms, kind=kind, occasion=LISTED, **options
        )

    def events(self, name: str) -> list[Event]:
        decoded = self.importing.log.decoded()
        assert decoded.refused == []
        return [event for event in decoded.events if event.name == name]


@pytest.fixture
def exporting(importing: Any) -> Exporting:
    return Exporting(importing)


@pytest.mark.shared
def test_the_sample_contacts_are_the_people_that_a_loop_finds(
    shared_data: Path, exporting: Exporting
) -> None:
    file = shared_data / "protocol" / "salesforce" / "contacts-data.json"
    records = json.loads(file.read_text())["records"]
    report = exporting(file)
    assert (report.lines, report.taken, report.customers) == (len(records),) * 3
    found = {event.email: event.traits for event in exporting.events(Names.IDENTIFY)}
    assert found == {
        record["Email"]: {
            "first_name": record["FirstName"],
            "last_name": record["LastName"],
            "phone": found[record["Email"]]["phone"],
            **{key: value for key, value in found[record["Email"]].items() if "phone_" in key},
        }
        for record in records
    }


@pytest.mark.shared
def test_the_sample_catalogue_comes_by_a_mapping(shared_data: Path, importing: Any) -> None:
    file = shared_data / "protocol" / "salesforce" / "Product__cs.json"
    records = json.loads(file.read_text())["records"]
    report = importing(file, parse(EBIKES, "ebikes.yaml"))
    assert (report.lines, report.products, report.refused) == (len(records), len(records), {})
    told = {event.item: event for event in importing.log.decoded().events}
    for record in records:
        event = told[record["Name"]]
        (line,) = event.lines
        assert (line.price_minor, line.category) == (record["MSRP__c"] * 100, record["Category__c"])
        assert event.properties["image_url"] == record["Picture_URL__c"]


def test_an_opt_out_withdraws_consent_and_nothing_else_grants_it(exporting: Exporting) -> None:
    exporting(
        "Id,Email,HasOptedOutOfEmail,LastModifiedDate,Loyalty_Tier__c,Shoe_Size__c,Vip__c\n"
        f"{ANN},ann@shop.example,true,2025-03-01T09:30:00.000Z,gold,042,true\n"
        f"{BEN},ben@shop.example,false,2025-03-01T09:30:00.000+0000,,43.5,false\n",
        "Contact",
    )
    ann, ben = exporting.events(Names.IDENTIFY)
    assert [(claim.purpose, claim.granted) for claim in ann.consents] == [
        ("email_marketing", False)
    ]
    assert ben.consents == ()
    assert (ann.anonymous_id, ann.email) == (ANN_AS, "ann@shop.example")
    assert (ann.at, ann.at) == (ben.at, 1_740_821_400 * SECOND)
    assert ann.traits == {"loyalty_tier": "gold", "shoe_size": "042", "vip": True}
    assert ben.traits == {"shoe_size": 43.5, "vip": False}


def test_an_export_in_the_capitals_of_the_data_loader_is_the_same(exporting: Exporting) -> None:
    exporting(f"ID,EMAIL,FIRSTNAME,VIP__C\n{ANN},ann@shop.example,Ann,true\n", "Contact")
    (ann,) = exporting.events(Names.IDENTIFY)
    assert (ann.anonymous_id, ann.at) == (ANN_AS, LISTED)
    assert ann.traits == {"first_name": "Ann", "vip": True}


def test_what_is_exported_after_it_was_pushed_counts_once(exporting: Exporting) -> None:
    record = {"Id": ANN, "Email": "ann@shop.example", "SystemModstamp": "2025-03-01T09:30:00.000Z"}
    (pushed,) = translate("Contact", record, NOW) or []
    exporting(json.dumps({"attributes": {"type": "Contact"}, **record}))
    (event,) = exporting.events(Names.IDENTIFY)
    assert event.message_id == f"salesforce:{pushed['messageId']}"


def test_deals_are_steps_and_a_won_deal_is_an_order(exporting: Exporting) -> None:
    header = "Id,ContactId,StageName,Amount,CurrencyIsoCode,CloseDate,IsWon,LastModifiedDate\n"
    exporting(
        header + f"{DEAL},{ANN},Proposal,1200.50,EUR,2025-04-01,false,2025-03-01T09:30:00.000Z\n",
        "Opportunity",
    )
    report = exporting(
        header
        + f"{DEAL},{ANN},Closed Won,1300.00,EUR,2025-03-20,true,2025-03-20T10:00:00.000Z\n"
        + "0065g00000DealD2AV,,Closed Won,7,EUR,2099-01-01,true,2025-03-20T10:00:00.000Z\n",
        "Opportunity",
    )
    assert (report.orders, report.guest_orders) == (2, 1)
    stages = exporting.events("opportunity_stage_changed")
    assert [event.properties["stage"] for event in stages] == ["Proposal", "Closed Won"]
    deal, guest = exporting.events(Names.PURCHASE)
    assert (deal.value_minor, deal.currency, deal.anonymous_id) == (130_000, "EUR", ANN_AS)
    assert deal.at == 1_742_428_800 * SECOND  # 2025-03-20
    assert (guest.anonymous_id, guest.at) == ("", LISTED)  # not in the future


def test_orders_count_once_they_are_activated(exporting: Exporting) -> None:
    header = (
        "Id,BillToContactId,Status,TotalAmount,EffectiveDate,IsReductionOrder,OriginalOrderId\n"
    )
    order, back = "8015g00000OrderEAV", "8015g00000BackBEAV"
    exporting(
        header + f"{order},{ANN},Activated,50.00,2025-03-01,false,\n"
        f"8015g00000DraftEAV,{ANN},Draft,9.00,2025-03-01,false,\n"
        f"{back},{ANN},Activated,-20.00,2025-03-05,true,{order}\n",
        "Order",
    )
    (bought,) = exporting.events(Names.PURCHASE)
    (returned,) = exporting.events(Names.RETURN)
    assert (bought.value_minor, returned.value_minor) == (5000, 2000)
    assert returned.order_id == order


def test_products_and_prices_meet_in_one_entry(exporting: Exporting) -> None:
    product = "01t5g00000ProduEAV"
    exporting(
        f"Id,Name,ProductCode,Family,IsActive\n{product},Bike,B-1,bikes,true\n"
        f"01t5g00000OldPrEAV,Old bike,,bikes,false\n",
        "Product2",
    )
    exporting(
        f"Id,Product2Id,ProductCode,UnitPrice,IsActive\n01u5g00000PriceEAV,{product},B-1,99.5,true\n",
        "PricebookEntry",
    )
    bike, old, price = exporting.events(Names.PRODUCT_UPDATED)
    assert (bike.item, price.item, price.lines[0].price_minor) == ("B-1", "B-1", 9950)
    assert (old.item, old.properties["stock"]) == ("01t5g00000OldPr", 0)


def test_what_cannot_be_told_is_refused_row_by_row(exporting: Exporting) -> None:
    report = exporting(
        "Id,Amount,StageName,IsWon\nnothing,1,Won,true\n"
        f"{DEAL},much,Closed Won,true\n{DEAL},5,Closed Won,true\n",
        "Opportunity",
    )
    assert (report.lines, report.taken, report.orders) == (3, 1, 1)
    assert report.refused == {
        "an id is missing, or is none of Salesforce": 1,
        "Amount is no amount": 1,
    }
    assert exporting.importing.errors.read_text().splitlines()[1].startswith('2,"an id is')
    assert exporting("Id\n1\n", "Case").refused == {"records of Case need a mapping": 1}
    assert exporting("Id\n1\n").refused == {"it does not say its object": 1}


def test_an_export_that_is_killed_goes_on_where_it_was(exporting: Exporting) -> None:
    rows = "".join(f"0035g0000{i:06}AAV,c{i}@shop.example\n" for i in range(9_000))
    exporting.importing.log.appends_left = 2
    with pytest.raises(KeyboardInterrupt):
        exporting("Id,Email\n" + rows, "Contact")
    landed = len(exporting.importing.log.bodies)
    assert landed
    exporting.importing.log.appends_left = None
    report = exporting("Id,Email\n" + rows, "Contact")
    assert 0 < report.appended < 9_000
    assert len(exporting.events(Names.IDENTIFY)) == 9_000
    assert exporting("Id,Email\n" + rows, "Contact").appended == 0


# -- outbound messages --------------------------------------------------------------------------


def test_only_plain_outbound_messages_are_read() -> None:
    for content, message in [
        (b"", "no XML"),
        (b"{}", "no XML"),
        (b"<a/>", "no outbound message"),
        (b'<?xml version="1.0" encoding="klingon"?><a/>', "no XML"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "a document type"),
        ('<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'.encode("utf-16"), "a document type"),
        (b"<a>" * 40 + b"</a>" * 40, "larger or deeper"),
    ]:
        with pytest.raises(BadSoap, match=message):
            outbound(content)


@pytest.mark.parametrize(
    ("kind", "record"),
    [
        ("Contact", {}),
        ("Contact", {"Id": "../x"}),
        ("Contact", {"Id": ANN, "SystemModstamp": "soon"}),
        ("Lead", {"Id": LEAD, "IsConverted": "true", "ConvertedContactId": "x"}),
        ("PricebookEntry", {"Id": DEAL, "UnitPrice": "1"}),
    ],
)
def test_a_record_that_is_none_is_not_translated(kind: str, record: dict[str, str]) -> None:
    with pytest.raises(Unreadable):
        translate(kind, record, NOW)
