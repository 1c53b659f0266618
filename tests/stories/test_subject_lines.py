"""Subject lines over a data folder: learnt from campaigns' own tests, compared, put to a test."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.drawn import DRAWN

from tailorbird import subject_lines
from tailorbird.app import Tailorbird
from tailorbird.cli import run
from tailorbird.errors import ModelError
from tailorbird.readings import models
from tailorbird.schema import DAY, HOUR, Body, Instant
from tailorbird.tracking import events

NOW: Instant = 20_600 * DAY
PEOPLE = 240
NOUNS = ("boots", "coats", "lamps", "mugs", "plates", "scarves", "chairs", "candles")


def iso(at: Instant) -> str:
    return datetime.fromtimestamp(at / 1_000_000, UTC).isoformat()


def subject(noun: str, *, asks: bool) -> str:
    return f"have you seen our new {noun}?" if asks else f"our new {noun} have come"


def campaign(name: str, noun: str) -> str:
    return (
        f"name: {name}\naudience: everybody\ntemplate: plain\nholdout: 0\nrecommendations: 0\n"
        f'variants: {{asks: {{subject: "{subject(noun, asks=True)}"}}, '
        f'tells: {{subject: "{subject(noun, asks=False)}"}}}}\n'
    )


def sent(tb: Tailorbird, name: str, rng: np.random.Generator) -> None:
    """Have a campaign decided, sent, and opened: those who are asked open twice as often."""
    tb.decide(name)
    said = []
    for each in tb.world.ledger.decisions(campaign=name, limit=PEOPLE + 1):
        about: dict[str, Any] = {"person": each.person, "campaign": name, "variant": each.variant}
        said.append(events.sent_event(each.id, at=each.at + HOUR, **about))
        rate = 0.5 if each.variant == "asks" else 0.25
        if rng.random() < rate:
            said.append(events.opened_event(each.id, at=each.at + 2 * HOUR, **about))
        machine = events.opened_event(each.id, at=each.at + HOUR, machine=True, **about)
        said.append(machine)
    content = msgspec.json.encode({"batch": said})
    tb.world.log.append([Body("tracking", tb.clock() + 3 * HOUR, content)])


@pytest.fixture
def clock() -> list[Instant]:
    return [NOW]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def tb(folder: Path, clock: list[Instant]) -> Iterator[Tailorbird]:
    """Return a folder of some hundred people who agreed to mails."""
    with Tailorbird.open(folder, clock=lambda: clock[0], environment=DRAWN) as opened:
        agreed = {"email_marketing": True, "tracking": True, "personalisation": True}
        said = [
            {
                "type": "identify", "userId": f"p{number}", "messageId": f"i{number}",
                "timestamp": iso(NOW - 100 * DAY),
                "traits": {"email": f"p{number}@mail.example"},
                "context": {"consent": {"categoryPreferences": agreed}},
            }
            for number in range(1, PEOPLE + 1)
        ]  # fmt: skip
        opened.world.log.append([Body("server:shop", NOW, msgspec.json.encode({"batch": said}))])
        opened.ingest()
        everybody = "name: everybody\nwhere: {trait: orders, at_least: 0}\n"
        opened.put("segment", "everybody", everybody)
        opened.put(
            "template", "plain",
            '<mjml><mj-body><mj-section><mj-column><mj-text>Hello <a href="{{ unsubscribe_url }}">'
            "leave</a></mj-text></mj-column></mj-section></mj-body></mjml>",
        )  # fmt: skip
        opened.refresh()
        yield opened


def have_tested(tb: Tailorbird, clock: list[Instant], count: int) -> None:
    rng = np.random.default_rng(2)
    for number in range(count):
        clock[0] = NOW + number * 8 * DAY
        name = f"news-{number}"
        tb.put("campaign", name, campaign(name, NOUNS[number % len(NOUNS)]))
        sent(tb, name, rng)
    clock[0] = NOW + count * 8 * DAY
    tb.ingest()


def test_own_tests_count_people_who_opened_and_no_machine(
    tb: Tailorbird, clock: list[Instant]
) -> None:
    have_tested(tb, clock, 1)
    rows = subject_lines.own_tests(tb.world, clock[0]).to_pylist()
    assert [row["subject"] for row in rows] == [
        subject("boots", asks=True),
        subject("boots", asks=False),
    ]
    assert sum(row["people"] for row in rows) == PEOPLE
    rates = [row["wins"] / row["people"] for row in rows]
    assert rates[0] == pytest.approx(0.5, abs=0.2)
    assert rates[1] == pytest.approx(0.25, abs=0.2)


def test_without_own_tests_nobody_is_called_and_a_test_is_proposed(tb: Tailorbird) -> None:
    found = subject_lines.advise(tb.world, ["our new boots?", "OUR NEW BOOTS"], NOW)
    assert (found.called, found.why) == ("", "unproven")
    assert found.test is not None
    assert not found.test.own_rate
    assert found.test.people == 2 * found.test.people_each
    assert sum(each.chance for each in found.candidates) == pytest.approx(1)
    assert found.candidates[1].reasons[0].what == "WORDS IN CAPITALS"
    assert found.candidates[1].reasons[0].speaks == "against"


def test_tests_of_others_from_a_file_are_the_prior_of_your_own(
    tb: Tailorbird, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a file of 60 tests in which questions win, a winner may be called."""
    rng = np.random.default_rng(4)
    rows = []
    for number in range(60):
        for asks in (True, False):
            nouns = f"{rng.choice(NOUNS)} and {rng.choice(NOUNS)} {number}"
            wins = int(rng.binomial(500, 0.35 if asks else 0.2))
            rows.append({"test": str(number), "subject": subject(nouns, asks=asks),
                         "people": 500, "wins": wins})  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "others.parquet")
    tb.close()
    args = ["-C", str(folder)]
    assert run(["subjects", "learn", "--from", str(tmp_path / "others.parquet"), *args]) == 0
    capsys.readouterr()
    subjects = [subject("mugs", asks=False), subject("mugs", asks=True)]
    assert run(["subjects", "score", *subjects, *args, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["called"] == subject("mugs", asks=True)
    assert run(["subjects", "score", *subjects, *args]) == 0
    assert "drawn at random" in capsys.readouterr().out
    assert run(["subjects", "learn", "--from", str(tmp_path / "none.csv"), *args]) == 2


def test_your_own_tests_are_learnt_kept_and_carded(tb: Tailorbird, clock: list[Instant]) -> None:
    have_tested(tb, clock, 4)
    card = subject_lines.learn(tb.world, clock[0])
    assert (card.kind, card.serves) == ("subject_lines", False)
    assert "only 4 pairs" in card.why
    assert {each.name: each.target for each in models.rows(tb.world)}[card.name] == "subject_lines"
    assert subject_lines.standing(tb.world).tests == 4
    found = subject_lines.advise(tb.world, ["one of our boots", "our boots"], clock[0])
    assert found.test is not None
    assert found.test.own_rate
    assert found.test.rate == pytest.approx(0.375, abs=0.08)
    assert "subject_lines" in {each.name for each in tb.model_cards()}


def test_a_corpus_without_a_column_is_refused(tb: Tailorbird) -> None:
    with pytest.raises(ModelError, match="'wins' is missing"):
        subject_lines.learn(tb.world, NOW, pa.table({"test": [1], "subject": ["a"], "people": [1]}))
