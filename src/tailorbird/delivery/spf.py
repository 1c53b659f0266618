"""Whether a domain's SPF record is there once, lets our servers send and can be evaluated."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, Literal, TypeAlias

Texts: TypeAlias = Callable[[str], list[str]]
Judged: TypeAlias = tuple[Literal["right", "missing", "wrong"], str]
MOST_LOOK_UPS: Final = 10
"""More make the record void (RFC 7208 section 4.6.4)."""
ASKING: Final = re.compile(
    r"[+~?-]?(?:(?:include|redirect)[:=](\S+)|(?:a|mx|ptr)(?:[:/]\S*)?|exists:\S+)"
)
"""A term whose evaluation asks the DNS; an included record is evaluated in its turn."""


def judged_spf(domain: str, wanted: str, texts: Texts) -> Judged:
    """Return whether the record under `domain` does what `wanted` would, and how to mend it."""
    found = _policies(texts(domain))
    if not found:
        return "missing", "add it"
    if len(found) > 1:
        return "wrong", f"{len(found)} SPF records make all of them void; put them in one"
    terms = found[0].lower().split()[1:]
    if "+all" in terms or "all" in terms:
        return "wrong", "+all lets everybody send in your name; end it with ~all or -all"
    if not any(term.endswith("all") or term.startswith("redirect=") for term in terms):
        return "wrong", "it does not end; add ~all or -all"
    lacking = [term for term in wanted.split()[1:-1] if ":" in term and term not in terms]
    if lacking:
        return "wrong", f"add {' '.join(lacking)} to it"
    if (asked := _look_ups(domain, texts, frozenset())) > MOST_LOOK_UPS:
        return "wrong", f"it needs {asked} look-ups, {MOST_LOOK_UPS} are allowed"
    return "right", ""


def _policies(texts: list[str]) -> list[str]:
    return [text for text in texts if text.lower().split(" ")[0] == "v=spf1"]


def _look_ups(domain: str, texts: Texts, above: frozenset[str]) -> int:
    """Return how many look-ups the record of a domain takes, counting no further than it must."""
    found = _policies(texts(domain))
    if not found or domain in above or len(above) > MOST_LOOK_UPS:
        return 0
    count = 0
    for term in map(ASKING.fullmatch, found[0].lower().split()[1:]):
        if term is None:
            continue
        count += 1
        if term[1] and "%" not in term[1] and count <= MOST_LOOK_UPS:
            count += _look_ups(term[1], texts, above | {domain})
    return count
