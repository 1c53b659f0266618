"""Salesforce tells us by itself: who changed, who is one person now, who wants no mail."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

import httpx
import pytest

from tailorbird.app import Tailorbird
from tailorbird.web.serve import site

ORGANIZATION = "00D5g000004AbCdEAK"
SECRETS = {
    "TAILORBIRD_HOOKS__SALESFORCE_TOKEN": "a-long-token",
    "TAILORBIRD_HOOKS__SALESFORCE_ORGANIZATION": ORGANIZATION,
}
ANN, OTHER = "0035g00000AbCdEAAV", "0035g00000OtherAAV"
LEAD = "00Q5g00000LeadLEAV"
PATH = "/hooks/salesforce/a-long-token"
ENVELOPE = """<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"
 xmlns:xsd="http://www.w3.org/2001/XMLSchema"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
 <soapenv:Body><notifications xmlns="http://soap.sforce.com/2005/09/outbound">
  <OrganizationId>{organization}</OrganizationId>
  <ActionId>04k5g0000008OIMAA2</ActionId>
  <SessionId>00D5g!a.session.that.opens.everything</SessionId>
  <EnterpriseUrl>https://shop.example/services/Soap/c/61.0/00D5g</EnterpriseUrl>
  <PartnerUrl>https://shop.example/services/Soap/u/61.0/00D5g</PartnerUrl>
  {notifications}
 </notifications></soapenv:Body></soapenv:Envelope>"""
ACK = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
    '<notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack>'
    "</notificationsResponse></soapenv:Body></soapenv:Envelope>"
)


def message(*records: tuple[str, dict[str, str]], organization: str = ORGANIZATION) -> str:
    told: list[str] = []
    for kind, record in records:
        fields = "".join(f"<sf:{k}>{escape(v)}</sf:{k}>" for k, v in record.items())
        told.append(
            f"<Notification><Id>04l5g000000{len(told)}AAA</Id>"
            f'<sObject xsi:type="sf:{kind}" xmlns:sf="urn:sobject.enterprise.soap.sforce.com">'
            f"{fields}</sObject></Notification>"
        )
    return ENVELOPE.format(organization=organization, notifications="".join(told))


@pytest.fixture
def tb(tmp_path: Path) -> Iterator[Tailorbird]:
    with Tailorbird.open(tmp_path / "data", environment=SECRETS) as opened:
        yield opened


class Salesforce:
    """Sends outbound messages to the whole application."""

    def __init__(self, tb: Tailorbird) -> None:
        self.app = site(tb)

    def post(self, path: str, content: str) -> httpx.Response:
        return asyncio.run(self._post(path, content))

    async def _post(self, path: str, content: str) -> httpx.Response:
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.post(path, content=content)


@pytest.fixture
def client(tb: Tailorbird) -> Salesforce:
    return Salesforce(tb)


def contact(own: str, address: str, **more: str) -> tuple[str, dict[str, str]]:
    return "Contact", {"Id": own, "Email": address, **more}


def test_a_changed_contact_is_a_person_and_is_acknowledged(
    tb: Tailorbird, client: Salesforce
) -> None:
    first = contact(ANN, "ann@shop.example", FirstName="Ann & Co", HasOptedOutOfEmail="true")
    for _ in range(2):
        answer = client.post(PATH, content=message(first))
        assert (answer.status_code, answer.text) == (200, ACK)
        assert answer.headers["content-type"].startswith("text/xml")
    tb.ingest()
    person = tb.person("ann@shop.example")
    assert tb.person(f"salesforce:{ANN[:15]}") == person
    assert tb.world.people.profiles([person])[person].traits["first_name"] == "Ann & Co"
    assert "email_marketing" in tb.world.people.consent_states([person])[person].withdrawn
    assert tb.world.people.count() == 1
    kept = b"".join(record.body.content for record in tb.world.log.read(0, 10))
    assert b"session" not in kept


def test_contacts_that_are_merged_there_are_one_person_here(
    tb: Tailorbird, client: Salesforce
) -> None:
    client.post(
        PATH, content=message(contact(ANN, "a@shop.example"), contact(OTHER, "b@shop.example"))
    )
    tb.ingest()
    assert tb.world.people.count() == 2
    gone = contact(OTHER, "b@shop.example", IsDeleted="true", MasterRecordId=ANN)
    client.post(PATH, content=message(gone))
    tb.ingest()
    assert tb.world.people.count() == 1
    assert tb.person("a@shop.example") == tb.person("b@shop.example")


def test_a_converted_lead_is_the_contact_that_it_became(tb: Tailorbird, client: Salesforce) -> None:
    lead = {"Id": LEAD, "Email": "old@shop.example", "Company": "Birds Ltd", "Status": "Open"}
    client.post(PATH, content=message(("Lead", lead)))
    client.post(PATH, content=message(contact(ANN, "ann@shop.example")))
    done = {**lead, "Status": "Converted", "IsConverted": "true", "ConvertedContactId": ANN}
    client.post(PATH, content=message(("Lead", done)))
    tb.ingest()
    person = tb.person("ann@shop.example")
    assert tb.person("old@shop.example") == person
    traits = tb.world.people.profiles([person])[person].traits
    assert (traits["company"], traits["lead_status"]) == ("Birds Ltd", "Converted")


def test_what_we_do_not_know_is_acknowledged_and_held(tb: Tailorbird, client: Salesforce) -> None:
    case = ("Case", {"Id": "5005g00000CaseCEAV", "Subject": "Help"})
    account = ("Account", {"Id": "0015g00000AccouEAV", "Name": "Birds Ltd"})
    assert client.post(PATH, content=message(case, account)).text == ACK
    tb.ingest()
    (held,) = tb.world.quarantine.page(0, 10)
    assert b"Help" in held.refused.raw
    assert tb.world.people.count() == 0


def test_nobody_else_is_believed(tb: Tailorbird, client: Salesforce, tmp_path: Path) -> None:
    body = message(contact(ANN, "ann@shop.example"))
    assert client.post("/hooks/salesforce/a-wrong-token", content=body).status_code == 401
    other = message(contact(ANN, "ann@shop.example"), organization="00D5g000004OtherAA")
    assert client.post(PATH, content=other).status_code == 401
    assert client.post(PATH, content="<a/>").status_code == 400
    assert tb.world.log.end() == 0
    with Tailorbird.open(tmp_path / "other", environment={}) as unset:
        assert Salesforce(unset).post(PATH, content=body).status_code == 404
