"""What must not make two people one, and what a browser may not say."""

from __future__ import annotations

import doctest
from collections.abc import Callable

import pytest

from tailorbird.privacy import sources
from tailorbird.profiles import fold, placeholders
from tailorbird.schema import ConsentClaim, Event, PersonId
from tailorbird.settings import Identity
from tailorbird.stores.sqlite.people import SqlitePeople

Make = Callable[..., Event]
GRANT = (ConsentClaim("email_marketing", True),)
DENY = (ConsentClaim("email_marketing", False),)
ANN = "ann@people.example"


def persons(people: SqlitePeople, *events: Event, limits: Identity | None = None) -> list[object]:
    offset = people.cursor() + 1
    return [each.person for each in fold(people, events, [], offset, limits or Identity()).events]


def person(people: SqlitePeople, identifier: str) -> PersonId:
    found = people.find(identifier)
    assert found is not None
    return found


def test_the_examples_of_the_docstrings_run() -> None:
    assert doctest.testmod(placeholders).failed == 0
    assert doctest.testmod(sources).failed == 0


def test_a_kiosk_says_nothing_once_many_have_used_it(people: SqlitePeople, event: Make) -> None:
    first = event("identify", anonymous_id="kiosk", user_id="u0")
    visitors = [event("identify", anonymous_id="kiosk", user_id=f"u{n}") for n in range(1, 4)]
    assert persons(people, first, event(anonymous_id="kiosk")) == [1, 1]
    assert persons(people, *visitors) == [2, 3, 4]
    assert persons(people, event(anonymous_id="kiosk")) == [None]
    assert persons(people, event(anonymous_id="kiosk", user_id="u2")) == [3]
    (flag,) = people.ties.flags()
    assert (flag.kind, flag.reason, flag.person) == ("anonymous_id", "shared", 1)


def test_a_tablet_at_the_counter_is_not_one_person_with_all_addresses(
    people: SqlitePeople, event: Make
) -> None:
    signed = [
        event("identify", anonymous_id="counter", email=f"p{n}@people.example") for n in range(10)
    ]
    assert len(set(persons(people, *signed))) >= 8
    assert persons(people, event(anonymous_id="counter")) == [None]


def test_an_address_that_many_accounts_give_joins_nobody_more(
    people: SqlitePeople, event: Make
) -> None:
    clerks = [event("identify", user_id=f"c{n}", email="office@people.example") for n in range(6)]
    assert persons(people, *clerks) == [1, 1, 1, 4, 5, 6]
    (flag,) = people.ties.flags()
    assert (flag.kind, flag.reason) == ("email", "shared")


def test_an_id_that_claims_ten_thousand_addresses_takes_a_few(
    people: SqlitePeople, event: Make
) -> None:
    others = [event("identify", email=f"p{n}@people.example") for n in range(100)]
    persons(people, *others)
    greedy = [event("identify", user_id="greedy", email=f"p{n}@people.example") for n in range(200)]
    assert len(set(persons(people, *greedy))) == 1
    assert people.count() >= 90
    flags = people.ties.flags()
    assert ("user_id", "too many of email") in {(flag.kind, flag.reason) for flag in flags}
    held = people.claims([person(people, "greedy")])[person(people, "greedy")]
    assert held["email"] <= 10


def test_words_that_stand_for_nobody_join_nobody(people: SqlitePeople, event: Make) -> None:
    limits = Identity(placeholders=("kasse@laden.example",))
    for address in ("test@example.com", "noreply@none.com", "KASSE@laden.example"):
        one, two = (
            persons(
                people, event("identify", user_id=f"{address}{n}", email=address), limits=limits
            )
            for n in range(2)
        )
        assert one != two
    assert persons(people, event("identify", email="test@test.com")) == [None]
    assert {profile.email for profile in people.profiles([1, 2, 3, 4, 5, 6]).values()} == {""}


def test_a_browser_may_not_join_two_whom_we_know(people: SqlitePeople, event: Make) -> None:
    persons(people, event("identify", user_id="ann", email=ANN), event("identify", user_id="mal"))
    claim = event("identify", user_id="mal", email=ANN, source="web:shop")
    stranger = event("identify", user_id="new", email=ANN, source="web:shop")
    assert persons(people, claim, stranger) == [2, 3]
    assert persons(people, event("identify", user_id="mal", email=ANN, source="server:shop")) == [1]


def test_a_visitor_joins_the_person_of_the_address_that_she_gives(
    people: SqlitePeople, event: Make
) -> None:
    persons(people, event("identify", email=ANN))
    browsing = event(anonymous_id="phone", source="web")
    assert persons(people, browsing) == [2]
    given = event("identify", anonymous_id="phone", email=ANN, source="web")
    assert persons(people, given, event(anonymous_id="phone", source="web")) == [1, 1]


