"""Names of events and how often they happened, as authors write them."""

from __future__ import annotations

from typing import Any as Anything
from typing import Final

from tailorbird.schema import Names
from tailorbird.segments.conditions import Comparison
from tailorbird.segments.reader import Keyed, Reader
from tailorbird.yaml_text import Path

EVENTS: Final = frozenset(
    (
        Names.PURCHASE, Names.RETURN, Names.ADD_TO_CART, Names.PRODUCT_VIEWED, Names.PAGE_VIEWED,
        Names.EMAIL_SENT, Names.EMAIL_OPENED, Names.EMAIL_CLICKED, Names.EMAIL_BOUNCED,
        Names.EMAIL_DELIVERED, Names.EMAIL_DEFERRED, Names.EMAIL_DROPPED, Names.EMAIL_COMPLAINED,
        Names.EMAIL_AUTO_REPLIED, Names.UNSUBSCRIBED, Names.PAGE_LEFT, Names.SCREEN_VIEWED,
        Names.PRODUCT_LIST_VIEWED,
        Names.PRODUCTS_SEARCHED, Names.REMOVE_FROM_CART, Names.CART_VIEWED, Names.CHECKOUT_STARTED,
        Names.COUPON_APPLIED, Names.ORDER_CANCELLED, Names.WISHLIST_ADDED, Names.WISHLIST_REMOVED,
        Names.TICKET_OPENED, Names.TICKET_CLOSED, Names.SURVEY_ANSWERED, Names.REVIEW_SUBMITTED,
        Names.SESSION_STARTED, Names.SESSION_ENDED,
    )
)  # fmt: skip
"""Canonical events that leave facts behind."""


def event(reader: Reader, name: Anything, path: Path) -> str:
    """Return the name of an event that leaves facts behind."""
    if not isinstance(name, str) or not name:
        scalar = isinstance(name, int | float)
        mend = "put it in quotes" if scalar else "write one name, such as `purchase`"
        reader.refuse("an event's name is text", path, mend)
    if name in (Names.IDENTIFY, Names.PRODUCT_UPDATED, Names.CONSENT_CHANGED):
        reader.refuse(f"{name!r} leaves no fact behind", path, "ask for a trait instead")
    extra = reader.vocabulary.events if reader.vocabulary else frozenset()
    reader.known("event", name, EVENTS | extra, path)
    return name


def times(reader: Reader, value: Keyed, path: Path) -> Comparison | None:
    """Return how often something must have happened, None where nothing says so."""
    if "times" not in value:
        return None
    path = (*path, "times")
    comparison = reader.comparison(value["times"], path, "times", "integer")
    if comparison.op in ("exists", "missing"):
        reader.refuse("a count is always known", path, "write `times: {at_least: 2}`")
    least = 1 if comparison.op == "<" else 0
    if any(isinstance(count, int) and count < least for count in comparison.operands):
        reader.refuse("nobody does something less than 0 times", path, "count from 0")
    return comparison


def whole(reader: Reader, value: Keyed, path: Path, key: str, most: int) -> int:
    """Return the whole number from 1 to `most` that stands under a key."""
    number = value.get(key)
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= most:
        reader.refuse(f"{key!r} takes a whole number", (*path, key), f"from 1 to {most}")
    return number
