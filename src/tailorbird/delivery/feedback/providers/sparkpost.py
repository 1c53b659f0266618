"""SparkPost: a batch of events; who may post is told by a password or a bearer token.

Source: SparkPost, Webhooks event reference; Bounce classification codes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from tailorbird.delivery.feedback.outcomes import Outcome, OutcomeKind, Why, bounce
from tailorbird.delivery.feedback.providers import spoken
from tailorbird.delivery.feedback.providers.posted import by_password
from tailorbird.delivery.feedback.providers.spoken import Spoken, Unread, text

verify = by_password
KINDS: Final[dict[str, OutcomeKind]] = {
    "injection": "accepted", "delivery": "delivered", "delay": "deferred",
    "bounce": "soft_bounce", "out_of_band": "soft_bounce", "policy_rejection": "dropped",
    "generation_failure": "dropped", "generation_rejection": "dropped",
    "spam_complaint": "complaint", "list_unsubscribe": "unsubscribe",
    "link_unsubscribe": "unsubscribe", "open": "opened", "initial_open": "opened",
    "amp_open": "opened", "amp_initial_open": "opened", "click": "clicked", "amp_click": "clicked",
}  # fmt: skip
WHYS: Final[dict[str, Why]] = {
    "10": "mailbox_missing", "21": "network", "22": "mailbox_full", "23": "size",
    "24": "network", "26": "sender_suppressed", "30": "mailbox_missing", "50": "sender_reputation",
    "51": "sender_reputation", "52": "content", "53": "content", "54": "relay",
}  # fmt: skip
"""SparkPost's classes of bounces that say why."""
NO_BOUNCES: Final[dict[str, OutcomeKind]] = {
    "60": "auto_reply", "80": "subscribe", "90": "unsubscribe", "100": "challenge",
}  # fmt: skip


def read(content: object, _delivery: str) -> Iterator[Outcome | Unread]:
    """Yield what each event says."""
    for wrapped in spoken.each(content):
        inside = spoken.part(wrapped, "msys")
        event = next((found for found in inside.values() if isinstance(found, dict)), None)
        if not inside and isinstance(wrapped, dict) and "msys" in wrapped:
            continue  # SparkPost tries an address with an empty event.
        if event is None or text(event, "type") not in KINDS:
            yield Unread("it is no event of SparkPost that is known here")
        else:
            yield _event(event)


def _event(event: Spoken) -> Outcome:
    kind = KINDS[text(event, "type")]
    ids = (text(event, "transmission_id"), text(event, "message_id"))
    known = Outcome(
        kind,
        text(event, "raw_rcpt_to", "rcpt_to"),
        message_ids=tuple(found for found in ids if found),
        metadata=spoken.metadata(spoken.part(event, "rcpt_meta")),
        at=spoken.instant(event.get("timestamp")),
        event_id=spoken.event_id(event, "event_id"),
        url=text(event, "target_link_url"),
        user_agent=text(event, "user_agent"),
        diagnostic=text(event, "raw_reason", "reason"),
        feedback_type=text(event, "fbtype") if kind == "complaint" else "",
    )
    code = text(event, "bounce_class")
    if kind in ("soft_bounce", "deferred"):
        return _bounce(known, code, text(event, "error_code"))
    if kind == "dropped":
        suppressed = code == "25" or "policy" in text(event, "type")
        why: Why = "sender_suppressed" if suppressed else "server"
        return spoken.dropped(known, known.diagnostic, why)
    return known


def _bounce(known: Outcome, code: str, reply: str) -> Outcome:
    if code in NO_BOUNCES:
        return msgspec.structs.replace(known, kind=NO_BOUNCES[code])
    trying = known.kind == "deferred"
    words = known.diagnostic if reply in known.diagnostic else f"{reply} {known.diagnostic}"
    said = spoken.failure(known, words, trying=trying)
    why = WHYS.get(code)
    if why is None or (said.why != "unknown" and why != "mailbox_missing"):
        return said
    return msgspec.structs.replace(said, why=why, kind=bounce(why, trying=trying))
