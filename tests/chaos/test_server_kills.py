"""`tailorbird serve` killed again and again while a journey and a scheduled campaign are due.

Nobody gets a mail twice, nobody loses one, and nobody stays behind. The long version:
`SERVER_KILLS=100 .venv/bin/pytest tests/chaos/test_server_kills.py`.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import time
from collections import Counter
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.serving import killed, until

from tailorbird import authoring, flow, journeying
from tailorbird.app import Tailorbird
from tailorbird.journeys.triggers import Triggered
from tailorbird.schema import SECOND, Body
from tailorbird.stores.sqlite.connection import FILE_NAME, Database
from tailorbird.stores.sqlite.enrolments import SqliteEnrolments
from tailorbird.stores.sqlite.ledger import SqliteLedger

KILLS = int(os.environ.get("SERVER_KILLS", "4"))
PEOPLE = 60
LONGEST_LIFE_SECONDS = 1.5
TEMPLATE = """<mjml><mj-body><mj-section><mj-column><mj-text>
<a href="{{ unsubscribe_url }}">Leave</a></mj-text></mj-column></mj-section></mj-body></mjml>"""
EVERYBODY = "name: everybody\nwhere: {trait: orders, at_least: 0}\n"
JOURNEY = """\
name: tour
trigger: call
steps:
  - wait: 2s
  - {send: first, template: mail, subject: Hello}
  - wait: 2s
  - set: {stage: seen}
  - {send: second, template: mail, subject: Still here}
"""
CAMPAIGN = """\
name: spring
audience: everybody
template: mail
variants: {{only: {{subject: Spring}}}}
holdout: 0
recommendations: 0
schedule: {{at: "{at}"}}
"""
MAILS = ("spring", "tour/first", "tour/second")

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300 + 10 * KILLS)]


def prepared(folder: Path) -> None:
    """Have people set off in a journey, and a campaign due since a moment ago.

    It was written two minutes ago, so that nobody waits for the next minute to begin and it is
    the first servers that decide and send it.
    """
    begins = time.time_ns() // 1000
    now = begins - 120 * SECOND
    agreed = {"consent": {"email_marketing": True, "wordingVersion": "1"}}
    with Tailorbird.open(folder, clock=lambda: now, environment={}) as tb:
        people = [
            {"type": "identify", "messageId": f"m{n}", "userId": f"u{n}", "context": agreed,
             "traits": {"email": f"u{n}@mail.example"}}
            for n in range(PEOPLE)
        ]  # fmt: skip
        tb.world.log.append([Body("api", now, json.dumps({"batch": people}).encode())])
        flow.tick(tb.world, now)
        tb.put("segment", "everybody", EVERYBODY)
        tb.put("template", "mail", TEMPLATE)
        tb.put("journey", "tour", JOURNEY)
        at = datetime.fromtimestamp(begins / SECOND - 60, UTC)
        tb.put("campaign", "spring", CAMPAIGN.format(at=f"{at:%Y-%m-%dT%H:%M}"))
        journey, version = authoring.find_journey(tb.world, "tour")
        set_off = [Triggered(tb.person(f"u{n}"), begins, (n + 1) << 30) for n in range(PEOPLE)]
        assert journeying.enter(tb.world, journey, version, set_off, begins).entered == PEOPLE


def is_over(folder: Path) -> bool:
    """Return whether nobody is under way any more, and no mail waits."""
    with closing(Database(folder / FILE_NAME)) as database:
        ledger = SqliteLedger(database)
        decided = sum(people for _, _, _, people in ledger.verdicts("spring"))
        waits = SqliteEnrolments(database).places() or ledger.waits()
    return not waits and decided == PEOPLE


def test_killed_servers_send_every_mail_once(tmp_path: Path) -> None:
    folder, chance = tmp_path / "data", random.Random(7)
    prepared(folder)
    for _ in range(KILLS):
        with killed(folder) as (_, server), suppress(subprocess.TimeoutExpired):
            server.wait(chance.uniform(0, LONGEST_LIFE_SECONDS))
    with killed(folder):
        until(lambda: is_over(folder), seconds=120)
    with Tailorbird.open(folder, environment={}) as tb:
        flow.tick(tb.world, tb.clock())
        mails = Counter(entry.to for entry in tb.world.inbox.list(limit=10 * PEOPLE))
        assert mails == {f"u{n}@mail.example": len(MAILS) for n in range(PEOPLE)}
        for n in range(PEOPLE):
            person = tb.person(f"u{n}")
            made = tb.world.ledger.decisions(person=person)
            assert sorted(each.campaign for each in made) == sorted(MAILS)
            (way,) = tb.world.enrolments.of_person(person)
            steps = [each.step for each in tb.world.enrolments.records(way.id)]
            assert steps == ["", "1", "first", "3", "4", "second"]
            assert tb.world.people.profiles([person])[person].traits["stage"] == "seen"
