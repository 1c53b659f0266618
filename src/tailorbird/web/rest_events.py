"""The API of events."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
from litestar import Response, delete, post
from litestar.exceptions import ValidationException
from litestar.params import JSONBody, PathParameter, QueryParameter
from litestar.types import ControllerRouterHandler

from tailorbird import records
from tailorbird.readings import records as reading
from tailorbird.schema import Instant
from tailorbird.views.records import EventPage, EventRow, EventVerdicts, Written
from tailorbird.web.asking import (
    GUARDED,
    INVALID,
    LATER,
    MISSING,
    WRITES,
    WRITING,
    At,
    By,
    Cursor,
    Limit,
    Text,
    Wait,
    With,
    found,
    reads,
    written,
)

LARGEST_BATCH: Final = 1_000
LARGEST_BATCH_BYTES: Final = 4 << 20
Position = Annotated[int, PathParameter(ge=1, le=2**63 - 1, description="The event's id.")]
Whose = Annotated[int, QueryParameter(ge=0, le=2**63 - 1, description="Only this person's.")]
Since = Annotated[datetime | None, QueryParameter(description="Only those at or after, RFC 3339.")]
Until = Annotated[datetime | None, QueryParameter(description="Only those before, RFC 3339.")]


@reads("/events", "List events", "events")
def list_events(
    desk: At,
    person: Whose = 0,
    name: Text = "",
    since: Since = None,
    until: Until = None,
    after: Cursor = "",
    limit: Limit = 50,
) -> EventPage:
    """Return events, the newest in the log first."""
    return reading.events(
        desk.world,
        person=person,
        name=name,
        since=_instant(since, -(2**62)),
        until=_instant(until, 2**62),
        after=_position(after),
        limit=limit,
    )


@reads("/events/{event:int}", "One event", "events", responses=MISSING)
def get_event(desk: At, event: Position) -> EventRow:
    """Return an event."""
    return found(reading.event(desk.world, event), f"event {event}")


@post("/events", summary="Send events", tags=["events"], status_code=200,
      responses=WRITING, request_max_body_size=LARGEST_BATCH_BYTES, **WRITES)  # fmt: skip
def send_events(
    desk: At, caller: By, writer: With, data: JSONBody[dict[str, Any]], wait: Wait = "durable"
) -> EventVerdicts:
    """Take one message of the Segment spec, or up to 1,000 in `batch`, and say of each whether.

    The good ones are kept, under ids; what is refused is not. This path takes a Bearer token:
    with Basic it belongs to clients of Customer.io.
    """
    told = records.take_events(desk.world, _messages(data), caller.source, writer)
    return msgspec.structs.replace(told, applied=desk.settled(told.offset, wait))


@delete("/events/{event:int}", summary="Retract an event", tags=["events"], status_code=200,
        responses=INVALID | GUARDED | LATER | MISSING, **WRITES)  # fmt: skip
def retract_event(
    desk: At, writer: With, event: Position, wait: Wait = "durable"
) -> Response[Written]:
    """Take an event back: facts, traits and segments forget it; the log keeps both words."""
    row = found(reading.event(desk.world, event), f"event {event}")
    offset = records.retract_event(desk.world, event, row.person, writer)
    return written(desk, offset, wait, row.person)


def _messages(data: dict[str, Any]) -> list[dict[str, Any]]:
    batch = data.get("batch", [data])
    if not isinstance(batch, list) or not 0 < len(batch) <= LARGEST_BATCH:
        raise ValidationException(f"batch: a list of 1 to {LARGEST_BATCH:,} messages")
    if not all(isinstance(message, dict) for message in batch):
        raise ValidationException("batch: each message is a JSON object")
    return batch


def _position(cursor: str) -> int:
    if not cursor:
        return 0
    if cursor.isascii() and cursor.isdigit() and len(cursor) < 19:
        return int(cursor)
    raise ValidationException("after: no cursor of this list")


def _instant(given: datetime | None, default: Instant) -> Instant:
    if given is None:
        return default
    zoned = given if given.tzinfo else given.replace(tzinfo=UTC)
    since = zoned - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


HANDLERS: Final[list[ControllerRouterHandler]] = [
    list_events,
    get_event,
    send_events,
    retract_event,
]
