"""Edits of definitions: several at once, kept as one, with who made them, when and why."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import msgspec

from tailorbird.schema import DefinitionKind, Instant

Key: TypeAlias = tuple[DefinitionKind, str]
"""What names a definition: its kind and its name."""
How: TypeAlias = Literal["apply", "pull", "rollback"]
MADE_BY_MACHINES: Final[frozenset[DefinitionKind]] = frozenset(("calibration", "edition"))
"""Kinds that no author writes."""


class Edit(msgspec.Struct, frozen=True):
    """A definition as it shall be; its text is None where it shall be no more."""

    kind: DefinitionKind
    name: str
    text: str | None

    @property
    def key(self) -> Key:
        """Return what names the definition."""
        return self.kind, self.name


class KeptEdit(msgspec.Struct, frozen=True):
    """What an edit did: from which version (0: from none) to which; the same where nothing."""

    kind: DefinitionKind
    name: str
    before: int
    version: int

    @property
    def key(self) -> Key:
        """Return what names the definition."""
        return self.kind, self.name


class EditSet(msgspec.Struct, frozen=True):
    """Edits that were kept together, or not at all. Numbers rise from 1."""

    number: int
    how: How
    at: Instant
    author: str
    reason: str
    edits: tuple[KeptEdit, ...]
