"""Pairs of people who may be one, and what became of them, in SQLite."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from tailorbird.schema import Instant, PersonId
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.statements import load
from tailorbird.ties import Likeness, Match, MatchState

SQL = load("matches")
_EVIDENCE = msgspec.json.Decoder(tuple[Likeness, ...])


class SqliteMatches:
    """`registries.Matches` over one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, one: PersonId, two: PersonId) -> Match | None:
        """Return the match of two people, the lower number first."""
        row = self._database.current().execute(SQL["one"], (one, two)).fetchone()
        return _match(row) if row else None

    def page(self, state: MatchState | None, skip: int, limit: int) -> list[Match]:
        """Return matches in a state (None: in any), the most probable first."""
        asked = (state or "", skip, limit)
        return [_match(row) for row in self._database.current().execute(SQL["page"], asked)]

    def counts(self) -> dict[str, int]:
        """Return how many matches are in each state."""
        return dict(self._database.current().execute(SQL["counts"]).fetchall())

    def keep(self, matches: Sequence[Match]) -> None:
        """Keep these durably, in place of all that waited and that nobody has decided about."""
        with self._database.write() as connection:
            connection.execute(SQL["forget_waiting"])
            connection.executemany(SQL["keep"], map(_row, matches))

    def decide(
        self, match: Match, state: MatchState, *, at: Instant, author: str, reason: str, by: str
    ) -> bool:
        """Keep durably what somebody decided of a match that waits; return whether it did."""
        decided = (match.one, match.two, state, at, author, reason, by)
        with self._database.write() as connection:
            return bool(connection.execute(SQL["decide"], decided).rowcount)

    def mark_merged(self, matches: Iterable[Match]) -> None:
        """Keep durably that the log has the word on these."""
        with self._database.write() as connection:
            connection.executemany(SQL["merged"], [(match.one, match.two) for match in matches])


def _row(match: Match) -> tuple[Any, ...]:
    evidence = msgspec.json.encode(match.evidence).decode()
    return (
        match.one, match.two, match.state, match.probability, evidence, match.why, match.seen,
        match.found_at, match.decided_at, match.author, match.reason, match.by,
    )  # fmt: skip


def _match(row: Sequence[Any]) -> Match:
    one, two, state, probability, evidence, *rest = row
    return Match(one, two, state, probability, _EVIDENCE.decode(evidence), *rest)
