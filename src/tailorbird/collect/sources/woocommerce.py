"""WooCommerce's webhooks: who is a customer, what was ordered, what went back, what is on sale.

An order counts once WooCommerce has accepted it (processing or completed); its refunds come inside
the order, as `order.updated`. A cancellation moves no money: it keeps its own name.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from tailorbird.collect.sources.shop_messages import (
    ITEM_LIMIT,
    Amount,
    Message,
    identify,
    present,
    product,
    read,
    signed,
    track,
)
from tailorbird.schema import Instant

SOURCE: Final = "woocommerce"
SIGNATURE: Final = "x-wc-webhook-signature"
TOPIC: Final = "x-wc-webhook-topic"
PING: Final = b"webhook_id="
"""What the first, unsigned delivery begins with: WooCommerce asks whether anybody is there."""
_IGNORED: Final = """
    coupon.created coupon.deleted coupon.restored coupon.updated customer.deleted order.deleted
"""
IGNORED: Final = frozenset(_IGNORED.split())
"""Topics that say nothing of what a person did. A deleted order or customer was only tidied up: who
wants to be forgotten is erased here, by name."""

_ACCEPTED: Final = frozenset({"processing", "completed", "refunded"})


UNCOUNTED: Final = "uncounted"


class _Address(msgspec.Struct):
    first_name: str = ""
    last_name: str = ""
    city: str = ""
    postcode: str = ""
    country: str = ""
    email: str = ""
    phone: str = ""


class _Customer(msgspec.Struct):
    id: int
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    date_modified_gmt: str | None = None
    billing: _Address = msgspec.field(default_factory=_Address)


class _Line(msgspec.Struct):
    product_id: int = 0
    name: str | None = None
    price: Amount = 0
    quantity: int = 1


class _Refund(msgspec.Struct):
    id: int
    total: Amount = 0


class _Order(msgspec.Struct):
    id: int
    status: str
    total: Amount
    currency: str = ""
    customer_id: int = 0
    date_created_gmt: str | None = None
    date_modified_gmt: str | None = None
    date_paid_gmt: str | None = None
    billing: _Address = msgspec.field(default_factory=_Address)
    line_items: list[_Line] = []
    refunds: list[_Refund] = []


class _Image(msgspec.Struct):
    src: str = ""


class _Category(msgspec.Struct):
    name: str = ""


class _Product(msgspec.Struct):
    id: int
    type: str = ""
    name: str = ""
    permalink: str = ""
    price: Amount = ""
    date_modified_gmt: str | None = None
    manage_stock: bool | str = False
    stock_quantity: float | None = None
    stock_status: str = ""
    images: list[_Image] = []
    categories: list[_Category] = []


class _Gone(msgspec.Struct):
    id: int


def verify(signature: str, body: bytes, secret: str) -> bool:
    """Return whether `X-WC-Webhook-Signature` is right for the body. Takes constant time."""
    return signed(signature, body, secret)


def translate(
    topic: str, resource: object, received_at: Instant, *, shop_url: str = ""
) -> list[Message] | None:
    """Return what a webhook says as Segment-spec messages; None for a topic that we do not know.

    Raises:
        Unreadable: the resource is not shaped as WooCommerce documents it.
    """
    match topic.split("."):
        case ["customer", "created" | "updated"]:
            return _customer(read(resource, _Customer), received_at)
        case ["order", "created" | "updated" | "restored"]:
            return _order(read(resource, _Order), received_at)
        case ["product", "created" | "updated" | "restored"]:
            return _product(read(resource, _Product), received_at)
        case ["product", "deleted"]:
            gone = read(resource, _Gone)
            return [product(f"product/{gone.id}/deleted", received_at, gone.id, stock=0)]
    return [] if topic in IGNORED else None


def _customer(customer: _Customer, received_at: Instant) -> list[Message]:
    at = customer.date_modified_gmt or received_at
    own = present(
        email=customer.email, first_name=customer.first_name, last_name=customer.last_name
    )
    traits = _traits(customer.billing) | own
    return [identify(f"customer/{customer.id}/{at}", at, user=_user(customer.id), traits=traits)]


def _order(order: _Order, received_at: Instant) -> list[Message]:
    user = _user(order.customer_id)
    who: Message = {"user": user, "anonymous": f"{SOURCE}:order:{order.id}"}
    at = order.date_paid_gmt or order.date_created_gmt or received_at
    said: Message = {"order_id": str(order.id), "currency": order.currency}
    changed = order.date_modified_gmt or received_at
    messages = []
    if order.status in _ACCEPTED or (order.status == "cancelled" and order.date_paid_gmt):
        messages += [
            identify(f"order/{order.id}/who", at, traits=_traits(order.billing), **who),
            track(
                "Order Completed", f"order/{order.id}", at, total=str(order.total),
                products=[_sold(line) for line in order.line_items], **who, **said,
            ),
        ]  # fmt: skip
        messages += [
            track(
                "Order Refunded", f"refund/{refund.id}", changed,
                total=str(abs(Decimal(str(refund.total)))), **who, **said,
            )
            for refund in order.refunds
        ]  # fmt: skip
    if order.status == "cancelled":
        about = f"order/{order.id}/cancelled"
        messages.append(track("Order Cancelled", about, changed, **who, **said))
    return messages


def _sold(line: _Line) -> Message:
    item = line.product_id or f"custom:{line.name or ''}"[:ITEM_LIMIT]
    return present(
        product_id=str(item), name=line.name, price=str(line.price), quantity=line.quantity
    )


def _product(found: _Product, received_at: Instant) -> list[Message]:
    if found.type == "variation":
        # Orders and the catalogue speak of its parent, which is told of by itself.
        return []
    at = found.date_modified_gmt or received_at
    return [
        product(
            f"product/{found.id}/{at}", at, found.id, name=found.name, url=found.permalink,
            price=str(found.price), stock=_stock(found),
            category=found.categories[0].name if found.categories else None,
            image_url=found.images[0].src if found.images else None,
        )
    ]  # fmt: skip


def _stock(found: _Product) -> int | str | None:
    """Return how many are there; `uncounted` where the shop sells without counting."""
    if found.manage_stock is True and found.stock_quantity is not None:
        return max(int(found.stock_quantity), 0)
    if found.stock_status == "outofstock":
        return 0
    # It may have been sold out before: that is over, and has to be said.
    return UNCOUNTED if found.stock_status else None


def _traits(billing: _Address) -> Message:
    return present(
        email=billing.email, first_name=billing.first_name, last_name=billing.last_name,
        phone=billing.phone, city=billing.city, postcode=billing.postcode,
        country=billing.country,
    )  # fmt: skip


def _user(customer: int) -> str:
    """Return the id of an account; guests have none."""
    return f"{SOURCE}:{customer}" if customer else ""
