"""The naive reading of a condition: plain loops over plain events, nothing of the compiler in it.

Another form of condition is a branch of `holds` here, and a draw of `leaf` in `segment_author`.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tailorbird.schema import DAY, Event, Instant, Line
from tailorbird.segments import conditions as c
from tailorbird.traits.terms import Op

BARE = ("exists", "missing")
ORDER: tuple[Op, ...] = ("=", "!=", "<", "<=", ">", ">=")
OPERATORS = (operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge)
ASK: dict[Op, Callable[[Any, Any], bool]] = dict(zip(ORDER, OPERATORS, strict=True))
POINTS = {"email_opened": 1, "email_clicked": 3}


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
