"""What a recommender is worth on the last window, beside the naive rules, and for whom.

Three figures a person (recall, NDCG, reciprocal rank) and two of the lists (coverage, novelty),
with bootstrap intervals over people; by how much they had bought, and by how old that is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np

from tailorbird.recommend.interactions import Floats, Ints
from tailorbird.recommend.measures import interval, ndcg, recall, reciprocal_rank
from tailorbird.recommend.rules import age_class
from tailorbird.recommend.stored import decoded
from tailorbird.recommender_cards import BesideRule, ReportFigure, ReportSection
from tailorbird.schema import DAY, Instant

FILE: Final = "report.json"
AT: Final = 10
DEPTH: Final = 20
LEAST_PEOPLE: Final = 30
_DRAWS: Final = 400
EVERYBODY, ACTIVITY, AGE = "everybody", "purchases before", "age of what was bought"
NEWCOMERS: Final = "people without a history"


class Report(msgspec.Struct, frozen=True):
    """What a recommender was worth on its test window."""

    after: Instant
    until: Instant
    people: int
    sections: tuple[ReportSection, ...]
    why: str = ""
    """Why nothing could be judged, where there are no sections."""


def load(content: bytes) -> Report:
    """Return the report of a file.

    Raises:
        ModelError: it is damaged.
    """
    return decoded(content, Report, FILE)


# -- what was bought ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Bought:
    """Purchases as columns; `item` is text."""

    person: Ints
    item: list[str]
    at: Ints

    def between(self, after: Instant, until: Instant) -> dict[int, set[str]]:
        """Return what each person bought in (after, until]."""
        found: dict[int, set[str]] = {}
        inside = np.flatnonzero((self.at > after) & (self.at <= until))
        for row in inside.tolist():
            found.setdefault(int(self.person[row]), set()).add(self.item[row])
        return found


# -- the figures ----------------------------------------------------------------------------------


@dataclass(slots=True)
class Judged:
    """The lists of a window, and what was bought in it."""

    targets: dict[int, set[str]]
    lists: dict[str, dict[int, list[str]]]
    people: Ints
    bought: Bought
    last: Instant
    rng: np.random.Generator

    def sections(self) -> list[ReportSection]:
        """Return the figures of everybody, then of some."""
        people = self.people.tolist()
        named = self._per_person(people)
        novelty = self._novelty(people)
        every = [self._figure(name, found) for name, found in named.items()]
        every += [self._coverage(), self._figure(f"novelty@{AT} (bits)", novelty)]
        sections = [ReportSection(EVERYBODY, "", len(people), tuple(every))]
        days = self._purchase_days()
        classes = np.array([_class(days.get(person, 0)) for person in people])
        for value in _CLASSES:
            inside = classes == value
            if inside.sum() >= LEAST_PEOPLE:
                some = {n: {r: v[inside] for r, v in found.items()} for n, found in named.items()}
                figures = tuple(self._figure(name, found) for name, found in some.items())
                sections.append(ReportSection(ACTIVITY, value, int(inside.sum()), figures))
        return sections + self._by_age(people)

    def newcomers(self) -> list[ReportSection]:
        """Return the figures of people of whom nothing was known before."""
        if len(self.people) < LEAST_PEOPLE:
            return []
        named = self._per_person(self.people.tolist())
        figures = tuple(self._figure(name, found) for name, found in named.items())
        return [ReportSection(NEWCOMERS, "by where they come from", len(self.people), figures)]

    def _per_person(self, people: Sequence[int]) -> dict[str, dict[str, Floats]]:
        """Return each person's figures, by name and by rule ('' is the model)."""
        found: dict[str, dict[str, Floats]] = {
            f"recall@{AT}": {}, f"ndcg@{AT}": {}, f"mrr@{DEPTH}": {},
        }  # fmt: skip
        wanted = np.array([len(self.targets[each]) for each in people])
        for rule, lists in self.lists.items():
            hit = np.zeros((len(people), DEPTH))
            for row, each in zip(hit, people, strict=True):
                top = lists.get(each, [])[:DEPTH]
                row[: len(top)] = [item in self.targets[each] for item in top]
            columns = (recall(hit, wanted, AT), ndcg(hit, wanted, AT), reciprocal_rank(hit))
            for name, column in zip(found, columns, strict=True):
                found[name][rule] = column
        return found

    def _novelty(self, people: Sequence[int]) -> dict[str, Floats]:
        """Return how unexpected each list is: the mean bits of how few bought its items."""
        before = self.bought.at <= self.last
        counts: dict[str, int] = {}
        for row in np.flatnonzero(before).tolist():
            counts[self.bought.item[row]] = counts.get(self.bought.item[row], 0) + 1
        total = sum(counts.values()) + 1
        return {
            rule: np.array(
                [
                    np.mean([np.log2(total / (counts.get(item, 0) + 1)) for item in top[:AT]])
                    for top in (lists.get(each, []) or ["?"] for each in people)
                ]
            )
            for rule, lists in self.lists.items()
        }

    def _coverage(self) -> ReportFigure:
        """Return which share of what sold before is on anybody's list."""
        sold = {self.bought.item[row] for row in np.flatnonzero(self.bought.at <= self.last)}

        def covered(rule: str) -> float:
            shown = {item for top in self.lists[rule].values() for item in top[:AT]}
            return len(shown) / max(len(sold), 1)

        own = covered("")
        beside = [(rule, covered(rule)) for rule in self.lists if rule]
        others = tuple(BesideRule(rule, value, own - value, own - value) for rule, value in beside)
        return ReportFigure(f"coverage@{AT}", own, own, own, others)

    def _by_age(self, people: Sequence[int]) -> list[ReportSection]:
        """Return recall of what was bought, by how long it had been there."""
        first: dict[str, int] = {}
        for item, at in zip(self.bought.item, self.bought.at.tolist(), strict=True):
            first[item] = min(at, first.get(item, at))
        owner: dict[str, list[int]] = {}
        hits: dict[str, dict[str, list[float]]] = {}
        for place, person in enumerate(people):
            for item in sorted(self.targets[person]):
                new = first[item] > self.last
                value = "came after the training" if new else age_class(first[item], self.last)
                owner.setdefault(value, []).append(place)
                for rule, lists in self.lists.items():
                    hit = float(item in lists.get(person, [])[:AT])
                    hits.setdefault(value, {}).setdefault(rule, []).append(hit)
        return [
            ReportSection(AGE, value, len({*owner[value]}), (self._figure(f"recall@{AT}", {
                rule: np.array(found) for rule, found in hits[value].items()
            }),))
            for value in sorted(hits)
            if len({*owner[value]}) >= LEAST_PEOPLE
        ]  # fmt: skip

    def _purchase_days(self) -> dict[int, int]:
        before = self.bought.at <= self.last
        pairs = np.column_stack([self.bought.person[before], self.bought.at[before] // DAY])
        people, days = np.unique(np.unique(pairs, axis=0)[:, 0], return_counts=True)
        return dict(zip(people.tolist(), days.tolist(), strict=True))

    def _figure(self, name: str, found: Mapping[str, Floats]) -> ReportFigure:
        own = found[""]
        low, high = interval(own, self.rng, _DRAWS)
        beside = []
        for rule, theirs in found.items():
            if rule:
                ends = interval(own - theirs, self.rng, _DRAWS)
                beside.append(BesideRule(rule, float(theirs.mean()), *ends))
        return ReportFigure(name, float(own.mean()), low, high, tuple(beside))


_CLASSES: Final = ("none", "1 day", "2 to 4 days", "5 days and more")


def _class(days: int) -> str:
    return _CLASSES[0 if not days else 1 if days == 1 else 2 if days < 5 else 3]
