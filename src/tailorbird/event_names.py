"""The names of events; `schema` hands them on."""

from __future__ import annotations

from typing import Final


class Names:
    """Canonical event names; `collect` folds the spellings of other tools into these."""

    PURCHASE: Final = "purchase"
    RETURN: Final = "return"
    ADD_TO_CART: Final = "add_to_cart"
    PRODUCT_VIEWED: Final = "product_viewed"
    PAGE_VIEWED: Final = "page_viewed"
    PAGE_LEFT: Final = "page_left"
    SCREEN_VIEWED: Final = "screen_viewed"
    PRODUCT_LIST_VIEWED: Final = "product_list_viewed"
    PRODUCTS_SEARCHED: Final = "products_searched"
    REMOVE_FROM_CART: Final = "remove_from_cart"
    CART_VIEWED: Final = "cart_viewed"
    CHECKOUT_STARTED: Final = "checkout_started"
    COUPON_APPLIED: Final = "coupon_applied"
    ORDER_CANCELLED: Final = "order_cancelled"
    WISHLIST_ADDED: Final = "product_added_to_wishlist"
    WISHLIST_REMOVED: Final = "product_removed_from_wishlist"
    TICKET_OPENED: Final = "ticket_opened"
    TICKET_CLOSED: Final = "ticket_closed"
    SURVEY_ANSWERED: Final = "survey_answered"
    REVIEW_SUBMITTED: Final = "review_submitted"
    SESSION_STARTED: Final = "session_started"
    SESSION_ENDED: Final = "session_ended"
    IDENTIFY: Final = "identify"
    PRODUCT_UPDATED: Final = "product_updated"
    CONSENT_CHANGED: Final = "consent_changed"
    EMAIL_SENT: Final = "email_sent"
    EMAIL_OPENED: Final = "email_opened"
    EMAIL_CLICKED: Final = "email_clicked"
    EMAIL_BOUNCED: Final = "email_bounced"
    UNSUBSCRIBED: Final = "unsubscribed"
    PEOPLE_MERGED: Final = "people_merged"
    PEOPLE_SEPARATED: Final = "people_separated"
    EVENT_RETRACTED: Final = "event_retracted"
    PERSON_FORGOTTEN: Final = "person_forgotten"
