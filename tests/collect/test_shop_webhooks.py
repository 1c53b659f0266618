"""Webhooks of shops become people, orders, returns and products; expected values are the shops'."""

from __future__ import annotations

import base64
import gzip
import hashlib
import hmac
import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tailorbird.collect import decode
from tailorbird.collect.sources import shopify, stripe, woocommerce
from tailorbird.collect.sources.shop_messages import Message, Unreadable, iso
from tailorbird.schema import Body, ConsentClaim, Event, LogRecord, Names

NOW = 1_760_000_000_000_000
SHOP = "https://shop.example"


def events(source: str, messages: list[Message] | None) -> list[Event]:
    """Return what the log makes of these messages, of which it may refuse none."""
    assert messages is not None
    content = msgspec.json.encode({"batch": messages})
    decoded = decode([LogRecord(1, Body(source, NOW, content))])
    assert decoded.refused == []
    return decoded.events


def named(found: list[Event], name: str) -> list[Event]:
    return [event for event in found if event.name == name]


def minor(amount: object) -> int:
    return int(Decimal(str(amount)) * 100)


def instant(text: str) -> int:
    zoned = text if text[-6] in "+-" else f"{text}+00:00"
    return int(datetime.fromisoformat(zoned).timestamp()) * 1_000_000


def samples(
    path: Path, resource: str, one: str, many: str, key: str = "id"
) -> list[dict[str, Any]]:
    """Return each of a platform's sample objects that has more than some of its fields."""
    found: list[dict[str, Any]] = []
    for sample in map(json.loads, gzip.decompress(path.read_bytes()).splitlines()):
        body = sample["body"]
        if resource and sample["resource"] != resource:
            continue
        if "create" in body:
            body = [*body["create"], *body["update"]]
        if isinstance(body, dict):
            body = [body[one]] if one in body else body.get(many, [] if one else [body])
        found += [each for each in body if key in each]
    assert found
    return found


@pytest.fixture
def rest(shared_data: Path) -> Path:
    return shared_data / "protocol" / "shopify_rest.jsonl.gz"


@pytest.fixture
def woo(shared_data: Path) -> Path:
    return shared_data / "protocol" / "woocommerce_rest.jsonl.gz"


