"""The API of people who may be one: read, accept, reject."""

from __future__ import annotations

from typing import Annotated, Any, Final

from litestar import post
from litestar.exceptions import NotFoundException
from litestar.params import JSONBody, PathParameter, QueryParameter
from litestar.types import ControllerRouterHandler

from tailorbird.matching import Matching
from tailorbird.schema import PersonId
from tailorbird.ties import Match, MatchState
from tailorbird.views import moment
from tailorbird.views.matches import MatchPage, MatchReport, MatchRow, Verdict
from tailorbird.web.asking import AT_CONSOLE, MISSING, WRITING, At, Cursor, Limit, place, reads
from tailorbird.web.desk import Desk

One = Annotated[PersonId, PathParameter(ge=1, le=2**63 - 1, description="A person's number.")]
Two = Annotated[PersonId, PathParameter(ge=1, le=2**63 - 1, description="The other's number.")]
State = Annotated[
    MatchState | None, QueryParameter(name="state", description="Only matches in this state.")
]
DECIDING: Final[dict[str, Any]] = {
    "tags": ["people"], "status_code": 200, "responses": WRITING | MISSING, **AT_CONSOLE,
}  # fmt: skip


@reads("/matches", "People who may be one", "people")
def list_matches(
    desk: At, standing: State = None, after: Cursor = "", limit: Limit = 50
) -> MatchPage:
    """Return pairs of people who may be one, the most probable first, without their values."""
    matching = _matching(desk)
    skip = place(after)
    found = matching.page(standing, skip, limit + 1)
    following = str(skip + limit) if len(found) > limit else ""
    return MatchPage(tuple(map(_row, found[:limit])), matching.counts(), following)


@reads("/matches/{one:int}/{two:int}", "One match", "people", responses=MISSING)
def get_match(desk: At, one: One, two: Two) -> MatchReport:
    """Return the evidence on two people, and what both say now, in clear."""
    _find(desk, one, two)
    shown = _matching(desk).show(one, two)
    return MatchReport(_row(shown.match), shown.one, shown.two)


@post("/matches/{one:int}/{two:int}/accept", summary="Accept a match", **DECIDING)
def accept_match(desk: At, one: One, two: Two, data: JSONBody[Verdict]) -> MatchRow:
    """Make one person of two who wait; it is seen soon after and can be taken back."""
    _find(desk, one, two)
    match = _matching(desk).accept(one, two, reason=data.reason, author=data.author, by="api")
    desk.settled(desk.world.log.end(), "durable")
    return _row(match)


@post("/matches/{one:int}/{two:int}/reject", summary="Reject a match", **DECIDING)
def reject_match(desk: At, one: One, two: Two, data: JSONBody[Verdict]) -> MatchRow:
    """Keep two who wait two; they are asked about again only when one of them changes."""
    _find(desk, one, two)
    match = _matching(desk).reject(one, two, reason=data.reason, author=data.author, by="api")
    return _row(match)


def _matching(desk: Desk) -> Matching:
    return Matching(desk.world, desk.clock())


def _find(desk: Desk, one: PersonId, two: PersonId) -> None:
    if desk.world.matches.get(min(one, two), max(one, two)) is None:
        raise NotFoundException(f"{one} and {two} are no match")


def _row(match: Match) -> MatchRow:
    return MatchRow(
        match.one, match.two, match.state, match.probability, match.why, match.evidence,
        moment(match.found_at), moment(match.decided_at) if match.decided_at else None,
        match.author, match.reason, match.by,
    )  # fmt: skip


HANDLERS: Final[list[ControllerRouterHandler]] = [
    list_matches,
    get_match,
    accept_match,
    reject_match,
]
