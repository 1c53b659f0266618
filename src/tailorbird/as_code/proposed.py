"""The definitions as they would be: those that stand, and edits of them that are not kept.

A world with these answers every question as if the edits were in force; its facts and its record
are the live ones, and nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from tailorbird.edits import Edit, EditSet, How, Key
from tailorbird.errors import UsageError
from tailorbird.registries import Definitions
from tailorbird.schema import Definition, DefinitionKind, Instant
from tailorbird.world import World


class Proposed:
    """`registries.Definitions`, with edits that are only thought of."""

    def __init__(self, standing: Definitions, edits: Iterable[Edit], now: Instant) -> None:
        self._standing = standing
        self._own: dict[Key, Definition] = {}
        versions = standing.standing()
        for edit in edits:
            version = versions.get(edit.key, 0) + 1
            gone, text = edit.text is None, edit.text or ""
            self._own[edit.key] = Definition(*edit.key, version, text, "", "", now, 0, gone)

    def get(self, kind: DefinitionKind, name: str, version: int | None = None) -> Definition | None:
        """Return one version, or the latest; None where it was removed."""
        own = self._own.get((kind, name))
        if own is None or version not in (None, own.version):
            return self._standing.get(kind, name, version)
        return None if own.removed else own

    def versions(self, kind: DefinitionKind, name: str, limit: int = 100) -> list[Definition]:
        """Return the versions of a name, removals among them, the newest first."""
        own = self._own.get((kind, name))
        before = self._standing.versions(kind, name, limit)
        return [own, *before][:limit] if own else before

    def latest(self, kind: DefinitionKind) -> list[Definition]:
        """Return the latest version of every name of this kind that is not removed, by name."""
        found = {each.name: each for each in self._standing.latest(kind)}
        found |= {each.name: each for (own, _), each in self._own.items() if own == kind}
        return [found[name] for name in sorted(found) if not found[name].removed]

    def standing(self) -> dict[Key, int]:
        """Return the last version of all that authors wrote, also of what was removed."""
        return self._standing.standing() | {key: own.version for key, own in self._own.items()}

    def edit_sets(self, limit: int = 100, number: int | None = None) -> list[EditSet]:
        """Return what was kept together, the latest first; or the one of a number."""
        return self._standing.edit_sets(limit, number)

    def bases(self) -> dict[Key, int]:
        """Return the last version of each definition that was put or pulled together."""
        return self._standing.bases()

    def put(
        self, kind: DefinitionKind, name: str, text: str, *, author: str, reason: str, now: Instant
    ) -> Definition:
        """Refuse: a plan keeps nothing."""
        raise _refused()

    def remove(
        self, kind: DefinitionKind, name: str, *, author: str, reason: str, now: Instant
    ) -> Definition | None:
        """Refuse: a plan keeps nothing."""
        raise _refused()

    def put_together(
        self,
        edits: Sequence[Edit],
        standing: Mapping[Key, int] | None,
        *,
        how: How,
        author: str,
        reason: str,
        now: Instant,
    ) -> EditSet | None:
        """Refuse: a plan keeps nothing."""
        raise _refused()


def proposed(world: World, edits: Sequence[Edit], now: Instant) -> World:
    """Return the world as it would be with these edits."""
    return replace(world, definitions=Proposed(world.definitions, edits, now))


def _refused() -> UsageError:
    return UsageError("a plan keeps nothing", mend="apply it")
