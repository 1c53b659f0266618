"""Posts to where may be posted: the name is resolved once, judged, and that address used.

For webhooks and for models that stand elsewhere; both are signed by the Standard Webhooks.
So no name can point elsewhere between the look and the connection. A receiver cannot send us on:
a redirect is an answer like any other that is no 2xx.
"""

from __future__ import annotations

import hmac
import socket
from base64 import b64encode
from collections.abc import Callable, Mapping
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, Final, NamedTuple
from urllib.parse import SplitResult, urlsplit

from tailorbird.errors import UsageError
from tailorbird.settings import HooksOut

READ_BYTES: Final = 4096
_TRANSLATED: Final = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))
"""IPv6 networks that stand for IPv4 ones."""
_SITE: Final = ip_network("fec0::/10")
"""Private networks of old, which Python believes to be public."""


class Answer(NamedTuple):
    """What a receiver said; status 0 where it said nothing."""

    status: int
    text: str


Post = Callable[[str, Mapping[str, str], bytes], Answer]
"""Posts (url, headers, body) and returns the answer. Raises nothing."""


def signed(secret: bytes, notice: str, seconds: int, body: bytes) -> dict[str, str]:
    """Return the headers of a webhook, by the Standard Webhooks."""
    signature = hmac.digest(secret, f"{notice}.{seconds}.".encode() + body, "sha256")
    return {
        "content-type": "application/json",
        "webhook-id": notice,
        "webhook-timestamp": str(seconds),
        "webhook-signature": f"v1,{b64encode(signature).decode()}",
    }


class Poster:
    """Posts by the rules of the settings, and reads so much of an answer. Never raises."""

    def __init__(self, rules: HooksOut, read_bytes: int = READ_BYTES) -> None:
        self._rules = rules
        self._read_bytes = read_bytes

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Return what the receiver answered; status 0 and the reason where it did not."""
        from http.client import HTTPException

        try:
            parts = checked(url, self._rules)
            address = resolved(parts, self._rules)
            return self._posted(parts, address, headers, body)
        except UsageError as error:
            return Answer(0, error.what)
        except (OSError, HTTPException) as error:
            return Answer(0, str(error) or type(error).__name__)

    def _posted(
        self, parts: SplitResult, address: str, headers: Mapping[str, str], body: bytes
    ) -> Answer:
        connection = _pinned()(parts, address, self._rules.timeout_seconds)
        try:
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("POST", path, body, {"user-agent": "Tailorbird", **headers})
            response = connection.getresponse()
            text = response.read(self._read_bytes).decode("utf-8", "replace")
            return Answer(response.status, "".join(c for c in text if c.isprintable()))
        finally:
            connection.close()


@cache
def _pinned() -> Any:
    """Return the class of connections to one address under a name.

    Made at the first post: what most processes never do should not cost their start.
    """
    import http.client
    import ssl

    class Pinned(http.client.HTTPConnection):
        def __init__(self, parts: SplitResult, address: str, timeout: float) -> None:
            self._secure = parts.scheme == "https"
            super().__init__(parts.hostname or "", parts.port or _port(parts), timeout=timeout)
            self._address = address

        def connect(self) -> None:
            """Connect to the address that was judged."""
            self.sock = socket.create_connection((self._address, self.port), self.timeout)
            if self._secure:
                context = ssl.create_default_context()
                self.sock = context.wrap_socket(self.sock, server_hostname=self.host)

    return Pinned


def checked(url: str, rules: HooksOut) -> SplitResult:
    """Return the parts of an address to which webhooks may go by its form.

    Raises:
        UsageError: it is none, or http without leave.
    """
    mend = "write https://example.com/path, with %XX for what is not ASCII in the path"
    try:
        parts = urlsplit(url)
        _ = parts.port, (parts.path + parts.query).encode("ascii")
        _ = (parts.hostname or "").encode("idna")
    except ValueError:
        raise UsageError(f"{url!r} is no address", mend=mend) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise UsageError(f"{url!r} is no address", mend=mend)
    if parts.scheme == "http" and not (rules.allow_loopback or rules.allow_private):
        raise UsageError("webhooks go by https only", where=url, mend="give an https address")
    return parts


def resolved(parts: SplitResult, rules: HooksOut) -> str:
    """Return the network address of a receiver, where it is one to which webhooks may go.

    Raises:
        UsageError: one of its addresses is not.
        OSError: the name is not known.
    """
    host = parts.hostname or ""
    found = socket.getaddrinfo(host, parts.port or _port(parts), type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]).partition("%")[0] for entry in found]
    for address in addresses:
        if not allowed(address, rules):
            raise UsageError(
                f"{host} is at {address}, which is not public",
                mend="set hooks_out.allow_private or hooks_out.allow_loopback",
            )
    return addresses[0]


def allowed(text: str, rules: HooksOut) -> bool:
    """Return whether webhooks may go to a network address."""
    address = ip_address(text)
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped
        if inner is not None:
            return allowed(str(inner), rules)
        if address.sixtofour or address.teredo or any(address in net for net in _TRANSLATED):
            return False
    if address.is_loopback:
        return rules.allow_loopback
    if address.is_multicast or address.is_unspecified or address.is_reserved:
        return False
    if address in _SITE:
        return rules.allow_private
    if address.is_global:
        return True
    return rules.allow_private and _is_private(address)


def _is_private(address: IPv4Address | IPv6Address) -> bool:
    """Return whether an address is of somebody's own network, and no link's."""
    return address.is_private and not address.is_link_local


def _port(parts: SplitResult) -> int:
    return 443 if parts.scheme == "https" else 80
