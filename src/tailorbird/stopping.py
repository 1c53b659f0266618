"""How work ends that nobody waits for any more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tailorbird.errors import Stopped


class Stop:
    """Says to whoever works on an answer that nobody waits for it any more.

    `ask` may be called from any thread, and again until the work has ended: what it interrupts may
    just be about to begin.
    """

    def __init__(self) -> None:
        self._asked = False
        self._interrupt: Callable[[], None] | None = None

    def ask(self) -> None:
        """Have the work end, and everything end that it would begin."""
        self._asked = True
        if interrupt := self._interrupt:
            interrupt()

    def check(self) -> None:
        """Return while somebody waits.

        Raises:
            Stopped: nobody does.
        """
        if self._asked:
            raise Stopped("nobody waits for the answer", mend="ask again")

    @contextmanager
    def interrupting(self, interrupt: Callable[[], None]) -> Iterator[None]:
        """Have `ask` call this while the block runs."""
        self._interrupt = interrupt
        try:
            self.check()
            yield
        finally:
            self._interrupt = None
