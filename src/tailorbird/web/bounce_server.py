"""A small SMTP server for what comes back: it takes mails to addresses of ours that name a send.

It listens on loopback unless told otherwise: a mail server in front hands it what is addressed to
the sending domain. A mail is on the disk before it is answered 250; whoever writes to an address
that we did not make is refused, so that no stranger fills the disk. Source: RFC 5321, 2920, 1870.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from tailorbird import returning
from tailorbird.delivery.feedback.mime import LARGEST
from tailorbird.delivery.verp import returned_send, unsubscribed_send
from tailorbird.errors import SettingsError, TailorbirdError
from tailorbird.settings import Settings
from tailorbird.web.collector import Append, Clock, Refusal

log = logging.getLogger("tailorbird.bounces")

LONGEST_LINE: Final = 2_000
TAKEN: Final = 10 * LARGEST
"""Octets of a mail that are taken; more are looked at by nobody."""
MOST_RECIPIENTS: Final = 100
MOST_CONNECTIONS: Final = 50
MOST_ERRORS: Final = 20
PATIENCE_SECONDS: Final = 60.0
END: Final = b"\r\n.\r\n"
PATH: Final = re.compile(r"(?i:from|to):\s*<([^<>\s]{0,300})>")
CHUNK: Final = 65_536


class Gone(Exception):  # noqa: N818 - the other side has left
    """The connection has ended, or nothing came for too long."""


class BounceServer:
    """Listens until it is stopped; `told` by `append` itself when something came."""

    def __init__(self, append: Append, now: Clock, key: bytes, domain: str) -> None:
        self._append = append
        self._now = now
        self._key = key
        self._domain = domain
        self._server: asyncio.Server | None = None
        self._open = 0

    async def start(self, host: str, port: int) -> int:
        """Begin to listen, and return the port; 0 takes any that is free."""
        self._server = await asyncio.start_server(self._serve, host, port, limit=CHUNK)
        found: int = self._server.sockets[0].getsockname()[1]
        return found

    async def stop(self) -> None:
        """Take no more connections."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def ours(self, address: str) -> bool:
        """Return whether an address names a send of ours; `postmaster` must be taken as well."""
        if address.lower().partition("@")[0] == "postmaster":
            return True
        return bool(returned_send(address, self._key) or unsubscribed_send(address, self._key))

    async def keep(self, raw: bytes, recipients: list[str]) -> None:
        """Have a mail on the disk.

        Raises:
            TailorbirdError, Refusal: the disk did not take it, or too much waits for it.
        """
        await self._append(returning.body(raw, self._now(), recipients))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            if self._open > MOST_CONNECTIONS:
                writer.write(b"421 4.7.0 too many connections\r\n")
            else:
                await _Session(self, _Lines(reader), writer, self._domain).run()
        except (Gone, ConnectionError, TimeoutError):
            pass
        except Exception:
            # One connection must not end the others.
            log.exception("a connection failed")
        finally:
            self._open -= 1
            writer.close()


@asynccontextmanager
async def listening(
    append: Append, now: Clock, key: bytes, settings: Settings
) -> AsyncIterator[None]:
    """Listen where the settings say, if they do, as long as the block lasts.

    Raises:
        SettingsError: the port is taken, or not ours to take.
    """
    host, port = settings.feedback.smtp_host, settings.feedback.smtp_port
    if not port:
        yield
        return
    server = BounceServer(append, now, key, settings.sender.domain)
    try:
        await server.start(host, port)
    except OSError as error:
        what = f"bounces cannot be taken at {host}:{port}: {error.strerror or error}"
        mend = "choose another port, or 0 for none"
        raise SettingsError(what, where="feedback.smtp_port", mend=mend) from None
    try:
        yield
    finally:
        await server.stop()


