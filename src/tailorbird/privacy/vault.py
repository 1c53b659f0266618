"""Encryption of personal fields: a key a person, wrapped by the folder's key; blind indexes.

Destroying a person's wrapped key makes every copy of the sealed fields unreadable, backups
included. AES-256-GCM; blind indexes are HMAC-SHA-256 cut to 16 bytes, by kind.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tailorbird import folders
from tailorbird.errors import StoreError

KEY_FILE = "tailorbird.key"
KEY_BYTES = 32
NONCE_BYTES = 12

PERSONAL_FIELDS = frozenset(
    {
        "address", "birthday", "birthday_original", "city", "email", "first_name",
        "first_name_original", "last_name", "last_name_original", "name", "name_original", "phone",
        "phone_original", "postcode", "street", "user_id",
    }
)  # fmt: skip
"""Traits that identify a person: they stay encrypted with the profile and never reach the facts."""
PERSONAL_PROPERTIES = frozenset(
    {
        "address", "birthday", "date_of_birth", "email", "first_name", "full_name", "ip",
        "last_name", "password", "phone", "recipient", "street", "username",
    }
)  # fmt: skip
"""Properties of events that say who a person is, as do those that end so (`ship_to_street`)."""


@lru_cache(maxsize=16_384)
def is_personal_property(name: str) -> bool:
    """Return whether a property of an event says who a person is: the facts hold none such.

    >>> is_personal_property("billing_email"), is_personal_property("colour")
    (True, False)
    """
    return any(name == word or name.endswith(f"_{word}") for word in PERSONAL_PROPERTIES)


class Vault:
    """Seals and opens personal fields, and finds people by address without storing it in clear."""

    def __init__(self, key: bytes, entropy: Callable[[int], bytes] = os.urandom) -> None:
        self._wrapping = AESGCM(_derived(key, b"wrap"))
        self._index_key = _derived(key, b"index")
        self._assignment_key = _derived(key, b"assign")
        self._token_key = _derived(key, b"token")
        self._model_key = _derived(key, b"models")
        self._check = _derived(key, b"check")[:16]
        self._entropy = entropy

    def new_key(self) -> bytes:
        """Return a fresh person key, wrapped."""
        nonce = self._entropy(NONCE_BYTES)
        return nonce + self._wrapping.encrypt(nonce, self._entropy(KEY_BYTES), None)

    def seal(self, wrapped: bytes, clear: bytes) -> bytes:
        """Return `clear` under a person's key."""
        nonce = self._entropy(NONCE_BYTES)
        return nonce + AESGCM(self._unwrapped(wrapped)).encrypt(nonce, clear, None)

    def unseal(self, wrapped: bytes, sealed: bytes) -> bytes:
        """Return what was sealed.

        Raises:
            StoreError: the key of the folder is not the one that sealed it.
        """
        key = AESGCM(self._unwrapped(wrapped))
        return key.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None)

    def blind(self, kind: str, value: str) -> bytes:
        """Return the 16 bytes under which an identifier is looked up; addresses in lower case."""
        text = f"{kind}\x00{value.lower() if kind == 'email' else value}".encode(
            "utf-8", "surrogatepass"
        )
        return hmac.digest(self._index_key, text, "sha256")[:16]

    @property
    def assignment_key(self) -> bytes:
        """Return the key that draws variants."""
        return self._assignment_key

    @property
    def model_key(self) -> bytes:
        """Return the key that signs what was trained."""
        return self._model_key

    @property
    def check(self) -> bytes:
        """Return 16 bytes by which two machines know that they have the same key."""
        return self._check

    @property
    def token_key(self) -> bytes:
        """Return the key that seals links and pixels."""
        return self._token_key

    def _unwrapped(self, wrapped: bytes) -> bytes:
        try:
            return self._wrapping.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], None)
        except InvalidTag:
            raise StoreError(
                "the personal fields were sealed with another key",
                where=KEY_FILE,
                mend="restore the key file that belongs to this data folder",
            ) from None


def load_key(folder: Path) -> bytes:
    """Return the folder's key, made on first use and readable by its owner alone.

    Raises:
        StoreError: the key file is damaged, or it is missing from a folder that holds data.
    """
    path = folder / KEY_FILE
    if path.exists():
        return read_key(path)
    if (folder / "tailorbird.sqlite").exists():
        raise StoreError(
            "the key file is missing, so personal fields cannot be read",
            where=str(path),
            mend="restore this file from a backup",
        )
    folders.make(folder)
    temporary = path.with_suffix(".part")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(os.urandom(KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    return path.read_bytes()


def read_key(path: Path) -> bytes:
    """Return the key of a folder that is in a file.

    Raises:
        StoreError: it cannot be read, or is damaged.
    """
    try:
        key = path.read_bytes()
    except OSError as error:
        mend = "copy the file `tailorbird.key` of the folder whose mails these are"
        what = f"the key cannot be read: {error.strerror}"
        raise StoreError(what, where=str(path), mend=mend) from None
    if len(key) != KEY_BYTES:
        raise StoreError(
            f"the key has {len(key)} bytes instead of {KEY_BYTES}",
            where=str(path),
            mend="restore this file from a backup",
        )
    return key


def _derived(key: bytes, purpose: bytes) -> bytes:
    return hashlib.blake2b(purpose, key=key, digest_size=KEY_BYTES).digest()
