"""Who is written to is read ahead a few together, and never as she was before somebody wrote."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tailorbird.letters.addressees import MOST_AHEAD, Addressees
from tailorbird.privacy.vault import KEY_BYTES, Vault
from tailorbird.schema import Consent, ConsentState, PersonId
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.sqlite.people import SqlitePeople
from tailorbird.ties import Merge

NOON = 1_700_000_000_000_000
PEOPLE = list(range(1, 601))


class Watched(SqlitePeople):
    """People that remember for how many at once somebody asked."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.asked: list[int] = []

    def consent_states(self, people: Sequence[PersonId]) -> dict[PersonId, ConsentState]:
        self.asked.append(len(people))
        return super().consent_states(people)


@pytest.fixture
def people(tmp_path: Path) -> Iterator[Watched]:
    """Return six hundred people of whom nothing is known."""
    database = Database(tmp_path / "people.sqlite")
    made = Watched(database, Vault(bytes(KEY_BYTES)))
    with made.transaction():
        made.create([(person, NOON) for person in PEOPLE])
    yield made
    database.close()


def says(people: SqlitePeople, person: PersonId, *, granted: bool) -> None:
    word = Consent(person, "email_marketing", granted, NOON, "api", "1")
    with people.transaction():
        people.add_consents([word])


def test_while_nobody_writes_ever_more_are_read_together(people: Watched) -> None:
    addressees = Addressees(people)
    addressees.expect([*PEOPLE, *PEOPLE])
    found = [addressees.find(person) for person in PEOPLE]
    assert [each.person for each in found] == PEOPLE
    assert people.asked[:8] == [1, 2, 4, 8, 16, 32, 64, MOST_AHEAD]
    assert sum(people.asked) == len(PEOPLE)


def test_nobody_is_found_as_she_was_before_somebody_wrote(people: Watched) -> None:
    addressees = Addressees(people)
    addressees.expect(PEOPLE)
    for person in PEOPLE[:200]:
        addressees.find(person)
    for at, person in enumerate(PEOPLE[200:260]):
        says(people, person, granted=bool(at % 2))
        consent = addressees.find(person).consent
        assert consent is not None
        assert consent.granted.keys() == ({"email_marketing"} if at % 2 else set())
    assert set(people.asked[-60:]) == {1}, "little is read in vain where somebody writes always"


def test_who_was_not_expected_is_found_as_well(people: Watched) -> None:
    addressees = Addressees(people)
    addressees.expect(PEOPLE[:10])
    assert [addressees.find(person).person for person in (3, 77, 4, 3)] == [3, 77, 4, 3]


def test_inside_a_transaction_nothing_is_remembered(people: Watched) -> None:
    addressees = Addressees(people)
    addressees.expect(PEOPLE)
    with people.transaction():
        for granted in (True, False, True):
            people.add_consents([Consent(1, "email_marketing", granted, NOON, "api", "1")])
            consent = addressees.find(1).consent
        assert consent is not None
        assert "email_marketing" in consent.withdrawn, "at the same instant a withdrawal wins"
    assert set(people.asked) == {1}


def test_who_was_merged_is_found_in_the_other(people: Watched) -> None:
    addressees = Addressees(people)
    addressees.expect(PEOPLE)
    assert [addressees.find(person).person for person in (1, 2, 3)] == [1, 2, 3]
    with people.transaction():
        people.ties.merge([(Merge(1, 9, 5, NOON), None)])
    assert addressees.find(9).person == 1
