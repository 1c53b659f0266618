"""One person, one number, however she is called."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tailorbird.simulator.draws import Draws
from tailorbird.simulator.keys import address_token, person_number, person_numbers, user_id
from tailorbird.simulator.people import People


@given(st.text(min_size=1, max_size=40))
def test_an_address_leads_to_the_person_of_the_user_id(key: str) -> None:
    ids = person_numbers([key])
    contact = People(Draws(1)).contacts(ids, [address_token(key)])[0]
    assert person_number(contact.email) == ids[0]
    assert person_number(contact.email.upper()) == ids[0]


def test_a_second_account_is_the_same_shop_person() -> None:
    assert person_number("u0000042b") == person_number("u0000042") == 42
    assert person_number("u0000042b@x.example") != 42


def test_shop_people_and_others_never_meet() -> None:
    others = person_numbers([str(number) for number in range(2000)])
    assert (others >= np.uint64(1 << 63)).all()
    assert len(set(others.tolist())) == 2000
    assert [person_number(user_id(number)) for number in (0, 7, 12_345_678)] == [0, 7, 12_345_678]


def test_addresses_are_unique_and_plain() -> None:
    keys = [user_id(number) for number in range(3000)]
    contacts = People(Draws(2)).contacts(person_numbers(keys), [address_token(key) for key in keys])
    addresses = {contact.email for contact in contacts}
    assert len(addresses) == 3000
    assert all(address.isascii() and address == address.lower() for address in addresses)
