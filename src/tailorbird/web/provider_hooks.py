"""The door for mail providers: `POST /hooks/esp/NAME`.

What a provider proves to be its own is on the disk, as it came, before it is answered 200; what it
says is read at ingest. Who proves nothing is answered 401 with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tailorbird import feedback
from tailorbird.delivery.feedback.providers import PROVIDERS, Posted
from tailorbird.schema import Instant
from tailorbird.settings import Settings
from tailorbird.web.collector import Append, Clock, Refusal, answered, content_of

PATH: Final = "/hooks/esp/{provider}"
CERTIFICATE: Final = "amazon_ses"
"""The provider whose proof is a file."""


def routes(append: Append, now: Clock, settings: Settings, folder: Path) -> list[Route]:
    """Return the route of mail providers; those without a secret are answered 404.

    `append` returns when the body is durable; only then is the answer 200.
    """
    secrets = secrets_of(settings, folder)
    base = settings.server.base_url.rstrip("/")

    async def hook(request: Request) -> Response:
        async def take() -> None:
            await _take(request, secrets, base, append, now())

        return await answered(request, take)

    async def there(request: Request) -> Response:
        # Some providers ask with HEAD or GET, before they post, whether anybody is there.
        known = request.path_params["provider"] in secrets
        return PlainTextResponse("ok\n" if known else "not set up\n", 200 if known else 404)

    return [Route(PATH, hook, methods=["POST"]), Route(PATH, there, methods=["GET", "HEAD"])]


def secrets_of(settings: Settings, folder: Path) -> dict[str, str]:
    """Return what each provider that is set up proves itself with."""
    given = {name: getattr(settings.feedback, f"{name}_secret", "") for name in PROVIDERS}
    file = settings.feedback.amazon_ses_certificate_file
    if file:
        try:
            given[CERTIFICATE] = (folder / file).read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError):
            given[CERTIFICATE] = file  # no certificate: every request is refused and says so
    return {name: secret for name, secret in given.items() if secret}


async def _take(
    request: Request, secrets: Mapping[str, str], base: str, append: Append, at: Instant
) -> None:
    name = request.path_params["provider"]
    if name not in secrets:
        raise _unknown(name)
    provider = PROVIDERS[name]
    content = await content_of(request)
    headers = {key.lower(): value for key, value in request.headers.items()}
    posted = Posted(headers, content, f"{base}/hooks/esp/{name}")
    why = provider.verify(posted, secrets[name], at)
    if why:
        raise Refusal(401, "unverified", f"this is not proven to come from {name}: {why}")
    delivery = headers.get(provider.delivery_header, "")
    await append(feedback.posted_body(name, at, content, delivery))


def _unknown(name: str) -> Refusal:
    if name in PROVIDERS:
        setting = "certificate_file" if name == CERTIFICATE else "secret"
        return Refusal(404, "not_configured", f"set feedback.{name}_{setting}")
    return Refusal(404, "not_found", f"mail providers: {', '.join(PROVIDERS)}")
