"""Queues that a team names as sources: the server reads them all the time, whatever happens."""

from __future__ import annotations

import os
import random
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import msgspec
import pytest
import uvicorn

from tailorbird.app import Tailorbird
from tailorbird.errors import DefinitionError, SettingsError, SourceError, UsageError
from tailorbird.syncs import Status
from tailorbird.web.serve import site

KILLS = 3
ENVIRONMENT = {"MQ_PASSWORD": "guest"}


class Broker(Protocol):
    """A topic or a queue."""

    where: list[str]

    def publish(self, bodies: Sequence[bytes]) -> None:
        """Put these on it, durably."""


@pytest.fixture
def tb(tmp_path: Path) -> Iterator[Tailorbird]:
    with Tailorbird.open(tmp_path / "data", environment=ENVIRONMENT) as opened:
        yield opened


@pytest.fixture(name="serving")
def serving_fixture(tb: Tailorbird) -> Iterator[None]:
    """Serve the folder, with all its threads."""
    server = uvicorn.Server(
        uvicorn.Config(site(tb), lifespan="on", log_level="critical", access_log=False)
    )
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield
        finally:
            server.should_exit = True
            thread.join()


def definition(broker: Broker, *, port: str = "", more: str = "") -> str:
    kind, address, name = broker.where
    if kind == "kafka":
        where = f"brokers: {address}\ntopics: [{name}]\noptions: {{log_level: '0'}}\n"
    else:
        url = address.replace("guest:guest@", "guest:${MQ_PASSWORD}@")
        url = url if not port else f"{url.rpartition(':')[0]}:{port}/"
        where = f"url: {url}\nqueue: {name}\n"
    return f"source: tills\nkind: {kind}\n{where}{more}"


def order(number: int) -> bytes:
    said = {"type": "track", "event": "Order Completed", "userId": f"u{number % 5}"}
    return msgspec.json.encode(said | {"properties": {"order_id": f"o{number}", "total": 5}})


def orders(tb: Tailorbird) -> list[str]:
    rows = tb.world.facts.read("SELECT order_id FROM facts ORDER BY order_id").to_pylist()
    return [row["order_id"] for row in rows]


def until(true: Callable[[], Any]) -> None:
    """Return as soon as something is so."""
    while not true():
        time.sleep(0.02)


def status(tb: Tailorbird) -> Status:
    (found,) = tb.sources.statuses()
    return found


def test_a_message_is_on_its_persons_profile_by_itself(
    broker: Broker, tb: Tailorbird, serving: None
) -> None:
    tb.sources.put(definition(broker), "tills.yaml")
    traits = {"type": "identify", "userId": "ann", "traits": {"city": "Ulm"}}
    broker.publish([msgspec.json.encode(traits), order(1)])
    # A topic's partitions are read in no order: the two may come apart.
    until(lambda: orders(tb) == ["o1"] and tb.world.people.find("ann") is not None)
    person = tb.person("ann")
    assert tb.world.people.profiles([person])[person].traits["city"] == "Ulm"
    until(lambda: status(tb).standing.messages == 2)
    standing = status(tb).standing
    assert (standing.error, standing.failures, standing.notes) == ("", 0, ())
    assert standing.message_at >= standing.started_at
    assert (status(tb).schedule, status(tb).due_at) == ("always", None)


def test_a_paused_source_is_left_alone_and_a_changed_one_goes_on(
    broker: Broker, tb: Tailorbird, serving: None
) -> None:
    tb.sources.put(definition(broker), "tills.yaml")
    broker.publish([order(1)])
    until(lambda: orders(tb) == ["o1"])
    tb.sources.put(definition(broker, more="paused: true\n"), "tills.yaml")
    until(lambda: "tailorbird-queue-tills" not in {each.name for each in threading.enumerate()})
    broker.publish([order(2)])
    assert status(tb).schedule == "paused"
    assert tb.sources.run("tills").messages == 1
    broker.publish([order(3)])
    tb.sources.put(definition(broker, more="system: erp\n"), "tills.yaml")
    until(lambda: orders(tb) == ["o1", "o2", "o3"])
    assert [record.body.source for record in tb.world.log.read(0, 9)] == [
        "server:tills", "server:tills", "server:erp",
    ]  # fmt: skip


