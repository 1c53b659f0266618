"""The recipients' side: simulated mailboxes read the real mails and follow their real links.

What they do reaches the log by the same path as requests from the outside: token, classification,
event. The truth about machines stays in the simulator.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from email.utils import parseaddr
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec

from tailorbird import flow
from tailorbird.app import Tailorbird
from tailorbird.demo.shops import SUBJECTS, Progress
from tailorbird.schema import Body, Instant
from tailorbird.simulator import Mail, Mailboxes, Reaction
from tailorbird.tracking import events as tracked
from tailorbird.tracking.answers import Answers, Asked
from tailorbird.tracking.tokens import Sealer

READER: Final = "mailboxes"
JOURNEY: Final = "/"
"""In the names of the mails of journeys: nobody here answers those."""
MAILS_AT_ONCE: Final = 500
PIXEL: Final = re.compile(r'src="([^"]+/o/[^"]+\.gif)"')
LINK: Final = re.compile(r'href="([^"]+/c/[^"]+)"')
UNSUBSCRIBE: Final = re.compile(r"<(https?://[^>]+/u/[^>]+)>")


def answer(tb: Tailorbird, seed: int, on_progress: Progress) -> int:
    """Let every mailbox that has not done so yet react to its mail; return how many mails."""
    world = tb.world
    boxes = Mailboxes(seed, subjects=SUBJECTS)
    total, answered = world.inbox.count(), 0
    while True:
        done = int(world.log.progress(READER) or 0)
        chunk = list(islice(world.inbox.since(done, MAILS_AT_ONCE), MAILS_AT_ONCE))
        if not chunk:
            return answered
        mails = [mail for _, send_id, raw in chunk if (mail := _mail(tb, send_id, raw))]
        bodies = _bodies(tb, boxes.reactions(mails))
        world.log.append_from(READER, list(bodies), str(chunk[-1][0]))
        answered += len(chunk)
        on_progress(chunk[-1][0], total)


def _mail(tb: Tailorbird, send_id: bytes, raw: bytes) -> Mail | None:
    """Return a message as a mailbox sees it."""
    decision = tb.world.ledger.decision(send_id)
    if decision is None or JOURNEY in decision.campaign:
        return None
    message = message_from_bytes(raw)
    html = _html(message)
    pixel = PIXEL.search(html)
    unsubscribe = UNSUBSCRIBE.search(str(message["List-Unsubscribe"] or ""))
    traits = msgspec.json.decode(decision.inputs).get("traits", {})
    return Mail(
        send_id=send_id,
        person_key=parseaddr(str(message["To"]))[1],
        sent_at=decision.at,
        open_url=pixel[1] if pixel else "",
        click_urls=LINK.findall(html),
        unsubscribe_url=unsubscribe[1] if unsubscribe else "",
        tier=traits.get("tier"),
        variant=decision.variant,
    )


def _html(message: Message) -> str:
    """Return the HTML part as a browser would read its links."""
    for part in message.walk():
        if part.get_content_type() == "text/html":
            content = part.get_payload(decode=True)
            return (
                content.decode("utf-8").replace("&amp;", "&") if isinstance(content, bytes) else ""
            )
    return ""


def export_truth(tb: Tailorbird, seed: int, folder: Path) -> None:
    """Write down what was truly a machine, beside the events; no room reads it."""
    from tailorbird.simulator import reaction_file

    boxes = Mailboxes(seed, subjects=SUBJECTS)
    every = tb.world.inbox.since(0, tb.world.inbox.count())
    mails = (mail for _, send_id, raw in every if (mail := _mail(tb, send_id, raw)))
    reaction_file(boxes.reactions(mails), folder, seed)


def _bodies(tb: Tailorbird, reactions: Iterator[Reaction]) -> Iterator[Body]:
    answers = Answers(Sealer(tb.world.token_key), lambda send_id: flow.sent(tb.world, send_id))
    for reaction in reactions:
        event = _event(tb, answers, reaction)
        if event is not None:
            yield Body("tracking", reaction.at, msgspec.json.encode(event))


def _event(tb: Tailorbird, answers: Answers, reaction: Reaction) -> tracked.TrackedEvent | None:
    """Return what the tracking pages would tell the log of this request."""
    token = reaction.url.rpartition("/")[2].removesuffix(".gif")
    asked = Asked(reaction.at, reaction.user_agent, reaction.method or "GET")
    match reaction.kind:
        case "open":
            return answers.opened(token, asked)
        case "click":
            return answers.clicked(token, asked)
        case "bounce":
            return _bounce(tb, reaction.send_id, reaction.at, reaction.code)
        case "unsubscribe":
            # Following the link changes nothing: only the button or the mail client's POST does.
            if reaction.method == "POST":
                flow.unsubscribe(tb.world, reaction.send_id, reaction.at)
            return None


def _bounce(tb: Tailorbird, send_id: bytes, at: Instant, code: str) -> tracked.TrackedEvent | None:
    decision = tb.world.ledger.decision(send_id)
    if decision is None:
        return None
    return tracked.bounced_event(
        send_id,
        person=decision.person,
        campaign=decision.campaign,
        variant=decision.variant,
        at=at,
        reason=code,
        hard=code.startswith("5"),
    )
