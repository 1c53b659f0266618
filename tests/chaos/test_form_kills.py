"""A server that is killed while it asks for confirmations asks every address once."""

from __future__ import annotations

import random
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from tailorbird import forms
from tailorbird.app import Tailorbird
from tailorbird.collect.forms_answers import Value
from tailorbird.collect.forms_messages import Submission
from tailorbird.schema import SECOND

START = 1_750_000_000 * SECOND
ADDRESSES = 120
KILLS = 8
TICKS = """
import sys
from pathlib import Path
from tailorbird import flow
from tailorbird.app import Tailorbird

now = int(sys.argv[2])
with Tailorbird.open(Path(sys.argv[1]), clock=lambda: now, environment={}) as tb:
    print("ready", flush=True)
    while True:
        flow.tick(tb.world, now)
        print("ticked", flush=True)
"""


def started(folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", TICKS, str(folder), str(START + SECOND)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.chaos
@pytest.mark.timeout(240)
def test_a_kill_at_any_moment_asks_nobody_twice_and_forgets_nobody(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    wait = random.Random(11)
    given = [f"p{number}@people.example" for number in range(ADDRESSES)]
    with Tailorbird.open(folder, clock=lambda: START, environment={}) as tb:
        tb.install_library()
        form, version = forms.find(tb.world, "newsletter")
        for number, address in enumerate(given):
            name = forms.anonymous_id(tb.world, address)
            values: dict[str, Value] = {"email": address, "news": True}
            sent = Submission(f"s{number}", form.name, version, START, name, values)
            for _ in range(1 + number % 3):  # a reload tells it again
                forms.submit(tb.world, form, sent)
    for _ in range(KILLS):
        with started(folder) as process:
            with suppress(subprocess.TimeoutExpired):
                process.wait(wait.uniform(0, 0.4))
            process.kill()
    with started(folder) as process:
        assert process.stdout is not None
        for _ in range(2):
            assert process.stdout.readline() == "ticked\n"
        process.kill()
    with Tailorbird.open(folder, clock=lambda: START, environment={}) as tb:
        mails = [
            message_from_bytes(c, policy=policy.default) for _, _, c in tb.world.inbox.since(0, 999)
        ]
        asked = Counter(str(mail["To"]) for mail in mails)
        assert asked == Counter(given)
        assert tb.world.ledger.states() == {"sent": ADDRESSES}
