"""What the doors ask for: keys of senders, receivers of webhooks. Ports, as those of `ports`."""

from __future__ import annotations

from typing import Protocol

from tailorbird.schema import Instant, Key


class Keys(Protocol):
    """The keys of senders, and the answers that an `Idempotency-Key` gets again."""

    def all(self) -> list[Key]:
        """Return every key, ended ones too, by name and then by age."""

    def add(self, key: Key) -> None:
        """Keep a key durably."""

    def end(self, name: str, at: Instant) -> int:
        """End the keys of this name at an instant, unless they end before; return how many."""

    def replace(self, key: Key, old_until: Instant) -> None:
        """End the other keys of this name at an instant and keep the new one, together."""

    def answer(self, key: bytes, now: Instant) -> tuple[bytes, int, bytes, bytes] | None:
        """Return (fingerprint, status, headers, content) of what was answered within a day."""

    def keep_answer(
        self, key: bytes, fingerprint: bytes, answer: tuple[int, bytes, bytes], now: Instant
    ) -> None:
        """Keep (status, headers, content) durably for a day."""
