"""What handlers share: parameters, the refusals that they document, whom they let in."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal, TypeAlias, TypeVar, cast

from litestar import Response, get
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException, ValidationException
from litestar.handlers import BaseRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import PathParameter, QueryParameter, SkipValidation

from tailorbird.access import Scope
from tailorbird.records import Writer
from tailorbird.schema import Instant, PersonId
from tailorbird.views import Readings
from tailorbird.views.records import Written
from tailorbird.web import problems
from tailorbird.web.callers import CALLER, READER, Caller
from tailorbird.web.desk import Desk

T = TypeVar("T")
Asked = NamedDependency[SkipValidation[Readings]]
At = NamedDependency[SkipValidation[Desk]]
With = NamedDependency[SkipValidation[Writer]]
By = NamedDependency[SkipValidation[Caller]]
Now = NamedDependency[SkipValidation[int]]
Limit = Annotated[int, QueryParameter(ge=1, le=200, description="How many at most.")]
Cursor = Annotated[str, QueryParameter(max_length=100, description="`next` of the page before.")]
Text = Annotated[str, QueryParameter(max_length=200)]
Person = Annotated[PersonId, PathParameter(ge=1, le=2**63 - 1, description="The person's number.")]
As = Annotated[
    PersonId, QueryParameter(ge=1, le=2**63 - 1, description="The number of the person to be.")
]
Name = Annotated[str, PathParameter(description="The name of its definition.")]
Id = Annotated[str, PathParameter(description="The decision's id, hexadecimal.")]
Query = Annotated[str, QueryParameter(max_length=200, description="What to look for.")]
AsOf = Annotated[
    datetime | None, QueryParameter(name="as_of", description="A past instant; now when left out.")
]
Wait = Annotated[
    Literal["durable", "applied"],
    QueryParameter(description="`applied`: answer once reads show what was written."),
]
Responses: TypeAlias = dict[int, ResponseSpec]


def _told(*about: tuple[int, str]) -> Responses:
    return {
        status: ResponseSpec(problems.Problem, description=text, media_type=problems.MEDIA_TYPE)
        for status, text in about
    }


INVALID: Final = _told((400, "Not a valid question."))
MISSING: Final = _told((404, "No such thing."))
WRONG: Final = _told((422, "What was given must be mended."))
CONFLICT: Final = _told((409, "It does not go with what is there."))
GUARDED: Final = _told(
    (401, "No key, or one that is not known."),
    (403, "The key has no scope for this."),
    (421, "Not asked under this server's name."),
)
WRITING: Final = INVALID | GUARDED | WRONG | CONFLICT | _told((413, "The body is too large."))
LATER: Final[Responses] = {202: ResponseSpec(Written, description="Durable, and not yet taken in.")}
WRITES: Final[dict[str, Any]] = {"opt": {"scope": "write"}, "sync_to_thread": True}
ADMIN: Final[dict[str, Any]] = {"opt": {"scope": "admin"}, "sync_to_thread": True}
AT_CONSOLE: Final[dict[str, Any]] = {
    "opt": {"scope": "admin", "console": True},
    "sync_to_thread": True,
}
"""For admins' keys, and for the pages of the console."""


def reads(path: str, summary: str, tag: str, *, responses: Responses | None = None) -> get:
    """Return the decorator of a handler that only reads."""
    answers = INVALID | GUARDED | (responses or {})
    return get(path, summary=summary, tags=[tag], responses=answers, sync_to_thread=True)


def admits(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Let a caller pass who has the scope that the handler asks for.

    Raises:
        Unknown: nobody says who asks. Forbidden: the key has another scope.
    """
    caller = cast("Caller", connection.scope.get(CALLER, READER))
    scope: Scope = handler.opt.get("scope", "read")
    if scope in caller.scopes or (handler.opt.get("console") and caller.at_console):
        return
    if not caller.key:
        raise problems.Unknown(scope)
    raise problems.Forbidden(caller.key, scope)


def written(
    desk: Desk, offset: int, wait: str, person: PersonId | None = None
) -> Response[Written]:
    """Return the answer to a write: 200 once reads show it, 202 while it is only durable."""
    applied = desk.settled(offset, wait)
    return Response(Written(offset, applied, person), status_code=200 if applied else 202)


def found(answer: T | None, what: str, mend: str = "") -> T:
    """Return the answer.

    Raises:
        NotFoundException: there is none.
    """
    if answer is None:
        raise NotFoundException(f"there is no {what}; {mend}" if mend else f"there is no {what}")
    return answer


def place(cursor: str) -> int:
    """Return the position that a cursor of a list stands for, 0 for the first page.

    Raises:
        ValidationException: it is none.
    """
    if not cursor:
        return 0
    if cursor.isascii() and cursor.isdigit() and len(cursor) < 19:
        return int(cursor)
    raise ValidationException("after: no cursor of this list")


def instant_of(asked: datetime | None, now: Instant) -> Instant:
    """Return an instant of the past, or now."""
    return now if asked is None else min(now, round(asked.timestamp() * 1_000_000))


def hexadecimal(text: str) -> bytes:
    """Return the bytes of an id.

    Raises:
        ValidationException: it is not hexadecimal.
    """
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise ValidationException(f"{text!r} is not a hexadecimal id") from None
