"""Lists: people named one by one. A definition says that a list is there, the log who is on it."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from tailorbird import grouping, profiles, segments, yaml_text
from tailorbird.errors import SourceError, UsageError
from tailorbird.schema import Definition, DefinitionKind, Instant, PersonId
from tailorbird.segments.conditions import OnList, Segment, leaves
from tailorbird.world import World

KIND: Final[DefinitionKind] = "list"
COLUMNS: Final = ("person", "email", "user_id", "anonymous_id", "id")
"""Columns of a file that name a person, the most certain first."""


class StaticList(msgspec.Struct, frozen=True):
    """A list, how many are on it, and which segments rest on it."""

    name: str
    description: str
    people: int
    used_in: tuple[str, ...]
    offered: dict[str, str] = {}
    """What people may call it who put themselves on it, by locale; none: it is not offered."""


class Named(msgspec.Struct, frozen=True):
    """What naming people did: how many were known, newly put on (or taken off), and who was not.

    `unknown` holds places (from 1) in what was given, never the identifiers themselves.
    """

    known: int
    changed: int
    unknown: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Lists:
    """The lists of one data folder. What is written is seen once the log has been taken in."""

    world: World
    now: Instant

    def create(
        self,
        name: str,
        description: str = "",
        *,
        offered: Mapping[str, str] | None = None,
        author: str = "",
    ) -> Definition:
        """Keep that there is a list; what it was described as before is kept as a version.

        With words by locale it is `offered` to people themselves, with none of them to nobody;
        without them that stays as it is.

        Raises:
            DefinitionError: this cannot name a list.
        """
        import yaml

        if offered is None:
            before = self.world.definitions.get(KIND, name)
            offered = segments.list_offered(before.text, f"lists/{name}.yaml") if before else {}
        said: dict[str, object] = {"name": name, "description": description}
        said |= {"offered": dict(offered)} if offered else {}
        text = yaml.safe_dump(said, sort_keys=False, allow_unicode=True)
        segments.list_description(text, f"lists/{name}.yaml")
        return self.world.definitions.put(KIND, name, text, author=author, reason="", now=self.now)

    def add(self, name: str, given: Iterable[str], *, reason: str = "", author: str = "") -> Named:
        """Put people on a list, named by number, address, user id or anonymous id.

        Raises:
            UsageError: there is no such list.
        """
        return self._write(name, given, added=True, reason=reason, author=author)

    def remove(
        self, name: str, given: Iterable[str], *, reason: str = "", author: str = ""
    ) -> Named:
        """Take people off a list; who is merged into them leaves it with them.

        Raises:
            UsageError: there is no such list.
        """
        return self._write(name, given, added=False, reason=reason, author=author)

    def load(
        self, name: str, path: Path, column: str = "", *, reason: str = "", author: str = ""
    ) -> Named:
        """Put the people of a CSV file on a list; its place numbers count the rows below the head.

        Raises:
            SourceError: no column names people.
        """
        given = identifiers_in(path, column)
        return self.add(name, given, reason=reason or f"import of {path.name}", author=author)

    def load_text(
        self, name: str, text: str, file: str, column: str = "", *, reason: str = "",
        author: str = "",
    ) -> Named:  # fmt: skip
        """Put the people of a CSV file's text on a list; `file` is its name, for errors.

        Raises:
            SourceError: no column names people.
        """
        given = _identifiers(text.removeprefix("\ufeff").splitlines(keepends=True), column, file)
        return self.add(name, given, reason=reason or f"import of {file}", author=author)

    def people(
        self, name: str, *, as_of: Instant | None = None, limit: int | None = None
    ) -> list[PersonId]:
        """Return who is on a list, now or at a past instant, by number."""
        self.find(name)
        at = self.now if as_of is None else as_of
        return segments.people(self.world.facts, on(name), as_of=at, limit=limit)

    def count(self, name: str, *, as_of: Instant | None = None) -> int:
        """Return how many are on a list, now or at a past instant."""
        self.find(name)
        at = self.now if as_of is None else as_of
        return segments.count(self.world.facts, on(name), as_of=at)

    def all(self) -> list[StaticList]:
        """Return every list, by name."""
        standing = self._standing()
        return [self._shown(each, standing) for each in self.world.definitions.latest(KIND)]

    def show(self, name: str) -> StaticList:
        """Return one list.

        Raises:
            UsageError: there is none of this name.
        """
        return self._shown(self.find(name), self._standing())

    def find(self, name: str) -> Definition:
        """Return the definition of a list.

        Raises:
            UsageError: there is none of this name.
        """
        found = self.world.definitions.get(KIND, name)
        if found is None:
            known = [each.name for each in self.world.definitions.latest(KIND)]
            mend = yaml_text.nearest(name, known) if known else "make it: `tailorbird lists create`"
            raise UsageError(f"no list {name!r}", mend=mend)
        return found

    def _standing(self) -> list[Segment]:
        """Return the segments that can be read, those of groups among them."""
        return grouping.standing_segments(self.world)

    def _shown(self, kept: Definition, standing: Sequence[Segment]) -> StaticList:
        asked = OnList(kept.name)
        used = tuple(each.name for each in standing if asked in leaves(each.condition))
        described_as = segments.list_description(kept.text, f"lists/{kept.name}.yaml")
        offered = segments.list_offered(kept.text, f"lists/{kept.name}.yaml")
        return StaticList(kept.name, described_as, self.count(kept.name), used, offered)

    def _write(
        self, name: str, given: Iterable[str], *, added: bool, reason: str, author: str
    ) -> Named:
        self.find(name)
        people, unknown = self._found(given)
        standing = set(self.people(name))
        changed = [each for each in people if (each in standing) != added]
        bodies = profiles.listed_bodies(
            name, changed, added=added, at=self.now, reason=reason, author=author
        )
        self.world.log.append(list(bodies))
        return Named(len(people), len(changed), unknown)

    def _found(self, given: Iterable[str]) -> tuple[list[PersonId], tuple[int, ...]]:
        """Return the people, once each, and the places of those whom nobody knows."""
        people: dict[PersonId, None] = {}
        unknown: list[int] = []
        for place, identifier in enumerate(given, 1):
            person = self._person(identifier.strip())
            if person is None:
                unknown.append(place)
            else:
                people[person] = None
        return list(people), tuple(unknown)

    def _person(self, identifier: str) -> PersonId | None:
        number = identifier.removeprefix("person:")
        if number == identifier:
            return self.world.people.find(identifier)
        is_number = number.isascii() and number.isdigit() and len(number) < 19
        return self.world.people.survivor(int(number)) if is_number else None


def identifiers_in(path: Path, column: str = "") -> list[str]:
    """Return the identifiers of a CSV file: of the named column, or of one that names people.

    Raises:
        SourceError: it cannot be read, or has no such column.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _identifiers(file, column, str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(error, str(path)) from None


def _identifiers(lines: Iterable[str], column: str, file: str) -> list[str]:
    try:
        rows = csv.DictReader(lines)
        chosen = _column(rows.fieldnames or (), column, file)
        prefix = "person:" if chosen.lower() == "person" else ""
        return [f"{prefix}{row.get(chosen) or ''}" for row in rows]
    except csv.Error as error:
        raise _unreadable(error, file) from None


def _unreadable(error: Exception, file: str) -> SourceError:
    mend = "give a CSV file in UTF-8 with a head"
    return SourceError(f"it cannot be read: {error}", where=file, mend=mend)


def _column(head: Sequence[str], column: str, file: str) -> str:
    named = {each.strip().lower().replace(" ", "_"): each for each in head}
    wanted = (column.lower(),) if column else COLUMNS
    for each in wanted:
        if each in named:
            return named[each]
    mend = f"name one of its columns with --column: {', '.join(head) or 'it has none'}"
    raise SourceError(f"no column {' or '.join(wanted)}", where=file, mend=mend)


def on(name: str) -> Segment:
    """Return the people of a list as a segment that need not be kept."""
    return Segment(name, OnList(name))
