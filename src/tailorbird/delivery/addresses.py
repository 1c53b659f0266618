"""Addresses as a mail server takes them, and return paths that name their send."""

from __future__ import annotations

import re
from base64 import b32decode, b32encode
from hashlib import blake2b
from hmac import compare_digest
from typing import Final

LOCAL: Final = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*", re.ASCII)
LABEL: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
DEVIATIONS: Final = frozenset("ßς\u200c\u200d")
"""IDNA 2003, which Python has, makes another domain of these than IDNA 2008: a stranger's."""
LONGEST_LOCAL: Final = 64
LONGEST_ADDRESS: Final = 254
PREFIX: Final = "b-"
MARK_BYTES: Final = 8


def wire_address(address: str) -> str | None:
    """Return an address in ASCII, its domain in IDNA's form, or None when it has no such form.

    Quoted local parts, address literals and local parts in other alphabets have none here.
    Source: RFC 5321 section 4.1.2.
    """
    local, at, domain = address.strip().rpartition("@")
    if not at or len(local) > LONGEST_LOCAL or not LOCAL.fullmatch(local):
        return None
    if DEVIATIONS & set(domain):
        return None
    try:
        domain = domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None
    wired = f"{local}@{domain}"
    labels = domain.split(".")
    if len(wired) > LONGEST_ADDRESS or not all(map(LABEL.fullmatch, labels)):
        return None
    return None if labels[-1].isdigit() else wired


def return_path(send_id: bytes, domain: str, key: bytes) -> str:
    """Return the envelope's sender, under which a bounce of this send comes back (VERP)."""
    code = b32encode(send_id + _mark(send_id, key)).decode("ascii").rstrip("=").lower()
    return f"{PREFIX}{code}@{domain}"


def returned_send(address: str, key: bytes) -> bytes | None:
    """Return the send that a bounce to this address is about, None when we did not write it."""
    local = address.rpartition("@")[0].lower()
    code = local.removeprefix(PREFIX).upper()
    if code == local.upper() or not code.isascii():
        return None
    try:
        said = b32decode(code + "=" * (-len(code) % 8))
    except ValueError:
        return None
    send_id, mark = said[:-MARK_BYTES], said[-MARK_BYTES:]
    return send_id if send_id and compare_digest(mark, _mark(send_id, key)) else None


def _mark(send_id: bytes, key: bytes) -> bytes:
    return blake2b(send_id, digest_size=MARK_BYTES, key=key, person=b"return path").digest()
