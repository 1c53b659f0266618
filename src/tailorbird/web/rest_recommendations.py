"""The API of recommendations: what somebody is shown and why, the rules, the report, the audit."""

from __future__ import annotations

from typing import Annotated, Final

from litestar import post
from litestar.params import JSONBody, PathParameter, QueryParameter
from litestar.types import ControllerRouterHandler

from tailorbird.readings import recommendations as reading
from tailorbird.recommend.rules import DEFAULT
from tailorbird.views.definitions import NewVersion
from tailorbird.views.recommendations import (
    Answer,
    ExposureReport,
    RecommenderReport,
    RuleSet,
    RulesTrial,
)
from tailorbird.views.sources import DefinitionText, KeptText
from tailorbird.web.asking import (
    GUARDED,
    INVALID,
    MISSING,
    WRITES,
    WRITING,
    WRONG,
    At,
    Name,
    Now,
    Person,
    found,
    reads,
)
from tailorbird.web.rest_definitions import handlers, kept, named

TAG: Final = "recommendations"
Rules = Annotated[str, QueryParameter(max_length=100, description="The rules that choose.")]
Count = Annotated[int, QueryParameter(ge=1, le=reading.MOST, description="How many at most.")]
Category = Annotated[str, QueryParameter(max_length=500, description="Of this category alone.")]
Session = Annotated[
    str, PathParameter(min_length=1, max_length=200, description="The id of the session.")
]


@reads("/recommendations/people/{person:int}", "Products for a person", TAG, responses=MISSING)
def recommend_to_person(
    desk: At, now: Now, person: Person, count: Count = reading.USUAL, rules: Rules = DEFAULT,
    category: Category = "",
) -> Answer:  # fmt: skip
    """Return what a person is recommended now, each with its reason and its probability.

    The answer is kept until she does something, or the catalogue, the rules or the model change.
    """
    number = found(desk.world.people.survivor(person), f"person {person}")
    return reading.of_person(desk.world, number, now, count, rules, category)


@reads("/recommendations/sessions/{session:str}", "Products for a visitor", TAG)
def recommend_to_session(
    desk: At, now: Now, session: Session, count: Count = reading.USUAL, rules: Rules = DEFAULT,
    category: Category = "",
) -> Answer:  # fmt: skip
    """Return what the visitor of a session is recommended, as far as she agrees."""
    return reading.of_session(desk.world, session, now, count, rules, category)


@reads("/recommendations", "All rules of recommendation", TAG)
def list_rules(desk: At, now: Now) -> tuple[RuleSet, ...]:
    """Return the rules that stand, in words, with how many products pass them."""
    return reading.rule_sets(desk.world, now)


@reads("/recommendations/report", "What the recommender is worth", TAG)
def get_recommender_report(desk: At) -> RecommenderReport:
    """Return the figures of the last window beside the naive rules, for all and for some."""
    return reading.report(desk.world)


@reads("/recommendations/{name:str}", "Rules of one name", TAG, responses=MISSING)
def get_rules(desk: At, now: Now, name: Name) -> RuleSet:
    """Return rules with their text."""
    return found(reading.rule_set(desk.world, name, now), f"rules of recommendation {name!r}")


@reads("/recommendations/{name:str}/exposure", "Who gets to be seen", TAG, responses=MISSING)
def get_exposure(desk: At, now: Now, name: Name) -> ExposureReport:
    """Return how what people would be shown is spread by category, brand or age, with targets."""
    found(reading.rule_set(desk.world, name, now), f"rules of recommendation {name!r}")
    return reading.exposure(desk.world, now, name)


@post("/recommendations/check", summary="Check rules", tags=[TAG], status_code=200,
      responses=INVALID | WRONG | GUARDED, sync_to_thread=True)  # fmt: skip
def check_rules(desk: At, now: Now, data: JSONBody[DefinitionText]) -> RulesTrial:
    """Return how many products would pass; nothing is kept."""
    name = named(data.text, "recommendations.yaml")
    return reading.trial(desk.world, name, data.text, now)


@post("/recommendations", summary="Keep rules", tags=[TAG], responses=WRITING, **WRITES)
def put_rules(desk: At, data: JSONBody[NewVersion]) -> KeptText:
    """Keep rules under the name that they say, as a new version, which holds from now on."""
    return kept(desk, "recommendations", data)


HANDLERS: Final[list[ControllerRouterHandler]] = [
    recommend_to_person,
    recommend_to_session,
    list_rules,
    get_recommender_report,
    get_rules,
    get_exposure,
    check_rules,
    put_rules,
    *handlers("recommendations", "recommendations", "rules of recommendation"),
]
