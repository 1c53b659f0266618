"""Knows each person: identities, merges, and the one definition of every trait.

In: events.
Out: resolved events, merges; traits as of any instant.
"""

from __future__ import annotations

from tailorbird.profiles.fold import Folded, fold, replay, withdrawal
from tailorbird.profiles.traits import TRAITS, Trait, table

__all__ = ["TRAITS", "Folded", "Trait", "fold", "replay", "table", "withdrawal"]
