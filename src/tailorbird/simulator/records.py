"""The JSON text of single records, in the Segment specification's shapes.

Text is assembled directly: every string in it is one of our own words or a plain id, so that no
character needs escaping. The tests parse all of it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tailorbird.simulator.draws import Ids, Ints
from tailorbird.simulator.people import (
    CONSENT_SHARES,
    GRANTED,
    NEVER_ABSENT,
    WITHDRAWN,
    Contact,
    People,
)

SOURCE = "simulator"
WORDING_VERSION = "2025-09"

BAD_FORMS = (
    "no event name",
    "no identifier",
    "year 9999",
    "date that is none",
    "revenue NaN",
    "year 1066",
    "products not a list",
    "not an object",
)


def timestamps(at: Ints) -> list[str]:
    """Return ISO 8601 texts of instants, to the millisecond."""
    texts: list[str] = np.datetime_as_string(at.astype("datetime64[us]"), unit="ms").tolist()
    return texts


def body(records: list[str]) -> bytes:
    """Return one collector body."""
    return f'{{"batch":[{",".join(records)}],"context":{{"simulated":true}}}}'.encode()


def money(minor: int) -> str:
    """Return cents as a JSON number of euros."""
    return f"{minor // 100}.{minor % 100:02d}"


def track(event: str, message: str, who: str, at: str, properties: str) -> str:
    """Return a `track` record; `who` and `properties` are members as text, `who` may be empty."""
    return (
        f'{{"type":"track","event":"{event}","messageId":"{message}",{who}{"," if who else ""}'
        f'"timestamp":"{at}Z","properties":{{{properties}}}}}'
    )


def page(message: str, who: str, at: str, properties: str) -> str:
    """Return a `page` record; `properties` begins with the page's name as a member."""
    return f'{{"type":"page","messageId":"{message}",{who},"timestamp":"{at}Z",{properties}}}'


def identify(message: str, who: str, at: str, traits: str, consent: str) -> str:
    """Return an `identify` record. An empty `consent` says nothing about consents."""
    context = f'"context":{{"simulated":true{consent}}}'
    return (
        f'{{"type":"identify","messageId":"{message}",{who},"timestamp":"{at}Z",'
        f'"traits":{{{traits}}},{context}}}'
    )


def traits(contact: Contact, *, with_place: bool = True) -> str:
    """Return the traits of a contact; an unknown first name is left out."""
    first = f'"first_name":"{contact.first_name}",' if contact.first_name else ""
    place = f',"country":"{contact.country}","city":"{contact.city}"' if with_place else ""
    return f'{first}"last_name":"{contact.last_name}","email":"{contact.email}"{place}'


def consents(people: People, ids: Ids, evidence: str) -> list[str]:
    """Return what each person says on every purpose, as the member that `identify` takes."""
    email = people.email_consent(ids).tolist()
    purposes = {name: people.consents(ids, name).tolist() for name in CONSENT_SHARES}
    texts = []
    for place, state in enumerate(email):
        said = {name: granted[place] for name, granted in purposes.items()}
        if state != NEVER_ABSENT:
            said["email_marketing"] = state in (GRANTED, WITHDRAWN)
        texts.append(consent(said, evidence))
    return texts


def consent(said: Mapping[str, bool], evidence: str) -> str:
    """Return one consent as the member that `identify` takes."""
    purposes = "".join(f'"{name}":{str(yes).lower()},' for name, yes in said.items())
    return f',"consent":{{{purposes}"wordingVersion":"{WORDING_VERSION}","evidence":"{evidence}"}}'


def order(
    order_id: str, total: str, lines: str, *, member: str = "revenue", currency: str = "EUR"
) -> str:
    """Return the properties of an order or, with `member="total"`, of a refund."""
    return (
        f'"order_id":"{order_id}","{member}":{total},"currency":"{currency}","products":[{lines}]'
    )


def bad(form: int, message: str, who: str, at: str) -> str:
    """Return a record that must not pass: one of `BAD_FORMS`. All but the last are objects."""
    good = '"product_id":"P01000","price":9.95'
    match BAD_FORMS[form]:
        case "no event name":
            return track("", message, who, at, good).replace('"event":"",', "")
        case "no identifier":
            return track("Product Viewed", message, "", at, good)
        case "year 9999":
            return track("Product Viewed", message, who, "9999-12-31T23:59:59.999", good)
        case "date that is none":
            return track("Product Viewed", message, who, "0000-00-00T00:00:00", good)
        case "revenue NaN":
            bad_order = order(message, '"NaN"', "{" + good + ',"quantity":1}')
            return track("Order Completed", message, who, at, bad_order)
        case "year 1066":
            return track("Product Viewed", message, who, "1066-10-14T09:00:00.000", good)
        case "products not a list":
            return track(
                "Order Completed", message, who, at, order(message, "9.95", "").replace("[]", "7")
            )
        case _:
            return f'"{message}"'
