"""Salesforce: what its records say of people, deals, orders and products, pushed or exported.

A record is what an outbound message or an export gives: fields by their API names, as text, with
dots where something is nested. Contacts, leads and person accounts are people; their ids are
anonymous ids, as they are no logins, and two records of one person may meet. Custom fields
(`Loyalty_Tier__c`) are traits by their own names (`loyalty_tier`).
"""

from __future__ import annotations

import hashlib
import re
from datetime import date, datetime
from typing import Final, TypeAlias

import msgspec

from tailorbird.collect import clean
from tailorbird.collect.sources.shop_messages import (
    Message,
    Unreadable,
    agreed,
    identify,
    iso,
    present,
    product,
    track,
)
from tailorbird.schema import SECOND, Instant, Scalar

SOURCE: Final = "salesforce"
Record: TypeAlias = dict[str, str]
_ID: Final = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d{1,9})?")
_CUSTOM: Final = ("__c", "__pc")
_TRAITS: Final = {
    "Email": "email", "FirstName": "first_name", "LastName": "last_name", "Title": "job_title",
    "Salutation": "salutation", "Birthdate": "birthday", "LeadSource": "lead_source",
    "Company": "company", "Account.Name": "company", "Industry": "industry", "Rating": "rating",
    "Status": "lead_status", "Department": "department", "Phone": "phone", "MobilePhone": "phone",
    "MailingStreet": "street", "MailingCity": "city", "MailingPostalCode": "postcode",
    "MailingState": "state", "MailingCountry": "country", "Street": "street", "City": "city",
    "PostalCode": "postcode", "State": "state", "Country": "country",
    "MailingCountryCode": "country", "CountryCode": "country",
}  # fmt: skip
"""Of two fields for one trait, the later in this order counts, where it is filled."""
_CHANGED: Final = ("SystemModstamp", "LastModifiedDate", "CreatedDate")
_OTHERS: Final = """
    Id Name IsDeleted MasterRecordId HasOptedOutOfEmail IsConverted ConvertedContactId
    IsPersonAccount PersonContactId ContactId Account.PersonContactId StageName Amount CloseDate
    IsWon CurrencyIsoCode LastStageChangeDate Status StatusCode EffectiveDate TotalAmount
    IsReductionOrder OriginalOrderId BillToContactId ShipToContactId CustomerAuthorizedById
    ProductCode Product2.ProductCode Product2Id Family DisplayUrl IsActive UnitPrice
"""
_SPELLED: Final = {
    name.lower(): name
    for field in (*_TRAITS, *_CHANGED, *_OTHERS.split())
    for name in (field, f"Person{field}")
}


def translate(kind: str, record: Record, received_at: Instant) -> list[Message] | None:
    """Return what a record says as Segment-spec messages; None for an object that we do not know.

    Raises:
        Unreadable: it has no id, or a field is not what Salesforce documents.
    """
    match kind:
        case "Contact":
            return _person(record, received_at, "contact", _own(record))
        case "Lead":
            return _lead(record, received_at)
        case "Account":
            return _account(record, received_at)
        case "Opportunity":
            return _opportunity(record, received_at)
        case "Order":
            return _order(record, received_at)
        case "Product2":
            return _product(record, received_at)
        case "PricebookEntry":
            return _price(record, received_at)
    return None


def field_of(column: str) -> str:
    """Return the field that a column of an export holds: the Data Loader writes capitals."""
    return _SPELLED.get(column.strip().lower(), column.strip())


# -- people -------------------------------------------------------------------------------------


def _person(record: Record, received_at: Instant, about: str, own: str) -> list[Message]:
    at = _changed(record, received_at)
    master = record.get("MasterRecordId", "")
    if _true(record, "IsDeleted") and own and master:
        return _same(own, _checked(master), at)
    traits = _traits(record)
    if record.get("IsDeleted"):
        traits["salesforce_deleted"] = _true(record, "IsDeleted")
    # Who has not opted out has not opted in: only the refusal is told.
    out = _true(record, "HasOptedOutOfEmail")
    said = identify(
        f"{about}/{own}/{_version(record)}", at, anonymous=_known_as(own) if own else "",
        traits=traits,
        consent=agreed(False, "Salesforce: HasOptedOutOfEmail") if out else None,
    )  # fmt: skip
    return [said]


def _lead(record: Record, received_at: Instant) -> list[Message]:
    own = _own(record)
    said = _person(record, received_at, "lead", own)
    contact = record.get("ConvertedContactId", "")
    if _true(record, "IsConverted") and own and contact:
        said += _same(own, _checked(contact), _changed(record, received_at))
    return said


def _account(record: Record, received_at: Instant) -> list[Message]:
    """Return what a person account says; a company is nobody who could be written to."""
    if not _true(record, "IsPersonAccount"):
        return []
    own = {
        name.removeprefix("Person"): value
        for name, value in record.items()
        if name.startswith("Person")
    }
    who = record.get("PersonContactId") or _id(record)
    return _person({**record, **own}, received_at, "account", _checked(who))


def _same(one: str, other: str, at: str) -> list[Message]:
    """Return that two records are of one person: both are given the same account."""
    account = f"{SOURCE}:{other}"
    return [
        identify(f"same/{one}/{other}", at, user=account, anonymous=_known_as(one)),
        identify(f"same/{other}/{other}", at, user=account, anonymous=_known_as(other)),
    ]


def _traits(record: Record) -> Message:
    traits: dict[str, Scalar] = {}
    for field, trait in _TRAITS.items():
        if value := record.get(field, "").strip():
            traits[trait] = value
    for field, value in record.items():
        custom = next((field[: -len(e)] for e in _CUSTOM if field.lower().endswith(e)), "")
        if custom and value.strip():
            traits.setdefault(clean.snake(custom), _scalar(value.strip()))
    return traits


