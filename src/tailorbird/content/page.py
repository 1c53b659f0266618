"""The last hand on the HTML of a mail, before the template tags come back into it."""

from __future__ import annotations

import re
from typing import Final

from tailorbird.content.dark import with_dark_mode

PADDING: Final = "\n".join(["&#847;&zwnj;&nbsp;" * 12] * 6)
"""Invisible; fills the line of an inbox, so that the mail's first words do not follow in it."""
PREHEADER_OPENING: Final = (
    '<div style="display:none;font-size:1px;line-height:1px;max-height:0px;max-width:0px;'
    'opacity:0;overflow:hidden;mso-hide:all">'
)
PREHEADER_CLOSING: Final = f"{PADDING}</div>"
_PREVIEW: Final = re.compile(
    r'(<body\b[^>]*>\s*<div style="display:none;[^"]*overflow:hidden;">)([^<]+)(</div>)'
)
_TAG_NAME: Final = re.compile(r"(<[A-Za-z][\w:-]*) ")
_IMAGE: Final = re.compile(r"<img\b(?:[^>\"']|\"[^\"]*\"|'[^']*')*>", re.I)
_ALT: Final = re.compile(r"\balt\s*=", re.I)
_VERBATIM: Final = re.compile(r"<style\b.*?</style>|<!--.*?-->", re.S | re.I)
"""Parts in which a character reference would be shown, not read."""


def finished(html: str) -> str:
    """Return the HTML with what every mail should have, in the form that travels best."""
    html = _PREVIEW.sub(rf"\1\2{PADDING}\3", html)
    html = _IMAGE.sub(_with_alt, html)
    return wired(with_dark_mode(html))


def wired(html: str) -> str:
    """Return the HTML in short lines, and in ASCII where it can be.

    A line break stands behind the name of a tag, where it changes nothing.
    """
    html = _TAG_NAME.sub("\\1\n", html)
    if any(not match[0].isascii() for match in _VERBATIM.finditer(html)):
        return html
    return html.encode("ascii", "xmlcharrefreplace").decode()


def _with_alt(image: re.Match[str]) -> str:
    """Return the image; without words for it readers are told that it says nothing."""
    return image[0] if _ALT.search(image[0]) else f'{image[0][:4]} alt=""{image[0][4:]}'