def test_a_browser_grants_for_the_new_address_that_it_brings_and_for_no_other(
    people: SqlitePeople, event: Make
) -> None:
    said = {"source": "web:shop", "anonymous_id": "phone", "consents": GRANT}
    persons(people, event("identify", email="new@people.example", **said))
    new = person(people, "new@people.example")
    assert "email_marketing" in people.consent_states([new])[new].granted
    persons(people, event("identify", email=ANN, user_id="ann"))
    ann = person(people, "ann")
    for forged in (
        {"email": ANN}, {"user_id": "ann"}, {"user_id": "ann", "email": "other@people.example"},
    ):  # fmt: skip
        persons(people, event("identify", source="web:shop", consents=GRANT, **forged))
        assert people.consent_states([ann])[ann].granted == {}


def test_what_a_browser_granted_ends_with_the_address_that_it_gave(
    people: SqlitePeople, event: Make
) -> None:
    said = {"source": "web", "consents": GRANT, "user_id": "ann"}
    persons(people, event("identify", email="mal@people.example", **said))
    assert "email_marketing" in people.consent_states([1])[1].granted
    persons(people, event("identify", user_id="ann", email=ANN, source="server:shop"))
    assert people.consent_states([1])[1].granted == {}


def test_anybody_may_withdraw(people: SqlitePeople, event: Make) -> None:
    persons(people, event("identify", email=ANN, consents=GRANT))
    persons(people, event("identify", email=ANN, consents=DENY, source="web"))
    assert people.consent_states([1])[1].granted == {}


def test_what_a_browser_granted_elsewhere_is_not_carried_over(
    people: SqlitePeople, event: Make
) -> None:
    said = {"source": "web", "consents": GRANT, "user_id": "mal"}
    persons(people, event("identify", email="mal@people.example", **said))
    persons(people, event("identify", email=ANN, user_id="ann", at=1 << 40))
    told = event(
        "people_merged", source="identity", person_id=1, properties={"loser": 2, "by": "hand"}
    )
    persons(people, told)
    assert people.profiles([1])[1].email == ANN
    assert people.consent_states([1])[1].granted == {}


def test_the_address_of_a_trusted_source_is_not_replaced_by_a_browser(
    people: SqlitePeople, event: Make
) -> None:
    persons(people, event("identify", user_id="ann", email=ANN, source="server:shop"))
    persons(people, event("identify", user_id="ann", email="mal@people.example", source="web"))
    assert people.profiles([1])[1].email == ANN


def test_a_good_address_takes_the_mark_of_a_bad_one_back(people: SqlitePeople, event: Make) -> None:
    persons(people, event("identify", user_id="ann", traits={"email_invalid": True}))
    assert people.profiles([1])[1].traits["email_invalid"] is True
    persons(people, event("identify", user_id="ann", email=ANN))
    assert people.profiles([1])[1].traits["email_invalid"] is False


def test_matching_never_joins_whom_somebody_parted(people: SqlitePeople, event: Make) -> None:
    persons(people, event("identify", user_id="ann"), event("identify", user_id="bob"))

    def told(name: str, by: str = "hand") -> Event:
        said = {"loser": 2, "by": by, "reason": "r"}
        return event(name, source="identity", person_id=1, properties=said)

    persons(people, told("people_merged", "matching"))
    assert people.count() == 1
    persons(people, told("people_separated"), told("people_merged", "matching"))
    assert people.count() == 2
    persons(people, told("people_merged", "api"))
    assert people.count() == 1


@pytest.mark.parametrize("cut", range(1, 8))
def test_batches_may_be_cut_anywhere(people: SqlitePeople, event: Make, cut: int) -> None:
    events = [
        event(anonymous_id="a1"), event(anonymous_id="a2"),
        event("identify", anonymous_id="a1", user_id="u1", email=ANN),
        event("identify", anonymous_id="a2", user_id="u2", email=ANN, source="server:x"),
        event("identify", anonymous_id="a1", user_id="u3"),
        event("identify", anonymous_id="a2", email="b@people.example"),
        event("identify", user_id="u3", email="b@people.example", source="web"),
        event(anonymous_id="a1"),
    ]  # fmt: skip
    persons(people, *events[:cut])
    persons(people, *events[cut:])
    found = {each: people.find(each) for each in ("a1", "a2", "u1", "u2", "u3", "b@people.example")}
    assert (found["a1"], found["u1"], found["u2"]) == (1, 1, 1)
    assert found["u3"] == 3
