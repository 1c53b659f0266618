"""Telephone numbers in one spelling, and what is said of those that have none."""

from __future__ import annotations

import string
from collections.abc import Callable

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tailorbird.collect import clean
from tailorbird.collect.decode import Decoded
from tailorbird.collect.fields import traits_of
from tailorbird.schema import Scalar

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)


def told(**traits: Scalar) -> tuple[Scalar, Scalar]:
    """Return the number that is kept, and whether it is flagged."""
    kept, _ = traits_of(traits)
    return kept.get("phone"), kept.get("phone_invalid")


@pytest.mark.parametrize("region", REGIONS)
def test_a_number_as_written_at_home_is_kept_in_e164(region: str) -> None:
    number = phonenumbers.example_number(region)
    assert number
    at_home = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    assert told(phone=at_home, country=region) == (e164, False)
    assert told(phone=e164) == (e164, False)


@pytest.mark.parametrize("country", ["Ireland", "EIRE", "ie", "IRL"])
def test_the_country_of_the_same_identify_is_the_home(country: str) -> None:
    assert told(mobile="(086) 123-4567", country=country) == ("+353861234567", False)


def test_the_country_may_stand_in_the_address_or_in_the_context() -> None:
    kept, _ = traits_of({"address": {"country": "Germany"}}, {"phone": "030 123456"})
    assert kept["phone"] == "+4930123456"


def test_a_number_from_a_spreadsheet_is_a_number_too() -> None:
    assert told(phone=861234567, country="IE") == ("+353861234567", False)
    assert told(phone=861234567.0, country="IE") == ("+353861234567", False)


@pytest.mark.parametrize("given", ["ask Ann", "12", "0" * 300, 7, True, float("nan")])
def test_what_no_plan_has_stays_as_it_came_and_is_flagged(given: Scalar) -> None:
    phone, invalid = told(phone=given, country="IE")
    assert phone is given
    assert invalid is True


def test_without_a_country_only_international_numbers_are_known() -> None:
    assert told(phone="086 123 4567") == ("086 123 4567", True)
    assert told(phone="086 123 4567", country="Channel Islands") == ("086 123 4567", True)
    assert told(phone="+353 86 123 4567") == ("+353861234567", False)


def test_a_mended_number_takes_the_flag_back(decoding: Callable[..., Decoded]) -> None:
    batch = [
        {"type": "identify", "userId": "u1", "traits": {"phone": phone}}
        for phone in ("no", "+353861234567", "")
    ]
    events = decoding({"batch": batch}).events
    assert [event.traits.get("phone_invalid") for event in events] == [True, False, None]


def test_nobody_who_says_nothing_of_a_telephone_is_flagged() -> None:
    assert told(phone=None) == (None, None)
    assert told(first_name="Ann") == (None, None)


@given(
    st.one_of(st.text(max_size=60), st.text(string.digits + "+-() x;=", max_size=60)),
    st.one_of(st.sampled_from(REGIONS), st.text(max_size=3)),
)
@example("\ud800" * 8, "IE")
@example("tel:+353861234567;phone-context=" + "a" * 200, "")
@example("٠٨٦١٢٣٤٥٦٧", "IE")
def test_any_text_is_a_number_in_e164_or_none(text: str, country: str) -> None:
    found = clean.phone(text, country)
    assert found is None or (found[0] == "+" and found[1:].isascii() and found[1:].isdigit())
    assert found is None or clean.phone(found) == found
