"""Traits as a marketer reads them: `31 days since the last order`, not `recency_days 31`."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Final, Protocol

from tailorbird import money
from tailorbird.schema import HOUR, MINUTE, SECOND, Names

MILLION: Final = 1_000_000
WEEKDAYS: Final = (
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
)  # fmt: skip
_NOUNS: Final[dict[str, tuple[str, str]]] = {
    Names.PURCHASE: ("order", "orders"),
    Names.RETURN: ("return", "returns"),
    Names.ADD_TO_CART: ("product put into the cart", "products put into the cart"),
    Names.REMOVE_FROM_CART: ("product taken out of the cart", "products taken out of the cart"),
    Names.PRODUCT_VIEWED: ("look at a product", "looks at products"),
    Names.PAGE_VIEWED: ("page viewed", "pages viewed"),
    Names.PAGE_LEFT: ("page read", "pages read"),
    Names.SCREEN_VIEWED: ("screen viewed", "screens viewed"),
    Names.PRODUCT_LIST_VIEWED: ("look at a list of products", "looks at lists of products"),
    Names.PRODUCTS_SEARCHED: ("search for products", "searches for products"),
    Names.CART_VIEWED: ("look into the cart", "looks into the cart"),
    Names.CHECKOUT_STARTED: ("checkout begun", "checkouts begun"),
    Names.COUPON_APPLIED: ("coupon used", "coupons used"),
    Names.ORDER_CANCELLED: ("order cancelled", "orders cancelled"),
    Names.SESSION_STARTED: ("visit", "visits"),
    Names.SESSION_ENDED: ("visit ended", "visits ended"),
    Names.EMAIL_SENT: ("mail sent", "mails sent"),
    Names.EMAIL_OPENED: ("mail opened", "mails opened"),
    Names.EMAIL_CLICKED: ("click in a mail", "clicks in mails"),
    Names.EMAIL_BOUNCED: ("mail that came back", "mails that came back"),
    Names.EMAIL_COMPLAINED: ("spam complaint", "spam complaints"),
    Names.UNSUBSCRIBED: ("unsubscription", "unsubscriptions"),
    Names.TICKET_OPENED: ("request for help", "requests for help"),
    Names.REVIEW_SUBMITTED: ("review written", "reviews written"),
}
"""One and many of an event; of others the event's own name is said."""
_SPANS: Final = {"w": "week", "d": "day", "h": "hour", "m": "minute", "s": "second"}


class Worded(Protocol):
    """What a trait says of itself: its type and unit, and the words around its value."""

    @property
    def type(self) -> str:
        """Return what its values are."""

    @property
    def unit(self) -> str:
        """Return what they are counted in."""

    @property
    def said(self) -> str:
        """Return the words around `{value}`."""

    @property
    def lacking(self) -> str:
        """Return what is said of who has no value."""

    @property
    def nouns(self) -> tuple[str, str] | None:
        """Return one and many of what is counted."""


def nouns(event: str) -> tuple[str, str]:
    """Return one and many of an event.

    >>> nouns("purchase"), nouns("garden_visited")
    (('order', 'orders'), ('event "garden visited"', 'events "garden visited"'))
    """
    name = event.replace("_", " ")
    return _NOUNS.get(event) or (f'event "{name}"', f'events "{name}"')


def span(length: str, times: int = 1) -> str:
    """Return a length of time as it is said.

    >>> span("30d"), span("1w", 2), span("1d")
    ('30 days', '2 weeks', 'day')
    """
    number, unit = int(length.strip()[:-1]) * times, _SPANS[length.strip()[-1]]
    return unit if number == 1 else f"{number} {unit}s"


def told(trait: Worded, value: object, currency: str = "") -> str:
    """Return the value of a trait in words; money in this currency, missing values as such."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return trait.lacking
    # Names of events and traits stand in these words: with braces in them `format` would fail.
    return trait.said.replace("{value}", shown(trait, value, currency), 1)


def shown(trait: Worded, value: object, currency: str = "") -> str:
    """Return a value alone, with its unit; `value` is as the trait holds it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, int | float):
        return str(value)
    if trait.type == "instant":
        return f"{datetime.fromtimestamp(value / SECOND, UTC):%Y-%m-%d}"
    amount = value / MILLION if trait.type == "millionths" else value
    match trait.unit:
        case "minor units" | "value_minor":
            return money.said(amount, currency)
        case "share" | "probability":
            return f"{amount * 100:.0f} %"
        case "seconds" | "dwell_seconds":
            return _lasting(amount)
        case "hour of the day":
            return f"{amount:.0f}:00"
        case "day of the week" if 1 <= amount <= len(WEEKDAYS):
            return WEEKDAYS[int(amount) - 1]
        case "days":
            return _counted(amount, ("day", "days"))
        case _:
            return _counted(amount, trait.nouns) if trait.nouns else figure(amount)


def figure(number: float) -> str:
    """Return a number without more digits than tell.

    >>> figure(0.601694), figure(1234.5), figure(12.0), figure(0.04), figure(0.00003)
    ('0.6', '1,234', '12', '0.04', '0')
    """
    if number == int(number) or abs(number) >= 100:
        return f"{number:,.0f}"
    if abs(number) >= 0.1:
        return f"{number:.1f}"
    return f"{number:.2f}" if abs(number) >= 0.005 else "0"


def _counted(number: float, words: tuple[str, str]) -> str:
    one, many = words
    shown = figure(number)
    if shown == "0":
        return f"no {many}" if many != "days" else "0 days"
    return f"{shown} {one if shown == '1' else many}"


def _lasting(seconds: float) -> str:
    for unit, word in ((HOUR, "hour"), (MINUTE, "minute")):
        if seconds * SECOND >= unit:
            return _counted(seconds * SECOND / unit, (word, f"{word}s"))
    return _counted(seconds, ("second", "seconds"))
