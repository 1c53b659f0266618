"""Definitions as the API shows them: their versions, where they are used, and their end."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta


class DefinitionVersion(msgspec.Struct, frozen=True):
    """One version of a definition: who kept it, when and why."""

    version: int
    text: str
    created_at: datetime
    author: str
    reason: str


class DefinitionUse(msgspec.Struct, frozen=True):
    """A definition that names another, and as what: a campaign as its audience."""

    kind: str
    name: str
    how: str


class RemovedDefinition(msgspec.Struct, frozen=True):
    """A definition that is no more, and the last version that was in force."""

    name: str
    version: int


class NewVersion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A definition to be kept, and why; `author` is who says so."""

    text: Annotated[str, Meta(max_length=60_000)]
    reason: Annotated[str, Meta(max_length=1000)] = ""
    author: Annotated[str, Meta(max_length=200)] = ""
