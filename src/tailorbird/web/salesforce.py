"""The HTTP door for Salesforce's outbound messages: `POST /hooks/salesforce/{token}`.

Salesforce does not sign: the address itself is the secret, and the organisation must be the one
that is expected. Its session id is not kept. It is answered `Ack` once what it says is durable,
and sends again for a day until then.
"""

from __future__ import annotations

import hmac
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tailorbird.collect.sources import salesforce, soap
from tailorbird.collect.sources.shop_messages import Message, Unreadable
from tailorbird.schema import Body, Instant
from tailorbird.settings import Hooks
from tailorbird.web.collector import Append, Clock, Refusal, answered, content_of

TELLING_CHARACTERS = 15
"""Of the 18 characters of an id; the other three repeat which of them are capitals."""


def routes(append: Append, now: Clock, hooks: Hooks) -> list[Route]:
    """Return the route; without a token and an organisation in the settings it answers 404."""

    async def hook(request: Request) -> Response:
        async def take() -> None:
            _check_token(request.path_params["token"], hooks)
            said = _said(await content_of(request), hooks, now())
            if said:
                await append(Body(salesforce.SOURCE, now(), said))

        response = await answered(request, take)
        if response.status_code != 200:
            return response
        return Response(soap.ACK, media_type="text/xml")

    return [Route("/hooks/salesforce/{token}", hook, methods=["POST"])]


def _check_token(token: str, hooks: Hooks) -> None:
    if not hooks.salesforce_token or not hooks.salesforce_organization:
        message = "set hooks.salesforce_token and hooks.salesforce_organization"
        raise Refusal(404, "not_configured", message)
    if not hmac.compare_digest(token.encode(), hooks.salesforce_token.encode()):
        raise Refusal(401, "bad_token", "the address does not end in hooks.salesforce_token")


def _said(content: bytes, hooks: Hooks, received_at: Instant) -> bytes:
    """Return what a message says as a body, b'' for nothing."""
    try:
        message = soap.outbound(content)
    except soap.BadSoap as error:
        raise Refusal(400, "invalid_soap", str(error)) from None
    ours = hooks.salesforce_organization[:TELLING_CHARACTERS]
    theirs = message.organization[:TELLING_CHARACTERS]
    if not hmac.compare_digest(theirs.encode(), ours.encode()):
        text = "the organisation is not hooks.salesforce_organization"
        raise Refusal(401, "bad_organization", text)
    batch = [said for one in message.notifications for said in _told(one, received_at)]
    return msgspec.json.encode({"batch": batch}) if batch else b""


def _told(one: soap.Notification, received_at: Instant) -> list[Message]:
    """Return what a record says; what cannot be told is kept whole, for quarantine."""
    try:
        said = salesforce.translate(one.kind, one.record, received_at)
        if said is not None:
            return said
        why = "the object is not known"
    except (Unreadable, ValueError, ArithmeticError) as error:
        why = str(error)
    untold: dict[str, Any] = {"why": why, "record": one.record}
    return [{"type": "salesforce record", "event": one.kind, "properties": untold}]
