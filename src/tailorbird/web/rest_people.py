"""The API of people: who they are, what they did, what was decided about them."""

from __future__ import annotations

from typing import Annotated, Final

from litestar.params import QueryParameter
from litestar.types import ControllerRouterHandler

from tailorbird.views import Correspondence, DecisionReport, PeoplePage, PersonReport, Timeline
from tailorbird.views.why import Why, Whys
from tailorbird.web.asking import (
    MISSING,
    WRONG,
    Asked,
    AsOf,
    Cursor,
    Id,
    Limit,
    Now,
    Person,
    Query,
    Text,
    found,
    hexadecimal,
    instant_of,
    reads,
)

OfCampaign = Annotated[
    str, QueryParameter(max_length=200, description="A campaign, or `JOURNEY/STEP`.")
]


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


@reads("/people/{person:int}/why", "Why she got what she got", "people", responses=MISSING | WRONG)
def get_why(
    readings: Asked,
    now: Now,
    person: Person,
    campaign: OfCampaign = "",
    occurrence: Text = "",
    as_of: AsOf = None,
) -> Why | Whys:
    """Return a sentence for every campaign; with `campaign`, the sentence and all it rests on."""
    at = instant_of(as_of, now)
    if campaign:
        return found(readings.why(person, campaign, at, occurrence), f"person {person}")
    return found(readings.whys(person, at), f"person {person}")


@reads("/decisions/{decision:str}", "One decision", "campaigns", responses=MISSING)
def get_decision(readings: Asked, decision: Id) -> DecisionReport:
    """Return one decision with its inputs."""
    return found(readings.decision(hexadecimal(decision)), f"decision {decision}")


HANDLERS: Final[list[ControllerRouterHandler]] = [
    list_people,
    get_person,
    get_timeline,
    get_correspondence,
    get_why,
    get_decision,
]
