"""People in journeys who are merged, or erased."""

from __future__ import annotations

from tests.journeying.conftest import Shop

HOUR_SECONDS = 3_600.0


def test_enrolments_follow_who_was_merged(cart: Shop) -> None:
    cart.enter("cart", "ben")
    cart.tb.merge("ann", "ben", reason="the same")
    cart.tick(HOUR_SECONDS)
    assert cart.where("ann").person == cart.tb.person("ann")
    assert [campaign for campaign, _ in cart.mails()] == ["cart/cart-1"]


def test_of_two_in_one_journey_the_older_goes_on(cart: Shop) -> None:
    cart.enter("cart", "ann", "ben")
    numbers = [cart.where(who).id for who in ("ann", "ben")]
    cart.tb.merge("ann", "ben", reason="the same")
    cart.tick(HOUR_SECONDS)
    assert len(cart.mails()) == 1
    ends = [each.ended for each in cart.tb.world.enrolments.get(numbers)]
    assert ends == ["done", "merged"]


def test_somebody_who_was_erased_leaves(cart: Shop) -> None:
    cart.enter("cart", "ann")
    number = cart.where("ann").id
    cart.forget("ann")
    cart.tick(HOUR_SECONDS)
    assert cart.mails() == []
    assert cart.tb.world.enrolments.get([number])[0].ended == "erased"
