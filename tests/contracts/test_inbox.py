"""The inbox keeps each message once, can be paged and searched, and forgets when asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest

from tailorbird.delivery.carriers.inbox import InboxCarrier, subject_of
from tailorbird.errors import CarrierError
from tailorbird.ports import Carrier, Inbox
from tailorbird.schema import Outgoing, Reply


class NoJournal:
    """The inbox needs no journal, so it must never ask one."""

    def dot(self, *send_ids: bytes) -> None:
        raise AssertionError(send_ids)

    def reply(self, *replies: Reply) -> None:
        raise AssertionError(replies)

    def last(self) -> dict[bytes, Reply | None]:
        raise AssertionError

    def clear(self) -> None:
        raise AssertionError

    def held(self) -> AbstractContextManager[None]:
        return nullcontext()


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[InboxCarrier]:
    carrier = InboxCarrier(tmp_path, keep=1000)
    yield carrier
    carrier.close()


def send_id(number: int) -> bytes:
    return number.to_bytes(16, "big")


def mail(number: int, subject: str = "") -> Outgoing:
    text = f"Subject: {subject or f'Offer {number}'}\r\n\r\nHello {number}\r\n"
    return Outgoing(send_id(number), "a@b.example", f"p{number}@c.example", text.encode())


def post(inbox: InboxCarrier, *messages: Outgoing) -> list[Reply]:
    return list(inbox.send(iter(messages), NoJournal()))


def test_it_is_a_carrier_and_an_inbox(inbox: InboxCarrier) -> None:
    carrier: Carrier = inbox
    reader: Inbox = inbox
    assert carrier.name == "inbox"
    assert reader.count() == 0
    assert reader.list() == []


def test_what_is_sent_can_be_read(inbox: InboxCarrier) -> None:
    replies = post(inbox, mail(1), mail(2))
    assert [(reply.send_id, reply.kind) for reply in replies] == [
        (send_id(1), "accepted"),
        (send_id(2), "accepted"),
    ]
    assert inbox.read(send_id(1)) == mail(1).content
    assert inbox.read(send_id(3)) is None
    assert inbox.found([send_id(2), send_id(3)]) == {send_id(2): True, send_id(3): False}


def test_a_message_that_comes_twice_is_kept_once(inbox: InboxCarrier) -> None:
    post(inbox, mail(1), mail(1))
    (again,) = post(inbox, mail(1, "another"))
    assert again.kind == "accepted"
    assert inbox.count() == 1
    assert inbox.read(send_id(1)) == mail(1).content


def test_pages_run_from_the_newest_to_the_oldest(inbox: InboxCarrier) -> None:
    post(inbox, *(mail(n) for n in range(1, 8)))
    first = inbox.list(limit=3)
    second = inbox.list(after=first[-1].sequence, limit=10)
    assert [entry.send_id for entry in [*first, *second]] == [send_id(n) for n in range(7, 0, -1)]
    newest = first[0]
    assert (newest.to, newest.subject, newest.size_bytes) == (
        "p7@c.example",
        "Offer 7",
        len(mail(7).content),
    )


@pytest.mark.parametrize(
    ("query", "people"),
    [("p3@", [3]), ("offer 5", [5]), ("OFFER", [5, 3]), ("100%", [9]), ("_", [])],
)
def test_a_search_looks_at_addresses_and_subjects(
    inbox: InboxCarrier, query: str, people: list[int]
) -> None:
    post(inbox, mail(3), mail(5), mail(9, "100% wool"))
    assert [entry.send_id for entry in inbox.list(query=query)] == [send_id(n) for n in people]
    assert inbox.count(query) == len(people)


def test_a_reader_follows_the_mail_in_order(inbox: InboxCarrier) -> None:
    post(inbox, *(mail(n) for n in range(1, 6)))
    seen = list(inbox.since(2, 2))
    assert seen == [(3, send_id(3), mail(3).content), (4, send_id(4), mail(4).content)]


def test_only_the_newest_texts_are_kept(tmp_path: Path) -> None:
    inbox = InboxCarrier(tmp_path, keep=10)
    post(inbox, *(mail(n) for n in range(1, 31)))
    assert inbox.count() == 30
    assert inbox.read(send_id(20)) is None
    assert inbox.read(send_id(21)) == mail(21).content
    assert [sequence for sequence, *_ in inbox.since(0, 100)] == list(range(21, 31))
    assert all(inbox.found([send_id(1)]).values())
    inbox.close()


def test_messages_are_streamed_not_collected(inbox: InboxCarrier) -> None:
    asked: list[int] = []

    def messages() -> Iterator[Outgoing]:
        for number in range(2000):
            asked.append(number)
            yield mail(number)

    replies = inbox.send(messages(), NoJournal())
    next(replies)
    assert len(asked) <= 500
    assert sum(1 for _ in replies) == 1999


def test_forgotten_messages_leave_no_trace_in_the_file(tmp_path: Path) -> None:
    inbox = InboxCarrier(tmp_path)
    post(inbox, mail(1), mail(2))
    assert inbox.forget([send_id(1), send_id(9)]) == 1
    assert inbox.found([send_id(1)]) == {send_id(1): False}
    raw = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"p1@c.example" not in raw
    assert b"p2@c.example" in raw
    inbox.close()


def test_an_inbox_survives_reopening(tmp_path: Path) -> None:
    inbox = InboxCarrier(tmp_path)
    post(inbox, mail(1))
    inbox.close()
    inbox = InboxCarrier(tmp_path)
    post(inbox, mail(1), mail(2))
    assert [entry.send_id for entry in inbox.list()] == [send_id(2), send_id(1)]
    inbox.close()


def test_a_file_that_is_no_inbox_is_named(tmp_path: Path) -> None:
    (tmp_path / "inbox.sqlite").write_bytes(b"not a database " * 100)
    with pytest.raises(CarrierError, match=r"inbox\.sqlite"):
        InboxCarrier(tmp_path)


@pytest.mark.parametrize(
    ("head", "subject"),
    [
        (b"Subject: Plain words\r\n", "Plain words"),
        (b"To: a\r\nSUBJECT:  folded\r\n over two lines\r\nX: y\r\n", "folded over two lines"),
        (b"Subject: =?utf-8?q?K=C3=A4se?=\r\n", "Käse"),
        (b"Subject: =?nonsense?q?x?=\r\n", "=?nonsense?q?x?="),
        (b"From: Subject: no\r\n", ""),
    ],
)
def test_the_list_shows_the_decoded_subject(head: bytes, subject: str) -> None:
    assert subject_of(head + b"\r\nSubject: not this\r\n") == subject
