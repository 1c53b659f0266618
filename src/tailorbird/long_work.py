"""Work that takes long: done at once, or behind what must not wait for it.

Whoever has such work names it and says what is to be done. At once, the answer is there; behind, it
comes at a later asking under the same name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol, TypeVar

T = TypeVar("T")


class Work(Protocol):
    """Does what takes long: at once, or behind."""

    def __call__(self, name: str, work: Callable[[], T], *, lane: str = "") -> T | None:
        """Return what the work of this name gave, None until it is done; raises what it raised.

        Work of one lane waits for the rest of it, and for no other.
        """

    def asked(self, name: str) -> bool:
        """Return whether the work of this name was asked for, and its answer not yet taken."""

    def let_in(self, offset: int) -> None:
        """Return once the log is taken in up to an offset, so that what came between has its turn.

        Called by the work itself, where it tells the log much.

        Raises:
            Stopped: nobody takes it in any more; what is left must be done another time.
        """


class AtOnce:
    """Does the work while the caller waits."""

    def __call__(self, name: str, work: Callable[[], T], *, lane: str = "") -> T | None:
        """Return what the work gives."""
        return work()

    def asked(self, name: str) -> bool:
        """Return that nothing waits."""
        return False

    def let_in(self, offset: int) -> None:
        """Return at once: whoever asked for the work takes the log in after it."""


AT_ONCE: Final = AtOnce()
