"""Addresses of pictures that are drawn when a mail is opened.

The token says for which mail or person a picture is, sealed: an address tells nobody anything. The
same mail has the same addresses, and a picture that is alike for everybody has one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from tailorbird.schema import DAY, Instant, PersonId
from tailorbird.tracking import notes
from tailorbird.tracking.tokens import Sealer

LINK_DAYS: Final = 400
"""How long a mail's pictures are drawn for its reader; then they are anybody's."""
_PREFIX: Final = "images."


class ImageLink(msgspec.Struct, frozen=True, array_like=True):
    """Which picture an address is of, for which mail or which person; for neither, everybody's."""

    image: str
    at: Instant = 0
    send_id: bytes = b""
    person: PersonId = 0


def seal(sealer: Sealer, link: ImageLink) -> str:
    """Return the link's token."""
    return notes.seal(sealer, "image", link)


def unseal(sealer: Sealer, token: str, image: str, now: Instant) -> ImageLink | None:
    """Return what a token says; None when it is forged or of another picture.

    After its time it is everybody's.
    """
    link = notes.unseal(sealer, "image", token, ImageLink)
    if link is None or link.image != image:
        return None
    lasts = 0 <= now - link.at < LINK_DAYS * DAY
    return link if lasts else ImageLink(image)


def names(paths: Iterable[str]) -> set[str]:
    """Return the pictures that a template reads as `images.NAME`."""
    return notes.names(paths, _PREFIX)


def address(sealer: Sealer, base: str, link: ImageLink) -> str:
    """Return the address of a picture."""
    return f"{base}/i/{link.image}?t={seal(sealer, link)}"


def in_mail(sealer: Sealer, base: str, paths: Iterable[str], link: ImageLink) -> dict[str, str]:
    """Return the address of each picture that a template reads; `link` says for whom."""
    return {
        name: address(sealer, base, msgspec.structs.replace(link, image=name))
        for name in sorted(names(paths))
    }
