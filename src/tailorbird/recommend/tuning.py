"""Chooses parameters on the window before the test, never on the test."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, TypeAlias

import msgspec
import numpy as np

from tailorbird.recommend import (
    collaborative,
    compiled,
    content_based,
    factors,
    measures,
    scoring,
    sequence,
)
from tailorbird.recommend.collaborative import Related, nothing_related
from tailorbird.recommend.content_based import NOTHING_SAID, Described
from tailorbird.recommend.interactions import Floats, History, Interactions, Ints, Singles, history
from tailorbird.recommend.parameters import OWN_REPEAT, POPULARITY, Parameters
from tailorbird.recommend.popular import everybodys
from tailorbird.schema import DAY, Instant

AT: Final = 10
DEPTH: Final = 20
MOST_JUDGED: Final = 20_000
MOST_TUNED: Final = 2_000
_TRIALS: Final = 40

_Steps: TypeAlias = tuple[tuple[dict[str, str | float], ...], ...]
# One list a step; each step keeps the best value of its fields and goes on from there.
_STEPS: Final[_Steps] = (
    tuple({"own_weight": weight} for weight in (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)),
    tuple({"fashion": power} for power in (0.0, 0.15, 0.3, 0.5, 0.8)),
    tuple({"popular_half_life_days": days} for days in (7.0, 14.0, 30.0, 90.0)),
    (
        {"neighbours": "ridge", "penalty": 50.0},
        {"neighbours": "ridge", "penalty": 200.0},
        {"neighbours": "ridge", "penalty": 1000.0},
        {"neighbours": "cosine"},
    ),
    tuple({"following": weight} for weight in (0.0, 0.25, 0.5, 1.0, 2.0)),
    tuple({"content": weight} for weight in (0.0, 0.1, 0.3)),
    tuple({"likeness": weight} for weight in (0.0, 0.1, 0.3, 1.0)),
    tuple({"half_life_days": days} for days in (15.0, 60.0, 120.0, 240.0)),
    tuple({"own_half_life_days": days} for days in (30.0, 120.0, 240.0, 1000.0)),
    tuple({"own_weight": weight} for weight in (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)),
)
_OWN_STEPS: Final[_Steps] = (
    tuple({"own_half_life_days": days} for days in (30.0, 60.0, 120.0, 240.0, 1000.0)),
    tuple({"popular_half_life_days": days} for days in (7.0, 14.0, 30.0, 90.0)),
)
_POPULAR_STEPS: Final[_Steps] = (
    tuple({"popular_half_life_days": days} for days in (3.0, 7.0, 14.0, 30.0, 90.0)),
)


@dataclass(frozen=True, slots=True)
class Window:
    """What was known before an instant, and what known people bought after it.

    `people` are those judged, `targets` sorted person * items + item, `wanted` targets a person.
    """

    past: History
    items: int
    people: Ints
    targets: Ints
    wanted: Ints
    today: int
    described: Described = NOTHING_SAID
    learnt: dict[tuple[str | float, ...], Related] = field(default_factory=dict)
    vectors: dict[tuple[float, ...], Singles] = field(default_factory=dict)

    def ranked(self, parameters: Parameters, rng: np.random.Generator) -> Ints:
        """Return people x DEPTH item indices, best first."""
        related = self._related(parameters, rng)
        popular = everybodys(self.past, self.items, parameters.popular_half_life_days)
        following = self._following(parameters, rng)
        learnt = self._factors(parameters, rng)
        scorer = scoring.prepare(parameters, related, following, popular, factors=learnt)
        parts = compiled.ranked(
            scorer,
            self.past,
            self.people,
            DEPTH,
            today=self.today,
            allowed=np.ones(self.items, bool),
            compile_it=compiled.worth_it(len(self.people) * _TRIALS, self.items),
        )
        return np.concatenate([part.item for part in parts])

    def judged(self, parameters: Parameters, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Return each person's NDCG at AT and recall at DEPTH."""
        ranked = self.ranked(parameters, rng)
        hit = measures.hits(ranked, self.people, self.targets, self.items)
        return measures.ndcg(hit, self.wanted, AT), measures.recall(hit, self.wanted, DEPTH)

    def _related(self, parameters: Parameters, rng: np.random.Generator) -> Related:
        key = (parameters.neighbours, parameters.penalty, parameters.likeness, parameters.content)
        if key not in self.learnt:
            learnt = collaborative.learn(self.past, self.items, parameters, rng)
            if parameters.neighbours != "none" and self.described is not NOTHING_SAID:
                known = content_based.introduce(self.described, self.past, parameters.content > 0)
                most = parameters.most_related
                learnt = content_based.blended(learnt, known, parameters.content, most)
            self.learnt[key] = learnt
        return self.learnt[key]

    def _factors(self, parameters: Parameters, rng: np.random.Generator) -> Singles:
        if not factors.wanted(parameters):
            return factors.NO_FACTORS
        key = (parameters.factors, parameters.confidence)
        if key not in self.vectors:
            self.vectors[key] = factors.learn(self.past, self.items, parameters, rng)
        return self.vectors[key]

    def _following(self, parameters: Parameters, rng: np.random.Generator) -> Related:
        if not parameters.following:
            return nothing_related(self.items)
        if ("following",) not in self.learnt:
            self.learnt["following",] = sequence.learn(self.past, self.items, parameters, rng)
        return self.learnt["following",]


def window(
    interactions: Interactions,
    after: Instant,
    until: Instant,
    most: int,
    rng: np.random.Generator,
    described: Described = NOTHING_SAID,
) -> Window:
    """Return the window (after, until], at most `most` of its known buyers drawn at random."""
    past = history(interactions, after)
    size = len(interactions.items)
    targets = interactions.purchases(after, until)
    known = np.diff(past.start) > 0
    targets = targets[known[targets // max(size, 1)]]
    people, wanted = np.unique(targets // max(size, 1), return_counts=True)
    if len(people) > most:
        drawn = np.sort(rng.choice(len(people), most, replace=False))
        people, wanted = people[drawn], wanted[drawn]
    return Window(past, size, people, targets, wanted, after // DAY, described)


@dataclass(frozen=True, slots=True)
class Tuned:
    """The best parameters found for the model and for each naive rule."""

    model: Parameters
    own_repeat: Parameters
    popularity: Parameters


def tune(validation: Window, rng: np.random.Generator) -> Tuned:
    """Return parameters tuned on NDCG, one field after another; the naive rules get theirs too."""
    told = len(validation.described.token) > 0
    steps = tuple(step for step in _STEPS if told or "content" not in step[0])
    return Tuned(
        model=_climb(validation, Parameters(), steps, rng),
        own_repeat=_climb(validation, OWN_REPEAT, _OWN_STEPS, rng),
        popularity=_climb(validation, POPULARITY, _POPULAR_STEPS, rng),
    )


def _climb(
    validation: Window,
    parameters: Parameters,
    steps: _Steps,
    rng: np.random.Generator,
) -> Parameters:
    reached: dict[Parameters, float] = {}
    for step in steps:
        for change in step:
            tried = msgspec.structs.replace(parameters, **change)
            if tried not in reached:
                reached[tried] = float(validation.judged(tried, rng)[0].mean())
        parameters = max(reached, key=lambda found: reached[found])
    return parameters
