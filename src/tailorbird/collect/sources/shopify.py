"""Shopify's webhooks: who is a customer, what was ordered, what went back, what is on sale.

Shopify sends at least once and in any order. An order counts when it is first seen, whichever topic
brings it; its refunds count once each, whether they come alone or inside the order.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from tailorbird.collect.sources.shop_messages import (
    ITEM_LIMIT,
    Amount,
    Message,
    agreed,
    identify,
    present,
    product,
    read,
    signed,
    track,
)
from tailorbird.schema import Instant

SOURCE: Final = "shopify"
SIGNATURE: Final = "x-shopify-hmac-sha256"
TOPIC: Final = "x-shopify-topic"
_IGNORED: Final = """
    collections/create collections/delete collections/update draft_orders/create
    draft_orders/delete draft_orders/update fulfillments/create fulfillments/update
    inventory_items/create inventory_items/delete inventory_items/update
    inventory_levels/connect inventory_levels/disconnect inventory_levels/update
    order_transactions/create orders/delete shop/update tender_transactions/create
    themes/create themes/delete themes/publish themes/update variants/in_stock
    variants/out_of_stock
"""
IGNORED: Final = frozenset(_IGNORED.split())
"""Topics that say nothing of a person, or nothing that another topic does not say better: a change
of stock comes as `products/update` too, with all variants of the product."""

_ANSWERS: Final = {"subscribed": True, "unsubscribed": False, "redacted": False}
"""States of consent that somebody chose. `not_subscribed` is the absence of an answer."""
_NEVER_CAPTURED: Final = frozenset({"authorized", "expired", "pending", "voided"})


class _Consent(msgspec.Struct):
    state: str | None = None
    opt_in_level: str | None = None
    consent_updated_at: str | None = None


class _Address(msgspec.Struct):
    city: str | None = None
    zip: str | None = None
    country_code: str | None = None


class _Customer(msgspec.Struct):
    id: int
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = None
    updated_at: str | None = None
    default_address: _Address | None = None
    email_marketing_consent: _Consent | None = None


class _ConsentUpdate(msgspec.Struct):
    customer_id: int
    email_marketing_consent: _Consent
    email_address: str | None = None


class _Line(msgspec.Struct):
    product_id: int | None = None
    sku: str | None = None
    title: str | None = None
    price: Amount | None = None
    quantity: int = 1


class _RefundLine(msgspec.Struct):
    line_item: _Line
    quantity: int = 1


class _Transaction(msgspec.Struct):
    amount: Amount = 0
    currency: str | None = None
    kind: str | None = None
    status: str | None = None


class _Refund(msgspec.Struct):
    id: int
    order_id: int
    created_at: str | None = None
    processed_at: str | None = None
    refund_line_items: list[_RefundLine] = []
    transactions: list[_Transaction] = []


class _Order(msgspec.Struct):
    id: int
    total_price: Amount
    email: str | None = None
    customer: _Customer | None = None
    currency: str | None = None
    financial_status: str | None = None
    created_at: str | None = None
    processed_at: str | None = None
    cancelled_at: str | None = None
    cart_token: str | None = None
    checkout_token: str | None = None
    test: bool = False
    line_items: list[_Line] = []
    refunds: list[_Refund] = []


class _Variant(msgspec.Struct):
    price: Amount = 0
    inventory_management: str | None = None
    inventory_quantity: int = 0


class _Image(msgspec.Struct):
    src: str | None = None


class _Product(msgspec.Struct):
    id: int
    title: str | None = None
    handle: str | None = None
    product_type: str | None = None
    updated_at: str | None = None
    image: _Image | None = None
    variants: list[_Variant] = []


class _Gone(msgspec.Struct):
    id: int


class _Cart(msgspec.Struct):
    token: str
    cart_token: str | None = None
    created_at: str | None = None
    updated_at: str | None = None
    currency: str | None = None
    email: str | None = None
    customer_id: int | None = None
    customer: _Customer | None = None
    line_items: list[_Line] = []


def verify(signature: str, body: bytes, secret: str) -> bool:
    """Return whether `X-Shopify-Hmac-Sha256` is right for the body. Takes constant time."""
    return signed(signature, body, secret)


def translate(
    topic: str, resource: object, received_at: Instant, *, shop_url: str = ""
) -> list[Message] | None:
    """Return what a webhook says as Segment-spec messages; None for a topic that we do not know.

    `shop_url` starts the addresses of products, of which Shopify only tells the last part.

    Raises:
        Unreadable: the resource is not shaped as Shopify documents it.
    """
    match topic.split("/"):
        case ["customers", "create" | "update" | "enable" | "disable"]:
            return _customer(read(resource, _Customer), received_at)
        case ["customers_email_marketing_consent", "update"]:
            update = read(resource, _ConsentUpdate)
            return _consent(update.customer_id, update.email_marketing_consent, received_at)
        case ["orders", "create" | "updated" | "paid" | "edited" | "cancelled" | "fulfilled"
              | "partially_fulfilled"]:  # fmt: skip
            return _order(read(resource, _Order), received_at)
        case ["refunds", "create"]:
            return _refund(read(resource, _Refund), received_at)
        case ["products", "create" | "update"]:
            return _product(read(resource, _Product), received_at, shop_url)
        case ["products", "delete"]:
            gone = read(resource, _Gone)
            return [product(f"product/{gone.id}/deleted", received_at, gone.id, stock=0)]
        case ["carts" | "checkouts", "create" | "update"]:
            return _cart(read(resource, _Cart), received_at)
    return [] if topic in IGNORED else None


def _customer(customer: _Customer, received_at: Instant) -> list[Message]:
    at = customer.updated_at or received_at
    about = f"customer/{customer.id}/{at}"
    who = identify(about, at, user=_user(customer.id), traits=_traits(customer))
    consent = customer.email_marketing_consent
    return [who, *(_consent(customer.id, consent, received_at, at) if consent else [])]


def _consent(
    customer: int, consent: _Consent, received_at: Instant, otherwise: str | Instant = ""
) -> list[Message]:
    """Return what somebody answered, at the time at which Shopify says they did."""
    granted = _ANSWERS.get(consent.state or "")
    if granted is None:
        return []
    at = consent.consent_updated_at or otherwise or received_at
    level = f", {consent.opt_in_level}" if consent.opt_in_level else ""
    answer = agreed(granted, f"Shopify email_marketing_consent: {consent.state}{level}")
    about = f"customer/{customer}/consent/{consent.state}/{at}"
    return [identify(about, at, user=_user(customer), consent=answer)]


def _order(order: _Order, received_at: Instant) -> list[Message]:
    if order.test:
        return []
    at = order.processed_at or order.created_at or received_at
    user = _user(order.customer.id) if order.customer else ""
    traits = _traits(order.customer) if order.customer else {}
    token = order.cart_token or order.checkout_token
    anonymous = _anonymous("cart", token) if token else _anonymous("order", order.id)
    who = identify(
        f"order/{order.id}/who", at, user=user, anonymous=anonymous,
        traits=traits | present(email=traits.get("email") or order.email),
    )  # fmt: skip
    bought = track(
        "Order Completed", f"order/{order.id}", at, user=user,
        anonymous=_anonymous("order", order.id), order_id=str(order.id),
        total=str(order.total_price), currency=order.currency,
        products=[_sold(line, line.quantity) for line in order.line_items],
    )  # fmt: skip
    guest = identify(
        f"order/{order.id}/guest", at, anonymous=_anonymous("order", order.id),
        traits=present(email=order.email),
    )  # fmt: skip
    back = [message for refund in order.refunds for message in _refund(refund, received_at, user)]
    return [
        *([who] if user or token or order.email else []),
        *([guest] if not user and token and order.email else []),
        bought, *back, *_cancelled(order, user),
    ]  # fmt: skip


def _cancelled(order: _Order, user: str) -> list[Message]:
    """Return the whole order as returned when it was cancelled before any money was taken.

    Of one that was paid, only what is refunded comes back: each refund says so itself.
    """
    if not order.cancelled_at:
        return []
    about = f"order/{order.id}/cancelled"
    who, at = _anonymous("order", order.id), order.cancelled_at
    said: Message = {"order_id": str(order.id), "currency": order.currency}
    if order.financial_status not in _NEVER_CAPTURED:
        return [track("Order Cancelled", about, at, user=user, anonymous=who, **said)]
    products = [_sold(line, line.quantity) for line in order.line_items]
    said |= {"total": str(order.total_price)}
    return [
        track(
            "Order Refunded", about, at, user=user, anonymous=who, products=products, **said
        )
    ]  # fmt: skip


def _refund(refund: _Refund, received_at: Instant, user: str = "") -> list[Message]:
    paid = [t for t in refund.transactions if t.kind == "refund" and t.status == "success"]
    products = [_sold(line.line_item, line.quantity) for line in refund.refund_line_items]
    if not paid and not products:
        return []
    at = refund.processed_at or refund.created_at or received_at
    return [
        track(
            "Order Refunded", f"refund/{refund.id}", at, user=user,
            anonymous=_anonymous("order", refund.order_id), order_id=str(refund.order_id),
            total=str(sum(Decimal(str(t.amount)) for t in paid)),
            currency=next((t.currency for t in paid), None), products=products,
        )
    ]  # fmt: skip


def _product(found: _Product, received_at: Instant, shop_url: str) -> list[Message]:
    at = found.updated_at or received_at
    priced = [v.price for v in found.variants if Decimal(str(v.price)) > 0]
    counted = [v for v in found.variants if v.inventory_management]
    every = bool(counted) and len(counted) == len(found.variants)
    url = f"{shop_url.rstrip('/')}/products/{found.handle}" if shop_url and found.handle else ""
    return [
        product(
            f"product/{found.id}/{at}", at, found.id, name=found.title,
            category=found.product_type, url=url,
            image_url=found.image.src if found.image else None,
            price=str(min(priced, key=lambda price: Decimal(str(price)))) if priced else None,
            stock=sum(max(v.inventory_quantity, 0) for v in counted) if every else None,
        )
    ]  # fmt: skip


def _cart(cart: _Cart, received_at: Instant) -> list[Message]:
    at = cart.updated_at or cart.created_at or received_at
    token = cart.cart_token or cart.token
    customer = cart.customer.id if cart.customer else cart.customer_id
    user = _user(customer) if customer else ""
    who: Message = {"user": user, "anonymous": _anonymous("cart", token)}
    traits = present(email=cart.email) | (_traits(cart.customer) if cart.customer else {})
    added = {
        str(sold["product_id"]): track(
            "Product Added", f"cart/{token}/{sold['product_id']}", at,
            currency=cart.currency, cart_id=token, **who, **sold,
        )
        for sold in (_sold(line, line.quantity) for line in cart.line_items)
    }  # fmt: skip
    named = identify(f"cart/{token}/{user}/who", at, traits=traits, **who)
    return [*([named] if user or cart.email else []), *added.values()]


def _sold(line: _Line, quantity: int) -> Message:
    """Return a line as the spec says it. Shops sell things that are in no catalogue, too."""
    item = line.product_id or line.sku or f"custom:{line.title or ''}"[:ITEM_LIMIT]
    price = None if line.price is None else str(line.price)
    return present(product_id=str(item), name=line.title, price=price, quantity=quantity)


def _traits(customer: _Customer) -> Message:
    home = customer.default_address or _Address()
    return present(
        email=customer.email, first_name=customer.first_name, last_name=customer.last_name,
        phone=customer.phone, city=home.city, postcode=home.zip, country=home.country_code,
    )  # fmt: skip


def _user(customer: int) -> str:
    return f"{SOURCE}:{customer}"


def _anonymous(kind: str, key: object) -> str:
    return f"{SOURCE}:{kind}:{key}"
