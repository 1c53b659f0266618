"""The API of lists: people named one by one."""

from __future__ import annotations

from typing import Any, Final

from litestar import post, put
from litestar.exceptions import NotFoundException
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler

from tailorbird import lists
from tailorbird.errors import UsageError
from tailorbird.readings.people import held
from tailorbird.views import PeoplePage, moment
from tailorbird.views.lists import (
    ListFile,
    ListReport,
    ListRow,
    NamedPeople,
    NamedReport,
    NewList,
)
from tailorbird.web.asking import (
    MISSING,
    WRITING,
    AsOf,
    At,
    Cursor,
    Limit,
    Name,
    Now,
    Wait,
    With,
    instant_of,
    reads,
)
from tailorbird.web.desk import Desk
from tailorbird.web.rest_definitions import handlers

CHANGING: Final[dict[str, Any]] = {
    "tags": ["lists"], "status_code": 200, "responses": WRITING | MISSING,
    "opt": {"scope": "write", "console": True}, "sync_to_thread": True,
    "request_max_body_size": 4 << 20,
}  # fmt: skip
"""Who is put on a list may be many: a file of a hundred thousand addresses fits."""


@reads("/lists", "All lists", "lists")
def list_lists(desk: At) -> tuple[ListRow, ...]:
    """Return every list with its size and the segments that rest on it."""
    return tuple(map(_row, _lists(desk).all()))


@reads("/lists/{name:str}", "One list", "lists", responses=MISSING)
def get_list(desk: At, name: Name, as_of: AsOf = None, limit: Limit = 20) -> ListReport:
    """Return a list and some of its people, now or at a past instant."""
    found = _found(desk, name)
    at = instant_of(as_of, desk.clock())
    return ListReport(
        _row(found.show(name)),
        moment(at),
        found.count(name, as_of=at),
        tuple(found.people(name, as_of=at, limit=limit)),
    )


@reads("/lists/{name:str}/people", "People of a list", "lists", responses=MISSING)
def list_listed(
    desk: At, now: Now, name: Name, as_of: AsOf = None, after: Cursor = "", limit: Limit = 50
) -> PeoplePage:
    """Return who is on a list by number, now or at a past instant."""
    _found(desk, name)
    return held(desk.world, lists.on(name), after, limit, instant_of(as_of, now))


@put("/lists/{name:str}", summary="Make a list", **CHANGING)
def put_list(desk: At, writer: With, name: Name, data: JSONBody[NewList]) -> ListRow:
    """Make a list, or describe it anew; who is on it stays."""
    found = _lists(desk)
    found.create(name, data.description, offered=data.offered, author=writer.key)
    return _row(found.show(name))


@post("/lists/{name:str}/add", summary="Put people on a list", **CHANGING)
def add_to_list(
    desk: At, writer: With, name: Name, data: JSONBody[NamedPeople], wait: Wait = "durable"
) -> NamedReport:
    """Put people on a list; to name one who is on it already changes nothing."""
    found = _found(desk, name)
    return _told(desk, found.add(name, data.people, reason=data.reason, author=writer.key), wait)


@post("/lists/{name:str}/remove", summary="Take people off a list", **CHANGING)
def remove_from_list(
    desk: At, writer: With, name: Name, data: JSONBody[NamedPeople], wait: Wait = "durable"
) -> NamedReport:
    """Take people off a list; to name one who is not on it changes nothing."""
    found = _found(desk, name)
    return _told(desk, found.remove(name, data.people, reason=data.reason, author=writer.key), wait)


@post("/lists/{name:str}/import", summary="Put a file's people on a list", **CHANGING)
def import_list(
    desk: At, writer: With, name: Name, data: JSONBody[ListFile], wait: Wait = "durable"
) -> NamedReport:
    """Put the people of a CSV file on a list; `unknown` holds rows below the head, from 1."""
    named = _found(desk, name).load_text(
        name, data.text, data.file, data.column, reason=data.reason, author=writer.key
    )
    return _told(desk, named, wait)


def _lists(desk: Desk) -> lists.Lists:
    return lists.Lists(desk.world, desk.clock())


def _found(desk: Desk, name: str) -> lists.Lists:
    found = _lists(desk)
    try:
        found.find(name)
    except UsageError as error:
        raise NotFoundException(error.sentence()) from None
    return found


def _told(desk: Desk, named: lists.Named, wait: str) -> NamedReport:
    applied = desk.settled(desk.world.log.end(), wait)
    return NamedReport(named.known, named.changed, named.unknown, applied)


def _row(found: lists.StaticList) -> ListRow:
    return ListRow(found.name, found.description, found.people, found.used_in, found.offered)


HANDLERS: Final[list[ControllerRouterHandler]] = [
    list_lists,
    get_list,
    put_list,
    add_to_list,
    remove_from_list,
    list_listed,
    import_list,
    *handlers("list", "lists", "a list"),
]
