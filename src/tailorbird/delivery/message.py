"""A rendered mail as the octets that travel: RFC 5322, 2045, 2046, 8058.

Written here because the standard library costs 3 to 5 ms a mail and, in some versions, lets an
encoded name inject headers. Everything is ASCII. The same input gives the same octets.
"""

from __future__ import annotations

import re
from binascii import b2a_qp
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import Final, Protocol

import msgspec

from tailorbird.delivery.addresses import wire_address
from tailorbird.delivery.headers import clean, mailbox_header, text_header
from tailorbird.delivery.verp import return_path
from tailorbird.errors import UsageError
from tailorbird.privacy.permit import ConfirmationPermit, Permit
from tailorbird.schema import SECOND, Instant, Outgoing, Purpose, Rendered, Settlement

LONGEST_LINE: Final = 998
MAIL_PURPOSES: Final[frozenset[Purpose]] = frozenset({"email_marketing"})
CONTROLS: Final = bytes(range(9)) + b"\x0b\x0c" + bytes(range(14, 32)) + b"\x7f"
SURROGATES: Final = re.compile(r"[\ud800-\udfff]")
LATE_CONTROLS: Final = re.compile(rb"\xc2[\x80-\x9f]")
"""U+0080 to U+009F in UTF-8: HTML reads their numeric references as other characters."""
RAW_TEXT: Final = re.compile(rb"<(style|script|xmp|noembed|noframes|plaintext)\b")
BOUNDARY_LINE: Final = re.compile(rb"\n--=_")
URL: Final = re.compile(r"https?://[!-;=?-~]+", re.ASCII)


