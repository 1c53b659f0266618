"""Whether the arms have the sizes that were planned; if not, nothing else may be believed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from tailorbird.errors import UsageError
from tailorbird.experiments.distributions import chi_square_tail

ALARM_BELOW: Final = 0.001
"""Sample-ratio p-value under which the assignment, not chance, is to blame."""


class SampleRatio(msgspec.Struct, frozen=True):
    """The chi-square test of the arms' sizes against the plan."""

    chi_square: float
    p_value: float
    alarm: bool


def sample_ratio(people: Mapping[str, int], expected: Mapping[str, float]) -> SampleRatio:
    """Return the test of people in each arm against the expected shares (weights of any sum).

    Raises:
        UsageError: the names of the arms differ, or no share is above zero.
    """
    if people.keys() != expected.keys() or not sum(expected.values()) > 0:
        raise UsageError(
            f"arms {sorted(people)} were read, {dict(expected)} expected",
            where="experiment",
            mend="give an expected share for every arm and for no other",
        )
    share = {name: weight / sum(expected.values()) for name, weight in expected.items()}
    total = sum(people.values())
    if any(people[name] and not share[name] for name in people):
        return SampleRatio(float("inf"), 0.0, True)
    planned = {name: total * part for name, part in share.items() if total * part > 0}
    chi_square = sum((people[name] - plan) ** 2 / plan for name, plan in planned.items())
    p_value = chi_square_tail(chi_square, len(planned) - 1) if len(planned) > 1 else 1.0
    return SampleRatio(chi_square, p_value, p_value < ALARM_BELOW)
