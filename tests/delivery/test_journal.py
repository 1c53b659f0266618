"""The journal gives the last word on every send, also after its end was torn."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from tailorbird.delivery.journal import FileJournal
from tailorbird.delivery.journals import Journals
from tailorbird.errors import StoreError
from tailorbird.schema import Reply

ONE, TWO = b"1" * 16, b"2" * 16
ACCEPTED = Reply(ONE, "accepted", 250, "2.0.0 queued as 42")
DEFERRED = Reply(TWO, "deferred", 451, "try later")


def reopened(path: Path) -> dict[bytes, Reply | None]:
    journal = FileJournal(path)
    words = journal.last()
    journal.close()
    return words


def test_the_last_word_of_each_send_wins(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal = FileJournal(path)
    journal.dot(ONE)
    journal.dot(TWO)
    journal.reply(ACCEPTED)
    journal.reply(DEFERRED)
    journal.dot(TWO)
    journal.close()
    assert reopened(path) == {ONE: ACCEPTED, TWO: None}


def test_a_torn_record_is_dropped_at_every_length(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal = FileJournal(path)
    journal.dot(ONE)
    whole = path.stat().st_size
    journal.reply(ACCEPTED)
    journal.close()
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        assert reopened(path) == ({ONE: None} if length >= whole else {})
        assert path.stat().st_size in (0, whole)


@pytest.mark.parametrize("rubbish", [bytes(64), b"\xff" * 64, b"x"])
def test_what_a_power_cut_left_behind_the_end_is_cut_off(tmp_path: Path, rubbish: bytes) -> None:
    path = tmp_path / "journal"
    journal = FileJournal(path)
    journal.dot(ONE)
    journal.close()
    path.write_bytes(path.read_bytes() + rubbish)
    journal = FileJournal(path)
    journal.dot(TWO)
    journal.close()
    assert reopened(path) == {ONE: None, TWO: None}


def test_clearing_forgets_all(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path / "journal", sync=False)
    journal.dot(ONE)
    journal.clear()
    assert journal.last() == {}
    journal.dot(TWO)
    assert journal.last() == {TWO: None}
    journal.close()


def test_a_second_process_may_not_send_with_the_same_journal(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path / "journal")
    with pytest.raises(StoreError, match="another process is sending"):
        FileJournal(tmp_path / "journal")
    journal.close()


def test_long_replies_are_cut_and_other_alphabets_kept(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path / "journal")
    journal.reply(Reply(ONE, "rejected", 550, "käse " * 200))
    kept = journal.last()[ONE]
    assert kept is not None
    assert kept.text.startswith("käse käse")
    assert len(kept.text.encode()) <= 403
    journal.close()


def test_many_connections_write_whole_records(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path / "journal")
    ids = [bytes([lane]) * 15 + bytes([n]) for lane in range(4) for n in range(50)]

    def lane(number: int) -> None:
        for send_id in ids[number * 50 : number * 50 + 50]:
            journal.dot(send_id)
            journal.reply(Reply(send_id, "accepted", 250, "ok"))

    threads = [threading.Thread(target=lane, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    words = journal.last()
    assert set(words) == set(ids)
    assert all(words.values())
    journal.close()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file/journal"):
        FileJournal(tmp_path / "file" / "journal")


def test_a_record_that_found_no_room_hides_none_that_follow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = FileJournal(tmp_path / "journal")
    journal.dot(ONE)
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, record: write(file, record[:7]))
    full = "the delivery journal cannot be written: the disk is full; free some disk space"
    with pytest.raises(StoreError, match=full):
        journal.reply(ACCEPTED)
    monkeypatch.undo()
    journal.dot(TWO)
    assert journal.last() == {ONE: None, TWO: None}
    journal.close()


def test_a_disk_that_takes_nothing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = FileJournal(tmp_path / "journal")

    def refused(*_: object) -> int:
        raise OSError(28, "No space left on device")

    for call, what in (("write", "written"), ("fdatasync", "flushed")):
        monkeypatch.setattr(os, call, refused)
        with pytest.raises(StoreError, match=f"cannot be {what}: No space left on device"):
            journal.dot(ONE)
        monkeypatch.undo()
    journal.close()


def test_a_flush_serves_what_was_written_before_it_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushes: list[int] = []
    monkeypatch.setattr(os, "fdatasync", flushes.append)
    for sync, expected in ((True, 3), (False, 0)):
        journal = FileJournal(tmp_path / f"journal-{sync}", sync=sync)
        flushes.clear()
        for each in (ONE, TWO, ONE):
            journal.dot(each)
        journal.reply(ACCEPTED)
        assert len(flushes) == expected
        journal.close()


def test_replies_that_are_no_text_are_kept(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path / "journal")
    journal.reply(Reply(ONE, "rejected", 550, "no \udcff user"))
    assert journal.last() == {ONE: Reply(ONE, "rejected", 550, "no ? user")}
    journal.close()


def test_who_is_at_work_is_known_by_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journals = Journals(tmp_path, sync=False)
    name, journal = journals.first_free()
    assert name == "worker-2"
    assert journals.is_held(name)
    assert not journals.is_held("worker-3")
    monkeypatch.setattr("tailorbird.delivery.journals.MOST", 3)
    with pytest.raises(StoreError, match="no worker can be added; stop some") as told:
        journals.first_free()
    assert told.value.where == str(tmp_path)
    journal.close()
    assert not journals.is_held(name)
    assert not journals.is_held(name), "to look takes nothing for long"
