"""The HTTP API under /api/v1: what the pages read, and one count while a segment is edited."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Annotated, Any, TypeAlias, TypeVar

import msgspec
from litestar import Litestar, Request, Response, get, post
from litestar.datastructures import CacheControlHeader
from litestar.di import NamedDependency, Provide
from litestar.exceptions import NotFoundException, ValidationException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Tag
from litestar.params import JSONBody, PathParameter, QueryParameter, SkipValidation
from litestar.types import ControllerRouterHandler

from tailorbird import __version__
from tailorbird.schema import Instant, PersonId
from tailorbird.views import (
    CampaignResult,
    CampaignSummary,
    Correspondence,
    DecisionReport,
    Explanation,
    InboxPage,
    Mail,
    ModelReport,
    Overview,
    PeoplePage,
    PersonReport,
    Preview,
    Readings,
    SegmentCount,
    SegmentReport,
    SegmentSize,
    Status,
    TemplateRow,
    Timeline,
)
from tailorbird.web import problems

PREFIX = "/api/v1"
LARGEST_DEFINITION_BYTES = 64 * 1024
MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    "img-src data:; style-src 'unsafe-inline'; base-uri 'self'; form-action 'none'; "
    "frame-ancestors 'self'"
)
"""A stored mail may show itself, and nothing else: no script, no form, no picture from anywhere.

So looking at a mail never fetches its open pixel.
"""

T = TypeVar("T")
Asked = NamedDependency[SkipValidation[Readings]]
Now = NamedDependency[SkipValidation[int]]
Limit = Annotated[int, QueryParameter(ge=1, le=200, description="How many at most.")]
Cursor = Annotated[str, QueryParameter(max_length=100, description="`next` of the page before.")]
Text = Annotated[str, QueryParameter(max_length=200)]
Person = Annotated[PersonId, PathParameter(description="The person's number.")]
As = Annotated[PersonId, QueryParameter(description="The number of the person to be.")]
Name = Annotated[str, PathParameter(description="The name of its definition.")]
Id = Annotated[str, PathParameter(description="The decision's id, hexadecimal.")]
Query = Annotated[str, QueryParameter(max_length=200, description="What to look for.")]
Responses: TypeAlias = dict[int, ResponseSpec]
_HEAD = re.compile(r"<head(?:\s[^>]*)?>", re.IGNORECASE)
_NONE: Responses = {}
_INVALID: Responses = {400: ResponseSpec(problems.Problem, description="Not a valid question.")}
_MISSING: Responses = {404: ResponseSpec(problems.Problem, description="No such thing.")}
_WRONG: Responses = {
    422: ResponseSpec(problems.Problem, description="What was given must be mended.")
}


class Draft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A segment's definition in YAML, while it is edited."""

    text: str


def api(readings: Readings, clock: Callable[[], Instant]) -> Litestar:
    """Return the API as an ASGI application; it expects whole paths, `/api/v1/...`."""
    return Litestar(
        path=PREFIX,
        route_handlers=HANDLERS,
        dependencies={
            "readings": Provide(lambda: readings, sync_to_thread=False),
            "now": Provide(lambda: clock(), sync_to_thread=False),
        },
        exception_handlers={Exception: problems.answer},
        openapi_config=_openapi(),
        cache_control=CacheControlHeader(no_store=True),
        logging_config=None,
        request_max_body_size=LARGEST_DEFINITION_BYTES,
    )


def _openapi() -> OpenAPIConfig:
    tags = {
        "overview": "The whole on one page.",
        "people": "People, their events, and what was decided about them.",
        "segments": "Definitions, sizes, explanations.",
        "campaigns": "Decisions, results, why.",
        "mail": "The local inbox, and previews.",
    }
    return OpenAPIConfig(
        title="Tailorbird",
        version=__version__,
        description=(
            "What the pages of Tailorbird read. Instants are RFC 3339 in UTC, money is in minor "
            "units of the shop's currency, cursors are opaque. Errors are RFC 9457 problem "
            "documents with `code` and `message`."
        ),
        tags=[Tag(name, description=text) for name, text in tags.items()],
        path="/openapi",
        render_plugins=[JsonRenderPlugin(path="/openapi.json")],
        use_handler_docstrings=True,
        operation_id_creator=lambda handler, _method, _path: handler.handler_name,
    )


