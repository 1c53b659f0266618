"""The names that other tools give to events, and ours."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from tailorbird.collect.clean import snake
from tailorbird.schema import Names

NAME_LIMIT: Final = 128
"""Characters of an event's, a trait's or a property's name."""

_CANONICAL: Final = {
    Names.PURCHASE: (
        "order_completed completed_order order_placed placed_order purchased purchase_completed"
        " checkout_completed transaction"
    ),
    # An order that is cancelled and then refunded comes back once: a cancellation keeps its name.
    Names.RETURN: "order_refunded refunded_order refund order_returned",
    Names.ADD_TO_CART: "product_added added_product product_added_to_cart added_to_cart",
    Names.PRODUCT_VIEWED: "viewed_product product_view view_item view_content viewed_item",
    Names.PAGE_VIEWED: "page page_view viewed_page pageview loaded_a_page",
    Names.PRODUCT_UPDATED: "product_changed",
    Names.EMAIL_OPENED: "email_open opened_email",
    Names.EMAIL_CLICKED: "email_link_clicked email_click clicked_email",
    Names.EMAIL_BOUNCED: "email_bounce",
    Names.UNSUBSCRIBED: "email_unsubscribed unsubscribe",
}
_BY_SPELLING: Final = {
    spelling: ours for ours, spellings in _CANONICAL.items() for spelling in spellings.split()
}


@lru_cache(maxsize=16_384)
def canonical(event: str) -> str:
    """Return our name of an event: one of `schema.Names`, else its own in snake case.

    >>> canonical("Order Completed"), canonical("Added Product"), canonical("Coupon Entered")
    ('purchase', 'add_to_cart', 'coupon_entered')
    """
    spelling = snake(event)
    return _BY_SPELLING.get(spelling, spelling)
