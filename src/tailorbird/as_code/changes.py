"""What files would change of the definitions that stand, as text: the plan without the people."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final, Literal, TypeAlias

import msgspec

from tailorbird.as_code.files import Written
from tailorbird.as_code.places import PLACES, path_of
from tailorbird.edits import Edit, Key
from tailorbird.registries import Definitions
from tailorbird.schema import Definition, DefinitionKind
from tailorbird.views import moment

What: TypeAlias = Literal["add", "change", "remove"]
SHIPPED: Final = ("tailorbird", "shipped")
"""Author and reason of what comes with Tailorbird: files need not have it."""
DIGEST_BYTES: Final = 16


class ChangedSince(msgspec.Struct, frozen=True):
    """A version that was kept by the console or the API since the files were applied last."""

    version: int
    author: str
    reason: str
    at: datetime


class DefinitionChange(msgspec.Struct, frozen=True):
    """One definition that would be added, changed or removed.

    `before` is the version in force, 0 for none. `moved` says who changed it here since it was
    applied or pulled last: the files would take that back. `people` are in a journey that would be
    removed: their way would end.
    """

    what: What
    kind: DefinitionKind
    name: str
    path: str
    before: int
    diff: str
    moved: ChangedSince | None = None
    people: int = 0

    @property
    def key(self) -> Key:
        """Return what names the definition."""
        return self.kind, self.name


class ExtraDefinition(msgspec.Struct, frozen=True):
    """A definition that no file has."""

    kind: DefinitionKind
    name: str
    version: int
    author: str

    @property
    def key(self) -> Key:
        """Return what names the definition."""
        return self.kind, self.name


def in_force(definitions: Definitions) -> dict[Key, Definition]:
    """Return everything that authors wrote and that is in force."""
    return {
        (each.kind, each.name): each for place in PLACES for each in definitions.latest(place.kind)
    }


def changes(
    definitions: Definitions,
    written: Mapping[Key, Written],
    standing: Mapping[Key, Definition],
    removed: Iterable[Key] = (),
) -> list[DefinitionChange]:
    """Return what the files would change, and the ends of what is removed."""
    bases = definitions.bases()
    found: list[DefinitionChange] = []
    for key, each in written.items():
        now = standing.get(key)
        if now is None or now.text != each.text:
            what: What = "change" if now else "add"
            shown = diff(each.path, now.text if now else None, each.text)
            before, moved = now.version if now else 0, _moved(definitions, key, bases)
            found.append(DefinitionChange(what, *key, each.path, before, shown, moved))
    for key in removed:
        now = standing[key]
        path = path_of(key, now.text)
        found.append(
            DefinitionChange("remove", *key, path, now.version, diff(path, now.text, None))
        )
    return found


def extras(written: Iterable[Key], standing: Mapping[Key, Definition]) -> list[ExtraDefinition]:
    """Return what stands and no file has, without what comes with Tailorbird."""
    known = set(written)
    return [
        ExtraDefinition(*key, each.version, each.author)
        for key, each in standing.items()
        if key not in known and (each.author, each.reason) != SHIPPED
    ]


def equal(
    definitions: Definitions,
    written: Mapping[Key, Written],
    standing: Mapping[Key, Definition],
) -> list[Key]:
    """Return what files have as it stands, and what is not known to be so."""
    bases = definitions.bases()
    return [
        key
        for key, each in standing.items()
        if key in written and written[key].text == each.text and bases.get(key) != each.version
    ]


def edits(found: Iterable[DefinitionChange], written: Mapping[Key, Written]) -> list[Edit]:
    """Return the edits that changes are."""
    return [
        Edit(*each.key, None if each.what == "remove" else written[each.key].text) for each in found
    ]


def diff(path: str, before: str | None, after: str | None) -> str:
    """Return a unified diff of a file; None is a file that is not there."""
    lines = difflib.unified_diff(
        (before or "").splitlines(keepends=True),
        (after or "").splitlines(keepends=True),
        "/dev/null" if before is None else f"a/{path}",
        "/dev/null" if after is None else f"b/{path}",
    )
    ended = (
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )
    return "".join(ended)


def digest(versions: Mapping[Key, int], found: Iterable[Edit], settings: str = "") -> str:
    """Return what is alike exactly while the same files meet the same definitions."""
    state = sorted((kind, name, version) for (kind, name), version in versions.items())
    wanted = sorted((each.kind, each.name, each.text or "", each.text is None) for each in found)
    whole = msgspec.json.encode([state, wanted, settings])
    return hashlib.blake2b(whole, digest_size=DIGEST_BYTES, person=b"tb-plan").hexdigest()


def _moved(definitions: Definitions, key: Key, bases: Mapping[Key, int]) -> ChangedSince | None:
    """Return who changed a definition here since files had it last."""
    newest = definitions.versions(*key, 1)
    base = bases.get(key)
    if base is None or not newest or newest[0].version <= base:
        return None
    last = newest[0]
    return ChangedSince(last.version, last.author, last.reason, moment(last.created_at))
