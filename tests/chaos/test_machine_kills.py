"""Two machines that send from one PostgreSQL, both killed again and again: each mail leaves once.

Between the kills the server ends every connection, and people withdraw their consent at the home.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from tests.chaos.smtp_faults import Odds, Proxy
from tests.postgres import Server as Postgres
from tests.postgres import running

from tailorbird import flow, sending
from tailorbird.app import Tailorbird
from tailorbird.schema import Body

PEOPLE = 120
CONNECTIONS = 2
DISASTERS = 10
BEHIND = 25
"""How many mails must still lie between what leaves now and whoever withdraws."""
MOST_LOOKS = 3000
SEED = 7
TEMPLATE = '<mjml><mj-body><mj-section><mj-column><mj-text>Dear {{ person.first_name }}, \
<a href="{{ unsubscribe_url }}">leave</a></mj-text></mj-column></mj-section></mj-body></mjml>'
CAMPAIGN = """
name: spring
audience: everybody
template: spring
variants: {only: {subject: "Spring"}}
holdout: 0
recommendations: 0
"""


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    with running() as server:
        yield server


class Machine:
    """One host: a folder, and the process that sends from it. A `fleeting` one loses its disk."""

    def __init__(self, folder: Path, key: Path, settings: dict[str, str], *, fleeting: bool):
        self._folder, self._key, self._settings = folder, key, settings
        self._fleeting = fleeting
        self._lives = 0
        self.process = self._born()

    def _born(self) -> subprocess.Popen[bytes]:
        self._lives += 1
        folder = self._folder / str(self._lives if self._fleeting else 1)
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(self._key, folder)
        command = [sys.executable, "-m", "tailorbird", "worker", "--folder", str(folder)]
        return subprocess.Popen(
            command,
            env=os.environ | self._settings,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def die(self) -> None:
        """Lose the process, and with a fleeting machine all that it kept."""
        self.process.kill()
        self.process.wait()
        if self._fleeting:
            shutil.rmtree(self._folder / str(self._lives))
        self.process = self._born()

    def end(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Disasters:
    """Decides at which moments of the mails' way what goes wrong."""

    def __init__(self, home: Tailorbird, server: Postgres, seed: int) -> None:
        self._home, self._server = home, server
        self._rng = random.Random(seed)
        self._left = DISASTERS
        self._next = 30
        self._lock = threading.Lock()
        self.machines: list[Machine] = []
        self.proxy: Proxy | None = None
        self.withdrawn: list[str] = []
        self.kills = 0

    def moment(self, number: int) -> None:
        with self._lock:
            if number < self._next or not self._left or not self.machines:
                return
            self._next = number + self._rng.randrange(15, 60)
            self._left -= 1
            kind = ("kill", "cut", "withdraw", "kill", "withdraw")[self._left % 5]
            if kind == "kill":
                self.kills += 1
                self._rng.choice(self.machines).die()
            elif kind == "cut":
                self._server.cut_off()
            else:
                self._withdraw()

    def raise_the_fallen(self) -> None:
        """Start those anew who found no server when they began, as a supervisor does."""
        with self._lock:
            for each in self.machines:
                if each.process.poll() is not None:
                    each.die()

    def _withdraw(self) -> None:
        assert self.proxy is not None
        ids = [each.id for each in self._home.world.ledger.decisions(limit=PEOPLE)]
        by_person = sorted(ids, key=self._person)
        waiting = [each for each in by_person if each.hex() not in self.proxy.record.taken]
        if len(waiting) > BEHIND:
            chosen = next(e for e in reversed(waiting) if e.hex() not in self.withdrawn)
            assert flow.unsubscribe(self._home.world, chosen, self._home.clock())
            self.withdrawn.append(chosen.hex())

    def _person(self, send_id: bytes) -> int:
        found = self._home.world.ledger.decision(send_id)
        assert found is not None
        return found.person


def _decided(home: Tailorbird) -> None:
    agreed = {"consent": {"email_marketing": True, "wordingVersion": "1"}}
    events = [
        {"type": "identify", "messageId": f"i{n}", "userId": f"u{n}", "context": agreed,
         "traits": {"first_name": "Ada", "email": f"u{n}@mail.example"}}
        for n in range(PEOPLE)
    ]  # fmt: skip
    home.world.log.append([Body("api", home.clock(), msgspec.json.encode({"batch": events}))])
    home.ingest()
    home.put("segment", "everybody", "name: everybody\nwhere: {trait: orders, at_least: 0}\n")
    home.put("template", "spring", TEMPLATE)
    home.put("campaign", "spring", CAMPAIGN)
    home.refresh()
    assert home.decide("spring").recorded == PEOPLE


@pytest.mark.chaos
@pytest.mark.slow
def test_two_machines_killed_again_and_again_send_each_mail_once(
    postgres: Postgres, tmp_path: Path
) -> None:
    proxy = Proxy(Odds())
    settings = {
        "TAILORBIRD_LEDGER__URL": postgres.owner,
        "TAILORBIRD_LEDGER__DEAD_AFTER_SECONDS": "0.5",
        "TAILORBIRD_DELIVERY__CARRIER": "smtp",
        "TAILORBIRD_DELIVERY__SMTP_PORT": str(proxy.port),
        "TAILORBIRD_DELIVERY__SMTP_TLS": "none",
        "TAILORBIRD_DELIVERY__SMTP_CONNECTIONS": str(CONNECTIONS),
        "TAILORBIRD_PACE__RATE__ANY": "60/s",
    }
    with Tailorbird.open(tmp_path / "home", environment=settings) as home:
        _decided(home)
        disasters = Disasters(home, postgres, seed=SEED)
        disasters.proxy, proxy.on_moment = proxy, disasters.moment
        key = tmp_path / "home" / "tailorbird.key"
        machines = [
            Machine(tmp_path / "lasting", key, settings, fleeting=False),
            Machine(tmp_path / "fleeting", key, settings, fleeting=True),
        ]
        disasters.machines += machines
        try:
            for _ in range(MOST_LOOKS):
                if not {"pending", "claimed"} & home.world.ledger.states().keys():
                    break
                disasters.raise_the_fallen()
                threading.Event().wait(0.1)
        finally:
            disasters.machines.clear()
            for each in machines:
                each.end()
        proxy.quiet()
        _judge(home, proxy, disasters)
    proxy.close()


def _judge(home: Tailorbird, proxy: Proxy, disasters: Disasters) -> None:
    taken = proxy.record.taken
    ends = {}
    for decision in home.world.ledger.decisions(limit=PEOPLE):
        settlement = home.world.ledger.settlement(decision.id)
        assert settlement is not None
        ends[decision.id.hex()] = settlement.state
    counts = Counter(ends.values())
    assert disasters.kills >= 3
    assert len(disasters.withdrawn) >= 2
    assert max(taken.values()) == 1
    assert not {name for name, state in ends.items() if state == "sent"} - taken.keys()
    assert not {*disasters.withdrawn} & taken.keys()
    assert {ends[name] for name in disasters.withdrawn} == {"cancelled"}
    assert counts["cancelled"] == len(disasters.withdrawn)
    assert counts["failed"] == 0
    # A dot whose answer nobody knows, for each connection of whoever was killed or cut off.
    assert counts["unknown"] <= DISASTERS * CONNECTIONS
    told = sending.announce(home.world)
    assert told == counts["sent"] + counts["unknown"]
