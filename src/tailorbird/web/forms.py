"""The public pages of forms: `/f/NAME`, its answers, and the page that confirms an address.

Looking at a page changes nothing (scanners follow links), sending it does: the answer comes once
the submission is durable, and a reload repeats nothing. The pages need no script.

Another site may send a form too: that is what a snippet in its pages is for, and such a request can
say no more than its sender could by himself. What would make it worse is not taken from the
browser: who answers stands in the sealed page, never in a cookie that another site's request could
carry along (`SameSite=Lax`), and a consent by a stranger's hand waits for the owner of the address.
The cookie knows which questions this browser was asked, not what it answered; a stored value is
shown to nobody but the holder of a signed link.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from tailorbird import forms
from tailorbird.collect import forms_answers, forms_trap
from tailorbird.collect.forms import Field, Form, origin
from tailorbird.collect.forms_answers import Given, Value
from tailorbird.collect.forms_messages import Submission, address, agreed
from tailorbird.collect.forms_trap import HONEYPOT, OPEN_FOR, Rates
from tailorbird.errors import TailorbirdError
from tailorbird.schema import DAY, Instant
from tailorbird.tracking.tokens import Sealer
from tailorbird.web import form_pages
from tailorbird.web.desk import nobody
from tailorbird.web.form_pages import STAMP
from tailorbird.web.form_requests import (
    COOKIE,
    Cookie,
    Place,
    Stamp,
    cookie_of,
    filled,
    given_in,
    opened,
    place_of,
    preselected,
    visitor_hash,
)
from tailorbird.web.preferences import texts_of
from tailorbird.web.tracking import said
from tailorbird.world import World

LOG: Final = logging.getLogger(__name__)
COOKIE_SECONDS: Final = 180 * 86_400
MOST_KNOWN: Final = 60
"""Keys that a cookie carries, so that it stays below what browsers keep."""
UNSEEN: Final = {"cache-control": "no-store, private", "x-robots-tag": "noindex"}
WAIT_SECONDS: Final = "600"


@dataclass(frozen=True, slots=True)
class _Sent:
    """One submission on its way: the form as it was shown, what came, and from which page."""

    place: Place
    form: Form
    version: int
    given: dict[str, list[str]]
    stamp: Stamp | None

    @property
    def asked(self) -> tuple[Field, ...]:
        """Return the fields that were on the page; all of them where a snippet was sent."""
        if self.stamp is None:
            return self.form.fields
        return tuple(field for field in self.form.fields if field.name in self.stamp.asked)


def routes(
    world: World, now: Callable[[], Instant], told: Callable[[], None] = nobody
) -> list[BaseRoute]:
    """Return the public routes of forms; `told` hears when something was kept."""
    pages = _Pages(world, now, told)
    return [
        Route("/f/{name}", pages.show, methods=["GET"]),
        Route("/f/{name}", pages.send, methods=["POST"]),
        Route("/f/{name}/confirm/{token}", pages.ask, methods=["GET"]),
        Route("/f/{name}/confirm/{token}", pages.confirm, methods=["POST"]),
    ]


class _Pages:
    """The endpoints; what waits for the disk runs in a thread."""

    def __init__(self, world: World, now: Callable[[], Instant], told: Callable[[], None]) -> None:
        self._world = world
        self._now = now
        self._told = told
        self._sealer = Sealer(world.token_key)
        self._texts = texts_of(world)
        self._visitors = Rates(*forms_trap.PER_VISITOR)
        self._addresses = Rates(*forms_trap.PER_ADDRESS)
        # Visitors are told apart by a hash that this process alone can make, in memory.
        self._pepper = secrets.token_bytes(16)

    # -- showing --------------------------------------------------------------------------------

    def show(self, request: Request) -> Response:
        """Show the questions that are open for this visitor; nothing is recorded."""
        place = place_of(request)
        try:
            form, version = forms.find(self._world, place.name)
        except TailorbirdError:
            return self._unknown(request)
        texts, done = form.texts, request.query_params.get("done")
        if done == "check":
            return self._said(form, place, texts.check_title, texts.check)
        if done:
            return self._said(form, place, texts.thanks_title, texts.thanks)
        return self._open_questions(form, version, place, request, {}, "")

    def _open_questions(
        self,
        form: Form,
        version: int,
        place: Place,
        request: Request,
        typed: Given,
        notice: str,
    ) -> Response:
        """Show what is not known yet; a stored value only to the holder of a signed link."""
        cookie = cookie_of(request, self._sealer)
        person = forms.person_of(self._world, form.name, place.token, self._now())
        visitor = forms.stored(self._world, form, person) if person else forms.Visitor()
        fields = [
            field
            for field in form.next_fields(visitor.known | {*cookie.known})
            if field.kind != "consent" or form.key(field) not in visitor.known
        ]
        if not any(field.kind != "hidden" for field in fields):
            return self._said(form, place, form.texts.complete_title, form.texts.complete)
        asked = tuple(field.name for field in fields)
        stamp = Stamp(
            form.name,
            version,
            self._now(),
            secrets.token_hex(8),
            asked,
            person,
            *cookie.roots.get(form.name, (cookie.anonymous, "")),
        )
        sealed = self._sealer.seal_note("form page", msgspec.json.encode(stamp))
        given = {**filled(form, visitor.stored), **preselected(form, request), **typed}
        status = 422 if notice else 200
        return self._questions(form, place, fields, given, sealed, {}, notice, status)

    # -- taking ---------------------------------------------------------------------------------

    async def send(self, request: Request) -> Response:
        """Keep what was answered, then lead on; or show it again with what must be mended."""
        given = await given_in(request)
        if given is None:
            return self._unknown(request, 415)
        return await run_in_threadpool(self._send, request, given)

    def _send(self, request: Request, given: dict[str, list[str]]) -> Response:
        place, now = place_of(request), self._now()
        stamp = self._stamp(given, place.name, now)
        try:
            form, version = forms.find(self._world, place.name, stamp.version if stamp else None)
        except TailorbirdError:
            return self._unknown(request)
        if STAMP in given and stamp is None:
            again = form.texts.again
            return self._open_questions(form, version, place, request, given, again)
        sent = _Sent(place, form, version, given, stamp)
        answers = forms_answers.read(form, sent.asked, given)
        if answers.mistakes:
            return self._again(sent, answers.mistakes, "", 422)
        if self._visitors.exceeded(visitor_hash(request, self._pepper), now):
            return self._again(sent, {}, form.texts.busy, 429)
        try:
            submission = self._keep(sent, answers.values, now)
        except TailorbirdError:
            LOG.exception("a submission could not be kept")
            return self._again(sent, {}, form.texts.failed, 503)
        return self._lead_on(request, sent, submission)

    def _stamp(self, given: Given, name: str, now: Instant) -> Stamp | None:
        """Return what the sent page remembers; None for a snippet, or when it is forged or old."""
        token = next(iter(given.get(STAMP, ())), "")
        stamp = opened(token, "form page", Stamp, self._sealer)
        fresh = stamp is not None and stamp.form == name and 0 <= now - stamp.at < OPEN_FOR
        return stamp if fresh else None

    def _keep(self, sent: _Sent, values: dict[str, Value], now: Instant) -> Submission:
        submission = self._submission(sent, values, now)
        trap = "".join(sent.given.get(HONEYPOT, ()))
        suspected = forms_trap.suspicion(trap, sent.stamp.at if sent.stamp else None, now)
        named = submission.anonymous_id.encode()
        if address(sent.form, submission) and self._addresses.exceeded(named, now):
            suspected = suspected or "address_rate"
        forms.submit(self._world, sent.form, submission, suspected)
        self._told()
        return submission

    def _submission(self, sent: _Sent, values: dict[str, Value], now: Instant) -> Submission:
        """Return the submission, under an id that a reload gives again."""
        form, stamp = sent.form, sent.stamp
        given = values.get(form.email.name, "") if form.email else ""
        person = stamp.person if stamp else 0
        known = forms.stored(self._world, form, person).stored if person else {}
        if form.email and given:
            hers = str(known.get(form.key(form.email), "")).lower()
            person = person if hers == str(given).lower() else 0  # another address: somebody else
        if person:
            values = forms.emptied(form, sent.asked, values, known)
        # A snippet remembers nothing: one address that says the same twice a day says it once.
        nonce = stamp.nonce if stamp else str(now // DAY) if given else secrets.token_hex(8)
        unnamed = (stamp.anonymous if stamp else "") or f"form-{nonce}"
        return Submission(
            id=forms.submission_id(f"{form.name} {nonce}", values),
            form=form.name,
            version=sent.version,
            at=now,
            anonymous_id=forms.anonymous_id(self._world, str(given)) if given else unnamed,
            values=values,
            person=person,
            confirmed_at=now if person else 0,
            after=stamp.after if stamp and not given else "",
        )

    # -- answering ------------------------------------------------------------------------------

    def _lead_on(self, request: Request, sent: _Sent, submission: Submission) -> Response:
        """Lead on to what follows: the same for everybody, known or not, held back or not."""
        form, home = sent.form, origin(self._world.settings.shop.url)
        waits = form.double_opt_in and not submission.confirmed_at
        if form.redirect and not waits and origin(form.redirect) == home:
            url = form.redirect
        else:
            embed = "&embed=1" if sent.place.embedded else ""
            url = f"/f/{form.name}?done={'check' if waits else 'thanks'}{embed}"
        response = RedirectResponse(url, 303, headers=UNSEEN)
        if form.ask and not sent.place.embedded:
            self._remember(response, sent, submission, cookie_of(request, self._sealer))
        return response

    def _remember(
        self, response: Response, sent: _Sent, submission: Submission, before: Cookie
    ) -> None:
        asked = [sent.form.key(field) for field in sent.asked if field.kind != "hidden"]
        roots = dict(before.roots)
        if sent.form.double_opt_in and address(sent.form, submission):
            roots[sent.form.name] = (submission.anonymous_id, submission.id)
        known = tuple(dict.fromkeys([*before.known, *asked]))[-MOST_KNOWN:]
        note = msgspec.json.encode(Cookie(submission.anonymous_id, known, roots))
        response.set_cookie(
            COOKIE,
            self._sealer.seal_note("form cookie", note),
            max_age=COOKIE_SECONDS,
            path="/f/",
            secure=self._world.settings.server.base_url.startswith("https:"),
            httponly=True,
            samesite="lax",
        )

    def _again(
        self, sent: _Sent, mistakes: Mapping[str, str], notice: str, status: int
    ) -> Response:
        """Show the same page with everything that was typed."""
        sealed = next(iter(sent.given.get(STAMP, ())), "")
        if sent.stamp is None:
            asked = tuple(field.name for field in sent.asked)
            stamp = Stamp(sent.form.name, sent.version, self._now(), secrets.token_hex(8), asked)
            sealed = self._sealer.seal_note("form page", msgspec.json.encode(stamp))
        return self._questions(
            sent.form, sent.place, sent.asked, sent.given, sealed, mistakes, notice, status
        )

    def _questions(
        self,
        form: Form,
        place: Place,
        fields: Iterable[Field],
        given: Given,
        stamp: str,
        mistakes: Mapping[str, str],
        notice: str,
        status: int,
    ) -> Response:
        content = form_pages.questions(
            form,
            fields,
            given,
            action=place.action(),
            stamp=stamp,
            mistakes=mistakes,
            notice=notice,
        )
        title = f"{form.texts.summary}: {form.title}" if mistakes else form.title
        return self._html(form, title, content, status, embedded=place.embedded)

    # -- confirming -----------------------------------------------------------------------------

    def ask(self, request: Request) -> Response:
        """Show what would be confirmed, and the button; nothing is recorded."""
        found = self._request(request)
        if found is None:
            return self._unknown(request)
        form = found.form
        if found.expired(self._now()):
            return self._expired(form)
        return self._html(
            form,
            form.texts.confirm_title,
            form_pages.confirmation(form, agreed(form, found.submission)),
        )

    def confirm(self, request: Request) -> Response:
        """Record durably that it was the owner of the address, then say so."""
        found = self._request(request)
        if found is None:
            return self._unknown(request)
        form = found.form
        try:
            meant = forms.confirm(self._world, found, self._now())
        except TailorbirdError:
            LOG.exception("a confirmation could not be kept")
            content = form_pages.message(form.texts.confirm_title, form.texts.failed)
            return self._html(form, form.texts.confirm_title, content, 503)
        if not meant:
            return self._expired(form)
        self._told()
        content = form_pages.message(form.texts.confirmed_title, form.texts.confirmed)
        return self._html(form, form.texts.confirmed_title, content)

    def _request(self, request: Request) -> forms.Request | None:
        sealed = self._sealer.open(request.path_params["token"], "confirm")
        found = forms.request_of(self._world, sealed.send_id) if sealed else None
        return found if found and found.form.name == request.path_params["name"] else None

    # -- pages ----------------------------------------------------------------------------------

    def _expired(self, form: Form) -> Response:
        content = form_pages.message(form.texts.expired_title, form.texts.expired)
        return self._html(form, form.texts.expired_title, content, 410)

    def _said(self, form: Form, place: Place, title: str, text: str) -> Response:
        content = form_pages.message(title, text)
        return self._html(form, title, content, embedded=place.embedded)

    def _unknown(self, request: Request, status: int = 404) -> Response:
        accepts = request.headers.get("accept-language", "")
        return said(self._texts.spoken("", accepts), "form_unknown", status)

    def _html(
        self,
        form: Form,
        title: str,
        content: str,
        status: int = 200,
        *,
        embedded: bool = False,
    ) -> Response:
        shop = self._world.settings.shop
        policy = form_pages.policy(form, shop.url, embedded=embedded)
        headers = UNSEEN | {"content-security-policy": policy}
        if status in (429, 503):
            headers["retry-after"] = WAIT_SECONDS
        text = form_pages.page(
            title, content, shop=shop.name, language=form.language, embedded=embedded
        )
        return HTMLResponse(text, status, headers=headers)
