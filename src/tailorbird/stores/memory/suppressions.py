"""Suppressions in memory, with the same rules as the durable ones."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence

from tailorbird.suppression_words import ALL_MAIL, MailPurpose, SuppressionReason, SuppressionWord


class MemorySuppressions:
    """`ports.Suppressions` without a disk."""

    def __init__(self) -> None:
        self._words: list[SuppressionWord] = []
        self._ids: set[bytes] = set()

    def key(self, address: str) -> bytes:
        """Return the 16 bytes that stand for an address."""
        return hashlib.blake2b(address.lower().encode(), digest_size=16).digest()

    def say(self, words: Iterable[SuppressionWord]) -> int:
        """Record what was not said before; return how many of the words were new."""
        before = len(self._words)
        for word in words:
            if word.id not in self._ids:
                self._ids.add(word.id)
                self._words.append(word)
        return len(self._words) - before

    def barred(
        self, keys: Sequence[bytes], purpose: MailPurpose = "email_marketing"
    ) -> dict[bytes, SuppressionReason]:
        """Return why addresses get no mail of this purpose; who may be written to is absent."""
        found: dict[bytes, SuppressionReason] = {}
        for _, word in self._standing():
            key = word.address_key
            if key in keys and word.purpose in (ALL_MAIL, purpose):
                found[key] = min(word.reason, found.get(key, word.reason))
        return found

    def standing(
        self, *, after: int = 0, limit: int = 1000, reason: str = ""
    ) -> list[tuple[int, SuppressionWord]]:
        """Return (sequence, word) of what bars addresses now, in order, above a sequence."""
        found = [
            (sequence, word)
            for sequence, word in self._standing()
            if sequence > after and reason in ("", word.reason)
        ]
        return found[:limit]

    def said(self, key: bytes) -> list[SuppressionWord]:
        """Return everything that was ever said of an address, in the order in which it came."""
        return [word for word in self._words if word.address_key == key]

    def counts(self) -> list[tuple[str, str, int]]:
        """Return (purpose, reason, addresses) of what bars now."""
        counted = Counter((word.purpose, word.reason) for _, word in self._standing())
        return [(*key, addresses) for key, addresses in sorted(counted.items())]

    def _standing(self) -> list[tuple[int, SuppressionWord]]:
        latest: dict[tuple[bytes, str, str], tuple[int, SuppressionWord]] = {}
        for sequence, word in enumerate(self._words, 1):
            about = (word.address_key, word.purpose, word.reason)
            before = latest.get(about)
            if before is None or (word.at, word.barred) > (before[1].at, before[1].barred):
                latest[about] = (sequence, word)
        return sorted(
            (pair for pair in latest.values() if pair[1].barred), key=lambda pair: pair[0]
        )
