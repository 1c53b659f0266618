"""A journey end to end: somebody enters, waits, is written to, and leaves."""

from __future__ import annotations

from tests.journeying.conftest import Shop

HOUR = 3600.0


def test_who_waits_long_enough_is_written_to(cart: Shop) -> None:
    assert cart.enter("cart", "ann") == 1
    cart.tick(HOUR - 1)
    assert cart.mails() == []
    cart.tick(1)
    assert cart.mails() == [("cart/cart-1", "ann")]
    assert cart.path("ann") == [
        ("", "entered", "1"), ("1", "waited", "cart-1"), ("cart-1", "sent", ""),
    ]  # fmt: skip


def test_a_purchase_in_the_tick_in_which_the_mail_is_due_stops_it(cart: Shop) -> None:
    cart.enter("cart", "ann")
    cart.now += 3600 * 1_000_000
    cart.event("ann", "Order Completed", order_id="o1")
    cart.tick()
    assert cart.mails() == []
    assert cart.path("ann")[-1] == ("1", "left", "")
