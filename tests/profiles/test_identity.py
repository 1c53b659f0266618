"""Who did it."""

from __future__ import annotations

from collections.abc import Callable

from tailorbird.profiles import fold, replay
from tailorbird.schema import Event
from tailorbird.stores.sqlite.people import SqlitePeople

Make = Callable[..., Event]


def persons(people: SqlitePeople, *events: Event) -> list[int | None]:
    return [resolved.person for resolved in fold(people, events, [], 1).events]


def test_anonymous_history_joins_the_person_at_identify(people: SqlitePeople, event: Make) -> None:
    browsing = event(anonymous_id="a")
    known = event("identify", anonymous_id="a", user_id="u")
    assert persons(people, browsing, known, event(user_id="u")) == [1, 1, 1]


def test_history_of_two_devices_becomes_one_person(people: SqlitePeople, event: Make) -> None:
    phone, laptop = event(anonymous_id="phone"), event(anonymous_id="laptop")
    assert persons(people, phone, laptop) == [1, 2]
    folded = fold(
        people,
        [
            event("identify", anonymous_id="phone", user_id="u"),
            event("identify", anonymous_id="laptop", user_id="u"),
        ],
        [],
        2,
    )
    assert [(m.survivor, m.loser, m.by) for m in people.ties.merges()] == [(1, 2, "anonymous_id")]
    assert [(home.owner, home.person) for home in folded.homes] == [(1, 1), (2, 1)]
    assert people.find("laptop") == 1
    assert people.count() == 1


def test_a_kiosk_device_never_joins_two_accounts(people: SqlitePeople, event: Make) -> None:
    one = event("identify", anonymous_id="kiosk", user_id="ann")
    two = event("identify", anonymous_id="kiosk", user_id="bob")
    assert persons(people, one, two) == [1, 2]
    assert people.find("ann") == 1
    assert people.find("bob") == 2


def test_one_address_on_two_accounts_is_one_person(people: SqlitePeople, event: Make) -> None:
    one = event("identify", user_id="ann-1", email="ann@people.example")
    two = event("identify", user_id="ann-2", email="ann@people.example")
    assert persons(people, one, two) == [1, 1]


def test_capitals_in_an_address_do_not_make_another_person(
    people: SqlitePeople, event: Make
) -> None:
    one = event("identify", user_id="ann-1", email="Ann@people.example")
    two = event("identify", user_id="ann-2", email="ann@people.example")
    assert persons(people, one, two) == [1, 1]
    assert people.find("ANN@people.example") == 1


def test_an_address_shared_by_many_accounts_stops_joining(
    people: SqlitePeople, event: Make
) -> None:
    office = [
        event("identify", user_id=f"clerk-{n}", email="office@people.example") for n in range(5)
    ]
    assert len(set(persons(people, *office))) > 1


def test_a_guest_stays_nobody(people: SqlitePeople, event: Make) -> None:
    assert persons(people, event("purchase")) == [None]
    assert people.count() == 0


def test_the_same_message_counts_once(people: SqlitePeople, event: Make) -> None:
    first = event(user_id="u", message_id="same")
    again = event(user_id="u", message_id="same")
    folded = fold(people, [first, again], [], 1)
    assert len(folded.events) == 1
    assert folded.duplicates == 1
    assert fold(people, [event(user_id="u", message_id="same")], [], 2).events == []


def test_replay_gives_what_fold_gave(people: SqlitePeople, event: Make) -> None:
    batch = [
        event(anonymous_id="a"),
        event("identify", anonymous_id="a", user_id="u", email="u@people.example"),
        event(user_id="u", message_id="twice"),
        event(user_id="u", message_id="twice"),
        event("purchase"),
    ]
    folded = fold(people, batch, [], 1)
    assert replay(people, batch) == folded.events
    assert people.count() == 1


def test_replay_after_a_merge_speaks_of_the_survivor(people: SqlitePeople, event: Make) -> None:
    early = [event(anonymous_id="a"), event(anonymous_id="b")]
    fold(people, early, [], 1)
    joined = [
        event("identify", anonymous_id="a", user_id="u"),
        event("identify", anonymous_id="b", user_id="u"),
    ]
    fold(people, joined, [], 2)
    assert [resolved.person for resolved in replay(people, early)] == [1, 1]


def test_internal_sources_name_the_person_by_number(people: SqlitePeople, event: Make) -> None:
    persons(people, event(user_id="u"))
    assert persons(people, event("email_opened", person_id=1)) == [1]
    assert persons(people, event("email_opened", person_id=99)) == [None]
