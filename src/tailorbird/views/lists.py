"""Lists of people, as the API shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from tailorbird.schema import PersonId

Identifier = Annotated[str, Meta(min_length=1, max_length=256, examples=["ada@example.com"])]


class ListRow(msgspec.Struct, frozen=True):
    """A list, how many are on it, and the segments that rest on it."""

    name: str
    description: str
    people: int
    used_in: tuple[str, ...]
    offered: dict[str, str] = {}
    """What people may call it who put themselves on it, by locale; none: it is not offered."""


class ListReport(msgspec.Struct, frozen=True):
    """A list at an instant, and some of its people by number."""

    list: ListRow
    as_of: datetime
    people: int
    sample: tuple[PersonId, ...]


class NewList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a list is for, and by which words it is offered to people themselves, by locale.

    Without `offered` that stays as it is; an empty one offers it no more.
    """

    description: Annotated[str, Meta(max_length=500)] = ""
    offered: dict[str, Annotated[str, Meta(max_length=200)]] | None = None


class NamedPeople(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Addresses, user ids or anonymous ids; `person:12` is a number."""

    people: Annotated[tuple[Identifier, ...], Meta(min_length=1, max_length=10_000)]
    reason: Annotated[str, Meta(max_length=500)] = ""


class NamedReport(msgspec.Struct, frozen=True):
    """How many were known, how many were newly put on or taken off, and whom nobody knows.

    `unknown` holds places in what was given, from 1. `applied`: reads show it already.
    """

    known: int
    changed: int
    unknown: tuple[int, ...]
    applied: bool


class ListFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A CSV file with a head, whose people are put on a list.

    Without a `column` that of its columns counts that names people most certainly: person, email,
    user_id, anonymous_id, id.
    """

    text: Annotated[str, Meta(min_length=1)]
    file: Annotated[str, Meta(min_length=1, max_length=200, examples=["party.csv"])]
    column: Annotated[str, Meta(max_length=200)] = ""
    reason: Annotated[str, Meta(max_length=500)] = ""
