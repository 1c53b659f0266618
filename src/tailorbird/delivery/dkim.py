"""DKIM signatures (RFC 6376, RFC 8463): RSA and Ed25519, several on one mail.

A body is signed as it is where no line ends in white space, which is all that relays take away;
else in relaxed form. `dkimpy` verifies them in the tests and costs 20 times as much.
"""

from __future__ import annotations

import re
from base64 import b64encode
from binascii import b2a_base64
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Final, Literal, TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from tailorbird.delivery.addresses import wire_address
from tailorbird.delivery.lines import white_at_ends
from tailorbird.errors import SettingsError
from tailorbird.schema import SECOND, Instant

Algorithm: TypeAlias = Literal["rsa", "ed25519"]
Form: TypeAlias = Literal["simple", "relaxed"]
SIGNED: Final = (
    b"from",
    b"to",
    b"cc",
    b"subject",
    b"date",
    b"message-id",
    b"reply-to",
    b"list-unsubscribe",
    b"list-unsubscribe-post",
    b"feedback-id",
    b"mime-version",
    b"content-type",
    b"content-transfer-encoding",
)
"""Each is listed once more than it occurs, so that nobody can add another."""
FOLD: Final = re.compile(rb"\r\n(?![ \t])")
SELECTOR: Final = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", re.ASCII)
SPACES: Final = re.compile(rb"  +")
SPACE_AT_END: Final = re.compile(rb" \r\n")
"""Patterns that begin with fixed octets: five times faster here than `bytes.replace`."""
TABS_TO_SPACES: Final = bytes.maketrans(b"\t", b" ")
LINE: Final = 72
PADDING: Final = PKCS1v15()
DIGEST: Final = SHA256()
SMALLEST_RSA_BITS: Final = 1024


class DkimSigner:
    """Signs for one domain with one key.

    `private_key` is PEM: RSA of 1024 bits and more (use 2048) or Ed25519, without a passphrase.

    Raises:
        SettingsError: the key cannot be read or is of another kind, the names are malformed.
    """

    def __init__(self, domain: str, selector: str, private_key: bytes) -> None:
        wired = wire_address(f"x@{domain}")
        if wired is None or not SELECTOR.fullmatch(selector):
            raise SettingsError(
                f"{selector!r} of {domain!r} cannot be looked up in the DNS",
                where="sender.dkim_selector",
                mend="use letters, digits and '-'",
            )
        self.domain = wired.removeprefix("x@")
        self.selector = selector
        self._key = _loaded(private_key)
        self.algorithm: Algorithm = "rsa" if isinstance(self._key, RSAPrivateKey) else "ed25519"

    def sign(self, content: bytes, now: Instant) -> bytes:
        """Return the message with its signature in front; the same input gives the same output."""
        return signed(content, [self], now)

    def header(self, covered: Covered, now: Instant) -> bytes:
        """Return the header field that says what was signed, and the signature."""
        tags = (
            f"v=1; a={self.algorithm}-sha256; c=relaxed/{covered.form}; d={self.domain};\r\n"
            f" s={self.selector}; t={now // SECOND}; h="
        ).encode("ascii") + covered.tail
        said = b"\r\n".join([*covered.fields, b"dkim-signature:" + _unfolded(tags)])
        signature = b2a_base64(self._signature(said), newline=False)
        lines = [signature[at : at + LINE] for at in range(0, len(signature), LINE)]
        return b"DKIM-Signature: " + tags + b"\r\n ".join(lines) + b"\r\n"

    def record(self) -> str:
        """Return what the DNS must say of the key: the text of `SELECTOR._domainkey.DOMAIN`."""
        public = self._key.public_key()
        if isinstance(public, RSAPublicKey):
            raw = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        else:
            raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        return f"v=DKIM1; k={self.algorithm}; p={b64encode(raw).decode('ascii')}"

    def _signature(self, said: bytes) -> bytes:
        if isinstance(self._key, RSAPrivateKey):
            return self._key.sign(said, PADDING, DIGEST)
        return self._key.sign(sha256(said).digest())


