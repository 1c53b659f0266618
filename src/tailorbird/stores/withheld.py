"""Facts of a process that only sends: another one holds the file, and nothing here may ask it."""

from __future__ import annotations

from typing import NoReturn

from tailorbird.errors import StoreError


class NoFacts:
    """Answers every question with the same error; closes like the real ones."""

    def __getattr__(self, name: str) -> NoReturn:
        raise StoreError(
            f"this worker only sends and has no facts, so it cannot answer {name!r}",
            mend="run this command without `tailorbird worker`, or ask the server",
        )

    def close(self) -> None:
        """Hold nothing, let go of nothing."""


class AtHome:
    """Stands for what only the home of several machines has; answers with the same error."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __getattr__(self, name: str) -> NoReturn:
        raise StoreError(
            f"this machine only sends and has no {self._what}, so it cannot answer {name!r}",
            mend="ask on the home: the machine whose folder has the log",
        )
