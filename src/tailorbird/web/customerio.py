"""The HTTP door for clients of Customer.io's Track API, unchanged: point their host here.

Its calls become messages of the Segment spec on their way into the log. The site id names the
source, as a write key does. Deleting, suppressing and merging people are not for a public key: such
calls find nothing here, and their client says so.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

import msgspec
from msgspec import UNSET, Raw, UnsetType
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tailorbird.collect.bodies import LEADING_BLANKS
from tailorbird.schema import Body
from tailorbird.web.collector import (
    Admit,
    Append,
    Clock,
    answered,
    content_of,
    shape_of,
    source_of,
    unregistered,
)

PREFIX: Final = "/api/v1"
_SUCCESS: Final = b"{}"
_PAGES: Final = frozenset({"page", "screen"})
Said: TypeAlias = Raw | str | UnsetType


class _Event(msgspec.Struct):
    """An event as the Track API has it; `data` stays JSON until it is decoded with the log."""

    name: Any = None
    data: Raw | UnsetType = UNSET
    timestamp: Raw | UnsetType = UNSET
    id: Raw | UnsetType = UNSET
    anonymous_id: Raw | UnsetType = UNSET
    type: Any = None


class _Message(msgspec.Struct, rename="camel", omit_defaults=True):
    """A message of the Segment spec."""

    type: str
    user_id: Said = UNSET
    anonymous_id: Said = UNSET
    event: Any = UNSET
    name: Any = UNSET
    message_id: Said = UNSET
    timestamp: Said = UNSET
    traits: Raw | UnsetType = UNSET
    properties: Raw | UnsetType = UNSET


_EVENT: Final = msgspec.json.Decoder(_Event)


def routes(append: Append, now: Clock, admit: Admit = unregistered) -> list[Route]:
    """Return the routes of identify, track and page view, and of anonymous events."""

    def route(path: str, method: str, message: Callable[[str, bytes], _Message]) -> Route:
        endpoint = _endpoint(message, append, now, admit)
        return Route(f"{PREFIX}{path}", endpoint, methods=[method])

    return [
        route("/customers/{customer:path}/events", "POST", _tracked),
        route("/customers/{customer:path}", "PUT", _identified),
        route("/events", "POST", _tracked),
    ]


def _endpoint(
    message: Callable[[str, bytes], _Message], append: Append, now: Clock, admit: Admit
) -> Callable[[Request], Awaitable[Response]]:
    async def collect(request: Request) -> Response:
        async def take() -> None:
            content = await content_of(request)
            whole = shape_of(content)
            customer = request.path_params.get("customer", "")
            said = message(customer, content.lstrip(LEADING_BLANKS))
            source = source_of(request, whole, admit)
            await append(Body(source, now(), msgspec.json.encode(said)))

        return await answered(request, take, _SUCCESS)

    return collect


def _identified(customer: str, content: bytes) -> _Message:
    return _Message("identify", user_id=customer, traits=Raw(content))


def _tracked(customer: str, content: bytes) -> _Message:
    try:
        event = _EVENT.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        # One bad event is no error: it is kept whole, and refused with its reason when decoded.
        return _Message("track", user_id=customer or UNSET, properties=Raw(content))
    page = event.type in _PAGES if isinstance(event.type, str) else False
    return _Message(
        event.type if page else "track",
        user_id=customer or UNSET,
        anonymous_id=event.anonymous_id,
        event=UNSET if page else event.name,
        name=event.name if page else UNSET,
        message_id=event.id,
        timestamp=event.timestamp,
        properties=event.data,
    )
