"""Sessions follow from the facts, however late, in whatever order, under whichever number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailorbird.schema import DAY, MINUTE, Context, Event, Names, PersonId, ResolvedEvent
from tailorbird.stores.duckdb.facts import DuckFacts
from tailorbird.ties import Home
from tailorbird.traits.registry import TRAITS
from tailorbird.traits.table import table

START = 1_760_000_000_000_000
PAUSE = 30 * MINUTE
TRAITS_OF_SESSIONS = [name for name in TRAITS if "session" in name or name.startswith("usual")]


@pytest.fixture
def facts() -> Iterator[DuckFacts]:
    store = DuckFacts(None)
    yield store
    store.close()


def act(
    position: int,
    minute: int,
    person: PersonId = 1,
    name: str = Names.PAGE_VIEWED,
    **fields: Any,
) -> ResolvedEvent:
    at = START + minute * MINUTE
    context = Context(**{"page": "/", "device": "phone"} | fields.pop("context", {}))
    event = Event(
        message_id=str(position), name=name, at=at, received_at=at, position=position,
        source="web", context=context, **fields,
    )  # fmt: skip
    return ResolvedEvent(event, person)


def sessions(facts: DuckFacts) -> list[tuple[int, int, int, int]]:
    """Return (person, first minute, last minute, acts)."""
    rows = facts.read('SELECT * FROM sessions ORDER BY person, "at", session_id').to_pylist()
    return [
        (row["person"], _minute(row["at"]), _minute(row["until"]), row["events"]) for row in rows
    ]


def _minute(at: int) -> int:
    return (at - START) // MINUTE


def everything(facts: DuckFacts) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = facts.read("SELECT * FROM sessions ORDER BY ALL").to_pylist()
    return rows


def test_thirty_minutes_without_an_act_end_a_session(facts: DuckFacts) -> None:
    facts.append([act(1, 0), act(2, 29), act(3, 59), act(4, 70)], [], 1)
    assert sessions(facts) == [(1, 0, 29, 2), (1, 59, 70, 2)]


def test_a_late_act_joins_two_sessions(facts: DuckFacts) -> None:
    facts.append([act(1, 0), act(2, 50)], [], 1)
    assert len(sessions(facts)) == 2
    facts.append([act(3, 25)], [], 2)
    assert sessions(facts) == [(1, 0, 50, 3)]


def test_an_act_before_all_others_begins_the_session(facts: DuckFacts) -> None:
    facts.append([act(1, 10, context={"page": "/second"})], [], 1)
    facts.append([act(2, 0, context={"page": "/first", "utm_source": "news"})], [], 2)
    (row,) = everything(facts)
    assert (row["page"], row["utm_source"], row["position"]) == ("/first", "news", 2)


def test_people_who_are_one_have_one_session_and_two_when_they_are_two_again(
    facts: DuckFacts,
) -> None:
    facts.append([act(1, 0, 1), act(2, 10, 2)], [], 1)
    facts.append([], [Home(2, 1, 3)], 2)
    assert sessions(facts) == [(1, 0, 10, 2)]
    facts.append([], [Home(2, 2, 4)], 3)
    assert sessions(facts) == [(1, 0, 0, 1), (2, 10, 10, 1)]


def test_an_act_that_is_taken_back_leaves_its_session(facts: DuckFacts) -> None:
    facts.append([act(1, 0), act(2, 20), act(3, 40)], [], 1)
    back = act(
        4, 50, name=Names.EVENT_RETRACTED, properties={"position": "2"}, context={"page": ""}
    )
    facts.append([back], [], 2)
    assert sessions(facts) == [(1, 0, 0, 1), (1, 40, 40, 1)]


def test_a_sender_that_names_its_sessions_keeps_two_devices_apart(facts: DuckFacts) -> None:
    phone, desk = {"session_id": "a"}, {"session_id": "b", "device": "desktop"}
    facts.append(
        [
            act(1, 0, context=phone),
            act(2, 1, context=desk),
            act(3, 2, context=phone),
            act(4, 3, context=desk),
        ],
        [],
        1,
    )
    assert sessions(facts) == [(1, 0, 2, 2), (1, 1, 3, 2)]


def test_what_nobody_did_before_a_screen_is_no_session(facts: DuckFacts) -> None:
    unseen = {"page": "", "device": ""}
    facts.append(
        [
            act(1, 0, name=Names.EMAIL_SENT, context=unseen),
            act(2, 1, name=Names.PURCHASE, context=unseen),
            act(3, 2, machine=True),
        ],
        [],
        1,
    )
    assert sessions(facts) == []


def test_traits_tell_the_sessions_as_of_an_instant(facts: DuckFacts) -> None:
    acts = [act(1, 0), act(2, 20), act(3, 100), act(4, 24 * 60 * 40)]
    facts.append(acts, [], 1)

    def told(minute: int) -> dict[str, Any]:
        names = ["sessions_30d", "last_session_at", "last_session_seconds", "usual_device"]
        rows = table(facts, names, as_of=START + minute * MINUTE, people=[1]).to_pylist()
        return {name: rows[0][name] for name in names}

    early = told(10)
    assert early == {
        "sessions_30d": 1,
        "last_session_at": START,
        "last_session_seconds": None,  # it has not ended
        "usual_device": "phone",
    }
    assert told(49)["last_session_seconds"] is None
    assert told(50)["last_session_seconds"] == 20 * 60
    assert told(200)["sessions_30d"] == 2
    assert told(24 * 60 * 41)["sessions_30d"] == 1
    assert told(24 * 60 * 41)["last_session_at"] == START + 40 * DAY


def test_a_retold_fact_changes_no_past_answer(facts: DuckFacts) -> None:
    facts.append([act(1, 0), act(2, 20)], [], 1)
    before = table(facts, TRAITS_OF_SESSIONS, as_of=START + 60 * MINUTE, people=[1])
    facts.append([act(3, 60 * 24), act(4, 60 * 24 + 5)], [], 2)
    assert table(facts, TRAITS_OF_SESSIONS, as_of=START + 60 * MINUTE, people=[1]) == before


ACTS = st.tuples(
    st.integers(0, 200),
    st.integers(1, 3),
    st.sampled_from(["", "", "a", "b"]),
    st.sampled_from([Names.PAGE_VIEWED, Names.PAGE_VIEWED, Names.PURCHASE]),
)


@settings(max_examples=40)
@given(st.lists(st.lists(ACTS, max_size=6), min_size=1, max_size=5), st.booleans())
def test_counted_bit_by_bit_or_at_once_the_sessions_are_the_same(
    batches: Sequence[Sequence[tuple[int, int, str, str]]], merged: bool
) -> None:
    resolved: list[list[ResolvedEvent]] = []
    position = 0
    for batch in batches:
        resolved.append([])
        for minute, person, session, name in batch:
            position += 1
            page = "/" if name == Names.PAGE_VIEWED else ""
            context = {"session_id": session, "page": page}
            resolved[-1].append(act(position, minute, person, name, context=context))
    bit_by_bit, at_once = DuckFacts(None), DuckFacts(None)
    homes = [Home(2, 1, position + 1)] if merged else []
    for offset, events in enumerate(resolved, 1):
        bit_by_bit.append(events, [], offset)
    bit_by_bit.append([], homes, len(resolved) + 1)
    whole = [event for events in resolved for event in events]
    at_once.append(whole, homes, 1)
    assert everything(bit_by_bit) == everything(at_once)
    assert sorted(sessions(at_once)) == sorted(_by_hand(whole, merged))
    bit_by_bit.close()
    at_once.close()


def _by_hand(events: Sequence[ResolvedEvent], merged: bool) -> Iterator[tuple[int, int, int, int]]:
    """Yield the sessions as a person with a pencil would count them."""

    def whose(resolved: ResolvedEvent) -> tuple[int, str]:
        person = 1 if merged and resolved.person == 2 else resolved.person or 0
        return person, resolved.event.context.session_id

    seen = [each for each in events if each.event.context.page or each.event.context.session_id]
    for (person, _), group in groupby(sorted(seen, key=whose), key=whose):
        run: list[int] = []
        for at in sorted(each.event.at for each in group):
            if run and at - run[-1] >= PAUSE:
                yield person, _minute(run[0]), _minute(run[-1]), len(run)
                run = []
            run.append(at)
        yield person, _minute(run[0]), _minute(run[-1]), len(run)
