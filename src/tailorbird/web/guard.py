"""Who may ask, and what every response says to the browser.

The console (API and pages) has no sign-in yet, so it answers this machine only: its Host must be a
loopback name (which also ends DNS rebinding), it must not have come through a proxy, and another
site's page may link to it but not call it. Public routes (collector, tracking) also answer to the
host of `server.base_url`.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
CONSOLE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; frame-src 'self'; manifest-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
EVERYWHERE = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}
CONSOLE = {
    "content-security-policy": CONSOLE_POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_PROXIED = ("forwarded", "x-real-ip", "via", "cf-connecting-ip", "true-client-ip")
_FORWARDED = "x-forwarded-"


def host_name(value: str) -> str:
    """Return the bare lower-case name of a Host header or a URL's authority, '' when malformed."""
    try:
        return (urlsplit(f"//{value.strip()}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def public_hosts(*base_urls: str) -> frozenset[str]:
    """Return the names under which collector and tracking may be asked: ours and the brands'."""
    return LOOPBACK | {host_name(urlsplit(each).netloc) for each in base_urls} - {""}


def refusal(headers: Headers, hosts: Iterable[str]) -> str:
    """Return why a request must not be answered for its Host, or ''."""
    given = headers.getlist("host")
    if len(given) == 1 and host_name(given[0]) in hosts:
        return ""
    return (
        f"this server does not answer to the host {', '.join(given)!r}; use its loopback address, "
        "or set server.base_url to the address that people reach"
    )


def console_refusal(headers: Headers, *, navigates: bool) -> str:
    """Return why the console must not answer, or ''. `navigates`: a page, not the API."""
    if said := refusal(headers, LOOPBACK):
        return said
    if any(name in _PROXIED or name.startswith(_FORWARDED) for name in headers):
        return (
            "the console has no sign-in yet and answers this machine only, but this request came "
            "through a proxy; reach it through an SSH tunnel instead"
        )
    if headers.get("sec-fetch-site") == "cross-site":
        follows = navigates and headers.get("sec-fetch-mode") == "navigate"
        return "" if follows else "another site's page may not call this server"
    return ""


def with_headers(app: ASGIApp, headers: dict[str, str]) -> ASGIApp:
    """Return `app` with these response headers wherever it sets none of its own."""

    async def headed(scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = MutableHeaders(scope=message)
                for name, value in headers.items():
                    present.setdefault(name, value)
            await send(message)

        await app(scope, receive, sending)

    return headed
