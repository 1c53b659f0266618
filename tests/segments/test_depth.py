"""Segments may rest on segments, as long as somebody can still say what they ask."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tailorbird.errors import DefinitionError
from tailorbird.segments import Segment, check_depth
from tailorbird.segments.depth import LONGEST_WAY

Define = Callable[..., Segment]


def test_a_long_chain_of_segments_is_refused_at_its_end(define: Define) -> None:
    chain = [define("did: purchase", "s0")]
    for number in range(1, LONGEST_WAY):
        chain.append(define(f"segment: s{number - 1}", f"s{number}"))
        check_depth(chain[-1], chain)
    with pytest.raises(DefinitionError, match=r"25 deep; at most 24"):
        check_depth(define(f"segment: s{LONGEST_WAY - 1}", "last"), chain)


def test_segments_that_double_with_every_level_are_refused(define: Define) -> None:
    levels = [define("did: purchase", "s0")]
    for number in range(1, 12):
        below = f"{{segment: s{number - 1}}}"
        levels.append(define(f"any: [{below}, {below}]", f"s{number}"))
    check_depth(levels[9], levels)
    with pytest.raises(DefinitionError, match=r"1,024 conditions; at most 1,000"):
        check_depth(levels[10], levels)


def test_a_circle_is_measured_once_and_told_elsewhere(define: Define) -> None:
    circle = [define("segment: b", "a"), define("segment: a", "b")]
    check_depth(circle[0], circle)
