"""Messages of the user's own shape: each is told alone, equal ones twice, odd ones held."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tailorbird.collect import mapping as mappings
from tailorbird.collect.decode import Decoded, decode
from tailorbird.collect.sources.mapped_messages import MappedReader
from tailorbird.collect.sources.queues import Arrival
from tailorbird.errors import DefinitionError
from tailorbird.schema import Body, Event, LogRecord, Names

NOW = 1_760_000_000_000_000
AT = 1_750_000_000_000_000
TILL = """
mapping: till
file: {each: lines}
columns:
  number: {from: receipt.number, type: id}
  at: {from: receipt.at, type: time}
  who: {from: customer.id, type: id, optional: true}
  city: {from: customer.city, optional: true}
  news: {from: customer.newsletter, type: boolean, optional: true}
  sku: {from: lines.sku, type: id}
  name: {from: lines.name, optional: true}
  pieces: {from: lines.pieces, type: integer}
  price: {from: lines.price, type: decimal}
currency: EUR
customers: {id: who, prefix: "till:", traits: {city: city}, consent: {email_marketing: news}}
orders: {id: number, time: at, product: sku, quantity: pieces, price: price}
products: {id: sku, name: name, price: price, time: at}
refuse:
  - {when: [{column: price, below: 0}], reason: a negative price, mend: publish a return}
