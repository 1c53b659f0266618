"""What an address of the web is, as settings take one, and what is wrong with any other."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

SCHEMES: Final = ("http", "https")
_NEVER: Final = frozenset('"<>\\^`{|}')
"""What stands in no address as it is (RFC 3986, appendix A)."""


def fault(url: str) -> str:
    """Return why paths cannot be put behind an address, '' where they can; never a part of it.

    >>> fault("https://shop.example/mail/"), fault("http://127.0.0.1:8400")
    ('', '')
    >>> fault("shop.example"), fault("https://me:secret@shop.example")
    ('it does not begin with http:// or https://', 'it has a user name or a password in it')
    """
    if any(sign.isspace() or not sign.isprintable() or sign in _NEVER for sign in url):
        return "it has a space, or a sign that no address has"
    try:
        parts = urlsplit(url)
    except ValueError:
        return "what it names is no host"
    if parts.scheme not in SCHEMES or not url[len(parts.scheme) :].startswith("://"):
        return "it does not begin with http:// or https://"
    if "@" in parts.netloc:
        return "it has a user name or a password in it"
    if not parts.hostname:
        return "it names no host"
    try:
        _ = parts.port
    except ValueError:
        return "its port is no number up to 65535"
    return "it has a ? or a # in it, behind which no path can be put" if {*"?#"} & {*url} else ""
