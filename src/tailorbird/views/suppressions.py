"""Addresses that may not be written to, as the API shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from tailorbird.suppression_words import MailPurpose, SuppressionReason

Address = Annotated[str, Meta(min_length=3, max_length=320, examples=["ada@example.com"])]
Note = Annotated[str, Meta(max_length=500)]
"""Why, in words; it is kept, and names no address."""


class SuppressionRow(msgspec.Struct, frozen=True):
    """What was said of an address. `address` is empty where nobody has it any more."""

    address: str
    address_key: str
    reason: SuppressionReason
    purpose: MailPurpose
    at: datetime
    barred: bool
    source: str
    author: str
    note: str


class SuppressionCount(msgspec.Struct, frozen=True):
    """How many addresses are barred from which mail for which reason."""

    purpose: str
    reason: str
    addresses: int


class SuppressionPage(msgspec.Struct, frozen=True):
    """What bars addresses now, in the order in which it came."""

    counts: tuple[SuppressionCount, ...]
    suppressions: tuple[SuppressionRow, ...]
    next: str = ""


class NewSuppressions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Addresses to be barred; without a `purpose` the reason says from which mail."""

    addresses: Annotated[tuple[Address, ...], Meta(min_length=1, max_length=10_000)]
    reason: SuppressionReason = "manual"
    purpose: MailPurpose | None = None
    note: Note = ""


class LiftedSuppressions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Addresses from which one reason is taken, or all; it gives no consent."""

    addresses: Annotated[tuple[Address, ...], Meta(min_length=1, max_length=10_000)]
    note: Annotated[str, Meta(min_length=1, max_length=500)]
    reason: SuppressionReason | None = None


class SuppressionFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A CSV file as another mail service exports it; columns are found by their names."""

    text: Annotated[str, Meta(min_length=1)]
    file: Annotated[str, Meta(min_length=1, max_length=200, examples=["bounces.csv"])]
    reason: SuppressionReason | None = None
    purpose: MailPurpose | None = None


class RefusedAddress(msgspec.Struct, frozen=True):
    """A line (or a place, from 1) that was not taken."""

    line: int
    why: str
    mend: str


class SuppressionReport(msgspec.Struct, frozen=True):
    """What came of naming addresses: how many words were new, how many were so already."""

    changed: int
    already: int
    refused: tuple[RefusedAddress, ...]


class AskedAddress(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The address that is asked about."""

    address: Address


class SuppressionCheck(msgspec.Struct, frozen=True):
    """What stands against an address, and all that was ever said of it, oldest first."""

    standing: tuple[SuppressionRow, ...]
    said: tuple[SuppressionRow, ...]
