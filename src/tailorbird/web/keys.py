"""Who may come in: the folder's keys as the doors know them.

Where no public key was ever registered, every key names a source and opens the collector: that is
the quick start. From the first one on, only registered keys do. A key that another process makes or
revokes is known here within half a second.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from typing import Final

from starlette.requests import Request

from tailorbird.access import Key
from tailorbird.keys import PREFIXES, allows, digest, opens
from tailorbird.registries import Keys
from tailorbird.schema import Instant
from tailorbird.web.collector import Refusal, unregistered
from tailorbird.web.rates import Rates

FRESH_SECONDS: Final = 0.5
LONGEST: Final = 200


class KeyRing:
    """The keys of one folder, kept in memory."""

    def __init__(
        self,
        keys: Keys,
        now: Callable[[], Instant],
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._keys = keys
        self._now = now
        self._seconds = seconds
        self._rates = Rates()
        self._by_digest: dict[bytes, Key] = {}
        self._read_at = float("-inf")
        self._public = False

    def find(self, text: str) -> Key | None:
        """Return the key with this text, None where there is none that opens."""
        self._freshen()
        if not text or len(text) > LONGEST:
            return None
        shown = digest(text)
        key = self._by_digest.get(shown)
        if key is None or not hmac.compare_digest(key.digest, shown) or not opens(key, self._now()):
            return None
        return key

    def admit(self, request: Request, text: str, events: int) -> str:
        """Return the source of a body that came with a key.

        Raises:
            Refusal: 401 for a key that is not known, 403 for one that may not, 429 for too much.
        """
        key = self.find(text)
        if key is None:
            return self._stranger(request, text, events)
        origin = request.headers.get("origin")
        if key.kind == "secret":
            if origin is not None:
                message = "a secret key came from a browser: revoke it, and use a public key there"
                raise Refusal(403, "secret_key_in_browser", message)
            if "write" not in key.scopes:
                raise Refusal(403, "scope", f"the key {key.name!r} has no scope to write")
            return f"server:{key.name}"
        if origin is not None and not allows(key, origin):
            message = f"the key {key.name!r} is not for {origin}: add it to the key's origins"
            raise Refusal(403, "origin", message)
        self._slow_down(request, key, events)
        return f"web:{key.name}"

    def _stranger(self, request: Request, text: str, events: int) -> str:
        if text.startswith(PREFIXES["secret"]):
            raise Refusal(401, "unknown_key", "this secret key is not known, or was revoked")
        if self._public:
            what = (
                "this write key is not known, or was revoked" if text else "there is no write key"
            )
            mend = "use one that `tailorbird keys list` shows"
            raise Refusal(401, "unknown_key" if text else "no_key", f"{what}: {mend}")
        return unregistered(request, text, events)

    def _slow_down(self, request: Request, key: Key, events: int) -> None:
        now = self._seconds()
        whole, one = key.name, f"{key.name} {client_of(request)}"
        wait = max(
            self._rates.wait(whole, key.rate, now), self._rates.wait(one, key.address_rate, now)
        )
        if wait:
            message = f"more came with the key {key.name!r} than its rate allows: wait"
            raise Refusal(429, "too_many", message, wait)
        self._rates.count(whole, key.rate, events, now)
        self._rates.count(one, key.address_rate, events, now)

    def _freshen(self) -> None:
        now = self._seconds()
        if now - self._read_at < FRESH_SECONDS:
            return
        self._read_at = now
        keys = self._keys.all()
        self._by_digest = {key.digest: key for key in keys}
        self._public = any(key.kind == "public" for key in keys)


def client_of(request: Request) -> str:
    """Return the client's address; of IPv6 the network, within which one client may choose."""
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(IPv6Address(int(address) >> 64 << 64))
    return str(address)
