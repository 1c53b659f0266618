"""What became of a message after it left: one vocabulary for mails that came back and for webhooks.

Suppression follows `why`, never the words of a carrier: what is the sender's fault (authentication,
reputation, content, rate) says nothing about the person.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

import msgspec

from tailorbird.schema import Instant

OutcomeKind: TypeAlias = Literal[
    "accepted", "delivered", "deferred", "soft_bounce", "hard_bounce", "dropped",
    "complaint", "unsubscribe", "subscribe", "opened", "clicked", "auto_reply", "challenge",
    "other",
]  # fmt: skip
"""`accepted`: a provider took it. `dropped`: a provider did not even try."""
Why: TypeAlias = Literal[
    "mailbox_missing", "domain_missing", "mailbox_moved", "takes_no_mail",
    "mailbox_full", "mailbox_disabled", "recipient_policy",
    "sender_authentication", "sender_reputation", "sender_policy", "sender_suppressed",
    "content", "size", "rate", "relay", "network", "server", "unknown",
]  # fmt: skip
WHYS: Final[tuple[Why, ...]] = get_args(Why)
GONE: Final[frozenset[Why]] = frozenset(
    {"mailbox_missing", "domain_missing", "mailbox_moved", "takes_no_mail"}
)
"""Nobody is there: the only reasons for which an address is barred at once."""
SENDERS_FAULT: Final[frozenset[Why]] = frozenset(
    {
        "sender_authentication", "sender_reputation", "sender_policy", "sender_suppressed",
        "content", "size", "rate", "relay",
    }
)  # fmt: skip
"""Nothing that the person could help: such bounces never count against her."""


class Outcome(msgspec.Struct, frozen=True):
    """What one mail or one event of a provider says of one message to one recipient."""

    kind: OutcomeKind
    recipient: str = ""
    message_ids: tuple[str, ...] = ()
    """Ids under which the message went, without angle brackets; the provider's own among them."""
    metadata: tuple[tuple[str, str], ...] = ()
    """What we gave a provider to hand back, such as `send_id`."""
    envelope_to: tuple[str, ...] = ()
    """Where the mail that came back was sent: our return path is one of them."""
    links: tuple[str, ...] = ()
    """Links and addresses by which the mail that came back says one may unsubscribe."""
    why: Why | Literal[""] = ""
    status: str = ""
    """Enhanced status code (RFC 3463), such as `5.1.1`."""
    reply: int = 0
    """SMTP reply code, such as 550."""
    diagnostic: str = ""
    reporting_host: str = ""
    feedback_type: str = ""
    """Of a complaint: `abuse`, `fraud`, `auth-failure` ... (RFC 5965)."""
    at: Instant = 0
    """When it happened, by its sender; 0 where it does not say."""
    event_id: str = ""
    url: str = ""
    user_agent: str = ""


def bounce(why: Why, *, trying: bool = False) -> OutcomeKind:
    """Return the kind of a failure: deferred while somebody still tries."""
    if trying:
        return "deferred"
    return "hard_bounce" if why in GONE else "soft_bounce"
