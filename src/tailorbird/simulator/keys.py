"""How people are called: user ids, reserved addresses, and the number behind both."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

from tailorbird.simulator.draws import Ids

RESERVED_DOMAIN = "people.example"
"""Domain of every address that we make: `.example` is reserved and never delivers (RFC 2606)."""

_LONGEST = 24
"""Longest user id that an address shows as it is."""


def user_id(number: int) -> str:
    """Return the user id of a shop person."""
    return f"u{number:07d}"


def person_numbers(keys: Sequence[str]) -> Ids:
    """Return the numbers under which everything about these people is drawn.

    A key is a user id, a second account of a shop person (`u0000042b`), or an address that we made.
    All keys of one person lead to one number.
    """
    return np.fromiter(map(person_number, keys), dtype=np.uint64, count=len(keys))


def person_number(key: str) -> int:
    """Return one person's number: a shop person's own, any other id's hash in the upper half."""
    if key.endswith("@" + RESERVED_DOMAIN) or key.lower().endswith("@" + RESERVED_DOMAIN):
        key = key.lower().rpartition("@")[0].rpartition(".")[2]
    number = _shop_number(key.removesuffix("b"))
    if number is not None:
        return number
    return _digest(address_token(key)) | 1 << 63


def address_token(key: str) -> str:
    """Return a user id as it stands in an address: itself where short and plain, else a hash."""
    plain = key.isascii() and key.isalnum() and key == key.lower() and len(key) <= _LONGEST
    return key if plain else f"x{_digest(key):016x}"


def _shop_number(key: str) -> int | None:
    if len(key) < 8 or key[0] != "u" or not (key.isascii() and key[1:].isdigit()):
        return None
    number = int(key[1:])
    return number if number < 1 << 32 else None


def _digest(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")
