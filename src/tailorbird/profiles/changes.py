"""Merges and separations that somebody decided, as bodies for the log.

Whoever decides (a person at the command line, the API, a matching run) appends the body; `fold`
does it when the log brings it, once, in its place among the events.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, Literal, TypeAlias

import msgspec

from tailorbird.schema import Body, Instant, Names, PersonId

SOURCE: Final = "identity"
"""The source of these bodies: it alone may merge and separate by number."""
By: TypeAlias = Literal["hand", "api", "matching"]


def merged_body(
    survivor: PersonId,
    loser: PersonId,
    *,
    reason: str,
    at: Instant,
    author: str = "",
    by: By = "hand",
    evidence: str = "",
) -> Body:
    """Return the body that makes one person of two. The lower number survives, whichever is named.

    `by="matching"` is not done where the two were separated before; a later word by hand or by the
    API is. `evidence` says why in the words of whoever decided; it is kept, so it names no address.
    """
    said = {"loser": loser, "reason": reason, "author": author, "by": by, "evidence": evidence}
    return _body(Names.PEOPLE_MERGED, survivor, said, at)


def separated_body(
    survivor: PersonId, loser: PersonId, *, reason: str, at: Instant, author: str = ""
) -> Body:
    """Return the body that makes two people of one again; the numbers are those from before."""
    said: dict[str, object] = {"loser": loser, "reason": reason, "author": author}
    return _body(Names.PEOPLE_SEPARATED, survivor, said, at)


def _body(name: str, survivor: PersonId, said: dict[str, object], at: Instant) -> Body:
    event = {
        "type": "track",
        "event": name,
        "messageId": f"{name}-{survivor}-{said['loser']}-{at}",
        "timestamp": datetime.fromtimestamp(at / 1_000_000, UTC).isoformat(),
        "context": {"personId": survivor},
        "properties": said,
    }
    return Body(SOURCE, at, msgspec.json.encode(event))
