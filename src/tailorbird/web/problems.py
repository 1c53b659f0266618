"""Errors as RFC 9457 problem documents, each with a stable `code` and a `message`."""

from __future__ import annotations

import logging
import re
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from tailorbird.errors import (
    BudgetError,
    ConflictError,
    DefinitionError,
    ModelError,
    RecordError,
    SourceError,
    Stopped,
    StoreError,
    TailorbirdError,
    TemplateError,
    UsageError,
)

log = logging.getLogger("tailorbird.web")

MEDIA_TYPE = "application/problem+json"

_STATUS: dict[type[TailorbirdError], int] = {
    UsageError: 400,
    DefinitionError: 422,
    TemplateError: 422,
    SourceError: 422,
    RecordError: 422,
    BudgetError: 409,
    ModelError: 422,
    ConflictError: 409,
    StoreError: 503,
    Stopped: 503,
}
_CODES = {
    400: "invalid",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "media_type",
}
_PLACE = re.compile(r":(\d+)(?::(\d+))?(?=$|[:;\s])")


class Unknown(HTTPException):
    """Nobody says who asks."""

    status_code = 401

    def __init__(self, scope: str) -> None:
        super().__init__(
            detail=f"this needs a secret key with the scope {scope}: send it as "
            "`Authorization: Bearer KEY`; `tailorbird keys create NAME --kind secret` makes one",
            headers={"www-authenticate": 'Bearer realm="tailorbird"'},
        )


class Forbidden(HTTPException):
    """The key has another scope."""

    status_code = 403

    def __init__(self, key: str, scope: str) -> None:
        super().__init__(detail=f"the key {key!r} has no scope {scope}")


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """What went wrong, where, and how to mend it (RFC 9457, with our extension members)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    message: str
    instance: str = ""
    where: str = ""
    mend: str = ""
    line: int = 0
    column: int = 0


def problem(status: int, code: str, message: str, *, instance: str = "") -> Problem:
    """Return a problem document that has no place in a file."""
    title = HTTPStatus(status).phrase
    kind = f"urn:tailorbird:problem:{code}"
    return Problem(kind, title, status, message, code, message, instance)


def of_ours(error: TailorbirdError, *, instance: str = "") -> Problem:
    """Return the document of one of our own errors; line and column are read from `where`."""
    status = next((s for kind, s in _STATUS.items() if isinstance(error, kind)), 500)
    place = _PLACE.search(error.where)
    return msgspec.structs.replace(
        problem(status, error.code, error.sentence(), instance=instance),
        detail=error.what,
        where=error.where,
        mend=error.mend,
        line=int(place[1]) if place else 0,
        column=int(place[2] or 0) if place else 0,
    )


def answer(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """Return the response for any exception that a handler let through."""
    path = request.url.path
    if isinstance(error, TailorbirdError):
        document = of_ours(error, instance=path)
    elif isinstance(error, HTTPException):
        code = _code_of(error)
        document = problem(error.status_code, code, _sentence(error), instance=path)
    elif isinstance(error, (RecursionError, UnicodeDecodeError)) and request.method != "GET":
        deep = isinstance(error, RecursionError)
        message = "the body is nested too deeply" if deep else "the body is no UTF-8"
        document = problem(400, "invalid", message, instance=path)
    else:
        log.error("the API failed at %s", path, exc_info=error)
        message = "the server failed to answer; its log says why"
        document = problem(500, "internal", message, instance=path)
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    return Response(document, status_code=document.status, media_type=MEDIA_TYPE, headers=headers)


def _code_of(error: HTTPException) -> str:
    if isinstance(error, Unknown):
        return "no_key"
    return "scope" if isinstance(error, Forbidden) else _CODES.get(error.status_code, "http")


def _sentence(error: HTTPException) -> str:
    if not isinstance(error, ValidationException) or not isinstance(error.extra, list):
        return error.detail
    said = [f"{each.get('key', 'body')}: {each.get('message', '')}" for each in error.extra]
    return "; ".join(said) or error.detail
