"""The grammar of segments: which keys a condition may have, and what stands under each.

The one table that the readers go by, and from which the JSON Schema is made: a new form of
condition is a `Form` here, a reader in `parse`, and a few words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from tailorbird.segments.operands import DATES

NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
"""What a segment may be called: campaigns, paths and files name it so."""

Shape: TypeAlias = Literal[
    "event", "property", "properties", "length", "instant", "weekdays", "hours", "count", "measure",
    "distinct", "moment", "steps", "points", "latest", "periods", "trait", "date", "has", "has_all",
    "name", "score",
]  # fmt: skip
"""What stands under a key."""


@dataclass(frozen=True, slots=True)
class Form:
    """A form of condition: its first word, what it needs, what it may have besides.

    Of the keys in `one_of` at most one may stand; `compared` says that comparisons stand beside.
    """

    word: str
    keys: Mapping[str, Shape]
    needs: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    compared: bool = False
    called: str = ""
    """Tells forms apart that share their first word and what they need."""

    @property
    def names(self) -> tuple[str, ...]:
        """Return the keys, the first word first."""
        return tuple(self.keys)


CALENDAR: Final[Mapping[str, Shape]] = {
    "after": "instant", "before": "instant", "weekdays": "weekdays", "between_hours": "hours",
}  # fmt: skip
WINDOW: Final[Mapping[str, Shape]] = {"within": "length", "older_than": "length", **CALENDAR}
BOUNDS: Final[Mapping[str, Shape]] = {
    "within": "length", "older_than": "length", "after": "instant", "before": "instant",
}  # fmt: skip
MEASURES: Final[Mapping[str, Shape]] = {
    "sum": "measure", "average": "measure", "min": "measure", "max": "measure",
    "distinct": "distinct",
}  # fmt: skip
ASKED: Final[Mapping[str, Shape]] = {
    "times": "count", **MEASURES, "first": "moment", "last": "moment",
}  # fmt: skip

DID: Final = Form(
    "did",
    {"did": "event", "where": "properties", **ASKED, "per": "property", **WINDOW},
    one_of=tuple(ASKED),
)
DID_NOT: Final = Form("did_not", {"did_not": "event", "where": "properties", **WINDOW})
_SEQUEL: Final[Mapping[str, Shape]] = {
    "where": "properties", "then_where": "properties", "since": "length", **WINDOW,
}  # fmt: skip
THEN: Final = Form("did", {"did": "event", "then": "event", **_SEQUEL}, needs=("then",))
THEN_NOT: Final = Form("did", {"did": "event", "then_not": "event", **_SEQUEL}, needs=("then_not",))
SEQUENCE: Final = Form(
    "did",
    {
        "did": "event", "then": "steps", "where": "properties", "since": "length",
        "older_than": "length", **CALENDAR,
    },
    needs=("then",),
    called="then_steps",
)  # fmt: skip
ANSWERED: Final = Form(
    "did",
    {
        "did": "event", "of_last": "latest", "answered_by": "event", "linked_by": "property",
        "times": "count", "where": "properties", "answer_where": "properties",
        "answered_within": "length", **WINDOW,
    },
    needs=("of_last", "answered_by", "times"),
    called="answered",
)  # fmt: skip
REGULARLY: Final = Form(
    "did",
    {
        "did": "event", "times": "count", "every": "length", "periods": "periods",
        "in_at_least": "periods", "where": "properties", **CALENDAR,
    },
    needs=("times", "every", "periods"),
    called="regularly",
)  # fmt: skip
POINTS: Final = Form(
    "points", {"points": "points", "half_life": "length"}, needs=("half_life",), compared=True
)
TRAIT: Final = Form("trait", {"trait": "trait"}, compared=True)
TRAIT_DATE: Final = Form(
    "trait", {"trait": "trait", **dict.fromkeys(DATES, "date")}, one_of=tuple(DATES)
)
TRAIT_HAS: Final = Form(
    "trait",
    {"trait": "trait", "has": "has", "has_any": "has_all", "has_all": "has_all"},
    one_of=("has", "has_any", "has_all"),
)
MODEL: Final = Form("model", {"model": "name"}, compared=True)
LIST: Final = Form("list", {"list": "name"})
SEGMENT: Final = Form("segment", {"segment": "name"})

FORMS: Final = (
    DID, THEN, THEN_NOT, SEQUENCE, ANSWERED, REGULARLY, DID_NOT, POINTS, TRAIT, TRAIT_DATE,
    TRAIT_HAS, MODEL, LIST, SEGMENT,
)  # fmt: skip
GROUPS: Final = ("all", "any", "not")


def elsewhere(key: str, word: str) -> str:
    """Return beside what a key may stand that may not stand here, '' where it may nowhere.

    >>> elsewhere("then_where", "did"), elsewhere("where", "did")
    ("'then_where' goes with 'then'", '')
    """
    forms = [form for form in FORMS if key in form.keys and form.word != key]
    if not forms or any(form.word == word and not form.needs for form in forms):
        return ""
    here = next((form for form in forms if form.word == word), forms[0])
    beside = next((each for each in here.needs if each != key), here.word)
    return f"{key!r} goes with {beside!r}"
