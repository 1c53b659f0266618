"""BG/NBD and gamma-gamma as an algorithm that reads traits: who buys again, and for how much."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Literal

import msgspec
import numpy as np

from tailorbird.errors import ModelError
from tailorbird.predict import buying
from tailorbird.predict.buying import AnyBuying, Histories, Places
from tailorbird.predict.effects import Effects, Link
from tailorbird.predict.heads import read_head
from tailorbird.predict.occlusion import occluded
from tailorbird.predict.propensity import PERSON, Floats, numbers
from tailorbird.predict.rhythm import patience, typical
from tailorbird.predict.spending import GammaGamma, gamma_gamma

if TYPE_CHECKING:
    import pyarrow as pa

    from tailorbird.predict.algorithms import Generator, Task

HEAD: Final = "buyer.json"
ORDERS: Final = "orders"
RECENCY: Final = "recency_days"
TENURE: Final = "tenure_days"
WORTH: Final = "average_order_minor"
HISTORY: Final = (ORDERS, RECENCY, TENURE)
"""The traits that tell a history."""
READS: Final = (*HISTORY, WORTH)
LEAST: Final = 1e-6
"""Probabilities are kept off 0 and 1 by so much."""

Way = Literal["bg_nbd", "pareto_nbd"]
Asks = Literal["buys", "is silent", "is worth"]
"""Whether she buys within the horizon; within her own patience, which is at most that; how much."""


class Buyer(msgspec.Struct, frozen=True):
    """What is known of how people buy and what an order is worth; `reads` four traits.

    `worth` is the mean order of those for whom nothing better is known; `level` scales what is
    foretold to what came in the windows that were learnt from.
    """

    buying: AnyBuying
    spending: GammaGamma | None
    worth: float
    horizon_days: int
    asks: Asks
    middle: tuple[float, ...]
    """The median of each trait."""
    typical: float
    """Days between orders, of whoever is in the middle."""
    level: float = 1.0
    rule: str = "bg_nbd"

    @property
    def values(self) -> bool:
        """Return whether values are foretold, and no probabilities."""
        return self.asks == "is worth"

    @property
    def reads(self) -> tuple[str, ...]:
        """Return the traits that it reads."""
        return READS if self.values else HISTORY

    def estimates(self, features: pa.Table) -> Floats:
        """Return each row's probability to buy, or the value of her orders."""
        traits = _traits(features, self.reads)
        of = histories(traits)
        if self.values:
            orders = self.buying.expected(of, float(self.horizon_days))
            return np.asarray(orders * self._worth(traits) * self.level)
        if self.asks == "is silent":
            ahead = patience(of, self.typical, float(self.horizon_days))
            chance = self.buying.none(of, ahead) * self.level
        else:
            chance = (1 - self.buying.none(of, float(self.horizon_days))) * self.level
        return np.clip(chance, LEAST, 1 - LEAST)

    def effects(self, features: pa.Table) -> Effects:
        """Return how far each trait takes each row from one whose trait is the median."""
        link: Link = "identity" if self.values else "logit"
        return occluded(self.estimates, features, self.reads, self.middle, link)

    def files(self) -> dict[str, bytes]:
        """Return one JSON file."""
        return {HEAD: msgspec.json.encode(self)}

    def _worth(self, traits: Mapping[str, Floats]) -> Floats:
        known = np.nan_to_num(traits[WORTH], nan=0.0)
        if self.spending is None:
            return np.where(known > 0, known, self.worth)
        orders = np.where(known > 0, np.nan_to_num(traits[ORDERS], nan=0.0), 0.0)
        return self.spending.mean(orders, known)


