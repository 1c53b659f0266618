"""What the browser SDKs of Segment and RudderStack ask for before they send their first event.

Without an answer they send nothing. Ours sends all events to this server, asks for no plugin of
anybody else's, and switches off what would report to their makers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tailorbird.web.collector import answer, cross_origin

METHODS: Final = ["GET", "OPTIONS"]


def routes(base_url: str) -> list[Route]:
    """Return Segment's `/v1/projects/KEY/settings` and RudderStack's `/sourceConfig`."""

    def segment(request: Request) -> dict[str, Any]:
        return segment_settings(request.path_params["key"], *_place(request, base_url))

    def rudder(request: Request) -> dict[str, Any]:
        return rudder_configuration(request.query_params.get("writeKey", ""))

    return [
        Route("/v1/projects/{key}/settings", _endpoint(segment), methods=METHODS),
        Route("/sourceConfig", _endpoint(rudder), methods=METHODS),
        Route("/sourceConfig/", _endpoint(rudder), methods=METHODS),
    ]


def segment_settings(key: str, scheme: str, host: str) -> dict[str, Any]:
    """Return the settings of analytics.js 2: events go to `SCHEME://HOST/v1`, and nowhere else."""
    return {
        "integrations": {
            "Segment.io": {"apiKey": key, "apiHost": f"{host}/v1", "protocol": scheme},
        },
        "plan": {"track": {"__default": {"enabled": True, "integrations": {}}}},
        "edgeFunction": {},
        "remotePlugins": [],
        "metrics": {"sampleRate": 0},
        "analyticsNextEnabled": True,
    }


def rudder_configuration(key: str) -> dict[str, Any]:
    """Return the source configuration of RudderStack's SDK: no destinations in the browser."""
    off = {"enabled": False}
    return {
        "source": {
            "id": "tailorbird",
            "name": "Tailorbird",
            "writeKey": key,
            "enabled": True,
            "workspaceId": "tailorbird",
            "config": {"statsCollection": {"errors": off, "metrics": off}},
            "connections": [],
            "destinations": [],
        },
        "consentManagementMetadata": {},
    }


def _place(request: Request, base_url: str) -> tuple[str, str]:
    """Return scheme and host under which the browser reached us.

    The host has been checked by the guard. A proxy in front may speak TLS where we do not.
    """
    public = urlsplit(base_url)
    host = request.headers.get("host", "")
    return (public.scheme if host == public.netloc else request.url.scheme), host


def _endpoint(settings: Callable[[Request], dict[str, Any]]) -> Callable[[Request], Response]:
    def tell(request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=cross_origin(request))
        return answer(request, 200, msgspec.json.encode(settings(request)))

    return tell