@dataclass(slots=True, frozen=True)
class Covered:
    """What a signature covers, the same for all signatures of a mail.

    `tail` is the rest of the tags from the names in `h=` on.
    """

    fields: list[bytes]
    form: Form
    tail: bytes


def signed(content: bytes, signers: Sequence[DkimSigner], now: Instant) -> bytes:
    """Return the message with a signature of each signer in front."""
    head, _, body = content.partition(b"\r\n\r\n")
    return b"".join((*signatures_of(FOLD.split(head), [body], signers, now), content))


def signatures_of(
    fields: Sequence[bytes],
    body: Sequence[bytes],
    signers: Sequence[DkimSigner],
    now: Instant,
    *,
    white: bool | None = None,
) -> list[bytes]:
    """Return the header field of each signer's signature for a message of these fields.

    The body comes in pieces. `white` says whether one of its lines may end in white space; without
    it, it is looked. What is covered is made ready once, however many sign it.
    """
    if not signers:
        return []
    names, covered = _covered(fields)
    if white is None:
        white = white_at_ends(b"".join(body))
    form: Form = "relaxed" if white else "simple"
    digest = b2a_base64(_digest(body, form), newline=False)
    tail = b":\r\n ".join(names) + b";\r\n bh=" + digest + b";\r\n b="
    ready = Covered(covered, form, tail)
    return [signer.header(ready, now) for signer in signers]


def _digest(body: Sequence[bytes], form: Form) -> bytes:
    """Return the hash of a body (RFC 6376 sections 3.4.3 and 3.4.4)."""
    if form == "relaxed":
        return sha256(relaxed_body(b"".join(body))).digest()
    if not body[-1].endswith(b"\r\n") or body[-1].endswith(b"\r\n\r\n") or len(body[-1]) == 2:
        return sha256(b"".join(body).rstrip(b"\r\n") + b"\r\n").digest()
    hashed = sha256()
    for piece in body:
        hashed.update(piece)
    return hashed.digest()


def relaxed_body(body: bytes) -> bytes:
    """Return a body in relaxed form: runs of white space are one space, none at line ends."""
    if b"\t" in body:
        body = body.translate(TABS_TO_SPACES)
    body = SPACES.sub(b" ", body)
    body = SPACE_AT_END.sub(b"\r\n", body).rstrip(b" ")
    text = body.rstrip(b"\r\n")
    return text + b"\r\n" if text else b""


def _covered(fields: Sequence[bytes]) -> tuple[list[bytes], list[bytes]]:
    """Return the names for `h=`, and the covered fields in relaxed form and in that order."""
    found: dict[bytes, list[bytes]] = {name: [] for name in SIGNED}
    for field in fields:
        name, _, value = field.partition(b":")
        name = name.strip(b" \t").lower()
        if name in found:
            found[name].append(name + b":" + _unfolded(value))
    names = [name for name, values in found.items() for _ in range(len(values) + 1)]
    # Of a repeated field the last is signed first (RFC 6376 section 5.4.2).
    covered = [value for values in found.values() for value in reversed(values)]
    return names, covered


def _unfolded(value: bytes) -> bytes:
    return b" ".join(value.split())


@lru_cache(maxsize=64)
def _loaded(private_key: bytes) -> RSAPrivateKey | Ed25519PrivateKey:
    try:
        key = load_pem_private_key(private_key, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise SettingsError(
            f"the DKIM key cannot be read: {error}",
            where="sender.dkim_key_file",
            mend="give a PEM file without a passphrase",
        ) from None
    if isinstance(key, RSAPrivateKey) and key.key_size >= SMALLEST_RSA_BITS:
        return key
    if isinstance(key, Ed25519PrivateKey):
        return key
    raise SettingsError(
        "the DKIM key is neither RSA of 1024 bits or more nor Ed25519",
        where="sender.dkim_key_file",
        mend="make one with `openssl genrsa 2048`",
    )
