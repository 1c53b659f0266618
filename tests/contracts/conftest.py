"""A real server on loopback over a fresh data folder, for the clients that we did not write."""

from __future__ import annotations

import dataclasses
import fcntl
import ipaddress
import os
import shutil
import socket
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.applications import Starlette
from starlette.types import ASGIApp

from tailorbird.app import Tailorbird, wall_clock
from tailorbird.collect.decode import decode
from tailorbird.errors import StoreError
from tailorbird.schema import Body, Event, LogRecord, Profile
from tailorbird.web import collector, customerio
from tailorbird.web.serve import site

SDKS = Path(__file__).parent / "sdks"
HANDLEBARS = Path(__file__).parent / "handlebars"
AMP = Path(__file__).parent / "amp"
INSTALL_SECONDS = 180


@dataclasses.dataclass(frozen=True, slots=True)
class Shop:
    """A shop whose server is asked by real clients."""

    tb: Tailorbird
    url: str
    port: int

    def bodies(self) -> list[Body]:
        """Return what the log holds, each body as it was stored."""
        return [record.body for record in self.tb.world.log.read(0, 10_000)]

    def events(self) -> list[Event]:
        """Return the events of the log; none of them may be refused."""
        decoded = decode(self.tb.world.log.read(0, 10_000))
        assert decoded.refused == []
        return decoded.events

    def event(self, name: str) -> Event:
        """Return the only event of this name."""
        (found,) = [event for event in self.events() if event.name == name]
        return found

    def profile(self, identifier: str) -> Profile:
        """Return the profile of the person whom this identifies, once all is taken in."""
        self.tb.ingest()
        person = self.tb.person(identifier)
        return self.tb.world.people.profiles([person])[person]


@dataclasses.dataclass(slots=True)
class Shaky:
    """A collector that first is too busy, or breaks after storing; then all is well."""

    answers: list[str]
    bodies: list[Body] = dataclasses.field(default_factory=list)
    url: str = ""
    port: int = 0

    async def append(self, body: Body) -> int:
        """Fail as the next answer says, or store."""
        answer = self.answers.pop(0) if self.answers else "stored"
        if answer == "busy":
            return await collector.Gate(self._store, bodies=0).append(body)
        offset = await self._store(body)
        if answer == "broken":
            raise StoreError("the disk went away after the commit")
        return offset

    async def _store(self, body: Body) -> int:
        self.bodies.append(body)
        return len(self.bodies)

    def counts(self) -> Counter[str]:
        """Return how often each message id was stored."""
        records = [LogRecord(offset, body) for offset, body in enumerate(self.bodies, 1)]
        decoded = decode(records)
        assert decoded.refused == []
        return Counter(event.message_id for event in decoded.events)

    def application(self) -> ASGIApp:
        """Return both doors over this log."""
        doors = (collector, customerio)
        routes = [route for door in doors for route in door.routes(self.append, wall_clock)]
        return Starlette(routes=routes)


@contextmanager
def serving(application: ASGIApp, certificate: Path | None = None) -> Iterator[int]:
    """Serve on loopback, over TLS when there is a certificate; yield the port."""
    config = uvicorn.Config(
        application, lifespan="off", log_level="warning", access_log=False,
        ssl_certfile=certificate,
    )  # fmt: skip
    server = uvicorn.Server(config)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()  # who comes before the server is up waits in the queue
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """Return an empty shop, served; its worker stands still, so that tests say when it works."""
    with (
        Tailorbird.open(tmp_path / "shop", environment={}) as tb,
        serving(site(tb)) as port,
    ):
        yield Shop(tb, f"http://127.0.0.1:{port}", port)


@pytest.fixture
def secure_shop(tmp_path: Path, certificate: Path) -> Iterator[Shop]:
    """As `shop`, over TLS, for clients that speak nothing else."""
    with (
        Tailorbird.open(tmp_path / "shop", environment={}) as tb,
        serving(site(tb), certificate) as port,
    ):
        yield Shop(tb, f"https://127.0.0.1:{port}", port)


@pytest.fixture
def shaky() -> Iterator[Callable[..., Shaky]]:
    """Return `shaky(answers, certificate=None)`: a served collector that fails as told."""
    with ExitStack() as stack:

        def served(answers: Sequence[str], certificate: Path | None = None) -> Shaky:
            made = Shaky(list(answers))
            made.port = stack.enter_context(serving(made.application(), certificate))
            made.url = f"http://127.0.0.1:{made.port}"
            return made

        yield served


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file with a key and its certificate for 127.0.0.1, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    today = datetime.now(UTC)
    built = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = tmp_path_factory.mktemp("tls") / "loopback.pem"
    path.write_bytes(secret + built.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture(scope="session")
def sdks() -> Path:
    """Return the folder with the clients from npm, installed."""
    return _from_npm(SDKS)


@pytest.fixture(scope="session")
def handlebars_js() -> Path:
    """Return the folder with handlebars.js from npm, installed."""
    return _from_npm(HANDLEBARS)


@pytest.fixture(scope="session")
def amp_validator() -> Path:
    """Return the folder with the official validator of AMP, installed."""
    return _from_npm(AMP)


def _from_npm(folder: Path) -> Path:
    npm = shutil.which("npm") if shutil.which("node") else None
    if npm is None:
        _absent("there is no Node with npm on the PATH")
    else:
        _install(npm, folder)
    return folder


def _install(npm: str, folder: Path) -> None:
    """Install what the lock says, once, whichever worker comes first.

    Not by `npm ci`: it wants packages of every platform in the lock, also those that are optional.
    """
    lock, installed = folder / "package-lock.json", folder / "node_modules" / ".installed"
    with lock.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if installed.exists() and installed.read_bytes() == lock.read_bytes():
            return
        try:
            done = subprocess.run(
                [npm, "install"],
                cwd=folder, capture_output=True, text=True, check=False, timeout=INSTALL_SECONDS,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            _absent("npm could not install the clients in time")
            return
        if done.returncode:
            _absent(f"npm could not install the clients: {done.stderr[-500:]}")
        installed.write_bytes(lock.read_bytes())


def _absent(reason: str) -> None:
    """Skip; in CI, where all of it must be there, fail."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(name="serving")
def serving_fixture() -> Callable[..., AbstractContextManager[int]]:
    """Return `serving(application)`, for whatever else a test serves."""
    return serving
