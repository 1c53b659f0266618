"""Who may be believed: what a browser sends, anybody may have written."""

from __future__ import annotations


def is_public(source: str) -> bool:
    """Return whether anybody can send from this source: a browser's key is no secret.

    >>> is_public("web"), is_public("web:shop"), is_public("server:shop")
    (True, True, False)
    """
    return source == "web" or source.startswith("web:")
