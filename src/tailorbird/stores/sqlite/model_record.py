"""Which version of a model serves, and what privacy was spent, in SQLite."""

from __future__ import annotations

from msgspec.structs import astuple

from tailorbird.model_record import Spend, Turn
from tailorbird.schema import Instant
from tailorbird.stores.sqlite.connection import Database
from tailorbird.stores.statements import load

SQL = load("model_record")


class SqliteModelRecord:
    """`model_record.ModelRecord` over one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def turn(self, turn: Turn) -> None:
        """Keep durably which version serves from now on."""
        with self._database.write() as connection:
            connection.execute(SQL["turn"], astuple(turn))

    def turns(self, model: str, limit: int = 100) -> list[Turn]:
        """Return what was said of a model, the newest first."""
        found = self._database.current().execute(SQL["turns"], (model, limit))
        return [Turn(*row) for row in found]

    def spend(self, spend: Spend, most_micro: int) -> bool:
        """Keep a spending durably, unless it would bring its model's year above the most."""
        with self._database.write() as connection:
            (spent,) = connection.execute(SQL["spent"], (spend.model, spend.year)).fetchone()
            fits = spend.epsilon_micro > 0 and spent + spend.epsilon_micro <= most_micro
            if fits:
                connection.execute(SQL["spend"], astuple(spend))
        return bool(fits)

    def answer(self, model: str, once: str, since: Instant) -> bytes | None:
        """Return what a request was told that was paid for since an instant; None: none was."""
        found = self._database.current().execute(SQL["answer"], (once, model, since)).fetchone()
        return found[0] if found else None

    def spends(self, model: str, year: int) -> list[Spend]:
        """Return what a model has spent in a year, the oldest first."""
        found = self._database.current().execute(SQL["spends"], (model, year))
        return [Spend(*row) for row in found]
