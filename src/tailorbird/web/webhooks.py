"""The HTTP door for shops: `POST /hooks/shopify`, `/hooks/woocommerce`, `/hooks/stripe`.

A delivery counts when its signature is right; it is answered 200 once what it says is durable. What
a shop says of things that we do not know is kept in quarantine with its bytes, for a later version
of ours; what says nothing of people or products is answered and let go.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import Any, Final, NamedTuple, Protocol

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tailorbird.collect.sources import shopify, stripe, woocommerce
from tailorbird.collect.sources.shop_messages import Message, Unreadable
from tailorbird.schema import SECOND, Body, Instant
from tailorbird.settings import Hooks
from tailorbird.web.collector import Append, Clock, Refusal, answered, content_of

SHOPS: Final[dict[str, ModuleType]] = {
    shopify.SOURCE: shopify,
    stripe.SOURCE: stripe,
    woocommerce.SOURCE: woocommerce,
}


class Translate(Protocol):
    """Turns a resource of a shop into messages; None for a topic that it does not know."""

    def __call__(
        self, topic: str, resource: object, received_at: Instant, *, shop_url: str = ""
    ) -> list[Message] | None:
        """Return the messages, `[]` when it says nothing of people or products."""
        ...


class Shop(NamedTuple):
    """One shop that is listened to."""

    source: str
    secret: str
    signature: str
    verify: Callable[[str, bytes, str], bool]
    translate: Translate
    url: str = ""


class Delivery(NamedTuple):
    """What one request brought: a topic, its resource, and when it was so."""

    topic: str
    resource: object
    at: Instant


def routes(append: Append, now: Clock, hooks: Hooks, *, shop_url: str = "") -> list[Route]:
    """Return the route `/hooks/{source}`; sources without a secret are answered 404.

    `append` returns when the body is durable; only then is the answer 200.
    """
    shops = shops_of(hooks, shop_url)

    async def hook(request: Request) -> Response:
        async def take() -> None:
            shop = shops.get(request.path_params["source"])
            if shop is None:
                raise _unknown(request.path_params["source"])
            await _take(request, shop, append, now())

        return await answered(request, take)

    return [Route("/hooks/{source}", hook, methods=["POST"])]


def shops_of(hooks: Hooks, shop_url: str) -> dict[str, Shop]:
    """Return the shops that have a secret."""
    secrets = {
        shopify.SOURCE: hooks.shopify_secret,
        stripe.SOURCE: hooks.stripe_secret,
        woocommerce.SOURCE: hooks.woocommerce_secret,
    }
    return {
        source: Shop(
            source, secrets[source], module.SIGNATURE, module.verify, module.translate, shop_url
        )
        for source, module in SHOPS.items()
        if secrets[source]
    }


async def _take(
    request: Request, shop: Shop, append: Callable[[Body], Awaitable[int]], at: Instant
) -> None:
    content = await content_of(request)
    signature = request.headers.get(shop.signature, "")
    if _is_ping(shop, signature, content):
        return
    if not shop.verify(signature, content, shop.secret):
        message = f"the signature is not that of hooks.{shop.source}_secret"
        raise Refusal(401, "bad_signature", message)
    _refuse_recording(shop, signature, at)
    delivery = _delivery(request, shop, content, at)
    said = _said(shop, delivery, content)
    if said:
        await append(Body(shop.source, at, said))


def _said(shop: Shop, delivery: Delivery, content: bytes) -> bytes:
    """Return what a delivery says as a body, b'' for nothing.

    What cannot be translated is kept whole, as a message of a type that decoding refuses.
    """
    try:
        said = shop.translate(delivery.topic, delivery.resource, delivery.at, shop_url=shop.url)
        if said is not None:
            return msgspec.json.encode({"batch": said}) if said else b""
        why = "the topic is not known"
    except (Unreadable, ArithmeticError, ValueError) as error:
        # Numbers that are none, or larger than any: signed, so somebody should see them.
        why = str(error) or type(error).__name__
    untold = {"why": why, "delivery": msgspec.Raw(content)}
    kind = f"{shop.source} webhook"
    return msgspec.json.encode({"type": kind, "event": delivery.topic, "properties": untold})


def _is_ping(shop: Shop, signature: str, content: bytes) -> bool:
    """Return whether WooCommerce asks, unsigned, if anybody is there. Nothing is kept of it."""
    asks = shop.source == woocommerce.SOURCE and content.startswith(woocommerce.PING)
    return asks and not signature


def _refuse_recording(shop: Shop, signature: str, now: Instant) -> None:
    """Refuse a delivery that was signed long ago. Of the others, ids tell repetitions."""
    if shop.source != stripe.SOURCE:
        return
    signed_at = stripe.signed_at(signature)
    if signed_at is None or signed_at < now - stripe.TOLERANCE_SECONDS * SECOND:
        message = f"the signature is older than {stripe.TOLERANCE_SECONDS} seconds"
        raise Refusal(401, "stale_signature", message)


def _delivery(request: Request, shop: Shop, content: bytes, now: Instant) -> Delivery:
    try:
        body: Any = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refusal(400, "invalid_json", "the body is no JSON") from None
    if shop.source == stripe.SOURCE:
        return _stripe_event(body)
    header = shopify.TOPIC if shop.source == shopify.SOURCE else woocommerce.TOPIC
    topic = request.headers.get(header, "")
    if not topic:
        raise Refusal(400, "no_topic", f"the header {header} is missing")
    return Delivery(topic, body, now)


class _StripeObject(msgspec.Struct):
    object: Any


class _StripeEvent(msgspec.Struct):
    type: str
    created: int
    data: _StripeObject


def _stripe_event(body: object) -> Delivery:
    try:
        event = msgspec.convert(body, _StripeEvent)
    except msgspec.ValidationError as error:
        raise Refusal(400, "no_event", f"the body is no event of Stripe: {error}") from None
    return Delivery(event.type, event.data.object, event.created * SECOND)


def _unknown(source: str) -> Refusal:
    if source in SHOPS:
        message = f"set hooks.{source}_secret to the secret with which it signs"
        return Refusal(404, "not_configured", message)
    return Refusal(404, "not_found", f"webhooks come from {', '.join(SHOPS)}")
