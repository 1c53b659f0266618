"""The outbox by lanes, on a server, and what is remembered of each stream by all machines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import msgspec

from tailorbird.lanes import Allowance, Lane, Sorted, Unsorted, Waiting, taken
from tailorbird.schema import Instant
from tailorbird.stores.postgres.connection import Server
from tailorbird.stores.statements import load

SQL = load("lanes_postgres")


class PostgresLanes:
    """`lanes.Lanes` on a server, which a `PostgresLedger` has set up."""

    def __init__(self, server: Server) -> None:
        self._server = server

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Open a durable write transaction, or join the one that is open; others wait."""
        with self._server.transaction():
            alone(self._server)
            yield

    def unsorted(self, after: int, limit: int) -> list[Unsorted]:
        """Return sends above a sequence that wait and are in no lane, in order."""
        return [Unsorted(*row) for row in self._server.rows(SQL["unsorted"], (after, limit))]

    def sort(self, places: Sequence[Sorted]) -> None:
        """Put sends in lanes durably."""
        if places:
            self._server.run(SQL["sort"], (msgspec.json.encode(places).decode(),))

    def waiting(self) -> list[Waiting]:
        """Return what waits in each lane."""
        return [Waiting(Lane(*row[:3]), *row[3:]) for row in self._server.rows(SQL["waiting"])]

    def first_due(self) -> list[Waiting]:
        """Return the first due of each lane, nothing counted: cheap however much waits."""
        with self._server.transaction():
            campaigns = [row[0] for row in self._server.rows(SQL["campaigns"])]
            return [
                Waiting(lane, 0, self._server.rows(SQL["first_due"], _bound(lane))[0][0])
                for lane in _lanes(self._server, campaigns)
            ]

    def under_way(self) -> dict[str, int]:
        """Return how many sends of each stream are claimed and not settled."""
        return under_way(self._server)

    def streams(self, send_ids: Sequence[bytes]) -> dict[bytes, str]:
        """Return the streams of sends that were sorted."""
        asked = msgspec.json.encode([each.hex() for each in send_ids]).decode()
        return dict(self._server.rows(SQL["streams"], (asked,)))

    def meters(self) -> dict[str, bytes]:
        """Return what is remembered, by name."""
        return dict(self._server.rows(SQL["meters"]))

    def keep(self, meters: Mapping[str, bytes]) -> None:
        """Remember these durably."""
        if meters:
            kept = [(name, state.hex()) for name, state in sorted(meters.items())]
            self._server.run(SQL["keep"], (msgspec.json.encode(kept).decode(),))


def alone(server: Server) -> None:
    """Have every other machine that changes what is remembered wait for this transaction."""
    server.run(SQL["alone"])


def under_way(server: Server) -> dict[str, int]:
    """Return how many sends of each stream are claimed and not settled."""
    return dict(server.rows(SQL["under_way"]))


def leaving(server: Server, sequences: str) -> dict[tuple[str, str], int]:
    """Return how many of these sends (a JSON list) each (stream, zone) has."""
    rows = server.rows(SQL["leaving"], (sequences,))
    return {(stream, zone): sends for stream, zone, sends in rows}


def paced(
    server: Server, campaigns: Sequence[str], now: Instant, allowance: Allowance
) -> Iterator[int]:
    """Yield what may leave now, the longest due first; a lane that has had its share is left."""
    lanes = _lanes(server, campaigns)
    return taken([(lane, _due(server, lane, now)) for lane in lanes], allowance)


def _due(server: Server, lane: Lane, now: Instant) -> Iterator[tuple[Instant, int]]:
    after: tuple[Instant, int] = (-1, 0)
    while page := server.rows(SQL["due_in_lane"], (*_bound(lane), now, *after)):
        for due_at, sequence in page:
            yield due_at, sequence
        after = due_at, sequence


def _lanes(server: Server, campaigns: Sequence[str]) -> list[Lane]:
    return [
        Lane(campaign, stream, zone)
        for campaign in campaigns
        for stream, zone in server.rows(SQL["lanes_of"], (campaign,))
    ]


def _bound(lane: Lane) -> tuple[str, str, str]:
    return lane.campaign, lane.stream, lane.zone
