"""The outbox by lanes, in SQLite, and what is remembered of each stream."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Final

import msgspec

from tailorbird.lanes import Allowance, Lane, Sorted, Unsorted, Waiting, taken
from tailorbird.schema import Instant
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.statements import load

SQL = load("lanes")
LATEST: Final = (1 << 63) - 1


class SqliteLanes:
    """`lanes.Lanes` over one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def transaction(self) -> AbstractContextManager[object]:
        """Open a durable write transaction, or join the one that is open."""
        return self._database.write()

    def unsorted(self, after: int, limit: int) -> list[Unsorted]:
        """Return sends above a sequence that wait and are in no lane, in order."""
        rows = self._database.current().execute(SQL["unsorted"], (after, limit))
        return [Unsorted(*row) for row in rows]

    def sort(self, places: Sequence[Sorted]) -> None:
        """Put sends in lanes durably."""
        if places:
            with self._database.write() as connection:
                connection.executemany(SQL["sort"], map(msgspec.structs.asdict, places))

    def waiting(self) -> list[Waiting]:
        """Return what waits in each lane."""
        rows = self._database.current().execute(SQL["waiting"])
        return [Waiting(Lane(*row[:3]), *row[3:]) for row in rows]

    def first_due(self) -> list[Waiting]:
        """Return the first due of each lane, nothing counted: cheap however much waits."""
        connection, found = self._database.current(), []
        campaigns = [row[0] for row in connection.execute(SQL["campaigns"])]
        for lane in _lanes(connection, campaigns):
            bound = (*msgspec.structs.astuple(lane), LATEST)
            due_at, _ = connection.execute(SQL["due_in_lane"], bound).fetchone()
            found.append(Waiting(lane, 0, due_at))
        return found

    def under_way(self) -> dict[str, int]:
        """Return how many sends of each stream are claimed and not settled."""
        return under_way(self._database.current())

    def streams(self, send_ids: Sequence[bytes]) -> dict[bytes, str]:
        """Return the streams of sends that were sorted."""
        connection = self._database.current()
        found = ((each, connection.execute(SQL["stream"], (each,)).fetchone()) for each in send_ids)
        return {send_id: row[0] for send_id, row in found if row}

    def meters(self) -> dict[str, bytes]:
        """Return what is remembered, by name."""
        return dict(self._database.current().execute(SQL["meters"]).fetchall())

    def keep(self, meters: Mapping[str, bytes]) -> None:
        """Remember these durably."""
        if meters:
            with self._database.write() as connection:
                connection.executemany(SQL["keep"], meters.items())


def under_way(connection: sqlite3.Connection) -> dict[str, int]:
    """Return how many sends of each stream are claimed and not settled."""
    return dict(connection.execute(SQL["under_way"]).fetchall())


def leaving(connection: sqlite3.Connection, sequences: str) -> dict[tuple[str, str], int]:
    """Return how many of these sends (a JSON list) each (stream, zone) has."""
    rows = connection.execute(SQL["leaving"], (sequences,))
    return {(stream, zone): sends for stream, zone, sends in rows}


def paced(
    connection: sqlite3.Connection, campaigns: Sequence[str], now: Instant, allowance: Allowance
) -> Iterator[int]:
    """Yield what may leave now, the longest due first; a lane that has had its share is left."""
    bound = [(each.campaign, each.stream, each.zone, now) for each in _lanes(connection, campaigns)]
    waiting = [(Lane(*each[:3]), connection.execute(SQL["due_in_lane"], each)) for each in bound]
    return taken(waiting, allowance)


def _lanes(connection: sqlite3.Connection, campaigns: Sequence[str]) -> list[Lane]:
    return [
        Lane(campaign, stream, zone)
        for campaign in campaigns
        for stream, zone in connection.execute(SQL["lanes_of"], {"campaign": campaign}).fetchall()
    ]