class Buyers(msgspec.Struct, frozen=True):
    """The algorithm: fits how often people buy, and for values what their orders are worth."""

    horizon_days: int
    asks: Asks = "buys"
    way: Way = "bg_nbd"
    scaled: bool = False
    """Whether what is foretold is scaled to the windows that were learnt from."""

    @property
    def name(self) -> str:
        """Return the name by which it is asked for."""
        return self.way

    def fit(
        self,
        features: pa.Table,
        outcome: Floats,
        *,
        task: Task,
        rng: Generator,
        weights: Floats | None = None,
    ) -> Buyer:
        """Return how the people of these rows buy, of each by her latest row alone.

        An earlier one is a part of the same history, and would count it twice.

        Raises:
            ModelError: a trait is missing, nobody bought yet, or no search converges.
        """
        values = self.asks == "is worth"
        traits = _traits(features, READS if values else HISTORY)
        latest = _latest(features, traits[TENURE])
        traits = {name: each[latest] for name, each in traits.items()}
        bought = np.nan_to_num(traits[ORDERS], nan=0.0) > 0
        known = {name: each[bought] for name, each in traits.items()}
        fit = buying.bg_nbd if self.way == "bg_nbd" else buying.pareto_nbd
        of, days = histories(known), self.horizon_days
        found, _ = fit(of)
        spending, worth = _spending(known) if values else (None, 0.0)
        middle = tuple(float(np.nanmedian(each)) for each in known.values())
        usual = typical(of, float(days))
        buyer = Buyer(found, spending, worth, days, self.asks, middle, usual, rule=self.way)
        if not self.scaled:
            return buyer
        foretold = float(buyer.estimates(features).sum())
        level = float(np.clip(outcome.sum() / max(foretold, 1e-9), 0.5, 2.0))
        return msgspec.structs.replace(buyer, level=level)


def histories(traits: Mapping[str, Floats]) -> Histories:
    """Return the histories that orders, recency and tenure tell; of who never bought, an empty."""
    orders = np.nan_to_num(traits[ORDERS], nan=0.0)
    seen = np.nan_to_num(traits[TENURE], nan=0.0)
    last = np.clip(seen - np.nan_to_num(traits[RECENCY], nan=0.0), 0.0, seen)
    repeats = np.maximum(orders - 1, 0.0)
    return Histories(repeats, np.where(repeats > 0, last, 0.0), seen)


def histories_of(features: pa.Table) -> Histories:
    """Return the histories that the traits of a table tell.

    Raises:
        ModelError: one of them is missing.
    """
    return histories(_traits(features, HISTORY))


def patience_days(features: pa.Table, longest: float) -> Floats:
    """Return after how many days of silence each of these customers counts as gone."""
    of = histories_of(features)
    return patience(of, typical(of, longest), longest)


def load(files: Mapping[str, bytes]) -> Buyer:
    """Return the buyer whose `files()` these are.

    Raises:
        ModelError: the file is missing or damaged.
    """
    return read_head(files, HEAD, Buyer, "how people buy")


def _latest(features: pa.Table, tenure: Floats) -> Places:
    """Return the row of each person on which she has been watched for longest."""
    order = np.argsort(-tenure, kind="stable")
    _, first = np.unique(features[PERSON].to_numpy()[order], return_index=True)
    return np.sort(order[first])


def _traits(features: pa.Table, names: tuple[str, ...]) -> dict[str, Floats]:
    missing = [name for name in names if name not in features.column_names]
    if missing:
        what = f"the trait {missing[0]!r} is missing"
        raise ModelError(what, where="features", mend=f"name {', '.join(names)} as features")
    return {name: numbers(features, name) for name in names}


def _spending(traits: Mapping[str, Floats]) -> tuple[GammaGamma | None, float]:
    """Return what orders are worth, and their mean; where all are alike, the mean alone."""
    orders, worth = traits[ORDERS], np.nan_to_num(traits[WORTH], nan=0.0)
    positive = worth > 0
    mean = float(worth[positive].mean()) if positive.any() else 0.0
    try:
        found, _ = gamma_gamma(orders, worth)
    except ModelError:
        return None, mean
    # With q near 1 the mean of everybody has no end: each one's own mean is surer.
    return (found if found.q > 1.05 else None), mean
