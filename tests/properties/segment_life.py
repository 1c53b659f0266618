"""A random life: events late, simultaneous and to come, merges and scores, on a random clock."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.properties.segment_author import NAMES, START, WINDOWS, Author
from tests.properties.segment_naive import History
from tests.properties.segment_traits import LISTS, traits

from tailorbird import segments
from tailorbird.schema import DAY, HOUR, Context, Event, Instant, Line, ResolvedEvent
from tailorbird.stores.duckdb.facts import DuckFacts
from tailorbird.ties import Home

PEOPLE = 14


@dataclass
class Life:
    """Appends random events, late ones and ones from the future, on a clock with random steps."""

    rng: random.Random
    facts: DuckFacts
    now: Instant = START
    offset: int = 0
    history: History = field(default_factory=History)
    parts: dict[int, list[int]] = field(default_factory=dict)
    """Whom the merges so far have made one with each survivor."""

    def step(self) -> None:
        self.now += self.rng.choice((1, HOUR, HOUR, 5 * HOUR, DAY, 2 * DAY, 9 * DAY))
        self.offset += 1
        count = self.rng.choice((0, 1, 3, 12))
        events = [ResolvedEvent(self.event(i), self.anybody()) for i in range(count)]
        for each in events:
            if each.person is not None:
                self.history.events.setdefault(each.person, []).append(each.event)
        if len(self.history.events) > 4 and self.rng.random() < 0.08:
            self.facts.append(events, self.merge(), self.offset)
        else:
            self.facts.append(events, [], self.offset)
        if self.history.events and self.rng.random() < 0.2:
            self.score(self.rng.choice(sorted(self.history.events)))

    def anybody(self) -> int | None:
        """Return whose the next event is; a few are nobody's, as sales at a counter are."""
        if self.rng.random() < 0.05:
            return None
        drawn = 1 + int(PEOPLE * self.rng.random() ** 2)
        # Who was merged is found in the survivor, of whom all that comes is told.
        return next((one for one, parts in self.parts.items() if drawn in parts), drawn)

    def event(self, index: int) -> Event:
        pick, draw = self.rng.choice, self.rng.random()
        at = self.now - self.rng.randrange(8) * HOUR
        if draw < 0.3:
            at = self.now - pick((*WINDOWS, 400 * DAY)) + pick((-1, 0, 0, 1))
        elif draw < 0.4:
            at = self.now + pick((1, HOUR, DAY, 3 * DAY))
        name = pick((*NAMES, "purchase", "identify", "identify", "list_added", "list_removed"))
        item, category = pick(("i1", "i2", "i3", "i4")), pick(("a", "b", "c", ""))
        products = name in NAMES[:4] and self.rng.random() < 0.8
        lines: tuple[Line, ...] = (Line(item, "", category, pick((1, 2)), self.rng.randrange(500)),)
        if products and self.rng.random() < 0.4:
            lines += (Line("i5", "", pick("ab"), 1, 200),)
        properties: dict[str, Any] = {"rating": pick((1, 2, 2.5, 3, "good"))}
        if self.rng.random() < 0.5:
            properties["channel"] = pick(("app", "web"))
        if name in ("list_added", "list_removed"):
            properties = {"list": pick(LISTS)}
        return Event(
            message_id="", name=name, at=at, received_at=self.now,
            position=self.offset << 20 | index, source="test", order_id=pick(("", "o1", "o2")),
            item=item if products else "", category=category if products else pick(("a", "")),
            quantity=pick((1, 2)), value_minor=self.rng.randrange(1200),
            campaign=pick(("", "spring", "summer")),
            send_id=pick(("", "m1", "m2", "m3")), machine=self.rng.random() < 0.3,
            lines=lines if products else (), properties=properties if name != "identify" else {},
            context=Context(page=pick(("", "/p", "/q")), utc_offset=pick((0, 0, 120, -300))),
            dwell_seconds=self.rng.randrange(200) if name == "page_left" else 0,
            traits=traits(self.rng, self.now) if name == "identify" else {},
        )  # fmt: skip

    def merge(self) -> list[Home]:
        survivor, loser = self.rng.sample(sorted(self.history.events), 2)
        self.history.events[survivor] += self.history.events.pop(loser)
        self.history.scores.pop(loser, None)
        self.parts.setdefault(survivor, [survivor]).extend(self.parts.pop(loser, [loser]))
        position = self.offset << 20 | 999
        return [Home(owner, survivor, position) for owner in self.parts[survivor]]

    def score(self, person: int) -> None:
        value = self.rng.randrange(1_000_000)
        scores = self.history.scores.setdefault(person, [])
        scores[:] = [each for each in scores if each[0] != self.now] + [(self.now, value)]
        insert = "INSERT INTO scores VALUES ('repeat_purchase', $1, $2, $3, $4)"
        self.facts.write([(insert, (self.offset, person, self.now, value))])


def mismatches(seed: int, *, ticks: int = 14, definitions: int = 10) -> Iterator[str]:
    """Yield where a standing answer, or one about the past, is not what the events say."""
    rng = random.Random(seed)
    author, life = Author(rng), Life(rng, DuckFacts(None))
    library = [author.segment(f"s{number}") for number in range(definitions)]
    by_name = {segment.name: segment for segment in library}
    for tick in range(ticks):
        life.step()
        segments.refresh(life.facts, library, now=life.now)
        past = life.now - rng.choice((1, HOUR, DAY, 30 * DAY)) * rng.randrange(3)
        people = sorted(life.history.events)
        for segment in library:
            stood = segments.members(life.facts, segment.name)
            were = segments.people(life.facts, segment, library, as_of=past)
            for at, found in ((life.now, stood), (past, were)):
                naive = ((each, life.history.person(each, by_name, at)) for each in people)
                if found != [each for each, reading in naive if reading.member(segment.condition)]:
                    yield f"seed {seed} tick {tick}: {segment} is wrong at {at} of {life.now}"
    life.facts.close()
