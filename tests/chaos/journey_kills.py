"""Kills a worker that advances journeys again and again, and counts every step that was made.

A nursery has imported everything and forks one worker a life; it is killed at a random instant
after it has opened the folder, while it moves people, decides mails and says traits to the log.

    python -m tests.chaos.journey_kills --kills 1000 --enrolments 20000 --out kills.json
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
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import msgspec

from tailorbird import authoring, flow, journeying
from tailorbird.app import Tailorbird
from tailorbird.journeys.triggers import Triggered
from tailorbird.schema import SECOND, Body
from tailorbird.stores.sqlite.connection import FILE_NAME

START: Final = 1_700_000_000 * SECOND
AT_ONCE: Final = 500
LONGEST_LIFE_SECONDS: Final = 0.8
TEMPLATE: Final = """\
<mjml><mj-body><mj-section><mj-column><mj-text>
<a href="{{ unsubscribe_url }}">Leave</a></mj-text></mj-column></mj-section></mj-body></mjml>
"""
JOURNEY: Final = """\
name: rounds
trigger: {{call: true}}
steps:
  - {{wait: 1m, id: begin}}
  - id: draw
    split:
      quiet: {{share: 94}}
      told: {{share: 4, steps: [{{set: {{stage: seen}}, id: stage}}]}}
      written: {{share: 2, steps: [{{send: hello, template: mail, subject: Hello}}]}}
  - {{jump: {{to: begin, most: {rounds}}}, id: again}}
  - {{exit: enough, id: leave}}
"""


@dataclass(frozen=True, slots=True)
class Trial:
    """What so many kills did to so many enrolments."""

    kills: int
    enrolments: int
    steps: int
    """That were recorded, entries among them."""
    mails: int
    traits: int
    unfinished: int
    """Enrolments that never came to their end: lost."""
    broken_paths: int
    """Enrolments with a step that does not begin where the one before ended, or made twice."""
    mails_amiss: int
    """Steps without a decision, or decisions without a step."""
    traits_amiss: int
    """Steps that said nothing to the log, or said it twice."""


def prepare(folder: Path, enrolments: int, rounds: int) -> None:
    """Make a shop in which so many people have just entered the journey."""
    with Tailorbird.open(folder, clock=lambda: START, environment={}) as tb:
        consent = {"email_marketing": True, "wordingVersion": "1"}
        for first in range(0, enrolments, 1_000):
            people = range(first, min(first + 1_000, enrolments))
            batch = [
                {
                    "type": "identify", "userId": f"u{n}", "messageId": f"i{n}",
                    "traits": {"email": f"u{n}@mail.example"}, "context": {"consent": consent},
                }
                for n in people
            ]  # fmt: skip
            tb.world.log.append([Body("server", START, msgspec.json.encode({"batch": batch}))])
        tb.ingest()
        tb.put("template", "mail", TEMPLATE)
        tb.put("journey", "rounds", JOURNEY.format(rounds=rounds))
        journey, version = authoring.find_journey(tb.world, "rounds")
        entering = [Triggered(person, START, person) for person in range(1, enrolments + 1)]
        journeying.enter(tb.world, journey, version, entering, START)


def live(folder: Path, told: int) -> None:
    """Move everybody who is due, minute by minute, until nobody is left."""
    with Tailorbird.open(folder, clock=lambda: START, environment={}) as tb:
        os.write(told, b"ready\n")
        while (due := tb.world.enrolments.next_due(-1)) is not None:
            flow.ingest(tb.world)
            journeying.react(tb.world, due)
            journeying.advance(tb.world, due, AT_ONCE)
        os.write(told, b"done\n")


def nursery(folder: Path) -> None:
    """Fork a worker for each line that comes in; say who it is, and when it is gone."""
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            os.write(1, f"{os.getpid()}\n".encode())
            try:
                live(folder, 1)
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        os.write(1, b"gone\n")


def trial(
    folder: Path, *, kills: int, enrolments: int, rounds: int, minutes: float = 60, seed: int = 1
) -> Trial:
    """Kill workers so often while they work, or so long; then let one finish, and count."""
    until = time.monotonic() + minutes * 60
    rng, killed = random.Random(seed), 0
    prepare(folder, enrolments, rounds)
    command = [sys.executable, "-m", "tests.chaos.journey_kills", "--nursery", str(folder)]
    place = Path(__file__).resolve().parents[2]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": place}
    with subprocess.Popen(command, **pipes) as nurse:  # type: ignore[call-overload] # one dict
        said, heard = nurse.stdin, nurse.stdout
        finished = False
        while not finished:
            said.write("live\n")
            said.flush()
            child = int(heard.readline())
            heard.readline()
            if killed < kills and time.monotonic() < until:
                time.sleep(rng.uniform(0, LONGEST_LIFE_SECONDS))
                with suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
                killed += 1
            words = iter(heard.readline, "gone\n")
            finished = "done\n" in list(words)
        said.close()
    return counted(folder, killed, rounds)


def counted(folder: Path, kills: int, rounds: int) -> Trial:
    """Return what the folder says was done."""
    import sqlite3

    with closing(sqlite3.connect(folder / FILE_NAME)) as database:
        run = database.execute
        names = dict(run("SELECT code, word FROM journey_words").fetchall())
        rows = run(
            "SELECT enrolment, number, step, outcome, next FROM enrolment_steps "
            "ORDER BY enrolment, number"
        )
        broken: set[int] = set()
        outcomes: Counter[str] = Counter()
        at: dict[int, int] = {}
        number: Counter[int] = Counter()
        jumps: Counter[int] = Counter()
        for enrolment, place, step, outcome, to in rows:
            if place != number[enrolment] or step != at.get(enrolment, 0):
                broken.add(enrolment)
            at[enrolment] = to
            number[enrolment] += 1
            outcomes[names[outcome]] += 1
            jumps[enrolment] += names[outcome] == "jumped"
        broken |= {each for each, times in jumps.items() if times != rounds}
        (unfinished,) = run("SELECT COUNT(*) FROM enrolments WHERE ended = 0").fetchone()
        bodies = run("SELECT content FROM log WHERE source = 'journey'").fetchall()
    with Tailorbird.open(folder, clock=lambda: START, environment={}) as tb:
        decided = sum(tb.world.ledger.states("rounds/hello").values())
    messages = [
        message["messageId"] for (body,) in bodies for message in msgspec.json.decode(body)["batch"]
    ]
    amiss = abs(len(messages) - outcomes["updated"]) + len(messages) - len(set(messages))
    return Trial(
        kills, len(at), sum(outcomes.values()), outcomes["sent"], outcomes["updated"],
        unfinished, len(broken), abs(decided - outcomes["sent"]), amiss,
    )  # fmt: skip


def main(given: Sequence[str] | None = None) -> None:
    """Run the proof, and print and keep what it found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1_000)
    parser.add_argument("--enrolments", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--nursery", type=Path)
    options = parser.parse_args(given)
    if options.nursery:
        nursery(options.nursery)
        return
    with tempfile.TemporaryDirectory() as folder:
        found = trial(
            Path(folder) / "data", kills=options.kills, enrolments=options.enrolments,
            rounds=options.rounds, minutes=options.minutes,
        )  # fmt: skip
    told = json.dumps(asdict(found), indent=2)
    sys.stdout.write(told + "\n")
    if options.out:
        options.out.write_text(told + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
