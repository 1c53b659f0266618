"""How often people buy and whether they still do: BG/NBD and Pareto/NBD, fitted without surprises.

Of each person three numbers are enough: the repeat orders, when the last was, and how long she has
been watched since her first. Time is in days, or any other unit that is kept to.

Fader, Hardie and Lee (2005), "Counting your customers the easy way", Marketing Science 24(2);
Schmittlein, Morrison and Colombo (1987), "Counting your customers", Management Science 33(1).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Final, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

from tailorbird.errors import ModelError
from tailorbird.predict.fitting import Fit, by_differences, fit
from tailorbird.predict.propensity import Floats

NODES: Final = 24
MOST_PEOPLE: Final = 20_000
"""Of so many four parameters are known to some two hundredths; more cost, and tell no more."""
SURENESS: Final = 0.95
Places: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Histories:
    """What is known of each person's orders: how many after the first, the last, the time seen."""

    repeats: Floats
    last: Floats
    """From the first order to the last, 0 where there is no other."""
    seen: Floats
    """From the first order to now."""

    def __post_init__(self) -> None:
        """Refuse what cannot have happened.

        Raises:
            ModelError: an order after now, or before the first.
        """
        wrong = (self.last > self.seen) | (self.last < 0) | (self.repeats < 0)
        if bool(np.any(wrong | ~np.isfinite(self.seen))):
            mend = "give orders up to now alone, the first at 0"
            raise ModelError("an order lies outside its time", where="histories", mend=mend)

    def __len__(self) -> int:
        """Return how many people there are."""
        return len(self.repeats)

    def take(self, places: Places) -> Histories:
        """Return some of the people."""
        return Histories(self.repeats[places], self.last[places], self.seen[places])

    def scaled(self, unit: float) -> Histories:
        """Return the same in another unit of time."""
        return Histories(self.repeats, self.last / unit, self.seen / unit)


class BgNbd(msgspec.Struct, frozen=True, tag="bg_nbd"):
    """Orders at a rate of one's own (gamma), until after one of them a person leaves (beta)."""

    r: float
    alpha: float
    a: float
    b: float

    def alive(self, of: Histories) -> Floats:
        """Return the probability that each will ever buy again; 1 without repeat orders."""
        with np.errstate(over="ignore", divide="ignore"):
            waited = (self.r + of.repeats) * np.log((self.alpha + of.seen) / (self.alpha + of.last))
            left = np.log(self.a) - np.log(np.maximum(self.b + of.repeats - 1, 1e-12))
            gone = np.exp(np.minimum(left + waited, 700))
        return np.where(of.repeats > 0, 1 / (1 + gone), 1.0)

    def expected(self, of: Histories, ahead: float) -> Floats:
        """Return how often each is expected to buy in the time ahead."""
        return self.alive(of) * self._if_alive(of, ahead)

    def interval(self, of: Histories, ahead: float) -> tuple[Floats, Floats]:
        """Return between which numbers of orders each will lie, with `SURENESS`."""
        within = self.alpha + of.seen
        return _between(self.alive(of), self.r + of.repeats, within, self._if_alive(of, ahead))

    def none(self, of: Histories, ahead: Floats | float) -> Floats:
        """Return the probability that each buys nothing in the time ahead."""
        within = self.alpha + of.seen
        waits = (within / (within + np.asarray(ahead))) ** (self.r + of.repeats)
        alive = self.alive(of)
        return np.asarray(1 - alive + alive * waits)

    def _if_alive(self, of: Histories, ahead: float) -> Floats:
        """Return the expected orders of who is there still: the mean over her chance to leave.

        Of a chance p and a rate of gamma(k, t) there are (1 - (1 + p ahead / t) ** -k) / p orders.
        The published form by 2F1 has a pole at a = 1 and loses its digits where nobody leaves.
        """
        repeats, which = np.unique(of.repeats, return_inverse=True)
        chances, weights = _beta_nodes(self.a, self.b + repeats)
        often, within = self.r + of.repeats, self.alpha + of.seen
        total = np.zeros(len(of))
        for at in range(NODES):
            p = np.maximum(chances[which, at], 1e-12)
            bought = -np.expm1(-often * np.log1p(p * ahead / within)) / p
            total += weights[which, at] * bought
        return total


