"""Work that ends when the one who asked has gone: an edit aborts the question before it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, TypeVar

from litestar import Request

from tailorbird.stopping import Stop

T = TypeVar("T")
AGAIN_SECONDS: Final = 0.02
"""What is to be interrupted may just be about to begin, so it is asked again."""


async def while_awaited(request: Request[Any, Any, Any], work: Callable[[Stop], T]) -> T:
    """Return what `work`, in a thread of its own, returns; have it end when the caller leaves.

    The body of the request must have been read.

    Raises:
        Stopped: the caller has gone.
    """
    stop = Stop()
    working = asyncio.create_task(asyncio.to_thread(work, stop))
    leaving = asyncio.create_task(_left(request))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        while not working.done():
            stop.ask()
            await asyncio.wait((working,), timeout=AGAIN_SECONDS)
    finally:
        stop.ask()
        leaving.cancel()
    return await working


async def _left(request: Request[Any, Any, Any]) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
