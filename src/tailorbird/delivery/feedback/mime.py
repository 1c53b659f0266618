"""A mail taken apart, whatever it looks like: never raises, in time and memory bounded by its size.

The standard parser recurses as deeply as a mail asks it to. This one reads what feedback needs:
headers, parts, text. Source: RFC 2045, RFC 2047, and mails that follow neither.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

LARGEST: Final = 1 << 20
"""Bytes of a mail that are read: reports stand at its beginning."""
DEEPEST: Final = 8
MOST_PARTS: Final = 64
MOST_HEADERS: Final = 400
LONGEST_HEADER: Final = 8_000
LONGEST_TEXT: Final = 64 << 10
"""Characters of a part's text that are looked at."""
_LINE_END: Final = re.compile(rb"\r\n?")
_HEADER: Final = re.compile(r"([!-9;-~]{1,100})[ \t]*:[ \t]*(.*)", re.DOTALL)
_PARAMETER: Final = re.compile(r';\s*([\w*.-]{1,40})\s*=\s*(?:"([^"]{0,500})"|([^\s;]{1,500}))')
_WORD: Final = re.compile(r"=\?([\w.*-]{1,40})\?([bBqQ])\?([^?\s]{0,2000})\?=")
_BETWEEN: Final = re.compile(r"(\?=)\s+(=\?)")
_TAG: Final = re.compile(r"<(?:script|style)\b[^<]{0,5000}|<[^<>]{0,2000}>", re.IGNORECASE)
_BREAK: Final = re.compile(r"<(?:br|/p|/div|/tr|/h\d|/li)\b[^<>]{0,200}>", re.IGNORECASE)
_ENTITY: Final = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&nbsp;": " ", "&amp;": "&"}


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a mail, or the mail itself. `kind` is its media type in lower case."""

    headers: Sequence[tuple[str, str]]
    kind: str
    parameters: dict[str, str]
    content: bytes
    parts: list[Part] = field(default_factory=list)

    def all(self, name: str) -> list[str]:
        """Return the values of a header, decoded, in order."""
        wanted = name.lower()
        return [words(value) for key, value in self.headers if key == wanted]

    def first(self, *names: str) -> str:
        """Return the first value of the first of these headers that is there, or ''."""
        for name in names:
            if values := self.all(name):
                return values[0]
        return ""

    def walk(self) -> Iterator[Part]:
        """Yield this part and all below it, in order."""
        yield self
        for part in self.parts:
            yield from part.walk()

    def text(self) -> str:
        """Return the content as text, at most `LONGEST_TEXT`; of HTML what it shows."""
        text = _decoded(self._octets(), self.parameters.get("charset", ""))[:LONGEST_TEXT]
        return _shown(text) if self.kind == "text/html" else text

    def _octets(self) -> bytes:
        encoding = self.first("content-transfer-encoding").strip().lower()
        content = self.content[: LONGEST_TEXT * 4]
        if encoding == "base64":
            return _base64(content)
        return binascii.a2b_qp(content) if encoding == "quoted-printable" else content


def parse(raw: bytes) -> Part:
    """Return a mail in parts; what is none is one part of plain text without headers."""
    content = _LINE_END.sub(b"\n", raw[:LARGEST]).lstrip(b"\n")
    if content.startswith((b"From ", b">From ")):
        content = content.partition(b"\n")[2]
    return _part(content, DEEPEST, [MOST_PARTS])


def headers_of(text: str) -> list[tuple[str, str]]:
    """Return the header fields at the start of a text, unfolded, names in lower case."""
    found: list[tuple[str, str]] = []
    for line in text.split("\n"):
        if not line.strip():
            break
        if line[0] in " \t" and found:
            name, value = found[-1]
            if len(value) < LONGEST_HEADER:
                found[-1] = (name, f"{value} {line.strip()}")
        elif (match := _HEADER.match(line[:LONGEST_HEADER])) and len(found) < MOST_HEADERS:
            found.append((match[1].lower(), match[2].strip()))
    return found


def words(value: str) -> str:
    """Return a header's value with its encoded words decoded."""
    if "=?" not in value:
        return value
    return _WORD.sub(_word, _BETWEEN.sub(r"\1\2", value))


def _part(content: bytes, depth: int, left: list[int]) -> Part:
    head, _, body = content.partition(b"\n\n")
    if content.startswith(b"\n"):
        head, body = b"", content[1:]
    fields = headers_of(head[: LONGEST_TEXT * 4].decode("utf-8", "replace"))
    if head and not fields:
        fields, body = [], content
    given = next((value for name, value in fields if name == "content-type"), "")
    kind = given.partition(";")[0].strip().lower() or "text/plain"
    parameters = {
        name.lower(): quoted or bare for name, quoted, bare in _PARAMETER.findall(given[:4000])
    }
    part = Part(fields, kind, parameters, body)
    if depth and kind.startswith("multipart/"):
        for piece in _pieces(body, parameters.get("boundary", "")):
            if not left[0]:
                break
            left[0] -= 1
            part.parts.append(_part(piece, depth - 1, left))
    elif depth and kind in ("message/rfc822", "message/global"):
        part.parts.append(_part(body.lstrip(b"\n"), depth - 1, left))
    return part


def _pieces(body: bytes, boundary: str) -> Iterator[bytes]:
    """Yield what stands between the lines of a boundary; a last one that is not closed counts."""
    if not boundary:
        return
    mark = b"--" + boundary.encode("utf-8", "replace").rstrip()
    inside, start, place = False, 0, 0
    for line in body.splitlines(keepends=True):
        if line.startswith(mark) and line[len(mark) :].strip() in (b"", b"--"):
            if inside:
                yield body[start : max(place - 1, start)]
            inside, start = line[len(mark) :].strip() != b"--", place + len(line)
            if not inside:
                return
        place += len(line)
    if inside:
        yield body[start:]


def _word(match: re.Match[str]) -> str:
    charset, letter, said = match.groups()
    octets = said.encode("ascii", "replace")
    if letter in "qQ":
        octets = binascii.a2b_qp(octets.replace(b"_", b" "), header=True)
    else:
        octets = _base64(octets)
    return _decoded(octets, charset.partition("*")[0]).replace("\n", " ")


def _base64(content: bytes) -> bytes:
    letters = re.sub(rb"[^A-Za-z0-9+/]", b"", content)
    letters = letters[: len(letters) // 4 * 4] if len(letters) % 4 == 1 else letters
    try:
        return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))
    except binascii.Error:
        return b""


def _decoded(octets: bytes, charset: str) -> str:
    for name in (charset, "utf-8"):
        try:
            return octets.decode(name)
        except (LookupError, UnicodeError, ValueError):
            continue
    try:
        return octets.decode(charset, "replace")
    except (LookupError, UnicodeError, ValueError):
        return octets.decode("latin-1")


def _shown(html: str) -> str:
    text = _TAG.sub(" ", _BREAK.sub("\n", html))
    for entity, character in _ENTITY.items():
        text = text.replace(entity, character)
    return text
