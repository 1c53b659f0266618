"""Resend: one event a request, signed as Svix and Standard Webhooks do.

Source: Resend, Verify webhook requests; Standard Webhooks, version 1.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterator
from typing import Final

from tailorbird.delivery.feedback.outcomes import Outcome, OutcomeKind
from tailorbird.delivery.feedback.providers import spoken
from tailorbird.delivery.feedback.providers.posted import JUST_NOW, Posted, same, stale, unbase64
from tailorbird.delivery.feedback.providers.spoken import Spoken, Unread, text
from tailorbird.delivery.feedback.reports import ADDRESS
from tailorbird.schema import Instant

KINDS: Final[dict[str, OutcomeKind]] = {
    "sent": "accepted", "scheduled": "accepted", "delivered": "delivered",
    "delivery_delayed": "deferred", "bounced": "soft_bounce", "failed": "dropped",
    "suppressed": "dropped", "complained": "complaint", "opened": "opened", "clicked": "clicked",
}  # fmt: skip


def verify(posted: Posted, secret: str, now: Instant) -> str:
    """Return why the request is not Resend's; the secret begins with `whsec_`."""
    named, at = (posted.header(f"svix-{name}") for name in ("id", "timestamp"))
    if not named:
        return "it brings no svix-id header"
    key = unbase64(secret.removeprefix("whsec_"))
    signed = f"{named}.{at}.".encode() + posted.content
    right = base64.b64encode(hmac.new(key, signed, "sha256").digest()).decode()
    given = [each.partition(",") for each in posted.header("svix-signature").split(" ")]
    if not any(version == "v1" and same(found, right) for version, _, found in given):
        return "its signature does not fit its body"
    return stale(at, now, JUST_NOW)


def read(content: object, delivery: str) -> Iterator[Outcome | Unread]:
    """Yield what the event says, of each of its recipients."""
    kind = KINDS.get(text(content, "type").removeprefix("email."))
    told = spoken.part(content, "data")
    if kind is None or not isinstance(content, dict):
        yield Unread("it is no event of a mail that is known here")
        return
    listed = told.get("to")
    named = delivery or spoken.event_id(content)
    for number, to in enumerate(listed if isinstance(listed, list) else [listed]):
        address = ADDRESS.search(str(to))
        known = Outcome(
            kind,
            address[0] if address else "",
            message_ids=_ids(told),
            metadata=_metadata(told),
            at=spoken.instant(content.get("created_at")),
            event_id=f"{named}-{number}" if number else named,
            url=text(told, "click.link"),
            user_agent=text(told, "click.userAgent", "open.userAgent"),
            diagnostic=text(told, "bounce.message", "failed.reason"),
        )
        yield _failed(known, told) if kind in ("soft_bounce", "deferred", "dropped") else known


def _failed(known: Outcome, told: Spoken) -> Outcome:
    words = known.diagnostic
    said = f"{text(told, 'bounce.type')} {text(told, 'bounce.subType')}".lower()
    if known.kind == "dropped" or "suppress" in f"{said} {words}".lower():
        return spoken.dropped(known, words)
    if known.kind == "deferred":
        return spoken.failure(known, words, trying=True)
    if " sent a hard bounce" in words or said.startswith("permanent general"):
        # Resend explains at length and does not quote: its words are no server's.
        return spoken.failure(known, "", hard=True)
    return spoken.failure(known, words, hard=said.startswith("permanent") or None)


def _ids(told: Spoken) -> tuple[str, ...]:
    found = [text(told, "email_id"), text(told, "message_id")]
    found += [text(each, "value") for each in _headers(told) if _named(each) == "message-id"]
    return tuple(dict.fromkeys(each.strip("<> ") for each in found if each))


def _metadata(told: Spoken) -> tuple[tuple[str, str], ...]:
    kept = [spoken.part(each, "value") for each in _headers(told) if _named(each) == "x-metadata"]
    tags = told.get("tags")
    if isinstance(tags, list):
        tags = {text(each, "name"): text(each, "value") for each in tags[:50]}
    return spoken.metadata(*kept, tags if isinstance(tags, dict) else spoken.NOTHING)


def _headers(told: Spoken) -> list[object]:
    headers = told.get("headers")
    return headers[:200] if isinstance(headers, list) else []


def _named(header: object) -> str:
    return text(header, "name").lower()
