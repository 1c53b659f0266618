"""The API of the local inbox and of previews."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal

from litestar import Response, post
from litestar.params import HeaderParameter, JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler

from tailorbird import answering
from tailorbird.readings import mail_checks
from tailorbird.views import InboxPage, Mail, MailProof, Preview, TemplateRow
from tailorbird.views.mail import InboxAnswer, InboxAnswered, MailCheck
from tailorbird.views.slots import SlotRow
from tailorbird.web.asking import (
    MISSING,
    WRITING,
    WRONG,
    As,
    Asked,
    AsOf,
    At,
    Cursor,
    Id,
    Limit,
    Name,
    Now,
    Query,
    Text,
    Wait,
    found,
    hexadecimal,
    instant_of,
    reads,
)

MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    "img-src data:; style-src 'unsafe-inline'; base-uri 'self'; form-action 'none'; "
    "frame-ancestors 'self'"
)
"""A stored mail may show itself, and nothing else: no script, no form, no picture from anywhere.

So looking at a mail never fetches its open pixel.
"""

Scheme = Annotated[
    Literal["", "light", "dark"],
    QueryParameter(description="As a reader in the light or in the dark shows it; as this one."),
]
Agent = Annotated[str, HeaderParameter(name="user-agent", description="Of who answers.")]
_DARK = re.compile(r"prefers-color-scheme\s*:\s*dark")
_HEAD = re.compile(r"<head(?:\s[^>]*)?>", re.IGNORECASE)


@reads("/inbox", "List or find messages", "mail")
def list_inbox(readings: Asked, q: Query = "", after: Cursor = "", limit: Limit = 50) -> InboxPage:
    """Return messages, the newest first; `q` looks in address and subject."""
    return readings.inbox(q, after, limit)


@reads("/inbox/{send_id:str}", "One message", "mail", responses=MISSING)
def get_mail(readings: Asked, send_id: Id) -> Mail:
    """Return a message with its headers, parts, links and source."""
    return found(readings.mail(hexadecimal(send_id)), f"message {send_id}")


@reads("/inbox/{send_id:str}/html", "The HTML part of a message", "mail", responses=MISSING)
def show_mail(readings: Asked, send_id: Id, scheme: Scheme = "") -> Response[str]:
    """Return the HTML part under a policy that lets it load nothing from elsewhere."""
    return framed(found(readings.mail(hexadecimal(send_id)), f"message {send_id}").html, scheme)


@reads("/inbox/{send_id:str}/checks", "What is to be mended in a message", "mail",
       responses=MISSING)  # fmt: skip
def check_mail(desk: At, send_id: Id) -> tuple[MailCheck, ...]:
    """Return what was looked at: lint, links, size, authentication, leaving, looks of spam."""
    content = found(desk.world.inbox.read(hexadecimal(send_id)), f"message {send_id}")
    return mail_checks.checks(desk.world, content)


@post("/inbox/{send_id:str}/answers", summary="Have its reader answer", tags=["mail"],
      status_code=200, responses=WRITING | MISSING, opt={"scope": "write", "console": True},
      sync_to_thread=True)  # fmt: skip
def answer_mail(
    desk: At, send_id: Id, data: JSONBody[InboxAnswer], agent: Agent = "", wait: Wait = "applied"
) -> InboxAnswered:
    """Let a mail of the inbox bounce, be complained of, opened, clicked, answered or left.

    It comes in by the very way by which the real thing would.
    """
    done = found(
        answering.answer(
            desk.world, hexadecimal(send_id), data.kind, desk.clock(), link=data.link, agent=agent
        ),
        f"message {send_id}",
    )
    applied = desk.settled(desk.world.log.end(), wait)
    return InboxAnswered(done.kind, done.machine, applied)


@reads("/inbox/{send_id:str}/proof", "Prove a message", "mail", responses=MISSING | WRONG)
def prove_mail(readings: Asked, now: Now, send_id: Id) -> MailProof:
    """Return the mail made again from the ledger, and whether it is byte for byte what left."""
    return found(readings.proof(hexadecimal(send_id), now), f"send {send_id}")


@reads("/templates", "All templates", "mail")
def list_templates(readings: Asked) -> tuple[TemplateRow, ...]:
    """Return every template with the variants that use it."""
    return readings.templates()


@reads("/slots", "All slots", "mail")
def list_slots(readings: Asked) -> tuple[SlotRow, ...]:
    """Return every slot with its rules in words, in the order in which they are tried."""
    return readings.slots()


@reads(
    "/templates/{name:str}/preview", "A template as one person", "mail", responses=MISSING | WRONG
)
def preview_template(
    readings: Asked, now: Now, name: Name, person: As, variant: Text = "", as_of: AsOf = None
) -> Preview:
    """Return subject, HTML and text as this person would get them; nothing is recorded."""
    what = f"template {name!r} or no person {person}"
    return found(readings.preview(name, person, variant, instant_of(as_of, now)), what)


@reads("/templates/{name:str}/preview/html", "Its HTML part", "mail", responses=MISSING | WRONG)
def show_preview(
    readings: Asked, now: Now, name: Name, person: As, variant: Text = "", as_of: AsOf = None,
    scheme: Scheme = "",
) -> Response[str]:  # fmt: skip
    """Return the HTML part of the preview under the same policy as a stored message."""
    what = f"template {name!r} or no person {person}"
    preview = found(readings.preview(name, person, variant, instant_of(as_of, now)), what)
    return framed(preview.html, scheme)


def framed(html: str, scheme: str = "") -> Response[str]:
    """Return a mail's HTML for a frame; links open beside it instead of inside it.

    With a `scheme`, what the mail says for dark readers holds always, or never.
    """
    if scheme:
        html = _DARK.sub("min-width:0" if scheme == "dark" else "max-width:0", html)
    head = _HEAD.search(html)
    at = head.end() if head else 0
    framed = f'{html[:at]}<base target="_blank">{html[at:]}'
    headers = {"content-security-policy": MAIL_POLICY}
    return Response(framed, media_type="text/html", headers=headers)


HANDLERS: Final[list[ControllerRouterHandler]] = [
    list_inbox,
    get_mail,
    show_mail,
    check_mail,
    answer_mail,
    prove_mail,
    list_templates,
    list_slots,
    preview_template,
    show_preview,
]
