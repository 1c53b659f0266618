"""Chooses parameters on the window before the test, never on the test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias, TypeVar

import msgspec
import numpy as np

from tailorbird.recommend import (
    collaborative,
    compiled,
    content_based,
    factors,
    measures,
    scoring,
    second_stage,
    sequence,
)
from tailorbird.recommend.collaborative import Pairs, Related
from tailorbird.recommend.content_based import Described, describe
from tailorbird.recommend.interactions import Floats, History, Interactions, Ints, history
from tailorbird.recommend.links import Links
from tailorbird.recommend.parameters import OWN_REPEAT, POPULARITY, Kind, Parameters
from tailorbird.recommend.popular import everybodys
from tailorbird.recommend.scoring import Ranked
from tailorbird.recommend.second_stage import CANDIDATES, SecondStage, Sight
from tailorbird.schema import DAY, Instant

AT: Final = 10
DEPTH: Final = 20
MOST_JUDGED: Final = 20_000
MOST_TUNED: Final = 2_000
_TRIALS: Final = 40

_SAID: Final = ("said",)
_MOST_SAID: Final = 8_000_000
"""People x items whose scores are kept between trials (64 MB); more are reckoned each time."""

T = TypeVar("T")
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
    described: Described
    after: Instant
    learnt: dict[tuple[object, ...], Any] = field(default_factory=dict)

    def ranking(self, parameters: Parameters, rng: np.random.Generator, depth: int) -> Ranked:
        """Return people x depth, best first."""
        parts = compiled.ranked(
            self._scorer(parameters, rng),
            self.past,
            self.people,
            depth,
            today=self.today,
            allowed=np.ones(self.items, bool),
            compile_it=compiled.worth_it(len(self.people) * _TRIALS, self.items),
            reasons=False,  # nobody is shown it
            said=self._said(parameters),
        )
        return scoring.joined(list(parts))

    def judged(
        self, parameters: Parameters, rng: np.random.Generator, second: SecondStage | None = None
    ) -> tuple[Floats, Floats]:
        """Return each person's NDCG at AT and recall at DEPTH, perhaps after a second stage."""
        ranked = self.ranking(parameters, rng, CANDIDATES if second else DEPTH)
        if second:
            ranked = second_stage.reordered(ranked, self._sight(parameters), second, DEPTH)
        hit = self._hits(ranked)
        return measures.ndcg(hit, self.wanted, AT), measures.recall(hit, self.wanted, DEPTH)

    def second_stage(self, parameters: Parameters, rng: np.random.Generator) -> SecondStage | None:
        """Return a second stage learnt from what these people went on to buy; None if too few."""
        ranked = self.ranking(parameters, rng, CANDIDATES)
        seed = int(rng.integers(2**31))
        return second_stage.learn(ranked, self._hits(ranked), self._sight(parameters), seed)

    def _hits(self, ranked: Ranked) -> Floats:
        return measures.hits(ranked.item, self.people, self.targets, self.items)

    def _sight(self, parameters: Parameters) -> Sight:
        popular = everybodys(self.past, self.items, parameters.popular_half_life_days)
        habits = self._once(("habits",), lambda: second_stage.habits(self.past, self.items))
        return Sight(self.past, parameters, popular, habits, self.today)

    def _scorer(self, parameters: Parameters, rng: np.random.Generator) -> scoring.Scorer:
        """Return what ranks; what several parameters share is learnt once."""
        days = parameters.popular_half_life_days
        popular = self._once(("popular", days), lambda: everybodys(self.past, self.items, days))
        learnt = self._once(
            ("factors", factors.wanted(parameters), parameters.factors, parameters.confidence),
            lambda: factors.learn(self.past, self.items, parameters, rng),
        )
        related, following = self._related(parameters, rng), self._following(parameters, rng)
        return scoring.prepare(parameters, related, following, popular, factors=learnt)

    def _following(self, parameters: Parameters, rng: np.random.Generator) -> Related:
        return self._once(
            ("following", parameters.following > 0),
            lambda: sequence.learn(self.past, self.items, parameters, rng),
        )

    def _related(self, parameters: Parameters, rng: np.random.Generator) -> Related:
        near = self._once(
            ("near", parameters.neighbours, parameters.penalty),
            lambda: collaborative.neighbours(
                self.past, self.items, parameters, rng, pairs=self._pairs(parameters, rng)
            ),
        )
        told = parameters.content > 0
        known = self._once(
            ("known", told), lambda: content_based.introduce(self.described, self.past, told)
        )
        key = ("related", parameters.neighbours, parameters.penalty)
        return self._once(
            (*key, parameters.likeness, parameters.content),
            lambda: content_based.blended(
                collaborative.related(near, self.items, parameters), known, parameters
            ),
        )

    def links(self, parameters: Parameters) -> Links:
        """Return what goes with what and what comes after it, learnt by these parameters."""
        rng = np.random.default_rng(0)  # people are drawn where there are a million of them
        return self._related(parameters, rng), self._following(parameters, rng)

    def _said(self, parameters: Parameters) -> dict[int, Floats] | None:
        """Return where scores are kept while nothing changes them but what is one's own.

        None where they are too many: of 20,000 people and 50,000 items they take 8 GB.
        """
        if len(self.people) * self.items > _MOST_SAID:
            return None
        alike = msgspec.structs.replace(parameters, own_weight=0.0, own_half_life_days=0.0)
        latest: tuple[Parameters, dict[int, Floats]] | None = self.learnt.get(_SAID)
        if latest is None or latest[0] != alike:
            latest = self.learnt[_SAID] = (alike, {})
        return latest[1]

    def _pairs(self, parameters: Parameters, rng: np.random.Generator) -> Pairs | None:
        """Return the pairs of items that all penalties weigh."""
        return self._once(
            ("pairs",), lambda: collaborative.all_pairs(self.past, self.items, parameters, rng)
        )

    def _once(self, key: tuple[object, ...], learn: Callable[[], T]) -> T:
        if key not in self.learnt:
            self.learnt[key] = learn()
        found: T = self.learnt[key]
        return found


def window(
    interactions: Interactions,
    after: Instant,
    until: Instant,
    most: int,
    rng: np.random.Generator,
    described: Described | None = None,
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
    return Window(
        past,
        size,
        people,
        targets,
        wanted,
        after // DAY,
        described or describe(None, interactions.items),
        after,
    )


@dataclass(frozen=True, slots=True)
class Tuned:
    """The best parameters found for the model and for each naive rule."""

    model: Parameters
    own_repeat: Parameters
    popularity: Parameters


def tune(validation: Window, rng: np.random.Generator, forced: Kind | None = None) -> Tuned:
    """Return parameters tuned on NDCG, one field after another; the naive rules get theirs too.

    `forced` is the kind of model that the author wants, whatever wins.
    """
    told = len(validation.described.token) > 0
    steps = [step for step in _STEPS if told or "content" not in step[0]]
    if forced:
        steps = [step for step in steps if "neighbours" not in step[0]]
    start = Parameters(neighbours=forced or "ridge")
    return Tuned(
        model=_climb(validation, start, tuple(steps), rng),
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
