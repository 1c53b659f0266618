"""What may be said of an address; `schema` hands it on."""

from __future__ import annotations

import hashlib
from typing import Final, Literal

import msgspec

MailPurpose = Literal["all", "email_marketing"]
"""What a suppression bars: every mail, or those of one purpose."""
ALL_MAIL: Final[MailPurpose] = "all"
SuppressionReason = Literal[
    "complaint", "hard_bounce", "import", "invalid", "manual", "spam_trap", "unsubscribed"
]
SUPPRESSION_REASONS: Final[tuple[SuppressionReason, ...]] = (
    "complaint", "hard_bounce", "import", "invalid", "manual", "spam_trap", "unsubscribed"
)  # fmt: skip


def bars(reason: SuppressionReason) -> MailPurpose:
    """Return what a reason bars, unless somebody says otherwise: who unsubscribed, marketing.

    >>> bars("unsubscribed"), bars("hard_bounce")
    ('email_marketing', 'all')
    """
    return "email_marketing" if reason == "unsubscribed" else ALL_MAIL


class SuppressionWord(msgspec.Struct, frozen=True, gc=False):
    """Somebody or something said that an address must not be written to, or may be again.

    The address is named by its blind index alone, so that the word outlives the person. Of the
    words on one address, purpose and reason the latest stands; at the same instant one that bars.
    """

    address_key: bytes
    reason: SuppressionReason
    at: int
    """Microseconds since the epoch in UTC."""
    purpose: MailPurpose = ALL_MAIL
    barred: bool = True
    source: str = ""
    """Which door it came through: `log`, `cli`, `rest`, `import`, the name of a carrier ..."""
    author: str = ""
    note: str = ""
    """Why, in the words of whoever said it; it names no address."""

    @property
    def id(self) -> bytes:
        """Return the 16 bytes that name this word: saying it twice is saying it once."""
        said = (self.reason, self.at, self.purpose, self.barred, self.source)
        key = self.address_key + msgspec.json.encode(said)
        return hashlib.blake2b(key, digest_size=16, person=b"tb-suppression").digest()
