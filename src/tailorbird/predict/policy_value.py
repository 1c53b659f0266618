"""What a policy would have been worth, from the log of another that drew with known probabilities.

Inverse propensity scoring weighs each logged reward by how much likelier the policy would have done
the same (Horvitz and Thompson 1952); doubly robust adds what a model expects and weighs only
what it missed (Dudik, Langford and Li 2011). Intervals are 95 %, by the spread of what people add.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec
import numpy as np

from tailorbird.errors import ModelError
from tailorbird.predict.propensity import Floats

Z: Final = 1.959964
HEAVIEST: Final = 100.0
"""A weight above it is cut, so that nobody stands for more than so many."""

Method = Literal["on policy", "ips", "self-normalised ips", "doubly robust"]


class PolicyValue(msgspec.Struct, frozen=True):
    """The mean reward a person of a policy, with its 95 % interval.

    `like` is to how many people's worth the weights come (Kish); `cut` how many weights were cut.
    """

    method: Method
    value: float
    low: float
    high: float
    people: int
    like: float
    cut: int = 0


def on_policy(reward: Floats) -> PolicyValue:
    """Return the value of the policy that was followed."""
    return _mean("on policy", np.asarray(reward, np.float64), np.ones(len(reward)), 0)


def ips(reward: Floats, logged: Floats, wanted: Floats) -> PolicyValue:
    """Return what a policy is worth by inverse propensity scoring.

    `logged` is the probability with which what was done was drawn, `wanted` that with which the
    policy would have done it, for each person.

    Raises:
        ModelError: nobody, or a probability outside (0, 1].
    """
    weight, cut = _weights(logged, wanted)
    return _mean("ips", weight * reward, weight, cut)


def self_normalised(reward: Floats, logged: Floats, wanted: Floats) -> PolicyValue:
    """Return the same with weights that sum to the number of people: a little bias, less spread.

    Raises:
        ModelError: nobody, a probability outside (0, 1], or a policy that nobody followed.
    """
    weight, cut = _weights(logged, wanted)
    if not weight.sum():
        raise ModelError(
            "the log holds nothing that this policy would do",
            where="policy value",
            mend="log some of it at random first",
        )
    value = float(weight @ reward / weight.sum())
    apart = weight * (reward - value) / weight.mean()
    error = _error(apart)
    return PolicyValue(
        "self-normalised ips", value, value - Z * error, value + Z * error, len(weight),
        _like(weight), cut,
    )  # fmt: skip


def doubly_robust(
    reward: Floats, logged: Floats, wanted: Floats, *, expected: Floats, expected_done: Floats
) -> PolicyValue:
    """Return what a policy is worth, by a model of rewards that the log corrects.

    `expected` is what the model expects of each person under the policy, `expected_done` of what
    was done; the model must not have learnt from the person.

    Raises:
        ModelError: nobody, or a probability outside (0, 1].
    """
    weight, cut = _weights(logged, wanted)
    return _mean("doubly robust", expected + weight * (reward - expected_done), weight, cut)


def _weights(logged: Floats, wanted: Floats) -> tuple[Floats, int]:
    logged, wanted = np.asarray(logged, np.float64), np.asarray(wanted, np.float64)
    good = (logged > 0) & (logged <= 1) & (wanted >= 0) & (wanted <= 1)
    if not len(logged) or not good.all():
        what = "the log is empty" if not len(logged) else "a probability lies outside (0, 1]"
        mend = "give the probability with which each thing that was done was drawn"
        raise ModelError(what, where="policy value", mend=mend)
    weight = wanted / logged
    cut = int((weight > HEAVIEST).sum())
    return np.minimum(weight, HEAVIEST), cut


def _mean(method: Method, part: Floats, weight: Floats, cut: int) -> PolicyValue:
    value, error = float(part.mean()), _error(part)
    return PolicyValue(
        method, value, value - Z * error, value + Z * error, len(part), _like(weight), cut
    )


def _error(part: Floats) -> float:
    return float(part.std(ddof=1) / np.sqrt(len(part))) if len(part) > 1 else float("inf")


def _like(weight: Floats) -> float:
    squares = float(weight @ weight)
    return float(weight.sum() ** 2 / squares) if squares else 0.0