@pytest.fixture
def objects(shared_data: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((shared_data / "protocol/stripe_objects.json").read_text())
    return found


# -- Shopify ------------------------------------------------------------------------------------


@pytest.mark.shared
def test_every_sample_order_of_shopify_is_one_purchase_of_the_right_person(rest: Path) -> None:
    for order in samples(rest, "", "order", "orders"):
        found = events("shopify", shopify.translate("orders/create", order, NOW))
        (bought,) = named(found, Names.PURCHASE)
        customer = order.get("customer")
        assert bought.order_id == str(order["id"])
        assert bought.value_minor == minor(order["total_price"])
        assert bought.user_id == (f"shopify:{customer['id']}" if customer else "")
        assert [(line.quantity, line.price_minor) for line in bought.lines] == [
            (line["quantity"], minor(line["price"])) for line in order["line_items"]
        ]
        catalogued = [str(line["product_id"]) for line in order["line_items"] if line["product_id"]]
        assert [line.item for line in bought.lines if line.item.isdigit()] == catalogued
        if "processed_at" in order:
            assert bought.at == instant(order["processed_at"])
            assert bought.currency == order["currency"]
        email = (customer or {}).get("email") or order.get("email") or ""
        assert {e.email for e in found if e.name == Names.IDENTIFY} == ({email} if email else set())


@pytest.mark.shared
def test_every_sample_refund_of_shopify_is_one_return_of_its_order(rest: Path) -> None:
    alone = [r for r in samples(rest, "refund", "refund", "refunds") if r.get("order_id")]
    within = [r for o in samples(rest, "", "order", "orders") for r in o.get("refunds", [])]
    for refund in alone + within:
        (back,) = events("shopify", shopify.translate("refunds/create", refund, NOW))
        paid = [t for t in refund["transactions"] if t["kind"] == "refund"]
        assert back.name == Names.RETURN
        assert back.order_id == str(refund["order_id"])
        assert back.value_minor == sum(minor(t["amount"]) for t in paid)
        assert [(line.item, line.quantity) for line in back.lines] == [
            (str(line["line_item"]["product_id"]), line["quantity"])
            for line in refund["refund_line_items"]
        ]


@pytest.mark.shared
def test_a_refund_in_its_order_is_the_same_as_alone(rest: Path) -> None:
    order = next(o for o in samples(rest, "order", "order", "orders") if o.get("refunds"))
    inside = named(events("shopify", shopify.translate("orders/updated", order, NOW)), Names.RETURN)
    alone = [
        event
        for refund in order["refunds"]
        for event in events("shopify", shopify.translate("refunds/create", refund, NOW))
    ]
    assert [e.message_id for e in inside] == [e.message_id for e in alone]
    bought = named(events("shopify", shopify.translate("orders/paid", order, NOW)), Names.PURCHASE)
    assert {e.anonymous_id for e in inside + alone} == {e.anonymous_id for e in bought}


@pytest.mark.shared
def test_every_sample_customer_of_shopify_brings_traits_and_the_consent_it_gave(rest: Path) -> None:
    granted = 0
    for customer in samples(rest, "customer", "customer", "customers"):
        found = events("shopify", shopify.translate("customers/update", customer, NOW))
        assert {e.user_id for e in found} == {f"shopify:{customer['id']}"}
        assert found[0].email == customer["email"]
        assert found[0].traits.get("first_name") == customer.get("first_name")
        said = customer.get("email_marketing_consent") or {}
        claims = [(e.at, claim) for e in found for claim in e.consents]
        if said.get("state") != "subscribed":
            assert claims == []
            continue
        granted += 1
        evidence = f"Shopify email_marketing_consent: subscribed, {said['opt_in_level']}"
        claim = ConsentClaim("email_marketing", True, evidence=evidence)
        assert claims == [(instant(said["consent_updated_at"]), claim)]
    assert granted


@pytest.mark.shared
def test_every_sample_product_of_shopify_has_its_price_page_image_and_stock(rest: Path) -> None:
    for product in samples(rest, "product", "product", "products"):
        (event,) = events(
            "shopify", shopify.translate("products/update", product, NOW, shop_url=f"{SHOP}/")
        )
        assert (event.name, event.lines[0].item) == (Names.PRODUCT_UPDATED, str(product["id"]))
        variants = product.get("variants", [])
        prices = [minor(v["price"]) for v in variants if minor(v["price"])]
        assert event.lines[0].price_minor == min(prices, default=0)
        counted = [v["inventory_quantity"] for v in variants if v["inventory_management"]]
        assert event.properties.get("stock") == (sum(counted) if counted else None)
        image = (product.get("image") or {}).get("src")
        assert event.properties.get("image_url") == image
        handle = product.get("handle")
        assert event.properties.get("url") == (f"{SHOP}/products/{handle}" if handle else None)


@pytest.mark.shared
def test_every_sample_checkout_of_shopify_puts_its_products_into_the_cart(rest: Path) -> None:
    for checkout in samples(rest, "checkout", "checkout", "", "token"):
        found = events("shopify", shopify.translate("checkouts/update", checkout, NOW))
        added = named(found, Names.ADD_TO_CART)
        wanted = {str(line["product_id"]) for line in checkout["line_items"]}
        assert {e.item for e in added} == wanted
        assert len(added) == len(wanted)
        if checkout["email"]:
            assert {e.email for e in named(found, Names.IDENTIFY)} == {checkout["email"]}


ORDER = {"id": 5, "total_price": "20.00", "currency": "EUR", "created_at": "2025-01-02T03:04:05Z"}


def test_an_order_that_is_told_again_later_is_the_same_order() -> None:
    first = events("shopify", shopify.translate("orders/create", ORDER, NOW))
    later = ORDER | {"updated_at": "2025-02-01T00:00:00Z", "financial_status": "paid"}
    again = events("shopify", shopify.translate("orders/updated", later, NOW + 5))
    assert [e.message_id for e in first] == [e.message_id for e in again] == ["shopify:order/5"]


@pytest.mark.parametrize(
    ("status", "name"), [("voided", Names.RETURN), ("paid", "order_cancelled")]
)
def test_a_cancelled_order_comes_back_when_nothing_was_paid(status: str, name: str) -> None:
    order = ORDER | {"cancelled_at": "2025-01-03T00:00:00Z", "financial_status": status}
    found = events("shopify", shopify.translate("orders/cancelled", order, NOW))
    assert [e.name for e in found] == [Names.PURCHASE, name]


def test_a_test_order_of_shopify_is_no_order() -> None:
    assert shopify.translate("orders/create", ORDER | {"test": True}, NOW) == []


def test_who_unsubscribes_in_the_shop_is_unsubscribed() -> None:
    consent = {"state": "unsubscribed", "consent_updated_at": "2025-01-02T00:00:00Z"}
    body = {"customer_id": 7, "email_marketing_consent": consent}
    topic = "customers_email_marketing_consent/update"
    (event,) = events("shopify", shopify.translate(topic, body, NOW))
    assert [(c.purpose, c.granted) for c in event.consents] == [("email_marketing", False)]
    assert (event.user_id, event.at) == ("shopify:7", instant("2025-01-02T00:00:00"))


@pytest.mark.parametrize("order", [{}, {"id": 1}, [], None, "x", {"id": "a", "total_price": 1}])
def test_what_is_not_shaped_as_documented_is_unreadable(order: object) -> None:
    with pytest.raises(Unreadable):
        shopify.translate("orders/create", order, NOW)


# -- WooCommerce --------------------------------------------------------------------------------


@pytest.mark.shared
def test_every_accepted_sample_order_of_woocommerce_is_a_purchase_with_its_refunds(
    woo: Path,
) -> None:
    seen = set()
    for order in samples(woo, "orders", "", ""):
        if "status" not in order:
            continue
        found = events("woocommerce", woocommerce.translate("order.updated", order, NOW))
        seen.add(order["status"])
        if order["status"] == "pending":
            assert found == []
            continue
        (bought,) = named(found, Names.PURCHASE)
        assert (bought.order_id, bought.value_minor) == (str(order["id"]), minor(order["total"]))
        assert [(li.item, li.quantity, li.price_minor) for li in bought.lines] == [
            (str(li["product_id"]), li["quantity"], minor(li["price"]))
            for li in order["line_items"]
        ]
        assert bought.at == instant(order["date_paid_gmt"] or order["date_created_gmt"])
        assert found[0].email == order["billing"]["email"]
        customer = order["customer_id"]
        assert bought.user_id == (f"woocommerce:{customer}" if customer else "")
        assert [e.value_minor for e in named(found, Names.RETURN)] == [
            -minor(refund["total"]) for refund in order["refunds"]
        ]
    assert seen == {"processing", "completed", "pending"}


@pytest.mark.shared
def test_the_sample_refunds_of_woocommerce_come_with_their_order(woo: Path) -> None:
    """A refund names no order, and WooCommerce has no topic for it: it sends the order again."""
    amounts = {r["id"]: minor(r["amount"]) for r in samples(woo, "order-refunds", "", "")}
    orders = [o for o in samples(woo, "orders", "", "") if o.get("refunds")]
    for order in orders:
        found = events("woocommerce", woocommerce.translate("order.updated", order, NOW))
        back = {e.message_id: e.value_minor for e in named(found, Names.RETURN)}
        assert back == {f"woocommerce:refund/{i}": amount for i, amount in amounts.items()}


@pytest.mark.shared
def test_every_sample_customer_of_woocommerce_is_a_person(woo: Path) -> None:
    for customer in samples(woo, "customers", "", ""):
        (event,) = events("woocommerce", woocommerce.translate("customer.updated", customer, NOW))
        assert event.email == customer["email"]
        assert event.user_id == f"woocommerce:{customer['id']}"
        assert event.traits["first_name"] == customer["first_name"]
        assert event.traits["city"] == customer["billing"]["city"]
        assert event.consents == ()


@pytest.mark.shared
def test_every_sample_product_of_woocommerce_has_its_price_page_and_image(woo: Path) -> None:
    for product in [p for p in samples(woo, "products", "", "") if "price" in p]:
        (event,) = events("woocommerce", woocommerce.translate("product.updated", product, NOW))
        assert event.lines[0].item == str(product["id"])
        assert event.lines[0].price_minor == minor(product["price"] or 0)
        assert event.lines[0].category == product["categories"][0]["name"]
        assert event.properties["url"] == product["permalink"]
        assert event.properties["image_url"] == product["images"][0]["src"]
        assert event.properties["stock"] == "uncounted"


@pytest.mark.parametrize(
    ("said", "stock"),
    [
        ({"manage_stock": True, "stock_quantity": 4}, 4),
        ({"manage_stock": True, "stock_quantity": -2}, 0),
        ({"manage_stock": False, "stock_status": "outofstock"}, 0),
        ({"manage_stock": False, "stock_status": "instock"}, "uncounted"),
        ({"manage_stock": False}, None),
    ],
)
def test_the_stock_of_woocommerce_is_known_where_it_is_counted(
    said: dict[str, Any], stock: int | str | None
) -> None:
    product = {"id": 3, "name": "Mug", "price": "5"} | said
    (event,) = events("woocommerce", woocommerce.translate("product.updated", product, NOW))
    assert event.properties.get("stock") == stock


# -- Stripe -------------------------------------------------------------------------------------


@pytest.mark.shared
def test_the_sample_objects_of_stripe_say_who_and_what(objects: dict[str, Any]) -> None:
    customer = objects["customer"] | {"email": "ann@shop.example", "name": "Ann Lee"}
    (who,) = events("stripe", stripe.translate("customer.created", customer, NOW))
    assert (who.user_id, who.email) == (f"stripe:{customer['id']}", "ann@shop.example")
    assert who.traits["name"] == "Ann Lee"
    price = objects["price"]
    (product,) = events("stripe", stripe.translate("price.created", price, NOW))
    assert product.lines[0].item == price["product"]
    assert (product.lines[0].price_minor, product.currency) == (price["unit_amount"], "USD")
    started, ended = (
        events(
            "stripe", stripe.translate(f"customer.subscription.{c}", objects["subscription"], NOW)
        )
        for c in ("created", "deleted")
    )
    assert (started[0].name, ended[0].name) == ("subscription_started", "subscription_ended")


@pytest.mark.shared
def test_a_sample_invoice_of_stripe_is_an_order_once_money_came(objects: dict[str, Any]) -> None:
    invoice = objects["invoice"]
    assert stripe.translate("invoice.paid", invoice, NOW) == []
    paid = invoice | {"amount_paid": invoice["amount_due"]}
    found = events("stripe", stripe.translate("invoice.paid", paid, NOW))
    (bought,) = named(found, Names.PURCHASE)
    assert (bought.order_id, bought.value_minor) == (invoice["id"], invoice["amount_due"])
    assert bought.user_id == f"stripe:{invoice['customer']}"


@pytest.mark.shared
def test_a_sample_checkout_of_stripe_is_an_order_once_paid(objects: dict[str, Any]) -> None:
    session = objects["checkout.session"]
    unpaid = events("stripe", stripe.translate("checkout.session.completed", session, NOW))
    assert [e.name for e in unpaid] == [Names.IDENTIFY]
    assert unpaid[0].email == session["customer_details"]["email"]
    paid = session | {
        "payment_status": "paid", "amount_total": 1200, "currency": "jpy",
        "consent": {"promotions": "opt_in"},
    }  # fmt: skip
    found = events("stripe", stripe.translate("checkout.session.completed", paid, NOW))
    (bought,) = named(found, Names.PURCHASE)
    assert (bought.order_id, bought.value_minor) == (session["payment_intent"], 1200)
    assert [c.granted for e in found for c in e.consents] == [True]
    refund = {
        "id": "re_1", "amount": 200, "currency": "jpy", "status": "succeeded",
        "payment_intent": session["payment_intent"],
    }  # fmt: skip
    (back,) = events("stripe", stripe.translate("refund.created", refund, NOW))
    assert (back.name, back.value_minor) == (Names.RETURN, 200)
    assert (back.anonymous_id, back.order_id) == (bought.anonymous_id, bought.order_id)


@pytest.mark.parametrize(
    "said", [{"invoice": "in_1"}, {"payment_status": "unpaid"}, {"amount_total": 0}]
)
def test_a_checkout_whose_invoice_says_it_too_or_that_is_unpaid_is_no_order(
    said: dict[str, Any],
) -> None:
    session = {"id": "cs_1", "payment_status": "paid", "amount_total": 5, "currency": "eur"}
    messages = stripe.translate("checkout.session.completed", session | said, NOW)
    assert named(events("stripe", messages), Names.PURCHASE) == []


# -- signatures, topics, trust ------------------------------------------------------------------

BODY = b'{"id": 1}'
SECRET = "top secret"


def of_hmac(secret: str, body: bytes) -> bytes:
    return hmac.new(secret.encode(), body, hashlib.sha256).digest()


@pytest.mark.parametrize("shop", [shopify, woocommerce])
def test_a_signature_of_another_secret_or_body_is_none(shop: Any) -> None:
    good = base64.b64encode(of_hmac(SECRET, BODY)).decode()
    assert shop.verify(good, BODY, SECRET)
    assert not shop.verify(good, BODY + b" ", SECRET)
    assert not shop.verify(base64.b64encode(of_hmac("other", BODY)).decode(), BODY, SECRET)
    assert not shop.verify(base64.b64encode(of_hmac("", BODY)).decode(), BODY, "")
    assert not any(shop.verify(bad, BODY, SECRET) for bad in ("", "é", good[:-1], good.lower()))


def test_one_good_signature_of_stripe_is_enough_and_covers_its_time() -> None:
    good = of_hmac(SECRET, b"1700000000." + BODY).hex()
    assert stripe.verify(f"t=1700000000,v1={'0' * 64},v1={good},v0=old", BODY, SECRET)
    assert not stripe.verify(f"t=1700000001,v1={good}", BODY, SECRET)
    assert not stripe.verify(f"t=1700000000,v0={good}", BODY, SECRET)
    assert not stripe.verify(f"t=1700000000,t=1700000001,v1={good}", BODY, SECRET)
    assert not any(stripe.verify(bad, BODY, SECRET) for bad in ("", "t=", "v1=é", good, ",,,"))
    assert stripe.signed_at("t=1700000000,v1=x") == 1_700_000_000_000_000
    assert stripe.signed_at("t=-5,v1=x") is stripe.signed_at("t=1e9") is None


@pytest.mark.parametrize("shop", [shopify, stripe, woocommerce])
def test_ignored_topics_say_nothing_and_unknown_ones_are_told_apart(shop: Any) -> None:
    assert all(shop.translate(topic, {}, NOW) == [] for topic in shop.IGNORED)
    assert shop.translate("weather.changed", {}, NOW) is None
    assert shop.translate("", {}, NOW) is None


@pytest.mark.parametrize(
    ("shop", "topic"),
    [(shopify, "products/delete"), (woocommerce, "product.deleted"), (stripe, "product.deleted")],
)
def test_a_deleted_product_is_out_of_stock(shop: Any, topic: str) -> None:
    resource = {"id": "9" if shop is stripe else 9}
    (event,) = events(shop.SOURCE, shop.translate(topic, resource, NOW))
    assert (event.lines[0].item, event.properties["stock"]) == ("9", 0)


@pytest.mark.parametrize("source", ["web", "web:shopify", "shopify "])
def test_nobody_outside_can_pose_as_a_shop(source: str) -> None:
    product = shopify.translate("products/delete", {"id": 9}, NOW)
    order = shopify.translate("orders/create", ORDER, NOW)
    content = msgspec.json.encode({"batch": [*(product or []), *(order or [])]})
    decoded = decode([LogRecord(1, Body(source, NOW, content))])
    assert [r.code for r in decoded.refused] == ["not_allowed"]
    real = events("shopify", order)
    assert not {e.message_id for e in decoded.events} & {e.message_id for e in real}
    taken = msgspec.json.encode(
        {"type": "track", "event": "x", "userId": "u", "messageId": "shopify:order/5"}
    )
    (thief,) = decode([LogRecord(1, Body(source, NOW, taken))]).events
    assert thief.message_id == "web:shopify:order/5"


def test_a_shop_cannot_speak_of_a_person_by_number_or_of_our_mails() -> None:
    message = {
        "type": "track", "event": "Email Bounced", "userId": "u", "messageId": "m",
        "properties": {"send_id": "s1"}, "context": {"personId": 4},
    }  # fmt: skip
    (event,) = events("shopify", [message])
    assert (event.person_id, event.send_id) == (0, "")


@pytest.mark.parametrize("at", [10**18, -(10**22), 10**30])
def test_a_time_that_no_calendar_has_is_written_so_that_it_is_refused(at: int) -> None:
    said = {"type": "track", "event": "A", "userId": "1", "timestamp": iso(at)}
    body = Body("stripe", 1_800_000_000_000_000, msgspec.json.encode(said))
    (refused,) = decode([LogRecord(1, body)]).refused
    assert refused.code == "bad_time"
