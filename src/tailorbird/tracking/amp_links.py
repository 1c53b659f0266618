"""Addresses that an AMP part asks when it is read: lists that are filled, forms that are sent.

Readers send no cookie, so the token alone says for which mail they ask. It is sealed for one feed,
and ends after a time.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from tailorbird.schema import DAY, Instant
from tailorbird.tracking import notes
from tailorbird.tracking.tokens import Sealer

LINK_DAYS: Final = 180
"""How long a mail's AMP part is fed."""
_PREFIX: Final = "amp."


class AmpLink(msgspec.Struct, frozen=True, array_like=True):
    """For which feed and which mail an address is, and when the mail was decided."""

    feed: str
    at: Instant
    send_id: bytes


def seal(sealer: Sealer, link: AmpLink) -> str:
    """Return the link's token."""
    return notes.seal(sealer, "amp feed", link)


def unseal(sealer: Sealer, token: str, feed: str, now: Instant) -> AmpLink | None:
    """Return what a token says; None when it is forged, of another feed, or too old."""
    link = notes.unseal(sealer, "amp feed", token, AmpLink)
    if link is None:
        return None
    fits = link.feed == feed and 0 <= now - link.at < LINK_DAYS * DAY
    return link if fits else None


def names(paths: Iterable[str]) -> set[str]:
    """Return the feeds that a template reads as `amp.NAME`."""
    return notes.names(paths, _PREFIX)


def in_mail(
    sealer: Sealer, base: str, paths: Iterable[str], send_id: bytes, at: Instant
) -> dict[str, str]:
    """Return the address of each feed that a template reads, for one mail."""
    return {
        name: f"{base}/a/{name}?t={seal(sealer, AmpLink(name, at, send_id))}"
        for name in sorted(names(paths))
    }
