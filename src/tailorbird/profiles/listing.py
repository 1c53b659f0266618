"""Who is put on a list or taken off it, as bodies for the log.

Nothing else says who is on a list: so it is a function of the log at every instant, a rebuild gives
the same, and who is merged or separated brings her own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from tailorbird.schema import Body, Instant, Names, PersonId

SOURCE: Final = "lists"
"""The source of these bodies: of our own, so that it may name people by number."""
CHUNK: Final = 5_000
"""People of one body."""


def listed_bodies(
    name: str,
    people: Sequence[PersonId],
    *,
    added: bool,
    at: Instant,
    reason: str = "",
    author: str = "",
) -> Iterator[Body]:
    """Yield the bodies that put these people on a list, or take them off.

    The events are marked as done by a machine: to be put on a list is no act of hers.
    """
    event = Names.LIST_ADDED if added else Names.LIST_REMOVED
    said = {"list": name, "machine": True}
    said |= {key: each for key, each in (("reason", reason), ("author", author)) if each}
    timestamp = datetime.fromtimestamp(at / 1_000_000, UTC).isoformat()
    for start in range(0, len(people), CHUNK):
        batch = [
            {
                "type": "track",
                "event": event,
                "messageId": f"{event}-{name}-{person}-{at}",
                "timestamp": timestamp,
                "context": {"personId": person},
                "properties": said,
            }
            for person in people[start : start + CHUNK]
        ]
        yield Body(SOURCE, at, msgspec.json.encode({"batch": batch}))
