"""What webhooks of shops share: signatures, and messages of the Segment spec with settled ids.

A message's id is made from the platform's own id of the thing and, where a thing changes, from its
version: a webhook that is delivered twice says nothing new, and an order that is updated stays one
order. An order is an identifier of its buyer (`anonymousId`), so that a refund that names nothing
but the order finds the person.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias, TypeVar

import msgspec

from tailorbird.schema import SECOND, Instant, Names

Message: TypeAlias = dict[str, Any]
Amount: TypeAlias = str | int | float
T = TypeVar("T")

ITEM_LIMIT: Final = 200


class Unreadable(Exception):  # noqa: N818 - expected: it is held back with its reason
    """A resource is not shaped as its platform documents it."""


def signed(signature: str, body: bytes, secret: str) -> bool:
    """Return whether a signature is the base64 of HMAC-SHA256 of the body. Takes constant time."""
    expected = base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256))
    return bool(secret) and hmac.compare_digest(expected, signature.encode())


def read(resource: object, shape: type[T]) -> T:
    """Return a resource as the struct that names the fields we read.

    Raises:
        Unreadable: a field has another type than the platform documents.
    """
    try:
        return msgspec.convert(resource, shape, strict=False)
    except (msgspec.ValidationError, RecursionError) as error:
        raise Unreadable(str(error)) from None


def identify(
    about: str,
    at: str | Instant,
    *,
    user: str = "",
    anonymous: str = "",
    traits: Message | None = None,
    consent: Message | None = None,
) -> Message:
    """Return a message that says who somebody is, or what they agreed to."""
    message = _message("identify", about, at, user, anonymous)
    message["traits"] = present(**(traits or {}))
    if consent:
        message["context"] = {"consent": consent}
    return message


def track(
    event: str, about: str, at: str | Instant, *, user: str = "", anonymous: str = "", **said: Any
) -> Message:
    """Return a message that says what somebody did; empty properties are left out."""
    message = _message("track", about, at, user, anonymous)
    return message | {"event": event, "properties": present(**said)}


def product(about: str, at: str | Instant, item: object, **said: Any) -> Message:
    """Return a message that says what a product is now."""
    return track(Names.PRODUCT_UPDATED, about, at, product_id=str(item), **said)


def agreed(granted: bool, evidence: str) -> Message:
    """Return the answer to being written to, for `context.consent`."""
    return {"email_marketing": granted, "evidence": evidence}


def present(**fields: Any) -> Message:
    """Return the fields that say something."""
    return {name: value for name, value in fields.items() if value not in (None, "", [])}


def _message(kind: str, about: str, at: str | Instant, user: str, anonymous: str) -> Message:
    when = at if isinstance(at, str) else iso(at)
    named = present(userId=user, anonymousId=anonymous)
    return {"type": kind, "messageId": about, "timestamp": when, **named}


def iso(at: Instant) -> str:
    """Return an instant as ISO 8601; one that no calendar has as its seconds, to be refused."""
    try:
        moment = datetime.fromtimestamp(at // SECOND, UTC)
    except (OverflowError, OSError, ValueError):
        return str(at // SECOND)
    return moment.replace(microsecond=at % SECOND).isoformat()
