"""Which events pass a filter: the tests of properties that conditions have, event by event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tailorbird.errors import DefinitionError
from tailorbird.schema import Instant
from tailorbird.segments.conditions import Did
from tailorbird.segments.meaning_events import rows_of
from tailorbird.segments.parse import condition
from tailorbird.traits.rows import matching
from tailorbird.traits.sql import Scope, Statement, column, compared, ordered, select
from tailorbird.traits.terms import SESSIONS
from tailorbird.yaml_text import Document

TABLES: Final = ("facts", "lines", "properties")
"""Of which the rows of the event are taken out, under the names `touched_NAME`."""
_EVER: Final[Instant] = 2**62
_COLUMNS: Final = ("position", "person", "at", "received_at", "source")


def happening(event: str, where: Mapping[str, Any], file: str) -> Did:
    """Return what has to happen; `where` as conditions on events have it.

    Raises:
        DefinitionError: a filter makes no sense, or the event is none that a sender sends.
    """
    if event in SESSIONS:
        mend = "name an event of a visit, such as `page_viewed`, or enter by a segment"
        raise DefinitionError(f"{event!r} follows from other events", where=file, mend=mend)
    said: dict[str, Any] = {"did": event} | ({"where": dict(where)} if where else {})
    found = condition(said, Document(file, said))
    if not isinstance(found, Did):
        raise DefinitionError(f"{event!r} is no single event", where=file, mend="name one event")
    return found


def happened(event: Did) -> Statement:
    """Return the statement that gives such events of somebody, in the order of the log.

    It reads `touched_facts`, `touched_lines` and `touched_properties`: rows that were taken out.
    """
    scope = Scope(_EVER, extracted=True)
    conditions = matching(rows_of(event), scope, "facts")
    conditions.append(compared(column("person"), "exists", ()))
    query = select(
        *map(column, _COLUMNS),
        source=scope.source("facts"),
        where=conditions,
        order=[ordered("position")],
    )
    return scope.statement(query)
