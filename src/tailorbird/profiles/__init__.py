"""Knows each person: identities, merges, and the one definition of every trait.

In: events.
Out: resolved events, merges; traits as of any instant.
"""

from __future__ import annotations

from tailorbird.profiles.changes import merged_body, separated_body
from tailorbird.profiles.fold import Folded, fold, moved, replay, withdrawal
from tailorbird.profiles.fold_columns import Known, fold_columns, replay_columns
from tailorbird.profiles.listing import listed_bodies
from tailorbird.profiles.traits import TRAITS, Trait, table, table_of_owners

__all__ = [
    "TRAITS",
    "Folded",
    "Known",
    "Trait",
    "fold",
    "fold_columns",
    "listed_bodies",
    "merged_body",
    "moved",
    "replay",
    "replay_columns",
    "separated_body",
    "table",
    "table_of_owners",
    "withdrawal",
]
