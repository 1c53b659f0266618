"""pandas stays out of a command that nobody asked for it: importing it takes half a second.

DuckDB looks for it at every value that is bound, pyarrow at every list: to know its missing values
and its frames, where it is installed for another library's sake. We hand over neither.
"""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

OURS: Final = "tailorbird"
PATIENCE: Final = 400
"""Each look costs 50 us: a process that looks more often than this is better off with pandas."""


class NoPandas(MetaPathFinder):
    """Finds no pandas for the compiled code that we call; whoever imports it in Python gets it."""

    def __init__(self) -> None:
        self._refused = 0

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return None, which is "look further".

        Raises:
            ModuleNotFoundError: compiled code asks.
        """
        if fullname == "pandas" and self._refused < PATIENCE and _importer() == OURS:
            self._refused += 1
            raise ModuleNotFoundError("pandas is not wanted here", name=fullname)
        return None


def keep_pandas_out() -> None:
    """Have this process do without pandas until somebody imports it; for short processes."""
    sys.meta_path.insert(0, NoPandas())


def _importer() -> str:
    """Return the first name of the nearest module that is written in Python: C has no frames."""
    frame = sys._getframe(2)  # noqa: SLF001 - there is no public way to know who imports
    while frame.f_back and frame.f_globals.get("__name__", "").startswith("importlib"):
        frame = frame.f_back
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]
