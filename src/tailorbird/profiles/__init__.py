"""Knows each person: identities, merges, and the one definition of every trait.

In: events.
Out: resolved events, merges; traits as of any instant.
"""

from __future__ import annotations

from tailorbird.profiles.changes import merged_body, separated_body
from tailorbird.profiles.fold import Folded, fold, replay, withdrawal
from tailorbird.profiles.traits import TRAITS, Trait, table

__all__ = [
    "TRAITS",
    "Folded",
    "Trait",
    "fold",
    "merged_body",
    "replay",
    "separated_body",
    "table",
    "withdrawal",
]
