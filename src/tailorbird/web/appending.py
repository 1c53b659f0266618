"""Brings the bodies of many requests to the log together: one commit for all who wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeAlias

from tailorbird.schema import Body

Append: TypeAlias = Callable[[Sequence[Body]], int]
"""`EventLog.append`: durable when it returns the offset of the last body."""


class Appending:
    """Appends from coroutines of one loop, in the order in which they asked.

    While one commit is under way, what comes waits for the next one: a thread and a commit for each
    request would cost more than the request. `told` is called after each commit.
    """

    def __init__(self, append: Append, told: Callable[[], None]) -> None:
        self._append = append
        self._told = told
        self._waiting: list[tuple[Body, asyncio.Future[int]]] = []
        self._committing: asyncio.Task[None] | None = None

    async def append(self, body: Body) -> int:
        """Return the body's offset once it is durable."""
        durable: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append((body, durable))
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit())
        return await durable

    async def _commit(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting, []
            try:
                last = await asyncio.to_thread(self._append, [body for body, _ in group])
            except Exception as error:  # noqa: BLE001 - raised again by every waiting caller
                for _, durable in group:
                    if not durable.done():
                        durable.set_exception(error)
            else:
                self._told()
                for offset, (_, durable) in enumerate(group, last - len(group) + 1):
                    if not durable.done():
                        durable.set_result(offset)
        self._committing = None
