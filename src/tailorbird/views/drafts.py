"""A segment's definition while it is edited: figures, forms, versions, words."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

from tailorbird.views.people import PersonRow


class LeafFigures(msgspec.Struct, frozen=True):
    """How many people one condition holds for, and how many would be in without it.

    `without` is None where nothing would be left to ask.
    """

    holds: int
    without: int | None


class Reach(msgspec.Struct, frozen=True):
    """How many may be written to now: agreed to marketing, have an address that does not rest.

    Of a large segment it is estimated from a part, within `low` and `high` in 95 of 100 cases.
    """

    people: int
    low: int
    high: int
    exact: bool


class SegmentPreview(msgspec.Struct, frozen=True):
    """What a definition would hold. Where `exact` is false only the size is told, as an estimate.

    It lies within `low` and `high` in 95 of 100 cases. `stands` is the version in force; `entered`
    and `left` say what the draft would change about it. `leaves` are in the order of the text.
    """

    name: str
    as_of: datetime
    people: int
    low: int
    high: int
    exact: bool
    total: int
    milliseconds: float = 0.0
    reachable: Reach | None = None
    leaves: tuple[LeafFigures, ...] = ()
    stands: int | None = None
    entered: int | None = None
    left: int | None = None
    sample: tuple[PersonRow, ...] = ()
    entering: tuple[PersonRow, ...] = ()
    leaving: tuple[PersonRow, ...] = ()


class DraftForms(msgspec.Struct, frozen=True):
    """One definition as YAML and as a tree; `lines` say where each of its leaves begins.

    A tree that is not right yet has a text all the same; then `wrong` says what to mend, and where.
    """

    text: str
    tree: dict[str, Any]
    lines: tuple[int, ...]
    wrong: str = ""
    mend: str = ""
    line: int = 0
    column: int = 0


class KnownName(msgspec.Struct, frozen=True):
    """A name that a condition may use, what it can be compared with, and what it is."""

    name: str
    kind: Literal[
        "text", "integer", "days", "millionths", "instant", "flag", "open", "day", "duration",
        "dated",
    ] = "open"  # fmt: skip
    note: str = ""
    computed: bool = False


class FormKey(msgspec.Struct, frozen=True):
    """A key of a condition, and the shape of what stands under it."""

    key: str
    shape: str


class ConditionForm(msgspec.Struct, frozen=True):
    """A form of condition: its first word, what it needs, what it may have besides.

    Of the keys in `one_of` at most one may stand; `compared` says that a comparison stands beside.
    """

    word: str
    keys: tuple[FormKey, ...]
    needs: tuple[str, ...]
    one_of: tuple[str, ...]
    compared: bool


class SegmentWords(msgspec.Struct, frozen=True):
    """All forms of condition, and all names that they may use here."""

    forms: tuple[ConditionForm, ...]
    comparisons: tuple[str, ...]
    events: tuple[str, ...]
    properties: tuple[KnownName, ...]
    traits: tuple[KnownName, ...]
    segments: tuple[str, ...]
    lists: tuple[str, ...]
    models: tuple[str, ...]
