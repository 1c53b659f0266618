"""One person's mail from an edition: in her language, and in the direction in which she reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tailorbird import content
from tailorbird.content.mirroring import mirrored, spoken_in
from tailorbird.letters.given import Values
from tailorbird.schema import Instant, Rendered

if TYPE_CHECKING:
    from tailorbird.content.scope import Links


def render(
    template: content.EmailTemplate,
    variant: str,
    data: Values,
    *,
    links: Links,
    pixel_url: str,
    now: Instant,
) -> Rendered:
    """Return the mail that these values make, mirrored where its language runs from the right.

    Raises:
        TemplateError: the values do not fit the template.
        UsageError: there is no such variant.
    """
    mail = template.render(variant, data, links, pixel_url, now)
    locale = data["locale"]
    if locale == data["shop"]["locale"] and data["direction"] == "ltr":
        return mail
    html, amp = spoken_in(mail.html, locale), spoken_in(mail.amp, locale)
    if data["direction"] == "rtl":
        html, amp = mirrored(html), mirrored(amp)
    return msgspec.structs.replace(mail, html=html, amp=amp)
