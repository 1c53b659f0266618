"""Long work behind the ticks: one thread does it, and a later tick finds what came of it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar, cast

T = TypeVar("T")


class Behind:
    """Does one piece of work after the other; `done` is called after each.

    Asked for by one thread. What was asked for is done once, under its name.
    """

    def __init__(self, done: Callable[[], None]) -> None:
        self._done = done
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="tailorbird-behind")
        self._asked: dict[str, Future[Any]] = {}

    def __call__(self, name: str, work: Callable[[], T]) -> T | None:
        """Return what the work gave, None until it is done.

        Raises what the work raised.
        """
        asked = self._asked.get(name)
        if asked is None:
            asked = self._asked[name] = self._pool.submit(work)
            asked.add_done_callback(lambda _: self._done())
            return None
        if not asked.done():
            return None
        del self._asked[name]
        return cast("T", asked.result())

    def stop(self) -> None:
        """Give up what has not begun, and end when the present work does."""
        self._pool.shutdown(cancel_futures=True)
