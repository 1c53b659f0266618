"""What waits for which mailbox provider, and who says how much of it may leave now: ports.

A *stream* is what one sending domain sends to one provider. Sends that wait in an outbox with a
pace are sorted into lanes first; a lane is one campaign's share of a stream in one time zone.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import msgspec

from tailorbird.schema import Instant, PersonId, Settlement


class Lane(msgspec.Struct, frozen=True):
    """What waits of one campaign for one mailbox provider, in one time zone."""

    campaign: str
    stream: str
    """Sending domain and provider: `shop.example/gmail`; '' is not yet sorted."""
    zone: str = ""


class Waiting(msgspec.Struct, frozen=True):
    """How much waits in a lane."""

    lane: Lane
    sends: int
    """0 where nobody counted."""
    first_due_at: Instant


class Unsorted(msgspec.Struct, frozen=True):
    """A send that waits and is in no lane yet."""

    sequence: int
    send_id: bytes
    campaign: str
    person: PersonId
    decided_at: Instant
    inputs: bytes


class Sorted(msgspec.Struct, frozen=True):
    """Where a send waits, and until when at least."""

    sequence: int
    stream: str
    zone: str
    not_before: Instant


class Allowance(Protocol):
    """What may leave within one claim."""

    def take(self, lane: Lane) -> bool:
        """Return whether one more of this lane may leave; then it counts."""

    def spend(self, left: Mapping[tuple[str, str], int]) -> None:
        """Keep how many of each (stream, zone) do leave, in the transaction of the claim."""


def taken(
    waiting: Sequence[tuple[Lane, Iterator[tuple[Instant, int]]]], allowance: Allowance
) -> Iterator[int]:
    """Yield what may leave, the longest due first; a lane that has had its share is left.

    `waiting`: lanes, each with its (due at, sequence) in order.
    """
    heads = [
        (*row, number)
        for number, (_, rows) in enumerate(waiting)
        if (row := next(rows, None)) is not None
    ]
    heapq.heapify(heads)
    while heads:
        _, sequence, number = heads[0]
        lane, rows = waiting[number]
        following = None
        if allowance.take(lane):
            yield sequence
            following = next(rows, None)
        if following is None:
            heapq.heappop(heads)
        else:
            heapq.heapreplace(heads, (*following, number))


class Pace(Protocol):
    """Asked inside the transaction of a claim: how many of which stream may leave now."""

    def allowance(self, under_way: Mapping[str, int], now: Instant) -> Allowance:
        """Return what may leave, given how many of each stream are claimed and not settled."""

    def settled(self, settlements: Sequence[Settlement], now: Instant) -> None:
        """Learn how sends ended: what did not leave, and whether a provider deferred."""


class Lanes(Protocol):
    """The outbox by lanes, and what is remembered of each stream, sending domain and carrier."""

    def transaction(self) -> AbstractContextManager[object]:
        """Open a durable write transaction, or join the one that is open."""

    def unsorted(self, after: int, limit: int) -> list[Unsorted]:
        """Return sends above a sequence that wait, or may again, and are in no lane, in order."""

    def sort(self, places: Sequence[Sorted]) -> None:
        """Put sends in lanes durably."""

    def waiting(self) -> list[Waiting]:
        """Return what waits in each lane."""

    def first_due(self) -> list[Waiting]:
        """Return the first due of each lane, nothing counted: cheap however much waits."""

    def under_way(self) -> dict[str, int]:
        """Return how many sends of each stream are claimed and not settled."""

    def streams(self, send_ids: Sequence[bytes]) -> dict[bytes, str]:
        """Return the streams of sends that were sorted."""

    def meters(self) -> dict[str, bytes]:
        """Return what is remembered, by name."""

    def keep(self, meters: Mapping[str, bytes]) -> None:
        """Remember these durably."""