"""


def receipt(number: str, *lines: tuple[str, int, float], **customer: Any) -> bytes:
    return json.dumps(
        {
            "receipt": {"number": number, "at": "2025-06-15T10:00:00Z"},
            "customer": customer or {"id": 17, "city": "Ulm"},
            "lines": [{"sku": sku, "pieces": n, "price": price} for sku, n, price in lines],
        }
    ).encode()


def told(folder: Path, *batches: list[Arrival], mapping: str = TILL) -> Decoded:
    reader = MappedReader(mappings.parse(mapping, "till.yaml"), folder, "till")
    bodies = [body for batch in batches for body in reader(batch, NOW)]
    return decode(
        [LogRecord(n, Body("import:till", NOW, body)) for n, body in enumerate(bodies, 1)]
    )


def arrivals(*contents: bytes) -> list[Arrival]:
    return [Arrival(content, f"t/0/{n}", AT + n) for n, content in enumerate(contents)]


def of(decoded: Decoded, name: str) -> list[Event]:
    return [event for event in decoded.events if event.name == name]


def test_a_message_is_an_order_of_its_lines_and_tells_of_its_customer(tmp_path: Path) -> None:
    decoded = told(tmp_path, arrivals(receipt("A1", ("MUG", 2, 5.0), ("BAG", 1, 12.5))))
    (order,) = of(decoded, Names.PURCHASE)
    assert (order.order_id, order.value_minor, order.currency) == ("A1", 2250, "EUR")
    assert [line.item for line in order.lines] == ["MUG", "BAG"]
    (person,) = of(decoded, Names.IDENTIFY)
    assert (person.user_id, person.traits, person.at) == ("till:17", {"city": "Ulm"}, AT)
    assert {event.item for event in of(decoded, Names.PRODUCT_UPDATED)} == {"MUG", "BAG"}
    assert [*tmp_path.iterdir()] == []


def test_which_messages_come_together_is_no_matter(tmp_path: Path) -> None:
    some = arrivals(
        receipt("A1", ("MUG", 2, 5.0)), receipt("A1", ("MUG", 2, 5.0)),
        receipt("A2", ("MUG", 1, 6.0)),
        b"[]", receipt("A1", ("BAG", 1, 7.0)), receipt("A3", ("MUG", 1, -1), ("BAG", 1, 7.0)),
    )  # fmt: skip
    found = [
        told(tmp_path, some),
        told(tmp_path, *([one] for one in some)),
        told(tmp_path, some[:2], some[2:]),
    ]
    events = [
        sorted((e.message_id, e.at, e.order_id, e.value_minor, str(e.lines)) for e in each.events)
        for each in found
    ]
    assert events[0] == events[1] == events[2]
    assert [sorted((r.reason, r.raw) for r in each.refused) for each in found[1:]] == [
        sorted((r.reason, r.raw) for r in found[0].refused)
    ] * 2


def test_equal_messages_count_twice_unless_the_order_is_known_by_its_id(tmp_path: Path) -> None:
    twice = arrivals(*[receipt("A1", ("MUG", 2, 5.0))] * 2)
    again = told(tmp_path, twice, twice)
    assert len({event.message_id for event in of(again, Names.PURCHASE)}) == 2
    once = told(tmp_path, twice, mapping=TILL.replace("{id: number,", "{once: true, id: number,"))
    assert len({event.message_id for event in of(once, Names.PURCHASE)}) == 1


def test_two_equal_lines_of_one_message_are_both_meant(tmp_path: Path) -> None:
    decoded = told(tmp_path, arrivals(receipt("A1", ("MUG", 1, 5.0), ("MUG", 1, 5.0))))
    (order,) = of(decoded, Names.PURCHASE)
    assert order.value_minor == 1000


def test_a_consent_that_is_given_again_later_counts_again(tmp_path: Path) -> None:
    said = [
        receipt(f"A{n}", ("MUG", 1, 5.0), id=17, newsletter=yes)
        for n, yes in enumerate([True, False, True])
    ]
    people = of(told(tmp_path, arrivals(*said)), Names.IDENTIFY)
    assert [(event.at, event.consents[0].granted) for event in people] == [
        (AT, True), (AT + 1, False), (AT + 2, True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\xff\xfe", "it is no JSON object"),
        (b"hello", "it is no JSON object"),
        (b'[{"type":"track","event":"A","userId":"u"}]', "it is no JSON object"),
        (b'{"type":"track","event":"A","userId":"u"}', "it has no receipt.number"),
        (receipt("A1", ("MUG", 1, -5.0)), "a negative price"),
        (receipt("A1"), "it has no lines.sku"),
        (receipt("A1", ("MUG", 1, 5.0)).replace(b"2025-06", b"2025-66"), "time"),
    ],
)
def test_what_does_not_fit_is_held_with_its_reason_and_as_it_came(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    decoded = told(tmp_path, arrivals(content, receipt("A2", ("BAG", 1, 5.0))))
    (refused,) = decoded.refused
    assert refused.code == "refused_by_mapping"
    assert reason in refused.reason
    assert refused.mend
    kept = json.loads(refused.raw)
    assert (
        content in refused.raw
        or content.decode("latin-1") == kept.get("message")
        or (kept["base64"] == "//4=")
    )
    assert [event.order_id for event in of(decoded, Names.PURCHASE)] == ["A2"]


class Fragile(MappedReader):
    """A reader that one kind of message breaks."""

    def told(self, arrivals: Sequence[Arrival], now: int) -> list[bytes]:
        if any(b"poison" in arrival.content for arrival in arrivals):
            raise OverflowError
        return super().told(arrivals, now)


def test_a_message_that_breaks_the_reader_is_held_and_no_other_waits(tmp_path: Path) -> None:
    reader = Fragile(mappings.parse(TILL, "till.yaml"), tmp_path, "till")
    some = [receipt(name, ("MUG", 1, 5.0)) for name in ("A1", "A2", "poison", "A4", "A5")]
    records = [
        LogRecord(n, Body("import:till", NOW, body))
        for n, body in enumerate(reader(arrivals(*some), NOW), 1)
    ]
    decoded = decode(records)
    assert len(of(decoded, Names.PURCHASE)) == 4
    (refused,) = decoded.refused
    assert refused.reason == "it breaks what reads it: OverflowError"
    assert some[2] in refused.raw


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("type: time}", 'type: time, formats: ["%d/%m/%Y", "%m/%d/%Y"]}', "which format is meant"),
        ("products: {id: sku,", "products: {id: sku, places: [name],", "cannot tell a sum"),
    ],
)
def test_what_only_many_messages_could_tell_is_refused(
    tmp_path: Path, old: str, new: str, what: str
) -> None:
    with pytest.raises(DefinitionError, match=what):
        told(tmp_path, mapping=TILL.replace(old, new))


def test_only_our_own_doors_say_what_is_held() -> None:
    said = b'{"type":"held","properties":{"reason":"forged"}}'
    (refused,) = decode([LogRecord(1, Body("server:till", NOW, said))]).refused
    assert refused.code == "unknown_type"
