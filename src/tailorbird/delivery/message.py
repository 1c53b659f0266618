"""A rendered mail as the octets that travel: RFC 5322, 6532, 8058.

Written here because the standard library costs 3 to 5 ms a mail and, in some versions, lets an
encoded name inject headers. All is ASCII, but for an address in another alphabet. The same input
gives the same octets.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import Final

import msgspec

from tailorbird.delivery import parts
from tailorbird.delivery.addresses import needs_smtputf8, wire_address
from tailorbird.delivery.dkim import DkimSigner, signatures_of
from tailorbird.delivery.headers import clean, mailbox_header, text_header
from tailorbird.delivery.lines import LONGEST_LINE
from tailorbird.delivery.verp import return_path, unsubscribe_address
from tailorbird.errors import UsageError
from tailorbird.privacy.permit import ConfirmationPermit, Permit
from tailorbird.schema import SECOND, Instant, Outgoing, Purpose, Rendered, Settlement

MAIL_PURPOSES: Final[frozenset[Purpose]] = frozenset({"email_marketing"})
URL: Final = re.compile(r"https?://[!-;=?-~]+", re.ASCII)
FIELD: Final = re.compile(rb"[A-Z][A-Za-z-]*: [^\r\n\0]*(?:\r\n [^\r\n\0]*[!-~][^\r\n\0]*)*\r\n")


class Envelope(msgspec.Struct, frozen=True):
    """Who writes to whom about what: all of a message but its text.

    `domain` is that of Message-ID and return path. Without `unsubscribe_url` the message carries no
    List-Unsubscribe, which only transactional mail may do; with `unsubscribe_by_mail` it offers the
    way by mail, too. Campaign and variant go into Feedback-ID, by which mailbox providers report
    complaints.
    """

    send_id: bytes
    to: str
    from_address: str
    domain: str
    now: Instant
    to_name: str = ""
    from_name: str = ""
    reply_to: str = ""
    unsubscribe_url: str = ""
    campaign: str = ""
    variant: str = ""
    unsubscribe_by_mail: bool = False


def outgoing(
    permit: Permit | ConfirmationPermit,
    rendered: Rendered,
    envelope: Envelope,
    *,
    bounce_key: bytes,
    signers: Sequence[DkimSigner] = (),
) -> Outgoing | Settlement:
    """Return the signed message in its envelope, or the failure of a person without an address.

    `permit` is the leave to write to this person: without one there is no message to send.
    `bounce_key` marks return paths as ours: 16 to 64 secret bytes.

    Raises:
        UsageError: the permit is for training or tracking, not for a mail; or it is for the
            confirmation of another address, or has ended.
    """
    _check(permit, envelope)
    to = wire_address(envelope.to)
    if to is None:
        return Settlement(envelope.send_id, "failed", "", "no mail server takes this address")
    fields = _headers(rendered.subject, envelope, to, bounce_key)
    if not _sound(fields):
        what = "the header of this mail would not read as it was meant"
        return Settlement(envelope.send_id, "failed", "", what)
    body = parts.body(rendered, envelope.send_id)
    fields += body.fields
    signatures = signatures_of(fields, body.text, signers, envelope.now, white=body.white)
    head = b"".join((*signatures, *fields, b"\r\n"))
    dots = tuple([len(head) + at for at in body.dots])
    sender = return_path(envelope.send_id, _domain(envelope.domain), bounce_key)
    asked_for = isinstance(permit, ConfirmationPermit)
    return Outgoing(
        envelope.send_id,
        sender,
        to,
        b"".join((head, *body.text)),
        transactional=asked_for,
        dots=dots,
    )


def _check(permit: Permit | ConfirmationPermit, envelope: Envelope) -> None:
    """Return when the leave is for this mail; raises as `outgoing`."""
    if isinstance(permit, ConfirmationPermit):
        if permit.address != envelope.to or envelope.now >= permit.until:
            raise UsageError("a permit to ask for confirmation fits its own request alone")
    elif permit.purpose not in MAIL_PURPOSES:
        raise UsageError(f"a permit for {permit.purpose} does not permit a mail")


def message(rendered: Rendered, envelope: Envelope, *, bounce_key: bytes = b"") -> bytes:
    """Return the message with CRLF line ends: multipart/alternative, or HTML alone without a text.

    Raises:
        UsageError: an address or the unsubscribe link cannot stand in a header.
    """
    fields = _headers(rendered.subject, envelope, _address(envelope.to), bounce_key)
    body = parts.body(rendered, envelope.send_id)
    return b"".join((*fields, *body.fields, b"\r\n", *body.text))


def _headers(subject: str, envelope: Envelope, to: str, bounce_key: bytes) -> list[bytes]:
    """Return the header fields, one an entry; those of the body come after."""
    domain = _domain(envelope.domain)
    fields = [
        _sender("From", envelope.from_name, envelope.from_address),
        mailbox_header("To", envelope.to_name, to),
        text_header("Subject", subject),
        b"Date: " + _date(envelope.now // SECOND) + b"\r\n",
        f"Message-ID: <{envelope.send_id.hex()}@{domain}>\r\n".encode("ascii"),
    ]
    if envelope.reply_to:
        fields.append(_sender("Reply-To", "", envelope.reply_to))
    if envelope.unsubscribe_url:
        fields += _unsubscribe(envelope, domain, bounce_key)
    # RFC 3834: keeps vacation notices and other robots from answering.
    return [
        *fields,
        _feedback(envelope.campaign, envelope.variant, domain),
        b"Auto-Submitted: auto-generated\r\n",
        b"MIME-Version: 1.0\r\n",
    ]


def _unsubscribe(envelope: Envelope, domain: str, bounce_key: bytes) -> list[bytes]:
    """Return what a mail to many carries: how to leave with one click, and that it is one."""
    url = envelope.unsubscribe_url
    if not URL.fullmatch(url) or len(url) > LONGEST_LINE - 20:
        raise UsageError("the unsubscribe link is not a web address", where=repr(url))
    ways = f"<{url}>"
    if envelope.unsubscribe_by_mail:
        address = unsubscribe_address(envelope.send_id, domain, bounce_key)
        ways += f",\r\n <mailto:{address}?subject=unsubscribe>"
    return [
        f"List-Unsubscribe: {ways}\r\n".encode("ascii"),
        b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
        b"Precedence: bulk\r\n",
    ]


def _sound(fields: Sequence[bytes]) -> bool:
    """Return whether a reader finds these fields and no other: a last look, whatever was given."""
    return all(
        FIELD.fullmatch(field)
        and (len(field) <= LONGEST_LINE or len(max(field.split(b"\r\n"), key=len)) <= LONGEST_LINE)
        for field in fields
    )


@lru_cache(maxsize=1024)
def _feedback(campaign: str, variant: str, domain: str) -> bytes:
    words = [re.sub(r"[^A-Za-z0-9._-]+", "-", clean(word))[:60] for word in (campaign, variant)]
    return f"Feedback-ID: {':'.join(words)}:mail:{domain}\r\n".encode("ascii")


@lru_cache(maxsize=64)
def _sender(field: str, name: str, address: str) -> bytes:
    """Return a header with an address of ours, which every server must be able to take."""
    wired = _address(address)
    if needs_smtputf8(wired):
        raise UsageError(
            "a sender's address must be plain letters before the @: few servers take others",
            where=wired,
            mend="check sender.address and reply_to",
        )
    return mailbox_header(field, name, wired)


def _address(address: str) -> str:
    wired = wire_address(address)
    if wired is None:
        raise UsageError("no mail server takes this address", mend="check sender.address")
    return wired


@lru_cache(maxsize=64)
def _domain(domain: str) -> str:
    return _address(f"x@{domain}").removeprefix("x@")


@lru_cache(maxsize=64)
def _date(seconds: int) -> bytes:
    return format_datetime(datetime.fromtimestamp(seconds, UTC)).encode("ascii")