def test_what_is_no_event_is_held_and_keeps_nothing_waiting(
    broker: Broker, tb: Tailorbird, serving: None
) -> None:
    tb.sources.put(definition(broker), "tills.yaml")
    broker.publish([b"\xffnot json", b'{"type":"track","event":"A"}', order(1)])
    until(lambda: orders(tb) == ["o1"] and len(tb.world.people.quarantined(0, 10)) == 2)
    held = {refused.code: refused for refused in tb.world.people.quarantined(0, 10)}
    assert {*held} == {"bad_body", "no_identifier"}
    assert held["bad_body"].raw == b"\xffnot json"
    assert {refused.source for refused in held.values()} == {"server:tills"}


def test_by_hand_all_that_waits_is_taken_and_a_look_takes_nothing(
    broker: Broker, tb: Tailorbird
) -> None:
    text = definition(broker)
    broker.publish([order(n) for n in range(3)])
    assert tb.sources.check(text, "tills.yaml").notes == ("3 messages wait",)
    tb.sources.put(text, "tills.yaml")
    assert tb.sources.run("tills").messages == 3
    assert tb.sources.run("tills").messages == 0
    assert tb.sources.run("tills", dry_run=True).notes == ("0 messages wait",)
    assert status(tb).standing.messages == 3
    tb.ingest()
    assert orders(tb) == ["o0", "o1", "o2"]


def test_kafka_can_be_read_again_and_counts_nothing_twice(
    kafka: Callable[[str], Broker], name: str, tb: Tailorbird
) -> None:
    topic = kafka(name)
    topic.publish([order(1), order(1)])
    tb.sources.put(definition(topic), "tills.yaml")
    assert tb.sources.run("tills").messages == 2
    assert tb.sources.run("tills", again=True).messages == 2
    # Under another name it is another source, but they are the same messages.
    tb.sources.put(definition(topic).replace("source: tills", "source: shops"), "shops.yaml")
    assert tb.sources.run("shops").messages == 2
    tb.ingest()
    assert orders(tb) == ["o1", "o1"]


def test_rabbitmq_gives_each_message_once(
    rabbit: Callable[[str], Broker], name: str, tb: Tailorbird
) -> None:
    tb.sources.put(definition(rabbit(name)), "tills.yaml")
    with pytest.raises(UsageError, match="each message once"):
        tb.sources.run("tills", again=True)


def test_one_queue_has_one_reader(
    rabbit: Callable[[str], Broker], name: str, tb: Tailorbird, tmp_path: Path
) -> None:
    text = definition(rabbit(name))
    kept = tb.sources.put(text, "tills.yaml")
    with Tailorbird.open(tmp_path / "other", environment=ENVIRONMENT) as other:
        other.sources.put(text, "tills.yaml")
        with closing(tb.sources.follow(kept)) as followed:
            followed.take(tb.clock, 0.01)
            with pytest.raises(UsageError, match="being read already"):
                tb.sources.run("tills")
            assert status(tb).standing.error == ""
            with pytest.raises(SourceError, match="exclusive"):
                other.sources.run("tills")
            assert "exclusive" in status(other).standing.error
        assert other.sources.run("tills").errors == ()


MAPPING = """
mapping: receipts
columns:
  number: {type: id}
  at: {type: time}
  who: {from: customer.id, type: id}
  total: {type: decimal}
currency: EUR
customers: {id: who}
orders: {id: number, time: at, total: total}
"""


