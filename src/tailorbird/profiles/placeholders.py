"""Words that stand where an identifier should: taken as one, thousands would be one person."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from tailorbird.settings import Identity

_WORDS: Final = frozenset(
    {
        "-1", "anonymous", "deleted", "empty", "false", "guest", "invalid", "n/a", "nan", "nil",
        "none", "not set", "not_set", "notset", "null", "placeholder", "true", "undefined",
        "unknown", "void", "[object object]",
    }
)  # fmt: skip
_MAILBOXES: Final = _WORDS | {
    "a", "admin", "asdf", "customer", "default", "demo", "dummy", "email", "example", "fake",
    "first.last", "info", "mail", "na", "name", "no", "no-email", "no-reply", "nobody", "noemail",
    "nomail", "noreply", "sample", "temp", "test", "tester", "testing", "user", "x", "xx", "xxx",
}  # fmt: skip
_DOMAINS: Final = frozenset(
    {
        "a.com", "anonymous.com", "asdf.com", "domain.com", "email.com", "example.com",
        "example.net", "example.org", "fake.com", "invalid.com", "mail.com", "n/a", "na.com",
        "no.com", "noemail.com", "nomail.com", "none.com", "null.com", "test.com", "undefined.com",
        "unknown.com", "user.com", "x.com", "xxx.com",
    }
)  # fmt: skip


def stands_for_nobody(value: str, limits: Identity, *, address: bool) -> bool:
    """Return whether an identifier is a word that stands for nobody, here or everywhere."""
    here = (word.lower() for word in limits.placeholders)
    return is_placeholder(value, address=address) or value.lower() in here


@lru_cache(maxsize=16_384)
def is_placeholder(value: str, *, address: bool) -> bool:
    """Return whether an identifier is a word that stands for nobody.

    Of an address both halves must be such words: `test` is nobody at `test.com`, and somebody at a
    domain of her own.

    >>> is_placeholder("undefined", address=False), is_placeholder("test@example.com", address=True)
    (True, True)
    >>> is_placeholder("user@tailors.example", address=True)
    False
    """
    said = value.strip().lower()
    if not address:
        return said in _WORDS or not said.strip("0-. ")
    local, _, domain = said.rpartition("@")
    return local in _MAILBOXES and (domain in _DOMAINS or domain.endswith((".invalid", ".test")))
