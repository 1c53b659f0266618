"""Many requests, one commit: each learns its own offset, and each learns of a failure."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest

from tailorbird.errors import StoreError
from tailorbird.schema import Body
from tailorbird.web.appending import Appending


class Log:
    """Keeps the groups in which bodies came; the first commit waits until it is let go."""

    def __init__(self) -> None:
        self.groups: list[list[bytes]] = []
        self.goes_on = threading.Event()
        self.full = False

    def append(self, bodies: Sequence[Body]) -> int:
        assert self.goes_on.wait(30)
        if self.full:
            raise StoreError("the disk is full")
        self.groups.append([body.content for body in bodies])
        return sum(map(len, self.groups))


def body(number: int) -> Body:
    return Body("web", 1, b"%d" % number)


def test_what_comes_during_a_commit_shares_the_next_and_learns_its_own_offset() -> None:
    log, told = Log(), []

    async def run() -> list[int]:
        appending = Appending(log.append, lambda: told.append(1))
        asked = [asyncio.create_task(appending.append(body(n))) for n in range(5)]
        await asyncio.sleep(0)
        asked += [asyncio.create_task(appending.append(body(n))) for n in range(5, 9)]
        await asyncio.sleep(0)
        log.goes_on.set()
        return list(await asyncio.gather(*asked))

    offsets = asyncio.run(run())
    assert len(log.groups) <= 3
    assert [b for group in log.groups for b in group] == [b"%d" % n for n in range(9)]
    assert offsets == list(range(1, 10))
    assert len(told) == len(log.groups)


def test_a_failure_reaches_everybody_who_waits_and_the_next_goes_on() -> None:
    log = Log()
    log.goes_on.set()
    log.full = True

    async def run() -> tuple[list[object], int]:
        appending = Appending(log.append, lambda: None)
        asked = [appending.append(body(n)) for n in range(3)]
        failed = await asyncio.gather(*asked, return_exceptions=True)
        log.full = False
        return list(failed), await appending.append(body(3))

    failed, offset = asyncio.run(run())
    assert [type(error) for error in failed] == [StoreError] * 3
    assert offset == 1


def test_who_stops_waiting_is_stored_all_the_same_and_disturbs_nobody() -> None:
    log = Log()

    async def run() -> int:
        appending = Appending(log.append, lambda: None)
        gone = asyncio.create_task(appending.append(body(0)))
        stays = asyncio.create_task(appending.append(body(1)))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
        log.goes_on.set()
        with pytest.raises(asyncio.CancelledError):
            await gone
        return await stays

    assert asyncio.run(run()) == 2
    assert [b for group in log.groups for b in group] == [b"0", b"1"]
