"""Tokens in links: encrypted, authenticated, bound to one use, and the same for the same send.

AES-GCM-SIV (RFC 8452) under a fixed nonce is a deterministic cipher: two tokens are equal exactly
when they say the same, so a mail can be rendered again byte for byte, and nothing else leaks.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final, Literal, TypeAlias

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from tailorbird.errors import UsageError

TokenUse: TypeAlias = Literal[
    "open", "click", "unsubscribe", "view", "confirm", "personalisation", "preferences"
]
NoteUse: TypeAlias = Literal["form page", "form link", "form cookie", "amp feed", "image"]
SEND_ID_BYTES: Final = 16
LINK_BYTES: Final = 2
NONCE: Final = bytes(12)
LONGEST_TOKEN: Final = 4096
LABELS: Final[dict[TokenUse, bytes]] = {
    "open": b"tailorbird open 1",
    "click": b"tailorbird click 1",
    "unsubscribe": b"tailorbird unsubscribe 1",
    "view": b"tailorbird view 1",
    "confirm": b"tailorbird confirm 1",
    "personalisation": b"tailorbird personalisation 1",
    "preferences": b"tailorbird preferences 1",
}
WEB_ADDRESS: Final = re.compile(r"https?://[^\s\x00-\x20\x7f\ud800-\udfff]+", re.IGNORECASE)


class Sealed(msgspec.Struct, frozen=True):
    """What a token says. `link` and `url` belong to clicks: the link's place in the mail."""

    send_id: bytes
    link: int = 0
    url: str = ""


class Sealer:
    """Seals and opens tokens under one secret of 32 bytes."""

    def __init__(self, key: bytes) -> None:
        if len(key) != 32:
            raise UsageError("a sealer's key has 32 bytes", mend="use the key of the data folder")
        self._cipher = AESGCMSIV(key)

    def seal(self, use: TokenUse, send_id: bytes, *, link: int = 0, url: str = "") -> str:
        """Return a token of letters, digits, `-` and `_`: 43 long, longer by the URL of a click.

        Raises:
            UsageError: the send id is not 16 bytes long, or the URL is not a web address.
        """
        if len(send_id) != SEND_ID_BYTES:
            raise UsageError(f"a send id has {SEND_ID_BYTES} bytes, not {len(send_id)}")
        said = send_id
        if use == "click":
            if not WEB_ADDRESS.fullmatch(url):
                raise UsageError(f"{url!r} is not a web address", mend="start it with https://")
            said += link.to_bytes(LINK_BYTES, "big") + url.encode()
        sealed = self._cipher.encrypt(NONCE, said, LABELS[use])
        return _text(sealed)

    def seal_note(self, use: NoteUse, said: bytes) -> str:
        """Return a token that says these bytes, for this use alone."""
        return _text(self._cipher.encrypt(NONCE, said, b"tailorbird " + use.encode() + b" 1"))

    def open_note(self, token: str, use: NoteUse) -> bytes | None:
        """Return what `seal_note` sealed, or None when this key did not seal it for this use."""
        return self._opened(token, b"tailorbird " + use.encode() + b" 1")

    def open(self, token: str, use: TokenUse) -> Sealed | None:
        """Return what the token says, or None when this key did not seal it for this use."""
        said = self._opened(token, LABELS[use])
        if said is None:
            return None
        rest = said[SEND_ID_BYTES:]
        link, url = int.from_bytes(rest[:LINK_BYTES], "big"), rest[LINK_BYTES:].decode()
        return Sealed(said[:SEND_ID_BYTES], link, url)

    def _opened(self, token: str, label: bytes) -> bytes | None:
        if len(token) > LONGEST_TOKEN or not token.isascii():
            return None
        try:
            sealed = urlsafe_b64decode(token + "=" * (-len(token) % 4))
            said = self._cipher.decrypt(NONCE, sealed, label)
        except (ValueError, InvalidTag):
            return None
        # Other base64 may decode alike and is not what was sealed.
        return said if _text(sealed) == token else None


def _text(sealed: bytes) -> str:
    return urlsafe_b64encode(sealed).rstrip(b"=").decode("ascii")
