"""The DKIM keys of a data folder: a pair for each sending domain, renewed without a gap.

A pair is an RSA-2048 key and an Ed25519 key, each under a selector of its own, for not every
receiver knows the second (RFC 8463). It signs from its date on, so that the DNS can have its
records before; the pair before it signs until then. Keys are readable by their owner alone.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from tailorbird import folders
from tailorbird.delivery.addresses import wire_address
from tailorbird.delivery.dkim import DkimSigner
from tailorbird.errors import SettingsError, UsageError
from tailorbird.schema import SECOND, Instant

FOLDER: Final = "dkim"
LISTING: Final = "keys.json"
RSA_BITS: Final = 2048


class KeyPair(msgspec.Struct, frozen=True):
    """Two keys that sign together from `active_from` on, until a later pair does."""

    domain: str
    rsa_selector: str
    ed25519_selector: str
    made_at: Instant
    active_from: Instant

    def selectors(self) -> tuple[str, str]:
        """Return both selectors."""
        return self.rsa_selector, self.ed25519_selector


class DkimKeys:
    """Makes, lists and loads the keys under a data folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / FOLDER

    def domains(self) -> list[str]:
        """Return the domains that have keys."""
        return sorted(path.parent.name for path in self._folder.glob(f"*/{LISTING}"))

    def pairs(self, domain: str) -> list[KeyPair]:
        """Return a domain's pairs, the first to sign first.

        Raises:
            SettingsError: the listing is damaged.
        """
        path = self._folder / _host(domain) / LISTING
        if not path.exists():
            return []
        try:
            found = msgspec.json.decode(path.read_bytes(), type=list[KeyPair])
        except msgspec.MsgspecError:
            raise SettingsError(
                "the listing of the keys cannot be read",
                where=str(path),
                mend="restore this file from a backup",
            ) from None
        return sorted(found, key=lambda pair: (pair.active_from, pair.made_at))

    def active(self, domain: str, now: Instant) -> KeyPair | None:
        """Return the pair that signs at `now`, None when none does yet."""
        begun = [pair for pair in self.pairs(domain) if pair.active_from <= now]
        return begun[-1] if begun else None

    def make(self, domain: str, *, now: Instant, active_from: Instant) -> KeyPair:
        """Make a pair of keys, write them down and return it.

        Raises:
            UsageError: a pair that signs from later on is there already, or this is no domain.
        """
        host, before = _host(domain), self.pairs(domain)
        if before and before[-1].active_from > now:
            raise UsageError(
                f"{host} has keys that do not sign yet: {before[-1].rsa_selector}",
                mend="wait until they do, or remove them with `tailorbird dkim remove`",
            )
        selector = _free({pair.rsa_selector for pair in before}, now)
        pair = KeyPair(host, selector, f"{selector}e", now, active_from)
        folders.make(self._folder / host)
        (self._folder / host).chmod(0o700)
        _write(self._path(pair, pair.rsa_selector), _pem(generate_private_key(65537, RSA_BITS)))
        _write(self._path(pair, pair.ed25519_selector), _pem(Ed25519PrivateKey.generate()))
        self._list(host, [*before, pair])
        return pair

    def remove(self, domain: str, selector: str, *, now: Instant) -> KeyPair:
        """Forget a pair, named by either selector, and return it.

        Raises:
            UsageError: there is none, or it signs at present.
        """
        pairs = self.pairs(domain)
        pair = next((each for each in pairs if selector in each.selectors()), None)
        if pair is None:
            raise UsageError(f"{domain} has no key {selector!r}", mend="see `tailorbird dkim list`")
        if pair == self.active(domain, now):
            raise UsageError(
                f"{selector} signs the mails of {pair.domain}",
                mend="`tailorbird dkim rotate` makes a pair that takes over",
            )
        self._list(pair.domain, [each for each in pairs if each != pair])
        for name in pair.selectors():
            self._path(pair, name).unlink(missing_ok=True)
        return pair

    def signers(self, pair: KeyPair) -> list[DkimSigner]:
        """Return what signs with a pair.

        Raises:
            SettingsError: a key file is not there or cannot be read.
        """
        return [
            DkimSigner(pair.domain, name, read(self._path(pair, name))) for name in pair.selectors()
        ]

    def _path(self, pair: KeyPair, selector: str) -> Path:
        return self._folder / pair.domain / f"{selector}.pem"

    def _list(self, host: str, pairs: list[KeyPair]) -> None:
        path = self._folder / host / LISTING
        _write(path.with_suffix(".part"), msgspec.json.encode(pairs))
        path.with_suffix(".part").replace(path)


def read(path: Path) -> bytes:
    """Return a key file's octets.

    Raises:
        SettingsError: it is not there, or this user may not read it.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"the DKIM key cannot be read: {error.strerror}",
            where=str(path),
            mend="give the path of a PEM private key that this user may read",
        ) from None


def _host(domain: str) -> str:
    wired = wire_address(f"x@{domain}")
    if wired is None or "." not in domain:
        raise UsageError(f"{domain!r} is no domain", mend="write it as in mail.example.com")
    return wired.removeprefix("x@")


def _free(taken: set[str], now: Instant) -> str:
    """Return a selector that says when it was made and that no pair has."""
    day = datetime.fromtimestamp(now // SECOND, UTC).strftime("tb%Y%m%d")
    names = (f"{day}{suffix}" for suffix in ("", *(f"-{n}" for n in range(2, 1000))))
    return next(name for name in names if name not in taken)


def _pem(key: RSAPrivateKey | Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, down to the disk."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
