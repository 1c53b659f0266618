"""A shop's webhooks reach the running app, and its customer and order are there."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tailorbird.app import Tailorbird
from tailorbird.web.serve import site

SECRET = "shared with the shop"
CUSTOMER = {
    "id": 71, "email": "mia@people.example", "first_name": "Mia",
    "email_marketing_consent": {
        "state": "subscribed", "opt_in_level": "confirmed_opt_in",
        "consent_updated_at": "2025-03-01T09:00:00+01:00",
    },
}  # fmt: skip
ORDER = {
    "id": 1001, "total_price": "19.50", "currency": "EUR", "customer": CUSTOMER,
    "processed_at": "2025-03-02T10:00:00+01:00",
    "line_items": [{"product_id": 8, "title": "Blue mug", "price": "7.50", "quantity": 2}],
}  # fmt: skip
REFUND = {
    "id": 3, "order_id": 1001, "processed_at": "2025-03-05T10:00:00+01:00",
    "transactions": [{"kind": "refund", "status": "success", "amount": "7.50", "currency": "EUR"}],
}  # fmt: skip
PRODUCT = {
    "id": 8, "title": "Blue mug", "handle": "blue-mug", "updated_at": "2025-03-03T10:00:00+01:00",
    "variants": [{"price": "7.50", "inventory_management": "shopify", "inventory_quantity": 4}],
}  # fmt: skip


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Tailorbird]:
    environment = {
        "TAILORBIRD_HOOKS__SHOPIFY_SECRET": SECRET, "TAILORBIRD_SHOP__URL": "https://shop.example",
    }  # fmt: skip
    with Tailorbird.open(tmp_path / "folder", environment=environment) as opened:
        yield opened


def post(tb: Tailorbird, *deliveries: tuple[str, object], secret: str = SECRET) -> list[int]:
    """Return the status of each delivery, posted to the whole application in this order."""

    async def go() -> list[int]:
        transport = httpx.ASGITransport(site(tb))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return [await deliver(client, *delivery) for delivery in deliveries]

    async def deliver(client: httpx.AsyncClient, topic: str, resource: object) -> int:
        content = json.dumps(resource).encode()
        signature = base64.b64encode(hmac.digest(secret.encode(), content, "sha256")).decode()
        headers = {"x-shopify-topic": topic, "x-shopify-hmac-sha256": signature}
        return (await client.post("/hooks/shopify", content=content, headers=headers)).status_code

    return asyncio.run(go())


def facts(tb: Tailorbird) -> list[tuple[object, ...]]:
    sql = 'SELECT person, event, value_minor FROM facts ORDER BY "at", event'
    return [tuple(row.values()) for row in tb.world.facts.read(sql).to_pylist()]


def test_a_shop_that_is_connected_brings_its_people_orders_returns_and_stock(
    shop: Tailorbird,
) -> None:
    told = [
        ("refunds/create", REFUND), ("orders/create", ORDER), ("customers/create", CUSTOMER),
        ("orders/updated", ORDER | {"refunds": [REFUND]}), ("orders/create", ORDER),
        ("products/update", PRODUCT),
    ]  # fmt: skip
    assert post(shop, *told) == [200] * 6
    assert shop.ingest().refused == 0
    person = shop.person("mia@people.example")
    assert facts(shop) == [(person, "purchase", 1950), (person, "return", 750)]
    assert shop.world.people.profiles([person])[person].traits["first_name"] == "Mia"
    (consent,) = shop.world.people.consents(person)
    assert (consent.granted, consent.source) == (True, "shopify")
    product = shop.world.facts.products(["8"])["8"]
    assert (product.price_minor, product.stock) == (750, 4)
    assert product.url == "https://shop.example/products/blue-mug"


def test_a_forged_order_leaves_no_trace(shop: Tailorbird) -> None:
    assert post(shop, ("orders/create", ORDER), secret="guessed") == [401]
    assert shop.ingest().records == 0
