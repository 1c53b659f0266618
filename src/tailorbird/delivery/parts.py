"""The parts of a mail's body in ASCII, and how they are put together: RFC 2045, 2046.

The same input gives the same octets.
"""

from __future__ import annotations

import re
from binascii import b2a_base64, b2a_qp
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from tailorbird.delivery.lines import (
    CONTROLS,
    LONGEST_LINE,
    free_of_controls,
    places,
    starts,
    surveyed,
)
from tailorbird.schema import Rendered

SURROGATES: Final = re.compile(r"[\ud800-\udfff]")
LATE_CONTROLS: Final = re.compile(rb"\xc2[\x80-\x9f]")
"""U+0080 to U+009F in UTF-8: HTML reads their numeric references as other characters."""
ODD_REFERENCE: Final = re.compile(rb"&#(?:1[2-5]\d|5[5-7]\d\d\d);")
"""What `xmlcharrefreplace` makes of late controls and of lone surrogates."""
RAW_ELEMENT: Final = re.compile(rb"<(style|script|xmp|noembed|noframes|plaintext)\b", re.IGNORECASE)
"""An element in which HTML knows no character references."""
BOUNDARY_LINE: Final = re.compile(rb"\n--=_")
ENCODED_LINE: Final = 76
OCTETS_A_LINE: Final = ENCODED_LINE // 4 * 3


class Body(NamedTuple):
    """A mail's body, or a part of it, and what is known of its lines."""

    fields: list[bytes]
    """The header fields that say of what kind it is."""
    text: list[bytes]
    """What stands behind the empty line, in pieces."""
    dots: tuple[int, ...]
    """Where a line of the text begins with a dot."""
    white: bool
    """A line may end in white space."""
    dashed: bool
    """A line may begin with a hyphen."""


def body(rendered: Rendered, send_id: bytes) -> Body:
    """Return a mail's body: text, AMP and HTML, or HTML alone.

    A reader shows the last part that it knows (RFC 2046 section 5.1.4): AMP stands before HTML, so
    that those who do not know it show the HTML.
    """
    parts = []
    if text := rendered.text:
        parts.append(_part(b"text/plain", _octets(text), plain=text.isascii()))
    if amp := rendered.amp:
        parts.append(_part(b"text/x-amp-html", _octets(amp), plain=amp.isascii()))
    html = _referenced(rendered.html)
    parts.append(_part(b"text/html", html, plain=rendered.html.isascii() or html.isascii()))
    return parts[0] if len(parts) == 1 else _alternatives(parts, send_id)


def _alternatives(parts: Sequence[Body], send_id: bytes) -> Body:
    boundary = b"=_" + send_id.hex().encode()
    texts = [b"".join(part.text) for part in parts if part.dashed]
    suspect = [text for text in texts if boundary in text]
    while any(boundary in text and BOUNDARY_LINE.search(text) for text in suspect):
        boundary += b"_"
    opening = b"--" + boundary + b"\r\n"
    pieces: list[bytes] = []
    dots: list[int] = []
    length = 0
    for part in parts:
        head = b"".join((opening, *part.fields, b"\r\n"))
        length += len(head)
        dots += [length + at for at in part.dots]
        length += sum(map(len, part.text))
        pieces += (head, *part.text)
    pieces.append(b"--" + boundary + b"--\r\n")
    kind = b'Content-Type: multipart/alternative;\r\n boundary="' + boundary + b'"\r\n'
    white = any(part.white for part in parts)
    return Body([kind], pieces, tuple(dots), white, dashed=True)


def _referenced(html: str) -> bytes:
    """Return a page in ASCII, or in UTF-8 where it has to be: in styles and scripts."""
    if html.isascii():
        return html.encode("ascii")
    content = html.encode("ascii", "xmlcharrefreplace")
    if any(ODD_REFERENCE.match(content, at) for at in starts(content, b"&", b"#")):
        content = _octets(html).decode().encode("ascii", "xmlcharrefreplace")
    if any(b"&#" in raw for raw in _raw_texts(content)):
        utf8 = _octets(html)
        if not all(map(bytes.isascii, _raw_texts(utf8))):
            return utf8
    return content


def _raw_texts(content: bytes) -> Iterator[bytes]:
    """Yield what stands in the elements of a page in which HTML knows no references."""
    end = 0
    for at in starts(content, b"<", b"sxnpSXNP", b"tcmolTCMOL"):
        match = RAW_ELEMENT.match(content, at) if at >= end else None
        if match is None:
            continue
        start, closing, size = match.end(), b"</" + match[1].lower(), len(match[1]) + 2
        end = content.find(b"</", start)
        while end >= 0 and content[end : end + size].lower() != closing:
            end = content.find(b"</", end + 2)
        if end < 0:
            end = len(content)
        yield content[start:end]


def _octets(text: str) -> bytes:
    """Return UTF-8 without late control characters and lone surrogates."""
    try:
        content = text.encode()
    except UnicodeEncodeError:
        content = SURROGATES.sub("\N{REPLACEMENT CHARACTER}", text).encode()
    if b"\xc2" in content:
        content = LATE_CONTROLS.sub(b"", content)
    return content


def _part(kind: bytes, content: bytes, *, plain: bool) -> Body:
    """Return one part: as it is where it can be, else in the shorter encoding."""
    if b"\r" in content:
        content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if not content.endswith(b"\n") or content.endswith(b"\n\n"):
        content = content.rstrip(b"\n") + b"\n"
    if not free_of_controls(content):
        content = content.translate(None, CONTROLS)
    crlf = content.replace(b"\n", b"\r\n")
    if plain and (lines := surveyed(content)).longest <= LONGEST_LINE:
        return Body(_fields(kind, b"7bit"), [crlf], lines.dots, lines.white, lines.dashed)
    encoding, said = _encoded(crlf)
    dots = (at + 1 for at in places(said, b"\n."))
    first = (0,) if said.startswith(b".") else ()
    return Body(_fields(kind, encoding), [said], (*first, *dots), white=False, dashed=True)


@lru_cache(maxsize=16)
def _fields(kind: bytes, encoding: bytes) -> list[bytes]:
    return [
        b"Content-Type: " + kind + b"; charset=utf-8\r\n",
        b"Content-Transfer-Encoding: " + encoding + b"\r\n",
    ]


def _encoded(content: bytes) -> tuple[bytes, bytes]:
    """Return an encoding's name and a text in it: base64 where that is shorter."""
    quoted = b2a_qp(content, istext=True)
    if len(quoted) <= len(content) * 4 / 3 * (ENCODED_LINE + 2) / ENCODED_LINE:
        return b"quoted-printable", quoted
    lines = (
        b2a_base64(content[at : at + OCTETS_A_LINE], newline=False)
        for at in range(0, len(content), OCTETS_A_LINE)
    )
    return b"base64", b"\r\n".join(lines) + b"\r\n"
