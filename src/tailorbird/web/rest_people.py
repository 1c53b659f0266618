"""The API of people: who they are, what they did, what was decided about them."""

from __future__ import annotations

from typing import Final

from litestar.types import ControllerRouterHandler

from tailorbird.views import Correspondence, DecisionReport, PeoplePage, PersonReport, Timeline
from tailorbird.web.asking import (
    MISSING,
    Asked,
    Cursor,
    Id,
    Limit,
    Now,
    Person,
    Query,
    Text,
    found,
    hexadecimal,
    reads,
)


@reads("/people", "List or find people", "people")
def list_people(
    readings: Asked,
    now: Now,
    q: Query = "",
    segment: Text = "",
    after: Cursor = "",
    limit: Limit = 50,
) -> PeoplePage:
    """Return people by number; `q` finds a number, an address or a user id."""
    return readings.people(q, segment, after, limit, now)


@reads("/people/{person:int}", "One person", "people", responses=MISSING)
def get_person(readings: Asked, now: Now, person: Person) -> PersonReport:
    """Return a person's traits, consents, identifiers, recommendations and scores."""
    return found(readings.person(person, now), f"person {person}")


@reads("/people/{person:int}/timeline", "Events of one person", "people", responses=MISSING)
def get_timeline(
    readings: Asked, person: Person, after: Cursor = "", limit: Limit = 50
) -> Timeline:
    """Return a person's events, the newest first."""
    return found(readings.timeline(person, after, limit), f"person {person}")


@reads("/people/{person:int}/decisions", "Decisions about one person", "people", responses=MISSING)
def get_correspondence(readings: Asked, person: Person) -> Correspondence:
    """Return what was decided about a person and why, and the mails that came of it."""
    return found(readings.correspondence(person), f"person {person}")


@reads("/decisions/{decision:str}", "One decision", "campaigns", responses=MISSING)
def get_decision(readings: Asked, decision: Id) -> DecisionReport:
    """Return one decision with its inputs."""
    return found(readings.decision(hexadecimal(decision)), f"decision {decision}")


HANDLERS: Final[list[ControllerRouterHandler]] = [
    list_people,
    get_person,
    get_timeline,
    get_correspondence,
    get_decision,
]
