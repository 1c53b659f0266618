"""Stripe's webhooks: who is a customer, what was paid, what went back, what it is offered for.

One payment makes several events of Stripe. What counts as an order is a completed checkout, or a
paid invoice where the checkout made one; payment intents and charges say the same again.
"""

from __future__ import annotations

import hashlib
import hmac
from decimal import Decimal
from typing import Final

import msgspec

from tailorbird.collect.sources.shop_messages import (
    Message,
    agreed,
    identify,
    present,
    product,
    read,
    track,
)
from tailorbird.schema import SECOND, Instant

SOURCE: Final = "stripe"
SIGNATURE: Final = "stripe-signature"
TOLERANCE_SECONDS: Final = 300
"""How old a signed time may be. An older delivery may be one that somebody recorded."""
_IGNORED: Final = """
    charge.captured charge.expired charge.failed charge.pending charge.refund.updated
    charge.refunded charge.succeeded charge.updated checkout.session.async_payment_failed
    checkout.session.expired credit_note.created credit_note.updated credit_note.voided
    customer.deleted customer.subscription.updated invoice.created invoice.finalized
    invoice.payment_succeeded invoice.sent invoice.upcoming invoice.updated invoice_payment.paid
    payment_intent.canceled payment_intent.created payment_intent.processing
    payment_intent.requires_action payment_intent.succeeded payment_method.attached
    payment_method.detached plan.created plan.deleted plan.updated price.deleted refund.failed
"""
IGNORED: Final = frozenset(_IGNORED.split())
"""Types that another type says better: `refund.*` for what goes back, `invoice.paid` for invoices.
A credit note moves no money by itself: it lowers what is due, or a refund follows."""

_PAID: Final = frozenset({"paid", "no_payment_required"})
_NO_PLACES: Final = "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF"
_THREE_PLACES: Final = "BHD JOD KWD OMR TND"
_PLACES: Final = dict.fromkeys(_NO_PLACES.split(), 0) | dict.fromkeys(_THREE_PLACES.split(), 3)


class _Address(msgspec.Struct):
    city: str | None = None
    country: str | None = None
    postal_code: str | None = None


class _Customer(msgspec.Struct):
    id: str
    email: str | None = None
    name: str | None = None
    phone: str | None = None
    address: _Address | None = None


class _Details(msgspec.Struct):
    email: str | None = None
    name: str | None = None
    phone: str | None = None
    address: _Address | None = None


class _Promotions(msgspec.Struct):
    promotions: str | None = None


class _Session(msgspec.Struct):
    id: str
    payment_status: str
    amount_total: int | None = None
    currency: str | None = None
    customer: str | None = None
    customer_email: str | None = None
    customer_details: _Details | None = None
    consent: _Promotions | None = None
    invoice: str | None = None
    payment_intent: str | None = None


class _PriceDetails(msgspec.Struct):
    product: str | None = None


class _Priced(msgspec.Struct):
    price_details: _PriceDetails | None = None


class _InvoiceLine(msgspec.Struct):
    amount: int
    description: str | None = None
    quantity: int | None = None
    pricing: _Priced | None = None
    price: _PriceDetails | None = None


class _Lines(msgspec.Struct):
    data: list[_InvoiceLine] = []


class _Invoice(msgspec.Struct):
    id: str
    amount_paid: int
    currency: str
    customer: str | None = None
    customer_email: str | None = None
    payment_intent: str | None = None
    lines: _Lines = msgspec.field(default_factory=_Lines)


class _Refund(msgspec.Struct):
    id: str
    amount: int
    currency: str
    status: str | None = None
    payment_intent: str | None = None
    charge: str | None = None


class _Product(msgspec.Struct):
    id: str
    name: str | None = None
    url: str | None = None
    images: list[str] = []


class _Price(msgspec.Struct):
    id: str
    product: str
    currency: str
    active: bool = True
    unit_amount: int | None = None


class _SubscriptionItem(msgspec.Struct):
    price: _PriceDetails | None = None


class _SubscriptionItems(msgspec.Struct):
    data: list[_SubscriptionItem] = []


class _Subscription(msgspec.Struct):
    id: str
    customer: str
    items: _SubscriptionItems = msgspec.field(default_factory=_SubscriptionItems)


def verify(signature: str, body: bytes, secret: str) -> bool:
    """Return whether one signature of `Stripe-Signature` is right. Takes constant time."""
    times, signatures = _parts(signature)
    if not secret or len(times) != 1:
        return False
    expected = hmac.digest(secret.encode(), times[0].encode() + b"." + body, hashlib.sha256).hex()
    matches = [hmac.compare_digest(expected.encode(), given.encode()) for given in signatures]
    return any(matches)


def signed_at(signature: str) -> Instant | None:
    """Return the instant that a signature covers, None when it names none."""
    times, _ = _parts(signature)
    plain = len(times) == 1 and times[0].isascii() and times[0].isdigit() and len(times[0]) < 12
    return int(times[0]) * SECOND if plain else None


def _parts(signature: str) -> tuple[list[str], list[str]]:
    pairs = [part.strip().partition("=") for part in signature.split(",")]
    return [v for k, _, v in pairs if k == "t"], [v for k, _, v in pairs if k == "v1"]


