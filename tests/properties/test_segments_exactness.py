"""Standing membership, full evaluation and a naive reading of the events agree at every instant."""

from __future__ import annotations

import operator
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tailorbird import segments
from tailorbird.schema import DAY, HOUR, Event, Instant, Line, ResolvedEvent
from tailorbird.segments import conditions as c
from tailorbird.stores.duckdb.facts import DuckFacts
from tailorbird.ties import Home
from tailorbird.traits.terms import Op, Rows, Upcoming, Value

START = 20_000 * DAY + 7 * HOUR
PEOPLE = 14
BARE = ("exists", "missing")
NAMES = ("purchase", "return", "add_to_cart", "product_viewed", "email_opened", "email_clicked")
WINDOWS = (HOUR, 6 * HOUR, DAY, 2 * DAY, 7 * DAY, 30 * DAY)
ORDER: tuple[Op, ...] = ("=", "!=", "<", "<=", ">", ">=")
OPERATORS = (operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge)
ASK: dict[Op, Callable[[Any, Any], bool]] = dict(zip(ORDER, OPERATORS, strict=True))
POINTS = {"email_opened": 1, "email_clicked": 3}

# -- the naive reading: plain loops over plain events, sharing nothing with the compiler ----------


def compares(value: Any, comparison: c.Comparison) -> bool:
    if comparison.op in BARE:
        return (value is None) == (comparison.op == "missing")
    if value is None or isinstance(value, str) != isinstance(comparison.operands[0], str):
        return False
    if comparison.op in ASK:
        return ASK[comparison.op](value, comparison.operands[0])
    return (value in comparison.operands) == (comparison.op == "in")


@dataclass
class History:
    events: dict[int, list[Event]] = field(default_factory=dict)
    scores: dict[int, list[tuple[Instant, int]]] = field(default_factory=dict)

    def person(self, person: int, library: dict[str, c.Segment], t: Instant) -> Naive:
        happened = sorted(self.events[person], key=lambda event: (event.at, event.position))
        seen = [event for event in happened if event.at <= t]
        scores = [score for score in self.scores.get(person, []) if score[0] <= t]
        return Naive(seen, scores, library, t)


