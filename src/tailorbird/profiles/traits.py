"""The traits of a person, as this room offers them.

The definitions are ground (`tailorbird.traits`), because segments, models and templates read the
same ones and rooms never import each other.
"""

from __future__ import annotations

from tailorbird.traits.registry import TRAITS, Trait, TraitType, trait
from tailorbird.traits.table import table, table_of_owners

__all__ = ["TRAITS", "Trait", "TraitType", "table", "table_of_owners", "trait"]
