"""IMAP and POP3 over TLS on loopback, as far as a reader of bounces speaks them."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

PASSWORD = "the password"


def certificate(folder: Path) -> Path:
    """Return a PEM file with a key and a certificate of localhost."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = folder / "localhost.pem"
    path.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    return path


class Host:
    """A mailbox: mails by their number, and how many were asked for."""

    def __init__(self, pem: Path, speak: Callable[[Host, BinaryIO, BinaryIO], None]) -> None:
        self.mails: dict[int, bytes] = {}
        self.validity = 7
        self.fetched: list[int] = []
        self.break_after = 10**9
        """Mails after which the connection is cut."""
        self._speak = speak
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(pem)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()

    def served(self, number: int) -> bytes:
        self.fetched.append(number)
        if len(self.fetched) > self.break_after:
            raise ConnectionResetError
        return self.mails[number]

    def _run(self) -> None:
        while True:
            try:
                plain, _ = self._listening.accept()
            except OSError:
                return
            try:
                with (
                    self._context.wrap_socket(plain, server_side=True) as secure,
                    secure.makefile("rb") as asked,
                    secure.makefile("wb") as said,
                ):
                    self._speak(self, asked, said)
            except (OSError, ValueError):
                continue
            finally:
                plain.close()


def imap(host: Host, asked: BinaryIO, said: BinaryIO) -> None:
    """Speak IMAP4rev1."""

    def say(*lines: bytes) -> None:
        said.write(b"".join(line + b"\r\n" for line in lines))
        said.flush()

    say(b"* OK ready")
    for line in asked:
        tag, _, command = line.rstrip().partition(b" ")
        verb = command.upper()
        done = tag + b" OK done"
        if verb.startswith(b"CAPABILITY"):
            say(b"* CAPABILITY IMAP4rev1", done)
        elif verb.startswith(b"LOGIN"):
            right = PASSWORD.encode() in command
            say(done if right else tag + b" NO wrong password")
        elif verb.startswith(b"EXAMINE"):
            count = b"* %d EXISTS" % len(host.mails)
            say(
                count, b"* OK [UIDVALIDITY %d] there" % host.validity, tag + b" OK [READ-ONLY] done"
            )
        elif found := re.match(rb"UID SEARCH UID (\d+):\*", verb):
            # The last one is named even when its number is below the first.
            after, last = int(found[1]), max(host.mails, default=0)
            numbers = [n for n in host.mails if n >= after] or ([last] if last else [])
            say(b"* SEARCH " + b" ".join(b"%d" % n for n in numbers), done)
        elif found := re.match(rb"UID FETCH (\d+) ", verb):
            mail = host.served(int(found[1]))
            head = b"* 1 FETCH (UID %d BODY[]<0> {%d}" % (int(found[1]), len(mail))
            said.write(head + b"\r\n" + mail + b")\r\n")
            say(done)
        elif verb.startswith(b"LOGOUT"):
            say(b"* BYE", done)
            return
        else:
            say(tag + b" BAD what?")


def pop3(host: Host, asked: BinaryIO, said: BinaryIO) -> None:
    """Speak POP3."""

    def say(*lines: bytes) -> None:
        said.write(b"".join(line + b"\r\n" for line in lines))
        said.flush()

    numbers = sorted(host.mails)
    say(b"+OK ready")
    for line in asked:
        verb, _, given = line.rstrip().partition(b" ")
        if verb == b"PASS" and given != PASSWORD.encode():
            say(b"-ERR wrong password")
        elif verb in (b"USER", b"PASS"):
            say(b"+OK")
        elif verb == b"LIST":
            sizes = [b"%d %d" % (n, len(host.mails[each])) for n, each in enumerate(numbers, 1)]
            say(b"+OK", *sizes, b".")
        elif verb == b"UIDL":
            say(b"+OK", *[b"%d u%d" % (n, each) for n, each in enumerate(numbers, 1)], b".")
        elif verb == b"RETR":
            mail = host.served(numbers[int(given) - 1])
            say(
                b"+OK", *(b"." + each if each[:1] == b"." else each for each in mail.split(b"\r\n"))
            )
            say(b".")
        elif verb == b"QUIT":
            say(b"+OK")
            return
        else:
            say(b"-ERR what?")
