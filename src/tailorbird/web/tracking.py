"""Pixel, links, unsubscribe page and hosted copy: what a mail asks of us after it was sent.

A pixel is always answered with the same picture, a link leads only where it was sealed to, and a
forged token looks exactly like one that is no longer known. Following the unsubscribe link changes
nothing (scanners follow links); the button, or the mail client's own (RFC 8058), does. So
it is with the link that ends personalisation.
"""

from __future__ import annotations

import logging
from base64 import b64decode
from collections.abc import Callable
from html import escape
from typing import Final, Protocol

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from tailorbird.errors import TailorbirdError
from tailorbird.schema import Body, Instant
from tailorbird.tracking import events
from tailorbird.tracking.answers import Answers, Asked, Sent
from tailorbird.tracking.tokens import Sealer, TokenUse
from tailorbird.web import form_pages
from tailorbird.web.page_texts import PageTexts, Spoken

LOG: Final = logging.getLogger(__name__)
SOURCE: Final = "tracking"
PIXEL: Final = b64decode("R0lGODlhAQABAIAAAP///wAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==")
UNSEEN: Final = {"cache-control": "no-store, private", "x-robots-tag": "noindex, nofollow"}
COPY_POLICY: Final = (
    "sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation; "
    "default-src 'none'; img-src https: http: data:; style-src 'unsafe-inline' https:; "
    "font-src https: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""A mail runs nothing: its hosted copy may show pictures and styles, and be left by a click."""


class Mailroom(Protocol):
    """What these pages ask of the system. Called in threads."""

    def now(self) -> Instant:
        """Return the present instant."""

    def lookup(self, send_id: bytes) -> Sent | None:
        """Return a send, or None when it is not known (any more)."""

    def record(self, body: Body) -> None:
        """Append to the log, durably."""

    def unsubscribe(self, send_id: bytes, at: Instant) -> bool:
        """Withdraw the consent of the person behind a send, durably; False when it is not known."""

    def stop_personalisation(self, send_id: bytes, at: Instant) -> bool:
        """Withdraw the consent to personalisation, durably; False when the send is not known."""

    def locale(self, send_id: bytes) -> str:
        """Return the language of the person behind a send, '' where nobody knows it."""

    def rendered(self, send_id: bytes) -> str | None:
        """Return the HTML that was sent, or None when it cannot be shown any more."""


def routes(mailroom: Mailroom, sealer: Sealer, texts: PageTexts) -> list[BaseRoute]:
    """Return the public routes of a mail; `texts` are the words of their pages."""
    pages = _Pages(mailroom, sealer, texts)
    return [
        Route("/o/{token}.gif", pages.opened, methods=["GET"]),
        Route("/c/{token}", pages.clicked, methods=["GET"]),
        Route("/u/{token}", pages.ask, methods=["GET"]),
        Route("/u/{token}", pages.unsubscribe, methods=["POST"]),
        Route("/p/{token}", pages.ask_plain, methods=["GET"]),
        Route("/p/{token}", pages.stop_personalisation, methods=["POST"]),
        Route("/v/{token}", pages.copy, methods=["GET"]),
    ]


class _Pages:
    """The endpoints; they wait for the disk, so each runs in a thread."""

    def __init__(self, mailroom: Mailroom, sealer: Sealer, texts: PageTexts) -> None:
        self._mailroom = mailroom
        self._sealer = sealer
        self._texts = texts
        self._answers = Answers(sealer, mailroom.lookup)

    def opened(self, request: Request) -> Response:
        """Answer with the pixel, whatever the token."""
        self._record(self._answers.opened, request)
        return Response(PIXEL, media_type="image/gif", headers=UNSEEN)

    def clicked(self, request: Request) -> Response:
        """Lead on to the sealed address, and nowhere else."""
        sealed = self._sealer.open(request.path_params["token"], "click")
        if sealed is None:
            return self._unknown(request)
        self._record(self._answers.clicked, request)
        return RedirectResponse(sealed.url, 302, headers=UNSEEN)

    def ask(self, request: Request) -> Response:
        """Show the page with the button; nothing changes."""
        return self._ask(request, "unsubscribe", "leave")

    def ask_plain(self, request: Request) -> Response:
        """Show the page with the button that ends personalisation; nothing changes."""
        return self._ask(request, "personalisation", "plain")

    def _ask(self, request: Request, use: TokenUse, asked: str) -> Response:
        sealed = self._sealer.open(request.path_params["token"], use)
        if sealed is None or self._mailroom.lookup(sealed.send_id) is None:
            return self._unknown(request)
        spoken = self._spoken(request, sealed.send_id)
        button = spoken.say(f"{asked}_button")
        return page(
            spoken,
            button,
            form_pages.message(spoken.say(f"{asked}_heading"), spoken.say(asked))
            + f'<form method="post"><button type="submit">{escape(button)}</button></form>',
        )

    def unsubscribe(self, request: Request) -> Response:
        """Record the wish durably, then say so."""
        return self._wish(request, "unsubscribe", self._mailroom.unsubscribe, "left")

    def stop_personalisation(self, request: Request) -> Response:
        """Record durably that nothing shall be chosen for her, then say so."""
        record = self._mailroom.stop_personalisation
        return self._wish(request, "personalisation", record, "plain_done")

    def _wish(
        self,
        request: Request,
        use: TokenUse,
        record: Callable[[bytes, Instant], bool],
        done: str,
    ) -> Response:
        sealed = self._sealer.open(request.path_params["token"], use)
        if sealed is None:
            return self._unknown(request)
        try:
            known = record(sealed.send_id, self._mailroom.now())
            spoken = self._spoken(request, sealed.send_id) if known else None
        except TailorbirdError:
            LOG.exception("a wish could not be recorded: %s", use)
            return said(self._accepted(request), "again", 503)
        return said(spoken, done) if spoken else self._unknown(request)

    def copy(self, request: Request) -> Response:
        """Show the mail as it was sent."""
        sealed = self._sealer.open(request.path_params["token"], "view")
        html = self._mailroom.rendered(sealed.send_id) if sealed is not None else None
        if html is None:
            return self._unknown(request)
        return HTMLResponse(html, headers=UNSEEN | {"content-security-policy": COPY_POLICY})

    # -- events ---------------------------------------------------------------------------------

    def _record(
        self, answer: Callable[[str, Asked], events.TrackedEvent | None], request: Request
    ) -> None:
        """Append what happened; when that fails, the person gets picture or page all the same."""
        try:
            asked = _asked(request, self._mailroom.now())
            event = answer(request.path_params["token"], asked)
            if event is not None:
                self._mailroom.record(Body(SOURCE, asked.at, msgspec.json.encode(event)))
        except TailorbirdError:
            LOG.exception("an event could not be recorded")

    # -- pages ----------------------------------------------------------------------------------

    def _unknown(self, request: Request) -> Response:
        return said(self._accepted(request), "unknown", 404)

    def _spoken(self, request: Request, send_id: bytes) -> Spoken:
        accepts = request.headers.get("accept-language", "")
        return self._texts.spoken(self._mailroom.locale(send_id), accepts)

    def _accepted(self, request: Request) -> Spoken:
        return self._texts.spoken("", request.headers.get("accept-language", ""))


def said(spoken: Spoken, name: str, status: int = 200) -> Response:
    """Return the page that only says something: `page_NAME` under its title and heading."""
    content = form_pages.message(spoken.say(f"{name}_heading"), spoken.say(name))
    return page(spoken, spoken.say(f"{name}_title"), content, status)


def page(spoken: Spoken, title: str, content: str, status: int = 200) -> Response:
    """Return a public page in a language; `content` is HTML."""
    headers = UNSEEN | {"content-security-policy": form_pages.policy(None, "", embedded=False)}
    text = form_pages.page(title, content, shop=spoken.shop, language=spoken.locale)
    return HTMLResponse(text, status, headers=headers)


def _asked(request: Request, at: Instant) -> Asked:
    purposes = (request.headers.get(name, "") for name in ("sec-purpose", "purpose", "x-moz"))
    return Asked(
        at,
        user_agent=request.headers.get("user-agent", ""),
        method=request.method,
        prefetch=any("prefetch" in purpose for purpose in purposes),
    )
