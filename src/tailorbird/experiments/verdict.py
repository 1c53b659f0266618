"""Reads an experiment once, at its planned end, and says in one sentence what may be concluded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Final, Literal

import msgspec

from tailorbird.errors import UsageError
from tailorbird.experiments.assignment import HOLDOUT
from tailorbird.experiments.frequentist import (
    Difference,
    holm,
    mean_interval,
    means,
    proportions,
    wilson,
)
from tailorbird.experiments.guard import SampleRatio, sample_ratio

Metric = Literal["open", "click", "goal", "purchase", "revenue"]
METRICS: Final[tuple[Metric, ...]] = ("open", "click", "purchase", "revenue")
"""What is read of every campaign; `goal` only of those that have one."""
BEYOND_MAIL: Final[tuple[Metric, ...]] = ("goal", "purchase", "revenue")
"""What those who are held out can do, too."""
ALL_VARIANTS: Final = "all variants"
METHOD: Final = (
    "fixed horizon: read once, when the planned number of people is in; looking earlier or often "
    "makes false alarms more frequent than 5 %"
)
SIGNIFICANT_BELOW: Final = 0.05
_VERBS: Final[dict[Metric, str]] = {
    "open": "is opened by more people",
    "click": "is clicked by more people",
    "goal": "has more people who reached the goal",
    "purchase": "has more buyers",
    "revenue": "brings more revenue per person",
}


class Arm(msgspec.Struct, frozen=True):
    """What the people of one arm did in the window. Openers, clickers and buyers are people.

    Openers and clickers are human: machine opens and link scanners are left out before.
    `revenue_minor_squares` is the sum over people of the square of each one's revenue.
    """

    name: str
    people: int
    human_openers: int = 0
    human_clickers: int = 0
    buyers: int = 0
    revenue_minor_sum: int = 0
    revenue_minor_squares: int = 0
    reached: int = 0
    """People who reached the goal, where there is one."""


class Rate(msgspec.Struct, frozen=True):
    """One metric of one arm: a share with its 95 % interval, or minor units per person."""

    arm: str
    metric: Metric
    value: float
    low: float
    high: float


class Effect(msgspec.Struct, frozen=True):
    """How one arm differs from another on one metric: `difference` is second minus first.

    The interval is 95 %. `adjusted_p_value` allows for the comparisons of the same metric that
    are read beside it (Holm); `told` needs it and the interval.
    """

    metric: Metric
    first: str
    second: str
    difference: float
    low: float
    high: float
    p_value: float
    adjusted_p_value: float
    told: bool
    sentence: str


class Caused(msgspec.Struct, frozen=True):
    """What an arm's mails caused beyond the holdout, over all of the arm's people, 95 %."""

    arm: str
    people: int
    buyers: float
    buyers_low: float
    buyers_high: float
    revenue_minor: float
    revenue_minor_low: float
    revenue_minor_high: float


class Verdict(msgspec.Struct, frozen=True):
    """Everything that a reading found, and what may be concluded from it."""

    method: str
    sample_ratio: SampleRatio
    rates: tuple[Rate, ...]
    effects: tuple[Effect, ...]
    caused: tuple[Caused, ...]
    conclusion: str


def read(
    arms: Sequence[Arm],
    *,
    expected: Mapping[str, float],
    holdout: str = HOLDOUT,
    metrics: Sequence[Metric] = METRICS,
) -> Verdict:
    """Return what the arms show: opens and clicks between variants, purchases and revenue also
    against the holdout.

    `expected` holds the planned share of every arm, the holdout included. Arms of fewer than two
    people are counted in the sample ratio and compared with nothing.

    Raises:
        UsageError: a count does not fit, a name comes twice, `expected` names other arms.
    """
    _check(arms)
    ratio = sample_ratio({arm.name: arm.people for arm in arms}, expected)
    readable = [arm for arm in arms if arm.people > 1]
    variants = [arm for arm in readable if arm.name != holdout]
    control = next((arm for arm in readable if arm.name == holdout), None)
    effects = tuple(effect for metric in metrics for effect in _effects(metric, variants, control))
    caused = tuple(_caused(control, variants)) if control and variants else ()
    conclusion = _conclusion(ratio, effects, caused, variants)
    rates = tuple(_rates(variants, control, metrics))
    return Verdict(METHOD, ratio, rates, effects, caused, conclusion)


def _check(arms: Sequence[Arm]) -> None:
    names = [arm.name for arm in arms]
    for arm in arms:
        people = (arm.human_openers, arm.human_clickers, arm.buyers, arm.reached)
        if min(people) < 0 or max(people) > arm.people or arm.revenue_minor_squares < 0:
            raise UsageError(
                f"the counts do not fit {arm.people} people",
                where=f"arm {arm.name!r}",
                mend="count people, not events: nobody opens, clicks or buys twice here",
            )
        if names.count(arm.name) > 1:
            raise UsageError("the name comes twice", where=f"arm {arm.name!r}", mend="add them up")


def _successes(arm: Arm, metric: Metric) -> int:
    counts = {"open": arm.human_openers, "click": arm.human_clickers, "goal": arm.reached}
    return {**counts, "purchase": arm.buyers}[metric]


def _difference(metric: Metric, first: Arm, second: Arm) -> Difference:
    if metric == "revenue":
        return means(_moments(first), _moments(second))
    return proportions(
        (_successes(first, metric), first.people), (_successes(second, metric), second.people)
    )


def _moments(arm: Arm) -> tuple[int, int, int]:
    return arm.people, arm.revenue_minor_sum, arm.revenue_minor_squares


def _rates(
    variants: Sequence[Arm], control: Arm | None, metrics: Sequence[Metric]
) -> Iterator[Rate]:
    shares = [metric for metric in metrics if metric != "revenue"]
    for arm in (*variants, *((control,) if control else ())):
        for metric in shares:
            if arm is not control or metric in BEYOND_MAIL:
                low, high = wilson(_successes(arm, metric), arm.people)
                yield Rate(arm.name, metric, _successes(arm, metric) / arm.people, low, high)
        value, low, high = mean_interval(_moments(arm))
        yield Rate(arm.name, "revenue", value, low, high)


def _effects(metric: Metric, variants: Sequence[Arm], control: Arm | None) -> list[Effect]:
    pairs = list(combinations(variants, 2))
    if control and metric in BEYOND_MAIL:
        pairs = [(control, variant) for variant in variants] + pairs
    found = [_difference(metric, first, second) for first, second in pairs]
    adjusted = holm([difference.p_value for difference in found])
    return [
        _effect(metric, first, second, difference, p_value)
        for (first, second), difference, p_value in zip(pairs, found, adjusted, strict=True)
    ]


def _effect(metric: Metric, first: Arm, second: Arm, found: Difference, adjusted: float) -> Effect:
    clear_of_zero = found.low > 0 or found.high < 0
    told = clear_of_zero and adjusted < SIGNIFICANT_BELOW
    more, less = (second, first) if found.value > 0 else (first, second)
    span = _span(metric, found)
    sentence = (
        f"{more.name!r} {_VERBS[metric]} than {less.name!r}: {span}"
        if told
        else f"{metric} of {first.name!r} and {second.name!r}: no difference can be told yet "
        f"({span})"
    )
    return Effect(
        metric=metric,
        first=first.name,
        second=second.name,
        difference=found.value,
        low=found.low,
        high=found.high,
        p_value=found.p_value,
        adjusted_p_value=adjusted,
        told=told,
        sentence=sentence,
    )


def _span(metric: Metric, found: Difference) -> str:
    """Return the size of a difference and its interval, larger minus smaller.

    Shares in percentage points, revenue in hundreds of minor units.
    """
    sign = -1 if found.value < 0 else 1
    scale, unit = (0.01, "per person") if metric == "revenue" else (100, "points")
    low, high = sorted((sign * found.low * scale, sign * found.high * scale))
    return f"{abs(found.value) * scale:.2f} {unit}, 95 % interval {low:.2f} to {high:.2f}"


def _caused(control: Arm, variants: Sequence[Arm]) -> Iterator[Caused]:
    together = [_together(variants)] if len(variants) > 1 else []
    for arm in (*together, *variants):
        buyers = _difference("purchase", control, arm)
        revenue = _difference("revenue", control, arm)
        yield Caused(
            arm=arm.name,
            people=arm.people,
            buyers=buyers.value * arm.people,
            buyers_low=buyers.low * arm.people,
            buyers_high=buyers.high * arm.people,
            revenue_minor=revenue.value * arm.people,
            revenue_minor_low=revenue.low * arm.people,
            revenue_minor_high=revenue.high * arm.people,
        )


def _together(variants: Sequence[Arm]) -> Arm:
    return Arm(
        name=ALL_VARIANTS,
        people=sum(arm.people for arm in variants),
        buyers=sum(arm.buyers for arm in variants),
        revenue_minor_sum=sum(arm.revenue_minor_sum for arm in variants),
        revenue_minor_squares=sum(arm.revenue_minor_squares for arm in variants),
    )


def _conclusion(
    ratio: SampleRatio,
    effects: Sequence[Effect],
    caused: Sequence[Caused],
    variants: Sequence[Arm],
) -> str:
    if ratio.alarm:
        return (
            "Nothing may be concluded: the arms do not have the sizes that were planned "
            f"(sample-ratio p = {ratio.p_value:.2g}), so people are missing from one of them."
        )
    told = _caused_clause(caused[0]) if caused else "Without a holdout, what was caused is unknown"
    if len(variants) < 2:
        return f"{told}."
    names = {arm.name for arm in variants}
    between = [effect.sentence for effect in effects if effect.told and effect.first in names]
    return (
        f"{told}; {' and '.join(between) or 'between the variants no difference can be told yet'}."
    )


def _caused_clause(caused: Caused) -> str:
    interval = f"95 % interval {caused.buyers_low:+,.0f} to {caused.buyers_high:+,.0f}"
    if caused.buyers_low > 0:
        return f"The mails caused about {caused.buyers:,.0f} more buyers ({interval})"
    if caused.buyers_high < 0:
        return f"The mails cost about {-caused.buyers:,.0f} buyers ({interval})"
    return f"Between mails and holdout no difference in buyers can be told yet ({interval})"