@dataclass
class Naive:
    seen: list[Event]
    scores: list[tuple[Instant, int]]
    library: dict[str, c.Segment]
    t: Instant

    def member(self, condition: c.Condition) -> bool:
        return bool(self.seen) and self.holds(condition)

    def holds(self, condition: c.Condition) -> bool:
        match condition:
            case c.All(inner):
                return all(self.holds(each) for each in inner)
            case c.Any(inner):
                return any(self.holds(each) for each in inner)
            case c.Not(one):
                return not self.holds(one)
            case c.InSegment(name):
                return self.holds(self.library[name].condition)
            case c.DidNot(event, where, within, older_than):
                return not self.matching(event, where, within, older_than)
            case c.Did():
                return self.did(condition)
            case c.Then():
                return self.then(condition)
            case c.TraitIs(name, comparison):
                return compares(self.trait(name), comparison)

    def matching(
        self, name: str, where: tuple[c.Filter, ...], within: int | None, older_than: int = 0
    ) -> list[Event]:
        return [
            event
            for event in self.seen
            if event.name == name
            and (within is None or event.at > self.t - within)
            and event.at <= self.t - older_than
            and passes(event, where)
        ]

    def did(self, did: c.Did) -> bool:
        events = self.matching(did.event, did.where, did.within, did.older_than)
        if did.total is None:
            return compares(len(events), did.times or c.Comparison(">=", (1,)))
        asked = [each for each in did.where if each.property in ("item", "category")]
        if asked:
            lines = [line for event in events for line in event.lines if fits(line, asked)]
            price = did.total.of == "value_minor"
            total = sum(line.quantity * (line.price_minor if price else 1) for line in lines)
            return compares(total, did.total.comparison)
        return compares(sum(getattr(e, did.total.of) for e in events), did.total.comparison)

    def then(self, then: c.Then) -> bool:
        wait = (then.within or 0) if then.absent else 0
        older_than = max(wait, then.older_than)
        for first in self.matching(then.event, then.where, then.since, older_than):
            followed = any(
                (second.at, second.position) > (first.at, first.position)
                and (then.within is None or second.at <= first.at + then.within)
                for second in self.matching(then.then, then.then_where, None)
            )
            if followed != then.absent:
                return True
        return False

    def orders(self, name: str, within: int | None = None) -> int:
        events = self.matching(name, (), within)
        return len({event.order_id or event.position for event in events})

    def trait(self, name: str) -> Any:
        bought = self.matching("purchase", (), None)
        spent = sum(event.value_minor for event in bought)
        match name:
            case "orders":
                return self.orders("purchase")
            case "recency_days":
                return (self.t - bought[-1].at) // DAY if bought else None
            case "tenure_days":
                return (self.t - bought[0].at) // DAY if bought else None
            case "revenue_minor":
                returned = self.matching("return", (), None)
                return spent - sum(abs(event.value_minor) for event in returned)
            case "average_order_minor":
                return int(spent / self.orders("purchase")) if bought else None
            case "tier":
                year = self.orders("purchase", 365 * DAY)
                steps = ((13, "gold"), (5, "silver"), (1, "bronze"), (0, "none"))
                return next(label for least, label in steps if year >= least)
            case "favourite_category":
                return self.favourite(bought)
            case "engagement":
                human = [event for event in self.seen if not event.machine]
                return sum(POINTS.get(event.name, 0) * self.weight(event) for event in human) / 1e6
            case "purchase_score":
                return max(self.scores)[1] / 1e6 if self.scores else None
            case declared:
                values = [event.traits[declared] for event in self.seen if declared in event.traits]
                return values[-1] if values else None

    def weight(self, event: Event) -> int:
        share: float = 0.5 ** ((self.t // DAY - event.at // DAY) / 30)
        return round(1e6 * share)

    def favourite(self, bought: list[Event]) -> str | None:
        counts: Counter[str] = Counter()
        latest: dict[str, Instant] = {}
        for event in bought:
            for category in {line.category for line in event.lines if line.category}:
                counts[category] += 1
                latest[category] = event.at
        ranked = sorted(counts, key=lambda name: (-counts[name], -latest[name], name))
        return ranked[0] if ranked else None


def passes(event: Event, where: tuple[c.Filter, ...]) -> bool:
    products = [each for each in where if each.property in ("item", "category")]
    rest = [each for each in where if each not in products]
    own = Line(item=event.item, category=event.category)
    return (not products or any(fits(line, products) for line in (own, *event.lines))) and all(
        compares(value_of(event, each.property), each.comparison) for each in rest
    )


def fits(line: Line, filters: list[c.Filter]) -> bool:
    return all(compares(getattr(line, f.property) or None, f.comparison) for f in filters)


def value_of(event: Event, name: str) -> Any:
    if name in ("rating", "channel"):
        return event.properties.get(name)
    return getattr(event, name) if name != "campaign" else event.campaign or None


# -- random definitions ---------------------------------------------------------------------------


@dataclass
class Author:
    rng: random.Random
    written: list[str] = field(default_factory=list)

    def segment(self, name: str) -> c.Segment:
        segment = c.Segment(name, self.tree(0))
        self.written.append(name)
        return segment

    def tree(self, depth: int) -> c.Condition:
        draw = self.rng.random()
        if depth > 2 or draw < 0.45:
            return self.leaf()
        if draw < 0.65:
            return c.All(tuple(self.tree(depth + 1) for _ in range(self.rng.choice((1, 2, 3)))))
        if draw < 0.9:
            return c.Any((self.tree(depth + 1), self.tree(depth + 1)))
        return c.Not(self.tree(depth + 1))

    def leaf(self) -> c.Condition:
        draw, pick = self.rng.random(), self.rng.choice
        if draw < 0.05 and self.written:
            return c.InSegment(pick(self.written))
        if draw < 0.3:
            return self.trait()
        if draw < 0.5:
            return self.then()
        within = pick((None, *WINDOWS))
        older_than = pick((0, 0, *(w for w in WINDOWS if within is None or w < within)))
        if draw < 0.6:
            return c.DidNot(pick(NAMES), self.where(), within, older_than)
        times = total = None
        if draw < 0.75:
            times = c.Comparison(pick(ORDER), (pick((0, 1, 1, 2, 3)),))
        elif draw < 0.85:
            amount = c.Comparison(pick((">=", "<")), (self.rng.randrange(3000),))
            total = c.Total(pick(("value_minor", "quantity")), amount)
        return c.Did(pick(NAMES), self.where(), times, total, within, older_than)

    def then(self) -> c.Then:
        pick = self.rng.choice
        within, absent = pick((None, HOUR, DAY, 3 * DAY)), self.rng.random() < 0.6
        since = pick((None, *(w for w in WINDOWS if w > max(within or 0, HOUR))))
        older_than = pick((0, 0, HOUR))
        first, second = pick(NAMES[:4]), pick(NAMES[:4])
        wheres = self.where(), self.where()
        return c.Then(first, second, absent, *wheres, within, since, older_than)

    def where(self) -> tuple[c.Filter, ...]:
        pick = self.rng.choice
        filters = [
            c.Filter("category", c.Comparison(pick(("=", "!=")), (pick("ab"),))),
            c.Filter("item", c.Comparison("in", ("i1", "i2", "i3"))),
            c.Filter("value_minor", c.Comparison(">", (self.rng.randrange(900),))),
            c.Filter("campaign", c.Comparison(pick(("=", "missing")), ("spring",))),
            c.Filter("machine", c.Comparison("=", (False,))),
            c.Filter("channel", c.Comparison(pick(("=", "missing", "exists", "!=")), ("app",))),
            c.Filter("rating", c.Comparison(pick((">=", "<")), (pick((2, 2.5, 3)),))),
        ]
        chosen = self.rng.sample(filters, pick((0, 0, 1, 1, 2)))
        return tuple(
            c.Filter(f.property, c.Comparison(f.comparison.op)) if f.comparison.op in BARE else f
            for f in chosen
        )

    def trait(self) -> c.Condition:
        pick, draw = self.rng.choice, self.rng.randrange
        numbers = [
            ("orders", draw(5)), ("recency_days", draw(12)), ("tenure_days", draw(25)),
            ("revenue_minor", draw(4000)), ("average_order_minor", draw(900)),
            ("engagement", draw(40) / 8), ("purchase_score", draw(10) / 10), ("age", draw(60)),
        ]  # fmt: skip
        traits = [
            *(c.TraitIs(name, c.Comparison(pick(ORDER), (least,))) for name, least in numbers),
            c.TraitIs("tier", c.Comparison("in", (pick(("gold", "bronze", "none")), "silver"))),
            c.TraitIs("favourite_category", c.Comparison("=", (pick("ab"),))),
            c.TraitIs("country", c.Comparison("!=", (pick(("DE", "FR")),))),
            c.TraitIs("country", c.Comparison("missing")),
        ]
        return pick(traits)


# -- a random life --------------------------------------------------------------------------------


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
            self.history.events.setdefault(each.person or 0, []).append(each.event)
        if len(self.history.events) > 4 and self.rng.random() < 0.08:
            self.facts.append(events, self.merge(), self.offset)
        else:
            self.facts.append(events, [], self.offset)
        if self.history.events and self.rng.random() < 0.2:
            self.score(self.rng.choice(sorted(self.history.events)))

    def anybody(self) -> int:
        return 1 + int(PEOPLE * self.rng.random() ** 2)

    def event(self, index: int) -> Event:
        pick, draw = self.rng.choice, self.rng.random()
        at = self.now - self.rng.randrange(8) * HOUR
        if draw < 0.3:
            at = self.now - pick((*WINDOWS, 400 * DAY)) + pick((-1, 0, 0, 1))
        elif draw < 0.4:
            at = self.now + pick((1, HOUR, DAY, 3 * DAY))
        name = pick((*NAMES, "purchase", "identify"))
        item, category = pick(("i1", "i2", "i3", "i4")), pick(("a", "b", "c", ""))
        products = name in NAMES[:4] and self.rng.random() < 0.8
        lines: tuple[Line, ...] = (Line(item, "", category, pick((1, 2)), self.rng.randrange(500)),)
        if products and self.rng.random() < 0.4:
            lines += (Line("i5", "", pick("ab"), 1, 200),)
        properties: dict[str, Any] = {"rating": pick((1, 2, 2.5, 3, "good"))}
        if self.rng.random() < 0.5:
            properties["channel"] = pick(("app", "web"))
        return Event(
            message_id="", name=name, at=at, received_at=self.now,
            position=self.offset << 20 | index, source="test", order_id=pick(("", "o1", "o2")),
            item=item if products else "", category=category if products else pick(("a", "")),
            quantity=pick((1, 2)), value_minor=self.rng.randrange(1200),
            campaign=pick(("", "spring", "summer")), machine=self.rng.random() < 0.3,
            lines=lines if products else (), properties=properties if name in NAMES else {},
            traits={"country": pick(("DE", "FR", "GB")), "age": self.rng.randrange(60)}
            if name == "identify" else {},
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


@pytest.mark.parametrize("few", [0, 20_000], ids=["searched", "taken out"])
@pytest.mark.parametrize("seed", range(2))
def test_standing_membership_is_what_the_events_say_at_every_tick(
    seed: int, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["tailorbird.segments.refresh"], "FEW", few)
    assert list(mismatches(seed)) == []


def never(term: object) -> Value:
    return Upcoming()


def one_longer(rows: Rows, as_of: Instant) -> tuple[Instant | None, Instant]:
    after = None if rows.within is None else as_of - rows.within - 1
    return after, as_of - rows.older_than


@pytest.mark.parametrize(
    ("place", "broken"),
    [
        ("tailorbird.segments.compile.next_change", never),
        ("tailorbird.traits.expiry.upcoming", never),
        ("tailorbird.traits.rows.window", one_longer),
        ("tailorbird.segments.compile.member", segments.meaning.truth),
    ],
    ids=["next_check dropped", "future ignored", "window one longer", "the unborn counted"],
)
def test_a_broken_compiler_is_caught(
    place: str, broken: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, broken)
    assert any(next(mismatches(seed), "") for seed in range(8))
