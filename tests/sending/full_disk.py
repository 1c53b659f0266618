"""Sends from a folder whose disk runs full again and again; prints what came of it, as JSON.

`python full_disk.py FOLDER`: FOLDER is on a small file system, or else the files that this process
writes are kept from growing.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from tailorbird import flow
from tailorbird.app import Tailorbird
from tailorbird.errors import StoreError
from tailorbird.ports import Journal
from tailorbird.schema import MINUTE, SECOND, Body, Decision, Outgoing, Reply

NOW = 1_700_000_000 * SECOND
PEOPLE = 120
FULL_AT = ((0, 0), (0, 24), (1, 0), (60, 0), (60, 8), (119, 0))
"""At which mail of a life the disk runs full, before the first for 0; the kibibytes left then."""


class Taking:
    """Takes every mail, and has something happen at one of them."""

    name = "taking"

    def __init__(self, at: int, happen: Callable[[], object]) -> None:
        self.taken: list[str] = []
        self._at = at
        self._happen = happen

    def send(self, messages: Iterator[Outgoing], journal: Journal) -> Iterator[Reply]:
        for message in messages:
            journal.dot(message.send_id)
            self.taken.append(message.send_id.hex())
            if len(self.taken) == self._at:
                self._happen()
            reply = Reply(message.send_id, "accepted", 250, "taken " + "x" * 200)
            journal.reply(reply)
            yield reply

    def found(self, send_ids: Sequence[bytes]) -> dict[bytes, bool] | None:
        return None


@contextmanager
def filled(folder: Path, kibibytes: int) -> Iterator[None]:
    """Leave so much room on the folder's disk while the block runs."""
    filler = folder.parent / "filler"
    free = os.statvfs(folder.parent)
    rest = free.f_bavail * free.f_frsize - (kibibytes << 10)
    filler.write_bytes(bytes(max(0, rest)))
    try:
        yield
    finally:
        filler.unlink()


@contextmanager
def kept_from_growing(folder: Path, kibibytes: int) -> Iterator[None]:
    """Let no file grow beyond so much more than the journal has."""
    journal = folder / "delivery.journal"
    size = journal.stat().st_size + (kibibytes << 10)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)


def small(folder: Path) -> bool:
    """Return whether the folder is alone on a small disk."""
    disk = os.statvfs(folder)
    return disk.f_blocks * disk.f_frsize < 1 << 27


def decided(tb: Tailorbird) -> None:
    """Have everybody come, and a mail decided for each."""
    agreed = {"consent": {"email_marketing": True, "wordingVersion": "1"}}
    batch = [
        {"type": "identify", "messageId": f"i{n}", "userId": f"p{n}", "context": agreed,
         "traits": {"email": f"p{n}@mail.example"}}
        for n in range(PEOPLE)
    ]  # fmt: skip
    tb.world.log.append([Body("api", NOW, json.dumps({"batch": batch}).encode())])
    tb.ingest()


def more(tb: Tailorbird, life: int) -> None:
    """Decide another mail for everybody."""
    made = [
        Decision(
            f"{life:08}{n:08}".encode(), "spring", 1, str(life), n + 1, NOW, "send", variant="only"
        )
        for n in range(PEOPLE)
    ]
    tb.world.ledger.record(made)


def lives(tb: Tailorbird, folder: Path) -> dict[str, Any]:
    """Send in one life after another, each on a disk that runs full, then with room."""
    room = filled if small(folder.parent) else kept_from_growing
    said: list[str] = []
    taken: list[str] = []
    for life, (at, space) in enumerate(FULL_AT):
        more(tb, life)
        with ExitStack() as full:
            fill = partial(full.enter_context, room(folder, space))
            carrier = Taking(at, fill)
            world = replace(tb.world, carrier=carrier)
            if at == 0:
                fill()
            try:
                flow.deliver(world, NOW + life * MINUTE)
            except StoreError as error:
                said.append(error.what)
        flow.deliver(world, NOW + life * MINUTE)
        taken += carrier.taken
    return {
        "said": said, "taken": taken, "states": tb.world.ledger.states(),
        "small": small(folder.parent), "faults": [each.kind for each in tb.world.audit.faults()],
    }  # fmt: skip


def main(folder: Path) -> None:
    """Print what came of it."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with Tailorbird.open(folder, clock=lambda: NOW, environment={}) as tb:
        tb.put("template", "spring", "<p>Dear {{ person.first_name | default: 'you' }}</p>")
        tb.put("segment", "everybody", "name: everybody\nwhere: {trait: orders, at_least: 0}\n")
        tb.put("campaign", "spring", "name: spring\naudience: everybody\ntemplate: spring\n"
               "variants: {only: {subject: Spring}}\n")  # fmt: skip
        decided(tb)
        print(json.dumps(lives(tb, folder)))  # noqa: T201 - to whoever started it


if __name__ == "__main__":
    main(Path(sys.argv[1]))
