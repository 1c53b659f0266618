"""Addresses as a mail server takes them."""

from __future__ import annotations

import re
from typing import Final

LOCAL: Final = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*", re.ASCII)
LABEL: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
DEVIATIONS: Final = frozenset("ßς\u200c\u200d")
"""IDNA 2003, which Python has, makes another domain of these than IDNA 2008: a stranger's."""
LONGEST_LOCAL: Final = 64
LONGEST_ADDRESS: Final = 254


def wire_address(address: str) -> str | None:
    """Return an address in ASCII, its domain in IDNA's form, or None when it has no such form.

    Quoted local parts, address literals and local parts in other alphabets have none here.
    Source: RFC 5321 section 4.1.2.
    """
    local, at, domain = address.strip().rpartition("@")
    if not at or len(local) > LONGEST_LOCAL or not LOCAL.fullmatch(local):
        return None
    if DEVIATIONS & set(domain):
        return None
    try:
        domain = domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None
    wired = f"{local}@{domain}"
    labels = domain.split(".")
    if len(wired) > LONGEST_ADDRESS or not all(map(LABEL.fullmatch, labels)):
        return None
    return None if labels[-1].isdigit() else wired
