"""What is said where a past instant is judged by thresholds that were taken only later."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tailorbird.cli.arguments import shown

if TYPE_CHECKING:
    from tailorbird.app import Tailorbird
    from tailorbird.schema import Instant


def of_segments(tb: Tailorbird, names: Iterable[str], at: Instant) -> list[str]:
    """Return a line for each date whose thresholds stand in for those that there were not yet."""
    from tailorbird import grouping

    dates = {taken for name in names if (taken := grouping.too_early(tb.world, name, at))}
    return [
        f"  by the thresholds of {shown(taken)}: none had been taken before"
        for taken in sorted(dates)
    ]


def of_groups(tb: Tailorbird, name: str, at: Instant) -> list[str]:
    """Return the same of a whole list of groups."""
    from tailorbird.segments.groups import POINT

    return of_segments(tb, [f"{name}{POINT}"], at)
