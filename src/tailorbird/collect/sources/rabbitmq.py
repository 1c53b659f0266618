"""RabbitMQ: one queue, read by one consumer, its messages confirmed once they are in the log.

A broker cannot tell whether a confirmation that was lost had been meant: it gives the message
again, marked as redelivered. No more messages than `PREFETCH` can be in doubt, so the last that
many are remembered in the log's transaction, and what comes again is confirmed and left out.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter, deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import msgspec

from tailorbird.collect.sources.queues import Arrival
from tailorbird.errors import SourceError, UsageError
from tailorbird.schema import SECOND

if TYPE_CHECKING:
    from aio_pika.abc import AbstractIncomingMessage

PREFETCH: Final = 256
"""Messages that the broker gives before one of them is confirmed."""
REACH_SECONDS: Final = 10.0
POLLS_BETWEEN_LOOKS: Final = 10
"""Polls without a message after which it looks whether it still is the queue's consumer."""


_BROKEN: Final = (OSError, TimeoutError, RuntimeError, ValueError)
"""What the client raises, beside its own errors, when the connection or its URL is broken."""


class _Progress(msgspec.Struct):
    """How many messages were taken, and the marks of those that may come again."""

    taken: int = 0
    marks: list[str] = []


class RabbitQueue:
    """`queues.Queue` over one queue that exists.

    Everything runs on a loop of its own, in the thread that calls; the loop stands still between
    two calls, so take often.
    """

    def __init__(self, url: str, queue: str) -> None:
        _require()
        self._url = url
        self._name = queue
        self._place = place_of(url, queue)
        self._runner = asyncio.Runner()
        self._arrived: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
        self._connection: Any = None
        self._channel: Any = None
        self._idle = 0
        self._taken = 0
        self._marks: deque[str] = deque(maxlen=PREFETCH)
        self._doubtful: Counter[str] = Counter()
        self._last: AbstractIncomingMessage | None = None

    def resume(self, progress: str) -> None:
        """Connect, and remember what may come again."""
        kept = msgspec.json.decode(progress, type=_Progress) if progress else _Progress()
        self._taken = kept.taken
        self._marks.extend(kept.marks)
        self._doubtful = Counter(kept.marks)
        self._runner.run(self._consume())

    def waiting(self, progress: str) -> int:
        """Return how many messages stand in the queue, and take none; `progress` is no matter."""
        queue = self._runner.run(self._reach() if self._connection is None else self._declared())
        return int(queue.declaration_result.message_count or 0)

    def take(self, limit: int, wait_seconds: float) -> list[Arrival]:
        """Return what has come, waiting for the first message at most this long.

        Raises:
            SourceError: the connection is lost; open the queue again.
        """
        messages = self._runner.run(self._gather(min(limit, PREFETCH), wait_seconds))
        if messages:
            self._last = messages[-1]
        arrivals = [arrival for m in messages if (arrival := self._arrival(m)) is not None]
        if messages and not arrivals:
            self.done()
        return arrivals

    def progress(self) -> str:
        """Return the count and the marks, as JSON."""
        return msgspec.json.encode(_Progress(self._taken, list(self._marks))).decode()

    def done(self) -> None:
        """Confirm everything that was taken."""
        if self._last is not None:
            last, self._last = self._last, None
            self._runner.run(self._confirm(last))

    def notes(self) -> list[str]:
        """Return nothing: what goes wrong here is raised."""
        return []

    def close(self) -> None:
        """Close the connection and the loop."""
        try:
            if self._connection is not None:
                self._runner.run(self._leave())
        finally:
            self._runner.close()

    # -- on the loop ----------------------------------------------------------------------------

    async def _consume(self) -> None:
        import aio_pika

        queue = await self._reach()
        try:
            await self._channel.set_qos(prefetch_count=PREFETCH)
            await queue.consume(self._arrived.put, exclusive=True)
        except (aio_pika.exceptions.AMQPError, *_BROKEN) as error:
            raise self._lost(error) from None

    async def _reach(self) -> Any:
        """Connect, and return the queue."""
        import aio_pika

        try:
            self._connection = await aio_pika.connect(self._url, timeout=REACH_SECONDS)
            self._channel = await self._connection.channel()
        except (aio_pika.exceptions.AMQPError, *_BROKEN) as error:
            raise self._lost(error) from None
        return await self._declared()

    async def _declared(self) -> Any:
        """Return the queue as it is now."""
        import aio_pika

        try:
            return await self._channel.declare_queue(self._name, passive=True)
        except (aio_pika.exceptions.AMQPError, *_BROKEN) as error:
            raise self._lost(error) from None

    async def _leave(self) -> None:
        import aio_pika

        # What is broken already need not be told goodbye.
        with suppress(aio_pika.exceptions.AMQPError, *_BROKEN):
            await asyncio.wait_for(self._connection.close(), REACH_SECONDS)

    async def _gather(self, limit: int, wait_seconds: float) -> list[AbstractIncomingMessage]:
        try:
            messages = [await asyncio.wait_for(self._arrived.get(), wait_seconds)]
        except TimeoutError:
            await self._look()
            return []
        while len(messages) < limit and not self._arrived.empty():
            messages.append(self._arrived.get_nowait())
        return messages

    async def _look(self) -> None:
        """Make sure, when nothing comes, that something could."""
        if self._connection.is_closed or self._channel.is_closed:
            raise self._lost("the connection is closed")
        self._idle += 1
        if self._idle % POLLS_BETWEEN_LOOKS:
            return
        if not (await self._declared()).declaration_result.consumer_count:
            raise self._lost("the broker has taken it away")

    async def _confirm(self, last: AbstractIncomingMessage) -> None:
        import aio_pika

        try:
            await last.ack(multiple=True)
        except (aio_pika.exceptions.AMQPError, *_BROKEN) as error:
            raise self._lost(error) from None

    # -- messages -------------------------------------------------------------------------------

    def _arrival(self, message: AbstractIncomingMessage) -> Arrival | None:
        mark = _mark(message)
        if message.redelivered and self._doubtful[mark]:
            self._doubtful[mark] -= 1
            return None
        self._marks.append(mark)
        self._taken += 1
        at = int(message.timestamp.timestamp()) * SECOND if message.timestamp else 0
        given = message.message_id or f"{hashed(self._place)}/{self._taken}"
        return Arrival(message.body, given, at)

    def _lost(self, why: object) -> SourceError:
        return SourceError(
            f"queue {self._name!r} cannot be read: {why}", where=f"rabbitmq {self._place}",
            mend="look at the URL, and that the queue exists and has no other exclusive consumer",
        )  # fmt: skip


