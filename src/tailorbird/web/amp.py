"""`/a/NAME?t=TOKEN`: what the AMP part of a mail asks when it is read, and where it answers.

Readers of mail ask in the name of the mail's sender, and must be told that he agrees (AMP CORS for
email, both versions). No cookie is looked at: the token alone says for which mail they ask, and a
forged one brings the same answer as one of a send that is no longer known. GET changes nothing.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from tailorbird.errors import TailorbirdError
from tailorbird.letters import feeds
from tailorbird.schema import Instant
from tailorbird.settings import Settings, brand
from tailorbird.tracking import amp_links
from tailorbird.tracking.tokens import Sealer
from tailorbird.web.desk import nobody
from tailorbird.web.form_requests import FORM_ENCODED, LARGEST, MOST_FIELDS
from tailorbird.web.rates import Rates
from tailorbird.web.tracking import UNSEEN
from tailorbird.world import World

LOG: Final = logging.getLogger(__name__)
MULTIPART: Final = "multipart/form-data"
LONGEST_COMMENT: Final = 2_000
LONGEST_QUESTION: Final = 100
BEST: Final = 10
A_SECOND: Final = 1
"""How often one mail may ask, after ten times at once."""
_BOUNDARY: Final = re.compile(r"""boundary="?([\w'()+,./:=?-]{1,70})"?""", re.ASCII | re.IGNORECASE)
_NAMED: Final = re.compile(rb'content-disposition:[^\r\n]*[; ]name="([^"\r\n]*)"', re.IGNORECASE)
_NONE: Final[list[feeds.Entry]] = []


def routes(
    world: World, now: Callable[[], Instant], told: Callable[[], None] = nobody
) -> list[BaseRoute]:
    """Return the public routes of AMP parts; `told` hears when something was kept."""
    feed = _Feeds(world, now, told)
    return [
        Route("/a/{name}", feed.show, methods=["GET"]),
        Route("/a/{name}", feed.take, methods=["POST"]),
    ]


class _Feeds:
    """The endpoints; what waits for the disk runs in a thread."""

    def __init__(self, world: World, now: Callable[[], Instant], told: Callable[[], None]) -> None:
        self._world = world
        self._now = now
        self._told = told
        self._sealer = Sealer(world.token_key)
        self._rates = Rates()

    def show(self, request: Request) -> Response:
        """Answer with the entries of a feed."""
        headers = _leave(request, _senders(self._world.settings))
        if headers is None:
            return _said(403, {})
        link = self._link(request)
        if link and (wait := self._too_often(link)):
            return _said(429, headers | {"retry-after": str(wait)})
        try:
            found = self._entries(link) if link else None
        except TailorbirdError:
            LOG.exception("a feed could not be read")
            return _said(503, headers)
        return _said(404, headers) if found is None else _said(200, headers, found)

    def _entries(self, link: amp_links.AmpLink) -> list[feeds.Entry] | None:
        if link.feed == feeds.RECOMMENDATIONS:
            return feeds.recommended(self._world, link.send_id, self._now())
        known = self._world.ledger.decision(link.send_id) is not None
        return [] if link.feed == feeds.SURVEY and known else None

    async def take(self, request: Request) -> Response:
        """Keep an answer; the same mail answers once, however often it is sent."""
        headers = _leave(request, _senders(self._world.settings))
        if headers is None:
            return _said(403, {})
        content = await _content(request)
        if content is None:
            return _said(413, headers)
        given = _fields(request.headers.get("content-type", ""), content)
        return await run_in_threadpool(self._take, request, headers, given)

    def _take(
        self, request: Request, headers: dict[str, str], given: Mapping[str, str]
    ) -> Response:
        link, answer = self._link(request), _answer(given)
        if link is None or link.feed != feeds.SURVEY:
            return _said(404, headers)
        if wait := self._too_often(link):
            return _said(429, headers | {"retry-after": str(wait)}, message="Please wait a moment.")
        if answer is None:
            return _said(400, headers, message="Please choose a mark from 0 to 10, or write.")
        try:
            known = feeds.answered(self._world, link.send_id, answer, self._now())
        except TailorbirdError:
            LOG.exception("an answer could not be kept")
            return _said(503, headers, message="Please try again in a few minutes.")
        if not known:
            return _said(404, headers)
        self._told()
        return _said(200, headers, message="Thank you.")

    def _too_often(self, link: amp_links.AmpLink) -> int:
        """Return the seconds that a mail must wait which asked too often, else 0.

        Mails are told apart, not addresses: one proxy asks for millions of readers.
        """
        mail, seconds = link.send_id.hex(), self._now() / 1_000_000
        if wait := self._rates.wait(mail, A_SECOND, seconds):
            return wait
        self._rates.count(mail, A_SECOND, 1, seconds)
        return 0

    def _link(self, request: Request) -> amp_links.AmpLink | None:
        name, token = request.path_params["name"], request.query_params.get("t", "")
        return amp_links.unseal(self._sealer, token, name, self._now())


def _senders(settings: Settings) -> frozenset[str]:
    """Return every address that mails come from, in lower case."""
    return frozenset(brand(settings, name).address.lower() for name in ("", *settings.brands))


def _leave(request: Request, senders: frozenset[str]) -> dict[str, str] | None:
    """Return the headers by which a sender agrees; None where another asks, or nobody says who.

    A reader names the sender in `AMP-Email-Sender`, an older one in `__amp_source_origin`.
    """
    origin = request.headers.get("origin", "")
    named = request.headers.get("amp-email-sender", "")
    source = request.query_params.get("__amp_source_origin", "")
    told = named or source
    if told.lower() not in senders or (not named and not origin):
        return None
    headers = {"amp-email-allow-sender": told, "vary": "Origin, AMP-Email-Sender"} if named else {}
    if origin:
        headers |= {"access-control-allow-origin": origin, "vary": "Origin, AMP-Email-Sender"}
    if source:
        shown = "AMP-Access-Control-Allow-Source-Origin"
        headers |= {shown.lower(): told, "access-control-expose-headers": shown}
    return headers


def _said(
    status: int,
    headers: dict[str, str],
    entries: list[feeds.Entry] = _NONE,
    message: str = "",
) -> Response:
    said: dict[str, Any] = {"items": entries} | ({"message": message} if message else {})
    content = msgspec.json.encode(said)
    return Response(content, status, UNSEEN | headers, media_type="application/json")


async def _content(request: Request) -> bytes | None:
    content = b""
    async for piece in request.stream():
        content += piece
        if len(content) > LARGEST:
            return None
    return content


def _fields(kind: str, content: bytes) -> dict[str, str]:
    """Return the fields that a form sent, of each the last value; files are left out."""
    plain = kind.partition(";")[0].strip().lower()
    if plain == FORM_ENCODED:
        try:
            text = content.decode("ascii", "replace")
            return dict(parse_qsl(text, max_num_fields=MOST_FIELDS))
        except ValueError:
            return {}
    boundary = _BOUNDARY.search(kind) if plain == MULTIPART else None
    if boundary is None:
        return {}
    found: dict[str, str] = {}
    for part in content.split(f"--{boundary[1]}".encode())[1 : MOST_FIELDS + 1]:
        head, _, value = part.partition(b"\r\n\r\n")
        name = _NAMED.search(head)
        if name is not None and b"filename" not in head.lower():
            found[name[1].decode("utf-8", "replace")] = value.decode("utf-8", "replace")
    return found


def _answer(given: Mapping[str, str]) -> feeds.Answer | None:
    """Return what was answered; None where that is nothing, or no mark."""
    said = {name: value.replace("\x00", "").strip() for name, value in given.items()}
    score, comment = said.get("score", ""), said.get("comment", "")[:LONGEST_COMMENT]
    if score and not (score.isascii() and score.isdecimal() and int(score[:9]) <= BEST):
        return None
    if not score and not comment:
        return None
    question = said.get("question", "")[:LONGEST_QUESTION]
    return feeds.Answer(int(score) if score else None, comment, question)
