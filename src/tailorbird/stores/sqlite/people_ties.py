"""Who is who in SQLite: owners of identifiers, merges that stand, pairs held apart, flags.

A merge changes no identifier and no row: it is an edge between two people as numbered at first.
`people.merged_into` is what the standing edges add up to.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from tailorbird.privacy.vault import Vault
from tailorbird.schema import PersonId, Position
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.statements import load
from tailorbird.ties import (
    Flag,
    Home,
    Identifier,
    Merge,
    Separation,
    Standing,
    latest_between,
    trees,
)

SQL = load("ties")


class Ties:
    """Reads and changes who is who, inside the caller's transaction."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    def standing(self, identifiers: Iterable[Identifier]) -> Standing:
        """Return what is known of these identifiers and of everybody behind them."""
        by_key: dict[Identifier | tuple[str, bytes], Identifier] = {}
        numbers: list[PersonId] = []
        for kind, value in identifiers:
            if kind == "person":
                numbers.append(int(value))
            else:
                by_key[kind, self._blind(kind, value)] = (kind, value)
        with self._database.write() as connection:
            connection.execute(SQL["make_asked_identity"])
            connection.execute(SQL["clear_asked_identity"])
            connection.executemany(SQL["ask_identity"], by_key)
            owners = {
                by_key[kind, key]: person for kind, key, person in connection.execute(SQL["owners"])
            }
            there = connection.execute(SQL["there"], (_json(numbers),))
            owners |= {("person", str(number)): number for (number,) in there}
            sharers: dict[Identifier, set[PersonId]] = defaultdict(set)
            for kind, key, person in connection.execute(SQL["sharers"]):
                sharers[by_key[kind, key]].add(person)
            flagged = {
                by_key[kind, key]: at for kind, key, at in connection.execute(SQL["flagged"])
            }
            return self._behind(connection, owners, sharers, flagged)

    def _behind(
        self,
        connection: sqlite3.Connection,
        owners: dict[Identifier, PersonId],
        sharers: dict[Identifier, set[PersonId]],
        flagged: dict[Identifier, Position],
    ) -> Standing:
        people = set(owners.values())
        homes = self.homes(people)
        if homes:
            homes = self._kin({homes.get(person, person) for person in people})
        people |= homes.keys() | set(homes.values())
        apart = _pairs(connection.execute(SQL["apart"], (_json(people),)))
        if apart:
            homes |= self.homes({person for pair in apart for person in pair})
        held: dict[PersonId, dict[str, int]] = defaultdict(dict)
        asked = _json(people)
        for person, kind, number in connection.execute(SQL["held"], (asked,)):
            held[person][kind] = number
        for person, number in connection.execute(SQL["joined"], (asked,)):
            held[person]["joined"] = number
        return Standing(owners, homes, held, sharers, flagged, apart)

    def homes(self, people: Iterable[PersonId]) -> dict[PersonId, PersonId]:
        """Return in whom those of these people who were merged are found now."""
        rows = self._database.current().execute(SQL["homes"], (_json(people),))
        return dict(rows.fetchall())

    def _kin(self, homes: Iterable[PersonId]) -> dict[PersonId, PersonId]:
        """Return everybody who was merged into one of these."""
        rows = self._database.current().execute(SQL["kin"], (_json(homes),))
        return dict(rows.fetchall())

    def parts(self, person: PersonId) -> list[PersonId]:
        """Return all whom the standing merges make one with this person, herself among them."""
        return self._members(self._home(person))

    def parts_at(self, person: PersonId, position: Position) -> list[PersonId]:
        """Return all who were one with this person when the log had come to a position."""
        found, ends = {person}, {person}
        while ends:
            asked = {"people": _json(ends), "position": position}
            rows = self._database.current().execute(SQL["joined_at"], asked)
            ends = {end for row in rows for end in row} - found
            found |= ends
        return sorted(found)

    def owner(self, kind: str, value: str) -> PersonId | None:
        """Return who gave this identifier first."""
        key = self._blind(kind, value)
        row = self._database.current().execute(SQL["identity"], (kind, key)).fetchone()
        return int(row[0]) if row else None

    def claims(self, people: Sequence[PersonId]) -> dict[PersonId, dict[str, int]]:
        """Return how many identifiers of each kind lead to each person."""
        held: dict[PersonId, dict[str, int]] = defaultdict(dict)
        for person, kind, number in self._database.current().execute(
            SQL["claims"], (_json(people),)
        ):
            held[person][kind] = number
        return held

    # -- changes ---------------------------------------------------------------------------------

    def link(self, links: Iterable[tuple[str, str, PersonId]]) -> None:
        """Keep who gave each (kind, value) first."""
        rows = ((kind, self._blind(kind, value), person) for kind, value, person in links)
        with self._database.write() as connection:
            connection.executemany(SQL["link"], rows)

    def merge(self, merges: Iterable[tuple[Merge, Identifier | None]]) -> None:
        """Keep each merge with the identifier that shows it, and find the losers in survivors."""
        with self._database.write() as connection:
            for merge, identifier in merges:
                key = self._blind(*identifier) if identifier else b""
                row = msgspec.structs.replace(merge, key=key)
                one, two = self._home(merge.survivor), self._home(merge.loser)
                if one == two:
                    continue
                self._lift(connection, one, two, merge.position)
                connection.execute(SQL["note_merge"], msgspec.structs.astuple(row))
                pair = {"survivor": min(one, two), "loser": max(one, two)}
                connection.execute(SQL["rehome"], pair)

    def _lift(
        self, connection: sqlite3.Connection, one: PersonId, two: PersonId, position: Position
    ) -> None:
        """Let two be joined again whom somebody had separated."""
        kin = [_json(self._members(home)) for home in (one, two)]
        connection.execute(SQL["lift_separation"], (position, *kin, *kin))

    def separate(self, separation: Separation) -> None:
        """Take back the latest merge between the two, and join them by no event again."""
        with self._database.write() as connection:
            home = self._home(separation.survivor)
            if home != self._home(separation.loser):
                connection.execute(SQL["note_separation"], msgspec.structs.astuple(separation))
                return
            members = self._members(home)
            edges = self._edges(members)
            cut = latest_between(edges, separation.survivor, separation.loser)
            if not cut.by:
                return  # merged by an older version, which did not keep whose was what
            connection.execute(SQL["note_separation"], msgspec.structs.astuple(separation))
            connection.execute(
                SQL["undo"], (separation.position, cut.position, cut.loser, cut.survivor)
            )
            left = [edge for edge in edges if edge != cut]
            homes = trees(members, left)
            rows = ((homes[each] if homes[each] != each else None, each) for each in members)
            connection.executemany(SQL["set_home"], rows)

    def share(self, sharings: Iterable[tuple[Identifier, PersonId, Position]]) -> None:
        """Keep who gave an identifier that somebody else holds."""
        rows = (
            (kind, self._blind(kind, value), person, position)
            for (kind, value), person, position in sharings
        )
        with self._database.write() as connection:
            connection.executemany(SQL["share"], rows)

    def flag(self, flags: Iterable[tuple[Identifier, Flag]]) -> None:
        """Keep which identifiers say too little, from where on and why."""
        rows = (
            msgspec.structs.astuple(msgspec.structs.replace(flag, key=self._blind(*identifier)))
            for identifier, flag in flags
        )
        with self._database.write() as connection:
            connection.executemany(SQL["flag"], rows)

    # -- what was decided ------------------------------------------------------------------------

    def merges(self, person: PersonId | None = None) -> list[Merge]:
        """Return every merge, taken back or not, in order; or those of one person's parts."""
        members = _json(self._members(self._home(person))) if person else None
        rows = self._database.current().execute(SQL["merges"], {"people": members})
        return [Merge(*row) for row in rows]

    def separations(self) -> list[Separation]:
        """Return the pairs that are held apart, in order."""
        rows = self._database.current().execute(SQL["separations"])
        return [Separation(*row) for row in rows]

    def flags(self) -> list[Flag]:
        """Return the flagged identifiers, in order of their positions."""
        return [Flag(*row) for row in self._database.current().execute(SQL["flags"])]

    def moved(self, first: Position, end: Position) -> list[Home]:
        """Return where everybody's history is now whom a change from `first` to `end` touched."""
        touched: dict[PersonId, Position] = {}
        asked = {"first": first, "end": end}
        for person, position in self._database.current().execute(SQL["moved"], asked):
            touched[person] = max(position, touched.get(person, 0))
        latest: dict[PersonId, Position] = {}
        for person, position in touched.items():
            home = self._home(person)
            latest[home] = max(position, latest.get(home, 0))
        kin = self._kin(latest) | {home: home for home in latest}
        return [Home(owner, home, latest[home]) for owner, home in sorted(kin.items())]

    def _home(self, person: PersonId) -> PersonId:
        return self.homes([person]).get(person, person)

    def _members(self, home: PersonId) -> list[PersonId]:
        return sorted({home, *self._kin([home])})

    def _edges(self, members: Sequence[PersonId]) -> list[Merge]:
        rows = self._database.current().execute(SQL["edges"], (_json(members),))
        return [Merge(*row) for row in rows]

    def _blind(self, kind: str, value: str) -> bytes:
        return self._vault.blind(kind, value)


def _pairs(rows: Iterable[tuple[PersonId, PersonId]]) -> tuple[tuple[PersonId, PersonId], ...]:
    return tuple((one, two) for one, two in rows)


def _json(people: Iterable[PersonId]) -> str:
    return msgspec.json.encode(sorted(people)).decode()