class _Lines:
    """Lines and mails of a connection, each within bounds of time and size."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._held = bytearray()

    async def line(self) -> bytes:
        """Return one line without its end; of one that is too long, b'' after it has passed."""
        dropped = False
        while (end := self._held.find(b"\r\n")) < 0:
            if len(self._held) > LONGEST_LINE:
                dropped = True
                del self._held[:-1]
            await self._more()
        line = bytes(self._held[:end])
        del self._held[: end + 2]
        return b"" if dropped or len(line) > LONGEST_LINE else line

    async def mail(self) -> bytes | None:
        """Return a mail up to its final dot, dots unstuffed; None when it was too large."""
        self._held[:0] = b"\r\n"
        looked, large = 0, False
        while (end := self._held.find(END, looked)) < 0:
            looked = max(len(self._held) - len(END), 0)
            if len(self._held) > TAKEN:
                large = True
                del self._held[: -len(END)]
                looked = 0
            await self._more()
        raw = bytes(self._held[2 : end + 2])
        del self._held[: end + len(END)]
        return None if large or end > TAKEN else raw.replace(b"\r\n..", b"\r\n.").removeprefix(b".")

    async def _more(self) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            chunk = await self._reader.read(CHUNK)
        if not chunk:
            raise Gone
        self._held += chunk


@dataclass(slots=True)
class _Session:
    """One connection."""

    server: BounceServer
    lines: _Lines
    writer: asyncio.StreamWriter
    domain: str
    sender: str | None = None
    recipients: list[str] = field(default_factory=list)
    errors: int = 0

    async def run(self) -> None:
        """Talk until the client quits, leaves, or has made too many mistakes."""
        await self.say(f"220 {self.domain} takes what comes back")
        while self.errors < MOST_ERRORS:
            line = (await self.lines.line()).decode("utf-8", "replace")
            verb = line.partition(" ")[0].upper()
            if verb == "QUIT":
                await self.say("221 2.0.0 goodbye")
                return
            if verb == "DATA":
                await self.data()
            else:
                await self.say(self.answer(verb, line))
        await self.say("421 4.7.0 too many mistakes")

    def answer(self, verb: str, line: str) -> str:
        """Return the answer to a command other than DATA and QUIT."""
        if verb == "EHLO":
            ends = f"250-8BITMIME\r\n250-SMTPUTF8\r\n250-PIPELINING\r\n250 SIZE {TAKEN}"
            return f"250-{self.domain}\r\n{ends}"
        if verb in ("HELO", "NOOP", "RSET"):
            if verb != "NOOP":
                self.reset()
            return f"250 {self.domain}"
        if verb == "VRFY":
            return "252 2.5.0 write to it and see"
        if verb not in ("MAIL", "RCPT"):
            return self.wrong("500 5.5.1 no such command")
        named = PATH.match(line[5:].lstrip())
        if named is None:
            return self.wrong("501 5.5.4 give an address in angle brackets")
        return self.mail(named[1]) if verb == "MAIL" else self.rcpt(named[1])

    def mail(self, address: str) -> str:
        """Return the answer to MAIL."""
        if self.sender is not None:
            return self.wrong("503 5.5.1 one mail at a time")
        self.sender = address
        return "250 2.1.0 go on"

    def rcpt(self, address: str) -> str:
        """Return the answer to RCPT."""
        if self.sender is None:
            return self.wrong("503 5.5.1 say MAIL first")
        if not self.server.ours(address):
            return self.wrong("550 5.1.1 no such address here")
        if len(self.recipients) >= MOST_RECIPIENTS:
            return "452 4.5.3 too many recipients"
        self.recipients.append(address)
        return "250 2.1.5 taken"

    async def data(self) -> None:
        """Take a mail, and answer once it is on the disk."""
        if not self.recipients:
            await self.say(self.wrong("503 5.5.1 nobody to take it"))
            return
        await self.say("354 end with a dot alone on a line")
        raw = await self.lines.mail()
        recipients = self.recipients
        self.reset()
        if raw is None:
            await self.say("552 5.3.4 too large")
            return
        try:
            await self.server.keep(raw, recipients)
        except (TailorbirdError, Refusal):
            await self.say("451 4.3.0 it could not be kept: send it again")
            return
        await self.say("250 2.0.0 kept")

    def wrong(self, answer: str) -> str:
        """Return an answer, and count the mistake."""
        self.errors += 1
        return answer

    def reset(self) -> None:
        """Forget the mail that was begun."""
        self.sender, self.recipients = None, []

    async def say(self, answer: str) -> None:
        """Send an answer."""
        self.writer.write(f"{answer}\r\n".encode())
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.writer.drain()
