"""How much each likeness says: weights by expectation maximisation, without a labelled pair.

The model of Fellegi and Sunter (1969): a level's weight is log2(m / u), where m is how often pairs
of one person show it and u how often pairs of two people do. Three things differ from the textbook:

* u is counted over random pairs and freed of the share that are one person: in a small table with
  many doubles that share would drown the rare agreement of strangers.
* Places agree together (street, town, postcode). What strangers show together more often than each
  alone would have it is taken off, so that a neighbour is not taken for oneself.
* Agreement on a rare value says more. Values are counted among people as far as known, not among
  records: an address that one person gave nine times is rare.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Levels = npt.NDArray[np.int16]
"""Pairs x fields: the level of each field, 0 different, -1 empty."""
Weights = npt.NDArray[np.float64]

ROUNDS: Final = 80
PRIOR: Final = 0.1
"""Weight of what we expect beside what is found, as a share of it."""
MOST_DIFFERENT: Final = 0.3
"""At most this share of one person's pairs differ in a field: else neighbours would be learned."""
TOGETHER: Final = 3.0
"""Pairs that must show a joint agreement before it counts."""
RAREST_BITS: Final = 4.0
"""A rare value adds, and a frequent one takes, at most so much."""


@dataclass(frozen=True, slots=True)
class Model:
    """What was learned: of each field the frequencies of its levels, and how many pairs match."""

    same: list[Weights]
    """m of each field's levels."""
    others: list[Weights]
    """u of each field's levels."""
    share: float
    """The share of all pairs that are one person."""

    def weights(self) -> list[Weights]:
        """Return each field's weights in bits by level; the last, for empty, is 0."""
        found = zip(self.same, self.others, strict=True)
        return [np.append(np.log2(m / u), 0.0) for m, u in found]

    @property
    def start(self) -> float:
        """Return the weight of a pair of which nothing is known."""
        return float(np.log2(self.share / (1 - self.share)))


@dataclass(frozen=True, slots=True)
class Patterns:
    """Pairs that show the same levels, counted once."""

    levels: Levels
    counts: Weights
    of_pair: npt.NDArray[np.int64]

    @classmethod
    def of(cls, pairs: Levels) -> Patterns:
        """Return the patterns of these pairs."""
        levels, of_pair, counts = np.unique(pairs, axis=0, return_inverse=True, return_counts=True)
        return cls(levels, counts.astype(np.float64), of_pair.ravel())


def learn(
    candidates: Patterns, strangers: Patterns, sizes: Sequence[int], *, people: int,
    together: Sequence[int],
) -> tuple[Model, Weights]:  # fmt: skip
    """Return the model, and what joint agreement takes off each pattern of the candidates, in bits.

    `strangers` are random pairs; `sizes` says how many levels each field has; `together` names the
    fields that agree together. Pairs that are no candidates count as two people.
    """
    pairs = people * (people - 1) / 2
    seen = [_frequencies(strangers, field, size) for field, size in enumerate(sizes)]
    expected = [_expected(size) for size in sizes]
    model = Model(expected, seen, min(people / pairs / 2, 0.5))
    taken = np.zeros(len(candidates.counts))
    for turn in range(ROUNDS):
        if turn % 5 == 0:
            taken = _joint(candidates, strangers, model, together)
        sure = probability(_scores(candidates.levels, model) - taken) * candidates.counts
        share = float(np.clip(sure.sum() / pairs, 1e-12, 0.5))
        same = [
            _share_of_levels(candidates.levels[:, field], sure, prior)
            for field, prior in enumerate(expected)
        ]
        others = [
            _strangers(found, m, share, strangers.counts.sum())
            for found, m in zip(seen, same, strict=True)
        ]
        settled = abs(share / model.share - 1) < 1e-4
        model = Model(same, others, share)
        if settled:
            break
    return model, taken


def scores(candidates: Patterns, model: Model, taken: Weights) -> Weights:
    """Return the weight of each candidate in bits: log2 of the odds that both are one person."""
    return (_scores(candidates.levels, model) - taken)[candidates.of_pair]


