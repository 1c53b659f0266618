"""Queues: what each is asked, and how its messages get into the log, none lost and none twice.

Messages and the place up to which they were taken are kept in one transaction; the broker is told
after it. A kill before the transaction takes nothing, and the broker gives it all again; a kill
after it leaves a broker that gives again what is already there, and `Queue.take` leaves that out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

import msgspec

from tailorbird.collect.bodies import LEADING_BLANKS, BodyError, shape
from tailorbird.ports import EventLog
from tailorbird.schema import SECOND, Body, Instant

LIMIT: Final = 1_000
"""Messages in one transaction."""


class Arrival(msgspec.Struct, frozen=True):
    """One message of a queue.

    `id` names it for ever: the same message never has another, no other message has the same.
    """

    content: bytes
    id: str
    at: Instant
    """When the queue took it, 0 where it does not say."""


class Queue(Protocol):
    """A broker's queue or topic, read by one consumer."""

    def resume(self, progress: str) -> None:
        """Connect, and go on after what `progress` says; '' is the beginning.

        Raises:
            SourceError: the broker cannot be reached, or has no such queue.
        """

    def waiting(self, progress: str) -> int:
        """Return how many messages wait after `progress`, and take none; `resume` is not needed.

        Raises:
            SourceError: as `resume`.
        """

    def take(self, limit: int, wait_seconds: float) -> list[Arrival]:
        """Return what has come, waiting for the first message at most this long."""

    def progress(self) -> str:
        """Return the place after everything that `take` has returned."""

    def done(self) -> None:
        """Tell the broker that everything that was taken is durable."""

    def notes(self) -> list[str]:
        """Return what the operator should know since the last call: a gap, a lost connection."""

    def close(self) -> None:
        """Let go of the connection; what was not `done` stays with the broker."""


Reader = Callable[[Sequence[Arrival], Instant], Sequence[bytes]]
"""What turns messages into bodies of the Segment spec, at an instant."""


def drain(
    log: EventLog,
    queue: Queue,
    *,
    reader: str,
    source: str,
    now: Instant,
    wait_seconds: float,
    read: Reader | None = None,
) -> int:
    """Append what has come to the log, durably, and return how many messages it was.

    `queue` has been resumed with what the log kept for `reader`. Without `read`, messages are
    bodies of the Segment spec; each gets the queue's id where it has none of its own.
    """
    arrivals = queue.take(LIMIT, wait_seconds)
    if not arrivals:
        return 0
    contents = read(arrivals, now) if read else map(identified, arrivals)
    bodies = [Body(source, now, content) for content in contents]
    log.append_from(reader, bodies, queue.progress())
    queue.done()
    return len(arrivals)


class _Named(msgspec.Struct, rename="camel"):
    message_id: Any = None
    snake_id: Any = msgspec.field(default=None, name="message_id")


_NAMED: Final = msgspec.json.Decoder(_Named)


def identified(arrival: Arrival) -> bytes:
    """Return the message's content, with the queue's id on every event that has none.

    It also says since when we have the event: then its time is right as it stands, however long the
    queue kept it. What is no JSON object stays as it came: it is refused later, with its reason and
    its bytes.

    >>> identified(Arrival(b'{"event": "Order"}', "orders/0/17", 0))
    b'{"event": "Order","receivedAt":0,"messageId":"orders/0/17"}'
    """
    try:
        messages = [bytes(raw) for raw in shape(arrival.content).messages]
    except BodyError:
        return arrival.content
    if len(messages) == 1:
        return _named(messages[0], arrival.id, arrival.at)
    named = [_named(raw, f"{arrival.id}/{place}", arrival.at) for place, raw in enumerate(messages)]
    return b'{"batch":[%s]}' % b",".join(named)


def _named(raw: bytes, given: str, at: Instant) -> bytes:
    whole = raw.strip(LEADING_BLANKS)
    try:
        found = _NAMED.decode(whole)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return raw
    said = b'"receivedAt":%d' % (at // SECOND)
    if not (found.message_id or found.snake_id):
        said += b',"messageId":' + msgspec.json.encode(given)
    # At the end, because the last of two equal names counts.
    comma = b"" if whole[1:-1].strip(LEADING_BLANKS) == b"" else b","
    return whole[:-1] + comma + said + b"}"
