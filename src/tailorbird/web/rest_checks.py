"""The API of audience checks: a mail is made for everybody before anybody is written to."""

from __future__ import annotations

from typing import Annotated, Final

from litestar import delete, post
from litestar.params import JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler

from tailorbird.views.checks import AudienceReport, CheckedDraft, Concerned
from tailorbird.web.asking import (
    GUARDED,
    INVALID,
    MISSING,
    WRONG,
    At,
    Cursor,
    Limit,
    Name,
    found,
    reads,
)

TAG: Final = "campaigns"
Segment = Annotated[str, QueryParameter(max_length=63, description="For whom; it is a segment.")]
Kind = Annotated[str, QueryParameter(max_length=20, description="`kind` of the finding.")]
What = Annotated[str, QueryParameter(max_length=2000, description="`what` of the finding.")]
ASKING: Final = INVALID | GUARDED | MISSING | WRONG


@post("/campaigns/{name:str}/check", summary="Check a campaign's audience", tags=[TAG],
      status_code=200, responses=ASKING, sync_to_thread=True)  # fmt: skip
def begin_check(desk: At, name: Name) -> AudienceReport:
    """Begin to make the mail for the whole audience; nothing is sent. Look again for the result."""
    return desk.checks.begin(name)


@reads("/campaigns/{name:str}/check", "How far a check is", TAG, responses=MISSING)
def look_at_check(desk: At, name: Name) -> AudienceReport:
    """Return what the latest check has found so far."""
    return found(desk.checks.look(name), f"check of campaign {name!r}")


@delete("/campaigns/{name:str}/check", summary="Stop a check", tags=[TAG], status_code=200,
        responses=ASKING, sync_to_thread=True)  # fmt: skip
def stop_check(desk: At, name: Name) -> AudienceReport:
    """Stop a check and return what it has found until then."""
    return found(desk.checks.stop(name), f"check of campaign {name!r}")


@reads("/campaigns/{name:str}/check/people", "People of a finding", TAG, responses=MISSING)
def list_concerned(
    desk: At, name: Name, kind: Kind, what: What, after: Cursor = "", limit: Limit = 50
) -> Concerned:
    """Return the numbers of the people whom a finding concerns."""
    page = desk.checks.people(name, "", kind, what, after, limit)
    return found(page, f"finding {kind} {what!r}")


@post("/templates/{name:str}/check", summary="Check a template", tags=["mail"], status_code=200,
      responses=ASKING, sync_to_thread=True)  # fmt: skip
def begin_template_check(
    desk: At, name: Name, segment: Segment, data: JSONBody[CheckedDraft | None] = None
) -> AudienceReport:
    """Begin to make a template's mail for everybody in a segment; nothing is sent.

    With a `text`, as it would be with that draft.
    """
    return desk.checks.begin(name, segment, data.text if data else "")


@reads("/templates/{name:str}/check", "How far a check is", "mail", responses=MISSING)
def look_at_template_check(desk: At, name: Name, segment: Segment) -> AudienceReport:
    """Return what the latest check has found so far."""
    return found(desk.checks.look(name, segment), f"check of template {name!r}")


@delete("/templates/{name:str}/check", summary="Stop a check", tags=["mail"], status_code=200,
        responses=ASKING, sync_to_thread=True)  # fmt: skip
def stop_template_check(desk: At, name: Name, segment: Segment) -> AudienceReport:
    """Stop a check and return what it has found until then."""
    return found(desk.checks.stop(name, segment), f"check of template {name!r}")


@reads("/templates/{name:str}/check/people", "People of a finding", "mail", responses=MISSING)
def list_template_concerned(
    desk: At, name: Name, segment: Segment, kind: Kind, what: What, after: Cursor = "",
    limit: Limit = 50,
) -> Concerned:  # fmt: skip
    """Return the numbers of the people whom a finding concerns."""
    page = desk.checks.people(name, segment, kind, what, after, limit)
    return found(page, f"finding {kind} {what!r}")


HANDLERS: Final[list[ControllerRouterHandler]] = [
    begin_check,
    look_at_check,
    stop_check,
    list_concerned,
    begin_template_check,
    look_at_template_check,
    stop_template_check,
    list_template_concerned,
]
