"""Queues that sources name: followed, drained until they are quiet, or only looked at."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

from tailorbird.collect.mapping_schema import Mapping
from tailorbird.collect.sources.definition import (
    REFERENCE,
    KafkaSource,
    QueueSource,
    RabbitSource,
    Secrets,
)
from tailorbird.collect.sources.kafka import KafkaQueue
from tailorbird.collect.sources.landing import SOURCE
from tailorbird.collect.sources.mapped_messages import MappedReader
from tailorbird.collect.sources.queues import Queue, drain
from tailorbird.collect.sources.rabbitmq import RabbitQueue, hashed, place_of
from tailorbird.errors import SourceError, UsageError
from tailorbird.ports import EventLog
from tailorbird.schema import Instant

SERVER: Final = "server"
"""The family of bodies without a mapping: the shop's own servers speak through its queues."""
WAIT_SECONDS: Final = 0.5
QUIET: Final = 20
"""Waits without a message after which a queue is taken as empty, though its broker says that
something is left: Kafka counts the ends of transactions, too."""


class Reading:
    """A queue that is read: what comes goes into the log, together with how far it has been read.

    While it is open, nobody else in this folder reads the source.

    Without a mapping, messages are of the Segment spec.

    Raises, here and in `take`:
        SourceError: the broker cannot be reached, or gives nothing; open the queue anew.
        SettingsError: a variable that the source names is not set.
        DefinitionError: messages cannot be told by the mapping.
        UsageError: it is being read already.
    """

    def __init__(
        self,
        source: QueueSource,
        log: EventLog,
        secrets: Secrets,
        folder: Path,
        *,
        mapping: Mapping | None = None,
        again: bool = False,
    ) -> None:
        self._log = log
        self._secrets = secrets
        self._reader = _reader_of(source, secrets)
        family = SERVER if mapping is None else SOURCE
        self._source = f"{family}:{source.system or source.source}"
        self._read = MappedReader(mapping, folder, source.source) if mapping else None
        with ExitStack() as opened:
            opened.enter_context(_alone(source, folder))
            self._queue = _queue_of(source, secrets)
            opened.callback(self._queue.close)
            with _masked(secrets):
                self._queue.resume("" if again else log.progress(self._reader))
            self._opened = opened.pop_all()

    def take(self, now: Instant, wait_seconds: float) -> int:
        """Put what has come into the log, durably, and return how many messages it was."""
        with _masked(self._secrets):
            return drain(
                self._log,
                self._queue,
                reader=self._reader,
                source=self._source,
                now=now,
                wait_seconds=wait_seconds,
                read=self._read,
            )

    def left(self) -> int:
        """Return how many messages the broker still has."""
        with _masked(self._secrets):
            return self._queue.waiting(self._queue.progress())

    def notes(self) -> list[str]:
        """Return what the operator should know since the last call."""
        return [self._secrets.masked(note) for note in self._queue.notes()]

    def close(self) -> None:
        """Let go of the connection; what is not in the log stays with the broker."""
        self._opened.close()


def waiting(source: QueueSource, log: EventLog, secrets: Secrets) -> int:
    """Return how many messages of a queue are not in the log, and take none."""
    progress = log.progress(_reader_of(source, secrets))
    with closing(_queue_of(source, secrets)) as queue, _masked(secrets):
        return queue.waiting(progress)


def read_until_quiet(
    source: QueueSource,
    log: EventLog,
    secrets: Secrets,
    folder: Path,
    *,
    mapping: Mapping | None,
    now: Instant,
    again: bool,
    on_progress: Callable[[int, int], None],
) -> tuple[int, list[str]]:
    """Put all that waits into the log; return how many messages it was, and notes.

    Raises:
        UsageError: `again` is asked of a broker that gives its messages once.
    """
    if again and isinstance(source, RabbitSource):
        mend = "have the messages published anew"
        raise UsageError("RabbitMQ gives each message once", where=source.source, mend=mend)
    taken = quiet = 0
    with closing(Reading(source, log, secrets, folder, mapping=mapping, again=again)) as reading:
        while quiet < QUIET:
            found = reading.take(now, WAIT_SECONDS)
            taken += found
            quiet = 0 if found else quiet + 1
            on_progress(taken, taken)
            if quiet and not reading.left():
                break
        return taken, reading.notes()


def _queue_of(source: QueueSource, secrets: Secrets) -> Queue:
    match source:
        case KafkaSource():
            return KafkaQueue(
                secrets.resolved(source.brokers, source.source),
                source.topics,
                group=source.group or f"tailorbird-{source.source}",
                options={k: secrets.resolved(v, source.source) for k, v in source.options.items()},
            )
        case RabbitSource():
            return RabbitQueue(_url(source, secrets), source.queue)


def _reader_of(source: QueueSource, secrets: Secrets) -> str:
    """Return the name under which the log keeps how far a queue has been read.

    Of RabbitMQ it is the queue's, not the source's: a message that may come again must be known
    whatever the source is called by then. Kafka's messages have ids of their own.
    """
    match source:
        case KafkaSource():
            return f"kafka:{source.source}"
        case RabbitSource():
            return f"rabbitmq:{hashed(place_of(_url(source, secrets), source.queue))}"


def _url(source: RabbitSource, secrets: Secrets) -> str:
    """Return the URL; a secret in it may hold any character, unless it is the whole URL."""
    if REFERENCE.fullmatch(source.url):
        return secrets.resolved(source.url, source.source)
    return REFERENCE.sub(
        lambda found: quote(secrets.resolved(found[0], source.source), safe=""), source.url
    )


@contextmanager
def _alone(source: QueueSource, folder: Path) -> Iterator[None]:
    """Keep everybody else in this folder from reading a source."""
    folder.mkdir(exist_ok=True)
    with (folder / f"{source.source}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            mend = "the server reads it all the time: `tailorbird sources status` says how it is"
            raise UsageError("it is being read already", where=source.source, mend=mend) from None
        yield


@contextmanager
def _masked(secrets: Secrets) -> Iterator[None]:
    """Leave every secret out of what a driver complains about."""
    try:
        yield
    except SourceError as error:
        what, where = secrets.masked(error.what), secrets.masked(error.where)
        raise SourceError(what, where=where, mend=error.mend) from None
