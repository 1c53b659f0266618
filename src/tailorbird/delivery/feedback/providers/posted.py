"""What a provider posted, and the ways in which providers prove that it was they."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Final, Literal, TypeAlias

import msgspec

from tailorbird.schema import HOUR, MINUTE, SECOND, Instant

FRESH: Final = 24 * HOUR
"""How old a signed time may be: providers post again for hours, and ids tell what came twice."""
JUST_NOW: Final = 5 * MINUTE
"""The same where every attempt is signed anew."""
Digest: TypeAlias = Literal["sha1", "sha256"]


class Posted(msgspec.Struct, frozen=True):
    """One request. Names of `headers` are in lower case; `url` is ours as the provider knows it."""

    headers: Mapping[str, str]
    content: bytes
    url: str = ""

    def header(self, name: str) -> str:
        """Return a header's value, or ''."""
        return self.headers.get(name, "")


Verify: TypeAlias = Callable[[Posted, str, Instant], str]
"""Returns why the request is not the provider's, by (request, secret, now); '' when it is."""


def hmac_hex(content: bytes, secret: str, digest: Digest = "sha256") -> str:
    """Return the keyed digest of some content in hexadecimal."""
    return hmac.new(secret.encode(), content, digest).hexdigest()


def same(one: str, other: str) -> bool:
    """Return whether two secrets are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))


def by_password(posted: Posted, secret: str, _now: Instant) -> str:
    """Return why a request does not bring the secret: as `user:password` or as a bearer token."""
    kind, _, said = posted.header("authorization").partition(" ")
    if not said:
        return "it brings no Authorization header"
    if kind.lower() == "basic":
        try:
            said = base64.b64decode(said.strip(), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return "its Authorization header cannot be read"
    elif kind.lower() != "bearer":
        return "its Authorization header is neither Basic nor Bearer"
    return "" if same(said.strip(), secret) else "its password is another"


def by_hmac(header: str) -> Verify:
    """Return a check of the hexadecimal HMAC-SHA256 of the body, which comes in this header."""

    def verify(posted: Posted, secret: str, _now: Instant) -> str:
        said = posted.header(header).lower().removeprefix("sha256=")
        if not said:
            return f"it brings no {header} header"
        right = same(said, hmac_hex(posted.content, secret))
        return "" if right else "its signature does not fit its body"

    return verify


def stale(said: object, now: Instant, window: Instant = FRESH) -> str:
    """Return why a signed time in seconds cannot be of now, or ''."""
    try:
        at = int(float(str(said)) * SECOND)
    except (ValueError, OverflowError):
        return "its signed time cannot be read"
    if abs(now - at) > window:
        return f"it was signed more than {window // MINUTE} minutes from now"
    return ""


def unbase64(text: str) -> bytes:
    """Return what a text encodes, b'' when it encodes nothing."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return b""


def body_id(content: bytes) -> str:
    """Return an id for an event whose provider gives it none: made of what it says."""
    return hashlib.blake2b(content, digest_size=12).hexdigest()
