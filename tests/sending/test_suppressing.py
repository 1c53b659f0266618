"""Addresses are barred, lifted and imported: the log first, the words that count once."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tailorbird.collect.suppression_files import RefusedLine
from tailorbird.errors import UsageError
from tailorbird.profiles.spoken import SOURCE
from tailorbird.schema import SECOND, Body, LogRecord
from tailorbird.stores.memory.suppressions import MemorySuppressions
from tailorbird.suppressing import Said, Suppressing, exported, latest
from tailorbird.suppression_words import SuppressionWord

NOW = 1_700_000_000 * SECOND
ADA, BO = "ada@mail.example", "bo@mail.example"


class ListLog:
    """A log in a list."""

    def __init__(self) -> None:
        self.bodies: list[Body] = []

    def append(self, bodies: Sequence[Body]) -> int:
        self.bodies += bodies
        return len(self.bodies)

    def append_from(self, reader: str, bodies: Sequence[Body], progress: str) -> int:
        raise NotImplementedError

    def progress(self, reader: str) -> str:
        raise NotImplementedError

    def read(self, after: int, limit: int, size: int | None = None) -> list[LogRecord]:
        raise NotImplementedError

    def end(self) -> int:
        return len(self.bodies)


class Desk:
    """Suppressions, their log, and whoever says something."""

    def __init__(self) -> None:
        self.store, self.log = MemorySuppressions(), ListLog()

    def at(self, now: int = NOW) -> Suppressing:
        return Suppressing(self.store, self.log, now, "rest", "bo")

    def words(self, address: str = ADA) -> list[SuppressionWord]:
        return self.store.said(self.store.key(address))


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_what_is_said_of_an_address_is_kept_whole(desk: Desk) -> None:
    assert desk.at().add([ADA], "unsubscribed", note="by telephone") == Said(1, 0)
    assert desk.words() == [
        SuppressionWord(
            desk.store.key(ADA), "unsubscribed", NOW, "email_marketing", True, "rest", "bo",
            "by telephone",
        )
    ]  # fmt: skip
    (told,) = desk.log.bodies
    assert (told.source, told.received_at) == (SOURCE, NOW)
    assert desk.at().add([BO]) == Said(1, 0)
    assert (desk.words(BO)[0].purpose, desk.words(BO)[0].note) == ("all", "")


def test_who_is_barred_already_is_not_said_again(desk: Desk) -> None:
    named = [ADA, ADA.upper(), "nobody", BO]
    line = RefusedLine(3, "no address", "write name@example.com")
    assert desk.at().add(named) == Said(2, 0, (line,))
    assert desk.at(NOW + 5).add([ADA, BO]) == Said(0, 2)
    assert len(desk.log.bodies) == 1, "the log is told nothing"
    assert desk.at(NOW + 5).add([ADA], "complaint") == Said(1, 0)


def test_a_lift_takes_a_reason_and_needs_one(desk: Desk) -> None:
    hand = desk.at()
    hand.add([ADA], "complaint")
    hand.add([ADA], "manual")
    with pytest.raises(UsageError, match="lifted for a reason; say why; it is kept"):
        hand.lift([ADA])
    with pytest.raises(UsageError, match="names an address; leave it out: the reason is kept"):
        hand.lift([ADA], note="asked by ada@mail.example")
    assert hand.lift([ADA, BO, "?"], "manual", note="a slip") == Said(
        1, 1, (RefusedLine(3, "no address", "write name@example.com"),)
    )
    assert [word.reason for word in latest(desk.words())] == ["complaint"]
    assert desk.words()[-1].at == NOW + 1, "in the same instant it is the later word"
    assert hand.check(ADA).said == tuple(desk.words())
    assert [word.reason for word in hand.check(ADA).standing] == ["complaint"]
    with pytest.raises(UsageError, match=r"is no address; write name@example\.com"):
        hand.check("ada")


def test_of_two_words_of_one_instant_the_one_that_bars_stands(desk: Desk) -> None:
    bars = SuppressionWord(b"k", "manual", NOW)
    lifts = SuppressionWord(b"k", "manual", NOW, barred=False)
    other = SuppressionWord(b"k", "complaint", NOW)
    assert latest([bars, lifts]) == latest([lifts, bars]) == [bars]
    assert latest([lifts, other]) == [other]


def test_a_file_is_taken_in_and_what_it_names_not_is_given_back(desk: Desk) -> None:
    lines = ["email,reason\n", *(f"p{n}@mail.example,bounce\n" for n in range(1200)), "x,bounce\n"]
    lines.append(f"{ADA},unsubscribed\n")
    said, refused = desk.at().load(lines, "old.csv")
    assert (said.changed, said.already, len(said.refused)) == (1201, 0, 1)
    assert [each.line for each in said.refused] == [1202]
    assert refused == [(said.refused[0], ["x", "bounce"])]
    (word,) = desk.words()
    assert (word.reason, word.purpose, word.source, word.author, word.note, word.barred) == (
        "unsubscribed", "email_marketing", "import", "bo", "", True,
    )  # fmt: skip
    assert len(desk.log.bodies) == 2, "a thousand words a body"
    again, _ = desk.at().load(lines, "old.csv", reason="manual", purpose="email_marketing")
    assert (again.changed, again.already) == (1201, 0), "for another reason"


def test_what_is_exported_names_instants_in_seconds(desk: Desk) -> None:
    word = SuppressionWord(b"\x01\x02", "manual", NOW + 999_999, "all", True, "cli")
    head, row = exported([(ADA, word)])
    assert head == "email,reason,purpose,at,source,address_key\n"
    assert row == f"{ADA},manual,all,1700000000,cli,0102\n"