def _scalar(text: str) -> Scalar:
    if text in ("true", "false"):
        return text == "true"
    if _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    return text


# -- deals and orders ---------------------------------------------------------------------------


def _opportunity(record: Record, received_at: Instant) -> list[Message]:
    own, at = _id(record), _changed(record, received_at)
    who = _who(record, "ContactId", "Account.PersonContactId")
    stage = record.get("StageName", "")
    said: Message = {
        "currency": record.get("CurrencyIsoCode"), "name": record.get("Name"), "stage": stage,
    }  # fmt: skip
    messages = []
    if who and stage:
        since = _time(record.get("LastStageChangeDate", ""), received_at) or at
        step = record.get("LastStageChangeDate", "")
        messages.append(
            track(
                "Opportunity Stage Changed", f"opportunity/{own}/{stage}/{step}", since,
                anonymous=who, opportunity_id=own, amount=record.get("Amount"), **said,
            )
        )  # fmt: skip
    if _true(record, "IsWon") or ("IsWon" not in record and stage == "Closed Won"):
        closed = _time(record.get("CloseDate", ""), received_at) or at
        messages.append(
            track(
                "Order Completed", f"opportunity/{own}/won", closed, anonymous=who,
                order_id=own, total=_amount(record, "Amount"), **said,
            )
        )  # fmt: skip
    return messages


def _order(record: Record, received_at: Instant) -> list[Message]:
    if record.get("StatusCode") not in ("Activated", "A") and record.get("Status") != "Activated":
        return []
    own = _id(record)
    at = _time(record.get("EffectiveDate", ""), received_at) or _changed(record, received_at)
    back = _true(record, "IsReductionOrder")
    original = record.get("OriginalOrderId", "") if back else ""
    return [
        track(
            "Order Refunded" if back else "Order Completed", f"order/{own}", at,
            anonymous=_who(record, "BillToContactId", "ShipToContactId", "CustomerAuthorizedById"),
            order_id=original or own, total=_amount(record, "TotalAmount"),
            currency=record.get("CurrencyIsoCode"),
        )
    ]  # fmt: skip


def _who(record: Record, *fields: str) -> str:
    """Return as whom the first contact that is named is known, '' for nobody."""
    found = next((record[field] for field in fields if record.get(field)), "")
    return _known_as(_checked(found)) if found else ""


def _amount(record: Record, field: str) -> str:
    value = record.get(field, "").strip() or "0"
    if not re.fullmatch(r"-?\d{1,15}(\.\d{1,9})?(E\d{1,2})?", value):
        raise Unreadable(f"{field} is no amount")
    return str(abs(float(value))) if "E" in value else value.lstrip("-")


# -- products -----------------------------------------------------------------------------------


def _product(record: Record, received_at: Instant) -> list[Message]:
    own, at = _id(record), _changed(record, received_at)
    gone = _true(record, "IsDeleted") or record.get("IsActive", "").lower() == "false"
    return [
        product(
            f"product/{own}/{_version(record)}", at, _item(record, own), name=record.get("Name"),
            category=record.get("Family"), url=record.get("DisplayUrl"),
            currency=record.get("CurrencyIsoCode"), stock=0 if gone else None,
        )
    ]  # fmt: skip


def _price(record: Record, received_at: Instant) -> list[Message]:
    if record.get("IsActive", "true").lower() == "false" or _true(record, "IsDeleted"):
        return []
    own, at = _checked(record.get("Product2Id", "")), _changed(record, received_at)
    return [
        product(
            f"price/{_id(record)}/{_version(record)}", at, _item(record, own),
            price=_amount(record, "UnitPrice"), currency=record.get("CurrencyIsoCode"),
        )
    ]  # fmt: skip


def _item(record: Record, own: str) -> str:
    return record.get("ProductCode") or record.get("Product2.ProductCode") or own


# -- fields -------------------------------------------------------------------------------------


def _id(record: Record) -> str:
    return _checked(record.get("Id", ""))


def _own(record: Record) -> str:
    """Return a person's id, '' in exports that tell people by their addresses alone."""
    return _id(record) if record.get("Id") or not record.get("Email") else ""


def _checked(text: str) -> str:
    if not _ID.fullmatch(text):
        raise Unreadable("an id is missing, or is none of Salesforce")
    # Reports print 15 characters that tell capitals; the other three only repeat them.
    return text[:15]


def _known_as(own: str) -> str:
    return f"{SOURCE}:{own}"


def _true(record: Record, field: str) -> bool:
    return record.get(field, "").strip().lower() in ("true", "1")


def _version(record: Record) -> str:
    """Return what tells a version of a record from the one before."""
    for field in _CHANGED[:2]:
        if moment := record.get(field):
            return moment
    told = msgspec.json.encode(sorted(present(**record).items()))
    return hashlib.blake2b(told, digest_size=12).hexdigest()


def _changed(record: Record, received_at: Instant) -> str:
    """Return when a record was changed, as ISO 8601."""
    found = (_time(record.get(field, ""), received_at) for field in _CHANGED)
    return next((at for at in found if at), iso(received_at))


def _time(text: str, received_at: Instant) -> str:
    """Return a time or a day as ISO 8601, '' where there is none, never later than we heard of it.

    A deal may be won before the day on which it was meant to close.
    """
    if not text:
        return ""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Unreadable(f"{text!r} is no time") from None
    if len(text) == len(date.min.isoformat()):
        text = f"{text}T00:00:00+00:00"
        at = datetime.fromisoformat(text)
    instant = int(at.timestamp() * SECOND) if at.tzinfo else 0
    return iso(min(instant, received_at)) if instant else f"{text}Z"
