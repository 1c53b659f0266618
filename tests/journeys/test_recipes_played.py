"""Each recipe does what its description says, to the hour."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from tailorbird import flow, learning, recommend
from tailorbird.rehearsing import Rehearsal
from tailorbird.schema import HOUR, SECOND

Begin = Callable[..., Rehearsal]
pytestmark = pytest.mark.slow


def test_whoever_goes_on_shopping_has_an_hour_again(journey: Begin) -> None:
    cart = journey("abandoned-cart").given()
    cart.when("add_to_cart", product_id="mug").after("50m")
    cart.when("add_to_cart", product_id="pot").after("59m").expect_not_sent("cart-1")
    cart.after("1m").expect_sent("cart-1")


def test_who_looked_and_left_is_reminded_four_hours_later(journey: Begin) -> None:
    browse = journey("browse-abandonment").given()
    browse.when("product_viewed", product_id="mug").after("4h").expect_sent("browse-1")
    browse.when("product_viewed", product_id="mug").after("1d").expect_sent("browse-1", times=1)


def test_who_has_a_cart_is_not_asked_what_she_looked_at(journey: Begin) -> None:
    browse = journey("browse-abandonment").given()
    browse.when("product_viewed", product_id="mug").after("1h")
    browse.when("add_to_cart", product_id="mug").after("1d").expect_not_sent("browse-1")


def test_where_nothing_can_be_recommended_no_offer_of_more_is_sent(journey: Begin) -> None:
    """Until a model serves there is nothing to choose: the step's error path is taken, at ten."""
    cross = journey("cross-sell", shop__zone="Europe/Vienna").given()
    cross.when("purchase", order_id="1", value=9.5).after("7d").expect_at("1")
    cross.after("1d").expect_left("nothing to recommend").expect_not_sent("cross-sell-1")
    assert cross.story()[1].startswith("2026-03-10 09:00:00 1 waited")


def test_a_week_after_an_order_what_goes_with_it_is_offered(journey: Begin) -> None:
    """Who bought the mug bought the tea as well, eight times; so does the model say."""
    cross = journey("cross-sell")
    for item in ("mug", "tea", "pot", "jug"):
        cross.product(item, name=item.title(), price=9.5, stock=50)
    for number in range(8):
        bought = ("mug", "tea") if number % 4 else ("pot", "jug")
        cross.given(f"other-{number}")
        for item in bought:
            lines = [{"product_id": item, "price": 9.5, "quantity": 1}]
            cross.when("purchase", order_id=f"{number}{item}", value=9.5, products=lines)
    cross.given("ada", first_name="Ada")
    cross.when(
        "purchase", order_id="mine", value=9.5,
        products=[{"product_id": "mug", "price": 9.5, "quantity": 1}],
    )  # fmt: skip
    world = cross.tb.world
    people = [cross.tb.person(each) for each in ("ada", *(f"other-{n}" for n in range(8)))]
    model = recommend.fit(learning.history(world, sorted(people), cross.now), now=cross.now)
    world.models.put(learning.RECOMMENDER, model.files(), b"{}")
    cross.after("8d").expect_sent("cross-sell-1")
    flow.deliver(world, cross.now)
    cross.tick()
    assert "Tea" in cross.mail("cross-sell-1")


def test_a_return_stops_the_offer_of_more(journey: Begin) -> None:
    cross = journey("cross-sell").given()
    cross.when("purchase", order_id="1", value=9.5).after("2d")
    cross.when("return", order_id="1").after("10d").expect_not_sent("cross-sell-1")


def test_who_confirmed_by_the_forms_own_mail_is_welcomed(journey: Begin) -> None:
    form = journey("double-opt-in").given()
    form.when("form_submitted", pending=True).expect_at("confirmed").after("1d")
    form.when("form_confirmed").expect_sent("confirmed-1")


