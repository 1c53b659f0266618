"""Kills a sending process again and again, and counts what its mail server got.

A nursery has imported everything and forks one sender a life, so that a life costs milliseconds.
The proxy decides the moment of each kill: between any two steps of the conversation; every sixth
comes instead at a random instant of the start, where the last life is being recovered from.

    python -m tests.chaos.delivery_kills --kills 2000 --messages 200000 --postfix --out kills.json

kills the design so often, and after that, with a twentieth of both, the two designs that fail.
With `--postfix` a real mail server of our own stands behind the proxy (Debian's package; as root).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from tests import postfix
from tests.chaos.smtp_faults import Odds, Proxy

from tailorbird.schema import HOUR, SECOND, Decision
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.sqlite.ledger import SqliteLedger

NOW: Final = 1_700_000_000 * SECOND
CONNECTIONS: Final = 4
LIFE: Final = 7 * HOUR
"""Between two lives: every deferred mail is due again."""
DESIGNS: Final = ("journal", "mark_after_send", "checkpoint")

NURSERY = """
import gc, json, os, sys
from pathlib import Path
from tailorbird.delivery.carriers.smtp import SmtpCarrier
from tailorbird.delivery.journal import FileJournal
from tailorbird.delivery.protocol import deliver, recover
from tailorbird.schema import Outgoing
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.sqlite.ledger import SqliteLedger

class Forgetful(FileJournal):
    def dot(self, *send_ids): pass
    def reply(self, *replies): pass

class NoJournal:
    def dot(self, *send_ids): pass
    def reply(self, *replies): pass

def mail(send_id):
    text = f"Message-ID: <{send_id.hex()}@x.example>\\r\\n\\r\\n" + "Hello there\\r\\n" * 20
    return Outgoing(send_id, "a@x.example", "b@y.example", text.encode())

def by_checkpoint(folder, carrier):
    ids = (folder / "ids").read_bytes()
    ids = [ids[at:at + 16] for at in range(0, len(ids), 16)]
    file = os.open(folder / "checkpoint", os.O_RDWR | os.O_CREAT)
    done = int(os.pread(file, 12, 0) or 0)
    number = {send_id: at for at, send_id in enumerate(ids)}
    for reply in carrier.send(map(mail, ids[done:]), NoJournal()):
        done = max(done, number[reply.send_id] + 1)
        os.pwrite(file, b"%012d" % done, 0)

def life(folder, port, now, design, limit, worker):
    folder = Path(folder)
    carrier = SmtpCarrier("127.0.0.1", port, tls="none", connections=4, timeout_seconds=20)
    if design == "checkpoint":
        return by_checkpoint(folder, carrier)
    ledger = SqliteLedger(Database(folder / "tailorbird.sqlite"))
    journal = (Forgetful if design == "mark_after_send" else FileJournal)(folder / worker)
    options = {"worker": worker, "policy": "assume_sent", "now": now, "max_attempts": 10_000}
    seen = recover(ledger, carrier, journal, others=False, **options)
    os.write(1, b'{"unknown": %d}\\n' % len(seen.unknown))
    deliver(ledger, carrier, journal, lambda claim: mail(claim.send_id), batch=50, limit=limit,
            **options)

gc.freeze()
os.write(1, b'{"ready": true}\\n')
for line in sys.stdin:
    if not (child := os.fork()):
        status = 0
        try:
            life(*json.loads(line))
        except BaseException as error:
            os.write(2, f"{type(error).__name__}: {error}\\n".encode())
            status = 1
        os._exit(status)
    os.write(1, b'{"pid": %d}\\n' % child)
    ended = os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    os.write(1, b'{"end": %d}\\n' % (-ended.si_status if ended.si_code != os.CLD_EXITED
                                     else ended.si_status))
    sys.stdin.readline()  # until nobody means to kill it any more, the dead keeps its number
    os.waitpid(child, 0)
