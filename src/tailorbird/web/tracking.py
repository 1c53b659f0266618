"""Pixel, links, unsubscribe page and hosted copy: what a mail asks of us after it was sent.

A pixel is always answered with the same picture, a link leads only where it was sealed to, and a
forged token looks exactly like one that is no longer known. Following the unsubscribe link changes
nothing (scanners follow links); the button, or the mail client's own (RFC 8058), does. So
it is with the link that ends personalisation.
"""

from __future__ import annotations

import logging
from base64 import b64decode, b64encode
from collections.abc import Callable
from hashlib import sha256
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

LOG: Final = logging.getLogger(__name__)
SOURCE: Final = "tracking"
PIXEL: Final = b64decode("R0lGODlhAQABAIAAAP///wAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==")
UNSEEN: Final = {"cache-control": "no-store, private", "x-robots-tag": "noindex, nofollow"}
STYLE: Final = """
:root { color-scheme: light dark; --ink: #1a1a1a; --paper: #ffffff; --deed: #14532d; --on: #ffffff }
@media (prefers-color-scheme: dark) {
  :root { --ink: #f0f0f0; --paper: #161616; --deed: #86efac; --on: #0a0a0a }
}
body { margin: 0; font: 1.125rem/1.6 system-ui, sans-serif; color: var(--ink);
  background: var(--paper) }
main { max-width: 34rem; margin: 0 auto; padding: 12vh 1.25rem 2rem }
h1 { font-size: 1.75rem; line-height: 1.25; margin: 0 0 1rem }
button { font: inherit; font-weight: 600; color: var(--on); background: var(--deed); border: 0;
  border-radius: .5rem; padding: .75rem 1.5rem; min-height: 2.75rem; cursor: pointer }
button:focus-visible { outline: .2rem solid var(--ink); outline-offset: .2rem }
"""
POLICY: Final = (
    "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    f"style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'"
)
LEAVING: Final = (
    "Do you want no more mails?",
    "One click and {} will not write to you again.",
)
SAME_FOR_ALL: Final = (
    "Do you want the same content as everybody?",
    "One click and {} no longer chooses offers and products for you by what you bought, looked at "
    "or told us. You still get our mails.",
)
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

    def rendered(self, send_id: bytes) -> str | None:
        """Return the HTML that was sent, or None when it cannot be shown any more."""


def routes(mailroom: Mailroom, sealer: Sealer, *, shop: str) -> list[BaseRoute]:
    """Return the public routes of a mail; `shop` is the name that the pages carry."""
    pages = _Pages(mailroom, sealer, shop)
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

    def __init__(self, mailroom: Mailroom, sealer: Sealer, shop: str) -> None:
        self._mailroom = mailroom
        self._sealer = sealer
        self._shop = shop
        self._answers = Answers(sealer, mailroom.lookup)

    def opened(self, request: Request) -> Response:
        """Answer with the pixel, whatever the token."""
        self._record(self._answers.opened, request)
        return Response(PIXEL, media_type="image/gif", headers=UNSEEN)

    def clicked(self, request: Request) -> Response:
        """Lead on to the sealed address, and nowhere else."""
        sealed = self._sealer.open(request.path_params["token"], "click")
        if sealed is None:
            return self._unknown()
        self._record(self._answers.clicked, request)
        return RedirectResponse(sealed.url, 302, headers=UNSEEN)

    def ask(self, request: Request) -> Response:
        """Show the page with the button; nothing changes."""
        return self._ask(request, "unsubscribe", "Unsubscribe", LEAVING)

    def ask_plain(self, request: Request) -> Response:
        """Show the page with the button that ends personalisation; nothing changes."""
        return self._ask(request, "personalisation", "Stop personalised content", SAME_FOR_ALL)

    def _ask(
        self, request: Request, use: TokenUse, button: str, question: tuple[str, str]
    ) -> Response:
        sealed = self._sealer.open(request.path_params["token"], use)
        if sealed is None or self._mailroom.lookup(sealed.send_id) is None:
            return self._unknown()
        title, text = question
        return self._page(
            button,
            f"<h1>{title}</h1><p>{text.format(escape(self._shop))}</p>"
            f'<form method="post"><button type="submit">{button}</button></form>',
        )

    def unsubscribe(self, request: Request) -> Response:
        """Record the wish durably, then say so."""
        said = "<h1>You are unsubscribed</h1><p>{} will not write to you again.</p>"
        record = self._mailroom.unsubscribe
        return self._wish(request, "unsubscribe", record, ("Unsubscribed", said))

    def stop_personalisation(self, request: Request) -> Response:
        """Record durably that nothing shall be chosen for her, then say so."""
        said = "<h1>Personalised content is off</h1><p>{} now sends you what everybody gets.</p>"
        record = self._mailroom.stop_personalisation
        return self._wish(request, "personalisation", record, ("Personalisation is off", said))

    def _wish(
        self,
        request: Request,
        use: TokenUse,
        record: Callable[[bytes, Instant], bool],
        done: tuple[str, str],
    ) -> Response:
        sealed = self._sealer.open(request.path_params["token"], use)
        if sealed is None:
            return self._unknown()
        try:
            known = record(sealed.send_id, self._mailroom.now())
        except TailorbirdError:
            LOG.exception("a wish could not be recorded: %s", use)
            return self._page(
                "Please try again",
                "<h1>That did not work</h1><p>Your wish could not be recorded just now. "
                "Please try again in a few minutes.</p>",
                503,
            )
        if not known:
            return self._unknown()
        title, text = done
        return self._page(title, text.format(escape(self._shop)))

    def copy(self, request: Request) -> Response:
        """Show the mail as it was sent."""
        sealed = self._sealer.open(request.path_params["token"], "view")
        html = self._mailroom.rendered(sealed.send_id) if sealed is not None else None
        if html is None:
            return self._unknown()
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

    def _unknown(self) -> Response:
        return self._page(
            "Not found",
            "<h1>This link is not known</h1><p>It may be incomplete or out of date. "
            "Please use the newest mail that you have.</p>",
            404,
        )

    def _page(self, title: str, content: str, status: int = 200) -> Response:
        return HTMLResponse(
            '<!doctype html><html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{escape(title)} - {escape(self._shop)}</title><style>{STYLE}</style></head>"
            f"<body><main>{content}</main></body></html>",
            status,
            headers=UNSEEN | {"content-security-policy": POLICY},
        )


def _asked(request: Request, at: Instant) -> Asked:
    purposes = (request.headers.get(name, "") for name in ("sec-purpose", "purpose", "x-moz"))
    return Asked(
        at,
        user_agent=request.headers.get("user-agent", ""),
        method=request.method,
        prefetch=any("prefetch" in purpose for purpose in purposes),
    )
