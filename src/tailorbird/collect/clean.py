"""Makes one spelling of many: addresses, phones, names, countries, and names that authors give."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

from tailorbird.collect import currencies
from tailorbird.collect.countries import CODES, fold

LOCAL_LIMIT: Final = 64
ADDRESS_LIMIT: Final = 254
"""Octets (RFC 5321, section 4.5.3.1; RFC 3696 erratum 1690)."""
RESERVED: Final = frozenset({"arpa", "invalid", "local", "localhost", "onion", "test"})
"""Top-level domains under which nobody can be written to (RFC 6761, 6762, 7686)."""

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_WORD_BORDER = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NO_WORD = re.compile(r"[\W_]+")
_PART = r"[^\s@%/?&=<>\"',;:()]"
# Bounded, so that a long text without an address costs no more than its length.
_ADDRESS = re.compile(rf"{_PART}{{1,64}}(?:@|%40){_PART}{{1,190}}\.{_PART}{{1,63}}")


def email(text: str) -> str | None:
    """Return an address as it is kept (domain lower-case, in ASCII), or None when it is none.

    The part before the @ keeps its case; it may be quoted or in any alphabet (RFC 5321, 6531). The
    domain is a public host name (IDNA 2008, UTS 46): no address literals, no reserved names.

    >>> email("  Ann.Lee@EXAMPLE.com ")
    'Ann.Lee@example.com'
    >>> email("ann@straße.example"), email("ann@localhost")
    ('ann@xn--strae-oqa.example', None)
    """
    text = text.strip()
    local, at, rest = text.rpartition("@")
    if not at or len(local) > LOCAL_LIMIT or len(text) > ADDRESS_LIMIT:
        return None
    if not _LOCAL.fullmatch(local):
        return _validated(text)
    host = domain(rest)
    if host is None or len(local) + 1 + len(host) > ADDRESS_LIMIT:
        return None
    return f"{local}@{host}"


@lru_cache(maxsize=65_536)
def domain(text: str) -> str | None:
    """Return the domain of public addresses in lower case and ASCII, or None when it is none.

    >>> domain("Mail.Example.COM"), domain("shop.local")
    ('mail.example.com', None)
    """
    host = text.lower()
    if text.isascii() and "--" not in host:
        labels = host.split(".")
        good = len(labels) > 1 and all(map(_LABEL.fullmatch, labels))
        return host if good and host[-1].isalpha() and labels[-1] not in RESERVED else None
    whole = _validated(f"x@{text}")
    return whole and whole.removeprefix("x@")


def _validated(text: str) -> str | None:
    """Return what the library makes of an address that is not plain."""
    # Loaded late: a door that starts has no address to look at, and most addresses are plain.
    from email_validator import validate_email

    try:
        found = validate_email(
            text, allow_quoted_local=True, strict=True, check_deliverability=False
        )
    except ValueError:
        return None
    return f"{found.local_part}@{found.ascii_domain}"


def phone(text: str, country_code: str = "") -> str | None:
    """Return a telephone number in E.164, or None when no numbering plan has it.

    `country_code` (ISO 3166-1) says whose plan it is that a number without `+` was written in.

    >>> phone("(086) 123-4567", "IE"), phone("+353 86 123 4567"), phone("086 123 4567")
    ('+353861234567', '+353861234567', None)
    """
    import phonenumbers

    try:
        number = phonenumbers.parse(text, country_code or None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


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


@lru_cache(maxsize=4096)
def currency(text: str, home: str = "") -> str | None:
    """Return a currency's ISO 4217 code, None where the text is none, or means several.

    `home` is the currency of the shop: a bare `$` is its own where it is a dollar.

    >>> currency("eur"), currency("€"), currency("$"), currency("$", "CAD"), currency("$", "EUR")
    ('EUR', 'EUR', None, 'CAD', None)
    """
    written = " ".join(text.lower().split())
    found = currencies.CODES.get(written)
    return (
        home if found is None and home in currencies.AMBIGUOUS.get(written, "").split() else found
    )


@lru_cache(maxsize=65_536)
def snake(text: str) -> str:
    """Return a name as ours are written, '' when it has no letter or digit.

    >>> snake("Product List Viewed"), snake("firstName"), snake("total billed")
    ('product_list_viewed', 'first_name', 'total_billed')
    """
    lower = _NO_WORD.sub("_", _WORD_BORDER.sub("_", text)).strip("_").lower()
    # The Turkish capital I leaves a dot of its own behind: our names are their own snake case.
    return lower if lower.isascii() else lower.replace("\u0307", "")


def without_addresses(text: str) -> str:
    """Return a text with every e-mail address in it struck out.

    >>> without_addresses("https://shop.example/?m=ann@example.com&p=1")
    'https://shop.example/?m=[address]&p=1'
    """
    return _ADDRESS.sub("[address]", text) if "@" in text or "%40" in text else text
