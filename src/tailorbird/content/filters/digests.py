"""Filters that turn a text into a digest: for links that other systems check, never for secrets."""

from __future__ import annotations

import hashlib
import hmac

from tailorbird.content.filters.register import Filter
from tailorbird.content.values import to_text


def md5(value: object) -> str:
    """Return the MD5 digest of a text, as Gravatar and older systems want it."""
    return hashlib.md5(to_text(value).encode(), usedforsecurity=False).hexdigest()


def sha1(value: object) -> str:
    """Return the SHA-1 digest of a text."""
    return hashlib.sha1(to_text(value).encode(), usedforsecurity=False).hexdigest()


def sha256(value: object) -> str:
    """Return the SHA-256 digest of a text: what advertisers take for an address."""
    return hashlib.sha256(to_text(value).encode()).hexdigest()


def hmac_sha1(value: object, key: object) -> str:
    """Return the HMAC of a text by SHA-1."""
    return hmac.new(to_text(key).encode(), to_text(value).encode(), hashlib.sha1).hexdigest()


def hmac_sha256(value: object, key: object) -> str:
    """Return the HMAC of a text by SHA-256."""
    return hmac.new(to_text(key).encode(), to_text(value).encode(), hashlib.sha256).hexdigest()


DIGESTS = {
    "md5": Filter(md5),
    "sha1": Filter(sha1),
    "sha256": Filter(sha256),
    "hmac_sha1": Filter(hmac_sha1, 1, 1),
    "hmac_sha256": Filter(hmac_sha256, 1, 1),
}
