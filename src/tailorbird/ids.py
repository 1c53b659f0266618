"""Ids of new things: a prefix that says what it is, and a UUID of version 7 (RFC 9562)."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from tailorbird.schema import Instant

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
