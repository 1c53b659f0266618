"""Queues into the log: every message once, whatever is killed. One suite over every broker.

Kafka is librdkafka's own mock cluster, RabbitMQ is the real one of the Debian package.
"""

from __future__ import annotations

import random
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

import msgspec
import pytest

from tailorbird.app import Tailorbird
from tailorbird.collect.sources.kafka import KafkaQueue
from tailorbird.collect.sources.queues import Queue, drain
from tailorbird.collect.sources.rabbitmq import RabbitQueue
from tailorbird.errors import SourceError, StoreError, UsageError
from tailorbird.ports import EventLog
from tailorbird.schema import Body
from tailorbird.stores.sqlite.log import SqliteLog

RABBIT = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
READER = "queue:orders"
NOW = 1_800_000_000_000_000
QUIET = 3
"""Takes without a message after which a queue is taken as empty."""


class Broker(Protocol):
    """A broker of either kind, with one queue of its own for each test."""

    where: list[str]

    def publish(self, bodies: Sequence[bytes]) -> None:
        """Put these on the queue, durably."""


def opened(where: Sequence[str]) -> Queue:
    kind, address, name = where
    if kind == "kafka":
        return KafkaQueue(address, [name], group="tailorbird", options={"log_level": "0"})
    return RabbitQueue(address, name)


def free_port() -> int:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture
def tb(tmp_path: Path) -> Iterator[Tailorbird]:
    with Tailorbird.open(tmp_path / "data", clock=lambda: NOW, environment={}) as opened_folder:
        yield opened_folder


def order(number: int, **more: object) -> bytes:
    said = {"type": "track", "event": "Order Completed", "userId": f"u{number % 7}"}
    return msgspec.json.encode(said | {"properties": {"order_id": f"o{number}"}} | more)


def drained(tb: Tailorbird, open_queue: Callable[[], Queue]) -> int:
    """Take until the queue is empty, as a server does that has just started."""
    queue, log = open_queue(), tb.world.log
    taken = quiet = 0
    with closing(queue):
        queue.resume(log.progress(READER))
        while quiet < QUIET:
            found = drain(
                log, queue, reader=READER, source="server:orders", now=NOW, wait_seconds=0.5
            )
            taken += found
            quiet = 0 if found else quiet + 1
    return taken


def orders(tb: Tailorbird) -> list[str]:
    tb.ingest()
    rows = tb.world.facts.read("SELECT order_id FROM facts ORDER BY position").to_pylist()
    return [row["order_id"] for row in rows]


def test_what_was_published_lands_once(broker: Broker, tb: Tailorbird) -> None:
    broker.publish([order(n) for n in range(700)])
    assert drained(tb, lambda: opened(broker.where)) == 700
    assert sorted(orders(tb)) == sorted(f"o{n}" for n in range(700))
    broker.publish([order(n) for n in range(700, 800)])
    assert drained(tb, lambda: opened(broker.where)) == 100
    assert len(orders(tb)) == 800


def test_equal_messages_without_an_id_are_as_many_events(broker: Broker, tb: Tailorbird) -> None:
    broker.publish([order(1)] * 5)
    drained(tb, lambda: opened(broker.where))
    assert orders(tb) == ["o1"] * 5


def test_the_senders_id_counts_before_the_queues(broker: Broker, tb: Tailorbird) -> None:
    broker.publish([order(1, messageId="m1"), order(1, messageId="m1"), order(2, messageId="m2")])
    drained(tb, lambda: opened(broker.where))
    assert sorted(orders(tb)) == ["o1", "o2"]


def test_what_was_not_confirmed_comes_again_and_counts_once(broker: Broker, tb: Tailorbird) -> None:
    broker.publish([order(n) for n in range(20)])
    queue, log = opened(broker.where), tb.world.log
    with closing(queue):
        queue.resume(log.progress(READER))
        taken_into(log, Unconfirmed(queue))
    drained(tb, lambda: opened(broker.where))
    assert sorted(orders(tb)) == sorted(f"o{n}" for n in range(20))


