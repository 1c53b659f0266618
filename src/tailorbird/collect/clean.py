"""Makes one spelling of many: addresses, names, countries, and the names that authors give."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

from tailorbird.collect.countries import CODES, fold

LOCAL_LIMIT: Final = 64
ADDRESS_LIMIT: Final = 254
"""Octets (RFC 5321, section 4.5.3.1; RFC 3696 erratum 1690)."""

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_WORD_BORDER = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NO_WORD = re.compile(r"\W+|_+")
_PART = r"[^\s@%/?&=<>\"',;:()]"
# Bounded, so that a long text without an address costs no more than its length.
_ADDRESS = re.compile(rf"{_PART}{{1,64}}(?:@|%40){_PART}{{1,190}}\.{_PART}{{1,63}}")


def email(text: str) -> str | None:
    """Return an address as it is kept (domain lower-case, in ASCII), or None when it is none.

    Takes dot-atoms at a host name of two labels or more (RFC 5321): no quoted local parts, no
    address literals, no comments.

    >>> email("  Ann.Lee@EXAMPLE.com ")
    'Ann.Lee@example.com'
    >>> email("ann@bücher.example"), email("ann@localhost")
    ('ann@xn--bcher-kva.example', None)
    """
    local, at, domain = text.strip().rpartition("@")
    if not at or len(local) > LOCAL_LIMIT or not _LOCAL.fullmatch(local):
        return None
    host = _host(domain)
    if host is None or len(local) + 1 + len(host) > ADDRESS_LIMIT:
        return None
    return f"{local}@{host}"


@lru_cache(maxsize=65_536)
def _host(domain: str) -> str | None:
    try:
        host = domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None
    labels = host.split(".")
    if len(labels) < 2 or not all(_LABEL.fullmatch(label) for label in labels):
        return None
    return None if labels[-1].isdigit() else host


def name(text: str) -> str:
    """Return a name without control characters and with single spaces.

    >>> name("  Ann\\t Lee\\u200b ")
    'Ann Lee'
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    plain = unicodedata.normalize("NFC", text)
    return " ".join("".join(map(_printable, plain)).split())


def _printable(character: str) -> str:
    if character.isspace():
        return " "
    # The joiners inside emoji and in Indic and Persian names are format characters too.
    keep = character in "\u200c\u200d" or unicodedata.category(character) not in ("Cc", "Cf", "Co")
    return character if keep else ""


@lru_cache(maxsize=4096)
def country(text: str) -> str:
    """Return a country's ISO 3166-1 code where the name is sure, else the text as it came.

    >>> country("United Kingdom"), country("EIRE"), country("Channel Islands")
    ('GB', 'IE', 'Channel Islands')
    """
    return CODES.get(fold(text), text.strip())


@lru_cache(maxsize=65_536)
def snake(text: str) -> str:
    """Return a name as ours are written, '' when it has no letter or digit.

    >>> snake("Product List Viewed"), snake("firstName"), snake("total billed")
    ('product_list_viewed', 'first_name', 'total_billed')
    """
    return _NO_WORD.sub("_", _WORD_BORDER.sub("_", text)).strip("_").lower()


def without_addresses(text: str) -> str:
    """Return a text with every e-mail address in it struck out.

    >>> without_addresses("https://shop.example/?m=ann@example.com&p=1")
    'https://shop.example/?m=[address]&p=1'
    """
    return _ADDRESS.sub("[address]", text) if "@" in text or "%40" in text else text
