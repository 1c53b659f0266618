"""Links that tell a form who follows them: sealed, for one form, for a time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from tailorbird.schema import DAY, Instant, PersonId
from tailorbird.tracking import notes
from tailorbird.tracking.tokens import Sealer

LINK_DAYS: Final = 180
"""How long a link tells who its visitor is."""
_PREFIX: Final = "forms."


class FormLink(msgspec.Struct, frozen=True, array_like=True):
    """For whom a link is: a person, or whoever got the mail in which it stands."""

    form: str
    at: Instant
    person: PersonId = 0
    send_id: bytes = b""


def seal(sealer: Sealer, link: FormLink) -> str:
    """Return the link's token."""
    return notes.seal(sealer, "form link", link)


def unseal(sealer: Sealer, token: str, form: str, now: Instant) -> FormLink | None:
    """Return what a token says; None when it is forged, of another form, or too old."""
    link = notes.unseal(sealer, "form link", token, FormLink)
    if link is None:
        return None
    fits = link.form == form and 0 <= now - link.at < LINK_DAYS * DAY
    return link if fits else None


def names(paths: Iterable[str]) -> set[str]:
    """Return the forms that a template reads as `forms.NAME`."""
    return notes.names(paths, _PREFIX)


def in_mail(
    sealer: Sealer, base: str, paths: Iterable[str], send_id: bytes, at: Instant
) -> dict[str, str]:
    """Return the address of each form that a template reads, for one mail."""
    return {
        name: f"{base}/f/{name}?t={seal(sealer, FormLink(name, at, send_id=send_id))}"
        for name in sorted(names(paths))
    }
