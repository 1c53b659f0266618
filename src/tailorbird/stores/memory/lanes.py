"""The outbox by lanes, in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Final

from tailorbird.lanes import Lane, Sorted, Unsorted, Waiting
from tailorbird.schema import Instant
from tailorbird.stores.memory.ledger import MemoryLedger

OPEN: Final = frozenset({"pending", "claimed", "unknown"})
"""States in which a send may come to wait again."""


class MemoryLanes:
    """`lanes.Lanes` over a ledger in memory."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self._ledger = ledger
        self._meters: dict[str, bytes] = {}

    def transaction(self) -> AbstractContextManager[object]:
        """Open nothing: memory needs none."""
        return nullcontext()

    def unsorted(self, after: int, limit: int) -> list[Unsorted]:
        """Return sends above a sequence that wait and are in no lane, in order."""
        found = [
            Unsorted(
                send.sequence,
                send.decision.id,
                send.decision.campaign,
                send.decision.person,
                send.decision.at,
                send.decision.inputs,
            )
            for send in self._ledger.outbox()
            if send.sequence > after and send.state in OPEN and not send.stream
        ]
        return sorted(found, key=lambda each: each.sequence)[:limit]

    def sort(self, places: Sequence[Sorted]) -> None:
        """Put sends in lanes."""
        by_sequence = {send.sequence: send for send in self._ledger.outbox()}
        for place in places:
            send = by_sequence[place.sequence]
            if not send.stream:
                send.stream, send.zone = place.stream, place.zone
                send.due_at = max(send.due_at, place.not_before)

    def waiting(self) -> list[Waiting]:
        """Return what waits in each lane."""
        lanes: dict[Lane, list[Instant]] = defaultdict(list)
        for send in self._ledger.outbox():
            if send.state == "pending":
                lanes[Lane(send.decision.campaign, send.stream, send.zone)].append(send.due_at)
        found = [Waiting(lane, len(due), min(due)) for lane, due in lanes.items()]
        return sorted(
            found, key=lambda each: (each.lane.campaign, each.lane.stream, each.lane.zone)
        )

    def first_due(self) -> list[Waiting]:
        """Return the first due of each lane."""
        return [each for each in self.waiting() if each.lane.stream]

    def under_way(self) -> dict[str, int]:
        """Return how many sends of each stream are claimed and not settled."""
        return self._ledger.under_way()

    def streams(self, send_ids: Sequence[bytes]) -> dict[bytes, str]:
        """Return the streams of sends that were sorted."""
        wanted = set(send_ids)
        sends = {send.decision.id: send.stream for send in self._ledger.outbox()}
        return {each: sends[each] for each in wanted if sends.get(each)}

    def meters(self) -> dict[str, bytes]:
        """Return what is remembered, by name."""
        return dict(self._meters)

    def keep(self, meters: Mapping[str, bytes]) -> None:
        """Remember these."""
        self._meters |= meters
