"""Long work behind the ticks: a thread a lane does it, and a later tick finds what came of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar, cast

from tailorbird.errors import Stopped

T = TypeVar("T")

LOOK_SECONDS = 0.05


class Behind:
    """Does one piece of work of a lane after the other; `done` is called after each.

    Asked for by one thread. What was asked for is done once, under its name. Work that tells the
    log much calls `told`, and waits until `taken_in` says that a tick has come so far.
    """

    def __init__(
        self, done: Callable[[], None], told: Callable[[], None], taken_in: Callable[[], int]
    ) -> None:
        self._done = done
        self._told = told
        self._taken_in = taken_in
        self._stopping = threading.Event()
        self._pools: dict[str, ThreadPoolExecutor] = {}
        self._asked: dict[str, Future[Any]] = {}

    def __call__(self, name: str, work: Callable[[], T], *, lane: str = "") -> T | None:
        """Return what the work gave, None until it is done.

        Raises what the work raised.
        """
        asked = self._asked.get(name)
        if asked is None:
            asked = self._asked[name] = self._lane(lane).submit(work)
            asked.add_done_callback(lambda _: self._done())
            return None
        if not asked.done():
            return None
        del self._asked[name]
        return cast("T", asked.result())

    def asked(self, name: str) -> bool:
        """Return whether the work of this name was asked for, and its answer not yet taken."""
        return name in self._asked

    def let_in(self, offset: int) -> None:
        """Return once a tick has taken the log in up to an offset.

        Raises:
            Stopped: there will be no more ticks.
        """
        while self._taken_in() < offset:
            self._told()
            if self._stopping.wait(LOOK_SECONDS):
                raise Stopped("the server ends", mend="start it: the rest is done then")

    def stop(self) -> None:
        """Give up what has not begun, and end when the present work does."""
        self._stopping.set()
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)
        for pool in self._pools.values():
            pool.shutdown()

    def _lane(self, lane: str) -> ThreadPoolExecutor:
        if lane not in self._pools:
            self._pools[lane] = ThreadPoolExecutor(1, thread_name_prefix="tailorbird-behind")
        return self._pools[lane]
