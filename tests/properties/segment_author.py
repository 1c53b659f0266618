"""Random definitions: trees of every form of condition."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from tests.properties.segment_naive import BARE, ORDER

from tailorbird.schema import DAY, HOUR
from tailorbird.segments import conditions as c

NAMES = ("purchase", "return", "add_to_cart", "product_viewed", "email_opened", "email_clicked")
WINDOWS = (HOUR, 6 * HOUR, DAY, 2 * DAY, 7 * DAY, 30 * DAY)


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
