"""The naive reading of a condition: plain loops over plain events, nothing of the compiler in it.

Another form of condition is a branch of `holds` here, and a draw of `leaf` in `segment_author`.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from tests.properties import segment_parametrised, segment_patterns, segment_traits

from tailorbird.schema import DAY, Event, Instant, Line
from tailorbird.segments import conditions as c
from tailorbird.traits.terms import Op

PRODUCTS = ("item", "category")
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
            case c.DidNot(event, where, within, older_than, when):
                return not self.matching(event, where, within, older_than, when)
            case c.Did():
                return self.did(condition)
            case c.Then():
                return self.then(condition)
            case c.Sequence() | c.Answered() | c.Regularly() | c.PointsAre():
                return segment_patterns.holds(self, condition)
            case c.TraitIs() | c.DateIs() | c.Has() | c.Scored() | c.OnList():
                return self.known(condition)

    def known(self, condition: c.TraitIs | segment_traits.Known) -> bool:
        match condition:
            case c.TraitIs(name, comparison):
                answer = segment_traits.compares(self.trait(name), comparison)
                return compares(self.trait(name), comparison) if answer is None else answer
            case c.DateIs(name, _, comparison):
                far = segment_traits.distance(condition, self.date(name), self.seen, self.t)
                lengths = [segment_traits.LENGTHS.get(str(o), o) for o in comparison.operands]
                return compares(far, c.Comparison(comparison.op, tuple(lengths)))
            case c.Has(name):
                return segment_traits.has(condition, self.trait(name))
            case c.Scored(_, comparison):
                return compares(self.trait("purchase_score"), comparison)
            case c.OnList(name):
                return segment_traits.on_list(name, self.seen)

    def matching(
        self,
        name: str,
        where: tuple[c.Filter, ...],
        within: int | None,
        older_than: int = 0,
        when: c.Calendar = c.ALWAYS,
    ) -> list[Event]:
        return [
            event
            for event in self.seen
            if event.name == name
            and (within is None or event.at > self.t - within)
            and event.at <= self.t - older_than
            and falls(event, when)
            and passes(event, where)
        ]

    def did(self, did: c.Did) -> bool:
        events = self.matching(did.event, did.where, did.within, did.older_than, did.when)
        asked = did.times or c.Comparison(">=", (1,))
        if did.moment:
            return bool(events) and self.lies(events, did.moment)
        if did.measured:
            return self.measures(events, did, did.measured)
        if did.per:
            piles: dict[Any, set[int]] = {}
            for event in events:
                for key in keys_of(event, did.per, did.where):
                    piles.setdefault(key, set()).add(event.position)
            return compares(max(map(len, piles.values()), default=0), asked)
        return compares(len(events), asked)

    def lies(self, events: list[Event], moment: c.Moment) -> bool:
        at = events[0 if moment.which == "first" else -1].at
        return (
            (moment.within is None or at > self.t - moment.within)
            and at <= self.t - moment.older_than
            and (moment.after is None or at >= moment.after)
            and (moment.before is None or at < moment.before)
        )

    def measures(self, events: list[Event], did: c.Did, measured: c.Measured) -> bool:
        of, asked = measured.of, measured.comparison
        if measured.measure == "distinct":
            different = {key for event in events for key in keys_of(event, of, did.where)}
            return compares(len(different), asked)
        found = [each for event in events for each in numbers_of(event, of, did.where, did.per)]
        if did.per:
            totals: dict[Any, Fraction] = {}
            for key, number in found:
                totals[key] = totals.get(key, Fraction(0)) + (number if key else 0)
            return compares(max(totals.values(), default=0), asked)
        numbers = [number for _, number in found]
        if measured.measure == "sum":
            return compares(sum(numbers), asked)
        if not numbers:
            return asked.op == "missing"
        mean = sum(numbers, Fraction(0)) / len(numbers)
        return compares(
            {"average": mean, "min": min(numbers), "max": max(numbers)}[measured.measure], asked
        )

    def then(self, then: c.Then) -> bool:
        wait = (then.within or 0) if then.absent else 0
        older_than = max(wait, then.older_than)
        for first in self.matching(then.event, then.where, then.since, older_than, then.when):
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
        if "(" in name:
            return segment_parametrised.value(name, self.seen, self.t)
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
                value = values[-1] if values else None
                return int(value) if declared == "age" and value is not None else value

    def date(self, name: str) -> segment_traits.Dated:
        if name != "last_order_at":
            return segment_traits.read(self.trait(name))
        bought = [event.at for event in self.seen if event.name == "purchase"]
        return segment_traits.dated(bought[-1]) if bought else (None, None)

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


def falls(event: Event, when: c.Calendar) -> bool:
    clock = datetime.fromtimestamp(event.at // 1_000_000 + 60 * event.context.utc_offset, UTC)
    start, end = when.hours or (0, 24)
    hour = start <= clock.hour < end if start < end else clock.hour >= start or clock.hour < end
    return (
        hour
        and (not when.weekdays or clock.isoweekday() in when.weekdays)
        and (when.after is None or event.at >= when.after)
        and (when.before is None or event.at < when.before)
    )


def keys_of(event: Event, name: str, where: tuple[c.Filter, ...]) -> set[Any]:
    """Return what keeps the event apart from others: of products, those asked for."""
    if name in PRODUCTS:
        products = [each for each in where if each.property in PRODUCTS]
        lines = [line for line in event.lines if fits(line, products)]
        return {getattr(line, name) for line in lines} - {""}
    value = value_of(event, name)
    return {str(value)} - {"None", ""}


def numbers_of(
    event: Event, of: str, where: tuple[c.Filter, ...], per: str
) -> list[tuple[Any, Fraction]]:
    """Return the numbers of an event, or of its products where these are asked for, with `per`."""
    asked = [each for each in where if each.property in PRODUCTS]
    if of in ("value_minor", "quantity") and (asked or per in PRODUCTS):
        return [
            (getattr(line, per or "item"), Fraction(line.quantity * price))
            for line in event.lines
            if fits(line, asked)
            for price in [line.price_minor if of == "value_minor" else 1]
        ]
    value = value_of(event, of)
    if value is None or isinstance(value, str) or (of == "dwell_seconds" and not value):
        return []
    return [(value_of(event, per) if per else None, Fraction(str(value)))]


def fits(line: Line, filters: list[c.Filter]) -> bool:
    return all(compares(getattr(line, f.property) or None, f.comparison) for f in filters)


def value_of(event: Event, name: str) -> Any:
    if name in ("rating", "channel"):
        return event.properties.get(name)
    if name.startswith("context."):
        return getattr(event.context, name.removeprefix("context.")) or None
    return getattr(event, name) if name != "campaign" else event.campaign or None
