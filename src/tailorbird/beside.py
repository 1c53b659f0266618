"""What a command may open while the server runs: keys and hooks, no facts and no carrier."""

from __future__ import annotations

import os
import time
from pathlib import Path

from tailorbird import settings
from tailorbird.privacy.vault import Vault, load_key
from tailorbird.registries import Hooks, Keys
from tailorbird.schema import Instant
from tailorbird.stores.sqlite.connection import FILE_NAME, Database
from tailorbird.stores.sqlite.hooks import SqliteHooks
from tailorbird.stores.sqlite.keys import SqliteKeys


class Record:
    """The registries of one data folder."""

    def __init__(self, folder: Path) -> None:
        self.settings, _ = settings.load(folder, os.environ)
        self._database = Database(folder / FILE_NAME)
        self.keys: Keys = SqliteKeys(self._database)
        self.hooks: Hooks = SqliteHooks(self._database, Vault(load_key(folder)))

    def clock(self) -> Instant:
        """Return the folder's present instant."""
        return time.time_ns() // 1000 - self.settings.clock_lag_seconds * 1_000_000

    def close(self) -> None:
        """Let go of the folder."""
        self._database.close()
