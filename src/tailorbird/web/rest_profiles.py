"""The writing API of people: create, change, forget, merge, and what they allow."""

from __future__ import annotations

from typing import Annotated, Final

from litestar import Response, delete, patch, post, put
from litestar.exceptions import NotFoundException, ValidationException
from litestar.params import JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler

from tailorbird import records
from tailorbird.readings import records as reading
from tailorbird.schema import PersonId
from tailorbird.views import PersonReport
from tailorbird.views.records import (
    Forgotten,
    Identifiers,
    Joined,
    NewPerson,
    PersonChange,
    Preferences,
    Words,
    Written,
)
from tailorbird.web.asking import (
    GUARDED,
    INVALID,
    LATER,
    MISSING,
    WRITES,
    WRITING,
    Asked,
    At,
    Now,
    Person,
    Wait,
    With,
    found,
    reads,
    written,
)
from tailorbird.web.desk import Desk

Known = Annotated[str, QueryParameter(max_length=256)]
CHANGING: Final = WRITING | LATER | MISSING


@reads("/people/find", "Find a person by an identifier", "people", responses=MISSING)
def find_person(
    desk: At,
    readings: Asked,
    now: Now,
    user_id: Known = "",
    email: Known = "",
    anonymous_id: Known = "",
) -> PersonReport:
    """Return the person who holds this identifier; give one."""
    given = Identifiers(user_id, email, anonymous_id)
    if sum(map(bool, (user_id, email, anonymous_id))) != 1:
        raise ValidationException("give one of user_id, email and anonymous_id")
    holders = records.find(desk.world, given)
    person = next(iter(holders.values()), 0)
    return found(readings.person(person, now) if person else None, "such person")


@post("/people", summary="Create a person", tags=["people"], status_code=200,
      responses=WRITING | LATER, **WRITES)  # fmt: skip
def create_person(
    desk: At, writer: With, data: JSONBody[NewPerson], wait: Wait = "durable"
) -> Response[Written]:
    """Make a person with at least one identifier; 409 where one belongs to somebody.

    Her number is known once the write is applied.
    """
    offset = records.create_person(desk.world, data, writer)
    given = Identifiers(data.user_id, data.email, data.anonymous_id)
    desk.settled(offset, wait)
    person = next(iter(records.find(desk.world, given).values()), None)
    return written(desk, offset, wait, person)


@patch("/people/{person:int}", summary="Set traits", tags=["people"],
       responses=CHANGING, **WRITES)  # fmt: skip
def set_traits(
    desk: At, writer: With, person: Person, data: JSONBody[PersonChange], wait: Wait = "durable"
) -> Response[Written]:
    """Set traits of a person; null takes one back, what is left out stays as it is."""
    who = _survivor(desk, person)
    return written(desk, records.set_traits(desk.world, who, data.traits, writer), wait, who)


@put("/people/{person:int}/identifiers", summary="Give identifiers", tags=["people"],
     responses=CHANGING, **WRITES)  # fmt: skip
def set_identifiers(
    desk: At, writer: With, person: Person, data: JSONBody[Identifiers], wait: Wait = "durable"
) -> Response[Written]:
    """Give a person further identifiers; 409 where one belongs to somebody else.

    An address becomes the one that mails go to.
    """
    who = _survivor(desk, person)
    return written(desk, records.set_identifiers(desk.world, who, data, writer), wait, who)


@delete("/people/{person:int}", summary="Forget a person", tags=["people"], status_code=200,
        responses=INVALID | GUARDED | MISSING, **WRITES)  # fmt: skip
def forget_person(desk: At, writer: With, person: Person, wait: Wait = "durable") -> Forgotten:
    """Forget a person's address and traits and withdraw all consent; the answer says what stays."""
    who = _survivor(desk, person)
    offset = records.forget_person(desk.world, who, writer)
    applied = desk.settled(offset, wait)
    return Forgotten(offset, applied, who, records.FORGETTING, records.NOT_FORGOTTEN)


@post("/people/{person:int}/merge", summary="Merge two people", tags=["people"], status_code=200,
      responses=CHANGING, **WRITES)  # fmt: skip
def merge_people(
    desk: At, writer: With, person: Person, data: JSONBody[Joined], wait: Wait = "durable"
) -> Response[Written]:
    """Say that two people are one; the lower number stays. It can be undone by `separate`."""
    pair = _survivor(desk, person), _survivor(desk, data.loser)
    offset = records.merge_people(desk.world, *pair, data.reason, writer)
    return written(desk, offset, wait, min(pair))


@post("/people/{person:int}/separate", summary="Undo a merge", tags=["people"], status_code=200,
      responses=CHANGING, **WRITES)  # fmt: skip
def separate_people(
    desk: At, writer: With, person: Person, data: JSONBody[Joined], wait: Wait = "durable"
) -> Response[Written]:
    """Say that two people who were merged are two; `loser` is the number from before."""
    offset = records.separate_people(
        desk.world, _survivor(desk, person), data.loser, data.reason, writer
    )
    return written(desk, offset, wait, person)


@reads("/people/{person:int}/preferences", "A person's preferences", "people", responses=MISSING)
def get_preferences(desk: At, now: Now, person: Person) -> Preferences:
    """Return a person's latest word on every purpose, and whether mail may go to her."""
    return found(reading.preferences(desk.world, person, now), f"person {person}")


@put("/people/{person:int}/preferences", summary="Set preferences", tags=["people"],
     responses=CHANGING, **WRITES)  # fmt: skip
def set_preferences(
    desk: At, writer: With, person: Person, data: JSONBody[Words], wait: Wait = "durable"
) -> Response[Written]:
    """Record what a person said on purposes, each with its wording and its evidence."""
    who = _survivor(desk, person)
    return written(desk, records.set_preferences(desk.world, who, data, writer), wait, who)


@delete("/people/{person:int}/preferences", summary="Withdraw all consent", tags=["people"],
        status_code=200, responses=INVALID | GUARDED | LATER | MISSING, **WRITES)  # fmt: skip
def withdraw_preferences(
    desk: At, writer: With, person: Person, wait: Wait = "durable"
) -> Response[Written]:
    """Record that a person withdrew her consent to everything."""
    who = _survivor(desk, person)
    return written(desk, records.withdraw_all(desk.world, who, writer), wait, who)


def _survivor(desk: Desk, person: PersonId) -> PersonId:
    found_ = desk.world.people.survivor(person)
    if found_ is None:
        raise NotFoundException(f"there is no person {person}")
    return found_


HANDLERS: Final[list[ControllerRouterHandler]] = [
    find_person,
    create_person,
    set_traits,
    set_identifiers,
    forget_person,
    merge_people,
    separate_people,
    get_preferences,
    set_preferences,
    withdraw_preferences,
]
