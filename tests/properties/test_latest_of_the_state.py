"""The latest mails of each person, found without sorting, in whatever order they came."""

from __future__ import annotations

import random

import pytest

from tailorbird import segments
from tailorbird.schema import DAY, HOUR, Event, Names, ResolvedEvent
from tailorbird.segments import compile as compiler
from tailorbird.stores.duckdb import state
from tailorbird.stores.duckdb.facts import DuckFacts
from tailorbird.traits import laid

NOW = 20_000 * DAY
ANSWERED = (
    "{{did: email_sent, of_last: {last}, answered_by: email_opened, linked_by: campaign, "
    "times: {{at_least: {times}}}{more}}}"
)


@pytest.fixture(autouse=True)
def _put_in_order_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "LOOSE", 9)


def mails(seed: int, many: int = 80) -> list[ResolvedEvent]:
    """Return mails and opens of a few people: late, early, and several at one instant."""
    rng = random.Random(seed)
    return [
        ResolvedEvent(
            Event(
                message_id="", name=rng.choice((Names.EMAIL_SENT, Names.EMAIL_OPENED)),
                at=NOW - rng.randrange(-2, 40) * HOUR, received_at=NOW, position=offset << 20,
                source="test", campaign=rng.choice(("a", "b", "c", "d", "")),
            ),
            1 + rng.randrange(8),
        )
        for offset in range(1, many)
    ]  # fmt: skip


def answered(events: list[ResolvedEvent], last: int, times: int, as_of: int) -> list[int]:
    """Return who opened so many of her latest mails, told naively."""
    found = []
    for person in range(1, 9):
        hers = [r.event for r in events if r.person == person and r.event.at <= as_of]
        sent = sorted(
            (each.at, each.position, each.campaign)
            for each in hers
            if each.name == Names.EMAIL_SENT
        )
        opened = {each.campaign for each in hers if each.name == Names.EMAIL_OPENED} - {""}
        if sum(campaign in opened for _, _, campaign in sent[-last:]) >= times:
            found.append(person)
    return found


def people(facts: DuckFacts, where: str, as_of: int, *, from_state: bool = True) -> list[int]:
    segment = segments.parse(f"name: s\nwhere: {where}\n", "s.yaml")
    asked = compiler.members(segment, as_of=as_of, state=from_state)
    assert ("LEAD" in asked.sql) == from_state
    found: list[int] = facts.read(asked.sql, asked.parameters, asked.tables)["person"].to_pylist()
    return found


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("at_once", [6, 80], ids=["some", "all at once"])
def test_the_latest_are_the_latest_in_whatever_order_they_came(seed: int, at_once: int) -> None:
    facts, events = DuckFacts(None), mails(seed)
    for start in range(0, len(events), at_once):
        some = events[start : start + at_once]
        facts.append(some, [], some[-1].event.position >> 20)
    for renewed in (False, True):
        for last, times, as_of in ((1, 1, NOW), (2, 1, NOW), (3, 2, NOW - 9 * HOUR), (5, 2, NOW)):
            where = ANSWERED.format(last=last, times=times, more="")
            assert people(facts, where, as_of) == answered(events, last, times, as_of), renewed
        facts.renew_state()
    facts.close()


@pytest.mark.parametrize("more", [", answered_within: 3h", ", within: 90d"])
def test_answers_in_time_and_mails_of_late_are_the_same_from_the_facts(more: str) -> None:
    for seed in range(2):
        facts, events = DuckFacts(None), mails(seed)
        facts.append(events, [], 80)
        where = ANSWERED.format(last=4, times=2, more=more)
        both = [people(facts, where, NOW, from_state=which) for which in (True, False)]
        assert both[0] == both[1]
        facts.close()


def test_a_chain_taken_for_a_whole_history_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(laid, "SEVERAL", 1_000)
    wrong = 0
    for seed in range(2):
        facts, events = DuckFacts(None), mails(seed)
        for start in range(0, len(events), 6):
            some = events[start : start + 6]
            facts.append(some, [], some[-1].event.position >> 20)
        where = ANSWERED.format(last=2, times=1, more="")
        wrong += people(facts, where, NOW) != answered(events, 2, 1, NOW)
        facts.close()
    assert wrong
