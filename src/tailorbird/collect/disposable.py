"""Mailboxes that live for minutes: which domains give them, by a list that the user brings."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from tailorbird.collect import clean
from tailorbird.errors import SettingsError


def disposable_domains(path: Path) -> frozenset[str]:
    """Return the domains of a file, one a line; empty lines and what follows a `#` say nothing.

    A changed file is read again.

    Raises:
        SettingsError: the file cannot be read, or a line is no domain.
    """
    try:
        return _read(path, path.stat().st_mtime_ns)
    except (OSError, UnicodeDecodeError) as error:
        raise _wrong(f"the list of disposable domains cannot be read: {error}", path) from None


@lru_cache(maxsize=4)
def _read(path: Path, changed_at: int) -> frozenset[str]:
    domains = set()
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), 1):
        words = line.partition("#")[0].split()
        if words and (len(words) > 1 or "." not in words[0]):
            raise _wrong(f"line {number} is no domain: {line[:60]!r}", path)
        # Lists also hold names that no address may have today, such as emoji: they do no harm.
        domains |= {clean.domain(word) or word.lower() for word in words}
    return frozenset(domains)


def _wrong(what: str, path: Path) -> SettingsError:
    return SettingsError(
        what,
        where=f"collect.disposable_domains_file = {path}",
        mend="give a text file with one domain a line",
    )


def is_disposable(address: str, domains: frozenset[str]) -> bool:
    """Return whether an address lies in one of these domains, or below one.

    >>> is_disposable("ann@mx.brief.example", frozenset({"brief.example"}))
    True
    >>> is_disposable("ann@notbrief.example", frozenset({"brief.example"}))
    False
    """
    below = address.rpartition("@")[2]
    while below:
        if below in domains:
            return True
        below = below.partition(".")[2]
    return False
