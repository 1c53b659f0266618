"""What models can foretell: of whom it is asked, what makes it true, and what alone tells most.

The rule is the trait that a model must beat: the lower it is, the likelier.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from tailorbird.schema import Names

Target: TypeAlias = Literal[
    "products", "purchase", "first_purchase", "repeat_purchase", "churn", "next_order", "value",
    "unsubscribe", "engagement", "send_hour",
]  # fmt: skip
Among: TypeAlias = Literal["everybody", "customers", "prospects", "readers"]
"""Customers bought at least once, prospects never; readers got a mail and still get more."""
READERS: Final[Mapping[str, Any]] = {
    "all": [{"did": Names.EMAIL_SENT}, {"did_not": Names.UNSUBSCRIBED}]
}
"""Who they are, as a condition of segments."""
BOUGHT: Final = (
    "orders", "orders_365d", "recency_days", "tenure_days", "revenue_minor",
    "average_order_minor", "returns",
)  # fmt: skip
READ: Final = (
    "count(email_sent, 30d)", "count(email_opened, 90d)", "count(email_clicked, 90d)",
    "since(email_opened)", "since(email_clicked)", "engagement",
)  # fmt: skip
LOOKED: Final = (
    "count(session_started, 30d)", "since(session_started)", "trend(session_started, 7d)",
    "decayed(product_viewed, 14d)", "decayed(add_to_cart, 14d)",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a target means: `events` make it true; without a `rule`, one rate for all is naive."""

    among: Among
    events: tuple[str, ...] = ()
    rule: str = ""
    horizon_days: int = 30
    features: tuple[str, ...] = ()


_REPEAT: Final = (*BOUGHT, "engagement", "country")
_RHYTHM: Final = ("rhythm(purchase)", "silence(purchase)", "decayed(purchase, 60d)")
MEANINGS: Final[Mapping[Target, Meaning]] = {
    "products": Meaning("everybody", horizon_days=30),
    "repeat_purchase": Meaning("customers", (Names.PURCHASE,), "recency_days", 30, _REPEAT),
    "purchase": Meaning(
        "everybody", (Names.PURCHASE,), "recency_days", 30, (*_REPEAT, *LOOKED)
    ),
    "first_purchase": Meaning(
        "prospects", (Names.PURCHASE,), "since(session_started)", 30,
        (*LOOKED, "last_channel", "usual_device", "engagement", "country"),
    ),
    "churn": Meaning("customers", (Names.PURCHASE,), "recency_days", 180, (*_REPEAT, *_RHYTHM)),
    "next_order": Meaning("customers", (Names.PURCHASE,), "rhythm(purchase)", 90),
    "value": Meaning("customers", (Names.PURCHASE,), "revenue_minor", 365, (*_REPEAT, *_RHYTHM)),
    "unsubscribe": Meaning(
        "readers", (Names.UNSUBSCRIBED, Names.EMAIL_COMPLAINED), "", 30,
        (*READ, "trend(email_sent, 14d)", *BOUGHT),
    ),
    "engagement": Meaning(
        "readers", (Names.EMAIL_OPENED, Names.EMAIL_CLICKED), "since(email_opened)", 30,
        (*READ, "trend(email_opened, 30d)", *BOUGHT),
    ),
    "send_hour": Meaning("everybody", (Names.EMAIL_OPENED, Names.EMAIL_CLICKED), "", 30),
}  # fmt: skip
PROBABILITIES: Final = frozenset(
    {"purchase", "first_purchase", "repeat_purchase", "churn", "unsubscribe", "engagement"}
)
"""Targets whose score is a probability; an event of the author's own is one too."""
OF_EVENT: Final = (*BOUGHT, *LOOKED, "engagement", "country")
"""What a model of any event learns of, beside how often it was before."""