class ParetoNbd(msgspec.Struct, frozen=True, tag="pareto_nbd"):
    """Orders at a rate of one's own (gamma), until at any time a person leaves (gamma)."""

    r: float
    alpha: float
    s: float
    beta: float

    def alive(self, of: Histories) -> Floats:
        """Return the probability that each will ever buy again."""
        there, gone = _pareto_parts(self.r, self.alpha, self.s, self.beta, of)
        return 1 / (1 + np.exp(np.minimum(gone - there, 700)))

    def expected(self, of: Histories, ahead: float) -> Floats:
        """Return how often each is expected to buy in the time ahead."""
        return self.alive(of) * self._if_alive(of, ahead)

    def interval(self, of: Histories, ahead: float) -> tuple[Floats, Floats]:
        """Return between which numbers of orders each will lie, with `SURENESS`."""
        within = self.alpha + of.seen
        return _between(self.alive(of), self.r + of.repeats, within, self._if_alive(of, ahead))

    def none(self, of: Histories, ahead: Floats | float) -> Floats:
        """Return the probability that each buys nothing in the time ahead.

        Who leaves meanwhile is taken to be there for as long as she is expected to be.
        """
        within = self.alpha + of.seen
        there = self._time_there(of, np.asarray(ahead))
        alive = self.alive(of)
        waits = (within / (within + there)) ** (self.r + of.repeats)
        return np.asarray(1 - alive + alive * waits)

    def _if_alive(self, of: Histories, ahead: float) -> Floats:
        rate = (self.r + of.repeats) / (self.alpha + of.seen)
        return rate * self._time_there(of, np.asarray(ahead))

    def _time_there(self, of: Histories, ahead: Floats) -> Floats:
        """Return how much of the time ahead each is expected to be there still."""
        within = self.beta + of.seen
        power = self.s - 1
        power = power if abs(power) > 1e-9 else 1e-9
        return np.asarray(within * -np.expm1(-power * np.log1p(ahead / within)) / power)


AnyBuying: TypeAlias = BgNbd | ParetoNbd
_STARTS: Final = ((0.3, 4.0, 0.8, 2.5), (1.0, 10.0, 1.0, 10.0), (0.1, 1.0, 0.3, 3.0))
_PRIOR: Final = (0.5, 7.0, 0.6, 3.0)
"""Of shops whose orders are public, with time in units of `UNITS` of the time seen."""
_PARETO_STARTS: Final = ((0.5, 10.0, 0.6, 12.0), (1.0, 5.0, 1.0, 10.0), (0.3, 3.0, 0.3, 30.0))
_PARETO_PRIOR: Final = (0.6, 8.0, 0.5, 15.0)
UNITS: Final = 39.0
"""Time is measured so that the longest seen has this many units, whatever it is told in."""


def bg_nbd(of: Histories) -> tuple[BgNbd, Fit]:
    """Return the BG/NBD that makes these histories likeliest, and how it was found.

    Raises:
        ModelError: nobody to learn from, or no search converges.
    """
    of, unit = _measured(of)
    seen = of.scaled(unit)
    found = fit(lambda logs: _bg_loss(logs, seen), _STARTS, _PRIOR, len(seen), "BG/NBD")
    r, alpha, a, b = found.parameters
    return BgNbd(r, alpha * unit, a, b), _in_days(found, of, unit)


def pareto_nbd(of: Histories) -> tuple[ParetoNbd, Fit]:
    """Return the Pareto/NBD that makes these histories likeliest, and how it was found.

    Raises:
        ModelError: nobody to learn from, or no search converges.
    """
    of, unit = _measured(of)
    seen = of.scaled(unit)

    def loss(logs: Floats) -> tuple[float, Floats]:
        return by_differences(lambda at: _pareto_loss(at, seen), logs)

    found = fit(loss, _PARETO_STARTS, _PARETO_PRIOR, len(seen), "Pareto/NBD")
    r, alpha, s, beta = found.parameters
    return ParetoNbd(r, alpha * unit, s, beta * unit), _in_days(found, of, unit)


def _in_days(found: Fit, of: Histories, unit: float) -> Fit:
    """Return the fit with the likelihood of times in the unit in which they came."""
    likelihood = found.log_likelihood - float(of.repeats.sum()) * math.log(unit)
    return msgspec.structs.replace(found, log_likelihood=likelihood)


def _measured(of: Histories) -> tuple[Histories, float]:
    """Return at most so many of the people, evenly, and the unit that suits the search.

    Raises:
        ModelError: nobody to learn from.
    """
    if not len(of):
        raise ModelError("nobody to learn from", where="histories", mend="wait for first orders")
    if len(of) > MOST_PEOPLE:
        of = of.take(np.linspace(0, len(of) - 1, MOST_PEOPLE).astype(np.int64))
    return of, max(float(of.seen.max()) / UNITS, 1e-9)


