"""Addresses as a mail server takes them.

Source: RFC 5321 section 4.1.2, RFC 5891 (IDNA 2008), RFC 6531 (SMTPUTF8).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

ATOM: Final = r"[\w!#$%&'*+/=?^`{|}~-]+"
LOCAL: Final = re.compile(rf"{ATOM}(?:\.{ATOM})*", re.ASCII)
WIDE_ATOM: Final = r"[A-Za-z0-9_!#$%&'*+/=?^`{|}~\x80-\U0010ffff-]+"
WIDE_LOCAL: Final = re.compile(rf"{WIDE_ATOM}(?:\.{WIDE_ATOM})*")
QUOTED: Final = re.compile(r'"((?:[^"\\\x00-\x1f\x7f]|\\[\x20-\x7e])+)"')
ESCAPED: Final = re.compile(r"\\(.)")
LABEL: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
WIRED: Final = re.compile(
    rf'(?:{WIDE_ATOM}(?:\.{WIDE_ATOM})*|"(?:[^"\\\x00-\x1f\x7f]|\\["\\])+")@[A-Za-z0-9.-]+'
)
PLAIN_WIRED: Final = re.compile(rf"{ATOM}(?:\.{ATOM})*@[A-Za-z0-9.-]+", re.ASCII)
"""What most addresses are: a fifth of the time of the whole pattern."""
LONGEST_LOCAL: Final = 64
LONGEST_ADDRESS: Final = 254


def wire_address(address: str) -> str | None:
    """Return an address as it is said to a mail server, or None when no server takes it.

    The domain is in ASCII (IDNA 2008, mapped as UTS 46 says). A local part is quoted only where it
    must be. One in another alphabet stays as it is: a server takes it by SMTPUTF8 alone, see
    `needs_smtputf8`. Address literals have no form here.

    >>> wire_address("müller@straße.example"), wire_address('"ann"@x.example')
    ('müller@xn--strae-oqa.example', 'ann@x.example')
    """
    address = address.strip()
    local, at, domain = address.rpartition("@")
    said, host = _local(local), _domain(domain) if at else None
    if said is None or host is None or len(said.encode()) > LONGEST_LOCAL:
        return None
    wired = f"{said}@{host}"
    # As it was written, too: other programs on its way may write it so again.
    fits = max(len(wired.encode()), len(address.encode())) <= LONGEST_ADDRESS
    return wired if fits else None


def needs_smtputf8(address: str) -> bool:
    """Return whether a server must offer SMTPUTF8 (RFC 6531) to take this address."""
    return not address.isascii()


def commandable(address: str) -> bool:
    """Return whether an address can be said in a command without being taken for more.

    True for all that `wire_address` gives.
    """
    if PLAIN_WIRED.fullmatch(address):
        return True
    return WIRED.fullmatch(address) is not None and (address.isascii() or address.isprintable())


def _local(local: str) -> str | None:
    if LOCAL.fullmatch(local):
        return local
    local = unicodedata.normalize("NFC", local)
    if not local.isprintable() or _leans(local):
        return None
    # A letter such as U+226E is `<` and a stroke to a program that takes letters apart.
    if _specials(unicodedata.normalize("NFD", local)) > _specials(local):
        return None
    if WIDE_LOCAL.fullmatch(local):
        return local
    quoted = QUOTED.fullmatch(local)
    if quoted is None:
        return None
    inner = ESCAPED.sub(r"\1", quoted[1])
    if _leans(inner):
        return None
    if WIDE_LOCAL.fullmatch(inner):
        return inner
    return '"' + inner.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _leans(local: str) -> bool:
    """Return whether it begins with a sign that joins what stands before it, or is empty."""
    return not local or unicodedata.category(local[0]).startswith("M")


def _specials(local: str) -> int:
    return sum(map(local.count, '<>()[]:;@,"\\'))


@lru_cache(maxsize=4096)
def _domain(domain: str) -> str | None:
    """Return a host's name in ASCII and lower case, None when the DNS can have no such name."""
    host = domain.lower()
    if not domain.isascii() or "xn--" in host:
        host = _idna(domain)
    labels = host.split(".")
    if not all(map(LABEL.fullmatch, labels)) or labels[-1].isdigit():
        return None
    return host


def _idna(domain: str) -> str:
    # Loaded late: its tables are large, and most addresses never need them.
    import idna

    try:
        return idna.encode(domain, uts46=True, std3_rules=True, transitional=False).decode("ascii")
    except idna.IDNAError:
        return ""