"""


@dataclass
class Figures:
    """What so many kills did."""

    design: str
    kills: int = 0
    messages: int = 0
    duplicates: int = 0
    lost: int = 0
    """Called sent, or done with, and never taken by the server; or never ended at all."""
    unknown: int = 0
    unknown_taken: int = 0
    """Of the unknown, those that the server had taken."""
    most_unknown_after_a_kill: int = 0
    """Beyond those whose answer the proxy swallowed in that life."""
    failed: int = 0
    failed_unrefused: int = 0
    """Called failed, and the server never refused it: 0."""
    lost_answers: int = 0
    faults: int = 0

    def __iadd__(self, other: Figures) -> Figures:
        for name, value in asdict(other).items():
            if name.startswith("most"):
                setattr(self, name, max(getattr(self, name), value))
            elif name != "design":
                setattr(self, name, getattr(self, name) + value)
        return self


class Killer:
    """Kills one process, at a moment of the proxy or at an instant of its start."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._lock = threading.Lock()
        self._pid = 0
        self._at = sys.maxsize

    def aim(self, at: int) -> None:
        """Kill the next process at this moment of the proxy."""
        with self._lock:
            self._at = at

    def see(self, pid: int) -> None:
        """Learn which process it is."""
        with self._lock:
            self._pid = pid

    def forget(self) -> None:
        """Kill nobody any more."""
        with self._lock:
            self._pid, self._at = 0, sys.maxsize

    def moment(self, number: int) -> None:
        """Kill, when it is time; now and then a little later, anywhere in the sender's work."""
        if number < self._at:
            return
        if self._rng.random() < 0.5:
            time.sleep(self._rng.random() * 0.004)
        self.kill()

    def kill(self) -> None:
        """Kill now."""
        with self._lock:
            if self._pid:
                with suppress(ProcessLookupError):
                    os.kill(self._pid, signal.SIGKILL)


