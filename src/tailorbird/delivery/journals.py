"""The journals of one data folder: whose is held lives, whose is free has died."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from tailorbird.delivery.journal import FileJournal
from tailorbird.errors import StoreError, UsageError

FIRST: Final = "worker-1"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_NUMBERED: Final = re.compile(r"worker-\d+")
MOST: Final = 1000


class Journals:
    """Opens the journal of any worker of a folder. The system lets go of a dead worker's lock."""

    def __init__(self, folder: Path, *, sync: bool = True) -> None:
        self._folder = folder
        self._sync = sync

    def path(self, worker: str) -> Path:
        """Return where a worker's journal is.

        Raises:
            UsageError: this names no worker.
        """
        if not _NAME.fullmatch(worker):
            raise UsageError(
                f"{worker!r} names no worker", mend="write small letters, digits and hyphens"
            )
        name = "delivery.journal" if worker == FIRST else f"delivery-{worker}.journal"
        return self._folder / name

    def open(self, worker: str) -> FileJournal:
        """Return a worker's journal, held until it is closed or the process ends.

        Raises:
            StoreError: another process holds it.
        """
        return FileJournal(self.path(worker), sync=self._sync)

    def first_free(self) -> tuple[str, FileJournal]:
        """Return a name that no living worker has, with its journal: worker-2, worker-3 ...

        Raises:
            StoreError: there are a thousand workers.
        """
        for number in range(2, MOST):
            name = f"worker-{number}"
            try:
                return name, self.open(name)
            except StoreError:
                if not self.path(name).exists():
                    raise
        raise StoreError("no worker can be added", where=str(self._folder), mend="stop some")

    def left_by(self, worker: str) -> FileJournal | None:
        """Return the journal that a dead worker left; None where there is none, or of old.

        Raises:
            StoreError: the worker lives, and holds it.
        """
        try:
            path = self.path(worker)
        except UsageError:
            return None
        return self.open(worker) if path.exists() else None

    def is_held(self, worker: str) -> bool:
        """Return whether a worker lives: it holds its journal."""
        try:
            left = self.left_by(worker)
        except StoreError:
            return True
        if left is not None:
            left.close()
        return False

    def sweep(self) -> int:
        """Drop the empty journals of workers who had a name of their own; return how many."""
        dropped = 0
        for name in self.workers():
            if _NUMBERED.fullmatch(name) or self.path(name).stat().st_size:
                continue
            try:
                left = self.open(name)
            except StoreError:
                continue
            self.path(name).unlink(missing_ok=True)
            left.close()
            dropped += 1
        return dropped

    def workers(self) -> list[str]:
        """Return the names of all who ever worked here, by name."""
        names = [FIRST] if self.path(FIRST).exists() else []
        found = self._folder.glob("delivery-*.journal")
        names += [path.stem.removeprefix("delivery-") for path in found]
        return sorted(name for name in names if _NAME.fullmatch(name))
