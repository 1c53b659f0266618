"""What of models must not be lost: which version serves and by whose word, what privacy was spent.

Models themselves are files and can be trained anew; these rows are the record's.
"""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

from tailorbird.schema import Instant

TurnHow = Literal["first", "promoted", "kept", "rolled back"]
"""`kept`: a challenger did not win, and the champion goes on serving."""
MILLION = 1_000_000


class Turn(msgspec.Struct, frozen=True):
    """One word on which version of a model serves; the latest holds."""

    model: str
    version: int
    """The version that serves from then on."""
    challenger: int
    """The version that stood against it, or that was served before; 0 for none."""
    how: TurnHow
    at: Instant
    author: str = ""
    """Who said so; empty where the nightly judgement did."""
    reason: str = ""


class Spend(msgspec.Struct, frozen=True):
    """Privacy that one release about people has cost, in millionths of epsilon."""

    model: str
    year: int
    epsilon_micro: int
    at: Instant
    what: str
    once: str = ""
    """Names the request that was paid for, where a repeat of it is to be told the same."""
    answer: bytes = b""
    """What that request was told."""

    @property
    def epsilon(self) -> float:
        """Return the cost in epsilon."""
        return self.epsilon_micro / MILLION


class ModelRecord(Protocol):
    """Append-only: nothing that was said or spent is taken back."""

    def turn(self, turn: Turn) -> None:
        """Keep durably which version serves from now on."""

    def turns(self, model: str, limit: int = 100) -> list[Turn]:
        """Return what was said of a model, the newest first."""

    def spend(self, spend: Spend, most_micro: int) -> bool:
        """Keep a spending durably, unless it would bring its model's year above the most.

        Returns whether it was kept: only then may anything be released.
        """

    def answer(self, model: str, once: str, since: Instant) -> bytes | None:
        """Return what a request was told that was paid for since an instant; None: none was."""

    def spends(self, model: str, year: int) -> list[Spend]:
        """Return what a model has spent in a year, the oldest first."""
