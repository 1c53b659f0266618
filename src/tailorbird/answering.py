"""What a developer has the reader of a local mail do, by the very ways by which real answers come.

A bounce, a complaint and an automatic reply are mails, written as servers write them and read as
theirs are; an open and a click are requests for the mail's own sealed addresses; leaving is what
the button of a mail client does.
"""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.utils import formatdate
from typing import Final, Literal, TypeAlias, get_args

import msgspec

from tailorbird import feedback, flow
from tailorbird.delivery.verp import return_path
from tailorbird.errors import UsageError
from tailorbird.letters.opting_out import unsubscribe
from tailorbird.schema import SECOND, Body, Instant
from tailorbird.tracking.answers import Answers, Asked
from tailorbird.tracking.events import TrackedEvent
from tailorbird.tracking.tokens import Sealer
from tailorbird.world import World

Kind: TypeAlias = Literal[
    "hard_bounce", "soft_bounce", "complaint", "auto_reply", "unsubscribe", "open", "click"
]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
_PIXEL: Final = re.compile(r"/o/([\w-]{40,200})\.gif")
_LINK: Final = re.compile(r'href="[^"]*/c/([\w-]{40,4000})"')
_LEAVE: Final = re.compile(r"<[^>]*/u/([\w-]{20,200})>")
_MESSAGE_ID: Final = re.compile(r"^message-id:[^<]{0,80}<([^<>@\s]+@([^<>@\s]+))>", re.I | re.M)
_BOUNCED: Final = {
    "hard_bounce": ("5.1.1", "550 5.1.1 no such user here"),
    "soft_bounce": ("5.2.2", "552 5.2.2 mailbox full"),
}
_DSN: Final = """\
From: Mail Delivery System <MAILER-DAEMON@inbox.invalid>
To: {to}
Subject: Undelivered Mail Returned to Sender
Date: {date}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="answer"

--answer
Content-Type: text/plain; charset=utf-8

<{recipient}>: host inbox.invalid said: {words} (in reply to RCPT TO command)

--answer
Content-Type: message/delivery-status

Reporting-MTA: dns; inbox.invalid

Final-Recipient: rfc822; {recipient}
Action: failed
Status: {status}
Diagnostic-Code: smtp; {words}

--answer
Content-Type: text/rfc822-headers

Message-ID: <{message_id}>

--answer--
"""
_COMPLAINT: Final = """\
From: Complaints <complaints@inbox.invalid>
To: {to}
Subject: Complaint about a message
Date: {date}
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="answer"

--answer
Content-Type: text/plain; charset=utf-8

This is a report of a mail that its reader called unwanted.

--answer
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: Tailorbird-Inbox/1
Version: 1
Original-Rcpt-To: {recipient}

--answer
Content-Type: text/rfc822-headers

Message-ID: <{message_id}>

--answer--
"""
_AWAY: Final = """\
From: {recipient}
To: {to}
Subject: Automatic reply: out of office
Date: {date}
In-Reply-To: <{message_id}>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

I am away until Monday.
"""


class Answered(msgspec.Struct, frozen=True):
    """What the log was told. `machine`: why an open or a click counts as a machine's, or ''."""

    kind: Kind
    machine: str = ""


def answer(
    world: World, send_id: bytes, kind: Kind, at: Instant, *, link: int = 0, agent: str = ""
) -> Answered | None:
    """Have the reader of a mail in the inbox answer; None where no such mail is there.

    `link` is the place of a link in the mail, from 0, of those that are counted; `agent` the
    reader's program.

    Raises:
        UsageError: the mail has no such link, no pixel, or no way to leave.
    """
    content = world.inbox.read(send_id)
    if content is None:
        return None
    text = content.decode("utf-8", "replace")
    match kind:
        case "open" | "click":
            token = _token(content, kind, link)
            return _visited(world, kind, token, Asked(at, user_agent=agent))
        case "unsubscribe":
            sealed = Sealer(world.token_key).open(_found(_LEAVE, text, "way to leave"), kind)
            if sealed is None or not unsubscribe(world, sealed.send_id, at):
                raise UsageError("the way to leave leads nowhere")
        case _:
            raw = _mail(world, send_id, kind, text, at)
            world.log.append([Body(feedback.MAIL, at, raw.encode())])
    return Answered(kind)


def _token(content: bytes, kind: Literal["open", "click"], link: int) -> str:
    """Return the token of the pixel, or of one of the links, in the HTML that readers show."""
    part = message_from_bytes(content, policy=policy.default).get_body(("html",))
    html = part.get_content() if part is not None else ""
    if kind == "open":
        return _found(_PIXEL, html, "pixel")
    found = _LINK.findall(html)
    if not 0 <= link < len(found):
        mend = "who does not agree to tracking gets bare links" if not found else ""
        raise UsageError(f"it has {len(found)} links that are counted", mend=mend)
    return str(found[link])


def _found(pattern: re.Pattern[str], text: str, what: str) -> str:
    found = pattern.search(text)
    if found is None:
        mend = "who does not agree to tracking gets none" if what == "pixel" else ""
        raise UsageError(f"the mail has no {what}", mend=mend)
    return found[1]


def _visited(world: World, kind: Literal["open", "click"], token: str, asked: Asked) -> Answered:
    answers = Answers(Sealer(world.token_key), lambda send_id: flow.sent(world, send_id))
    event: TrackedEvent | None
    event = answers.opened(token, asked) if kind == "open" else answers.clicked(token, asked)
    if event is None:
        raise UsageError("nothing is counted of this mail", mend="its person withdrew tracking")
    world.log.append([Body("tracking", asked.at, msgspec.json.encode(event))])
    said = event["properties"]
    return Answered(kind, str(said.get("reason", "")) if isinstance(said, dict) else "")


def _mail(world: World, send_id: bytes, kind: Kind, text: str, at: Instant) -> str:
    """Return the mail that comes back, sent where a real one would be."""
    named = _MESSAGE_ID.search(text)
    message_id = named[1] if named else f"{send_id.hex()}@{world.settings.sender.domain}"
    domain = named[2] if named else world.settings.sender.domain
    decision = world.ledger.decision(send_id)
    profile = world.people.profiles([decision.person]).get(decision.person) if decision else None
    status, words = _BOUNCED.get(kind, ("", ""))
    form = {"complaint": _COMPLAINT, "auto_reply": _AWAY}.get(kind, _DSN)
    return form.format(
        to=return_path(send_id, domain, world.token_key),
        recipient=profile.email if profile else "",
        date=formatdate(at / SECOND),
        message_id=message_id,
        status=status,
        words=words,
    )
