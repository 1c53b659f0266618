"""What comes back by SMTP is kept before it is answered, and only if it is about a mail of ours."""

from __future__ import annotations

import asyncio
import smtplib
from collections.abc import Callable
from typing import Any

import pytest

from tailorbird.delivery.verp import return_path, unsubscribe_address
from tailorbird.errors import StoreError
from tailorbird.schema import Body
from tailorbird.web.bounce_server import LONGEST_LINE, TAKEN, BounceServer

KEY = b"the key of the folder: 32 bytes!"
OURS = return_path(b"0123456789abcdef", "shop.example", KEY)
LEAVE = unsubscribe_address(b"0123456789abcdef", "shop.example", KEY)
FORGED = return_path(b"0123456789abcdef", "shop.example", b"somebody else's key: 32 bytes ..")
MAIL = b"From: MAILER-DAEMON@x.example\r\nSubject: failure\r\n\r\n..two dots\r\n550 no\r\n"


class Disk:
    """Takes bodies, unless it is full."""

    def __init__(self) -> None:
        self.bodies: list[Body] = []
        self.full = False

    async def append(self, body: Body) -> int:
        if self.full:
            raise StoreError("the disk is full")
        self.bodies.append(body)
        return len(self.bodies)


@pytest.fixture
def disk() -> Disk:
    return Disk()


def talk(disk: Disk, said: Callable[[int], Any]) -> Any:
    """Return what a client in a thread says of a server on a free port."""

    async def go() -> Any:
        server = BounceServer(disk.append, lambda: 7, KEY, "shop.example")
        port = await server.start("127.0.0.1", 0)
        try:
            return await asyncio.to_thread(said, port)
        finally:
            await server.stop()

    return asyncio.run(go())


def raw(disk: Disk, content: bytes) -> bytes:
    """Return all answers to octets that are sent at once."""

    async def go() -> bytes:
        server = BounceServer(disk.append, lambda: 7, KEY, "shop.example")
        port = await server.start("127.0.0.1", 0)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(content)
        writer.write_eof()
        answer = await reader.read()
        writer.close()
        await server.stop()
        return answer

    return asyncio.run(go())


def test_a_bounce_is_kept_with_the_address_that_it_came_to(disk: Disk) -> None:
    def send(port: int) -> None:
        with smtplib.SMTP("127.0.0.1", port) as client:
            client.sendmail("", [OURS, LEAVE], MAIL)
            client.sendmail("", [OURS], MAIL)

    talk(disk, send)
    first, second = disk.bodies
    assert first.source == "feedback:mail"
    assert first.content.startswith(f"Delivered-To: {OURS}\r\nDelivered-To: {LEAVE}\r\n".encode())
    assert first.content.endswith(MAIL)
    assert second.content == f"Delivered-To: {OURS}\r\n".encode() + MAIL


@pytest.mark.parametrize("address", [FORGED, "hello@shop.example", "b-@shop.example", "b-x@y.z"])
def test_an_address_that_we_did_not_make_is_refused(disk: Disk, address: str) -> None:
    def send(port: int) -> int:
        with smtplib.SMTP("127.0.0.1", port) as client:
            client.ehlo()
            client.mail("")
            return client.rcpt(address)[0]

    assert talk(disk, send) == 550
    assert disk.bodies == []


def test_a_full_disk_is_told_as_a_reason_to_come_again(disk: Disk) -> None:
    disk.full = True

    def send(port: int) -> int:
        with (
            smtplib.SMTP("127.0.0.1", port) as client,
            pytest.raises(smtplib.SMTPDataError) as told,
        ):
            client.sendmail("", [OURS], MAIL)
        return told.value.smtp_code

    assert talk(disk, send) == 451


def test_commands_sent_at_once_are_answered_in_order(disk: Disk) -> None:
    said = f"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<{OURS}>\r\nDATA\r\n".encode()
    answer = raw(disk, said + MAIL + b".\r\nNOOP\r\nQUIT\r\n").decode()
    codes = [line[:3] for line in answer.splitlines() if line[3:4] == " "]
    assert codes == ["220", "250", "250", "250", "354", "250", "250", "221"]
    assert len(disk.bodies) == 1


def test_a_dot_between_bare_line_feeds_ends_no_mail(disk: Disk) -> None:
    hidden = b"one\n.\nMAIL FROM:<>\r\ntwo\n.\r\nthree\r\n"
    raw(
        disk, f"HELO x\r\nMAIL FROM:<>\r\nRCPT TO:<{OURS}>\r\nDATA\r\n".encode() + hidden + b".\r\n"
    )
    (body,) = disk.bodies
    assert body.content.endswith(hidden)


def test_a_mail_that_is_too_large_is_refused_and_the_next_is_taken(disk: Disk) -> None:
    start = f"MAIL FROM:<>\r\nRCPT TO:<{OURS}>\r\nDATA\r\n".encode()
    large = b"x" * (TAKEN + 1000) + b"\r\n.\r\n"
    answer = raw(disk, b"HELO x\r\n" + start + large + start + MAIL + b".\r\nQUIT\r\n")
    assert b"552 5.3.4" in answer
    assert len(disk.bodies) == 1


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (b"DATA\r\n", b"503"),
        (b"RCPT TO:<x@y>\r\n", b"503"),
        (b"MAIL FROM:x\r\n", b"501"),
        (b"MAIL FROM:<>\r\nMAIL FROM:<>\r\n", b"503"),
        (b"x" * LONGEST_LINE * 3 + b"\r\n", b"500"),
        (b"\xff\x00\r\n", b"500"),
        (b"FOO\r\n" * 30, b"421 4.7.0 too many mistakes"),
        (b"MAIL FROM:<" + b"a" * 400 + b">\r\n", b"501"),
    ],
)
def test_what_makes_no_sense_is_answered_and_kept_by_nobody(
    disk: Disk, said: bytes, answer: bytes
) -> None:
    assert answer in raw(disk, said + b"QUIT\r\n")
    assert disk.bodies == []


def test_who_leaves_in_the_middle_leaves_nothing(disk: Disk) -> None:
    start = f"HELO x\r\nMAIL FROM:<>\r\nRCPT TO:<{OURS}>\r\nDATA\r\n".encode()
    raw(disk, start + MAIL)
    assert disk.bodies == []
