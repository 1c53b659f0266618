"""Events about a send say who, which mail and when; telling one twice gives the same id."""

from __future__ import annotations

import json

import pytest

from tailorbird.schema import SECOND, Names
from tailorbird.tracking import events

SEND_ID = bytes(range(16))
HEX = SEND_ID.hex()
AT = 1_700_000_000 * SECOND + 123_456


def about(event: events.TrackedEvent) -> object:
    return json.loads(json.dumps(event))


def test_a_sent_mail_is_told_with_its_person_campaign_and_variant() -> None:
    event = events.sent_event(SEND_ID, person=7, campaign="spring", variant="b", at=AT)
    assert about(event) == {
        "type": "track",
        "event": Names.EMAIL_SENT,
        "messageId": f"sent-{HEX}",
        "timestamp": "2023-11-14T22:13:20.123456Z",
        "context": {"personId": 7},
        "properties": {"send_id": HEX, "campaign": "spring", "variant": "b"},
    }


def test_an_open_says_whether_a_machine_made_it() -> None:
    event = events.opened_event(
        SEND_ID, person=7, campaign="spring", variant="b", at=AT, machine=True, reason="head"
    )
    assert event["messageId"] == f"open-{HEX}-{AT}"
    assert event["properties"] == {
        "send_id": HEX,
        "campaign": "spring",
        "variant": "b",
        "machine": True,
        "reason": "head",
    }


def test_two_links_clicked_at_one_instant_are_two_events() -> None:
    one, two = (
        events.clicked_event(
            SEND_ID, person=7, campaign="c", variant="", at=AT, url="https://x.example", link=link
        )
        for link in (1, 2)
    )
    assert one["messageId"] != two["messageId"]


def test_unsubscribing_and_bouncing_twice_is_told_once() -> None:
    one, two = (
        events.unsubscribed_event(SEND_ID, person=7, campaign="c", variant="", at=at)
        for at in (AT, AT + 1)
    )
    assert one["messageId"] == two["messageId"] == f"unsub-{HEX}"
    bounced = events.bounced_event(
        SEND_ID, person=7, campaign="c", variant="", at=AT, reason="550 no such user"
    )
    assert bounced["messageId"] == f"bounce-{HEX}"


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (0, "1970-01-01T00:00:00.000000Z"),
        (-1, "1969-12-31T23:59:59.999999Z"),
        (253_402_300_799_999_999, "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_instants_keep_their_microseconds(at: int, text: str) -> None:
    assert events.iso(at) == text
