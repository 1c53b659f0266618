"""Kafka: all partitions of some topics, read by one consumer whose offsets are kept in our log.

The consumer group only shows the lag to the operator; what counts is the place that stands in the
same transaction as the messages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tailorbird.collect.sources.queues import Arrival
from tailorbird.errors import SourceError, UsageError

if TYPE_CHECKING:
    from confluent_kafka import Consumer, TopicPartition

REACH_SECONDS: Final = 10.0
"""How long the brokers may take to answer for the first time."""
POLLS_BETWEEN_LOOKS: Final = 60
"""Polls without a message after which it looks for new partitions."""
OURS: Final = frozenset(
    {
        "auto.offset.reset", "bootstrap.servers", "enable.auto.commit", "enable.auto.offset.store",
        "group.id", "isolation.level", "metadata.broker.list", "plugin.library.paths",
        "ssl.engine.location",
    }
)  # fmt: skip
"""Options that decide what is lost and what comes twice, that have a place of their own, or that
load code: they are not the operator's."""

_PROGRESS: Final = msgspec.json.Decoder(dict[str, int])


class KafkaQueue:
    """`queues.Queue` over topics of one cluster.

    `options` are librdkafka's: `security.protocol`, `sasl.username` ... Messages without a value
    (tombstones of a compacted topic) say nothing and are passed over.
    """

    def __init__(
        self, brokers: str, topics: Sequence[str], *, group: str, options: Mapping[str, str]
    ) -> None:
        if taken := sorted(OURS & set(options)):
            raise UsageError(
                f"the option {taken[0]!r} is set by Tailorbird", mend="take it out of `options`"
            )
        self._topics = list(topics)
        self._consumer = _consumer(
            {
                **options,
                "bootstrap.servers": brokers,
                "group.id": group,
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "error",
                "isolation.level": "read_committed",
                "error_cb": self._note,
            }
        )
        self._where = f"kafka {brokers}"
        self._cluster = ""
        self._next: dict[str, int] = {}
        self._notes: list[str] = []
        self._assigned: set[str] = set()
        self._idle = 0

    def resume(self, progress: str) -> None:
        """Go on after `progress`; a partition that it does not name is read from its beginning.

        A partition's name begins with its cluster: what was read of another says nothing here.
        """
        self._next = _PROGRESS.decode(progress) if progress else {}
        self._assign(self._partitions())

    def waiting(self, progress: str) -> int:
        """Return how many messages stand after `progress`, and take none."""
        read = _PROGRESS.decode(progress) if progress else {}
        found = 0
        for name in self._partitions():
            low, high = self._ends(name)
            found += max(high - max(low, read.get(name, low)), 0)
        return found

    def take(self, limit: int, wait_seconds: float) -> list[Arrival]:
        """Return what has come, waiting for the first message at most this long.

        Raises:
            SourceError: a broker refuses, and nothing came beside its refusal.
        """
        first = self._consumer.poll(wait_seconds)
        if first is None:
            self._idle += 1
            if self._idle % POLLS_BETWEEN_LOOKS == 0:
                self._assign_new()
            return []
        messages = [first, *(self._consumer.consume(limit - 1, 0) if limit > 1 else [])]
        wrong = [f"{m.topic()}: {error.str()}" for m in messages if (error := m.error())]
        arrivals = [self._arrival(message) for message in messages if message.error() is None]
        if wrong and not arrivals:
            raise SourceError(
                wrong[0], where=self._where, mend="it goes on where it was once the broker is well"
            )
        self._notes += wrong
        return [arrival for arrival in arrivals if arrival is not None]

    def progress(self) -> str:
        """Return the next offset of every partition, as JSON."""
        return msgspec.json.encode(self._next).decode()

    def done(self) -> None:
        """Commit the offsets for the group, where its lag is looked at; a failure costs nothing."""
        from confluent_kafka import KafkaException, TopicPartition

        places = [(*_split(name), self._next[name]) for name in sorted(self._assigned)]
        try:
            self._consumer.commit(
                offsets=[TopicPartition(*place) for place in places], asynchronous=True
            )
        except KafkaException as error:
            self._notes.append(f"the group's offsets were not committed: {_said(error)}")

    def notes(self) -> list[str]:
        """Return gaps and lost connections since the last call."""
        notes, self._notes = self._notes, []
        return notes

    def close(self) -> None:
        """Leave the cluster."""
        self._consumer.close()

    # -- partitions -----------------------------------------------------------------------------

    def _partitions(self) -> list[str]:
        from confluent_kafka import KafkaException

        names: list[str] = []
        for topic in self._topics:
            try:
                metadata = self._consumer.list_topics(topic, timeout=REACH_SECONDS)
            except KafkaException as error:
                raise self._silent(error) from None
            found = metadata.topics[topic]
            if found.error is not None:
                raise SourceError(
                    f"topic {topic!r}: {found.error.str()}", where=self._where,
                    mend="make the topic, or mend its name in `topics`",
                )  # fmt: skip
            self._cluster = metadata.cluster_id or self._where
            names += [f"{self._cluster}/{topic}/{number}" for number in sorted(found.partitions)]
        return names

    def _assign(self, names: Sequence[str]) -> None:
        self._consumer.assign([self._start(name) for name in names])
        self._assigned = set(names)

    def _assign_new(self) -> None:
        """Take in the partitions that were added since."""
        try:
            names = self._partitions()
        except SourceError as error:
            self._notes.append(error.what)
            return
        added = [name for name in names if name not in self._assigned]
        if added:
            self._consumer.incremental_assign([self._start(name) for name in added])
            self._assigned |= set(added)

    def _start(self, name: str) -> TopicPartition:
        from confluent_kafka import TopicPartition

        topic, number = _split(name)
        low, high = self._ends(name)
        at = self._next.setdefault(name, low)
        if at > high:
            what = f"partition {topic}/{number} ends at {high} but was read up to {at}"
            mend = "pause this source, and put it under another name: that one starts afresh"
            raise SourceError(f"{what}: the topic was made anew", where=self._where, mend=mend)
        if at < low:
            self._notes.append(
                f"partition {topic}/{number}: {low - at:,} messages expired before they were read"
            )
            self._next[name] = low
        return TopicPartition(topic, number, self._next[name])

    def _ends(self, name: str) -> tuple[int, int]:
        """Return the offsets of a partition's first message and of the one that will come next."""
        from confluent_kafka import KafkaException, TopicPartition

        try:
            ends: tuple[int, int] = self._consumer.get_watermark_offsets(
                TopicPartition(*_split(name)), timeout=REACH_SECONDS, cached=False
            )
        except KafkaException as error:
            raise self._silent(error) from None
        return ends

    def _silent(self, error: Exception) -> SourceError:
        mend = "look at `brokers` and at the options of the connection"
        return SourceError(f"no broker answers: {_said(error)}", where=self._where, mend=mend)

    # -- messages -------------------------------------------------------------------------------

    def _arrival(self, message: Any) -> Arrival | None:
        name = f"{self._cluster}/{message.topic()}/{message.partition()}"
        self._next[name] = message.offset() + 1
        content = message.value()
        if content is None:
            return None
        kind, milliseconds = message.timestamp()
        # The time tells a message from the one that had its offset before the topic was made anew.
        given = f"{name}/{message.offset()}@{milliseconds if kind else ''}"
        return Arrival(content, given, milliseconds * 1000 if kind else 0)

    def _note(self, error: Any) -> None:
        self._notes.append(error.str())


def _consumer(options: Mapping[str, Any]) -> Consumer:
    try:
        from confluent_kafka import Consumer, KafkaException
    except ModuleNotFoundError:
        raise UsageError(
            "reading from Kafka needs the extra `kafka`", mend="pip install 'tailorbird[kafka]'"
        ) from None
    try:
        return Consumer(dict(options))
    except KafkaException as error:
        raise SourceError(
            f"an option of the connection is wrong: {_said(error)}", where="kafka",
            mend="see librdkafka's CONFIGURATION.md",
        ) from None  # fmt: skip


def _split(name: str) -> tuple[str, int]:
    _, topic, number = name.rsplit("/", 2)
    return topic, int(number)


def _said(error: Exception) -> str:
    return str(error.args[0].str()) if error.args else str(error)
