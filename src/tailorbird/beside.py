"""What a command may open while the server runs: the record, no facts and no carrier."""

from __future__ import annotations

import os
import time
from pathlib import Path

from tailorbird import settings, sharing
from tailorbird.lanes import Lanes
from tailorbird.outbox import Audit
from tailorbird.ports import Closeable, EventLog, Ledger, People
from tailorbird.privacy.vault import Vault, load_key
from tailorbird.registries import Hooks, Keys, Suppressions
from tailorbird.schema import Instant
from tailorbird.stores.sqlite.audit import SqliteAudit
from tailorbird.stores.sqlite.connection import FILE_NAME, Database
from tailorbird.stores.sqlite.hooks import SqliteHooks
from tailorbird.stores.sqlite.keys import SqliteKeys
from tailorbird.stores.sqlite.lanes import SqliteLanes
from tailorbird.stores.sqlite.ledger import SqliteLedger
from tailorbird.stores.sqlite.log import SqliteLog
from tailorbird.stores.sqlite.people import SqlitePeople
from tailorbird.stores.sqlite.suppressions import SqliteSuppressions


class Record:
    """The registries of one data folder."""

    def __init__(self, folder: Path) -> None:
        self.settings, _ = settings.load(folder, os.environ)
        sharing.check_alone(folder, self.settings)
        self._database = Database(folder / FILE_NAME)
        self._opened: list[Closeable] = [self._database]
        sharing.check_moved(folder, self._database.moved)
        vault = Vault(load_key(folder))
        self.keys: Keys = SqliteKeys(self._database)
        self.hooks: Hooks = SqliteHooks(self._database, vault)
        self.log: EventLog = SqliteLog(self._database)
        self.people: People = SqlitePeople(self._database, vault, self.settings.conflict)
        self.ledger: Ledger = SqliteLedger(self._database)
        self.lanes: Lanes = SqliteLanes(self._database)
        self.audit: Audit = SqliteAudit(self._database)
        self.suppressions: Suppressions = SqliteSuppressions(self._database, vault)
        if sharing.address(self.settings):
            from tailorbird import joining

            share = joining.at_home(
                folder, self.settings, vault, self._database, writes=True, holds=False
            )
            self._opened += share.opened
            self.ledger, self.lanes = share.ports["ledger"], share.ports["lanes"]
            self.audit = share.ports["audit"]

    def clock(self) -> Instant:
        """Return the folder's present instant."""
        return self.wall_clock() - self.settings.clock_lag_seconds * 1_000_000

    @staticmethod
    def wall_clock() -> Instant:
        """Return the present instant of the world, by which calls to others are dated."""
        return time.time_ns() // 1000

    def close(self) -> None:
        """Let go of the folder."""
        while self._opened:
            self._opened.pop().close()
