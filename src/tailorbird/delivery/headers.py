"""Header values in ASCII: folded, encoded where need be, and unable to start another header.

Source: RFC 5322 section 2.2.3 (folding), RFC 2047 (encoded words).
"""

from __future__ import annotations

import re
from base64 import b64encode
from functools import lru_cache
from typing import Final

LINE: Final = 76
"""Longest line of a header with an encoded word; the others may have 78, which we do not use."""
LONGEST_WORD: Final = 75
LONGEST_TEXT: Final = 1000
LONGEST_NAME: Final = 200
"""Characters of a text and of a name that are written: a longer one is a mistake or an attack."""
CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
TURNING: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Signs that turn the direction of what follows: a name with one could show another address."""
SURROGATES: Final = re.compile(r"[\ud800-\udfff]")
PLAIN: Final = re.compile(r"(?!.*=\?)[ -~]*")
PIECES: Final = re.compile(r" *[^ ]+")
LONGEST_PIECE: Final = 900
"""A word without a space beyond this could not be folded within the 998 octets of RFC 5322."""
UNQUOTED: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")
"""What may stand for itself in an encoded word, in a phrase as well (RFC 2047 section 5.3)."""


def clean(text: str) -> str:
    """Return text without control characters and line breaks, each run of them one space."""
    if text.isascii() and text.isprintable():
        return text.strip(" ")
    said = TURNING.sub("", CONTROLS.sub(" ", text))
    return SURROGATES.sub("\N{REPLACEMENT CHARACTER}", said).strip(" ")


def text_header(name: str, text: str) -> bytes:
    """Return a whole header field of free text, such as a subject, with its CRLF."""
    start = f"{name}: "
    said = clean(text)[:LONGEST_TEXT].rstrip(" ")
    return f"{start}{_folded(said, used=len(start))}\r\n".encode("ascii")


def mailbox_header(name: str, display_name: str, address: str) -> bytes:
    """Return a whole header field with one mailbox; `address` is one that `wire_address` gave.

    One in another alphabet stands in UTF-8 (RFC 6532), all else is ASCII.
    """
    start = f"{name}: "
    phrase = _phrase(clean(display_name)[:LONGEST_NAME].rstrip(" "), used=len(start))
    if not phrase:
        return f"{start}{address}\r\n".encode()
    last_line = len(phrase) - (phrase.rfind("\n") + 1) + (0 if "\n" in phrase else len(start))
    space = " " if last_line + len(address) + 3 <= LINE else "\r\n "
    return f"{start}{phrase}{space}<{address}>\r\n".encode()


def _folded(text: str, *, used: int) -> str:
    pieces = PIECES.findall(text) if PLAIN.fullmatch(text) else []
    if not text or (pieces and max(map(len, pieces)) <= LONGEST_PIECE):
        return _joined(pieces, used)
    return "\r\n ".join(_encoded_words(text, used))


def _joined(pieces: list[str], used: int) -> str:
    """Join words; a fold stands before a word's spaces, so that unfolding gives the same text."""
    folded = ""
    for piece in pieces:
        if folded and used + len(piece) > LINE:
            folded += "\r\n"
            used = 0
        folded += piece
        used += len(piece)
    return folded


def _phrase(name: str, *, used: int) -> str:
    """Return a display name as a quoted string, or as encoded words."""
    if not name:
        return ""
    quoted = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if PLAIN.fullmatch(name) and used + len(quoted) <= LINE:
        return quoted
    return "\r\n ".join(_encoded_words(name, used))


def _encoded_words(text: str, used: int) -> list[str]:
    """Return the text as encoded words in UTF-8, each whole characters, each fit for its line."""
    quoted = "".join(map(_quoted, text))
    letter = "q" if len(quoted) <= len(text.encode()) * 4 / 3 else "b"
    room = LONGEST_WORD - len("=?utf-8?q??=")
    left = room - max(0, used - 1)
    words: list[str] = []
    chunk, taken = "", 0
    for character in text:
        size = len(_quoted(character)) if letter == "q" else len(character.encode())
        taken += size
        if chunk and taken > (left if letter == "q" else left // 4 * 3):
            words.append(_word(letter, chunk))
            chunk, taken, left = "", size, room
        chunk += character
    return [*words, _word(letter, chunk)]


def _word(letter: str, chunk: str) -> str:
    said = "".join(map(_quoted, chunk)) if letter == "q" else b64encode(chunk.encode()).decode()
    return f"=?utf-8?{letter}?{said}?="


@lru_cache(maxsize=4096)
def _quoted(character: str) -> str:
    if character == " ":
        return "_"
    return "".join(
        chr(octet) if octet in UNQUOTED else f"={octet:02X}" for octet in character.encode()
    )
