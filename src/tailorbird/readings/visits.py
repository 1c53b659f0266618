"""A person's visits, and what surrounded what she did, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tailorbird.schema import MINUTE, SECOND, Instant, PersonId
from tailorbird.views import EventContext, SessionRow, moment
from tailorbird.world import World

SESSIONS_SHOWN: Final = 8
PAUSE: Final = 30 * MINUTE
"""Without an act for so long, a session has ended."""

_SESSIONS = """
SELECT "at", until, events, pages, browser, os, device, app, country, region, city, page, referrer,
    channel, utm_source, utm_campaign, utc_offset
FROM sessions WHERE person = $1 AND "at" <= $2 ORDER BY "at" DESC, position DESC LIMIT $3
"""


def sessions(world: World, person: PersonId, now: Instant) -> tuple[SessionRow, ...]:
    """Return a person's latest sessions, the newest first."""
    rows = world.facts.read(_SESSIONS, (person, now, SESSIONS_SHOWN)).to_pylist()
    return tuple(
        SessionRow(
            at=moment(row["at"]),
            seconds=(row["until"] - row["at"]) // SECOND,
            events=row["events"],
            pages=row["pages"],
            ended=row["until"] + PAUSE <= now,
            context=in_words(row),
        )
        for row in rows
    )


def in_words(row: Mapping[str, Any]) -> EventContext:
    """Return the context columns of a row as a page shows them."""
    return EventContext(
        device=_listed(row["device"], row["app"] or row["browser"], row["os"], between=" · "),
        place=_listed(row["city"], row["region"] if not row["city"] else None, row["country"]),
        page=row["page"] or "",
        came_from=_came_from(row),
        local_time=_clock(row["at"], row["utc_offset"]),
    )


def _came_from(row: Mapping[str, Any]) -> str:
    campaign = _listed(row["utm_source"], row["utm_campaign"], between=" / ")
    source = campaign or row["referrer"] or ""
    channel = row["channel"] or ""
    return f"{channel}: {source}" if channel and source else channel or source


def _clock(at: Instant, utc_offset: int | None) -> str:
    if not utc_offset:
        return ""
    minutes = (at // MINUTE + utc_offset) % (24 * 60)
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _listed(*words: str | None, between: str = ", ") -> str:
    return between.join(word for word in words if word)