class Unconfirmed:
    """A queue whose broker never hears that something is durable: a kill right after the commit."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    def __getattr__(self, name: str) -> Any:
        return getattr(self._queue, name)

    def done(self) -> None:
        """Say nothing."""


def test_what_the_log_did_not_take_stays_with_the_broker(broker: Broker, tb: Tailorbird) -> None:
    broker.publish([order(n) for n in range(20)])
    queue = opened(broker.where)
    with closing(queue):
        queue.resume("")
        with pytest.raises(StoreError):
            taken_into(FullDisk(), queue)
    drained(tb, lambda: opened(broker.where))
    assert sorted(orders(tb)) == sorted(f"o{n}" for n in range(20))


def taken_into(log: EventLog, queue: Queue) -> None:
    """Take until something came."""
    while not drain(log, queue, reader=READER, source="server:orders", now=NOW, wait_seconds=0.5):
        pass


class FullDisk(SqliteLog):
    """A log whose disk is full."""

    def __init__(self) -> None:
        """Open nothing."""

    def append_from(self, reader: str, bodies: Sequence[Body], progress: str) -> int:
        raise StoreError("the disk is full")


def test_what_is_no_event_is_held_with_its_bytes(broker: Broker, tb: Tailorbird) -> None:
    broker.publish([b"not json", order(1), b"\xff\xfe", b'{"batch": [{"event": "A"}]}'])
    drained(tb, lambda: opened(broker.where))
    assert orders(tb) == ["o1"]
    held = tb.world.people.quarantined(0, 10)
    assert {refused.code for refused in held} == {"bad_body", "no_identifier"}
    assert b"not json" in {refused.raw for refused in held}


def test_a_queue_that_is_not_there_is_named(broker: Broker) -> None:
    kind, address, _ = broker.where
    queue = opened([kind, address, "absent?"])
    with closing(queue), pytest.raises(SourceError, match=r"absent\?"):
        queue.resume("")


def test_a_broker_that_is_not_there_is_named() -> None:
    queue = RabbitQueue(f"amqp://ann:secret@127.0.0.1:{free_port()}/", "orders")
    with closing(queue), pytest.raises(SourceError, match=r"127\.0\.0\.1") as raised:
        queue.resume("")
    assert "secret" not in str(raised.value)


def test_options_that_decide_about_loss_are_not_the_operators() -> None:
    with pytest.raises(UsageError, match=r"auto\.offset\.reset"):
        KafkaQueue("127.0.0.1:1", ["t"], group="g", options={"auto.offset.reset": "latest"})


def test_a_topic_that_was_made_anew_is_not_taken_for_the_old_one(
    kafka: Callable[[str], Broker],
) -> None:
    topic = kafka("orders")
    topic.publish([order(1)])
    with closing(opened(topic.where)) as queue:
        queue.resume("")
        (partition, *_) = msgspec.json.decode(queue.progress())
    with closing(opened(topic.where)) as queue, pytest.raises(SourceError, match="made anew"):
        queue.resume(msgspec.json.encode({partition: 1000}).decode())


def test_what_was_read_of_another_cluster_says_nothing_of_this_one(
    kafka: Callable[[str], Broker], tb: Tailorbird
) -> None:
    for number in (1, 2):
        topic = kafka("orders")
        topic.publish([order(number)])
        assert drained(tb, lambda: opened(topic.where)) == 1  # noqa: B023 - called at once
    assert sorted(orders(tb)) == ["o1", "o2"]


def test_what_was_read_of_another_queue_says_nothing_of_this_one(
    rabbit: Callable[[str], Broker], name: str, tb: Tailorbird
) -> None:
    for suffix in "ab":
        queue = rabbit(name + suffix)
        queue.publish([order(1), order(1)])
        assert drained(tb, lambda: opened(queue.where)) == 2  # noqa: B023 - called at once
    assert orders(tb) == ["o1"] * 4


def test_a_quorum_queue_is_read_like_a_classic_one(
    rabbit: Callable[..., Broker], name: str, tb: Tailorbird
) -> None:
    queue = rabbit(name, kind="quorum")
    queue.publish([order(n) for n in range(20)])
    with closing(opened(queue.where)) as unconfirmed:
        unconfirmed.resume("")
        taken_into(tb.world.log, Unconfirmed(unconfirmed))
    drained(tb, lambda: opened(queue.where))
    assert sorted(orders(tb)) == sorted(f"o{n}" for n in range(20))


def test_what_waits_is_counted_and_not_taken(broker: Broker, tb: Tailorbird) -> None:
    broker.publish([order(n) for n in range(5)])
    log = tb.world.log
    for _ in range(2):
        with closing(opened(broker.where)) as queue:
            assert queue.waiting(log.progress(READER)) == 5
    assert drained(tb, lambda: opened(broker.where)) == 5
    with closing(opened(broker.where)) as queue:
        assert queue.waiting(log.progress(READER)) == 0


CHILD = """
import sys
from contextlib import closing
from pathlib import Path
from tailorbird.collect.sources.kafka import KafkaQueue
from tailorbird.collect.sources.queues import drain
from tailorbird.collect.sources.rabbitmq import RabbitQueue
from tailorbird.errors import SourceError
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.sqlite.log import SqliteLog

database, kind, address, name = sys.argv[1:]
log = SqliteLog(Database(Path(database)))
while True:
    if kind == "kafka":
        queue = KafkaQueue(address, [name], group="tailorbird", options={"log_level": "0"})
    else:
        queue = RabbitQueue(address, name)
    try:
        queue.resume(log.progress("queue:orders"))
        break
    except SourceError:  # the consumer that was killed is still being cleared away
        queue.close()
print("ready", flush=True)
while True:
    taken = drain(
        log, queue, reader="queue:orders", source="server:orders", now=1_800_000_000_000_000,
        wait_seconds=0.2,
    )
    print(taken, flush=True)
"""


@pytest.mark.chaos
def test_killed_at_random_nothing_is_lost_and_nothing_comes_twice(
    broker: Broker, tb: Tailorbird, tmp_path: Path
) -> None:
    draw = random.Random(3)
    script = tmp_path / "consumer.py"
    script.write_text(CHILD)
    published = 0
    for _ in range(12):
        broker.publish([order(n) for n in range(published, published + 400)])
        published += 400
        child = subprocess.Popen(
            [sys.executable, script, tmp_path / "data" / "tailorbird.sqlite", *broker.where],
            stdout=subprocess.PIPE,
        )
        assert child.stdout is not None
        for _ in range(draw.randrange(1, 4)):
            child.stdout.readline()
        child.kill()
        child.communicate()
    drained(tb, retrying(broker))
    assert sorted(orders(tb)) == sorted(f"o{n}" for n in range(published))


def retrying(broker: Broker) -> Callable[[], Queue]:
    """Open once the broker has cleared the killed consumer away."""

    def open_queue() -> Queue:
        while True:
            queue = opened(broker.where)
            try:
                queue.resume("")
            except SourceError:
                queue.close()
                continue
            queue.close()
            return opened(broker.where)

    return open_queue
