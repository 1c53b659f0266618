"""Segments over sessions and contexts: kept up bit by bit, they equal asking everybody anew."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from tailorbird import segments
from tailorbird.errors import DefinitionError
from tailorbird.schema import DAY, HOUR, MINUTE, Context, Event, Names, ResolvedEvent
from tailorbird.segments.write import write
from tailorbird.stores.duckdb.facts import DuckFacts
from tailorbird.ties import Home

START = 1_760_000_000_000_000
DEVICES = ("phone", "desktop", "tablet")
LIBRARY = {
    "often": "where: {trait: sessions_30d, at_least: 3}",
    "long": "where: {did: session_ended, where: {context.session_seconds: {at_least: 900}}}",
    "browsed": "where: {did: session_started, then_not: purchase, within: 2h, since: 3d}",
    "phones": (
        "where: {did: session_started, where: {context.device: phone}, within: 1d, "
        "times: {at_least: 2}}"
    ),
    "evening": "where: {did: page_viewed, where: {context.hour: {at_least: 18}}, within: 2d}",
    "usually": "where: {trait: usual_device, is: phone}",
    "quick": "where: {trait: last_session_seconds, less_than: 120}",
    "came": "where: {trait: last_channel, is: search}",
    "reader": "where: {did: page_left, sum: {of: dwell_seconds, at_least: 100}, within: 1d}",
    "gone": "where: {did_not: session_started, within: 1d}",
}


@pytest.fixture
def facts() -> Iterator[DuckFacts]:
    store = DuckFacts(None)
    yield store
    store.close()


def test_bit_by_bit_equals_anew_at_every_instant(facts: DuckFacts) -> None:
    draw = random.Random(5)
    library = [segments.parse(f"name: {name}\n{text}", name) for name, text in LIBRARY.items()]
    now, position, flips = START, 0, 0
    for round_ in range(40):
        batch = []
        for _ in range(draw.randrange(4)):
            position += 1
            late = draw.choice([0, 0, 0, 5 * MINUTE, 40 * MINUTE, 3 * HOUR])
            batch.append(_act(draw, position, now - late))
        homes = [Home(2, 1, position)] if round_ == 15 else []
        homes += [Home(2, 2, position)] if round_ == 27 else []
        facts.append(_at_home(batch, round_), homes, round_ + 1)
        flips += len(segments.refresh(facts, library, now=now))
        assert segments.verify(facts, library, now=now) == []
        now += draw.choice([MINUTE, 10 * MINUTE, 31 * MINUTE, 5 * HOUR, DAY])
    assert flips > 60


def _at_home(batch: list[ResolvedEvent], round_: int) -> list[ResolvedEvent]:
    if not 15 < round_ < 27:
        return batch
    return [ResolvedEvent(r.event, 1, 2) if r.person == 2 else r for r in batch]


def _act(draw: random.Random, position: int, at: int) -> ResolvedEvent:
    name = draw.choice([Names.PAGE_VIEWED, Names.PAGE_VIEWED, Names.PAGE_LEFT, Names.PURCHASE])
    seen = name != Names.PURCHASE
    context = Context(
        session_id=draw.choice(["", "", "s"]) if seen else "",
        device=draw.choice(DEVICES),
        page="/" if seen else "",
        channel=draw.choice(["", "search", "direct"]),
        utc_offset=draw.choice([0, 120, -300]),
    )
    event = Event(
        message_id=str(position), name=name, at=at, received_at=at, position=position,
        source="web", context=context, machine=draw.random() < 0.1,
        dwell_seconds=draw.randrange(90) if name == Names.PAGE_LEFT else 0,
    )  # fmt: skip
    return ResolvedEvent(event, draw.randrange(1, 6))


def test_a_context_that_is_not_known_is_refused_with_the_nearest() -> None:
    text = "name: x\nwhere: {did: page_viewed, where: {context.devise: phone}}"
    with pytest.raises(DefinitionError, match=r"context\.device"):
        segments.parse(text, "x")


def test_a_property_of_the_sender_keeps_its_own_name(facts: DuckFacts) -> None:
    event = Event(
        message_id="m", name="x", at=START, received_at=START, position=1, source="web",
        context=Context(device="phone"), properties={"device": "fridge"},
    )  # fmt: skip
    facts.append([ResolvedEvent(event, 1)], [], 1)
    for name, members in (("device", []), ("context.device", [1])):
        one = segments.parse(f"name: y\nwhere: {{did: x, where: {{{name}: phone}}}}", "y")
        assert segments.people(facts, one, [], as_of=START) == members
        assert segments.parse(write(one), "y").condition == one.condition
