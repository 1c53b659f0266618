"""`/m/TOKEN`: what may be sent to somebody, as she chooses it; her mails lead there.

Looking changes nothing (scanners follow links), sending does, and is answered once it is durable. A
forged token looks exactly like one behind which nobody is known any more.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from tailorbird.errors import TailorbirdError
from tailorbird.letters import opting_out, preferences
from tailorbird.letters.preferences import Preferences, Wish
from tailorbird.letters.texts import page_texts
from tailorbird.schema import Instant
from tailorbird.tracking.tokens import Sealer
from tailorbird.web import preference_pages
from tailorbird.web.desk import nobody
from tailorbird.web.form_requests import given_in
from tailorbird.web.page_texts import PageTexts, Spoken
from tailorbird.web.tracking import page, said
from tailorbird.world import World

LOG: Final = logging.getLogger(__name__)
ACCEPTED: Final = "accept-language"


def texts_of(world: World) -> PageTexts:
    """Return the words of a folder's public pages."""
    shop = world.settings.shop
    return PageTexts(shop.name, shop.locale, lambda: page_texts(world))


def routes(
    world: World, now: Callable[[], Instant], told: Callable[[], None] = nobody
) -> list[BaseRoute]:
    """Return the public routes of a person's choices; `told` hears when something was kept."""
    pages = _Pages(world, now, told)
    return [
        Route("/m/{token}", pages.show, methods=["GET"]),
        Route("/m/{token}", pages.send, methods=["POST"]),
    ]


class _Pages:
    """The endpoints; they wait for the disk, so each runs in a thread."""

    def __init__(self, world: World, now: Callable[[], Instant], told: Callable[[], None]) -> None:
        self._world, self._now, self._told = world, now, told
        self._sealer = Sealer(world.token_key)
        self._texts = texts_of(world)

    def show(self, request: Request) -> Response:
        """Show what somebody has chosen so far; nothing changes."""
        send_id = self._send_id(request)
        standing = self._standing(send_id)
        if standing is None:
            return self._unknown(request)
        return self._choices(request, standing)

    async def send(self, request: Request) -> Response:
        """Keep what was chosen, then show what holds."""
        given = await given_in(request)
        return await run_in_threadpool(self._send, request, given or {})

    def _send(self, request: Request, given: dict[str, list[str]]) -> Response:
        send_id = self._send_id(request)
        standing = self._standing(send_id)
        if standing is None:
            return self._unknown(request)
        spoken = self._spoken(request, standing)
        try:
            if preference_pages.LEAVE in given:
                opting_out.unsubscribe(self._world, send_id, self._now())
                self._told()
                return said(spoken, "left")
            wish = preference_pages.wish(given, self._texts.languages())
            if wish is None:
                return self._choices(request, standing)
            return self._kept(request, send_id, standing, wish, spoken)
        except TailorbirdError:
            LOG.exception("a wish could not be recorded: preferences")
            return said(spoken, "again", 503)

    def _kept(
        self, request: Request, send_id: bytes, standing: Preferences, wish: Wish, spoken: Spoken
    ) -> Response:
        words = preference_pages.wording(spoken)
        leave = opting_out.unsubscribe
        preferences.keep(self._world, send_id, wish, words, self._now(), leave)
        self._told()
        return self._choices(request, preferences.wished(standing, wish), saved=True)

    def _send_id(self, request: Request) -> bytes:
        sealed = self._sealer.open(request.path_params["token"], "preferences")
        return sealed.send_id if sealed else b""

    def _standing(self, send_id: bytes) -> Preferences | None:
        return preferences.preferences(self._world, send_id, self._now()) if send_id else None

    # -- pages ----------------------------------------------------------------------------------

    def _spoken(self, request: Request, standing: Preferences) -> Spoken:
        return self._texts.spoken(standing.locale, request.headers.get(ACCEPTED, ""))

    def _choices(self, request: Request, standing: Preferences, *, saved: bool = False) -> Response:
        spoken = self._spoken(request, standing)
        languages = self._texts.languages()
        content = preference_pages.choices(standing, spoken, languages, saved=saved)
        return page(spoken, spoken.say("choices_heading"), content)

    def _unknown(self, request: Request) -> Response:
        accepts = request.headers.get(ACCEPTED, "")
        return said(self._texts.spoken("", accepts), "unknown", 404)
