"""The API by which programs have people enter journeys."""

from __future__ import annotations

from typing import Final

from litestar import Response, post
from litestar.exceptions import NotFoundException, ValidationException
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler
from msgspec.structs import astuple

from tailorbird import authoring, records
from tailorbird.errors import UsageError
from tailorbird.schema import PersonId
from tailorbird.views.records import Identifiers, JourneyCall, Written
from tailorbird.web.asking import LATER, MISSING, WRITES, WRITING, At, Name, Wait, With, written
from tailorbird.web.desk import Desk


@post("/journeys/{name:str}/enter", summary="Have somebody enter a journey", tags=["journeys"],
      status_code=200, responses=WRITING | LATER | MISSING, **WRITES)  # fmt: skip
def enter_journey(
    desk: At, writer: With, name: Name, data: JSONBody[JourneyCall], wait: Wait = "durable"
) -> Response[Written]:
    """Set a person off in a journey whose trigger is `call`; whether she enters, its rules say.

    With an `Idempotency-Key` a call that is sent again sets her off once.
    """
    _check(desk, name)
    person = _person(desk, data)
    offset = records.call_journey(desk.world, name, person, data.values, writer)
    return written(desk, offset, wait, person)


def _check(desk: Desk, name: str) -> None:
    try:
        authoring.callable_journey(desk.world, name)
    except UsageError as error:
        raise NotFoundException(error.sentence()) from None


def _person(desk: Desk, call: JourneyCall) -> PersonId:
    given = Identifiers(call.user_id, call.email, call.anonymous_id)
    named = [each for each in (call.person, *astuple(given)) if each]
    if len(named) != 1:
        raise ValidationException("name one person: by number, user_id, email or anonymous_id")
    if call.person:
        person = desk.world.people.survivor(call.person)
    else:
        person = next(iter(records.find(desk.world, given).values()), None)
    if person is None:
        raise NotFoundException("there is no such person")
    return person


HANDLERS: Final[list[ControllerRouterHandler]] = [enter_journey]
