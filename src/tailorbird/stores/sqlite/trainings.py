"""Trainings that were asked for, in SQLite."""

from __future__ import annotations

import msgspec

from tailorbird.schema import Instant
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.statements import load
from tailorbird.trainings import Training, TrainingKind, TrainingState

SQL = load("trainings")


class SqliteTrainings:
    """`trainings.TrainingRecord` over one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ask(self, asked: Training, since: Instant) -> Training:
        """Keep what is asked for and return it with its id, or what stands in its place."""
        about = (asked.kind, asked.name)
        with self._database.write() as connection:
            again = self._one("once", asked.once, *about, since)
            latest = again or self._one("latest", *about)
            if latest is not None and (again is latest or latest.state == "running"):
                return latest
            told = (*about, asked.asked_at, asked.how, asked.epsilon_micro, asked.once)
            number = connection.execute(SQL["ask"], told).lastrowid or 0
        return msgspec.structs.replace(asked, id=number)

    def begin(self, number: int) -> None:
        """Keep that a training is begun once more."""
        with self._database.write() as connection:
            connection.execute(SQL["begin"], (number,))

    def end(self, number: int, state: TrainingState, why: str, at: Instant) -> None:
        """Keep how a training ended."""
        with self._database.write() as connection:
            connection.execute(SQL["end"], (state, why, at, number))

    def latest(self, kind: TrainingKind, name: str) -> Training | None:
        """Return what was asked for last of a kind and name."""
        return self._one("latest", kind, name)

    def running(self) -> list[Training]:
        """Return what was asked for and has not ended, the oldest first."""
        return [Training(*row) for row in self._database.current().execute(SQL["running"])]

    def _one(self, statement: str, *bound: str | int) -> Training | None:
        row = self._database.current().execute(SQL[statement], bound).fetchone()
        return Training(*row) if row else None
