"""A message of ours taken apart again, for providers that want its parts and not the whole.

It reads what `delivery.message` writes: at most one level of parts, 7bit, quoted-printable or
base64, headers in ASCII. Source: RFC 2045, 2047, 5322.
"""

from __future__ import annotations

import re
from binascii import a2b_base64, a2b_qp
from collections.abc import Collection
from dataclasses import dataclass
from email.errors import MessageError
from email.header import decode_header, make_header
from email.utils import parseaddr
from functools import lru_cache
from typing import Final

FOLD: Final = re.compile(rb"\r\n(?=[ \t])")
BOUNDARY: Final = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)
TAKEN_APART: Final = frozenset(
    {
        "content-transfer-encoding", "content-type", "date", "dkim-signature", "from",
        "mime-version", "reply-to", "subject", "to",
    }
)  # fmt: skip
"""Headers that a provider writes itself, from fields of its own."""


@dataclass(slots=True, frozen=True)
class Mailbox:
    """An address with the name before it, which may be ''."""

    address: str
    name: str = ""

    def written(self) -> str:
        """Return it as one text, its name in quotes, as names with punctuation must be."""
        name = self.name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{name}" <{self.address}>' if name else self.address


@dataclass(slots=True, frozen=True)
class Parts:
    """What a message consists of, decoded. Texts are '' where there is none."""

    sender: Mailbox
    to: Mailbox
    reply_to: Mailbox | None
    subject: str
    text: str
    html: str
    amp: str
    headers: dict[str, str]
    """All other headers, as they stand in the message, unfolded; they are ASCII."""

    def headers_but(self, left_out: Collection[str]) -> dict[str, str]:
        """Return the other headers without these, named in lower case."""
        return {name: said for name, said in self.headers.items() if name.lower() not in left_out}


def parts_of(content: bytes) -> Parts:
    """Return the parts of a message that `delivery.message` made."""
    head, _, body = content.partition(b"\r\n\r\n")
    headers = _headers(head)
    said = {name.lower(): value for name, value in headers}
    texts = dict(_texts(said, body))
    return Parts(
        sender=_mailbox(said.get("from", "")),
        to=_mailbox(said.get("to", "")),
        reply_to=_mailbox(said["reply-to"]) if "reply-to" in said else None,
        subject=_decoded(said.get("subject", "")),
        text=texts.get("text/plain", ""),
        html=texts.get("text/html", ""),
        amp=texts.get("text/x-amp-html", ""),
        headers={name: value for name, value in headers if name.lower() not in TAKEN_APART},
    )


def without_signatures(content: bytes) -> bytes:
    """Return a message without our DKIM signatures, for a provider that changes what they sign."""
    while content[:15].lower() == b"dkim-signature:":
        end = next(
            at for at in _line_ends(content) if content[at + 2 : at + 3] not in (b" ", b"\t")
        )
        content = content[end + 2 :]
    return content


def _line_ends(content: bytes) -> list[int]:
    return [match.start() for match in re.finditer(rb"\r\n", content[:8192])]


def _headers(head: bytes) -> list[tuple[str, str]]:
    lines = FOLD.sub(b"", head).decode("utf-8", "replace").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return [(name.strip(), value.strip()) for name, colon, value in pairs if colon]


def _texts(said: dict[str, str], body: bytes) -> list[tuple[str, str]]:
    """Return (media type, text) of the parts that are text."""
    given = said.get("content-type", "text/plain")
    kind = given.partition(";")[0].strip().lower()
    if not kind.startswith("multipart/"):
        return [(kind, _text(said.get("content-transfer-encoding", "7bit"), body))]
    match = BOUNDARY.search(given)
    if match is None:
        return []
    found: list[tuple[str, str]] = []
    for piece in (b"\r\n" + body).split(b"\r\n--" + match[1].encode())[1:]:
        if piece.startswith(b"--"):
            break
        head, _, inner = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        inside = {name.lower(): value for name, value in _headers(head)}
        found += _texts(inside, inner)
    return found


def _text(encoding: str, body: bytes) -> str:
    match encoding.strip().lower():
        case "base64":
            body = a2b_base64(body)
        case "quoted-printable":
            body = a2b_qp(body)
    # In a message of ours CR stands before LF alone; one octet is found seven times as fast as two.
    return body.replace(b"\r", b"").decode("utf-8", "replace")


def _mailbox(value: str) -> Mailbox:
    name, address = parseaddr(value)
    return Mailbox(address, _decoded(name))


@lru_cache(maxsize=256)
def _decoded(value: str) -> str:
    if "=?" not in value:
        return value
    try:
        return str(make_header(decode_header(value)))
    except (MessageError, LookupError, UnicodeError, ValueError):
        return value