def _reads(path: str, summary: str, tag: str, *, responses: Responses = _NONE) -> get:
    answers = _INVALID | responses
    return get(path, summary=summary, tags=[tag], responses=answers, sync_to_thread=True)


def _found(answer: T | None, what: str) -> T:
    if answer is None:
        raise NotFoundException(f"there is no {what}")
    return answer


def _bytes(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise ValidationException(f"{text!r} is not a hexadecimal id") from None


@get("/openapi.json", include_in_schema=False, sync_to_thread=False)
def get_openapi(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """Return the description of this API, OpenAPI 3.1."""
    return request.app.openapi_schema.to_schema()


# -- the whole -----------------------------------------------------------------------------------


@_reads("/status", "Whose shop, what time, how fresh", "overview")
def get_status(readings: Asked, now: Now) -> Status:
    """Return what every page needs."""
    return readings.status(now)


@_reads("/overview", "The first page", "overview")
def get_overview(readings: Asked, now: Now) -> Overview:
    """Return totals, activity, segments, model cards and the latest campaign."""
    return readings.overview(now)


@_reads("/models", "Model cards", "overview")
def list_models(readings: Asked) -> tuple[ModelReport, ...]:
    """Return the latest card of every model."""
    return readings.models()


# -- people --------------------------------------------------------------------------------------


@_reads("/people", "List or find people", "people")
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


@_reads("/people/{person:int}", "One person", "people", responses=_MISSING)
def get_person(readings: Asked, now: Now, person: Person) -> PersonReport:
    """Return a person's traits, consents, identifiers, recommendations and scores."""
    return _found(readings.person(person, now), f"person {person}")


@_reads("/people/{person:int}/timeline", "Events of one person", "people", responses=_MISSING)
def get_timeline(
    readings: Asked, person: Person, after: Cursor = "", limit: Limit = 50
) -> Timeline:
    """Return a person's events, the newest first."""
    return _found(readings.timeline(person, after, limit), f"person {person}")


@_reads(
    "/people/{person:int}/decisions", "Decisions about one person", "people", responses=_MISSING
)
def get_correspondence(readings: Asked, person: Person) -> Correspondence:
    """Return what was decided about a person and why, and the mails that came of it."""
    return _found(readings.correspondence(person), f"person {person}")


@_reads("/decisions/{decision:str}", "One decision", "campaigns", responses=_MISSING)
def get_decision(readings: Asked, decision: Id) -> DecisionReport:
    """Return one decision with its inputs."""
    return _found(readings.decision(_bytes(decision)), f"decision {decision}")


# -- segments ------------------------------------------------------------------------------------


@_reads("/segments", "All segments", "segments")
def list_segments(readings: Asked, now: Now) -> tuple[SegmentSize, ...]:
    """Return every segment with its size and its trend."""
    return readings.segments(now)


@_reads("/segments/{name:str}", "One segment", "segments", responses=_MISSING)
def get_segment(readings: Asked, now: Now, name: Name) -> SegmentReport:
    """Return a segment's definition, size, trend and some of its people."""
    return _found(readings.segment(name, now), f"segment {name!r}")


@_reads(
    "/segments/{name:str}/explain/{person:int}",
    "Why a person is in",
    "segments",
    responses=_MISSING,
)
def explain_segment(readings: Asked, now: Now, name: Name, person: Person) -> Explanation:
    """Return every condition with its answer, its value and its evidence."""
    what = f"segment {name!r} or no person {person}"
    return _found(readings.explain(name, person, now), what)


@post(
    "/segments/count",
    summary="Count a definition",
    tags=["segments"],
    responses=_INVALID | _WRONG,
    status_code=200,
    sync_to_thread=True,
)
def count_segment(readings: Asked, now: Now, data: JSONBody[Draft]) -> SegmentCount:
    """Return how many people a definition holds now; nothing is kept."""
    started = time.perf_counter()
    counted = readings.count(data.text, now)
    spent = (time.perf_counter() - started) * 1000
    return msgspec.structs.replace(counted, milliseconds=spent)


# -- campaigns -----------------------------------------------------------------------------------


@_reads("/campaigns", "All campaigns", "campaigns")
def list_campaigns(readings: Asked) -> tuple[CampaignSummary, ...]:
    """Return every campaign, the latest decided first."""
    return readings.campaigns()


@_reads("/campaigns/{name:str}", "One campaign's result", "campaigns", responses=_MISSING)
def get_campaign(readings: Asked, now: Now, name: Name) -> CampaignResult:
    """Return decisions, arms, effects with intervals, and the verdict in one sentence."""
    return _found(readings.campaign(name, now), f"campaign {name!r}")


# -- mail ----------------------------------------------------------------------------------------


@_reads("/inbox", "List or find messages", "mail")
def list_inbox(readings: Asked, q: Query = "", after: Cursor = "", limit: Limit = 50) -> InboxPage:
    """Return messages, the newest first; `q` looks in address and subject."""
    return readings.inbox(q, after, limit)


@_reads("/inbox/{send_id:str}", "One message", "mail", responses=_MISSING)
def get_mail(readings: Asked, send_id: Id) -> Mail:
    """Return a message with its headers, parts, links and source."""
    return _found(readings.mail(_bytes(send_id)), f"message {send_id}")


@_reads("/inbox/{send_id:str}/html", "The HTML part of a message", "mail", responses=_MISSING)
def show_mail(readings: Asked, send_id: Id) -> Response[str]:
    """Return the HTML part under a policy that lets it load nothing from elsewhere."""
    return _page(_found(readings.mail(_bytes(send_id)), f"message {send_id}").html)


@_reads("/templates", "All templates", "mail")
def list_templates(readings: Asked) -> tuple[TemplateRow, ...]:
    """Return every template with the variants that use it."""
    return readings.templates()


@_reads(
    "/templates/{name:str}/preview", "A template as one person", "mail", responses=_MISSING | _WRONG
)
def preview_template(
    readings: Asked, now: Now, name: Name, person: As, variant: Text = ""
) -> Preview:
    """Return subject, HTML and text as this person would get them now; nothing is recorded."""
    what = f"template {name!r} or no person {person}"
    return _found(readings.preview(name, person, variant, now), what)


@_reads("/templates/{name:str}/preview/html", "Its HTML part", "mail", responses=_MISSING | _WRONG)
def show_preview(
    readings: Asked, now: Now, name: Name, person: As, variant: Text = ""
) -> Response[str]:
    """Return the HTML part of the preview under the same policy as a stored message."""
    what = f"template {name!r} or no person {person}"
    return _page(_found(readings.preview(name, person, variant, now), what).html)


def _page(html: str) -> Response[str]:
    """Return a mail's HTML for a frame; links open beside it instead of inside it."""
    head = _HEAD.search(html)
    at = head.end() if head else 0
    framed = f'{html[:at]}<base target="_blank">{html[at:]}'
    headers = {"content-security-policy": MAIL_POLICY}
    return Response(framed, media_type="text/html", headers=headers)


HANDLERS: list[ControllerRouterHandler] = [
    get_openapi,
    get_status,
    get_overview,
    list_models,
    list_people,
    get_person,
    get_timeline,
    get_correspondence,
    get_decision,
    list_segments,
    get_segment,
    explain_segment,
    count_segment,
    list_campaigns,
    get_campaign,
    list_inbox,
    get_mail,
    show_mail,
    list_templates,
    preview_template,
    show_preview,
]