def place_of(url: str, queue: str) -> str:
    """Return which queue of the world it is, without who reads it.

    >>> place_of("amqps://ann:secret@mq.shop.example/tills", "orders")
    'mq.shop.example:5671/tills orders'

    Raises:
        SourceError: it is no URL.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or (5671 if parts.scheme == "amqps" else 5672)
        if parts.scheme in ("amqp", "amqps") and parts.hostname:
            return f"{parts.hostname}:{port}{parts.path or '/'} {queue}"
    except ValueError:
        pass
    mend = "write amqp://USER:${PASSWORD}@HOST/VHOST, or amqps://"
    raise SourceError("the URL is none of RabbitMQ", where="rabbitmq", mend=mend)


def hashed(place: str) -> str:
    """Return a short name of a place, in which no host is told."""
    return hashlib.blake2b(place.encode(), digest_size=8).hexdigest()


def _mark(message: AbstractIncomingMessage) -> str:
    said = f"{message.message_id or ''}\x00".encode() + message.body
    return hashlib.blake2b(said, digest_size=8).hexdigest()


def _require() -> None:
    try:
        import aio_pika  # noqa: F401
    except ModuleNotFoundError:
        raise UsageError(
            "reading from RabbitMQ needs the extra `rabbitmq`",
            mend="pip install 'tailorbird[rabbitmq]'",
        ) from None
