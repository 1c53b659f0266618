"""Whether strangers are shown what sells in their own group: only where it surely beats what sells.

Everybody who bought in a window counts as a stranger there: what a fifth of the people had bought
is left out of the counts by which that fifth is judged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from tailorbird.model_cards import Measure, ModelCard
from tailorbird.recommend import measures, popular
from tailorbird.recommend.interactions import Flags, Floats, History, Interactions, Ints, history
from tailorbird.schema import Instant

if TYPE_CHECKING:
    import pyarrow as pa

AT: Final = 10
LEAST_PEOPLE: Final = 30
"""Buyers of a group by which it is judged alone; smaller groups are judged together."""
MEASURE: Final = f"ndcg@{AT} of strangers by their group"
_FOLDS: Final = 5
_MOST_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Worth:
    """The groups whose own popularity wins, by name and as (person, group); how all of them do.

    `of` is how many groups there are; without a measure, too few bought to judge any.
    """

    names: tuple[str, ...] = ()
    of: int = 0
    groups: pa.Table | None = None
    measure: Measure | None = None

    def noted(self, card: ModelCard) -> ModelCard:
        """Return a card that also says which strangers are shown what sells in their own group."""
        if self.measure is None:
            return card
        few = len(self.names) <= _MOST_NAMED
        shown = ", ".join(self.names) if few else f"{len(self.names)} of {self.of}"
        return msgspec.structs.replace(
            card,
            measures=(*card.measures, self.measure),
            parameters=card.parameters | {"groups_with_own_popularity": shown or "none"},
        )


def judged(
    coded: Interactions,
    groups: pa.Table | None,
    window: tuple[Instant, Instant],
    half_life_days: float,
    seed: int,
) -> Worth:
    """Return what the popularity of groups (person, group) was worth in a window (after, until]."""
    if groups is None or not len(coded.items):
        return Worth()
    after, until = window
    past, targets = history(coded, after), coded.purchases(after, until)
    names, place = popular.places(groups, past.people)
    buyers = np.unique(targets // len(coded.items))
    buyers = buyers[place[buyers] >= 0]
    if len(buyers) < LEAST_PEOPLE:
        return Worth()
    rng = np.random.default_rng(seed)
    sizes = len(coded.items), half_life_days
    own, everybodys = _by_folds(past, buyers, place, targets, groups, sizes)
    gain = own - everybodys
    wins = _winners(gain, place[buyers], len(names), rng)
    kept = tuple(name for name, won in zip(names, wins, strict=True) if won)
    low, high = measures.interval(gain, rng)
    means = float(own.mean()), float(everybodys.mean())
    told = Measure(MEASURE, *means, "what sells to everybody", low, high)
    return Worth(kept, len(names), _only(groups, kept), told)


def _winners(gain: Floats, place: Ints, groups: int, rng: np.random.Generator) -> Flags:
    """Return which groups surely gain; those that are too small to tell do so together or not."""
    sizes = np.bincount(place, minlength=groups)
    small = sizes < LEAST_PEOPLE
    wins = np.zeros(groups, bool)
    for group in np.flatnonzero(~small):
        wins[group] = measures.interval(gain[place == group], rng)[0] > 0
    together = gain[small[place]]
    if len(together) >= LEAST_PEOPLE and measures.interval(together, rng)[0] > 0:
        wins[small] = True
    return wins


def _by_folds(
    past: History,
    buyers: Ints,
    place: Ints,
    targets: Ints,
    groups: pa.Table,
    sizes: tuple[int, float],
) -> tuple[Floats, Floats]:
    """Return each buyer's NDCG by what sells in her group, and by what sells to everybody."""
    items, half_life_days = sizes
    wanted = np.bincount(targets // items, minlength=len(past.people))[buyers]
    own, everybodys = np.zeros((2, len(buyers)))
    for fold in range(_FOLDS):
        out = past.people[fold::_FOLDS]
        rest, asked = past.without(out.tolist()), buyers % _FOLDS == fold
        if not len(rest.item):
            continue  # nobody else had bought anything: neither shelf holds a thing
        shelves = np.concatenate(
            [
                popular.by_group(rest, items, half_life_days, groups).popular,
                popular.everybodys(rest, items, half_life_days)[None],
            ]
        )
        best = np.argsort(-shelves, axis=1, kind="stable")[:, :AT]
        for found, rows in ((own, place[buyers[asked]]), (everybodys, -1)):
            ranked = np.broadcast_to(best[rows], (int(asked.sum()), best.shape[1]))
            hit = measures.hits(ranked, buyers[asked], targets, items)
            found[asked] = measures.ndcg(hit, wanted[asked], AT)
    return own, everybodys


def _only(groups: pa.Table, names: tuple[str, ...]) -> pa.Table | None:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not names:
        return None
    told = groups["group"].cast(pa.string())
    return groups.filter(pc.is_in(told, pa.array(names, pa.string())))
