"""Random definitions: trees of every form of condition."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from msgspec.structs import replace
from tests.properties import segment_parametrised
from tests.properties.segment_naive import BARE, ORDER
from tests.properties.segment_patterns import pattern
from tests.properties.segment_traits import question

from tailorbird.schema import DAY, HOUR
from tailorbird.segments import conditions as c
from tailorbird.traits.terms import Op

START = 20_000 * DAY + 7 * HOUR
NAMES = ("purchase", "return", "add_to_cart", "product_viewed", "email_opened", "email_clicked",
         "page_left")  # fmt: skip
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
        if draw < 0.38:
            return self.then()
        if draw < 0.5:
            return pattern(self, NAMES, WINDOWS)
        if draw < 0.57:
            return c.DidNot(pick(NAMES), self.where(), *self.window(), self.when())
        done = c.Did(pick(NAMES), self.where(), None, None, *self.window(), self.when())
        if draw < 0.65:
            return done
        if draw < 0.72:
            return replace(done, times=c.Comparison(pick(ORDER), (pick((0, 1, 1, 2, 3)),)))
        if draw < 0.8:
            return replace(done, moment=self.moment())
        return self.piled(done) if draw < 0.87 else replace(done, measured=self.measured())

    def window(self) -> tuple[int | None, int]:
        within = self.rng.choice((None, *WINDOWS))
        older = [each for each in WINDOWS if within is None or each < within]
        return within, self.rng.choice((0, 0, *older))

    def instant(self) -> int:
        return START + self.rng.randrange(-60, 160) * 6 * HOUR

    def when(self) -> c.Calendar:
        pick = self.rng.choice
        if self.rng.random() < 0.7:
            return c.ALWAYS
        after = pick((None, self.instant()))
        before = pick((None, self.instant() if after is None else after + 5 * DAY))
        hours = pick((None, (8, 20), (22, 6), (0, 24)))
        return c.Calendar(after, before, pick(((), (6, 7), (1, 3, 5))), hours)

    def moment(self) -> c.Moment:
        within, older_than = self.window()
        after = self.rng.choice((None, self.instant()))
        bounded = within or older_than or after
        before = None if bounded else self.instant()
        return c.Moment(self.rng.choice(("first", "last")), within, older_than, after, before)

    def measured(self) -> c.Measured:
        pick, draw = self.rng.choice, self.rng.randrange
        measure: c.Measure = pick(("sum", "sum", "average", "average", "min", "max", "distinct"))
        if measure == "distinct":
            of = pick(("item", "category", "campaign", "rating", "channel", "context.page"))
            return c.Measured(measure, of, c.Comparison(pick(ORDER), (draw(4),)))
        of = pick(("value_minor", "quantity", "rating", "dwell_seconds"))
        number: float = draw(3000 if measure == "sum" else 900)
        if of in ("quantity", "rating"):
            number = draw(4) if measure != "average" else draw(12) / 4
        elif of == "dwell_seconds":
            number = draw(200)
        bare = c.Comparison("missing") if measure != "sum" else c.Comparison(">=", (1,))
        return c.Measured(measure, of, pick((bare, *[c.Comparison(pick(ORDER), (number,))] * 5)))

    def piled(self, done: c.Did) -> c.Did:
        pick = self.rng.choice
        least: Op = pick((">", ">="))
        if self.rng.random() < 0.5:
            per = pick(("item", "category", "campaign", "rating", "context.page"))
            return replace(done, times=c.Comparison(least, (pick((1, 2, 3)),)), per=per)
        of, per = pick(
            (("value_minor", "item"), ("quantity", "category"), ("dwell_seconds", "context.page"))
        )
        asked = c.Comparison(least, (self.rng.randrange(600 if of != "quantity" else 5),))
        return replace(done, measured=c.Measured("sum", of, asked), per=per)

    def then(self) -> c.Then:
        pick = self.rng.choice
        within, absent = pick((None, HOUR, DAY, 3 * DAY)), self.rng.random() < 0.6
        since = pick((None, *(w for w in WINDOWS if w > max(within or 0, HOUR))))
        older_than = pick((0, 0, HOUR))
        first, second = pick(NAMES[:4]), pick(NAMES[:4])
        wheres = self.where(), self.where()
        return c.Then(first, second, absent, *wheres, within, since, older_than, self.when())

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
        kind = self.rng.random()
        if kind < 0.6:
            return question(self.rng) if kind < 0.4 else segment_parametrised.question(self.rng)
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