def _bg_loss(logs: Floats, of: Histories) -> tuple[float, Floats]:
    """Return the mean negative log-likelihood and its slope by the logarithms."""
    from scipy.special import digamma, gammaln

    r, alpha, a, b = parameters = np.exp(logs)
    x, last, seen = of.repeats, of.last, of.seen
    repeated = x > 0
    stays = -(r + x) * np.log(alpha + seen)
    before = np.maximum(x - 1, 0)
    leaves = np.log(a) - np.log(b + before) - (r + x) * np.log(alpha + last)
    leaves = np.where(repeated, leaves, -np.inf)
    both = np.logaddexp(stays, leaves)
    fixed = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    fixed += gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
    stay, leave = np.exp(stays - both), np.where(repeated, np.exp(leaves - both), 0.0)
    slopes = (
        digamma(r + x) - digamma(r) + np.log(alpha)
        - stay * np.log(alpha + seen) - leave * np.log(alpha + last),
        r / alpha - (r + x) * (stay / (alpha + seen) + leave / (alpha + last)),
        digamma(a + b) - digamma(a + b + x) + leave / a,
        digamma(a + b) + digamma(b + x) - digamma(b) - digamma(a + b + x) - leave / (b + before),
    )  # fmt: skip
    slope = np.array([-float(each.mean()) for each in slopes]) * parameters
    return -float((fixed + both).mean()), slope


def _pareto_loss(logs: Floats, of: Histories) -> float:
    from scipy.special import gammaln

    r, alpha, s, beta = np.exp(logs)
    there, gone = _pareto_parts(r, alpha, s, beta, of)
    fixed = gammaln(r + of.repeats) - gammaln(r) + r * np.log(alpha)
    return -float((fixed + np.logaddexp(there, gone)).mean())


def _pareto_parts(
    r: float, alpha: float, s: float, beta: float, of: Histories
) -> tuple[Floats, Floats]:
    """Return the log-likelihood of each history if she is there still, and if she left, but for
    what both share.

    The second is an integral over the time at which she left; the power of her rate is taken out
    of it exactly, so that a few nodes do. The published form by 2F1 is a difference of near equals.
    """
    often = r + of.repeats
    there = -often * np.log(alpha + of.seen) - s * np.log1p(of.seen / beta)
    span = np.log((alpha + of.seen) / (alpha + of.last))
    power = np.where(np.abs(often - 1) > 1e-6, often - 1, 1e-6)
    mass = -np.expm1(-power * span) / power
    places, weights = _nodes()
    total = np.zeros(len(of))
    for place, weight in zip(places, weights, strict=True):
        moved = -np.log1p(place * np.expm1(-power * span)) / power
        left = (alpha + of.last) * np.exp(moved) - alpha
        total += weight * np.exp(np.log(s / beta) - (s + 1) * np.log1p(left / beta))
    with np.errstate(divide="ignore"):
        gone = (1 - often) * np.log(alpha + of.last) + np.log(mass) + np.log(total)
    return there, gone


@cache
def _nodes() -> tuple[Floats, Floats]:
    """Return places and weights of Gauss and Legendre between 0 and 1."""
    places, weights = np.polynomial.legendre.leggauss(NODES)
    return (places + 1) / 2, weights / 2


def _beta_nodes(a: float, b: Floats) -> tuple[Floats, Floats]:
    """Return places and weights of Gauss and Jacobi for a mean over beta(a, each b): (b, nodes).

    They are eigenvalues of a tridiagonal matrix (Golub and Welsch), which no b overflows.
    """
    left, right = a - 1, b[:, None] - 1
    k = np.arange(NODES)[None, :]
    total = 2 * k + left + right
    with np.errstate(divide="ignore", invalid="ignore"):
        middle = (left**2 - right**2) / (total * (total + 2))
        beside = 4 * k * (k + left) * (k + right) * (k + left + right)
        beside = beside / (total**2 * (total + 1) * (total - 1))
    middle[:, :1] = (left - right) / (left + right + 2)
    beside[:, 1:2] = 4 * (1 + left) * (1 + right) / ((2 + left + right) ** 2 * (3 + left + right))
    matrix = np.zeros((len(b), NODES, NODES))
    at = np.arange(NODES)
    matrix[:, at, at] = middle
    off = np.sqrt(np.maximum(beside[:, 1:], 0.0))
    matrix[:, at[1:], at[:-1]] = off
    places, vectors = np.linalg.eigh(matrix)
    return (places + 1) / 2, vectors[:, 0, :] ** 2


def _between(
    alive: Floats, often: Floats, within: Floats, expected: Floats
) -> tuple[Floats, Floats]:
    """Return the quantiles of the orders: none where she has left, else negative binomial."""
    from scipy.special import nbdtrik

    tail = (1 - SURENESS) / 2
    chance = often / (often + np.maximum(expected, 1e-12))

    def quantile(share: float) -> Floats:
        among = (share - (1 - alive)) / np.maximum(alive, 1e-12)
        inside = np.clip(among, 1e-9, 1 - 1e-9)
        found = np.ceil(np.maximum(nbdtrik(inside, often, chance), 0))
        return np.where(among <= 0, 0.0, found)

    return quantile(tail), quantile(1 - tail)
