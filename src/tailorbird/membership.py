"""Membership of segments: brought up to an instant, and when time alone can change it next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tailorbird import authoring, crossing, segments
from tailorbird.access import Change
from tailorbird.schema import Instant
from tailorbird.segments.refresh import untimed
from tailorbird.world import World

_UNTIL: Final = 'SELECT COALESCE(MAX("at"), 0) AS latest FROM segment_refreshes'
_DUE: Final = "SELECT MIN(next_check) AS due FROM membership WHERE next_check > ?"


def refresh(
    world: World, now: Instant, seconds: Callable[[], float] = untimed
) -> list[Change]:
    """Bring every segment's membership up to this instant, and return who entered and left.

    What each segment costs is noted by `seconds`, a running clock.
    """
    crossing.restore(world)
    authoring.forget_removed(world, now)
    standing = authoring.standing_segments(world)
    changes = segments.refresh(world.facts, standing, now=now, seconds=seconds)
    crossing.cross(world)
    return changes


def next_due(world: World, now: Instant) -> Instant | None:
    """Return the next instant at which time alone can change who is in a segment; None for never.

    Call it after `refresh`.
    """
    due: Instant | None = world.facts.read(_DUE, (now,))["due"][0].as_py()
    return due


def refreshed_until(world: World) -> Instant:
    """Return the instant up to which segments were brought last, 0 if never."""
    return int(world.facts.read(_UNTIL)["latest"][0].as_py())
