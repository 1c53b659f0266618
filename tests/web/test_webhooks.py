"""Shops knock with a signature; only what is signed gets in, and durable before the answer."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette

from tailorbird.collect.decode import decode
from tailorbird.errors import StoreError
from tailorbird.schema import SECOND, Body, LogRecord, Names
from tailorbird.settings import Hooks
from tailorbird.web.webhooks import routes

NOW = 1_760_000_000 * SECOND
SECRET = "shared with the shop"
ORDER = {"id": 5, "total_price": "20.00", "currency": "EUR", "email": "ann@shop.example"}
EVERY = Hooks(shopify_secret=SECRET, woocommerce_secret=SECRET, stripe_secret=SECRET)


class Door:
    """The routes over a list, and ways to knock at them."""

    def __init__(self, hooks: Hooks = EVERY) -> None:
        self.hooks = hooks
        self.bodies: list[Body] = []
        self.full = False

    async def append(self, body: Body) -> int:
        if self.full:
            raise StoreError("the disk is full", where="log.sqlite", mend="free some space")
        self.bodies.append(body)
        return len(self.bodies)

    def post(self, source: str, content: bytes, headers: dict[str, str]) -> httpx.Response:
        async def go() -> httpx.Response:
            app = Starlette(routes=list(routes(self.append, lambda: NOW, self.hooks)))
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://door") as client:
                return await client.post(f"/hooks/{source}", content=content, headers=headers)

        return asyncio.run(go())

    def shopify(self, topic: str, resource: object, secret: str = SECRET) -> httpx.Response:
        content = resource if isinstance(resource, bytes) else json.dumps(resource).encode()
        signature = base64.b64encode(hmac.digest(secret.encode(), content, "sha256")).decode()
        headers = {"x-shopify-topic": topic, "x-shopify-hmac-sha256": signature}
        return self.post("shopify", content, {k: v for k, v in headers.items() if v})

    def stripe(self, event: object, at: int = NOW // SECOND) -> httpx.Response:
        content = json.dumps(event).encode()
        signature = hmac.digest(SECRET.encode(), b"%d." % at + content, hashlib.sha256).hex()
        return self.post("stripe", content, {"stripe-signature": f"t={at},v1={signature}"})


@pytest.fixture
def door() -> Door:
    return Door()


def code(answer: httpx.Response) -> tuple[int, str]:
    assert answer.json()["message"]
    return answer.status_code, answer.json()["code"]


def test_a_signed_order_is_appended_as_its_shop_before_the_answer(door: Door) -> None:
    assert door.shopify("orders/create", ORDER).status_code == 200
    (body,) = door.bodies
    assert (body.source, body.received_at) == ("shopify", NOW)
    decoded = decode([LogRecord(1, body)])
    assert [e.name for e in decoded.events] == [Names.IDENTIFY, Names.PURCHASE]


def test_a_wrong_signature_is_refused_and_nothing_is_kept(door: Door) -> None:
    assert code(door.shopify("orders/create", ORDER, "guessed")) == (401, "bad_signature")
    assert code(door.post("shopify", b"{}", {})) == (401, "bad_signature")
    assert code(door.post("stripe", b"{}", {})) == (401, "bad_signature")
    assert door.bodies == []


def test_a_shop_without_a_secret_is_not_listened_to() -> None:
    door = Door(Hooks(stripe_secret=SECRET))
    assert code(door.shopify("orders/create", ORDER, "")) == (404, "not_configured")
    assert code(door.post("magento", b"{}", {})) == (404, "not_found")
    assert door.bodies == []


def test_a_recorded_delivery_of_stripe_is_refused_later(door: Door) -> None:
    customer = {"object": {"id": "cus_1", "email": "ann@shop.example"}}
    event = {"type": "customer.created", "created": NOW // SECOND - 400, "data": customer}
    assert code(door.stripe(event, NOW // SECOND - 301)) == (401, "stale_signature")
    assert door.bodies == []
    assert door.stripe(event, NOW // SECOND - 300).status_code == 200
    (who,) = decode([LogRecord(1, door.bodies[0])]).events
    assert (who.email, who.at) == ("ann@shop.example", NOW - 400 * SECOND)


@pytest.mark.parametrize(
    ("topic", "resource"),
    [
        ("weather/changed", {"sun": 1}),
        ("orders/create", {"id": "x"}),
        ("products/update", {"id": 1, "variants": [{"price": "free"}]}),
    ],
)
def test_what_cannot_be_translated_is_kept_in_quarantine(
    door: Door, topic: str, resource: dict[str, Any]
) -> None:
    assert door.shopify(topic, resource).status_code == 200
    decoded = decode([LogRecord(1, door.bodies[0])])
    assert decoded.events == []
    (refused,) = decoded.refused
    kept = json.loads(refused.raw)
    assert (kept["event"], kept["properties"]["delivery"]) == (topic, resource)


def test_a_topic_that_says_nothing_of_people_is_answered_and_let_go(door: Door) -> None:
    assert door.shopify("themes/publish", {"id": 1}).status_code == 200
    assert door.bodies == []


def test_the_first_question_of_woocommerce_is_answered(door: Door) -> None:
    assert door.post("woocommerce", b"webhook_id=4", {}).status_code == 200
    headers = {"x-wc-webhook-signature": "wrong"}
    assert code(door.post("woocommerce", b"webhook_id=4", headers))[0] == 401
    assert door.bodies == []


def test_what_is_signed_and_no_delivery_is_told_so(door: Door) -> None:
    assert code(door.shopify("orders/create", b"no json")) == (400, "invalid_json")
    assert code(door.shopify("", ORDER)) == (400, "no_topic")
    assert code(door.stripe({"type": "x"})) == (400, "no_event")
    assert door.bodies == []


VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
FIELDS = st.sampled_from(
    [
        "address", "amount", "amount_paid", "amount_total", "billing", "cancelled_at", "consent",
        "currency", "customer", "customer_id", "email", "email_marketing_consent",
        "financial_status", "id", "inventory_management", "inventory_quantity", "line_items",
        "lines", "manage_stock", "order_id", "payment_intent", "payment_status", "price",
        "product", "product_id", "quantity", "refunds", "state", "status", "stock_quantity",
        "token", "total", "total_price", "transactions", "unit_amount", "updated_at", "variants",
    ]
)  # fmt: skip
ID = {"id": st.integers(0, 9) | st.just("x1") | VALUES}
RESOURCES = st.recursive(
    VALUES,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(FIELDS, inner, max_size=9)
        | st.fixed_dictionaries(
            {**ID, "total_price": st.just("9.50"), "total": st.just("9.50")},
            optional={"status": st.just("processing"), "line_items": st.lists(inner, max_size=2)},
        )
    ),
    max_leaves=12,
)
SHOPIFY_TOPICS = st.sampled_from(
    ["customers/update", "orders/updated", "refunds/create", "products/update", "carts/update"]
)
STRIPE_TYPES = st.sampled_from(
    [
        "customer.updated", "checkout.session.completed", "invoice.paid", "refund.created",
        "product.updated", "price.created", "customer.subscription.created",
    ]
)  # fmt: skip


@settings(max_examples=150)
@given(topic=SHOPIFY_TOPICS, kind=STRIPE_TYPES, resource=RESOURCES, created=st.integers(0, 2**62))
def test_whatever_a_shop_signs_is_answered_200(
    topic: str, kind: str, resource: object, created: int
) -> None:
    door = Door()
    assert door.shopify(topic, resource).status_code == 200
    event = {"type": kind, "created": created, "data": {"object": resource}}
    assert door.stripe(event).status_code == 200
    decode([LogRecord(offset, body) for offset, body in enumerate(door.bodies, 1)])


def test_nothing_is_acknowledged_that_is_not_stored(door: Door) -> None:
    door.full = True
    answer = door.shopify("orders/create", ORDER)
    assert code(answer) == (503, "store")
    assert int(answer.headers["retry-after"]) > 0
