"""Brokers: Kafka is librdkafka's own mock cluster, RabbitMQ the real one of the Debian package."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

import aio_pika
import pytest
from confluent_kafka import Producer

RABBIT = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")


class Kafka:
    """One topic of a cluster of its own."""

    def __init__(self, topic: str) -> None:
        # The mock cluster lives in this client; others reach it by its address.
        self.producer = Producer(
            {"test.mock.num.brokers": 1, "log_level": 0, "linger.ms": 0, "acks": "all"}
        )
        (broker,) = self.producer.list_topics(timeout=10).brokers.values()
        self.where = ["kafka", f"{broker.host}:{broker.port}", topic]
        self.producer.list_topics(topic, timeout=10)

    def publish(self, bodies: Sequence[bytes]) -> None:
        """Put these on it, durably."""
        for body in bodies:
            self.producer.produce(self.where[2], body)
        assert self.producer.flush(30) == 0


class Rabbit:
    """One queue."""

    def __init__(self, url: str, queue: str, kind: str = "classic") -> None:
        self._kind = kind
        self.where = ["rabbitmq", url, queue]
        asyncio.run(self._declare())

    async def _declare(self) -> None:
        connection = await aio_pika.connect(self.where[1])
        async with connection:
            channel = await connection.channel()
            await channel.declare_queue(
                self.where[2], durable=True, arguments={"x-queue-type": self._kind}
            )

    def publish(self, bodies: Sequence[bytes]) -> None:
        """Put these on it, durably."""
        asyncio.run(self._publish(bodies))

    def delete(self) -> None:
        """Take the queue away."""
        asyncio.run(self._delete())

    async def _delete(self) -> None:
        connection = await aio_pika.connect(self.where[1])
        async with connection:
            channel = await connection.channel()
            await channel.queue_delete(self.where[2])

    async def _publish(self, bodies: Sequence[bytes]) -> None:
        connection = await aio_pika.connect(self.where[1])
        async with connection:
            channel = await connection.channel()
            for body in bodies:
                message = aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
                await channel.default_exchange.publish(message, self.where[2])


def free_port() -> int:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(scope="session")
def rabbit_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a RabbitMQ of the Debian package that answers loopback alone."""
    if not RABBIT.exists():
        pytest.skip("RabbitMQ (Debian package rabbitmq-server) is not installed")
    folder = tmp_path_factory.mktemp("rabbitmq")
    port, distribution, names = free_port(), free_port(), free_port()
    (folder / "rabbitmq.conf").write_text(
        f"listeners.tcp.1 = 127.0.0.1:{port}\nlog.console = true\nlog.file = false\n"
    )
    (folder / "plugins").write_text("[].\n")
    environment = {
        **os.environ,
        "HOME": str(folder),
        "RABBITMQ_NODENAME": f"tailorbird{port}@localhost",
        "RABBITMQ_DIST_PORT": str(distribution),
        "ERL_EPMD_PORT": str(names),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
    }
    server = subprocess.Popen(
        [RABBIT], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        start_new_session=True,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        said = []
        for line in server.stdout:
            said.append(line.decode(errors="replace"))
            if b"completed with" in line:
                break
        else:
            pytest.fail("RabbitMQ did not start:\n" + "".join(said[-30:]))
        yield f"amqp://guest:guest@127.0.0.1:{port}/"
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.communicate()
        if epmd := shutil.which("epmd"):
            subprocess.run(
                [epmd, "-port", str(names), "-kill"], env=environment, check=False,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip


@pytest.fixture
def name() -> str:
    """Return a name that no other test has."""
    return f"orders-{random.getrandbits(48):x}"


@pytest.fixture
def kafka() -> Callable[[str], Kafka]:
    """Return what makes a topic."""
    return Kafka


@pytest.fixture
def rabbit(rabbit_url: str) -> Callable[..., Rabbit]:
    """Return `rabbit(queue, kind="classic")`, which makes a queue."""
    return partial(Rabbit, rabbit_url)


@pytest.fixture(params=["kafka", "rabbitmq"])
def broker(request: pytest.FixtureRequest, name: str) -> Kafka | Rabbit:
    """Return a topic, then a queue."""
    if request.param == "kafka":
        return Kafka(name)
    return Rabbit(request.getfixturevalue("rabbit_url"), name)
