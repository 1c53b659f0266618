"""A mailbox of bounces is read on from where it was, and every mail counts once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.mailbox_hosts import PASSWORD, Host, certificate, imap, pop3

from tailorbird import returning
from tailorbird.errors import SettingsError, SourceError
from tailorbird.feedback_settings import Feedback
from tailorbird.ports import EventLog
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.sqlite.log import SqliteLog

Settings = Callable[..., Feedback]


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(params=[imap, pop3], ids=["imap", "pop3"])
def host(request: pytest.FixtureRequest, pem: Path) -> Iterator[Host]:
    made = Host(pem, request.param)
    made.mails = {number: mail(number) for number in (1, 2, 5)}
    yield made
    made.stop()


@pytest.fixture
def settings(host: Host, pem: Path, request: pytest.FixtureRequest) -> Settings:
    kind = "imap" if "imap" in request.node.name else "pop3"

    def made(**changed: object) -> Feedback:
        given = {
            "mailbox": kind, "mailbox_host": "localhost", "mailbox_port": host.port,
            "mailbox_user": "bounces", "mailbox_password": PASSWORD, "mailbox_ca_file": str(pem),
        }  # fmt: skip
        return Feedback(**(given | changed))  # type: ignore[arg-type]

    return made


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EventLog]:
    database = Database(tmp_path / "tailorbird.sqlite")
    yield SqliteLog(database)
    database.close()


def mail(number: int) -> bytes:
    long = b"x" * 5000
    return b"Subject: %d\r\nTo: b-x@shop.example\r\n\r\n.dot\r\n%s\r\n" % (number, long)


def subjects(log: EventLog) -> list[str]:
    bodies = [record.body for record in log.read(0, 100)]
    assert {body.source for body in bodies} <= {"feedback:mail"}
    return [body.content.decode().splitlines()[0].removeprefix("Subject: ") for body in bodies]


def test_every_mail_is_taken_once(log: EventLog, host: Host, settings: Settings) -> None:
    assert returning.visit(log, settings(), 7) == 3
    assert returning.visit(log, settings(), 7) == 0
    host.mails[9] = mail(9)
    assert returning.visit(log, settings(), 7) == 1
    assert subjects(log) == ["1", "2", "5", "9"]
    assert host.fetched == [1, 2, 5, 9]
    assert ".dot" in log.read(0, 1)[0].body.content.decode()


def test_a_connection_that_breaks_loses_nothing_and_doubles_nothing(
    log: EventLog, host: Host, settings: Settings
) -> None:
    host.break_after = 1
    with pytest.raises(SourceError, match="mailbox cannot be read"):
        returning.visit(log, settings(), 7)
    host.break_after = 10**9
    assert returning.visit(log, settings(), 7) == 2
    assert subjects(log) == ["1", "2", "5"]


def test_a_mailbox_made_anew_is_read_from_its_start(
    log: EventLog, host: Host, settings: Settings
) -> None:
    returning.visit(log, settings(), 7)
    host.validity, host.mails = 8, {1: mail(1), 11: mail(11)}
    returning.visit(log, settings(), 7)
    assert subjects(log)[-1] == "11"
    assert returning.visit(log, settings(), 7) == 0


def test_an_empty_mailbox_brings_nothing(log: EventLog, host: Host, settings: Settings) -> None:
    host.mails = {}
    assert returning.visit(log, settings(), 7) == 0


def test_a_wrong_password_is_told(log: EventLog, settings: Settings) -> None:
    with pytest.raises(SourceError, match="wrong password"):
        returning.visit(log, settings(mailbox_password="guess"), 7)


def test_a_host_that_nobody_vouches_for_is_not_read(log: EventLog, settings: Settings) -> None:
    with pytest.raises(SourceError, match="certificate verify failed"):
        returning.visit(log, settings(mailbox_ca_file=""), 7)


def test_a_mailbox_without_a_host_is_told(log: EventLog, settings: Settings) -> None:
    with pytest.raises(SettingsError, match="no host"):
        returning.visit(log, settings(mailbox_host=""), 7)
    with pytest.raises(SettingsError, match="CA file"):
        returning.visit(log, settings(mailbox_ca_file="nowhere.pem"), 7)
