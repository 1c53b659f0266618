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
    Names.ADD_TO_CART: (
        "product_added added_product product_added_to_cart added_to_cart"
        " wishlist_product_added_to_cart"
    ),
    Names.REMOVE_FROM_CART: "product_removed removed_product product_removed_from_cart",
    Names.CART_VIEWED: "viewed_cart view_cart",
    Names.CHECKOUT_STARTED: "started_checkout begin_checkout initiate_checkout checkout_initiated",
    Names.COUPON_APPLIED: "applied_coupon coupon_redeemed discount_applied",
    Names.ORDER_CANCELLED: "order_canceled cancelled_order canceled_order",
    Names.WISHLIST_ADDED: "add_to_wishlist added_to_wishlist wishlist_added wishlisted_product",
    Names.WISHLIST_REMOVED: "remove_from_wishlist removed_from_wishlist wishlist_removed",
    Names.PRODUCT_LIST_VIEWED: (
        "viewed_product_list view_item_list viewed_product_category category_viewed viewed_category"
    ),
    Names.PRODUCTS_SEARCHED: (
        "product_searched searched_products search searched view_search_results"
    ),
    Names.PRODUCT_VIEWED: "viewed_product product_view view_item view_content viewed_item",
    Names.PAGE_VIEWED: "page page_view viewed_page pageview loaded_a_page",
    Names.PAGE_LEFT: "page_dwell left_page",
    Names.SCREEN_VIEWED: "screen screen_view viewed_screen",
    Names.TICKET_OPENED: (
        "support_ticket_opened ticket_created support_ticket_created case_opened case_created"
    ),
    Names.TICKET_CLOSED: (
        "support_ticket_closed ticket_solved ticket_resolved support_ticket_resolved case_closed"
    ),
    Names.SURVEY_ANSWERED: (
        "survey_completed survey_submitted survey_response nps nps_answered nps_submitted"
        " nps_response nps_survey_answered"
    ),
    Names.REVIEW_SUBMITTED: (
        "product_reviewed reviewed_product review_created submitted_review product_rated"
    ),
    # Sessions are counted here, by one rule for all senders: what one calls so keeps its own name.
    "session_start": "session_started",
    "session_end": "session_ended",
    Names.PRODUCT_UPDATED: "product_changed",
    Names.EMAIL_OPENED: "email_open opened_email",
    Names.EMAIL_CLICKED: "email_link_clicked email_click clicked_email",
    Names.EMAIL_BOUNCED: "email_bounce",
    Names.EMAIL_COMPLAINED: "email_marked_as_spam email_complaint spam_complaint",
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
