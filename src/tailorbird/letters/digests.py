"""What a mail was, in sixteen bytes, so that it can be proven later what was sent."""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec

from tailorbird.schema import Rendered

DIGEST_BYTES: Final = 16


def digest_of(rendered: Rendered) -> bytes:
    """Return the digest of a mail's subject, HTML and texts."""
    whole = msgspec.json.encode(rendered, order="sorted")
    return hashlib.blake2b(whole, digest_size=DIGEST_BYTES, person=b"tb-mail").digest()