class Envelope(msgspec.Struct, frozen=True):
    """Who writes to whom about what: all of a message but its text.

    `domain` is that of Message-ID and return path. Without `unsubscribe_url` the message carries no
    List-Unsubscribe, which only transactional mail may do. Campaign and variant go into
    Feedback-ID, by which mailbox providers report complaints.
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


class Signer(Protocol):
    """Something that adds a signature to a message."""

    def sign(self, content: bytes, now: Instant) -> bytes:
        """Return the message with its signature in front."""


def outgoing(
    permit: Permit | ConfirmationPermit,
    rendered: Rendered,
    envelope: Envelope,
    *,
    bounce_key: bytes,
    signers: Sequence[Signer] = (),
) -> Outgoing | Settlement:
    """Return the signed message in its envelope, or the failure of a person without an address.

    `permit` is the leave to write to this person: without one there is no message to send.
    `bounce_key` marks return paths as ours: 16 to 64 secret bytes.

    Raises:
        UsageError: the permit is for training or tracking, not for a mail; or it is for the
            confirmation of another address, or has ended.
    """
    if isinstance(permit, ConfirmationPermit):
        if permit.address != envelope.to or envelope.now >= permit.until:
            raise UsageError("a permit to ask for confirmation fits its own request alone")
    elif permit.purpose not in MAIL_PURPOSES:
        raise UsageError(f"a permit for {permit.purpose} does not permit a mail")
    to = wire_address(envelope.to)
    if to is None:
        return Settlement(envelope.send_id, "failed", "", "no mail server takes this address")
    content = message(rendered, envelope)
    for signer in signers:
        content = signer.sign(content, envelope.now)
    sender = return_path(envelope.send_id, envelope.domain, bounce_key)
    return Outgoing(envelope.send_id, sender, to, content)


def message(rendered: Rendered, envelope: Envelope) -> bytes:
    """Return the message with CRLF line ends: multipart/alternative, or HTML alone without a text.

    An AMP part stands between text and HTML: readers that do not know it show the last they know.

    Raises:
        UsageError: an address or the unsubscribe link cannot stand in a header.
    """
    parts = [_text_part(rendered.text)] if rendered.text else []
    if rendered.amp:
        parts.append(_part(b"text/x-amp-html", _octets(rendered.amp)))
    parts.append(_html_part(rendered.html))
    return b"".join([*_headers(rendered.subject, envelope), *_bodies(parts, envelope.send_id)])


def _headers(subject: str, envelope: Envelope) -> list[bytes]:
    fields = [
        _from(envelope.from_name, envelope.from_address),
        mailbox_header("To", envelope.to_name, _address(envelope.to)),
        text_header("Subject", subject),
        b"Date: " + _date(envelope.now // SECOND) + b"\r\n",
        f"Message-ID: <{envelope.send_id.hex()}@{_domain(envelope.domain)}>\r\n".encode(),
    ]
    if envelope.reply_to:
        fields.append(mailbox_header("Reply-To", "", _address(envelope.reply_to)))
    if envelope.unsubscribe_url:
        fields += _unsubscribe(envelope.unsubscribe_url)
    fields.append(_feedback(envelope.campaign, envelope.variant, _domain(envelope.domain)))
    # RFC 3834: keeps vacation notices and other robots from answering.
    fields.append(b"Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n")
    return fields


def _bodies(parts: Sequence[bytes], send_id: bytes) -> list[bytes]:
    if len(parts) == 1:
        return [*parts]
    boundary = b"=_" + send_id.hex().encode()
    while any(BOUNDARY_LINE.search(part) and boundary in part for part in parts):
        boundary += b"_"
    opening = b'Content-Type: multipart/alternative;\r\n boundary="' + boundary + b'"\r\n\r\n'
    inner = [piece for part in parts for piece in (b"--" + boundary + b"\r\n", part)]
    return [opening, *inner, b"--" + boundary + b"--\r\n"]


def _text_part(text: str) -> bytes:
    return _part(b"text/plain", _octets(text))


def _html_part(html: str) -> bytes:
    content = _octets(html)
    if not content.isascii() and all(map(bytes.isascii, _raw_texts(content.lower()))):
        content = content.decode().encode("ascii", "xmlcharrefreplace")
    return _part(b"text/html", content)


def _raw_texts(content: bytes) -> Iterator[bytes]:
    """Yield the elements of a page in lower case in which HTML knows no character references."""
    for match in RAW_TEXT.finditer(content):
        end = content.find(b"</" + match[1], match.end())
        yield content[match.end() : end if end >= 0 else None]


def _octets(text: str) -> bytes:
    """Return UTF-8 without control characters and lone surrogates."""
    try:
        content = text.encode()
    except UnicodeEncodeError:
        content = SURROGATES.sub("\N{REPLACEMENT CHARACTER}", text).encode()
    content = content.translate(None, CONTROLS)
    return LATE_CONTROLS.sub(b"", content) if b"\xc2" in content else content


def _part(kind: bytes, content: bytes) -> bytes:
    """Return headers and body of one part: as it is where it can be, else quoted-printable."""
    if b"\r" in content:
        content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    content = content.rstrip(b"\n") + b"\n"
    fits = content.isascii() and _lines_fit(content)
    content = content.replace(b"\n", b"\r\n")
    encoding = b"7bit" if fits else b"quoted-printable"
    return (
        b"Content-Type: " + kind + b"; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: " + encoding + b"\r\n\r\n"
    ) + (content if fits else b2a_qp(content, istext=True))


def _lines_fit(content: bytes) -> bool:
    """Return whether no line is too long, in steps of the longest line instead of every line."""
    start = 0
    while start < len(content):
        start = content.rfind(b"\n", start, start + LONGEST_LINE + 1) + 1
        if not start:
            return False
    return True


def _unsubscribe(url: str) -> list[bytes]:
    if not URL.fullmatch(url) or len(url) > LONGEST_LINE - 20:
        raise UsageError("the unsubscribe link is not a web address", where=repr(url))
    return [
        f"List-Unsubscribe: <{url}>\r\n".encode("ascii"),
        b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
    ]


@lru_cache(maxsize=1024)
def _feedback(campaign: str, variant: str, domain: str) -> bytes:
    parts = [re.sub(r"[^A-Za-z0-9._-]+", "-", clean(word))[:60] for word in (campaign, variant)]
    return f"Feedback-ID: {':'.join(parts)}:mail:{domain}\r\n".encode("ascii")


@lru_cache(maxsize=64)
def _from(name: str, address: str) -> bytes:
    return mailbox_header("From", name, _address(address))


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
