"""Addresses of our own that name a send: return paths (VERP) and unsubscribing by mail.

The local part is `b-` (bounce) or `u-` (unsubscribe), then the send id and a keyed mark in base32.
Nobody without the key can make one, so what arrives under it is about a mail that we sent.
"""

from __future__ import annotations

from base64 import b32decode, b32encode
from hashlib import blake2b
from hmac import compare_digest
from typing import Final, Literal, TypeAlias

Errand: TypeAlias = Literal["bounce", "unsubscribe"]
PREFIXES: Final[dict[Errand, str]] = {"bounce": "b-", "unsubscribe": "u-"}
PERSONS: Final[dict[Errand, bytes]] = {"bounce": b"return path", "unsubscribe": b"unsubscribe"}
"""What BLAKE2 calls personalisation: a mark of one errand is none of the other."""
SEND_ID_BYTES: Final = 16
MARK_BYTES: Final = 8


def return_path(send_id: bytes, domain: str, key: bytes) -> str:
    """Return the envelope's sender, under which a bounce of this send comes back."""
    return _address("bounce", send_id, domain, key)


def unsubscribe_address(send_id: bytes, domain: str, key: bytes) -> str:
    """Return the address to which a mail client writes to unsubscribe the person of this send."""
    return _address("unsubscribe", send_id, domain, key)


def returned_send(address: str, key: bytes) -> bytes | None:
    """Return the send that a bounce to this address is about, None when we did not write it."""
    return _named("bounce", address, key)


def unsubscribed_send(address: str, key: bytes) -> bytes | None:
    """Return the send whose reader wrote to this address, None when we did not write it."""
    return _named("unsubscribe", address, key)


def _address(errand: Errand, send_id: bytes, domain: str, key: bytes) -> str:
    code = b32encode(send_id + _mark(errand, send_id, key)).decode("ascii").rstrip("=").lower()
    return f"{PREFIXES[errand]}{code}@{domain}"


def _named(errand: Errand, address: str, key: bytes) -> bytes | None:
    """Return the send that an address names; upper case and any domain are taken as well."""
    local = address.strip().removeprefix("<").rpartition("@")[0].lower()
    prefix = PREFIXES[errand]
    if not local.startswith(prefix) or not local.isascii():
        return None
    code = local.removeprefix(prefix).upper()
    try:
        said = b32decode(code + "=" * (-len(code) % 8))
    except ValueError:
        return None
    send_id, mark = said[:SEND_ID_BYTES], said[SEND_ID_BYTES:]
    genuine = len(send_id) == SEND_ID_BYTES and compare_digest(mark, _mark(errand, send_id, key))
    # The last letter has spare bits: an address has one spelling, as a token has.
    return send_id if genuine and b32encode(said).decode("ascii").rstrip("=") == code else None


def _mark(errand: Errand, send_id: bytes, key: bytes) -> bytes:
    return blake2b(send_id, digest_size=MARK_BYTES, key=key, person=PERSONS[errand]).digest()
