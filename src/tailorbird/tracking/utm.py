"""Parameters that tell a shop's analytics where a visit came from; what an author wrote stays."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from tailorbird.tracking.tokens import WEB_ADDRESS

WRITTEN: Final = re.compile(r"(?:^|[?&;#])(utm_[a-z_]+)(?==|[&;#]|$)", re.IGNORECASE)


def tagged(url: str, tags: Mapping[str, str]) -> str:
    """Return a web address with these parameters added, each unless it is there in any case.

    All else stays letter by letter: the order, the spelling and the fragment. What is no web
    address stays as it is.

    >>> tagged("https://x.example/?utm_source=me#top", {"utm_source": "us", "utm_medium": "email"})
    'https://x.example/?utm_source=me&utm_medium=email#top'
    """
    return _tagged(url, tuple(tags.items())) if tags else url


@lru_cache(maxsize=8192)
def _tagged(url: str, tags: tuple[tuple[str, str], ...]) -> str:
    if not WEB_ADDRESS.fullmatch(url):
        return url
    written = {name.lower() for name in WRITTEN.findall(url)}
    added = "&".join(
        f"{name}={quote(value, safe='')}" for name, value in tags if value and name not in written
    )
    if not added:
        return url
    address, hash_sign, fragment = url.partition("#")
    joint = "" if address.endswith(("?", "&")) else "&" if "?" in address else "?"
    return f"{address}{joint}{added}{hash_sign}{fragment}"
