"""The few numbers that shape a recommender; `judge` tunes them on a window of their own."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Kind: TypeAlias = Literal["ridge", "cosine", "als", "fused", "none"]
Second: TypeAlias = bool | Literal["auto"]
"""Whether a second stage is wanted: `auto` where it also wins on the window before the test."""


class Parameters(msgspec.Struct, frozen=True):
    """How a recommender weighs history, repeats and fashion. Half-lives are in days."""

    neighbours: Kind = "ridge"
    """`als` ranks by factors instead of neighbours, `fused` by the ranks of ridge and factors."""
    likeness: float = 0.1
    """Weight of plain cosines beside the ridge's weights."""
    following: float = 0.25
    """Weight of what others had in the visits after one with the same item."""
    visit_half_life: float = 1.0
    """Later visits after which a visit counts half towards what follows it."""
    penalty: float = 200.0
    """The ridge's lambda: larger trusts fewer joint buyers less."""
    content: float = 0.0
    """Weight of what items are alike to by what they say of themselves; new ones always get it."""
    half_life_days: float = 120.0
    """Age at which an item in the history counts half towards related items."""
    own_half_life_days: float = 240.0
    own_weight: float = 1.0
    """Weight of buying the same again, beside related items."""
    popular_half_life_days: float = 14.0
    fashion: float = 0.3
    """Power of recent popularity in the score: 0 ignores that an item went out of fashion."""
    factors: int = 64
    confidence: float = 10.0
    """How much more an item of the history counts for factors than one that is not in it."""
    most_related: int = 100
    """Neighbours in each item's regression."""
    most_led: int = 60
    """Items that one item may lead to by joint buyers; half as many by what follows."""
    most_people: int = 1_000_000


OWN_REPEAT = Parameters(neighbours="none", own_weight=1.0, fashion=0.0, following=0.0)
"""The naive rule: what the person bought before, latest and most often first, then popular."""
POPULARITY = Parameters(neighbours="none", own_weight=0.0, fashion=0.0, following=0.0)
"""The naive rule: what sells now."""