def translate(
    topic: str, resource: object, received_at: Instant, *, shop_url: str = ""
) -> list[Message] | None:
    """Return what an event says as Segment-spec messages; None for a type that we do not know.

    `received_at` is when the event was created: Stripe's objects do not tell when they changed.

    Raises:
        Unreadable: the object is not shaped as Stripe documents it.
    """
    match topic.rpartition("."):
        case ["customer", _, "created" | "updated"]:
            return [_customer(read(resource, _Customer), received_at)]
        case ["checkout.session", _, "completed" | "async_payment_succeeded"]:
            return _session(read(resource, _Session), received_at)
        case ["invoice", _, "paid"]:
            return _invoice(read(resource, _Invoice), received_at)
        case ["refund", _, "created" | "updated"]:
            return _refund(read(resource, _Refund), received_at)
        case ["product", _, "created" | "updated"]:
            return [_product(read(resource, _Product), received_at)]
        case ["product", _, "deleted"]:
            gone = read(resource, _Product)
            return [product(f"product/{gone.id}/deleted", received_at, gone.id, stock=0)]
        case ["price", _, "created" | "updated"]:
            return _price(read(resource, _Price), received_at)
        case ["customer.subscription", _, ("created" | "deleted") as change]:
            return [_subscription(read(resource, _Subscription), change, received_at)]
    return [] if topic in IGNORED else None


def _customer(customer: _Customer, at: Instant) -> Message:
    traits = _traits(customer.email, customer.name, customer.phone, customer.address)
    return identify(f"customer/{customer.id}/{at}", at, user=_user(customer.id), traits=traits)


def _session(session: _Session, at: Instant) -> list[Message]:
    order = session.payment_intent or session.id
    who: Message = {"user": _user(session.customer), "anonymous": _order(order)}
    details = session.customer_details or _Details()
    email = details.email or session.customer_email
    traits = _traits(email, details.name, details.phone, details.address)
    messages = [identify(f"session/{session.id}/who", at, traits=traits, **who)]
    answer = session.consent.promotions if session.consent else None
    if answer in ("opt_in", "opt_out"):
        consent = agreed(answer == "opt_in", f"Stripe Checkout promotions: {answer}")
        about = f"session/{session.id}/consent"
        messages.append(identify(about, at, consent=consent, **who))
    if session.payment_status in _PAID and not session.invoice and session.amount_total:
        currency = (session.currency or "").upper()
        total = _major(session.amount_total, currency)
        messages.append(
            track(
                "Order Completed", f"order/{order}", at, order_id=order, total=total,
                currency=currency, **who,
            )
        )  # fmt: skip
    return messages


def _invoice(invoice: _Invoice, at: Instant) -> list[Message]:
    if not invoice.amount_paid:
        return []
    order = invoice.payment_intent or invoice.id
    currency = invoice.currency.upper()
    who: Message = {"user": _user(invoice.customer), "anonymous": _order(order)}
    sold = [_sold(line, currency) for line in invoice.lines.data]
    return [
        identify(
            f"invoice/{invoice.id}/who", at, traits=present(email=invoice.customer_email), **who
        ),
        track(
            "Order Completed", f"order/{order}", at, order_id=order, currency=currency,
            total=_major(invoice.amount_paid, currency),
            products=[line for line in sold if line], **who,
        ),
    ]  # fmt: skip


def _sold(line: _InvoiceLine, currency: str) -> Message:
    """Return a line of a product; {} for one that is none, such as a credit for unused time."""
    said = line.pricing.price_details if line.pricing else line.price
    if said is None or not said.product or line.amount < 0:
        return {}
    pieces = line.quantity or 1
    price = _major(line.amount, currency) / pieces
    return present(
        product_id=said.product, name=line.description, quantity=pieces, price=f"{price:.6f}"
    )


def _refund(refund: _Refund, at: Instant) -> list[Message]:
    order = refund.payment_intent or refund.charge
    if refund.status in ("failed", "canceled", "requires_action") or not order:
        return []
    currency = refund.currency.upper()
    return [
        track(
            "Order Refunded", f"refund/{refund.id}", at, anonymous=_order(order), order_id=order,
            total=_major(refund.amount, currency), currency=currency,
        )
    ]  # fmt: skip


def _product(found: _Product, at: Instant) -> Message:
    image = found.images[0] if found.images else None
    about = f"product/{found.id}/{at}"
    return product(about, at, found.id, name=found.name, url=found.url, image_url=image)


def _price(price: _Price, at: Instant) -> list[Message]:
    """Return the product at this price; nothing for a price that is not offered, or not fixed."""
    if not price.active or price.unit_amount is None:
        return []
    currency = price.currency.upper()
    said = {"price": _major(price.unit_amount, currency), "currency": currency}
    return [product(f"price/{price.id}/{at}", at, price.product, **said)]


def _subscription(subscription: _Subscription, change: str, at: Instant) -> Message:
    event = "Subscription Started" if change == "created" else "Subscription Ended"
    prices = [item.price for item in subscription.items.data if item.price]
    return track(
        event, f"subscription/{subscription.id}/{change}", at, user=_user(subscription.customer),
        subscription_id=subscription.id, plan=next((p.product for p in prices), None),
    )  # fmt: skip


def _major(amount: int, currency: str) -> Decimal:
    """Return Stripe's smallest units as an amount. Its zero-decimal currencies are not all ISO's.

    Source: Stripe, "Supported currencies" (ISK and UGX have two decimals there, MGA has none).
    """
    return Decimal(amount).scaleb(-_PLACES.get(currency, 2))


def _traits(
    email: str | None, name: str | None, phone: str | None, address: _Address | None
) -> Message:
    home = address or _Address()
    return present(
        email=email, name=name, phone=phone, city=home.city, postcode=home.postal_code,
        country=home.country,
    )  # fmt: skip


def _user(customer: str | None) -> str:
    return f"{SOURCE}:{customer}" if customer else ""


def _order(order: str) -> str:
    return f"{SOURCE}:order:{order}"
