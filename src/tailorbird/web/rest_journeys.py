"""The API of journeys as texts: listed, drawn, checked, kept, published."""

from __future__ import annotations

from typing import Annotated, Final

from litestar import post, put
from litestar.params import JSONBody, PathParameter
from litestar.types import ControllerRouterHandler

from tailorbird import authoring, journey_publishing
from tailorbird.readings import journey_pages
from tailorbird.views import CampaignResult
from tailorbird.views.journey_texts import (
    JourneyDraft,
    JourneyFinding,
    JourneyMoves,
    JourneyPage,
    JourneyPublished,
    JourneyRemoval,
    JourneyRemoved,
    JourneyRow,
    JourneyText,
)
from tailorbird.web.asking import (
    GUARDED,
    INVALID,
    MISSING,
    WRITES,
    WRITING,
    Asked,
    At,
    Name,
    Now,
    found,
    reads,
)
from tailorbird.web.rest_definitions import BY_API

TAG: Final = "journeys"
Step = Annotated[str, PathParameter(description="The name of its step.")]


@reads("/journeys", "List journeys", TAG)
def list_journeys(desk: At) -> list[JourneyRow]:
    """Return every journey by name, with its mode and how many people are in it."""
    return list(journey_pages.summaries(desk.world))


@reads("/journeys/{name:str}", "Show a journey", TAG, responses=MISSING)
def get_journey(desk: At, name: Name) -> JourneyPage:
    """Return a journey's text, its steps in words with their ways, and who is at each."""
    return found(journey_pages.page(desk.world, name), f"journey {name!r}")


@reads("/journeys/{name:str}/mails/{step:str}", "The result of a journey's mail", TAG,
       responses=MISSING)  # fmt: skip
def get_journey_mail(readings: Asked, now: Now, name: Name, step: Step) -> CampaignResult:
    """Return what became of the mail of a step, as of a campaign: it is one, NAME/STEP."""
    mail = f"{name}/{step}"
    return found(readings.campaign(mail, now), f"mail {mail!r}")


@put("/journeys/{name:str}", summary="Keep a journey", tags=[TAG], status_code=200,
     responses=WRITING, **WRITES)  # fmt: skip
def put_journey(desk: At, name: Name, data: JSONBody[JourneyText]) -> JourneyPublished:
    """Keep a text as a new version, once it is valid; whoever is in the journey stays on hers."""
    authoring.put(
        desk.world,
        "journey",
        name,
        data.text,
        now=desk.clock(),
        author=data.author,
        reason=data.reason or BY_API,
    )
    return journey_pages.published(journey_publishing.where(desk.world, name))


@post("/journeys/{name:str}/check", summary="Check a journey's text", tags=[TAG], status_code=200,
      responses=INVALID | GUARDED, sync_to_thread=True)  # fmt: skip
def check_journey(desk: At, name: Name, data: JSONBody[JourneyText]) -> list[JourneyFinding]:
    """Return all that is wrong with a text, errors first; nothing is kept."""
    file = f"journeys/{name}.yaml"
    return list(journey_pages.check(desk.world, data.text, file, desk.clock()))


@post("/journeys/{name:str}/draft", summary="Draw a journey's text", tags=[TAG], status_code=200,
      responses=INVALID | GUARDED, sync_to_thread=True)  # fmt: skip
def draw_journey(desk: At, name: Name, data: JSONBody[JourneyText]) -> JourneyDraft:
    """Return a text's steps in words, all that is wrong, and who stands where; nothing is kept."""
    return journey_pages.draft(desk.world, name, data.text, desk.clock())


@post("/journeys/{name:str}/pause", summary="Pause a journey", tags=[TAG], status_code=200,
      responses=WRITING | MISSING, **WRITES)  # fmt: skip
def pause_journey(desk: At, name: Name, data: JSONBody[JourneyMoves]) -> JourneyPublished:
    """Have a journey rest: nobody enters, nobody moves; publishing has it go on."""
    found(desk.world.definitions.get("journey", name), f"journey {name!r}")
    journey_publishing.set_mode(
        desk.world,
        name,
        "paused",
        desk.clock(),
        author=data.author,
        reason=data.reason or BY_API,
    )
    return journey_pages.published(journey_publishing.where(desk.world, name))


@post("/journeys/{name:str}/publish", summary="Publish a journey", tags=[TAG], status_code=200,
      responses=WRITING | MISSING, **WRITES)  # fmt: skip
def publish_journey(desk: At, name: Name, data: JSONBody[JourneyMoves]) -> JourneyPublished:
    """Put a journey live; with `move` or `map`, bring people in older versions to this one.

    It is refused while people are at steps that are no more and of which `map` says nothing.
    """
    found(desk.world.definitions.get("journey", name), f"journey {name!r}")
    told = journey_publishing.publish(
        desk.world,
        name,
        data.map,
        desk.clock(),
        move=data.move,
        author=data.author,
        reason=data.reason or BY_API,
    )
    return journey_pages.published(told)


@post("/journeys/{name:str}/remove", summary="Remove a journey", tags=[TAG], status_code=200,
      responses=WRITING | MISSING, **WRITES)  # fmt: skip
def remove_journey(desk: At, name: Name, data: JSONBody[JourneyRemoval]) -> JourneyRemoved:
    """Take a journey out of force; its versions stay.

    It is refused while people are in it, unless `end` says that their way ends. Mails that are
    decided and wait still leave, unless an order to cancel JOURNEY/STEP ends them.
    """
    found(desk.world.definitions.get("journey", name), f"journey {name!r}")
    done = journey_publishing.remove(
        desk.world,
        name,
        desk.clock(),
        end=data.end,
        author=data.author,
        reason=data.reason or BY_API,
    )
    return JourneyRemoved(done.name, done.version, done.ended)


HANDLERS: Final[list[ControllerRouterHandler]] = [
    list_journeys,
    get_journey,
    get_journey_mail,
    put_journey,
    check_journey,
    draw_journey,
    pause_journey,
    publish_journey,
    remove_journey,
]
