"""Keys of senders: made, checked, told apart. The text of a secret one is shown once and not kept.

A key holds 192 random bits, so that a plain digest of it cannot be guessed back.
"""

from __future__ import annotations

import hashlib
import re
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Sequence
from typing import Final
from urllib.parse import urlsplit

import msgspec

from tailorbird.access import Key, KeyKind, Scope
from tailorbird.errors import UsageError
from tailorbird.ids import Entropy
from tailorbird.schema import Instant

PREFIXES: Final[dict[KeyKind, str]] = {"public": "tbp_", "secret": "tbs_"}
SHOWN_LENGTH: Final = 12
RATE: Final = 2_000
"""Events a second that a public key takes unless it says otherwise."""
ADDRESS_RATE: Final = 50
"""Events a second that one client's address may send with it."""
_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")


def make(
    name: str,
    kind: KeyKind,
    *,
    now: Instant,
    entropy: Entropy,
    scopes: Sequence[Scope] = (),
    origins: Sequence[str] = (),
    rate: int | None = None,
    address_rate: int | None = None,
) -> tuple[Key, str]:
    """Return a key and its text.

    Raises:
        UsageError: the name, an origin, a scope or a rate does not fit.
    """
    if _NAME.fullmatch(name) is None:
        mend = "use small letters, digits and hyphens, at most 40"
        raise UsageError(f"{name!r} is no name of a key", mend=mend)
    public = kind == "public"
    if public and scopes:
        raise UsageError("a public key only appends", mend="leave its scopes out")
    if not public and (origins or rate or address_rate):
        mend = "make a public key for pages and apps"
        raise UsageError("a secret key has no origins and no rates", mend=mend)
    if min(rate or 0, address_rate or 0) < 0:
        raise UsageError("a rate is negative", mend="give events a second, 0 for no limit")
    text = PREFIXES[kind] + urlsafe_b64encode(entropy(24)).decode()
    key = Key(
        name=name,
        kind=kind,
        shown=text if public else f"{text[:SHOWN_LENGTH]}...",
        digest=digest(text),
        scopes=tuple(dict.fromkeys(scopes)) or (() if public else ("read", "write")),
        origins=tuple(dict.fromkeys(origin_of(each) for each in origins)),
        rate=(RATE if rate is None else rate) if public else 0,
        address_rate=(ADDRESS_RATE if address_rate is None else address_rate) if public else 0,
        created_at=now,
    )
    return key, text


def renewed(key: Key, *, now: Instant, entropy: Entropy) -> tuple[Key, str]:
    """Return another key with the same name and rights, and its text."""
    text = PREFIXES[key.kind] + urlsafe_b64encode(entropy(24)).decode()
    shown = text if key.kind == "public" else f"{text[:SHOWN_LENGTH]}..."
    fresh = {"shown": shown, "digest": digest(text), "created_at": now, "ends_at": 0}
    return msgspec.structs.replace(key, **fresh), text


def digest(text: str) -> bytes:
    """Return what is kept of a key's text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def opens(key: Key, now: Instant) -> bool:
    """Return whether a key is still good."""
    return not key.ends_at or now < key.ends_at


def living(keys: Iterable[Key], name: str, now: Instant) -> Key | None:
    """Return the newest key of this name that opens."""
    found = [key for key in keys if key.name == name and opens(key, now)]
    return found[-1] if found else None


def origin_of(text: str) -> str:
    """Return an origin as browsers send it; `https://*.shop.example` stands for all below it.

    Raises:
        UsageError: it is none.
    """
    try:
        parts = urlsplit(text.strip().lower())
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        parts, port = urlsplit(""), ""
    host = parts.hostname or ""
    plain = host.isascii() and "*" not in host.removeprefix("*.")
    rest = parts.path.strip("/") or parts.query or parts.fragment or parts.username
    if parts.scheme not in ("http", "https") or not host or not plain or rest:
        raise UsageError(f"{text!r} is no origin", mend="write https://shop.example")
    if (parts.scheme, port) in (("https", ":443"), ("http", ":80")):
        port = ""
    return f"{parts.scheme}://{host}{port}"


def allows(key: Key, origin: str) -> bool:
    """Return whether pages of this origin may show the key."""
    if not key.origins or origin in key.origins:
        return True
    scheme, _, host = origin.partition("://")
    return any(
        host.endswith(host_below)
        for each in key.origins
        if "://*." in each and each.startswith(f"{scheme}://")
        for host_below in [each.partition("://*")[2]]
    )