class Nursery:
    """Starts one sender after the other, and waits for its end."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", NURSERY], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._next() == {"ready": True}

    def live(
        self, order: list[Any], killer: Killer, delay: float | None
    ) -> tuple[bool, int | None]:
        """Return whether a sender lived to its end, and how many unknowns it began with.

        None: it was killed before it had recovered.
        """
        self._say(json.dumps(order))
        unknown = None
        timer = None
        while "end" not in (word := self._next()):
            unknown = word.get("unknown", unknown)
            if "pid" in word:
                killer.see(int(word["pid"]))
                if delay is not None:
                    timer = threading.Timer(delay, killer.kill)
                    timer.start()
        if timer is not None:
            timer.cancel()
        killer.forget()
        self._say("")
        assert word["end"] in (0, -signal.SIGKILL), "a sender failed"
        return word["end"] == 0, unknown

    def close(self) -> None:
        """Send it home."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()

    def _next(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the nursery died"
        word: dict[str, Any] = json.loads(line)
        return word


@contextmanager
def nursery() -> Iterator[Nursery]:
    """Yield a nursery, and close it."""
    opened = Nursery()
    try:
        yield opened
    finally:
        opened.close()


def campaign(
    nurseries: Sequence[Nursery],
    folder: Path,
    design: str,
    *,
    people: int,
    kills: int,
    odds: Odds = Odds(0.004),  # noqa: B008 - frozen
    seed: int = 0,
    server_port: int | None = None,
) -> Figures:
    """Send to so many people while killing senders, then let them end; return what happened.

    Each nursery has one worker at a time; all of them share the outbox, and one at a time dies.
    """
    rng = random.Random(seed)
    ids = _decided(folder, people, rng)
    killer = Killer(rng)
    proxy = Proxy(odds, seed=seed, server_port=server_port, on_moment=killer.moment)
    figures = Figures(design, messages=people)
    spacing = 7 * people // (kills + 1) // len(nurseries)
    # Who is not under fire must leave some work for the rounds to come.
    limit = None if len(nurseries) == 1 else people // (kills + 1) + 20
    life = lost = before = 0
    over = False
    while not over:
        delay = None
        if figures.kills < kills:
            soon = rng.random() < 1 / 6
            delay = rng.random() * 0.05 if soon else None
            killer.aim(proxy.record.moments + 1 + rng.randrange(2 * spacing))
        if figures.kills >= kills:
            proxy.odds = Odds()
        order = [str(folder), proxy.port, NOW + life * LIFE, design, limit]
        ended, doubts = _round(nurseries, order, rng.randrange(len(nurseries)), killer, delay)
        if None not in doubts:
            beyond = sum(filter(None, doubts)) - lost
            figures.most_unknown_after_a_kill = max(figures.most_unknown_after_a_kill, beyond)
            lost = 0
        proxy.quiet()
        lost, before = lost + proxy.record.lost_answers - before, proxy.record.lost_answers
        figures.kills += ended.count(False)
        over = all(ended) and _ended(folder, design, people)
        life += 1
    proxy.quiet()
    proxy.close()
    return _judged(figures, proxy, folder, ids)


def _round(
    nurseries: Sequence[Nursery], order: list[Any], target: int, killer: Killer, delay: float | None
) -> tuple[list[bool], list[int | None]]:
    """Have every worker live once, one of them under fire; return who ended, and their doubts."""

    def live(number: int) -> tuple[bool, int | None]:
        aimed = number == target
        nobody = Killer(random.Random(0))
        said = [*order, f"worker-{number + 1}"]
        return nurseries[number].live(said, killer if aimed else nobody, delay if aimed else None)

    with ThreadPoolExecutor(len(nurseries)) as pool:
        found = list(pool.map(live, range(len(nurseries))))
    return [ended for ended, _ in found], [doubts for _, doubts in found]


def _decided(folder: Path, people: int, rng: random.Random) -> list[bytes]:
    """Record a decision for each, and return their ids."""
    ids = sorted(rng.randbytes(16) for _ in range(people))
    (folder / "ids").write_bytes(b"".join(ids))
    database = Database(folder / "tailorbird.sqlite")
    SqliteLedger(database).record(
        [Decision(each, "c", 1, "1", at, NOW, "send") for at, each in enumerate(ids)]
    )
    database.close()
    return ids


def _ended(folder: Path, design: str, people: int) -> bool:
    """Return whether the sender thinks that nothing is left to do."""
    if design == "checkpoint":
        return int((folder / "checkpoint").read_text()) >= people
    database = Database(folder / "tailorbird.sqlite")
    states = SqliteLedger(database).states()
    database.close()
    return not {"pending", "claimed"} & states.keys()


def _judged(figures: Figures, proxy: Proxy, folder: Path, ids: list[bytes]) -> Figures:
    """Compare what the server took with what the sender thinks."""
    record = proxy.record
    figures.duplicates = sum(times - 1 for times in record.taken.values())
    figures.lost_answers, figures.faults = record.lost_answers, record.faults.total()
    if figures.design == "checkpoint":
        taken_or_refused = record.taken.keys() | record.rejected
        figures.lost = sum(each.hex() not in taken_or_refused for each in ids)
        return figures
    states: dict[str, str] = {}
    database = Database(folder / "tailorbird.sqlite")
    ledger = SqliteLedger(database)
    for each in ids:
        settlement = ledger.settlement(each)
        states[each.hex()] = settlement.state if settlement else "pending"
    database.close()
    counts = Counter(states.values())
    figures.unknown, figures.failed = counts["unknown"], counts["failed"]
    for name, state in states.items():
        taken = name in record.taken
        figures.unknown_taken += state == "unknown" and taken
        figures.lost += state not in {"unknown", "failed"} and not taken
        # A refusal before the text names nobody: the proxy keeps that there was one.
        refused = name in record.rejected or "" in record.rejected
        figures.failed_unrefused += state == "failed" and (taken or not refused)
    return figures


def trial(
    design: str,
    *,
    kills: int,
    messages: int,
    campaigns: int = 1,
    workers: int = 1,
    server_port: int | None = None,
    seed: int = 0,
) -> Figures:
    """Return the sum over several campaigns, each in a folder of its own."""
    total = Figures(design)
    with ExitStack() as stack:
        opened = [stack.enter_context(nursery()) for _ in range(workers)]
        for number in range(campaigns):
            with tempfile.TemporaryDirectory() as folder:
                total += campaign(
                    opened,
                    Path(folder),
                    design,
                    people=messages // campaigns,
                    kills=kills // campaigns,
                    seed=seed + number,
                    server_port=server_port,
                )
            print(json.dumps(asdict(total)), file=sys.stderr, flush=True)  # noqa: T201
    return total


def _share(design: str, asked: argparse.Namespace, server: postfix.Postfix | None) -> Figures:
    """Try the design in full, and those that fail with a twentieth of it."""
    part = 1 if design == "journal" else 20
    return trial(
        design,
        kills=asked.kills // part,
        messages=asked.messages // part,
        campaigns=max(1, asked.campaigns // part),
        workers=asked.workers if part == 1 else 1,
        server_port=server.port if server else None,
    )


def main() -> None:
    """Run the long proof and write its result."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=2000)
    parser.add_argument("--messages", type=int, default=200_000)
    parser.add_argument("--campaigns", type=int, default=20)
    parser.add_argument("--workers", type=int, default=1, help="processes that share the outbox")
    parser.add_argument("--postfix", action="store_true", help="a real Postfix behind the proxy")
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    behind: AbstractContextManager[postfix.Postfix | None] = nullcontext()
    if asked.postfix:
        behind = postfix.running(discards=True)
    with behind as server:
        results = [asdict(_share(design, asked, server)) for design in DESIGNS]
    used = os.times()
    result = {
        "behind_the_proxy": "Postfix" if asked.postfix else "nothing: the proxy takes the mail",
        "workers": asked.workers,
        "connections_of_a_worker": CONNECTIONS,
        "designs": results,
        "cpu_seconds": round(used.user + used.system + used.children_user + used.children_system),
    }
    text = json.dumps(result, indent=2)
    print(text)  # noqa: T201
    if asked.out:
        asked.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
