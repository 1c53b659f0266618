"""What was learnt to keep of people's lists so that rules of exposure are met: as it was last kept.

A request reads it and never learns it; `exposing` learns it. What is asked for and was not learnt
is noted, so that it is learnt next.
"""

from __future__ import annotations

from typing import Final

import msgspec

from tailorbird.recommend.steering import KeptShare
from tailorbird.schema import Instant
from tailorbird.world import World

LENGTHS: Final = (4, 8)
"""Of the audit and of the usual list: learnt before anybody asks."""
MOST_LENGTHS: Final = 6
"""As many lengths of lists are learnt by one set of rules; others take what is learnt nearest."""


class Learnt(msgspec.Struct, frozen=True):
    """What is kept of lists by the rules of one name, and of when, from what it was learnt."""

    at: Instant
    version: int
    """Of the recommender."""
    rules_version: int
    products: int
    shares: dict[int, tuple[KeptShare, ...]]
    """By the length of the list."""

    def nearest(self, number: int) -> tuple[KeptShare, ...]:
        """Return what is kept of lists of this length, or of the nearest that was learnt."""
        if not self.shares:
            return ()
        return self.shares[min(self.shares, key=lambda each: (abs(each - number), each))]


def learnt(world: World, rules: str) -> Learnt | None:
    """Return what was learnt last by the rules of a name, None before the first; read once."""
    text = world.log.progress(_reader(rules))
    if not text:
        return None
    return world.latest.of(
        f"steering {rules}", text, lambda: msgspec.json.decode(text, type=Learnt)
    )


def keep(world: World, rules: str, found: Learnt) -> None:
    """Keep what was learnt as the last."""
    world.log.append_from(_reader(rules), [], msgspec.json.encode(found).decode())


def note(world: World, rules: str, number: int) -> None:
    """Note that lists of this length are asked for."""
    _noted(world).setdefault((rules, number))


def lengths(world: World, rules: str) -> list[int]:
    """Return of which lengths lists are learnt: the usual, those asked for, those learnt last."""
    last = learnt(world, rules)
    asked = [number for name, number in list(_noted(world)) if name == rules]
    known = sorted(last.shares) if last else []
    return list(dict.fromkeys((*LENGTHS, *asked, *known)))[:MOST_LENGTHS]


def _noted(world: World) -> dict[tuple[str, int], None]:
    return world.latest.of("lengths asked for", 0, dict)


def _reader(rules: str) -> str:
    return f"steering:{rules}"
