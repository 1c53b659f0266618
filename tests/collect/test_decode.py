"""Bodies become events, or are refused with a reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from tailorbird.collect.decode import Decoded, decode
from tailorbird.schema import DAY, HOUR, Body, ConsentClaim, Event, Instant, Line, LogRecord, Names

Decoding: TypeAlias = Callable[..., Decoded]
ORDER: dict[str, Any] = {
    "type": "track",
    "event": "Order Completed",
    "userId": "u1",
    "messageId": "m1",
    "timestamp": "2025-01-02T03:04:05.678Z",
    "properties": {
        "order_id": "o1",
        "total": 27.5,
        "revenue": 22.5,
        "currency": "usd",
        "coupon": "hasbros",
        "products": [
            {
                "product_id": "p1",
                "name": "Monopoly",
                "price": 19,
                "quantity": 1,
                "category": "Games",
            },
            {"product_id": "p2", "sku": "s2", "price": "1.755", "quantity": 2},
        ],
    },
}


def only(decoded: Decoded) -> Event:
    assert decoded.refused == []
    (event,) = decoded.events
    return event


def refusal(decoded: Decoded) -> str:
    assert decoded.events == []
    (refused,) = decoded.refused
    assert refused.reason
    assert refused.mend
    return refused.code


def track(event: object = "Coupon Entered", **fields: Any) -> dict[str, Any]:
    return {"type": "track", "event": event, "userId": "u1", "messageId": "m1"} | fields


def test_an_order_becomes_a_purchase_with_its_lines(decoding: Decoding, now: Instant) -> None:
    event = only(decoding(ORDER))
    assert event == Event(
        message_id="m1",
        name=Names.PURCHASE,
        at=1_735_787_045_678_000,
        received_at=now,
        position=7 << 20,
        source="web",
        user_id="u1",
        order_id="o1",
        quantity=3,
        value_minor=2750,
        currency="USD",
        lines=(Line("p1", "Monopoly", "Games", 1, 1900), Line("p2", "", "", 2, 176)),
        properties={"revenue": 22.5, "coupon": "hasbros"},
    )


def test_a_purchase_without_a_total_is_worth_its_lines(decoding: Decoding) -> None:
    properties = {k: v for k, v in ORDER["properties"].items() if k not in ("total", "revenue")}
    assert only(decoding(ORDER | {"properties": properties})).value_minor == 1900 + 2 * 176


@pytest.mark.parametrize(
    ("currency", "minor"), [("EUR", 1235), ("JPY", 12), ("KWD", 12345), ("XXX", 1235)]
)
def test_amounts_follow_the_places_of_their_currency(
    decoding: Decoding, currency: str, minor: int
) -> None:
    properties = {"total": 12.345, "currency": currency}
    assert only(decoding(track("Order Completed", properties=properties))).value_minor == minor


def test_an_amount_without_a_currency_is_in_the_shops(decoding: Decoding) -> None:
    event = only(decoding(track("Order Completed", properties={"total": 1200}), currency="JPY"))
    assert (event.value_minor, event.currency) == (1200, "JPY")


def test_a_return_is_positive_however_it_is_signed(decoding: Decoding) -> None:
    products = [{"product_id": "p1", "price": 5, "quantity": -2}]
    event = only(decoding(track("Order Refunded", properties={"total": -10, "products": products})))
    assert (event.name, event.value_minor) == (Names.RETURN, 1000)
    assert event.lines == (Line("p1", quantity=2, price_minor=500),)


def test_a_product_event_has_its_product_as_item_and_as_line(decoding: Decoding) -> None:
    properties = {"product_id": "p1", "price": 18.99, "quantity": 3, "category": "Games"}
    event = only(decoding(track("Product Added", properties=properties)))
    assert event.name == Names.ADD_TO_CART
    assert (event.item, event.category, event.quantity) == ("p1", "Games", 3)
    assert event.value_minor == 5697
    assert event.lines == (Line("p1", "", "Games", 3, 1899),)


def test_a_value_that_is_no_money_stays_a_property(decoding: Decoding) -> None:
    event = only(decoding(track("Colour Chosen", properties={"value": "red"})))
    assert event.properties == {"value": "red"}
    assert event.value_minor == 0


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("Order Completed", Names.PURCHASE),
        ("completedOrder", Names.PURCHASE),
        ("Viewed Product", Names.PRODUCT_VIEWED),
        ("Order Cancelled", "order_cancelled"),
        ("Trial  Started!", "trial_started"),
        ("日本語", "日本語"),
    ],
)
def test_names_of_other_tools_fold_into_ours(decoding: Decoding, spelling: str, name: str) -> None:
    assert only(decoding(track(spelling))).name == name


def test_a_batch_keeps_its_order_and_its_neighbours(decoding: Decoding) -> None:
    batch = [track(messageId="a"), {"type": "nonsense", "userId": "u"}, track(messageId="b")]
    decoded = decoding({"batch": batch, "sentAt": "2025-01-01T00:00:00Z"})
    assert [(e.message_id, e.position) for e in decoded.events] == [
        ("a", 7 << 20),
        ("b", (7 << 20) + 2),
    ]
    (refused,) = decoded.refused
    assert (refused.code, refused.position) == ("unknown_type", (7 << 20) + 1)
    assert refused.raw == b'{"type":"nonsense","userId":"u"}'


def test_a_list_is_a_batch(decoding: Decoding) -> None:
    assert len(decoding([track(), track()]).events) == 2


def test_a_clock_that_is_wrong_is_corrected(decoding: Decoding, now: Instant) -> None:
    wrong = track(timestamp="2001-01-01T00:00:00Z", sentAt="2001-01-01T01:00:00Z")
    assert only(decoding(wrong)).at == now - HOUR
    unsent = {k: v for k, v in wrong.items() if k != "sentAt"}
    batch = {"batch": [unsent], "sentAt": "2001-01-01T02:00:00Z"}
    assert only(decoding(batch)).at == now - 2 * HOUR


def test_a_message_that_was_relayed_is_not_corrected_twice(decoding: Decoding) -> None:
    relayed = track(
        timestamp="2015-02-23T22:28:55Z",
        originalTimestamp="2015-02-23T20:00:00Z",
        sentAt="2015-02-23T20:00:01Z",
    )
    assert only(decoding(relayed)).at == 1_424_730_535_000_000


@pytest.mark.parametrize(
    "timestamp",
    [
        "2025-01-02T03:04:05Z",
        "2025-01-02T04:04:05+01:00",
        "2025-01-02 03:04:05",
        1735787045,
        1735787045000,
        1735787045000000,
    ],
)
def test_times_come_in_many_forms(decoding: Decoding, timestamp: object) -> None:
    assert only(decoding(track(timestamp=timestamp))).at == 1_735_787_045_000_000


@pytest.mark.parametrize(
    "timestamp", ["1969-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", 1]
)
def test_times_that_cannot_be_are_refused(decoding: Decoding, timestamp: object) -> None:
    assert refusal(decoding(track(timestamp=timestamp))) == "implausible_time"


def test_nothing_happens_after_we_heard_of_it(decoding: Decoding, now: Instant) -> None:
    assert only(decoding(track(timestamp=(now + HOUR) // 1000))).at == now
    assert refusal(decoding(track(timestamp=(now + 2 * DAY) // 1000))) == "implausible_time"


def test_an_identify_says_who_and_what(decoding: Decoding) -> None:
    message = {
        "type": "identify",
        "anonymousId": "a1",
        "userId": 42,
        "traits": {
            "email": " Ann@Example.COM ",
            "firstName": " Ann\u200b ",
            "address": {"city": "Cork", "postalCode": "T12", "country": "EIRE"},
            "logins": 5,
        },
        "context": {"traits": {"plan": "free", "logins": 1}},
    }
    event = only(decoding(message))
    assert (event.name, event.user_id, event.anonymous_id) == (Names.IDENTIFY, "42", "a1")
    assert event.email == "Ann@example.com"
    assert event.traits == {
        "first_name": "Ann",
        "city": "Cork",
        "postcode": "T12",
        "country": "IE",
        "logins": 5,
        "plan": "free",
    }


def test_a_user_id_that_is_an_address_is_one_for_identify_only(decoding: Decoding) -> None:
    message = {"type": "identify", "userId": "ann@example.com"}
    assert only(decoding(message)).email == "ann@example.com"
    assert only(decoding(track(userId="ann@example.com"))).email == ""


def test_an_address_that_is_none_is_noted_and_the_rest_kept(decoding: Decoding) -> None:
    message = {"type": "identify", "userId": "u", "traits": {"email": "ann(at)x", "plan": "free"}}
    event = only(decoding(message))
    assert (event.email, event.traits) == ("", {"email_invalid": True, "plan": "free"})


def test_an_identify_carries_consent(decoding: Decoding) -> None:
    consent = {"email_marketing": True, "tracking": False, "wordingVersion": "3", "evidence": "f"}
    message = {"type": "identify", "userId": "u", "context": {"consent": consent}}
    assert only(decoding(message)).consents == (
        ConsentClaim("email_marketing", True, "3", "f"),
        ConsentClaim("tracking", False, "3", "f"),
    )


@pytest.mark.parametrize("answer", ["yes", 1, {}, [True]])
def test_consent_is_true_or_false_or_refused(decoding: Decoding, answer: object) -> None:
    context = {"consent": {"email_marketing": answer}}
    assert refusal(decoding({"type": "identify", "userId": "u", "context": context})) == (
        "bad_consent"
    )


def test_an_alias_joins_the_previous_id(decoding: Decoding) -> None:
    event = only(decoding({"type": "alias", "previousId": "anon-9", "userId": "u1"}))
    assert (event.user_id, event.anonymous_id) == ("u1", "anon-9")


@pytest.mark.parametrize("user", ["undefined", "null", "", "0", "00000000-0000-0000", None, " "])
def test_words_that_stand_for_nobody_join_nobody(decoding: Decoding, user: object) -> None:
    assert refusal(decoding(track(userId=user))) == "no_identifier"


@pytest.mark.parametrize("source", ["import", "simulator"])
def test_guests_may_buy_and_return_in_our_own_sources(decoding: Decoding, source: str) -> None:
    for event in ("Order Completed", "Order Refunded"):
        message = {"type": "track", "event": event, "properties": {"total": 5}}
        assert only(decoding(message, source)).user_id == ""
        assert refusal(decoding(message)) == "no_identifier"


def test_our_own_sources_say_whom_and_which_mail(decoding: Decoding) -> None:
    message = {
        "type": "track",
        "event": "email_opened",
        "messageId": "m",
        "context": {"personId": 12},
        "properties": {"send_id": "ab", "campaign": "spring", "variant": "b", "machine": True},
    }
    event = only(decoding(message, "tracking"))
    assert (event.person_id, event.send_id, event.campaign) == (12, "ab", "spring")
    assert (event.variant, event.machine, event.properties) == ("b", True, {})


def test_nobody_outside_can_say_whom_or_which_mail(decoding: Decoding) -> None:
    message = track("email_opened", context={"personId": 12}, properties={"send_id": "ab"})
    event = only(decoding(message))
    assert (event.person_id, event.send_id) == (0, "")


def test_nobody_outside_can_change_a_product(decoding: Decoding) -> None:
    properties = {"product_id": "p", "price": 0.01}
    assert refusal(decoding(track("product_updated", properties=properties))) == "not_allowed"


def test_nobody_outside_can_take_the_message_id_of_our_own_events(decoding: Decoding) -> None:
    ours = only(decoding(track(messageId="m9"), "import")).message_id
    assert only(decoding(track(messageId=ours))).message_id != ours


def test_a_catalogue_entry_keeps_what_the_store_needs(decoding: Decoding) -> None:
    properties = {
        "product_id": "p1",
        "name": "Mug",
        "category": "kitchen",
        "price": 7.5,
        "currency": "EUR",
        "url": "https://shop.example/p1",
        "image_url": "https://shop.example/p1.png",
        "stock": 12,
    }
    message = {"type": "track", "event": "product_updated", "properties": properties}
    event = only(decoding(message, "import"))
    assert event.lines == (Line("p1", "Mug", "kitchen", 1, 750),)
    assert event.currency == "EUR"
    assert event.properties["url"] == "https://shop.example/p1"
    assert event.properties["image_url"] == "https://shop.example/p1.png"
    assert event.properties["stock"] == 12


def test_a_missing_message_id_is_made_from_the_content(decoding: Decoding) -> None:
    bare = {k: v for k, v in ORDER.items() if k != "messageId"}
    first, again = only(decoding(bare)), only(decoding(bare))
    other = only(decoding(bare | {"userId": "u2"}))
    assert first.message_id == again.message_id != other.message_id


def test_without_id_and_time_two_visits_are_two(now: Instant) -> None:
    content = b'{"type":"page","name":"Home","userId":"u"}'
    records = [LogRecord(n, Body("web", now + n, content)) for n in (1, 2)]
    assert len({event.message_id for event in decode(records).events}) == 2


def test_facts_hold_no_address(decoding: Decoding) -> None:
    properties = {
        "inviteeEmail": "bob@example.com",
        "invitee_first_name": "Bob",
        "page": "https://shop.example/?user=bob%40example.com&x=1",
        "to": ["bob@example.com"],
    }
    event = only(decoding(track("Invite Sent", properties=properties)))
    assert event.properties == {
        "page": "https://shop.example/?user=[address]&x=1",
        "to": '["[address]"]',
    }


def test_nested_properties_become_one_level(decoding: Decoding) -> None:
    properties = {"Feed Type": "private", "filters": {"colorOf": {"door": "red"}}, "n": None}
    assert only(decoding(track(properties=properties))).properties == {
        "feed_type": "private",
        "filters_color_of_door": "red",
        "n": None,
    }


def test_old_spellings_of_the_spec_are_read(decoding: Decoding) -> None:
    message = {"action": "track", "event": "Email Bounced", "user_id": "u9", "message_id": "m"}
    event = only(decoding(message))
    assert (event.name, event.user_id, event.message_id) == (Names.EMAIL_BOUNCED, "u9", "m")


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (track(event=None), "no_name"),
        (track("!!!"), "no_name"),
        (track(userId={"a": 1}), "bad_identifier"),
        (track(userId="a\nb"), "bad_identifier"),
        (track(userId="a" * 300), "too_long"),
        (track(timestamp="yesterday"), "bad_time"),
        (track(timestamp={}), "bad_time"),
        (track(properties=[]), "bad_object"),
        (track(properties={"n": 2**64}), "too_large"),
        (track(properties={"n": "a\x00b"}), "control_character"),
        (track(properties={"k" * 100_000: 1}), "too_long"),
        (track(properties={f"k{i}": i for i in range(501)}), "too_many_fields"),
        (track("Order Completed", properties={"total": -1}), "negative_value"),
        (track("Order Completed", properties={"total": "lots"}), "bad_amount"),
        (track("Order Completed", properties={"total": 1e300}), "bad_amount"),
        (track("Order Completed", properties={"total": 1, "currency": "Moon"}), "bad_currency"),
        (track("Order Completed", properties={"products": {}}), "bad_products"),
        (track("Order Completed", properties={"products": [{"price": 1}]}), "bad_products"),
        (track("Product Added", properties={"product_id": "p", "quantity": 1.5}), "bad_quantity"),
        (track("Product Added", properties={"product_id": "p", "quantity": -1}), "bad_quantity"),
        ({"type": "subscribe", "userId": "u"}, "unknown_type"),
        ({}, "unknown_type"),
        ({"batch": [3]}, "bad_json"),
    ],
)
def test_what_cannot_be_taken_says_why(decoding: Decoding, message: object, code: str) -> None:
    assert refusal(decoding(message)) == code