def probability(weights: Weights) -> Weights:
    """Return the probability that goes with weights in bits."""
    return 1 / (1 + np.exp2(-np.clip(weights, -60, 60)))


def rarity(values: npt.NDArray[np.int64], people: npt.NDArray[np.int64], usual: float) -> Weights:
    """Return, by value, how many bits an agreement on it says beyond an agreement on any value.

    `values` holds the number of each record's value, -1 where it is empty; `people` the number of
    the person whose record it is as far as known; `usual` is u of the agreement on any value.
    """
    there = values >= 0
    if not there.any():
        return np.zeros(0)
    known = np.unique(np.stack([values[there], people[there]]), axis=1)
    frequency = np.bincount(known[0]) / len(np.unique(known[1]))
    bits = np.log2(usual / np.maximum(frequency, 1e-12))
    return np.asarray(np.clip(bits, -RAREST_BITS, RAREST_BITS))


def _scores(levels: Levels, model: Model) -> Weights:
    found = np.full(len(levels), model.start)
    for field, bits in enumerate(model.weights()):
        found += bits[levels[:, field]]
    return found


def _expected(size: int) -> Weights:
    """Return m as we expect it: mostly the same, seldom different."""
    if size == 2:
        return np.array([0.28, 0.72])
    between = np.full(size - 2, 0.2 / (size - 2))
    return np.concatenate([[0.08], between, [0.72]])


def _frequencies(strangers: Patterns, field: int, size: int) -> Weights:
    levels = strangers.levels[:, field]
    there = levels >= 0
    found = np.bincount(levels[there], weights=strangers.counts[there], minlength=size) + 0.5
    return np.asarray(found / found.sum())


def _share_of_levels(levels: npt.NDArray[np.int16], sure: Weights, prior: Weights) -> Weights:
    there = levels >= 0
    found = np.bincount(levels[there], weights=sure[there], minlength=len(prior))
    weight = PRIOR * found.sum() + 2
    shares = (found + weight * prior) / (found.sum() + weight)
    if shares[0] > MOST_DIFFERENT:
        shares[1:] *= (1 - MOST_DIFFERENT) / shares[1:].sum()
        shares[0] = MOST_DIFFERENT
    return np.asarray(shares)


def _strangers(seen: Weights, same: Weights, share: float, sampled: float) -> Weights:
    """Return u: what random pairs show, without those among them that are one person."""
    least = np.maximum(seen * 0.02, 0.3 / max(sampled, 1.0))
    found = np.maximum(seen - share * same, least)
    return np.asarray(found / found.sum())


def _joint(
    candidates: Patterns, strangers: Patterns, model: Model, together: Sequence[int]
) -> Weights:
    """Return how many bits strangers' joint agreement takes off each pattern of the candidates."""
    if len(together) < 2:
        return np.zeros(len(candidates.counts))
    fields = list(together)
    both = np.vstack([candidates.levels[:, fields], strangers.levels[:, fields]])
    joint, place = np.unique(both, axis=0, return_inverse=True)
    place = place.ravel()
    own, sampled = place[: len(candidates.counts)], place[len(candidates.counts) :]
    seen = np.bincount(sampled, weights=strangers.counts, minlength=len(joint))
    alone, one_person = np.ones(len(joint)), np.ones(len(joint))
    for column, field in enumerate(fields):
        alone *= np.append(model.others[field], 1.0)[joint[:, column]]
        one_person *= np.append(model.same[field], 1.0)[joint[:, column]]
    # Where other fields are empty the pairs are another crowd: each is compared with its own.
    crowds = np.unique(joint < 0, axis=0, return_inverse=True)[1].ravel()
    crowd = np.bincount(crowds, weights=seen)[crowds]
    found = np.maximum(seen - crowd * model.share * one_person, 0.0) + TOGETHER
    return np.asarray(np.log2(np.maximum(found / (crowd * alone + TOGETHER), 1.0))[own])
