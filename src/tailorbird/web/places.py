"""Where a browser's request comes from: looked up at the door, the address forgotten."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

from starlette.requests import Request

from tailorbird.collect.bodies import LEADING_BLANKS
from tailorbird.collect.context_place import NOWHERE, Geo, envelope, geo

Placing: TypeAlias = Callable[[Request], bytes]
"""Gives the beginning of a body that says where its sender is, b"" where that is not known."""

LOOPBACK: Final = frozenset({"127.0.0.1", "::1"})
_BROWSERS: Final = ("Mozilla/", "Dalvik/", "CFNetwork/")


def anywhere(_request: Request) -> bytes:
    """Return nothing: there is no file that knows places."""
    return b""


def placing(folder: Path, geo_file: str) -> Placing:
    """Return what places requests by a MaxMind DB file; '' places none."""
    return PlacedBy(geo(folder / geo_file)) if geo_file else anywhere


class PlacedBy:
    """Places requests by what finds the place of an address."""

    def __init__(self, find: Geo) -> None:
        self._find = find

    def __call__(self, request: Request) -> bytes:
        """Return the beginning of a body that says where this request comes from."""
        agent = request.headers.get("user-agent", "")
        # Where a server stands says nothing of the person whose events it passes on.
        if not (agent.startswith(_BROWSERS) or " CFNetwork/" in agent):
            return b""
        host = request.client.host if request.client else ""
        if host in LOOPBACK:  # a proxy of our own says who asked it
            host = request.headers.get("x-forwarded-for", host).rpartition(",")[2].strip()
        found = self._find(host)
        return b"" if found == NOWHERE else envelope(found)


def placed(content: bytes, beginning: bytes) -> bytes:
    """Return a body that says where its sender is."""
    content = content.lstrip(LEADING_BLANKS)
    if content.startswith(b"["):
        return b'%s,"batch":%s}' % (beginning, content)
    if not content.startswith(b"{"):
        return content
    rest = content[1:]
    comma = b"" if rest.lstrip().startswith(b"}") else b","
    return beginning + comma + rest