def test_who_never_confirms_gets_nothing(journey: Begin) -> None:
    form = journey("double-opt-in").given()
    form.when("form_submitted", pending=True).after("8d")
    form.expect_not_sent("confirmed-1").expect_left("never confirmed")


def test_a_lower_price_of_what_she_looked_at_is_told(journey: Begin) -> None:
    price = journey("price-drop").product("mug", name="Mug", price=20, stock=5)
    price.given().when("product_viewed", product_id="mug").after("2d")
    price.product("mug", name="Mug", price=19, stock=5).after("1h").given("person-1")
    price.expect_not_sent("price-drop-1")
    price.product("mug", name="Mug", price=15, stock=5).after("1h").given("person-1")
    price.expect_sent("price-drop-1")
    assert price.mail("price-drop-1").startswith("Mug costs less now")


def test_a_month_after_the_last_order_something_may_have_run_out(journey: Begin) -> None:
    refill = journey("replenishment").given()
    refill.when("purchase", order_id="1", value=9.5).after("20d")
    refill.when("purchase", order_id="2", value=9.5).after("29d").expect_not_sent("replenish-1")
    refill.after("2d").expect_sent("replenish-1")


def test_a_birthday_is_greeted_at_nine_of_her_own_clock(journey: Begin) -> None:
    cake = journey("birthday").given(birthday="1990-03-04", timezone="America/New_York")
    cake.after("51h").expect_not_sent("birthday-1")  # 4 March, 13:00 UTC and 8:00 there
    cake.after("1h").expect_sent("birthday-1")


def test_who_was_born_on_a_leap_day_is_greeted_every_year(journey: Begin) -> None:
    """On 28 February where there is no 29th; she enters again once 300 days are over."""
    cake = journey("birthday", at="2027-02-20 10:00").given(birthday="1992-02-29")
    for year, day in ((2027, 28), (2028, 29), (2029, 28)):
        morning = round(datetime(year, 2, day, 9, tzinfo=UTC).timestamp()) * SECOND
        cake.now = morning - HOUR
        cake.tick().expect_sent("birthday-1", year - 2027)
        cake.until(morning).expect_sent("birthday-1", year - 2026)
        cake.after("2d").expect_sent("birthday-1", year - 2026)


def test_who_reads_nothing_is_asked_once_and_left_in_peace(journey: Begin) -> None:
    sunset = journey("sunset").given()
    for _ in range(5):
        sunset.when("email_sent")
    sunset.after("1d").expect_sent("sunset-1").after("14d")
    sunset.expect_left("asleep").expect_trait("mailing", "asleep")


def test_a_click_keeps_her_awake(journey: Begin) -> None:
    sunset = journey("sunset").given()
    for _ in range(5):
        sunset.when("email_sent")
    sunset.after("1d").when("email_clicked").after("20d").expect_left()
    sunset.expect_trait("mailing", None)


def test_a_first_order_is_followed_by_three_mails(journey: Begin) -> None:
    welcome = journey("welcome").given()
    welcome.when("purchase", order_id="1", value=9.5).after("1h").expect_sent("welcome-1")
    welcome.after("4d").expect_sent("welcome-2").after("8d").expect_sent("welcome-3")


def test_who_bought_again_needs_no_third_welcome(journey: Begin) -> None:
    welcome = journey("welcome").given()
    welcome.when("purchase", order_id="1", value=9.5).after("5d").expect_sent("welcome-2")
    welcome.when("purchase", order_id="2", value=9.5).after("10d").expect_left("bought again")
    welcome.expect_not_sent("welcome-3")


def test_nothing_for_ninety_days_and_we_write_twice(journey: Begin) -> None:
    back = journey("win-back").given(first_name="Ada")
    back.when("purchase", order_id="1", value=9.5).after("89d").expect_not_sent("win-back-1")
    back.after("2d").expect_sent("win-back-1").after("15d").expect_sent("win-back-2")
    back.expect_left()
