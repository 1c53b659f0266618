"""What an order of each person is worth: gamma-gamma, her own mean drawn towards everybody's.

Fader and Hardie (2013), "The gamma-gamma model of monetary value".
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from tailorbird.errors import ModelError
from tailorbird.predict.fitting import Fit, by_differences, fit
from tailorbird.predict.propensity import Floats

SURENESS: Final = 0.95
_STARTS: Final = ((6.0, 4.0, 1.0), (2.0, 3.0, 1.0), (1.0, 2.0, 0.5))
_PRIOR: Final = (4.0, 3.5, 0.5)
"""In units of the median order."""


class GammaGamma(msgspec.Struct, frozen=True):
    """Orders around a person's own mean (gamma p), whose inverse scale varies (gamma q, scale)."""

    p: float
    q: float
    scale: float

    def mean(self, orders: Floats, worth: Floats) -> Floats:
        """Return the expected worth of each person's next order; `worth` is the mean so far."""
        of = self.scale + np.where(orders > 0, worth * orders, 0.0)
        return np.asarray(self.p * of / np.maximum(self.p * orders + self.q - 1, 1e-9))

    def interval(self, orders: Floats, worth: Floats) -> tuple[Floats, Floats]:
        """Return between which values each person's true mean lies, with `SURENESS`."""
        from scipy.special import gammaincinv

        of = self.scale + np.where(orders > 0, worth * orders, 0.0)
        shape, tail = self.p * orders + self.q, (1 - SURENESS) / 2
        low, high = (self.p * of / gammaincinv(shape, at) for at in (1 - tail, tail))
        return low, high


def gamma_gamma(orders: Floats, worth: Floats) -> tuple[GammaGamma, Fit]:
    """Return the gamma-gamma that makes these mean orders likeliest, and how it was found.

    Who has no order, or one worth nothing, tells nothing.

    Raises:
        ModelError: nobody to learn from, all orders are alike, or no search converges.
    """
    known = (orders > 0) & (worth > 0) & np.isfinite(worth)
    orders, worth = orders[known], worth[known]
    if len(worth) < 2 or float(np.ptp(worth)) <= 1e-9 * float(worth.max()):
        mend = "take the mean order"
        raise ModelError("all orders are worth the same", where="gamma-gamma", mend=mend)
    unit = float(np.median(worth))

    def loss(logs: Floats) -> tuple[float, Floats]:
        return by_differences(lambda at: _loss(at, orders, worth / unit), logs)

    found = fit(loss, _STARTS, _PRIOR, len(worth), "gamma-gamma")
    p, q, scale = found.parameters
    return GammaGamma(p, q, scale * unit), found


def _loss(logs: Floats, orders: Floats, worth: Floats) -> float:
    from scipy.special import gammaln

    p, q, scale = np.exp(logs)
    shape = p * orders
    likely = gammaln(shape + q) - gammaln(shape) - gammaln(q) + q * np.log(scale)
    likely += (shape - 1) * np.log(worth) + shape * np.log(orders)
    likely -= (shape + q) * np.log(scale + worth * orders)
    return -float(likely.mean())
