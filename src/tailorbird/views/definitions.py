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


Path = Annotated[str, Meta(max_length=300)]
MANY_FILES = 10_000


class DefinitionFiles(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Definitions as files: text by path, such as `segments/gold.yaml`.

    With `prune`, what is in no file is meant to be removed; without `people`, a plan is of the
    texts alone.
    """

    files: Annotated[dict[Path, str], Meta(max_length=MANY_FILES)]
    prune: bool = False
    people: bool = True


class ApplyFiles(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Definitions to be put in force together, who says so, and why.

    `plan` is the digest of the plan that was looked at; `overwrite` takes back what was changed
    here since; `end` ends the way of people in journeys that are removed.
    """

    files: Annotated[dict[Path, str], Meta(max_length=MANY_FILES)]
    author: Annotated[str, Meta(min_length=1, max_length=200)]
    reason: Annotated[str, Meta(min_length=1, max_length=1000)]
    plan: Annotated[str, Meta(max_length=64)] = ""
    prune: bool = False
    overwrite: bool = False
    end: bool = False


class TakeBack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An earlier version to be in force again: `to`, or the one before; who says so, and why."""

    author: Annotated[str, Meta(min_length=1, max_length=200)]
    reason: Annotated[str, Meta(min_length=1, max_length=1000)]
    to: Annotated[int, Meta(ge=1)] | None = None
    overwrite: bool = False
    end: bool = False


class KeptDefinition(msgspec.Struct, frozen=True):
    """One definition of those that were kept together: from which version (0: none) to which."""

    kind: str
    name: str
    before: int
    version: int


class KeptTogether(msgspec.Struct, frozen=True):
    """Definitions that were kept together. `number` is 0 where nothing was to be changed."""

    number: int
    how: str
    at: datetime
    author: str
    reason: str
    definitions: tuple[KeptDefinition, ...]
    notes: tuple[str, ...] = ()
    """What they name that has not come yet, as far as they were kept just now."""


class VersionOf(msgspec.Struct, frozen=True):
    """One version of a definition, with what it changed as a diff; `removed`: it was its end."""

    version: int
    at: datetime
    author: str
    reason: str
    diff: str
    removed: bool = False


class PullFiles(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The files that somebody has, to be brought up to what stands.

    With `shipped`, also what comes with Tailorbird; with `overwrite`, over local changes too;
    with `dry_run` it is not kept that the files have these versions now.
    """

    files: Annotated[dict[Path, str], Meta(max_length=MANY_FILES)]
    author: Annotated[str, Meta(max_length=200)] = ""
    shipped: bool = False
    overwrite: bool = False
    dry_run: bool = False
