"""The whole server over one opened data folder: public routes, API, pages, and the worker."""

from __future__ import annotations

import asyncio
import gc
import math
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from tailorbird import (
    flow,
    journeying,
    letters,
    matching,
    membership,
    pacing,
    scheduling,
    triggering,
)
from tailorbird.letters import opting_out
from tailorbird.schema import SECOND, Body, Instant
from tailorbird.tracking.answers import Sent
from tailorbird.tracking.tokens import Sealer
from tailorbird.web import (
    amp,
    browser_settings,
    collector,
    customerio,
    forms,
    images,
    preferences,
    provider_hooks,
    salesforce,
    tag,
    tracking,
    webhooks,
)
from tailorbird.web.appending import Appending
from tailorbird.web.behind import Behind
from tailorbird.web.bounce_server import listening
from tailorbird.web.desk import Desk, nobody
from tailorbird.web.hook_sender import HookSender
from tailorbird.web.keys import KeyRing
from tailorbird.web.mailbox_reader import MailboxReader
from tailorbird.web.places import placing
from tailorbird.web.queue_readers import QueueReaders
from tailorbird.web.server import application
from tailorbird.web.source_reader import SourceReader
from tailorbird.web.worker import Worker

if TYPE_CHECKING:
    from tailorbird.app import Tailorbird

SWITCH_SECONDS = 0.0005
"""How long a thread that computes may keep the others waiting: requests come before the worker."""
COLLECTED_AFTER = (20_000, 20, 100)
"""How often garbage is looked for: of the 50,000 objects of a batch of events none is any."""


class Mailroom:
    """What the tracking pages ask, answered by one data folder."""

    def __init__(self, tb: Tailorbird, told: Callable[[], None] = nobody) -> None:
        self._tb = tb
        self._told = told

    def now(self) -> Instant:
        """Return the folder's present instant."""
        return self._tb.clock()

    def lookup(self, send_id: bytes) -> Sent | None:
        """Return a send, or None when it is not known."""
        return flow.sent(self._tb.world, send_id)

    def record(self, body: Body) -> None:
        """Append to the log, durably."""
        self._tb.world.log.append([body])
        self._told()

    def unsubscribe(self, send_id: bytes, at: Instant) -> bool:
        """Withdraw the consent of the person behind a send, durably; False when unknown."""
        known = flow.unsubscribe(self._tb.world, send_id, at)
        self._told()
        return known

    def stop_personalisation(self, send_id: bytes, at: Instant) -> bool:
        """Have nothing be chosen for the person behind a send any more; False when unknown."""
        known = opting_out.stop_personalisation(self._tb.world, send_id, at)
        self._told()
        return known

    def locale(self, send_id: bytes) -> str:
        """Return the language of the person behind a send, '' where nobody knows it."""
        return letters.locale_behind(self._tb.world, send_id)

    def rendered(self, send_id: bytes) -> str | None:
        """Return the HTML that was sent, or None when it cannot be shown any more."""
        return letters.sent_html(self._tb.world, send_id)


def site(tb: Tailorbird) -> ASGIApp:
    """Return the application; its workers start and stop with it."""
    world = tb.world
    worker, postman, behind = _workers(tb)
    reader = SourceReader(tb.sources)
    queues = QueueReaders(tb.sources, tb.clock, worker.wake)
    sender = HookSender(world, tb.clock)
    visitor = MailboxReader(world, tb.clock, worker.nudge)
    matcher = Worker(lambda: matching.run_due(world, tb.clock()), "tailorbird-matching")

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        app.state.worker = worker
        back = listening(_gate(tb, worker.nudge).append, tb.clock, world.token_key, world.settings)
        with _undisturbed():
            await asyncio.to_thread(desk.resume)
            for each in (worker, postman, reader, queues, sender, matcher, visitor):
                each.start()
            try:
                async with back:
                    yield
            finally:
                for each in (visitor, matcher, sender, queues, reader, worker, postman):
                    await asyncio.to_thread(each.stop)
                await asyncio.to_thread(behind.stop)
                for room in (desk.checks, desk.trainings, desk.simulations):
                    await asyncio.to_thread(room.close)

    ring = KeyRing(world.keys, tb.clock)
    desk = Desk(world, tb.clock, worker.wake, sources=reader)
    return application(
        public=_public(tb, ring, worker.nudge),
        readings=tb.readings,
        base_url=world.settings.server.base_url,
        brand_urls=[each.base_url for each in world.settings.brands.values()],
        clock=tb.clock,
        lifespan=lifespan,
        ring=ring,
        desk=desk,
    )


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Have threads wait little for each other, and never while all that stands is looked through.

    What is there at the start stays: looking through it for garbage took 0.15 s now and then.
    """
    switch, often = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTED_AFTER)
    try:
        yield
    finally:
        sys.setswitchinterval(switch)
        gc.set_threshold(*often)
        gc.unfreeze()


def _workers(tb: Tailorbird) -> tuple[Worker, Worker, Behind]:
    """Return who keeps segments current, who sends, and who does what takes long.

    Mails go by a thread of their own: a campaign must not keep segments waiting.
    """
    world = tb.world
    behind = Behind(lambda: worker.wake(), lambda: worker.nudge(), world.people.cursor)

    def tick() -> bool:
        taken = flow.keep_current(world, tb.clock(), time.perf_counter, behind)
        worker.warn(taken.troubles)
        postman.nudge()
        return bool(taken.records)

    def send() -> bool:
        sent = flow.send_waiting(world, tb.clock(), tb.clock, lambda: postman.stopping)
        if sent:
            worker.nudge()
        return sent

    postman = Worker(
        send, "tailorbird-postman", due=lambda: pacing.seconds_until_due(world, tb.clock())
    )
    worker = Worker(tick, due=lambda: _seconds_until_due(tb))
    return worker, postman, behind


def _seconds_until_due(tb: Tailorbird) -> float:
    """Return in how many seconds time alone can change a segment, or have somebody written to."""
    now = tb.clock()
    due_by = (journeying.next_due, triggering.next_due, scheduling.next_due)
    asked = (membership.next_due, *due_by)
    dues = [next_due(tb.world, now) for next_due in asked]
    return min(((due - now) / SECOND for due in dues if due is not None), default=math.inf)


def _gate(tb: Tailorbird, told: Callable[[], None]) -> collector.Gate:
    return collector.Gate(Appending(tb.world.log.append, told).append)


def _public(tb: Tailorbird, ring: KeyRing, told: Callable[[], None]) -> list[BaseRoute]:
    """Return the routes that anybody may ask; `told` hears when something came."""
    world = tb.world

    gate = _gate(tb, told)
    place = placing(world.folder, world.settings.collect.geo_file)
    return [
        *collector.routes(gate.append, tb.clock, ring.admit, place),
        *customerio.routes(gate.append, tb.clock, ring.admit),
        *browser_settings.routes(world.settings.server.base_url),
        *tag.routes(gate.append, tb.clock, ring.admit),
        *forms.routes(world, tb.clock, told),
        *webhooks.routes(
            gate.append, tb.clock, world.settings.hooks, shop_url=world.settings.shop.url
        ),
        *provider_hooks.routes(gate.append, tb.clock, world.settings, world.folder),
        *salesforce.routes(gate.append, tb.clock, world.settings.hooks),
        *images.routes(world, tb.clock),
        *amp.routes(world, tb.clock, told),
        *preferences.routes(world, tb.clock, told),
        *tracking.routes(Mailroom(tb, told), Sealer(world.token_key), preferences.texts_of(world)),
    ]
