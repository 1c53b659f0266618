"""Knows each person: identities, merges, and the one definition of every trait.

In: events.
Out: resolved events, merges; traits as of any instant.
"""

from __future__ import annotations

from tailorbird.profiles.asked import asked
from tailorbird.profiles.fold import Folded, fold, replay, withdrawal

__all__ = ["Folded", "asked", "fold", "replay", "withdrawal"]