def test_messages_of_another_shape_are_told_by_a_mapping(
    broker: Broker, tb: Tailorbird, serving: None
) -> None:
    tb.sources.put(MAPPING, "receipts.yaml")
    tb.sources.put(definition(broker, more="mapping: receipts\nsystem: erp\n"), "tills.yaml")
    said = b'{"number": 1, "at": "2025-06-15", "customer": {"id": "ann"}, "total": 5}'
    broker.publish([said, b'{"number": 2}', said, said.replace(b"1,", b"3,", 1)])
    until(lambda: orders(tb) == ["1", "1", "3"])
    until(lambda: tb.world.people.quarantined(0, 10))
    (held,) = tb.world.people.quarantined(0, 10)
    assert (held.code, held.reason) == ("refused_by_mapping", "it has no at")
    assert b'{"number": 2}' in held.raw
    assert tb.world.log.read(0, 1)[0].body.source == "import:erp"
    assert [*(tb.world.folder / "sources").iterdir()] == [
        tb.world.folder / "sources" / "tills.lock"
    ]


# -- a broker that goes away --------------------------------------------------------------------


class Bridge:
    """Carries bytes to a port of loopback, as long as it is up."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._up = True
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._begin(self._listen)

    def down(self) -> None:
        """Cut every connection, and take no new one."""
        self._up = False
        for each in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def up(self) -> None:
        """Take connections again."""
        self._up = True

    def close(self) -> None:
        """End."""
        self.down()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for each in (*self._open, self._listener):
            each.close()

    def _begin(self, work: Callable[..., None], *given: socket.socket) -> None:
        self._threads.append(threading.Thread(target=work, args=given))
        self._threads[-1].start()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._open.append(client)
                if not self._up:
                    client.shutdown(socket.SHUT_RDWR)
                    continue
                server = socket.create_connection(("127.0.0.1", self._to))
                self._open.append(server)
                self._begin(self._carry, client, server)
                self._begin(self._carry, server, client)

    def _carry(self, given: socket.socket, taking: socket.socket) -> None:
        with suppress(OSError):
            while part := given.recv(65536):
                taking.sendall(part)
        with suppress(OSError):
            taking.shutdown(socket.SHUT_RDWR)


def test_a_broker_that_goes_away_and_comes_back_is_read_on(
    rabbit: Callable[[str], Broker], name: str, tb: Tailorbird, serving: None
) -> None:
    queue = rabbit(name)
    with closing(Bridge(int(queue.where[1].rpartition(":")[2].strip("/")))) as bridge:
        tb.sources.put(definition(queue, port=str(bridge.port)), "tills.yaml")
        queue.publish([order(1)])
        until(lambda: orders(tb) == ["o1"])
        bridge.down()
        queue.publish([order(2)])
        until(lambda: status(tb).standing.failures)
        error = status(tb).standing.error
        assert f"127.0.0.1:{bridge.port}/ {name}" in error
        assert "guest" not in error
        bridge.up()
        until(lambda: orders(tb) == ["o1", "o2"])
        assert status(tb).standing.error == ""


def test_a_queue_that_is_taken_away_is_told(
    rabbit: Callable[[str], Any], name: str, tb: Tailorbird
) -> None:
    queue = rabbit(name)
    kept = tb.sources.put(definition(queue), "tills.yaml")
    with closing(tb.sources.follow(kept)) as followed:
        followed.take(tb.clock, 0.01)
        queue.delete()
        with pytest.raises(SourceError, match=name):
            until(lambda: followed.take(tb.clock, 0.01))
        assert name in status(tb).standing.error


@pytest.mark.chaos
def test_a_server_that_is_killed_at_random_loses_nothing_and_counts_nothing_twice(
    broker: Broker, tmp_path: Path
) -> None:
    folder, draw = tmp_path / "data", random.Random(11)
    with Tailorbird.open(folder, environment=ENVIRONMENT) as tb:
        tb.sources.put(definition(broker), "tills.yaml")
    published = 0
    for _ in range(KILLS):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        with subprocess.Popen(
            [sys.executable, "-m", "tailorbird", "serve", "-C", folder, "--port", str(port)],
            env={**os.environ, **ENVIRONMENT}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        ) as server:  # fmt: skip
            assert server.stdout is not None
            assert b"serves" in server.stdout.readline()
            taken = landed(folder)
            broker.publish([order(n) for n in range(published, published + 40)])
            until(partial(more_than, taken, folder))
            last = published + draw.randrange(40, 200)
            broker.publish([order(n) for n in range(published + 40, last)])
            published = last
            server.kill()
    with Tailorbird.open(folder, environment=ENVIRONMENT) as tb:
        until(lambda: read_by_hand(tb, published))
        assert orders(tb) == sorted(f"o{n}" for n in range(published))


def landed(folder: Path) -> int:
    """Return how many messages the log of a folder holds, whoever has it open."""
    with closing(sqlite3.connect(f"file:{folder / 'tailorbird.sqlite'}?mode=ro", uri=True)) as log:
        return int(log.execute("SELECT count(*) FROM log").fetchone()[0])


def more_than(count: int, folder: Path) -> bool:
    """Return whether the log holds more messages than this."""
    return landed(folder) > count


def read_by_hand(tb: Tailorbird, published: int) -> bool:
    """Return whether all is there: not while the broker keeps some for the killed consumer."""
    try:
        tb.sources.run("tills")
    except SourceError:
        return False
    tb.ingest()
    return len(orders(tb)) >= published


# -- definitions --------------------------------------------------------------------------------

KAFKA = "source: x\nkind: kafka\nbrokers: a:9092\ntopics: [t]\n"
RABBIT = "source: x\nkind: rabbitmq\nurl: amqp://a:${P}@b/\nqueue: q\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (KAFKA + "every: 5m\n", "s.yaml:5: a queue is read all the time; take `every` out"),
        (RABBIT + "at: '03:00'\n", "s.yaml:5: a queue is read all the time; take `at` out"),
        (KAFKA.replace("[t]", "['a b']"), "s.yaml:4: 'a b' is no topic's name"),
        (KAFKA.replace("[t]", "[]"), "s.yaml:4: it names no topic, or one twice"),
        (KAFKA.replace("topics", "topic"), "s.yaml:4: unknown field 'topic'"),
        (RABBIT.replace("queue: q", "queue: ''"), "s.yaml:4: it names no queue"),
        (RABBIT.replace("${P}", "secret"), "s.yaml: a password is written in it"),
        (KAFKA + "brings: [orders]\n", "s.yaml:5: without a mapping"),
        (
            KAFKA + "options: {sasl.password: secret}\n",
            "s.yaml:5: the secret 'sasl.password' is written in it",
        ),
        (
            KAFKA + "options: {sasl.password: 271828}\n",
            "s.yaml:5: 'options.sasl.password' does not fit: it must be text; put it in quotes",
        ),
        (
            KAFKA + "options: {enable.auto.commit: 'true'}\n",
            "s.yaml:5: the option 'enable.auto.commit' is set by Tailorbird",
        ),
        (
            KAFKA + "options: {plugin.library.paths: a.so}\n",
            "s.yaml:5: the option 'plugin.library.paths' is set by Tailorbird",
        ),
    ],
)
def test_a_wrong_definition_names_its_line(tb: Tailorbird, text: str, message: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        tb.sources.put(text, "s.yaml")
    assert message in caught.value.sentence()
    assert "secret@" not in caught.value.sentence()
    assert "271828" not in caught.value.sentence()


def test_a_variable_that_is_not_set_and_a_url_that_is_none_are_named(tb: Tailorbird) -> None:
    tb.sources.put(RABBIT, "x.yaml")
    with pytest.raises(SettingsError, match=r"\$\{P\} is not set"):
        tb.sources.run("x")
    tb.sources.put(RABBIT.replace("amqp://a:${P}@b/", "http://${MQ_PASSWORD}@b/"), "x.yaml")
    with pytest.raises(SourceError, match="none of RabbitMQ") as caught:
        tb.sources.run("x")
    assert "guest" not in caught.value.sentence()
