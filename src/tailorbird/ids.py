"""Ids of new things: a prefix that says what it is, and a UUID of version 7 (RFC 9562)."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable

from tailorbird.schema import Instant, PersonId

Entropy = Callable[[int], bytes]
"""Returns so many random bytes."""


def new_id(prefix: str, now: Instant, entropy: Entropy) -> str:
    """Return an id that sorts by the time at which it was made.

    >>> new_id("hook", 1_760_000_000_000_000, lambda size: bytes(size))
    'hook_0199c82cc00070008000000000000000'
    """
    milliseconds = now // 1000 & (1 << 48) - 1
    chance = int.from_bytes(entropy(10)) & (1 << 74) - 1
    number = milliseconds << 80 | 7 << 76 | (chance >> 62) << 64 | 2 << 62 | chance & (1 << 62) - 1
    return f"{prefix}_{uuid.UUID(int=number).hex}"


def decision_id(campaign: str, person: PersonId, occurrence: str) -> bytes:
    """Return the 16 bytes that name a decision, and its send, for ever.

    The campaign's version is not part of it: editing a campaign never writes to anybody twice.
    """
    key = f"{campaign}\x00{person}\x00{occurrence}".encode()
    return hashlib.blake2b(key, digest_size=16, person=b"tb-decision").digest()
